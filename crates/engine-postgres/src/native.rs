//! Statements in PostgreSQL's own SQL. They are sent as they are, except those that would change the session: the
//! connection serves other callers afterwards, and a transaction belongs to the caller that began it.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::Kind;

use crate::adapt::{Adapted, SessionEffect, of_native};

/// The first words of statements that begin or end transactions, or leave something behind on the connection.
const REFUSED: [&str; 24] = [
    "ABORT",
    "BEGIN",
    "CLOSE",
    "COMMIT",
    "COPY",
    "DEALLOCATE",
    "DECLARE",
    "DISCARD",
    "END",
    "EXECUTE",
    "FETCH",
    "LISTEN",
    "LOAD",
    "MOVE",
    "NOTIFY",
    "PREPARE",
    "REASSIGN",
    "RELEASE",
    "RESET",
    "ROLLBACK",
    "SAVEPOINT",
    "SET",
    "START",
    "UNLISTEN",
];

/// True when the first word shows that the statement can run in a transaction.
pub(crate) fn is_transactional(sql: &str) -> bool {
    const WORDS: [&str; 8] = ["DELETE", "INSERT", "MERGE", "SELECT", "TABLE", "UPDATE", "VALUES", "WITH"];
    let (word, _) = first_word(sql);
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// `BAD_REQUEST` for a statement that must not be sent.
pub(crate) fn adapt(sql: &str) -> Result<Adapted> {
    let (word, rest) = first_word(sql);
    let word = word.to_ascii_uppercase();
    let (second, _) = first_word(rest);
    let local = word == "SET" && ["LOCAL", "CONSTRAINTS"].iter().any(|w| second.eq_ignore_ascii_case(w));
    if REFUSED.contains(&word.as_str()) && !local {
        return Err(Error::new(
            ErrorCode::BadRequest,
            format!(
                "{word} cannot be sent as a statement: the connection is shared; transactions have calls of their own"
            ),
        ));
    }
    let kind = match word.as_str() {
        "SELECT" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN" => Kind::Read,
        "WITH" if !has_write_word(rest) => Kind::Read,
        _ => Kind::Write,
    };
    Ok(Adapted { kind, session: of_native(sql, &word)?, ..native(sql) })
}

/// True when the text has one of the words that change rows.
fn has_write_word(sql: &str) -> bool {
    sql.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| ["INSERT", "UPDATE", "DELETE", "MERGE"].iter().any(|w| word.eq_ignore_ascii_case(w)))
}

/// The first word after spaces, comments, parentheses and empty statements, and the text after it.
fn first_word(sql: &str) -> (&str, &str) {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ';');
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once(['\n', '\r']).map_or("", |(_, rest)| rest);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = after_comment(comment);
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            return rest.split_at(end);
        }
    }
}

/// The text after a comment. Comments nest.
fn after_comment(comment: &str) -> &str {
    let (mut depth, mut rest) = (1_usize, comment);
    while depth > 0 {
        match (rest.find("/*"), rest.find("*/")) {
            (Some(open), Some(close)) if open < close => {
                depth += 1;
                rest = &rest[open + 2..];
            }
            (_, Some(close)) => {
                depth -= 1;
                rest = &rest[close + 2..];
            }
            (_, None) => return "",
        }
    }
    rest
}

/// A statement in PostgreSQL's own SQL, which is sent as it is.
pub(crate) fn native(sql: &str) -> Adapted {
    Adapted {
        statements: vec![sql.to_owned()],
        kind: Kind::Write,
        outside_transaction: !is_transactional(sql),
        parameter_count: 0,
        row_insert: None,
        catalog_change: None,
        probe: None,
        pure: false,
        unknown_functions: Vec::new(),
        session: SessionEffect::Changes,
        write_result: None,
        returns_given_row: false,
        new_columns: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_refuses_statements_that_change_the_session_however_they_are_written() {
        for sql in
            ["BEGIN", " commit;", "/* a /* b */ */ -- c\n rollback", ";set x = 1", "SET search_path = a"]
        {
            assert_eq!(adapt(sql).unwrap_err().code, ErrorCode::BadRequest, "{sql}");
        }
        for sql in ["SET LOCAL x = 1", "SELECT 'BEGIN'", "CREATE EXTENSION citext"] {
            assert!(adapt(sql).is_ok(), "{sql}");
        }
    }

    #[test]
    fn it_distinguishes_reads_from_writes() {
        for (sql, kind) in [
            ("(SELECT 1)", Kind::Read),
            ("WITH a AS (SELECT 1) SELECT * FROM a", Kind::Read),
            ("WITH a AS (DELETE FROM t RETURNING 1) SELECT * FROM a", Kind::Write),
            ("INSERT INTO t VALUES (1)", Kind::Write),
        ] {
            assert_eq!(adapt(sql).unwrap().kind, kind, "{sql}");
        }
    }
}
