//! The rows of `sqlite_schema`: the tables, views and indexes of a database.
//!
//! After each change of the schema, SQLite compiles a cached statement again when it next runs. So one statement reads
//! whatever a change of the schema, or a description, has to know, and Rust chooses from its rows.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2_iter;
use phantomdb_protocol::Result;
use phantomdb_sql::own_tables::OwnTable;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::error::schema_failed;

const READ: &str = "SELECT type, name, tbl_name, sql FROM sqlite_schema";

/// The kinds of objects that a name can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    Table,
    View,
    Index,
}

impl Object {
    /// The kind in a sentence.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Table => "a table",
            Self::View => "a view",
            Self::Index => "an index",
        }
    }

    fn from_type(name: &str) -> Option<Self> {
        match name {
            "table" => Some(Self::Table),
            "view" => Some(Self::View),
            "index" => Some(Self::Index),
            _ => None,
        }
    }
}

/// A table, a view or an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SchemaRow<'a> {
    pub(super) object: Object,
    /// The name in SQLite.
    pub(super) name: &'a str,
    /// The table of an index; otherwise the name itself.
    pub(super) table: &'a str,
    /// The definition; none for an index that SQLite made for a constraint.
    pub(super) sql: Option<&'a str>,
}

/// The rows as they were when they were read. They are current until the transaction in which they were read ends or changes
/// the schema.
#[derive(Debug, Default)]
pub(super) struct SchemaRows {
    /// The texts of all rows.
    text: String,
    rows: Vec<Places>,
}

/// The places of the texts of a row.
#[derive(Debug)]
struct Places {
    object: Object,
    name: Range<usize>,
    table: Range<usize>,
    sql: Option<Range<usize>>,
}

impl SchemaRows {
    /// All rows.
    pub(super) fn read(conn: &Connection) -> Result<Self> {
        Self::read_where(conn, |_| true)
    }

    /// The rows of a table or view that is named in any case, of its indexes, and of PhantomDB's own tables.
    pub(super) fn of_table(conn: &Connection, stored: &str) -> Result<Self> {
        Self::read_where(conn, |row| {
            row.table.eq_ignore_ascii_case(stored)
                || row.name.eq_ignore_ascii_case(stored)
                || OwnTable::ALL.iter().any(|own| own.name() == row.name)
        })
    }

    /// The rows for which `keep` is true. SQLite reads every row in any case, as the schema has no index.
    pub(super) fn read_where(conn: &Connection, keep: impl Fn(&SchemaRow<'_>) -> bool) -> Result<Self> {
        let read = || -> rusqlite::Result<Self> {
            let mut found = Self::default();
            let mut statement = conn.prepare_cached(READ)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (kind, name, table) = (text_at(row, 0)?, text_at(row, 1)?, text_at(row, 2)?);
                // A trigger, which another program made, has a name of its own kind.
                let (Some(object), Some(name), Some(table)) =
                    (kind.as_deref().and_then(Object::from_type), name, table)
                else {
                    continue;
                };
                let sql = text_at(row, 3)?;
                let row = SchemaRow { object, name: &name, table: &table, sql: sql.as_deref() };
                if keep(&row) {
                    found.push(&row);
                }
            }
            Ok(found)
        };
        read().map_err(|error| schema_failed(&error))
    }

    fn push(&mut self, row: &SchemaRow<'_>) {
        let mut add = |text: &str| {
            let start = self.text.len();
            self.text.push_str(text);
            start..self.text.len()
        };
        let (name, table, sql) = (add(row.name), add(row.table), row.sql.map(&mut add));
        self.rows.push(Places { object: row.object, name, table, sql });
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = SchemaRow<'_>> {
        self.rows.iter().map(|places| SchemaRow {
            object: places.object,
            name: &self.text[places.name.clone()],
            table: &self.text[places.table.clone()],
            sql: places.sql.clone().map(|sql| &self.text[sql]),
        })
    }

    /// Finds the object that has this name in any case, as SQLite looks for it.
    pub(super) fn find(&self, stored: &str) -> Option<SchemaRow<'_>> {
        self.iter().find(|row| row.name.eq_ignore_ascii_case(stored))
    }

    /// True when the database has this table of PhantomDB's own.
    pub(super) fn has(&self, table: OwnTable) -> bool {
        self.iter().any(|row| row.object == Object::Table && row.name == table.name())
    }

    /// The other tables whose definition contains this name: those that may have a foreign key to it.
    pub(super) fn mentioning<'a>(&'a self, stored: &'a str) -> impl Iterator<Item = SchemaRow<'a>> {
        self.iter().filter(move |row| {
            row.object == Object::Table
                && !row.name.eq_ignore_ascii_case(stored)
                && mentions(row.sql.unwrap_or_default(), stored)
        })
    }

    /// False when no table has a foreign key to the one of this name, nor has the table to itself.
    pub(super) fn is_mentioned(&self, stored: &str) -> bool {
        let own = self.find(stored).and_then(|row| row.sql?.split_once('('));
        self.mentioning(stored).next().is_some() || own.is_some_and(|(_, columns)| mentions(columns, stored))
    }
}

/// True when a definition, in which names may be quoted, contains this name.
fn mentions(sql: &str, stored: &str) -> bool {
    if stored.contains('"') {
        return contains_name(&sql.replace("\"\"", "\""), stored);
    }
    contains_name(sql, stored)
}

/// A text of a row. None for NULL, and for a value of another type, which another program may have written.
fn text_at<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<Option<Cow<'a, str>>> {
    Ok(match row.get_ref(column)? {
        // `from_utf8` is several times as fast as the lossy conversion, which only another program's text can need.
        ValueRef::Text(text) => {
            Some(str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed))
        }
        _ => None,
    })
}

/// True when a definition contains a name in any case, and not merely as a part of a longer name.
fn contains_name(sql: &str, name: &str) -> bool {
    let (sql, name) = (sql.as_bytes(), name.as_bytes());
    let Some(first) = name.first() else { return true };
    let in_name = |byte: Option<&u8>| {
        byte.is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
        })
    };
    memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), sql).any(|start| {
        let end = start + name.len();
        sql.get(start..end).is_some_and(|found| found.eq_ignore_ascii_case(name))
            && !in_name(start.checked_sub(1).and_then(|before| sql.get(before)))
            && !in_name(sql.get(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_and_quotes_but_not_within_a_longer_one() {
        let sql = "CREATE TABLE \"c\" (\"p_id\" INTEGER REFERENCES \"model10\" (\"id\"), q REFERENCES Über)";
        for name in ["c", "p_id", "model10", "MODEL10", "Q", "Über"] {
            assert!(contains_name(sql, name), "{name}");
        }
        for name in ["model1", "odel10", "p", "id INTEGER", "ber", "none"] {
            assert!(!contains_name(sql, name), "{name}");
        }
        for quoted in ["model1", "[model1]", "`model1`", "'model1'"] {
            assert!(
                contains_name(&format!("CREATE TABLE c (id REFERENCES {quoted}(id))"), "model1"),
                "{quoted}"
            );
        }
    }

    #[test]
    fn the_tables_that_mention_a_name_do_not_include_its_own() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE p (id INTEGER PRIMARY KEY, text TEXT UNIQUE); CREATE TABLE pp (id INTEGER);
             CREATE TABLE c (id INTEGER REFERENCES P (id)); CREATE VIEW v AS SELECT * FROM p;
             CREATE TABLE s (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES s);
             CREATE TABLE \"a\"\"b\" (id); CREATE TABLE d (id REFERENCES \"a\"\"b\")",
        )
        .unwrap();
        let rows = SchemaRows::read(&conn).unwrap();
        let mentioning = |name| rows.mentioning(name).map(|row| row.name).collect::<Vec<_>>();
        assert_eq!(mentioning("p"), ["c"]);
        assert_eq!(mentioning("a\"b"), ["d"]);
        assert_eq!(mentioning("s"), [""; 0]);
        assert!(rows.is_mentioned("p") && rows.is_mentioned("s") && rows.is_mentioned("a\"b"));
        assert!(!rows.is_mentioned("pp") && !rows.is_mentioned("c") && !rows.is_mentioned("d"));
        assert_eq!(rows.find("V").map(|row| (row.object, row.name)), Some((Object::View, "v")));
        let of_p = SchemaRows::of_table(&conn, "P").unwrap();
        assert_eq!(of_p.iter().map(|row| row.name).collect::<Vec<_>>(), ["p", "sqlite_autoindex_p_1"]);
    }
}
