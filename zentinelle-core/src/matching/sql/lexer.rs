//! Cuts a text into tokens as one family of databases would.
//!
//! Databases disagree on where a string or a comment ends, and a text may be a harmless comparison to one and a
//! deletion to another. So a [`Reading`] describes one family, `READINGS` lists them, and the judgement is made
//! on all. Where a reading differs from the others only by taking a harmless run of words out of quotes, it
//! follows the others, or every MySQL name in backticks would count as code in PostgreSQL.

use super::harmless::{harmless_prefix, has_clause_word, is_harmless_line, is_sentence};
use super::readings::Reading;

/// How far the end of a dollar-quoted string is looked for where dollars do not quote, in bytes.
const MAX_SENTENCE: usize = 4096;

/// One token. Quoted text is never a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A bare word: keyword or name.
    Word(&'a str),
    /// A quoted name, without its quotes.
    Name(&'a str),
    /// A string, without its quotes.
    Text(&'a str),
    Number(&'a str),
    Mark(char),
}

impl<'a> Token<'a> {
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(word))
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        *self == Token::Mark(mark)
    }
}

/// A token, and whether it follows the one before without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed<'a> {
    pub(super) token: Token<'a>,
    pub(super) adjacent: bool,
}

impl<'a> std::ops::Deref for Placed<'a> {
    type Target = Token<'a>;

    fn deref(&self) -> &Token<'a> {
        &self.token
    }
}

/// The tokens of a text, and whether it ended inside a quote or comment.
#[derive(PartialEq, Eq)]
pub(super) struct Tokens<'a> {
    pub(super) tokens: Vec<Placed<'a>>,
    pub(super) unterminated: bool,
}

pub(super) fn tokens(text: &str, reading: Reading) -> Tokens<'_> {
    let mut lexer = Lexer { rest: text, reading, in_executable: false, adjacent: false, tokens: Vec::new() };
    let unterminated = lexer.run().is_none();
    Tokens { tokens: lexer.tokens, unterminated }
}

struct Lexer<'a> {
    rest: &'a str,
    reading: Reading,
    /// Inside `/*! .. */`, whose end is to be skipped.
    in_executable: bool,
    /// Nothing was skipped since the last token.
    adjacent: bool,
    tokens: Vec<Placed<'a>>,
}

impl<'a> Lexer<'a> {
    /// `None` when the text ends inside a quote or comment.
    fn run(&mut self) -> Option<()> {
        while let Some(c) = self.rest.chars().next() {
            self.token(c)?;
        }
        Some(())
    }

    fn token(&mut self, c: char) -> Option<()> {
        let reading = self.reading;
        if c.is_whitespace() || c.is_control() {
            self.skip(c.len_utf8());
            self.adjacent = false;
            return Some(());
        }
        if self.comment()? {
            self.adjacent = false;
            return Some(());
        }
        match c {
            '\'' => self.quote('\'', reading.backslash, Token::Text),
            '"' => self.quote('"', reading.backslash, Token::Name),
            '`' if reading.backtick || self.is_word_quote('`', '`') => self.quote('`', reading.triple, Token::Name),
            '[' if self.is_word_quote('[', ']') => self.quote_until(']', false, Token::Name),
            '[' if reading.brackets => self.quote_until(']', false, Token::Name),
            '$' => self.dollar(),
            _ if c.is_ascii_digit() => {
                self.number();
                Some(())
            }
            _ if is_word_start(c) => self.word(),
            _ => {
                self.skip(c.len_utf8());
                self.push(Token::Mark(c));
                Some(())
            }
        }
    }

    fn push(&mut self, token: Token<'a>) {
        self.tokens.push(Placed { token, adjacent: self.adjacent });
        self.adjacent = true;
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Skips a comment if one begins here.
    fn comment(&mut self) -> Option<bool> {
        let reading = self.reading;
        if self.rest.starts_with("--") {
            let after = self.rest.get(2..).unwrap_or_default();
            let blank = after.starts_with(|c: char| c.is_whitespace() || c.is_control());
            if !reading.dash_blank || after.is_empty() || blank || is_harmless_line(after) {
                self.skip(2 + line(after, reading.postgres).len());
                return Some(true);
            }
        }
        if (reading.hash && self.rest.starts_with('#')) || (reading.slashes && self.rest.starts_with("//")) {
            self.skip(line(self.rest, false).len());
            return Some(true);
        }
        if self.in_executable && self.rest.starts_with("*/") {
            self.in_executable = false;
            self.skip(2);
            return Some(true);
        }
        if !self.rest.starts_with("/*") {
            return Some(false);
        }
        if reading.executable {
            let inner = self.rest.strip_prefix("/*!").or_else(|| self.rest.strip_prefix("/*M!"));
            if let Some(inner) = inner {
                self.rest = inner.trim_start_matches(|c: char| c.is_ascii_digit());
                self.in_executable = true;
                return Some(true);
            }
        }
        let length = self.block_comment()?;
        self.skip(length);
        Some(true)
    }

    /// Length of the block comment that begins here.
    fn block_comment(&self) -> Option<usize> {
        let flat = comment_end(self.rest, self.reading.nested)?;
        if self.reading.nested {
            return Some(flat);
        }
        // Where a comment within the comment would make it longer, the rest is code to this reading, unless it is
        // only words.
        let inner = self.rest.get(2..flat - 2).unwrap_or_default().matches("/*").count();
        let mut end = flat;
        for _ in 0..inner {
            let tail = self.rest.get(end..).unwrap_or_default();
            let words = harmless_prefix(tail);
            if has_clause_word(words) || !tail.get(words.len()..).is_some_and(|rest| rest.starts_with("*/")) {
                return Some(flat);
            }
            end += words.len() + 2;
        }
        Some(end)
    }

    fn quote(&mut self, quote: char, backslash: bool, make: fn(&'a str) -> Token<'a>) -> Option<()> {
        if self.reading.triple && quote != '`' {
            let triple = if quote == '"' { "\"\"\"" } else { "'''" };
            if let Some(inner) = self.rest.strip_prefix(triple) {
                let end = find_end(inner, backslash, |rest| rest.starts_with(triple))?;
                self.push(make(inner.get(..end)?));
                self.skip(end + 6);
                return Some(());
            }
        }
        self.quote_until(quote, backslash, make)
    }

    /// Reads to the closing quote; a doubled one stands for itself.
    fn quote_until(&mut self, close: char, backslash: bool, make: fn(&'a str) -> Token<'a>) -> Option<()> {
        let inner = self.rest.get(1..)?;
        let mut chars = inner.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == '\\' && backslash {
                chars.next();
            } else if c == close {
                let doubled = inner.get(at + 1..).is_some_and(|rest| rest.starts_with(close));
                if doubled {
                    chars.next();
                    continue;
                }
                self.push(make(inner.get(..at)?));
                self.skip(at + 2);
                return Some(());
            }
        }
        None
    }

    /// Whether a quote encloses nothing but words here, so that no reading could make a statement of it.
    fn is_word_quote(&self, open: char, close: char) -> bool {
        let Some(inner) = self.rest.strip_prefix(open) else {
            return false;
        };
        let name = harmless_prefix(inner);
        name.starts_with(is_word_start)
            && !has_clause_word(name)
            && inner.get(name.len()..).is_some_and(|rest| rest.starts_with(close))
    }

    fn dollar(&mut self) -> Option<()> {
        let tag_end = self
            .rest
            .get(1..)
            .and_then(|rest| rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).map(|at| at + 2));
        let tag = tag_end.and_then(|end| self.rest.get(..end)).filter(|tag| {
            tag.ends_with('$') && !tag.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        });
        if let Some(tag) = tag {
            let inner = self.rest.get(tag.len()..).unwrap_or_default();
            // A search without bound would cost the square of the text where each tag is new.
            let reach = if self.reading.dollar { inner.len() } else { inner.floor_char_boundary(MAX_SENTENCE) };
            match inner.get(..reach).and_then(|inner| inner.find(tag)) {
                // Elsewhere `$` belongs to names; then the inside counts as code if it could be any.
                Some(end) if self.reading.dollar || inner.get(..end).is_some_and(is_sentence) => {
                    self.push(Token::Text(inner.get(..end).unwrap_or_default()));
                    self.skip(end + 2 * tag.len());
                    return Some(());
                }
                None if self.reading.dollar => return None,
                _ => {}
            }
        }
        self.word()
    }

    /// A number ends before the first letter that is none of its own, since some databases read `1drop` as two.
    fn number(&mut self) {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let mut length = digits(self.rest);
        if let Some(rest) = self.rest.get(length..).and_then(|rest| rest.strip_prefix('.')) {
            length += 1 + digits(rest);
        }
        if let Some(rest) = self.rest.get(length..).and_then(|rest| rest.strip_prefix(['e', 'E'])) {
            let sign = usize::from(rest.starts_with(['+', '-']));
            let exponent = digits(rest.get(sign..).unwrap_or_default());
            if exponent > 0 {
                length += 1 + sign + exponent;
            }
        }
        let number = self.rest.get(..length).unwrap_or_default();
        self.skip(length);
        self.push(Token::Number(number));
    }

    fn word(&mut self) -> Option<()> {
        let hash = self.reading.hash;
        let end = self
            .rest
            .char_indices()
            .skip(1)
            .find(|&(_, c)| !(is_word_start(c) || c.is_ascii_digit() || (c == '#' && !hash)))
            .map_or(self.rest.len(), |(at, _)| at);
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        let reading = self.reading;
        let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
        if reading.postgres && rest.starts_with('\'') && is(&["e"]) {
            return self.quote_until('\'', true, Token::Text);
        }
        if reading.triple && rest.starts_with(['\'', '"']) && is(&["r", "rb", "br"]) {
            // Raw strings still cannot end in an odd backslash: `\'` stays inside.
            let quote = if rest.starts_with('"') { '"' } else { '\'' };
            return self.quote(quote, true, Token::Text);
        }
        if reading.q_quotes && rest.starts_with('\'') && is(&["q", "nq"]) {
            let open = rest.chars().nth(1)?;
            let close = match open {
                '[' => ']',
                '(' => ')',
                '{' => '}',
                '<' => '>',
                same => same,
            };
            let inner = rest.get(1 + open.len_utf8()..)?;
            let end =
                find_end(inner, false, |rest| rest.strip_prefix(close).is_some_and(|rest| rest.starts_with('\'')))?;
            self.push(Token::Text(inner.get(..end)?));
            self.rest = inner.get(end + close.len_utf8() + 1..)?;
            return Some(());
        }
        self.push(Token::Word(word));
        Some(())
    }
}

/// Letters outside ASCII belong to names everywhere; white space of any kind does not.
fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '@' | '$') || (!c.is_ascii() && !c.is_whitespace() && !c.is_control())
}

fn line(text: &str, carriage_return: bool) -> &str {
    let end = text.find(|c| c == '\n' || (carriage_return && c == '\r'));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

fn comment_end(text: &str, nested: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (2, 1_usize);
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            b"/*" if nested => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    None
}

fn find_end(text: &str, backslash: bool, is_end: impl Fn(&str) -> bool) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && backslash {
            chars.next();
        } else if text.get(at..).is_some_and(&is_end) {
            return Some(at);
        }
    }
    None
}
