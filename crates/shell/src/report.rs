//! An error of a statement, with its place in the statement and what is there instead.

use std::fmt::Write as _;

use phantomdb_protocol::{Error, ErrorCode};
use phantomdb_sql::{parse::tokens, position::position_of};
use sqlparser::tokenizer::Token;

use crate::{
    connection::{Connection, is_cancelled},
    format::{harmless, width},
    names::{as_sql, listed, nearest, table_as_sql, table_name},
    style::{BOLD, RED, paint},
};

/// The most columns of a line of a statement that are shown around its error.
const EXCERPT: usize = 76;

/// The text of an error for the user. `place` says where the statement comes from, as `FILE:3`.
pub(crate) fn text(
    connection: &Connection,
    error: &Error,
    sql: &str,
    place: Option<&str>,
    has_colours: bool,
) -> String {
    let mut text = String::new();
    if let Some(place) = place {
        text = format!("{place}: ");
    }
    if is_cancelled(error) {
        return text + &error.message;
    }
    let code = code_name(error.code);
    let head = paint("error:", RED, has_colours);
    // Writing to a string does not fail.
    let _ = write!(text, "{head} {} ({code})", harmless(&error.message));
    if let Some(position) = place_of(error, sql).and_then(|at| usize::try_from(at).ok()) {
        text.push_str(&excerpt(sql, position, has_colours));
    }
    if let Some(hint) = hint(connection, error, sql) {
        let _ = write!(text, "\n{} {}", paint("hint:", BOLD, has_colours), harmless(&hint));
    }
    if let Some(id) = error.request_id.as_ref().filter(|_| error.code == ErrorCode::Internal) {
        let _ = write!(text, "\nThe log of the server has more under the request id {}.", harmless(id));
    }
    text
}

fn code_name(code: ErrorCode) -> String {
    serde_json::to_string(&code)
        .map_or_else(|_| format!("{code:?}"), |name| name.trim_matches('"').to_owned())
}

/// The place of an error in its statement, in characters from 1. PostgreSQL names an unknown column or table and gives no
/// place in the statement that was sent; the place is then that of the name, if the statement has it once.
fn place_of(error: &Error, sql: &str) -> Option<u64> {
    let name = match error.code {
        _ if error.details.position.is_some() => return error.details.position,
        ErrorCode::UnknownColumn => error.details.columns.first()?,
        ErrorCode::UnknownTable => error.details.table.as_ref()?,
        _ => return None,
    };
    let tokens = tokens(sql).ok()?;
    let mut named =
        tokens.iter().filter(|token| matches!(&token.token, Token::Word(word) if word.value == *name));
    let only = named.next().filter(|_| named.next().is_none())?;
    position_of(sql, only.span)
}

/// The line of the statement with the error, and a caret below the place. `position` is in characters, from 1.
fn excerpt(sql: &str, position: usize, has_colours: bool) -> String {
    let at = position.saturating_sub(1);
    let before: String = sql.chars().take(at).collect();
    let line_number = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let left = shown(&before[start..]);
    let right: String = sql[before.len()..].chars().take_while(|c| *c != '\n').collect();
    let right = shown(&right);
    let left = last_columns(&left, EXCERPT / 2);
    let room = EXCERPT.saturating_sub(width(&left));
    let right = first_columns(&right, room);
    let has_lines = sql.trim_end().contains('\n');
    let label = if has_lines { format!("line {line_number}: ") } else { "  ".to_owned() };
    let space = " ".repeat(width(&label) + width(&left));
    format!("\n{label}{left}{right}\n{space}{}", paint("^", RED, has_colours))
}

/// A part of a line without tabs, whose width nobody knows, and without what commands a terminal.
fn shown(text: &str) -> String {
    harmless(&text.replace('\t', "    ").replace('\r', "")).into_owned()
}

fn first_columns(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if width(&kept) + 2 > columns {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

fn last_columns(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let reversed: String = text.chars().rev().collect();
    first_columns(&reversed, columns).chars().rev().collect()
}

/// What does here what a statement of another database does.
fn command_instead(sql: &str) -> Option<&'static str> {
    let mut words = sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let mut word = || words.next().unwrap_or_default().to_ascii_uppercase();
    Some(match (word().as_str(), word().as_str()) {
        ("SHOW", "TABLES") | ("PRAGMA", "TABLE_LIST") => "the shell has .tables, which lists the tables",
        ("SHOW", "DATABASES" | "SCHEMAS") | ("PRAGMA", "DATABASE_LIST") => {
            "the shell has .databases, which lists the databases"
        }
        ("SHOW", "CREATE") => "the shell has .schema TABLE, which shows the SQL that makes a table",
        ("SHOW", "INDEX" | "INDEXES" | "KEYS") | ("PRAGMA", "INDEX_LIST" | "INDEX_INFO" | "INDEX_XINFO") => {
            "the shell has .indexes TABLE, which lists the indexes"
        }
        ("SHOW", "COLUMNS" | "FIELDS")
        | ("PRAGMA", "TABLE_INFO" | "TABLE_XINFO" | "FOREIGN_KEY_LIST")
        | ("DESCRIBE" | "DESC", _) => {
            "the shell has .describe TABLE, which shows the columns and keys of a table"
        }
        ("USE", _) => "the shell has .use DATABASE, which chooses a database",
        ("VACUUM", _) => {
            "outside of the shell, `phantomdb compact` gives the space of deleted rows back to the system"
        }
        _ => return None,
    })
}

/// What the user may have meant, or what there is.
fn hint(connection: &Connection, error: &Error, sql: &str) -> Option<String> {
    if let Some(instead) = command_instead(sql) {
        return Some(instead.to_owned());
    }
    match error.code {
        ErrorCode::UnknownColumn => columns_hint(connection, error, sql),
        ErrorCode::UnknownTable => tables_hint(connection, error),
        ErrorCode::UnknownFunction => functions_hint(error, sql),
        ErrorCode::TransactionExpired => Some("the transaction was rolled back".to_owned()),
        ErrorCode::TooLarge if error.message.contains("result") => {
            Some("LIMIT takes fewer rows, and a list of columns less of each".to_owned())
        }
        _ => None,
    }
}

/// The name that the error is about: the one that it names, or the word at its place.
fn culprit(error: &Error, sql: &str) -> Option<String> {
    if let Some(column) = error.details.columns.first() {
        return Some(column.clone());
    }
    let at = usize::try_from(error.details.position?).ok()?.checked_sub(1)?;
    let word: String =
        sql.chars().skip(at).take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '"')).collect();
    Some(word.trim_matches('"').to_owned()).filter(|word| !word.is_empty())
}

fn columns_hint(connection: &Connection, error: &Error, sql: &str) -> Option<String> {
    let name = culprit(error, sql)?;
    let tables = match &error.details.table {
        Some(table) => vec![table_name(table)?],
        None => crate::complete::mentioned_tables(sql, &connection.relations().ok()?),
    };
    let schemas: Vec<_> = tables.iter().filter_map(|table| connection.describe(table).ok()).collect();
    let columns =
        || schemas.iter().flat_map(|schema| schema.columns.iter().map(|column| column.name.as_str()));
    if let Some(unquoted) = place_of(error, sql).and_then(|at| unquoted(sql, at, columns())) {
        return Some(format!("did you mean {}? such a name needs its quotes", as_sql(unquoted)));
    }
    if let Some(nearest) = nearest(&name, columns()) {
        return Some(format!("did you mean \"{nearest}\"?"));
    }
    let lists: Vec<String> = schemas
        .iter()
        .map(|schema| {
            let columns: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
            format!("{} has {}", table_as_sql(&schema.table), listed(columns.into_iter()))
        })
        .collect();
    (!lists.is_empty()).then(|| lists.join("; "))
}

/// The longest name that stands at a place of a statement without the quotes that it needs: `E-Mail` is a subtraction.
fn unquoted<'a>(sql: &str, position: u64, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let before = usize::try_from(position).ok()?.checked_sub(1)?;
    let rest: String = sql.chars().skip(before).flat_map(char::to_lowercase).collect();
    let ends = |name: &str| !rest[name.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let stands = |name: &&str| {
        let lower = name.to_lowercase();
        as_sql(name) != **name && rest.starts_with(&lower) && ends(&lower)
    };
    names.filter(stands).max_by_key(|name| name.len())
}

fn tables_hint(connection: &Connection, error: &Error) -> Option<String> {
    let tables: Vec<String> = connection.relations().ok()?.iter().map(table_as_sql).collect();
    if tables.is_empty() {
        return Some("the database has no tables yet".to_owned());
    }
    let named = error.details.table.as_deref().unwrap_or_default();
    match nearest(named, tables.iter().map(String::as_str)) {
        Some(nearest) => Some(format!("did you mean {nearest}?")),
        None => Some(format!("there are {}", listed(tables.iter().map(String::as_str)))),
    }
}

fn functions_hint(error: &Error, sql: &str) -> Option<String> {
    let named = culprit(error, sql)?;
    let all: Vec<&str> = crate::keywords::functions().collect();
    if all.iter().any(|name| name.eq_ignore_ascii_case(&named)) {
        return None;
    }
    nearest(&named, all.into_iter()).map(|nearest| format!("did you mean {nearest}()?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_a_place_is_at_the_name_that_it_gives() {
        let column = |name: &str| Error::new(ErrorCode::UnknownColumn, "").with_columns([name]);
        assert_eq!(place_of(&column("nmae"), "SELECT\n \"nmae\" FROM users"), Some(9));
        assert_eq!(place_of(&column("a"), "SELECT 'a', a FROM t"), Some(13));
        assert_eq!(place_of(&column("a"), "SELECT a FROM t WHERE a = 1"), None);
        let table = Error::new(ErrorCode::UnknownTable, "").with_table("usres");
        assert_eq!(place_of(&table, "DELETE FROM usres"), Some(13));
        assert_eq!(place_of(&table.with_position(3), "DELETE FROM usres"), Some(3));
    }

    #[test]
    fn a_name_without_its_quotes_is_recognised_at_its_place() {
        let names = || ["extra", "E-Mail", "E-Mail 2", "e", "Straße Nr"].into_iter();
        assert_eq!(unquoted("SELECT E-Mail FROM Kunde", 8, names()), Some("E-Mail"));
        assert_eq!(unquoted("SELECT e-mail 2 FROM Kunde", 8, names()), Some("E-Mail 2"));
        assert_eq!(unquoted("SELECT Straße nr", 8, names()), Some("Straße Nr"));
        for other in ["SELECT E-Mails", "SELECT E", "SELECT extra", "SELECT x"] {
            assert_eq!(unquoted(other, 8, names()), None, "{other}");
        }
        assert_eq!(unquoted("SELECT 1", 99, names()), None);
    }

    #[test]
    fn statements_of_other_databases_have_their_command() {
        for (sql, command) in [
            ("PRAGMA table_info(users)", ".describe TABLE"),
            ("pragma Table_Info('users');", ".describe TABLE"),
            ("PRAGMA foreign_key_list(users)", ".describe TABLE"),
            ("PRAGMA index_list(users)", ".indexes TABLE"),
            ("VACUUM;", "`phantomdb compact`"),
            ("vacuum full users", "`phantomdb compact`"),
            ("DESC users", ".describe TABLE"),
            ("SHOW TABLES;", ".tables"),
        ] {
            assert!(command_instead(sql).is_some_and(|text| text.contains(command)), "{sql}");
        }
        assert_eq!(command_instead("SELECT 1"), None);
        assert_eq!(command_instead(""), None);
    }

    #[test]
    fn the_caret_is_below_the_place() {
        assert_eq!(excerpt("SELECT nmae FROM users", 8, false), "\n  SELECT nmae FROM users\n         ^");
        assert_eq!(excerpt("SELECT '日本', x", 14, false), "\n  SELECT '日本', x\n                 ^");
        assert_eq!(excerpt("SELECT 1,\n\tx\nFROM t", 12, false), "\nline 2:     x\n            ^");
        assert_eq!(excerpt("SELECT 1 +", 11, false), "\n  SELECT 1 +\n            ^");
        assert_eq!(excerpt("", 9, false), "\n  \n  ^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let sql = format!("SELECT {}, x, {}", "a".repeat(200), "b".repeat(200));
        let text = excerpt(&sql, 210, false);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert!(lines[0].starts_with("  …aa") && lines[0].ends_with("bb…"), "{text}");
        let at = lines[1].chars().count() - 1;
        assert_eq!(lines[0].chars().nth(at), Some('x'), "{text}");
    }

    #[test]
    fn a_control_character_before_the_place_moves_the_caret() {
        let text = excerpt("SELECT '\u{1b}[2J', x", 16, false);
        assert!(!text.contains('\u{1b}'));
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(lines[0].chars().nth(lines[1].chars().count() - 1), Some('x'), "{text}");
    }
}
