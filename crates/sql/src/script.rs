//! Texts of several statements.

use phantomdb_protocol::Result;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use crate::parse::{is_word, tokens};

/// A statement of a text of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    pub sql: &'a str,
    /// Where it begins in the text, in characters from 0.
    pub offset: u64,
}

/// The statements of a text, if there are several. A semicolon within a string, a comment or a quoted name separates
/// nothing, nor does one within the body of a trigger or a routine. `BEGIN` and `COMMIT` around all of them are left out:
/// the statements are a transaction anyway.
pub fn statements(sql: &str) -> Result<Option<Vec<Part<'_>>>> {
    let has_more =
        sql.find(';').is_some_and(|at| !sql[at..].trim_matches([';', ' ', '\n', '\r', '\t']).is_empty());
    if !has_more {
        return Ok(None);
    }
    let tokens = tokens(sql)?;
    if has_body(&tokens) {
        return Ok(None);
    }
    let mut parts = Vec::new();
    let mut places = Places::new(sql);
    for statement in tokens.split(|token| token.token == Token::SemiColon) {
        let (Some(first), Some(last)) = (statement.first(), statement.last()) else { continue };
        let (start, offset) = places.find(first.span.start);
        let (end, _) = places.find(last.span.end);
        parts.push((Part { sql: sql.get(start..end).unwrap_or_default(), offset }, statement));
    }
    let [(_, first), .., (_, last)] = parts.as_slice() else { return Ok(None) };
    if is_begin(first) && is_commit(last) {
        parts.pop();
        parts.remove(0);
    }
    Ok(Some(parts.into_iter().map(|(part, _)| part).collect()))
}

/// True for a statement with a body of statements. It is not PhantomDB SQL, and is refused as the one statement that it is.
fn has_body(tokens: &[TokenWithSpan]) -> bool {
    const NOISE: [&str; 6] = ["OR", "REPLACE", "TEMP", "TEMPORARY", "CONSTRAINT", "DEFINER"];
    let mut words = tokens.iter().skip_while(|token| token.token == Token::SemiColon);
    is_word(words.next(), "CREATE")
        && words.find(|&token| !NOISE.iter().any(|word| is_word(Some(token), word))).is_some_and(|token| {
            ["TRIGGER", "FUNCTION", "PROCEDURE"].iter().any(|word| is_word(Some(token), word))
        })
}

fn is_begin(tokens: &[TokenWithSpan]) -> bool {
    match tokens {
        [begin] => is_word(Some(begin), "BEGIN"),
        [first, second] => {
            is_word(Some(first), "BEGIN") && is_transaction(second)
                || is_word(Some(first), "START") && is_word(Some(second), "TRANSACTION")
        }
        _ => false,
    }
}

fn is_commit(tokens: &[TokenWithSpan]) -> bool {
    let is_end = |token| is_word(Some(token), "COMMIT") || is_word(Some(token), "END");
    match tokens {
        [end] => is_end(end),
        [end, what] => is_end(end) && is_transaction(what),
        _ => false,
    }
}

fn is_transaction(token: &TokenWithSpan) -> bool {
    is_word(Some(token), "TRANSACTION") || is_word(Some(token), "WORK")
}

/// Finds places of a text, each behind the one before.
pub(crate) struct Places<'a> {
    rest: std::str::Chars<'a>,
    length: usize,
    line: u64,
    column: u64,
    offset: u64,
}

impl<'a> Places<'a> {
    pub(crate) fn new(sql: &'a str) -> Self {
        Self { rest: sql.chars(), length: sql.len(), line: 1, column: 1, offset: 0 }
    }

    /// The place in bytes and in characters.
    pub(crate) fn find(&mut self, at: Location) -> (usize, u64) {
        while (self.line, self.column) < (at.line, at.column) {
            let Some(character) = self.rest.next() else { break };
            self.offset += 1;
            if character == '\n' {
                (self.line, self.column) = (self.line + 1, 1);
            } else {
                self.column += 1;
            }
        }
        (self.length - self.rest.as_str().len(), self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(sql: &str) -> Vec<&str> {
        statements(sql).unwrap().unwrap_or_default().into_iter().map(|part| part.sql).collect()
    }

    #[test]
    fn a_text_of_several_statements_is_split_at_its_semicolons() {
        assert_eq!(split("SELECT 1; SELECT 2"), ["SELECT 1", "SELECT 2"]);
        assert_eq!(
            split(";;INSERT INTO t VALUES (1) ;\n\n ;DELETE FROM t;\n"),
            ["INSERT INTO t VALUES (1)", "DELETE FROM t"]
        );
        assert_eq!(
            split("SELECT 'ä;''ß' AS \"a;b\";\nSELECT 'é'\n,2;"),
            ["SELECT 'ä;''ß' AS \"a;b\"", "SELECT 'é'\n,2"]
        );
    }

    #[test]
    fn a_semicolon_within_a_string_a_comment_or_a_name_separates_nothing() {
        for sql in [
            "SELECT 1",
            "SELECT 1;",
            "SELECT 1 ; -- a; b\n /* c; d */ ;",
            "SELECT ';' -- a; b\n, \"x;y\", /* ; /* ; */ ; */ 2",
            "SELECT $$ a; b $$, $tag$ c; $$ d; $tag$, E'\\';'",
            "SELECT `a;b`",
        ] {
            assert_eq!(split(sql), [""; 0], "{sql}");
        }
    }

    #[test]
    fn the_body_of_a_trigger_or_a_routine_is_not_split() {
        for sql in [
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = 1; DELETE FROM u; END;",
            "create or replace function f() returns int language sql begin atomic select 1; select 2; end",
        ] {
            assert_eq!(split(sql), [""; 0], "{sql}");
        }
    }

    #[test]
    fn a_transaction_around_all_statements_is_left_out() {
        assert_eq!(split("BEGIN; SELECT 1; SELECT 2; COMMIT;"), ["SELECT 1", "SELECT 2"]);
        assert_eq!(split("start transaction; SELECT 1; end transaction"), ["SELECT 1"]);
        assert_eq!(split("BEGIN; SELECT 1"), ["BEGIN", "SELECT 1"]);
        assert_eq!(split("BEGIN; COMMIT"), [""; 0]);
    }

    #[test]
    fn a_part_says_where_it_begins() {
        let parts = statements("SELECT 'ä';\n  SELECT 2").unwrap().unwrap();
        assert_eq!(parts.iter().map(|part| part.offset).collect::<Vec<_>>(), [0, 14]);
    }
}
