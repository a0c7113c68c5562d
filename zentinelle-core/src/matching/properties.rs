//! Classes of characters by property in patterns, such as `\p{Greek}`, written out as the ranges they stand for.
//!
//! The parser has tables of its own for them, seven times as large as these, and browsers would load every byte. The
//! build script says how they are written. A class written out is the same class: it folds letter case and is negated
//! as the parser's own.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{Ast, ClassSet, ClassSetItem, ClassUnicode, ClassUnicodeKind};

include!(concat!(env!("OUT_DIR"), "/properties.rs"));

/// Bytes that the classes of one pattern may take when written out.
const MAX_WRITTEN: usize = 2 << 20;
/// Characters there are, without surrogates.
const CHARACTERS: u32 = 0x11_0000 - 0x800;

/// Why the classes of a pattern cannot be written out.
#[derive(Debug)]
pub(super) enum Fault {
    /// The pattern is malformed.
    Syntax(Box<regex_syntax::Error>),
    /// There is no such property: the byte where it is named, and what is missing.
    Unknown(usize, &'static str),
    /// There are too many of them.
    TooLarge,
}

/// The classes by property in a pattern, from left to right: where they stand, and the ranges to put there.
pub(super) fn classes(pattern: &str, most_nesting: u32) -> Result<Vec<(Range<usize>, String)>, Fault> {
    if !pattern.contains("\\p") && !pattern.contains("\\P") {
        return Ok(Vec::new());
    }
    let ast = ParserBuilder::new()
        .nest_limit(most_nesting)
        .build()
        .parse(pattern)
        .map_err(|error| Fault::Syntax(Box::new(error.into())))?;
    let mut found = Vec::new();
    gather(&ast, &mut found);
    let mut room = MAX_WRITTEN;
    let written = found.into_iter().map(|class| {
        let at = class.span.start.offset;
        let text = written(class).map_err(|missing| Fault::Unknown(at, missing))?;
        room = room.checked_sub(text.len()).ok_or(Fault::TooLarge)?;
        Ok((at..class.span.end.offset, text))
    });
    written.collect()
}

/// A pattern of ours with its classes written out. None if it is malformed.
pub(crate) fn written_out(pattern: &str) -> Option<Cow<'_, str>> {
    let classes = classes(pattern, 250).ok()?;
    if classes.is_empty() {
        return Some(pattern.into());
    }
    let mut out = String::new();
    let mut done = 0;
    for (place, text) in classes {
        out.push_str(pattern.get(done..place.start)?);
        out.push_str(&text);
        done = place.end;
    }
    out.push_str(pattern.get(done..)?);
    Some(out.into())
}

fn gather<'a>(ast: &'a Ast, found: &mut Vec<&'a ClassUnicode>) {
    match ast {
        Ast::ClassUnicode(class) => found.push(class),
        Ast::ClassBracketed(class) => gather_in_class(&class.kind, found),
        Ast::Repetition(repetition) => gather(&repetition.ast, found),
        Ast::Group(group) => gather(&group.ast, found),
        Ast::Alternation(alternation) => alternation.asts.iter().for_each(|ast| gather(ast, found)),
        Ast::Concat(concat) => concat.asts.iter().for_each(|ast| gather(ast, found)),
        Ast::Empty(_) | Ast::Flags(_) | Ast::Literal(_) | Ast::Dot(_) | Ast::Assertion(_) | Ast::ClassPerl(_) => {}
    }
}

fn gather_in_class<'a>(class: &'a ClassSet, found: &mut Vec<&'a ClassUnicode>) {
    match class {
        ClassSet::Item(item) => gather_in_item(item, found),
        ClassSet::BinaryOp(operation) => {
            gather_in_class(&operation.lhs, found);
            gather_in_class(&operation.rhs, found);
        }
    }
}

fn gather_in_item<'a>(item: &'a ClassSetItem, found: &mut Vec<&'a ClassUnicode>) {
    match item {
        ClassSetItem::Unicode(class) => found.push(class),
        ClassSetItem::Bracketed(class) => gather_in_class(&class.kind, found),
        ClassSetItem::Union(union) => union.items.iter().for_each(|item| gather_in_item(item, found)),
        _ => {}
    }
}

fn written(class: &ClassUnicode) -> Result<String, &'static str> {
    let place = match &class.kind {
        ClassUnicodeKind::OneLetter(letter) => named(letter.encode_utf8(&mut [0; 4])),
        ClassUnicodeKind::Named(name) => named(name),
        ClassUnicodeKind::NamedValue { name, value, .. } => {
            let kind = match normal(name).as_str() {
                "generalcategory" => "gc",
                "script" => "sc",
                "scriptextensions" => "scx",
                "graphemeclusterbreak" => "gcb",
                "sentencebreak" => "sb",
                "wordbreak" => "wb",
                name => KINDS.iter().map(|(kind, _)| *kind).find(|kind| *kind == name).unwrap_or(""),
            };
            if kind.is_empty() {
                return Err("Unicode property not found");
            }
            return match place(kind, &normal(value)) {
                Some(place) => Ok(ranges(&edges(place), class.is_negated())),
                None => Err("Unicode property value not found"),
            };
        }
    };
    place.map(|place| ranges(&edges(place), class.is_negated())).ok_or("Unicode property not found")
}

/// The place of a class that is named without its kind.
fn named(name: &str) -> Option<usize> {
    let name = normal(name);
    ["", "gc", "sc"].into_iter().find_map(|kind| place(kind, &name))
}

fn place(kind: &str, name: &str) -> Option<usize> {
    let mut before = 0;
    for (known, names) in KINDS {
        let mut lines = names.split('\n');
        if *known == kind {
            return lines.position(|line| line.split(',').any(|known| known == name)).map(|line| before + line);
        }
        before += lines.count();
    }
    None
}

/// A name as the standard has names compared: without letter case, blanks, hyphens, underscores and `is` before it.
fn normal(name: &str) -> String {
    let (is, rest) = match name.split_at_checked(2) {
        Some((is, rest)) if is.eq_ignore_ascii_case("is") => (true, rest),
        _ => (false, name),
    };
    let kept = rest.chars().filter(|c| c.is_ascii() && !matches!(c, ' ' | '-' | '_'));
    let kept: String = kept.map(|c| c.to_ascii_lowercase()).collect();
    // `isc` is a property, of comments, and none that is here; it is not the category `c`.
    if is && kept == "c" { "isc".to_owned() } else { kept }
}

/// The characters, without surrogates, at which a class begins and ends in turn.
fn edges(mut place: usize) -> Vec<u32> {
    let mut edges = Vec::new();
    // A class is what differs from another, and so on.
    loop {
        let start = STARTS.get(place).and_then(|start| usize::try_from(*start).ok());
        let mut data = start.and_then(|start| DATA.get(start..)).unwrap_or_default();
        let (base, count) = (number(&mut data), number(&mut data));
        let mut at = 0;
        for _ in 0..count {
            at += number(&mut data);
            edges.push(at);
        }
        match usize::try_from(base).ok().and_then(|base| base.checked_sub(1)) {
            Some(base) => place = base,
            None => break,
        }
    }
    edges.sort_unstable();
    // What differs twice does not.
    let mut kept: Vec<u32> = Vec::with_capacity(edges.len());
    for edge in edges {
        if kept.last() == Some(&edge) {
            kept.pop();
        } else {
            kept.push(edge);
        }
    }
    kept
}

fn number(data: &mut &[u8]) -> u32 {
    let mut number = 0;
    let mut shift = 0;
    while let Some((byte, rest)) = data.split_first() {
        *data = rest;
        number |= u32::from(byte & 127) << shift;
        shift += 7;
        if *byte < 128 || shift > 28 {
            break;
        }
    }
    number
}

fn ranges(edges: &[u32], negated: bool) -> String {
    let mut out = String::from(if negated == edges.is_empty() { "[" } else { "[^" });
    // A class in brackets cannot be empty, but all characters can be negated.
    let edges = if edges.is_empty() { &[0, CHARACTERS] } else { edges };
    for range in edges.chunks(2) {
        if let [start, end] = range {
            push(&mut out, *start);
            if start + 1 < *end {
                out.push('-');
                push(&mut out, end - 1);
            }
        }
    }
    out.push(']');
    out
}

/// Writes a character so that it means itself whatever the pattern's flags: with `(?x)`, blanks mean nothing.
fn push(out: &mut String, place: u32) {
    let Some(c) = char::from_u32(if place < 0xD800 { place } else { place + 0x800 }) else { return };
    if c.is_ascii_alphanumeric() || !c.is_ascii() && !c.is_whitespace() && !matches!(c, '\u{200E}' | '\u{200F}') {
        out.push(c);
    } else {
        // A text grows.
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::*;

    /// Every class that can be asked for, and some that cannot.
    fn queries() -> Vec<String> {
        let mut queries =
            vec![r"\p{isc}".to_owned(), r"\p{is c}".to_owned(), r"\p{is_lu}".to_owned(), r"\pQ".to_owned()];
        let long = ["", "General Category", "Is-Script", "script_extensions", "AGE", "Sentence_Break", "word-break"];
        for line in include_str!("../../build/properties.txt").lines() {
            let (kind, names) = line.split_once('=').unwrap();
            for name in names.split(',') {
                queries.push(format!(r"\p{{{name}}}"));
                queries.push(format!(r"\P{{Is_{}}}", name.to_uppercase()));
                for kind in long.into_iter().chain([kind]) {
                    queries.push(format!(r"\p{{{kind}={name}}}"));
                }
                queries.push(format!(r"\p{{{kind}!={name}}}"));
                queries.push(format!(r"\P{{ {kind} : {name} }}"));
            }
            if let Some(letter) = names.split(',').find(|name| name.len() == 1) {
                queries.push(format!(r"\p{letter}"));
            }
        }
        queries
    }

    fn characters(pattern: &str) -> Option<Vec<(char, char)>> {
        let parsed = regex_syntax::parse(pattern).ok()?;
        Some(match parsed.kind() {
            HirKind::Class(Class::Unicode(class)) => class.ranges().iter().map(|r| (r.start(), r.end())).collect(),
            HirKind::Literal(literal) => std::str::from_utf8(&literal.0).unwrap().chars().map(|c| (c, c)).collect(),
            _ => Vec::new(),
        })
    }

    #[test]
    fn every_class_holds_what_the_parsers_own_holds() {
        let mut known = 0;
        for query in queries() {
            let ours = written_out(&query).map(|written| characters(&written).unwrap());
            let theirs = characters(&query);
            assert_eq!(ours, theirs, "{query}");
            known += usize::from(theirs.is_some());
        }
        assert!(known > 3000, "{known}");
    }

    #[test]
    fn a_class_holds_the_same_beside_others_and_under_flags() {
        for class in
            [r"\p{Lu}", r"\P{Lu}", r"\pN", r"\p{Any}", r"\P{Any}", r"\P{sc!=Greek}", r"\p{White_Space}", r"\p{punct}"]
        {
            for around in
                ["(?i){}", "[a-c{}]", "(?i)[^_{}]", "(?x) [ {} ]", "(?xi) {}", r"[\w&&{}]", r"(?i)[{}--[a-z]]"]
            {
                let query = around.replace("{}", class);
                assert_eq!(characters(&written_out(&query).unwrap()), characters(&query), "{query}");
            }
        }
        let spread = "(?x) \\p { # }\n g c = L # }\n }";
        assert_eq!(characters(&written_out(spread).unwrap()), characters(r"\pL"));
    }
}
