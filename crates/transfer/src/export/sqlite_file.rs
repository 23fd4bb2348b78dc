//! Writes a plain SQLite file.

use phantomdb_protocol::{ColumnDefinition, Constraint, Error, Result, TableSchema, ViewDefinition};
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::ddl;
use super::partial_file::PartialFile;
use phantomdb_engine_sqlite::stored_name;
use phantomdb_sql::printer::{quote_identifier, quote_literal};
use phantomdb_sql::types::SqlType;

pub(super) struct SqliteFile {
    connection: Connection,
    file: PartialFile,
    /// The INSERT statement of the current table.
    insert: String,
}

fn failed(error: rusqlite::Error) -> Error {
    Error::internal(format!("the SQLite file cannot be written: {error}"))
}

/// Logs a part that the file cannot have: plain SQLite lacks its function or operator.
fn left_out(what: &str, error: &rusqlite::Error) {
    let error = error.to_string();
    tracing::warn!(what, error = error.lines().next(), "left out of the SQLite file");
}

impl SqliteFile {
    pub(super) fn create(path: &str) -> Result<Self> {
        let file = PartialFile::create(path)?;
        let connection = Connection::open(file.partial()).map_err(failed)?;
        connection
            .execute_batch("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF; BEGIN")
            .map_err(failed)?;
        Ok(Self { connection, file, insert: String::new() })
    }

    pub(super) fn table(&mut self, schema: &TableSchema) -> Result<()> {
        let places = vec!["?"; schema.columns.len()].join(", ");
        let table = quote_identifier(&stored_name(&schema.table));
        self.insert = format!("INSERT INTO {table} VALUES ({places})");
        let connection = &self.connection;
        match connection.execute_batch(&create_table(schema, true)?) {
            Ok(()) => Ok(()),
            Err(error) => {
                left_out(&format!("checks and defaults of \"{}\"", schema.table), &error);
                connection.execute_batch(&create_table(schema, false)?).map_err(failed)
            }
        }
    }

    pub(super) fn row(&mut self, row: &[ValueRef<'_>]) -> Result<()> {
        let mut statement = self.connection.prepare_cached(&self.insert).map_err(failed)?;
        let values = row.iter().map(|value| ToSqlOutput::Borrowed(*value));
        statement.execute(rusqlite::params_from_iter(values)).map(drop).map_err(failed)
    }

    pub(super) fn finish(self, tables: &[&TableSchema], views: &[ViewDefinition]) -> Result<()> {
        let Self { connection, file, insert: _ } = self;
        for schema in tables {
            for index in schema.indexes.iter().filter(|index| index.definition.is_some()) {
                let table = phantomdb_protocol::TableName::new(stored_name(&schema.table));
                if let Err(error) = connection.execute_batch(&ddl::create_index(&table, index)?) {
                    left_out(&format!("index \"{}\"", index.name), &error);
                }
            }
        }
        for view in views {
            tracing::warn!(view = view.name, "left out of the SQLite file, whose SQL is another one");
        }
        connection.execute_batch("COMMIT").map_err(failed)?;
        connection.close().map_err(|(_, error)| failed(error))?;
        file.keep()
    }
}

fn create_table(schema: &TableSchema, with_expressions: bool) -> Result<String> {
    let mut lines: Vec<String> =
        schema.columns.iter().map(|column| column_line(column, with_expressions)).collect();
    let identity = schema.columns.iter().any(|column| column.auto_increment);
    for constraint in &schema.constraints {
        match constraint {
            Constraint::PrimaryKey { .. } if identity => {}
            // It is the column's own.
            Constraint::Default { .. } => {}
            Constraint::Check { .. } if !with_expressions => {}
            Constraint::ForeignKey { references, .. } => {
                let mut plain = constraint.clone();
                if let Constraint::ForeignKey { references: plain, .. } = &mut plain {
                    plain.table = phantomdb_protocol::TableName::new(stored_name(&references.table));
                }
                lines.push(ddl::constraint_text(&plain)?);
            }
            constraint => lines.push(ddl::constraint_text(constraint)?),
        }
    }
    let table = quote_identifier(&stored_name(&schema.table));
    Ok(format!("CREATE TABLE {table} (\n  {}\n)", lines.join(",\n  ")))
}

fn column_line(column: &ColumnDefinition, with_expressions: bool) -> String {
    let name = quote_identifier(&column.name);
    if column.auto_increment {
        return format!("{name} INTEGER PRIMARY KEY AUTOINCREMENT");
    }
    let data_type = SqlType::parse(&column.data_type).unwrap_or(SqlType::Other(column.data_type.clone()));
    let mut line = format!("{name} {}", native_type(&data_type));
    if !column.allow_null {
        line.push_str(" NOT NULL");
    }
    if let Some(default) = column.default.as_ref().filter(|_| with_expressions) {
        let default = if default == "now()" { "CURRENT_TIMESTAMP" } else { default };
        line.push_str(&format!(" DEFAULT ({default})"));
    }
    match &data_type {
        SqlType::CiText => line.push_str(" COLLATE NOCASE"),
        SqlType::Enum(values) => {
            let values: Vec<String> = values.iter().map(|value| quote_literal(value)).collect();
            line.push_str(&format!(" CHECK ({name} IN ({}))", values.join(", ")));
        }
        _ => {}
    }
    line
}

/// Returns the type name that other programs know, where its affinity keeps the values exact.
fn native_type(data_type: &SqlType) -> String {
    match data_type {
        SqlType::CiText | SqlType::Enum(_) => "TEXT".into(),
        SqlType::Timestamp(decimals) => {
            decimals.map_or_else(|| "DATETIME".into(), |decimals| format!("DATETIME({decimals})"))
        }
        // SQLite keeps 15 digits of a number.
        SqlType::Decimal(Some((precision, _))) if *precision <= 15 => data_type.name(),
        SqlType::Decimal(_) => "DECIMAL_TEXT".into(),
        SqlType::Jsonb | SqlType::Array(_) => "JSON".into(),
        other => other.name(),
    }
}
