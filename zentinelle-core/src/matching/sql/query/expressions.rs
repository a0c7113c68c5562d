//! Expressions: operands with operators between them.

use super::super::lexer::Token;
use super::super::words::UNITS;
use super::Read;
use super::reader::Reader;

/// Words that are no operand. Others that begin a clause may name a column or a function.
pub(super) const NO_OPERAND: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "AND",
    "OR",
    "XOR",
    "IN",
    "LIKE",
    "BETWEEN",
    "IS",
    "AS",
    "ON",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "INTO",
    "JOIN",
    "USING",
    "LIMIT",
    "WITH",
    "BY",
];
/// Operators that are words, apart from those with a form of their own.
const OPERATORS: &[&str] = &[
    "AND", "OR", "XOR", "DIV", "MOD", "LIKE", "ILIKE", "RLIKE", "REGEXP", "GLOB", "MATCH", "ESCAPE", "COLLATE",
    "OVERLAPS", "BETWEEN",
];
/// What stands before an operand.
const PREFIXES: &[&str] = &["NOT", "PRIOR", "CONNECT_BY_ROOT", "BINARY", "DISTINCT", "ALL"];

impl Reader<'_, '_> {
    pub(super) fn expression(&mut self) -> Read {
        self.operand()?;
        while self.operator()? {
            self.operand()?;
        }
        Some(())
    }

    /// Steps over an operator and says whether an operand has to follow.
    fn operator(&mut self) -> Read<bool> {
        if self.signs() {
            if self.is_type_after_signs() {
                self.type_name()?;
                return self.operator();
            }
            return Some(true);
        }
        if self.any(&["ISNULL", "NOTNULL"]) {
            return self.operator();
        }
        if self.words(&["IS"]) {
            self.words(&["NOT"]);
            if self.words(&["DISTINCT"]) {
                self.words(&["FROM"]).then_some(())?;
            }
            return Some(true);
        }
        if self.words(&["AT", "TIME", "ZONE"]) || self.words(&["SIMILAR", "TO"]) || self.words(&["MEMBER", "OF"]) {
            return Some(true);
        }
        let negated = self.is("NOT")
            && self.peek_at(1)?.is_any(&["IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "REGEXP", "GLOB", "SIMILAR"]);
        if negated {
            self.step();
        }
        if self.words(&["SIMILAR", "TO"]) {
            return Some(true);
        }
        if self.words(&["IN"]) {
            if !self.is_mark('(') {
                return Some(true);
            }
            self.parenthesised()?;
            return self.operator();
        }
        let operator = self.any(OPERATORS);
        if operator {
            self.any(&["SYMMETRIC", "ASYMMETRIC"]);
        }
        Some(operator)
    }

    /// Steps over the signs of an operator. `@` is a word to the lexer.
    fn signs(&mut self) -> bool {
        let mut found = false;
        while let Some(token) = self.peek() {
            let sign = match token.token {
                Token::Mark(mark) => "=<>+-*/%|&^~!:?#".contains(mark),
                Token::Word(word) => word.bytes().all(|byte| byte == b'@'),
                _ => false,
            };
            // What stands apart is the sign of the next operand, and a question mark may be one itself.
            if !sign || (found && (!token.adjacent || token.is_mark('?'))) {
                break;
            }
            found = true;
            self.step();
        }
        found
    }

    fn is_type_after_signs(&self) -> bool {
        self.before(1).is_some_and(|token| token.is_mark(':')) && self.before(2).is_some_and(|token| token.is_mark(':'))
    }

    /// The type after `::`.
    fn type_name(&mut self) -> Read {
        let double = self.is("DOUBLE");
        let timed = self.is_any(&["TIME", "TIMESTAMP"]);
        let character = self.is("CHARACTER");
        self.name()?;
        if double {
            self.words(&["PRECISION"]);
        }
        if character {
            self.words(&["VARYING"]);
        }
        if self.is_mark('(') {
            self.options()?;
        }
        if timed && self.is_any(&["WITH", "WITHOUT"]) && self.peek_at(1)?.is_word("TIME") {
            self.step();
            self.words(&["TIME", "ZONE"]).then_some(())?;
        }
        Some(())
    }

    pub(super) fn operand(&mut self) -> Read {
        loop {
            if self.any(PREFIXES) || self.mark('-') || self.mark('+') || self.mark('~') || self.mark('!') {
                continue;
            }
            break;
        }
        self.primary()?;
        loop {
            if self.is_mark('[') {
                self.brackets(']')?;
            } else if self.is_mark('.') {
                self.step();
                if !self.mark('*') {
                    self.call_or_name()?;
                }
            } else {
                return Some(());
            }
        }
    }

    fn primary(&mut self) -> Read {
        match self.peek()?.token {
            Token::Number(_) | Token::Text(_) => {
                self.step();
                // Strings that follow one another are one.
                while matches!(self.peek().map(|token| token.token), Some(Token::Text(_)))
                    && matches!(self.before(1).map(|token| token.token), Some(Token::Text(_)))
                {
                    self.step();
                }
                Some(())
            }
            Token::Name(_) => self.call_or_name(),
            Token::Mark('(') => self.parenthesised(),
            Token::Mark('[') => self.brackets(']'),
            Token::Mark('*' | '?') => {
                self.step();
                Some(())
            }
            // A parameter.
            Token::Mark(':') => {
                self.step();
                self.step();
                matches!(self.before(1)?.token, Token::Word(_) | Token::Number(_)).then_some(())
            }
            Token::Mark(_) => None,
            Token::Word(_) => self.word(),
        }
    }

    fn word(&mut self) -> Read {
        let next = self.peek_at(1);
        let called = next.is_some_and(|token| token.is_mark('('));
        if self.is_any(NO_OPERAND) || self.is_any(&["@", "@@"]) {
            return None;
        }
        if self.words(&["CASE"]) {
            return self.deeper(Self::case);
        }
        if self.is("EXISTS") && called {
            self.step();
            return self.parenthesised();
        }
        if self.is("ARRAY") && next.is_some_and(|token| token.is_mark('[')) {
            self.step();
            return self.brackets(']');
        }
        if self.is("INTERVAL")
            && next.is_some_and(|token| matches!(token.token, Token::Number(_) | Token::Text(_) | Token::Mark('(')))
        {
            self.step();
            self.primary()?;
            return self.units();
        }
        self.call_or_name()?;
        // `DATE '2026-01-01'`, `N'..'`
        if matches!(self.peek().map(|token| token.token), Some(Token::Text(_))) {
            self.step();
        }
        Some(())
    }

    fn units(&mut self) -> Read {
        self.any(UNITS);
        if self.is_mark('(') {
            self.options()?;
        }
        if self.words(&["TO"]) { self.any(UNITS).then_some(()) } else { Some(()) }
    }

    fn case(&mut self) -> Read {
        if !self.is("WHEN") {
            self.expression()?;
        }
        while self.words(&["WHEN"]) {
            self.expression()?;
            self.words(&["THEN"]).then_some(())?;
            self.expression()?;
        }
        if self.words(&["ELSE"]) {
            self.expression()?;
        }
        self.words(&["END"]).then_some(())
    }

    /// A query or expressions in parentheses.
    pub(super) fn parenthesised(&mut self) -> Read {
        self.parens(|reader| {
            if reader.begins_query() {
                return reader.query();
            }
            if reader.is_mark(')') {
                return Some(());
            }
            reader.list(|reader| {
                reader.expression()?;
                if reader.words(&["AS"]) { reader.part() } else { Some(()) }
            })?;
            // `((SELECT 1) UNION SELECT 2)`
            if reader.is_mark(')') { Some(()) } else { reader.rest_of_query() }
        })
    }

    /// A list or a subscript.
    fn brackets(&mut self, close: char) -> Read {
        self.step();
        self.deeper(|reader| {
            while !reader.is_mark(close) {
                reader.mark(':');
                if !reader.is_mark(close) {
                    reader.expression()?;
                    reader.mark(',');
                }
            }
            Some(())
        })?;
        self.must_be(close)
    }
}
