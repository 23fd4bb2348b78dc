//! Statements as logs show them.

use sqlparser::tokenizer::Token;

use crate::parse::tokens;

/// The first words of statements that leave the schema as it is.
const NO_CHANGE: [&str; 16] = [
    "BEGIN",
    "COMMIT",
    "DELETE",
    "END",
    "EXPLAIN",
    "INSERT",
    "MERGE",
    "RELEASE",
    "ROLLBACK",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "TABLE",
    "UPDATE",
    "VALUES",
    "WITH",
];

/// The statement without comments, with `?` in place of each literal. None for a text that is no SQL.
pub fn without_literals(sql: &str) -> Option<String> {
    let tokens = tokens(sql).ok()?;
    let mut text = String::with_capacity(sql.len().min(4096));
    for token in &tokens {
        if !text.is_empty() && !matches!(token.token, Token::Comma | Token::SemiColon | Token::RParen) {
            text.push(' ');
        }
        if is_literal(&token.token) {
            text.push('?');
        } else {
            text.push_str(&token.token.to_string());
        }
    }
    Some(text)
}

/// Everything but words, names, parameters and signs. A kind of token that is added counts as a literal until it is listed.
fn is_literal(token: &Token) -> bool {
    match token {
        Token::Word(_)
        | Token::Placeholder(_)
        | Token::Comma
        | Token::SemiColon
        | Token::LParen
        | Token::RParen
        | Token::LBracket
        | Token::RBracket
        | Token::LBrace
        | Token::RBrace
        | Token::Period
        | Token::Colon
        | Token::DoubleColon => false,
        Token::Number(_, _) => true,
        // A string, or a sign: a sign has no letters and digits.
        other => other.to_string().chars().any(|c| c.is_alphanumeric() || matches!(c, '\'' | '"')),
    }
}

/// True when a text has a statement that may change the schema, or that is none.
pub fn changes_schema(sql: &str) -> bool {
    let Ok(tokens) = tokens(sql) else { return true };
    tokens.split(|token| token.token == Token::SemiColon).any(|statement| {
        let first = statement.iter().find(|token| token.token != Token::LParen);
        match first.map(|token| &token.token) {
            None => false,
            Some(Token::Word(word)) => !NO_CHANGE.iter().any(|known| word.value.eq_ignore_ascii_case(known)),
            Some(_) => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_no_literal() {
        for (sql, shown) in [
            (
                "SELECT  *\nFROM t -- secret\nWHERE a = 'secret' AND b<1.5e3",
                "SELECT * FROM t WHERE a = ? AND b < ?",
            ),
            ("SELECT E'secret', $$secret$$, x'5ec', U&'secret', $1", "SELECT ?, ?, ?, ?, $1"),
            ("INSERT INTO \"My T\" VALUES (1, 'a''b'); ", "INSERT INTO \"My T\" VALUES ( ?, ?);"),
            ("SELECT a->>'secret', d::jsonb @> '{}' FROM t", "SELECT a ->> ?, d :: jsonb @> ? FROM t"),
        ] {
            assert_eq!(without_literals(sql).as_deref(), Some(shown), "{sql}");
        }
        assert_eq!(without_literals("SELECT 'secret"), None);
    }

    #[test]
    fn it_knows_the_statements_that_leave_the_schema_as_it_is() {
        for sql in [
            "",
            "SELECT 1",
            "(SELECT 1)",
            "/* a */ with a as (select 1) delete from t",
            "insert into t values (1);",
        ] {
            assert!(!changes_schema(sql), "{sql}");
        }
        for sql in [
            "CREATE TABLE t (a int)",
            "SELECT 1; DROP TABLE t",
            "truncate t",
            "COMMENT ON TABLE t IS ''",
            "'",
            "1",
        ] {
            assert!(changes_schema(sql), "{sql}");
        }
    }
}
