//! `BEGIN`, `COMMIT` and `ROLLBACK`, which are calls of the contract and not statements.

use phantomdb_protocol::{Error, ErrorCode, IsolationLevel, Result};
use phantomdb_sql::parse::tokens;
use sqlparser::tokenizer::Token;

/// A statement that begins or ends a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Begin { isolation_level: Option<IsolationLevel>, read_only: bool, immediate: bool },
    Commit,
    Rollback,
}

impl Control {
    /// Reads a statement. None for one that does not begin or end a transaction. Fails for one that does, and has words
    /// that PhantomDB does not know.
    pub(crate) fn read(sql: &str) -> Result<Option<Self>> {
        let is_candidate = ["begin", "start", "commit", "end", "rollback", "abort"]
            .iter()
            .any(|word| begins_with(sql, word));
        if !is_candidate {
            return Ok(None);
        }
        let tokens = tokens(sql)?;
        let words: Vec<String> = tokens
            .iter()
            .filter(|token| token.token != Token::Comma)
            .map(|token| token.token.to_string().to_ascii_uppercase())
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["BEGIN", "TRANSACTION" | "WORK", modes @ ..]
            | ["START", "TRANSACTION", modes @ ..]
            | ["BEGIN", modes @ ..] => begin(modes).map(Some),
            ["COMMIT" | "END"] | ["COMMIT" | "END", "TRANSACTION" | "WORK"] => Ok(Some(Self::Commit)),
            ["ROLLBACK" | "ABORT"] | ["ROLLBACK" | "ABORT", "TRANSACTION" | "WORK"] => {
                Ok(Some(Self::Rollback))
            }
            // `ROLLBACK TO` is a statement, and what cannot be read is the parser's to refuse.
            _ => Ok(None),
        }
    }
}

fn begins_with(sql: &str, word: &str) -> bool {
    // A comment may stand before the word; only then the tokens have to be read to know.
    let first = sql.trim_start();
    first.starts_with("--")
        || first.starts_with("/*")
        || first.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn begin(mut modes: &[&str]) -> Result<Control> {
    let (mut isolation_level, mut read_only, mut immediate) = (None, false, false);
    loop {
        modes = match modes {
            [] => return Ok(Control::Begin { isolation_level, read_only, immediate }),
            ["ISOLATION", "LEVEL", rest @ ..] => {
                let (level, rest) = level(rest)?;
                isolation_level = Some(level);
                rest
            }
            ["READ", "ONLY", rest @ ..] => {
                read_only = true;
                rest
            }
            ["READ", "WRITE", rest @ ..] | ["DEFERRED", rest @ ..] => rest,
            ["IMMEDIATE" | "EXCLUSIVE", rest @ ..] => {
                immediate = true;
                rest
            }
            [word, ..] => return Err(unknown(word)),
        };
    }
}

fn level<'a, 'b>(words: &'a [&'b str]) -> Result<(IsolationLevel, &'a [&'b str])> {
    match words {
        ["READ", "UNCOMMITTED", rest @ ..] => Ok((IsolationLevel::ReadUncommitted, rest)),
        ["READ", "COMMITTED", rest @ ..] => Ok((IsolationLevel::ReadCommitted, rest)),
        ["REPEATABLE", "READ", rest @ ..] => Ok((IsolationLevel::RepeatableRead, rest)),
        ["SERIALIZABLE", rest @ ..] => Ok((IsolationLevel::Serializable, rest)),
        words => Err(unknown(words.first().unwrap_or(&"the end"))),
    }
}

fn unknown(word: &str) -> Error {
    let message = format!(
        "{word} cannot stand there; BEGIN takes ISOLATION LEVEL READ COMMITTED, REPEATABLE READ or SERIALIZABLE, READ \
         ONLY, READ WRITE and IMMEDIATE"
    );
    Error::new(ErrorCode::SyntaxError, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Option<Control> {
        Some(Control::Begin { isolation_level: None, read_only: false, immediate: false })
    }

    #[test]
    fn it_reads_what_begins_and_ends_a_transaction() {
        for sql in ["BEGIN", "begin transaction", "START TRANSACTION;", "BEGIN WORK", "BEGIN READ WRITE"] {
            let sql = sql.trim_end_matches(';');
            assert_eq!(Control::read(sql).unwrap(), plain(), "{sql}");
        }
        assert_eq!(
            Control::read("-- now\nBEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").unwrap(),
            Some(Control::Begin {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                read_only: true,
                immediate: false
            })
        );
        for sql in ["COMMIT", "end", "COMMIT WORK", "END TRANSACTION"] {
            assert_eq!(Control::read(sql).unwrap(), Some(Control::Commit), "{sql}");
        }
        for sql in ["ROLLBACK", "abort", "ROLLBACK WORK"] {
            assert_eq!(Control::read(sql).unwrap(), Some(Control::Rollback), "{sql}");
        }
    }

    #[test]
    fn it_leaves_other_statements_alone() {
        for sql in ["SELECT 1", "ROLLBACK TO a", "ROLLBACK TO SAVEPOINT a", "RELEASE a", "beginning", ""] {
            assert_eq!(Control::read(sql).unwrap(), None, "{sql}");
        }
    }

    #[test]
    fn it_names_the_word_that_begin_does_not_take() {
        let error = Control::read("BEGIN ISOLATION LEVEL CHAOS").unwrap_err();
        assert!(error.message.starts_with("CHAOS cannot stand there"), "{}", error.message);
    }
}
