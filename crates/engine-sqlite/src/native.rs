//! Checks native statements, which are sent to SQLite unchanged.

use phantomdb_protocol::{Error, ErrorCode, Result};

/// Pragmas that only read, or whose effect ends with the transaction.
const PRAGMAS: &[&str] = &[
    "application_id",
    "collation_list",
    "compile_options",
    "data_version",
    "defer_foreign_keys",
    "encoding",
    "foreign_key_check",
    "foreign_key_list",
    "freelist_count",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "module_list",
    "optimize",
    "page_count",
    "page_size",
    "pragma_list",
    "quick_check",
    "schema_version",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
];

/// Refuses statements that would change the connection for its next user, or that reach outside of the database.
pub(super) fn check(sql: &str) -> Result<()> {
    let mut words = Words(sql);
    let mut word = words.next().unwrap_or_default();
    if word == "EXPLAIN" {
        word = words.next().unwrap_or_default();
        if word == "QUERY" {
            words.next();
            word = words.next().unwrap_or_default();
        }
    }
    match word.as_str() {
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => Err(Error::new(
            ErrorCode::BadRequest,
            format!("{word} cannot be sent as native SQL; use PhantomDB's own transactions"),
        )),
        "ATTACH" | "DETACH" | "VACUUM" => {
            Err(Error::new(ErrorCode::Forbidden, format!("{word} is not allowed; it reaches other files")))
        }
        "PRAGMA" => {
            let mut name = words.next().unwrap_or_default().to_lowercase();
            if words.0.trim_start().starts_with('.') {
                words.0 = words.0.trim_start().trim_start_matches('.');
                name = words.next().unwrap_or_default().to_lowercase();
            }
            if PRAGMAS.contains(&name.as_str()) {
                return Ok(());
            }
            Err(Error::new(
                ErrorCode::Forbidden,
                "this PRAGMA is not allowed; it changes how the engine works",
            ))
        }
        _ => Ok(()),
    }
}

/// True for a statement that inserts, updates or deletes rows, and for one that may do so after WITH.
pub(super) fn changes_rows(sql: &str) -> bool {
    const WORDS: [&str; 5] = ["DELETE", "INSERT", "REPLACE", "UPDATE", "WITH"];
    Words(sql).next().is_some_and(|word| WORDS.contains(&word.as_str()))
}

/// The words of a statement in upper case, without comments.
struct Words<'a>(&'a str);

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            self.0 = self.0.trim_start_matches(|c: char| c.is_whitespace() || c == ';' || c == '\u{feff}');
            if let Some(comment) = self.0.strip_prefix("--") {
                self.0 = comment.split_once('\n').map_or("", |(_, rest)| rest);
            } else if let Some(comment) = self.0.strip_prefix("/*") {
                self.0 = comment.split_once("*/").map_or("", |(_, rest)| rest);
            } else {
                break;
            }
        }
        let quoted = |c: char| matches!(c, '"' | '`' | '[' | ']' | '\'');
        self.0 = self.0.trim_start_matches(quoted);
        let end = self.0.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest.trim_start_matches(quoted);
        (!word.is_empty()).then(|| word.to_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_refuses_forbidden_statements_in_every_spelling() {
        for sql in [
            "ATTACH 'x' AS y",
            "/* hi */ attach 'x' AS y",
            "-- hi\n ;BEGIN",
            "VACUUM INTO 'x'",
            "EXPLAIN QUERY PLAN ROLLBACK",
            "PRAGMA foreign_keys = OFF",
            "explain pragma main.journal_mode=delete",
            "PRAGMA \"main\".\"foreign_keys\" = 0",
            "PRAGMA /**/ main /**/ . synchronous = off",
        ] {
            assert!(check(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn it_allows_statements_that_read() {
        for sql in
            ["SELECT 1", "PRAGMA table_info(x)", "PRAGMA main.user_version", "WITH a AS (SELECT 1) SELECT 1"]
        {
            assert!(check(sql).is_ok(), "{sql}");
        }
    }
}
