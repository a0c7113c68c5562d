//! Builds values and places from the events of the YAML parser, with an explicit stack.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Value};

use super::{Document, MAX_BYTES, MAX_DEPTH, Parsed, codes};
use crate::document::diagnostic::Problem;
use crate::document::place::{Below, Place};
use crate::document::scalar::{Unfit, resolve};

/// What a value costs besides its text, when anchors and aliases copy it.
const VALUE_COST: usize = 16;

/// Reads one part of a text.
pub(super) struct Builder<'t> {
    text: &'t str,
    chunk: Range<usize>,
    /// The byte offset of each character, unless they are the same.
    offsets: Option<Vec<usize>>,
    stack: Vec<Frame>,
    root: Option<Node>,
    /// None while the value is still being read.
    anchors: BTreeMap<usize, Option<Anchored>>,
    /// What anchors and aliases have copied so far.
    copied: usize,
    problems: Vec<Problem>,
}

/// A value with its place, and where its next sibling may not start before.
struct Node {
    value: Value,
    place: Place,
    /// Whether it was written at all.
    written: bool,
}

/// A value that aliases may refer to.
#[derive(Clone)]
struct Anchored {
    value: Value,
    place: Place,
    cost: usize,
    depth: usize,
}

/// A list or object that is being read.
struct Frame {
    anchor: usize,
    start: usize,
    end: usize,
    content: Content,
}

enum Content {
    List(Vec<Value>, Vec<Place>),
    Object { map: Map<String, Value>, places: BTreeMap<String, Place>, key: Key },
}

/// How far an entry of an object has been read.
enum Key {
    Awaited,
    Read(String, Range<usize>),
    /// The key was refused; its value is read and dropped.
    Refused(Range<usize>),
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, chunk: Range<usize>) -> Self {
        let part = text.get(chunk.clone()).unwrap_or_default();
        let offsets = (!part.is_ascii()).then(|| part.char_indices().map(|(offset, _)| offset).collect());
        Self {
            text,
            chunk,
            offsets,
            stack: Vec::new(),
            root: None,
            anchors: BTreeMap::new(),
            copied: 0,
            problems: Vec::new(),
        }
    }

    /// Adds the documents and problems of the part to `parsed`.
    pub(super) fn run(mut self, parsed: &mut Parsed) {
        let text = self.text.get(self.chunk.clone()).unwrap_or_default();
        if let Some((offset, letter)) = text.char_indices().find(|(_, letter)| is_forbidden(*letter)) {
            // The parser takes U+0000 for the end of the text: what follows would vanish in silence.
            let at = self.chunk.start + offset;
            let message = format!("the control character U+{:04X} is not allowed", u32::from(letter));
            let problem = Problem::new(codes::SYNTAX, at..at + letter.len_utf8(), message);
            parsed.problems.push(problem.with_help("remove it, or write it as an escape in double quotes"));
            return;
        }
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let outcome = match event {
                Ok((event, span)) => self.take(event, span, parsed),
                Err(error) => Err(self.syntax_error(error.marker(), error.info())),
            };
            if let Err(problem) = outcome {
                // The rest of this part cannot be trusted to mean what it seems to.
                self.problems.push(*problem);
                break;
            }
        }
        parsed.problems.append(&mut self.problems);
    }

    fn take(&mut self, event: Event<'_>, span: Span, parsed: &mut Parsed) -> Result<(), Box<Problem>> {
        let range = self.range(span);
        match event {
            Event::DocumentStart(_) => {
                self.anchors.clear();
                self.copied = 0;
                Ok(())
            }
            Event::DocumentEnd => {
                self.finish_document(parsed);
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), range),
            Event::SequenceStart(anchor, tag) => {
                self.check_collection_tag(tag, "seq", &range);
                self.open(anchor, range, Content::List(Vec::new(), Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.check_collection_tag(tag, "map", &range);
                let content = Content::Object { map: Map::new(), places: BTreeMap::new(), key: Key::Awaited };
                self.open(anchor, range, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(range),
            Event::Alias(anchor) => self.alias(anchor, range),
            Event::StreamStart | Event::StreamEnd | Event::Nothing => Ok(()),
        }
    }

    fn finish_document(&mut self, parsed: &mut Parsed) {
        let faulty = !self.problems.is_empty();
        parsed.problems.append(&mut self.problems);
        if let Some(node) = self.root.take().filter(|node| node.written) {
            parsed.documents.push(Document { value: node.value, place: node.place, faulty });
        }
    }

    fn open(&mut self, anchor: usize, range: Range<usize>, content: Content) -> Result<(), Box<Problem>> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(Box::new(too_deep(range)));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        self.stack.push(Frame { anchor, start: range.start, end: range.end, content });
        Ok(())
    }

    fn close(&mut self, range: Range<usize>) -> Result<(), Box<Problem>> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        // Blocks end where their last part does, `[]` and `{}` with their bracket.
        let closed = self.text.get(range.clone()).is_some_and(|text| text.ends_with([']', '}']));
        let end = if closed { range.end } else { frame.end };
        let (value, below) = match frame.content {
            Content::List(items, places) => (Value::Array(items), Below::Items(places)),
            Content::Object { map, places, .. } => (Value::Object(map), Below::Keys(places)),
        };
        let place = Place { key: None, value: frame.start..end.max(frame.start), block: !closed, below };
        self.add(Node { value, place, written: true }, frame.anchor)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        range: Range<usize>,
    ) -> Result<(), Box<Problem>> {
        let plain = style == ScalarStyle::Plain;
        let range = self.without_comment(style, range);
        let value = match tag {
            None if plain => resolve(text),
            None => Ok(Value::String(text.to_owned())),
            Some(tag) => match self.tagged(tag, text, &range) {
                Some(value) => value,
                None => Ok(Value::Null),
            },
        };
        let value = value.unwrap_or_else(|unfit| {
            self.report(self.number_problem(unfit, &range));
            Value::Null
        });
        let written = !(plain && text.is_empty() && tag.is_none() && anchor == 0);
        if plain && text == "<<" && self.awaits_key() {
            let problem = Problem::new(codes::MERGE_KEY, range.clone(), "merge keys (`<<`) are not supported");
            self.report(problem.with_help("write the keys out"));
            return self.key(Err(range));
        }
        self.add(Node { value, place: Place { value: range, ..Place::default() }, written }, anchor)
    }

    /// The value of a scalar with a tag, or none after reporting why it has none.
    fn tagged(&mut self, tag: &Tag, text: &str, range: &Range<usize>) -> Option<Result<Value, Unfit>> {
        let resolved = resolve(text);
        let fits = tag.is_yaml_core_schema()
            && match (tag.suffix.as_str(), &resolved) {
                ("str", _) => return Some(Ok(Value::String(text.to_owned()))),
                ("null", Ok(value)) => value.is_null(),
                ("bool", Ok(value)) => value.is_boolean(),
                ("int", Ok(value)) => value.is_u64() || value.is_i64(),
                ("float", Ok(value)) => value.is_number(),
                ("int" | "float", Err(_)) => true,
                _ => false,
            };
        if fits {
            return Some(resolved);
        }
        self.report(tag_problem(range));
        None
    }

    fn check_collection_tag(&mut self, tag: Option<Cow<'_, Tag>>, name: &str, range: &Range<usize>) {
        if tag.is_some_and(|tag| !(tag.is_yaml_core_schema() && tag.suffix == name)) {
            self.report(tag_problem(range));
        }
    }

    fn alias(&mut self, anchor: usize, range: Range<usize>) -> Result<(), Box<Problem>> {
        let problem = match self.anchors.get(&anchor) {
            Some(Some(anchored)) if self.copied.saturating_add(anchored.cost) > MAX_BYTES => {
                let problem = Problem::new(codes::ALIAS, range, "the aliases of this document expand to too much");
                return Err(Box::new(problem.with_help("write out what differs, or split the document")));
            }
            Some(Some(anchored)) if self.stack.len() + anchored.depth > MAX_DEPTH => {
                return Err(Box::new(too_deep(range)));
            }
            Some(Some(anchored)) => {
                let Anchored { value, place, cost, .. } = anchored.clone();
                self.copied += cost;
                let place = Place { key: None, value: range, block: false, below: place.below };
                return self.add(Node { value, place, written: true }, 0);
            }
            Some(None) => Problem::new(codes::ALIAS, range.clone(), "the alias refers to a value that it is part of")
                .with_help("write the value out"),
            None => Problem::new(codes::ALIAS, range.clone(), "the alias refers to nothing in this document")
                .with_help("anchors end with their document: repeat the value"),
        };
        self.report(problem);
        let place = Place { value: range, ..Place::default() };
        self.add(Node { value: Value::Null, place, written: true }, 0)
    }

    /// Puts a finished value where it belongs.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Box<Problem>> {
        if anchor > 0 {
            self.remember(&node, anchor)?;
        }
        if self.awaits_key() {
            let key = match node.value {
                Value::String(key) => Ok((key, node.place.value)),
                Value::Array(_) | Value::Object(_) => {
                    let range = node.place.value;
                    self.report(Problem::new(codes::KEY_NOT_TEXT, range.clone(), "a list or object cannot be a key"));
                    Err(range)
                }
                scalar => {
                    let range = node.place.value;
                    let written = self.text.get(range.clone()).unwrap_or_default();
                    let problem = Problem::new(
                        codes::KEY_NOT_TEXT,
                        range.clone(),
                        format!("the key is {}, not a text", kind(&scalar)),
                    );
                    self.report(if written.is_empty() { problem } else { problem.with_help("put it in quotes") });
                    Err(range)
                }
            };
            return self.key(key);
        }
        let Node { value, mut place, written } = node;
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(Node { value, place, written });
            return Ok(());
        };
        match &mut frame.content {
            Content::List(items, places) => {
                frame.end = frame.end.max(place.value.end);
                items.push(value);
                places.push(place);
            }
            Content::Object { map, places, key } => {
                let range = match std::mem::replace(key, Key::Awaited) {
                    Key::Read(name, range) => {
                        if !written {
                            place.value = range.end..range.end;
                        }
                        place.key = Some(range);
                        let range = place.value.clone();
                        map.insert(name.clone(), value);
                        places.insert(name, place);
                        range
                    }
                    Key::Refused(range) if !written => range,
                    Key::Refused(_) | Key::Awaited => place.value,
                };
                frame.end = frame.end.max(range.end);
            }
        }
        Ok(())
    }

    /// Takes the key of the object at hand, or the range of what cannot be one.
    fn key(&mut self, read: Result<(String, Range<usize>), Range<usize>>) -> Result<(), Box<Problem>> {
        let mut duplicate = None;
        if let Some(Frame { content: Content::Object { map, places, key }, end, .. }) = self.stack.last_mut() {
            *key = match read {
                Ok((name, range)) if map.contains_key(&name) => {
                    let first = places.get(&name).and_then(|place| place.key.clone()).map_or(0, |key| key.start);
                    duplicate = Some((name, range.clone(), first));
                    Key::Refused(range)
                }
                Ok((name, range)) => Key::Read(name, range),
                Err(range) => Key::Refused(range),
            };
            let (Key::Read(_, range) | Key::Refused(range)) = &*key else { return Ok(()) };
            *end = (*end).max(range.end);
        }
        if let Some((name, range, first)) = duplicate.filter(|_| self.problems.len() <= super::MAX_PROBLEMS) {
            let line = self.text.get(..first).unwrap_or_default().matches('\n').count() + 1;
            let name: String = name.chars().filter(|letter| !letter.is_control()).take(64).collect();
            let problem = Problem::new(codes::DUPLICATE_KEY, range, format!("the key `{name}` is given twice"));
            self.report(problem.with_help(format!("keep one of the two; the first is in line {line}")));
        }
        Ok(())
    }

    fn remember(&mut self, node: &Node, anchor: usize) -> Result<(), Box<Problem>> {
        let cost = cost(&node.value);
        self.copied = self.copied.saturating_add(cost);
        if self.copied > MAX_BYTES {
            let problem =
                Problem::new(codes::ALIAS, node.place.value.clone(), "the anchors of this document hold too much");
            return Err(Box::new(problem.with_help("put anchors on smaller values")));
        }
        let anchored =
            Anchored { value: node.value.clone(), place: node.place.clone(), cost, depth: depth(&node.value) };
        self.anchors.insert(anchor, Some(anchored));
        Ok(())
    }

    fn awaits_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { content: Content::Object { key: Key::Awaited, .. }, .. }))
    }

    fn report(&mut self, problem: Problem) {
        if self.problems.len() <= super::MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    fn number_problem(&self, unfit: Unfit, range: &Range<usize>) -> Problem {
        let (message, help) = match unfit {
            Unfit::NotANumber => {
                ("infinity and not-a-number have no place here", "leave the key out if there is no limit")
            }
            Unfit::TooLarge => ("the number is too large to be kept exactly", "put it in quotes if it is a name"),
        };
        Problem::new(codes::NUMBER, range.clone(), message).with_help(help)
    }

    fn syntax_error(&self, marker: &Marker, info: &str) -> Box<Problem> {
        let mut start = self.offset(*marker).min(self.chunk.end);
        let written = self.text.get(self.chunk.start..start).unwrap_or_default();
        if start == self.chunk.end
            && let Some((offset, _)) = written.trim_end().char_indices().next_back()
        {
            // Something was left open: point at the last thing there is, not behind it.
            start = self.chunk.start + offset;
        }
        let length =
            self.text.get(start..self.chunk.end).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        if info.contains("unknown anchor") {
            let problem =
                Problem::new(codes::ALIAS, start..start + length, "the alias refers to nothing in this document");
            return Box::new(problem.with_help("give the value an anchor first, or put the text in quotes"));
        }
        if info.contains("recursion limit") {
            return Box::new(too_deep(start..start + length));
        }
        let message = format!("not valid YAML: {}", info.replace("`@'", "`@`").replace("``'", "a backtick"));
        let problem = Problem::new(codes::SYNTAX, start..start + length, message);
        let help = if self.tab_before(start) {
            Some("indent with spaces: YAML does not take tabs")
        } else {
            syntax_help(info)
        };
        Box::new(match help {
            Some(help) => problem.with_help(help),
            None => problem,
        })
    }

    /// Whether the line at `offset`, or the one before it, is indented with a tab.
    fn tab_before(&self, offset: usize) -> bool {
        let end =
            self.text.get(offset..).and_then(|rest| rest.find('\n')).map_or(self.text.len(), |length| offset + length);
        let lines = self.text.get(..end).unwrap_or_default().rsplit('\n').take(2);
        lines
            .into_iter()
            .any(|line| line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-')).any(|byte| byte == b'\t'))
    }

    /// The bytes between two marks, without white space around them.
    fn range(&self, span: Span) -> Range<usize> {
        let start = self.offset(span.start);
        let end = self.offset(span.end).max(start);
        let text = self.text.get(start..end).unwrap_or_default();
        start..start + text.trim_end().len()
    }

    /// The scalar without the comment behind it, which the parser counts in after a closing quote.
    fn without_comment(&self, style: ScalarStyle, range: Range<usize>) -> Range<usize> {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let quote = match style {
            ScalarStyle::SingleQuoted => '\'',
            ScalarStyle::DoubleQuoted => '"',
            _ => return range,
        };
        let mut letters = text.char_indices().skip(1).peekable();
        while let Some((offset, letter)) = letters.next() {
            let escapes = match quote {
                '"' => letter == '\\',
                _ => letter == quote && letters.peek().is_some_and(|(_, next)| *next == quote),
            };
            if escapes {
                letters.next();
            } else if letter == quote {
                return range.start..range.start + offset + quote.len_utf8();
            }
        }
        range
    }

    /// The byte offset of a mark in the whole text; marks count characters of the part.
    fn offset(&self, marker: Marker) -> usize {
        let length = self.chunk.len();
        let offset = match &self.offsets {
            Some(offsets) => offsets.get(marker.index()).copied().unwrap_or(length),
            None => marker.index().min(length),
        };
        self.chunk.start + offset
    }
}

/// Characters that may not stand in a document: control characters but for tabs and line breaks.
fn is_forbidden(letter: char) -> bool {
    letter < ' ' && !matches!(letter, '\t' | '\n' | '\r')
}

/// What most likely mends a fault that the YAML parser words as `info`.
fn syntax_help(info: &str) -> Option<&'static str> {
    let any = |parts: &[&str]| parts.iter().any(|part| info.contains(part));
    if any(&["mapping values are not allowed"]) {
        Some("put a text that holds `: ` in quotes, or check the indentation")
    } else if any(&["unexpected character", "plain scalar cannot start", "unknown escape", "alphabetic or numeric"]) {
        Some("put the text in quotes; in single quotes a backslash is only a backslash")
    } else if any(&["unexpected end of stream", "found unexpected document indicator"]) {
        Some("close the quotes")
    } else if any(&["expected ',' or"]) {
        Some("close the bracket, or separate the items with commas")
    } else if any(&[
        "indentation",
        "expected key",
        "expected '-'",
        "simple key expected",
        "not allowed in this context",
    ]) {
        Some("align keys and list items that belong together")
    } else if any(&["invalid trailing content"]) {
        Some("put the whole text in quotes")
    } else {
        None
    }
}

fn too_deep(range: Range<usize>) -> Problem {
    Problem::new(codes::TOO_DEEP, range, format!("lists and objects are nested more than {MAX_DEPTH} levels deep"))
}

fn tag_problem(range: &Range<usize>) -> Problem {
    Problem::new(codes::TAG, range.clone(), "the tag has no meaning here or does not fit its value")
        .with_help("remove the tag; put texts in quotes")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        _ => "a number",
    }
}

/// How many levels of lists and objects there are.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

fn cost(value: &Value) -> usize {
    VALUE_COST
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(cost).sum(),
            Value::Object(map) => map.iter().map(|(key, value)| key.len() + cost(value)).sum(),
            _ => 0,
        }
}
