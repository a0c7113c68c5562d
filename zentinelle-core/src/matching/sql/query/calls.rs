//! Calls of functions: arguments, and what may follow them.

use super::super::lexer::Token;
use super::super::words::FROM_INSIDE;
use super::Read;
use super::expressions::NO_OPERAND;
use super::reader::Reader;

impl Reader<'_, '_> {
    /// A name, or the call of a function with what may follow it.
    pub(super) fn call_or_name(&mut self) -> Read {
        let function = match self.peek()?.token {
            Token::Word(word) => word,
            _ => "",
        };
        if self.peek_at(1).is_some_and(|token| token.is_mark('(')) {
            // The name of a function is no name of a column.
            self.step();
            self.arguments(function)?;
            return self.after_call();
        }
        self.part()
    }

    fn after_call(&mut self) -> Read {
        loop {
            if self.words(&["WITHIN", "GROUP"]) {
                self.parens(Self::order_in_parens)?;
            } else if self.is("FILTER") && self.peek_at(1).is_some_and(|token| token.is_mark('(')) {
                self.step();
                self.parens(|reader| {
                    reader.words(&["WHERE"]).then_some(())?;
                    reader.expression()
                })?;
            } else if self.nulls() {
                continue;
            } else if self.words(&["OVER"]) {
                if self.is_mark('(') { self.parens(Self::window)? } else { self.part()? }
            } else if self.is_mark('(') {
                // `f(parameters)(arguments)`
                self.arguments("")?;
            } else {
                return Some(());
            }
        }
    }

    fn nulls(&mut self) -> bool {
        self.words(&["IGNORE", "NULLS"]) || self.words(&["RESPECT", "NULLS"])
    }

    fn order_in_parens(&mut self) -> Read {
        self.words(&["ORDER"]).then_some(())?;
        self.order()
    }

    /// A window, without its parentheses.
    pub(super) fn window(&mut self) -> Read {
        let keywords = ["PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS"];
        if !self.is_mark(')') && !self.is_any(&keywords) {
            self.part()?;
        }
        if self.words(&["PARTITION", "BY"]) {
            self.list(Self::expression)?;
        }
        if self.words(&["ORDER"]) {
            self.order()?;
        }
        if self.any(&["ROWS", "RANGE", "GROUPS"]) {
            let between = self.words(&["BETWEEN"]);
            self.bound()?;
            if between {
                self.words(&["AND"]).then_some(())?;
                self.bound()?;
            }
        }
        Some(())
    }

    fn bound(&mut self) -> Read {
        if self.words(&["CURRENT", "ROW"]) {
            return Some(());
        }
        if !self.words(&["UNBOUNDED"]) {
            self.operand()?;
        }
        self.any(&["PRECEDING", "FOLLOWING"]).then_some(())
    }

    /// What stands in the parentheses of a call, with the words that only few functions know.
    pub(super) fn arguments(&mut self, function: &str) -> Read {
        let has_from = FROM_INSIDE.iter().any(|known| function.eq_ignore_ascii_case(known));
        self.parens(|reader| {
            if reader.is_mark(')') {
                return Some(());
            }
            // `a.b (+)` marks an outer join.
            if reader.is_mark('+') && reader.peek_at(1)?.is_mark(')') {
                reader.step();
                return Some(());
            }
            if reader.begins_query() {
                return reader.query();
            }
            let mut from = has_from;
            if from {
                reader.many(&["BOTH", "LEADING", "TRAILING"]);
            }
            if from && reader.words(&["FROM"]) {
                from = false;
            }
            loop {
                reader.expression()?;
                if reader.words(&["AS"]) {
                    reader.type_in_cast()?;
                }
                reader.nulls();
                if reader.words(&["ORDER"]) {
                    reader.order()?;
                }
                if reader.words(&["SEPARATOR"]) || reader.words(&["LIMIT"]) {
                    reader.step();
                }
                if reader.mark(',') || reader.any(&["FOR", "PLACING", "USING"]) {
                    continue;
                }
                if from && reader.words(&["FROM"]) {
                    from = false;
                    continue;
                }
                return Some(());
            }
        })
    }

    /// The type a value is cast to, up to the end of the call, or the name of an argument.
    fn type_in_cast(&mut self) -> Read {
        loop {
            match self.peek()?.token {
                Token::Mark(')' | ',') => return Some(()),
                Token::Mark('(') => self.options()?,
                Token::Word(_) if self.is_any(NO_OPERAND) && !self.is("WITH") => return None,
                Token::Word(_) | Token::Name(_) | Token::Text(_) => self.part()?,
                Token::Number(_) | Token::Mark('[' | ']' | '.' | '<' | '>') => self.step(),
                Token::Mark(_) => return None,
            }
        }
    }
}
