//! `CREATE DATABASE` and `DROP DATABASE` as tools write them. They are calls of the contract and not statements: the
//! database to run them in is not there yet, or not any more.

use crate::parse::tokens;
use phantomdb_protocol::{Call, ErrorCode, Result};
use sqlparser::tokenizer::Token;

/// The answer to such a statement, which has no rows.
const NO_ROWS: &str = r#"{"columns":[],"rows":[],"affectedRows":0}"#;

/// A statement that makes or drops a database.
#[derive(Debug, PartialEq)]
pub struct DatabaseStatement {
    /// The call that does what the statement says.
    pub call: Call,
    /// The code of the failure that means there is nothing to do.
    tolerated: Option<ErrorCode>,
}

impl DatabaseStatement {
    /// Reads a statement. None when it is another one, or has words that the calls of the contract do not have.
    pub fn read(sql: &str) -> Option<Self> {
        if !begins_like_one(sql) {
            return None;
        }
        let tokens = tokens(sql).ok()?;
        let mut tokens = tokens.iter().map(|token| &token.token).peekable();
        let creates = is_word(tokens.next(), "create");
        tokens.next();
        let has_condition = tokens.peek().is_some_and(|token| is_word(Some(token), "if"));
        if has_condition {
            let words: &[&str] = if creates { &["if", "not", "exists"] } else { &["if", "exists"] };
            if !words.iter().all(|word| is_word(tokens.next(), word)) {
                return None;
            }
        }
        let Some(Token::Word(name)) = tokens.next() else { return None };
        if !tokens.all(|token| *token == Token::SemiColon) {
            return None;
        }
        let name = name.value.clone();
        Some(if creates {
            let call = Call::CreateDatabase { name, if_not_exists: has_condition, template: None };
            Self { call, tolerated: None }
        } else {
            let tolerated = has_condition.then_some(ErrorCode::UnknownDatabase);
            Self { call: Call::DropDatabase { name }, tolerated }
        })
    }

    /// The answer to the statement, from the answer to its call.
    pub fn answer(&self, answer: Result<String>) -> Result<String> {
        match answer {
            Err(error) if self.tolerated != Some(error.code) => Err(error),
            _ => Ok(NO_ROWS.to_owned()),
        }
    }
}

/// A quick test of the first two words, since every statement is read for it.
fn begins_like_one(sql: &str) -> bool {
    let mut words = sql.split_ascii_whitespace();
    let verb = words.next().unwrap_or_default();
    (verb.eq_ignore_ascii_case("create") || verb.eq_ignore_ascii_case("drop"))
        && words.next().is_some_and(|word| word.eq_ignore_ascii_case("database"))
}

fn is_word(token: Option<&Token>, expected: &str) -> bool {
    matches!(token, Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(name: &str, if_not_exists: bool) -> Option<Call> {
        Some(Call::CreateDatabase { name: name.into(), if_not_exists, template: None })
    }

    fn call_of(sql: &str) -> Option<Call> {
        DatabaseStatement::read(sql).map(|statement| statement.call)
    }

    #[test]
    fn it_reads_both_statements_with_every_kind_of_name() {
        assert_eq!(call_of("CREATE DATABASE app"), create("app", false));
        assert_eq!(call_of(" create database \"my \"\"app\"\"\" ; "), create("my \"app\"", false));
        assert_eq!(call_of("CREATE DATABASE IF NOT EXISTS `app`;"), create("app", true));
        assert_eq!(call_of("DROP DATABASE \"if\""), Some(Call::DropDatabase { name: "if".into() }));
        let dropped = DatabaseStatement::read("drop database if exists app").unwrap();
        assert_eq!(dropped.call, Call::DropDatabase { name: "app".into() });
        assert_eq!(dropped.tolerated, Some(ErrorCode::UnknownDatabase));
    }

    #[test]
    fn it_leaves_every_other_statement_to_the_database() {
        for sql in [
            "SELECT 1",
            "",
            "CREATE TABLE database (a INTEGER)",
            "CREATE DATABASE",
            "CREATE DATABASE app CHARACTER SET utf8",
            "CREATE DATABASE a; DROP DATABASE b",
            "CREATE DATABASE IF EXISTS app",
            "DROP DATABASE IF NOT EXISTS app",
            "DROP DATABASE a, b",
            "DROP DATABASE 'app'",
            "CREATE DATABASE \"app",
        ] {
            assert_eq!(call_of(sql), None, "{sql}");
        }
    }
}
