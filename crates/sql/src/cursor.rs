//! Statements about cursors, with which a transaction reads a result in parts: `DECLARE`, `FETCH` and `CLOSE`.

use phantomdb_protocol::{Error, ErrorCode, Result};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::position::position;
use crate::{
    parse::{is_word, tokens},
    script::Places,
};

/// A statement about a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CursorStatement {
    /// `DECLARE name [INSENSITIVE] [NO SCROLL] CURSOR [WITHOUT HOLD] FOR query`
    Declare {
        name: String,
        query: String,
        /// Where the query begins in the text, in characters from 0.
        offset: u64,
    },
    /// `FETCH [FORWARD] [count | NEXT] [FROM | IN] name`
    Fetch { name: String, count: u64 },
    /// `CLOSE name`
    Close { name: String },
}

const WORDS: [&str; 3] = ["DECLARE", "FETCH", "CLOSE"];

impl CursorStatement {
    /// Reads a statement that begins with one of the three words. `None` for any other statement. Fails with `SYNTAX_ERROR`
    /// for another form than those above.
    pub fn read(sql: &str) -> Result<Option<Self>> {
        if !Self::is(sql) {
            return Ok(None);
        }
        let tokens = tokens(sql)?;
        let mut reader = Reader { sql, tokens: &tokens, next: 1 };
        if is_word(tokens.first(), "DECLARE") {
            return reader.declare().map(Some);
        }
        let statement = if is_word(tokens.first(), "FETCH") {
            reader.fetch()?
        } else {
            Self::Close { name: reader.name("CLOSE name")? }
        };
        reader.end()?;
        Ok(Some(statement))
    }

    /// True for a statement that begins with one of the three words.
    pub fn is(sql: &str) -> bool {
        let text = sql.trim_start();
        let word = text.split(|other: char| !other.is_ascii_alphabetic()).next().unwrap_or_default();
        WORDS.iter().any(|cursor| cursor.eq_ignore_ascii_case(word))
    }
}

/// The cursors that a transaction may have open. Each keeps rows, or a connection, while it is open.
pub const CURSORS_MAX: usize = 100;

/// Fails with `TOO_MANY_REQUESTS` when a transaction with so many open cursors may have no more.
pub fn check_open(count: usize) -> Result<()> {
    if count < CURSORS_MAX {
        return Ok(());
    }
    let message =
        format!("the transaction has {CURSORS_MAX} open cursors, which is the limit; CLOSE one first");
    Err(Error::new(ErrorCode::TooManyRequests, message))
}

/// The error of a statement about a cursor outside of a transaction.
pub fn outside_transaction() -> Error {
    let message = "a cursor can be used in a transaction only; begin one first";
    Error::new(ErrorCode::BadRequest, message)
}

/// The error for a name that no open cursor has.
pub fn no_cursor(name: &str) -> Error {
    let message = format!("the transaction has no open cursor \"{name}\"; DECLARE it first");
    Error::new(ErrorCode::BadRequest, message)
}

/// The error for a name that an open cursor has.
pub fn is_open(name: &str) -> Error {
    let message = format!("the transaction has an open cursor \"{name}\" already; CLOSE it first");
    Error::new(ErrorCode::BadRequest, message)
}

/// The error for a cursor on a statement that does more than read.
pub fn not_a_read() -> Error {
    Error::unsupported("a cursor on a statement that does more than read rows is not supported")
}

struct Reader<'a> {
    sql: &'a str,
    tokens: &'a [TokenWithSpan],
    next: usize,
}

const DECLARE: &str = "DECLARE name [INSENSITIVE] [NO SCROLL] CURSOR [WITHOUT HOLD] FOR query";
const FETCH: &str = "FETCH [FORWARD] [count | NEXT] [FROM | IN] name";

impl Reader<'_> {
    fn declare(&mut self) -> Result<CursorStatement> {
        let name = self.name(DECLARE)?;
        self.takes("INSENSITIVE");
        if self.takes("NO") && !self.takes("SCROLL") {
            return Err(self.refused(DECLARE));
        }
        if !self.takes("CURSOR") {
            return Err(self.refused(DECLARE));
        }
        if self.takes("WITHOUT") && !self.takes("HOLD") {
            return Err(self.refused(DECLARE));
        }
        if !self.takes("FOR") {
            return Err(self.refused(DECLARE));
        }
        let Some(first) = self.tokens.get(self.next) else { return Err(self.refused(DECLARE)) };
        let (start, offset) = Places::new(self.sql).find(first.span.start);
        let query = self.sql.get(start..).unwrap_or_default().to_owned();
        Ok(CursorStatement::Declare { name, query, offset })
    }

    fn fetch(&mut self) -> Result<CursorStatement> {
        self.takes("FORWARD");
        let count = match self.tokens.get(self.next).map(|token| &token.token) {
            Some(Token::Number(digits, _)) => {
                self.next += 1;
                digits.parse().map_err(|_| self.refused(FETCH))?
            }
            _ => {
                self.takes("NEXT");
                1
            }
        };
        let _ = self.takes("FROM") || self.takes("IN");
        Ok(CursorStatement::Fetch { name: self.name(FETCH)?, count })
    }

    fn name(&mut self, form: &str) -> Result<String> {
        match self.tokens.get(self.next).map(|token| &token.token) {
            Some(Token::Word(word)) => {
                self.next += 1;
                Ok(word.value.clone())
            }
            _ => Err(self.refused(form)),
        }
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = is_word(self.tokens.get(self.next), word);
        self.next += usize::from(is_next);
        is_next
    }

    fn end(&self) -> Result<()> {
        let mut rest = self.tokens.iter().skip(self.next);
        if rest.any(|token| token.token != Token::SemiColon) { Err(self.refused("the end")) } else { Ok(()) }
    }

    fn refused(&self, expected: &str) -> Error {
        let error = Error::new(ErrorCode::SyntaxError, format!("syntax error: expected {expected}"));
        match self.tokens.get(self.next) {
            Some(token) => error.with_position(position(self.sql, token.span.start)),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> CursorStatement {
        CursorStatement::read(sql).unwrap().unwrap()
    }

    #[test]
    fn it_reads_the_three_statements() {
        let declared = |name: &str, query: &str, offset| CursorStatement::Declare {
            name: name.into(),
            query: query.into(),
            offset,
        };
        assert_eq!(read("DECLARE c CURSOR FOR SELECT $1"), declared("c", "SELECT $1", 21));
        assert_eq!(
            read(" declare \"a b\" insensitive no scroll cursor without hold for\n SELECT 1;"),
            declared("a b", "SELECT 1;", 62)
        );
        for (sql, count) in [
            ("FETCH 20 FROM c", 20),
            ("fetch forward 20 in c;", 20),
            ("FETCH NEXT FROM c", 1),
            ("FETCH c", 1),
        ] {
            assert_eq!(read(sql), CursorStatement::Fetch { name: "c".into(), count }, "{sql}");
        }
        assert_eq!(read("CLOSE \"c\""), CursorStatement::Close { name: "c".into() });
    }

    #[test]
    fn it_leaves_other_statements_alone() {
        for sql in ["SELECT 1", "", "declared", "FETCHED c"] {
            assert_eq!(CursorStatement::read(sql).unwrap(), None, "{sql}");
        }
    }

    #[test]
    fn it_refuses_other_forms_with_their_position() {
        for (sql, position) in [
            ("DECLARE c SCROLL CURSOR FOR SELECT 1", Some(11)),
            ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", Some(18)),
            ("DECLARE c CURSOR FOR", None),
            ("FETCH BACKWARD 2 FROM c", Some(16)),
            ("FETCH -1 FROM c", Some(7)),
            ("FETCH 1 FROM c, d", Some(15)),
            ("CLOSE", None),
            ("CLOSE c d", Some(9)),
        ] {
            let refused = CursorStatement::read(sql).unwrap_err();
            assert_eq!((refused.code, refused.details.position), (ErrorCode::SyntaxError, position), "{sql}");
        }
    }
}
