//! A place in a statement: looking, stepping, and what is read everywhere.

use super::super::lexer::{Placed, Token};
use super::{Read, Structure};

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 24;

/// A place in the statement, and what was found so far.
pub(super) struct Reader<'s, 'a> {
    tokens: &'s [Placed<'a>],
    pub(super) at: usize,
    depth: usize,
    pub(super) found: Structure<'a>,
}

impl<'s, 'a> Reader<'s, 'a> {
    pub(super) fn new(tokens: &'s [Placed<'a>]) -> Self {
        Self { tokens, at: 0, depth: 0, found: Structure::default() }
    }

    pub(super) fn peek(&self) -> Option<&'s Placed<'a>> {
        self.tokens.get(self.at)
    }

    pub(super) fn peek_at(&self, steps: usize) -> Option<&'s Placed<'a>> {
        self.tokens.get(self.at + steps)
    }

    pub(super) fn before(&self, steps: usize) -> Option<&'s Placed<'a>> {
        self.at.checked_sub(steps).and_then(|at| self.tokens.get(at))
    }

    pub(super) fn step(&mut self) {
        self.at += 1;
    }

    pub(super) fn is_done(&self) -> bool {
        self.at == self.tokens.len()
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(word))
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        self.peek().is_some_and(|token| token.is_any(words))
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.peek().is_some_and(|token| token.is_mark(mark))
    }

    /// Steps over the words, if all of them stand here.
    pub(super) fn words(&mut self, words: &[&str]) -> bool {
        let stand = words.iter().enumerate().all(|(steps, word)| self.peek_at(steps).is_some_and(|t| t.is_word(word)));
        self.at += if stand { words.len() } else { 0 };
        stand
    }

    /// Steps over one of the words, if one stands here.
    pub(super) fn any(&mut self, words: &[&str]) -> bool {
        let stands = self.is_any(words);
        self.at += usize::from(stands);
        stands
    }

    /// Steps over as many of the words as stand here, in any order.
    pub(super) fn many(&mut self, words: &[&str]) {
        while self.any(words) {}
    }

    pub(super) fn mark(&mut self, mark: char) -> bool {
        let stands = self.is_mark(mark);
        self.at += usize::from(stands);
        stands
    }

    pub(super) fn must_be(&mut self, mark: char) -> Read {
        self.mark(mark).then_some(())
    }

    /// Reads something one level deeper.
    pub(super) fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Read) -> Read {
        self.depth += 1;
        let read = if self.depth > MAX_DEPTH { None } else { read(self) };
        self.depth -= 1;
        read
    }

    /// Reads what stands in parentheses.
    pub(super) fn parens(&mut self, read: impl FnOnce(&mut Self) -> Read) -> Read {
        self.must_be('(')?;
        self.deeper(read)?;
        self.must_be(')')
    }

    /// Reads things with commas between them.
    pub(super) fn list(&mut self, mut read: impl FnMut(&mut Self) -> Read) -> Read {
        read(self)?;
        while self.mark(',') {
            read(self)?;
        }
        Some(())
    }

    /// Steps over parentheses of options, samples and the like, which hold no query.
    pub(super) fn options(&mut self) -> Read {
        self.must_be('(')?;
        let mut open = 1;
        while open > 0 {
            let token = self.peek()?;
            if token.is_any(&["SELECT", "FROM", "WITH", "TABLE", "VALUES"]) {
                return None;
            }
            match token.token {
                Token::Mark('(') => open += 1,
                Token::Mark(')') => open -= 1,
                _ => {}
            }
            self.step();
        }
        Some(())
    }

    /// A name of one part.
    pub(super) fn part(&mut self) -> Read {
        match self.peek()?.token {
            Token::Word(_) => self.found.names.extend([self.at]),
            Token::Name(_) | Token::Text(_) => {}
            _ => return None,
        }
        self.step();
        Some(())
    }

    /// A name, qualified or not; `server..table` leaves a part out.
    pub(super) fn name(&mut self) -> Read {
        self.part()?;
        while self.mark('.') {
            while self.mark('.') {}
            self.part()?;
        }
        Some(())
    }

    /// Names in parentheses, such as the columns of a common table expression.
    pub(super) fn names(&mut self) -> Read {
        self.parens(|reader| reader.list(Self::part))
    }

    /// A table in `FROM`, and whether a common table expression is meant.
    pub(super) fn relation(&mut self) -> Read {
        let (at, first) = (self.at, *self.peek()?);
        self.name()?;
        let whole = self.at == at + 1 && !self.is_mark('(');
        let mut visible = self.found.scopes.iter().flatten();
        if whole && visible.any(|expression| expression.name == first.token && expression.visible_from < at) {
            self.found.expressions.insert(at);
        }
        Some(())
    }

    /// Notes the first keyword by which the statement does more than read.
    pub(super) fn writes(&mut self, keyword: &'static str) {
        self.found.writes.get_or_insert(keyword);
    }
}
