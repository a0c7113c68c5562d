//! What stands in `FROM`.

use super::super::lexer::Token;
use super::super::words::{CLAUSES, JOINS};
use super::Read;
use super::reader::Reader;

impl Reader<'_, '_> {
    /// Tables with commas and joins between them.
    pub(super) fn tables(&mut self) -> Read {
        self.list(|reader| {
            reader.table()?;
            loop {
                if reader.words(&["ON"]) {
                    reader.expression()?;
                } else if reader.words(&["USING"]) {
                    reader.names()?;
                } else if reader.words(&["LATERAL", "VIEW"]) {
                    reader.words(&["OUTER"]);
                    reader.expression()?;
                    reader.alias()?;
                    if reader.words(&["AS"]) {
                        reader.list(Self::part)?;
                    }
                } else if reader.joins() {
                    reader.table()?;
                } else {
                    return Some(());
                }
            }
        })
    }

    /// Steps over the words of a join, if one stands here.
    fn joins(&mut self) -> bool {
        let mut steps = 0;
        while self.peek_at(steps).is_some_and(|token| token.is_any(JOINS)) {
            steps += 1;
        }
        let joins = self
            .peek_at(steps)
            .is_some_and(|token| token.is_any(&["JOIN", "STRAIGHT_JOIN"]) || (token.is_word("APPLY") && steps > 0));
        for _ in 0..if joins { steps + 1 } else { 0 } {
            self.step();
        }
        joins
    }

    fn table(&mut self) -> Read {
        self.words(&["LATERAL"]);
        if self.is_mark('(') {
            self.parens(|reader| {
                if reader.begins_query() {
                    return reader.query();
                }
                reader.tables()?;
                // What stood there may have been the first block of a query.
                reader.rest_of_query()
            })?;
        } else if self.is("VALUES") {
            return None;
        } else if self.is("TABLE") && self.peek_at(1)?.is_mark('(') {
            self.step();
            self.arguments("TABLE")?;
        } else {
            if self.is("ONLY")
                && self.peek_at(1).is_some_and(|next| matches!(next.token, Token::Word(_) | Token::Name(_)))
            {
                self.step();
            }
            (!self.is_any(CLAUSES)).then_some(())?;
            self.relation()?;
            if self.is_mark('(') {
                self.arguments("")?;
            }
        }
        self.suffixes()
    }

    /// What may follow a table, before and after its alias.
    fn suffixes(&mut self) -> Read {
        let mut named = false;
        loop {
            if self.words(&["WITH", "ORDINALITY"]) || self.any(&["FINAL"]) {
                continue;
            }
            if self.words(&["WITH", "OFFSET"]) {
                self.alias()?;
            } else if self.is("WITH") && self.peek_at(1)?.is_mark('(') {
                self.step();
                self.options()?;
            } else if self.any(&["TABLESAMPLE", "SAMPLE"]) {
                self.any(&["BERNOULLI", "SYSTEM", "RESERVOIR", "ROW", "BLOCK"]);
                self.options()?;
                if self.any(&["REPEATABLE", "SEED"]) {
                    self.options()?;
                }
            } else if self.is_any(&["PIVOT", "UNPIVOT", "PARTITION", "AT", "BEFORE"]) && self.peek_at(1)?.is_mark('(') {
                self.step();
                self.options()?;
                named = false;
            } else if self.is("FOR") && self.peek_at(1)?.is_any(&["SYSTEM_TIME", "VERSION", "TIMESTAMP"]) {
                self.step();
                self.step();
                self.words(&["AS"]).then_some(())?;
                self.words(&["OF"]).then_some(())?;
                self.expression()?;
            } else if self.is_any(&["USE", "FORCE", "IGNORE"]) && self.peek_at(1)?.is_any(&["INDEX", "KEY"]) {
                self.step();
                self.step();
                self.options()?;
            } else if !named && self.aliased()? {
                named = true;
            } else {
                return Some(());
            }
        }
    }

    /// The alias of a table, with names of its columns and their types.
    fn aliased(&mut self) -> Read<bool> {
        let bare = self.peek().is_some_and(|token| matches!(token.token, Token::Word(_) | Token::Name(_)));
        if !self.is("AS") && (!bare || self.is_any(CLAUSES)) {
            return Some(false);
        }
        self.alias()?;
        if self.is_mark('(') {
            self.options()?;
        }
        Some(true)
    }
}
