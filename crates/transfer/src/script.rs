//! A file of SQL and the places of its statements.

use std::path::Path;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::script::{Part, statements};

/// The most characters of a statement that an error shows.
const EXCERPT: usize = 60;

const ADVICE: &str = "\na file of SQL must be PhantomDB SQL, as `phantomdb export` writes it; `phantomdb import` itself \
                      imports SQLite files (app.db), and PostgreSQL and MySQL (postgres://…, mysql://…)";

/// A file of SQL.
pub(crate) struct Script<'a> {
    file: &'a Path,
    text: &'a str,
    pub(crate) statements: Vec<Part<'a>>,
}

impl<'a> Script<'a> {
    pub(crate) fn read(file: &'a Path, text: &'a str) -> Result<Self> {
        let whole = Part { sql: text, offset: 0 };
        let mut script = Self { file, text, statements: Vec::new() };
        script.statements = match statements(text).map_err(|error| script.failed(&whole, error))? {
            Some(parts) => parts,
            None if text.trim().is_empty() => Vec::new(),
            None => vec![whole],
        };
        Ok(script)
    }

    /// The error of a statement with its place. Dumps of other programs are not PhantomDB SQL, so an error of what PhantomDB
    /// does not understand says what is.
    pub(crate) fn failed(&self, part: &Part<'_>, error: Error) -> Error {
        let space = part.sql.chars().take_while(|c| c.is_whitespace()).count() as u64;
        let within = error.details.position.map_or(space, |position| position.saturating_sub(1));
        let before = usize::try_from(part.offset + within).unwrap_or(usize::MAX);
        let line = 1 + self.text.chars().take(before).filter(|c| *c == '\n').count();
        let advice = match error.code {
            ErrorCode::SyntaxError | ErrorCode::Unsupported | ErrorCode::UnknownFunction => ADVICE,
            _ => "",
        };
        let excerpt = excerpt(part.sql);
        let message = format!("{}:{line}: {} in: {excerpt}{advice}", self.file.display(), error.message);
        Error { message, ..error }
    }
}

/// The beginning of the first line of a statement, without what commands a terminal.
fn excerpt(sql: &str) -> String {
    let sql = sql.trim();
    let line: String = sql.chars().take_while(|c| *c != '\n').take(EXCERPT).collect();
    let line = line.replace(char::is_control, " ");
    if line.len() < sql.len() { format!("{}…", line.trim_end()) } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_its_file_line_and_statement() {
        let text = "-- é\nCREATE TABLE t (a INTEGER);\n\nINSERT INTO t\nVALUES (1);";
        let script = Script::read("a.sql".as_ref(), text).unwrap();
        let [create, insert] = script.statements.as_slice() else { panic!() };
        let error = || Error::new(ErrorCode::UniqueViolation, "no");
        assert_eq!(script.failed(create, error()).message, "a.sql:2: no in: CREATE TABLE t (a INTEGER)");
        assert_eq!(script.failed(insert, error()).message, "a.sql:4: no in: INSERT INTO t…");
        let placed = script.failed(insert, error().with_position(15));
        assert!(placed.message.starts_with("a.sql:5: no in"), "{}", placed.message);
        let unknown = script.failed(create, Error::new(ErrorCode::SyntaxError, "no"));
        assert!(unknown.message.contains("imports SQLite files"), "{}", unknown.message);
    }

    #[test]
    fn an_error_of_a_text_that_cannot_be_split_has_its_line() {
        let open = Script::read("a.sql".as_ref(), "SELECT 1;\nSELECT 'a;\n").map(drop).unwrap_err();
        assert!(open.message.starts_with("a.sql:2: "), "{}", open.message);
    }
}
