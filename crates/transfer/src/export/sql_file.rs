//! Writes PhantomDB SQL: tables, rows, then indexes, foreign keys and views.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};

use phantomdb_protocol::{ColumnDefinition, Constraint, Error, Result, TableSchema, ViewDefinition};
use rusqlite::types::ValueRef;

use super::ddl;
use super::partial_file::PartialFile;
use phantomdb_sql::printer::{quote_identifier, quote_literal};
use phantomdb_sql::{types::SqlType, views};

const ROWS_OF_A_STATEMENT: usize = 100;

pub(super) struct SqlFile {
    out: BufWriter<Box<dyn Write + Send>>,
    /// The file that is written, or none for stdout.
    file: Option<PartialFile>,
    schemas: Vec<String>,
    /// The beginning of an INSERT into the current table.
    insert: String,
    types: Vec<Option<SqlType>>,
    /// Rows of the statement that is being collected.
    rows: Vec<String>,
}

/// The message of the error that nobody reads the output any more.
pub(super) const CLOSED: &str = "the output is closed";

fn failed(error: std::io::Error) -> Error {
    if error.kind() == ErrorKind::BrokenPipe {
        return Error::internal(CLOSED);
    }
    Error::internal(format!("the output cannot be written: {error}"))
}

impl SqlFile {
    pub(super) fn create(path: &str) -> Result<Self> {
        let file = if path == "-" { None } else { Some(PartialFile::create(path)?) };
        let out: Box<dyn Write + Send> = match &file {
            None => Box::new(std::io::stdout()),
            Some(file) => Box::new(File::create(file.partial()).map_err(failed)?),
        };
        Ok(Self {
            out: BufWriter::new(out),
            file,
            schemas: Vec::new(),
            insert: String::new(),
            types: Vec::new(),
            rows: Vec::new(),
        })
    }

    pub(super) fn table(&mut self, schema: &TableSchema) -> Result<()> {
        self.flush_rows()?;
        // None for a generated column: an INSERT gives it no value.
        let stored = |column: &ColumnDefinition| match column.generated {
            Some(_) => Ok(None),
            None => SqlType::parse(&column.data_type).map(Some),
        };
        self.types = schema.columns.iter().map(stored).collect::<Result<_>>()?;
        let columns = schema.columns.iter().filter(|column| column.generated.is_none());
        let columns = ddl::names(columns.map(|column| &column.name));
        self.insert = format!("INSERT INTO {} ({columns})", ddl::table_name(&schema.table));
        if let Some(name) = schema.table.schema.as_ref().filter(|name| !self.schemas.contains(name)) {
            writeln!(self.out, "CREATE SCHEMA {};", quote_identifier(name)).map_err(failed)?;
            self.schemas.push(name.clone());
        }
        writeln!(self.out, "{};", ddl::create_table(schema, &ddl::generated(schema), |_| false)?)
            .map_err(failed)
    }

    pub(super) fn row(&mut self, row: &[ValueRef<'_>]) -> Result<()> {
        let values: Vec<String> = row
            .iter()
            .zip(&self.types)
            .filter_map(|(v, t)| Some(literal(*v, t.as_ref()?)))
            .collect::<Result<_>>()?;
        self.rows.push(format!("({})", values.join(", ")));
        if self.rows.len() == ROWS_OF_A_STATEMENT { self.flush_rows() } else { Ok(()) }
    }

    fn flush_rows(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "{} VALUES\n{};", self.insert, self.rows.join(",\n")).map_err(failed)?;
        self.rows.clear();
        Ok(())
    }

    pub(super) fn finish(mut self, tables: &[&TableSchema], views: &[ViewDefinition]) -> Result<()> {
        self.flush_rows()?;
        for schema in tables {
            for index in schema.indexes.iter().filter(|index| index.definition.is_some()) {
                writeln!(self.out, "{};", ddl::create_index(&schema.table, index)?).map_err(failed)?;
            }
            for comment in ddl::comments(schema)? {
                writeln!(self.out, "{comment};").map_err(failed)?;
            }
        }
        for schema in tables {
            for constraint in &schema.constraints {
                if let Constraint::ForeignKey { .. } = constraint {
                    let text = ddl::constraint_text(constraint)?;
                    writeln!(self.out, "ALTER TABLE {} ADD {text};", ddl::table_name(&schema.table))
                        .map_err(failed)?;
                }
            }
        }
        for view in views.iter().filter(|view| view.query.is_none()) {
            tracing::warn!(view = view.name, "left out of the SQL, because it is not in PhantomDB SQL");
        }
        write!(self.out, "{}", views::sql_text(views)).map_err(failed)?;
        self.out.flush().map_err(failed)?;
        self.file.map_or(Ok(()), PartialFile::keep)
    }
}

fn literal(value: ValueRef<'_>, data_type: &SqlType) -> Result<String> {
    Ok(match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(0) if *data_type == SqlType::Boolean => "false".into(),
        ValueRef::Integer(_) if *data_type == SqlType::Boolean => "true".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) if number.is_infinite() => {
            quote_literal(if number > 0.0 { "Infinity" } else { "-Infinity" })
        }
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text)
                .map_err(|_| Error::unsupported("a text is not UTF-8; export to a SQLite file instead"))?;
            quote_literal(text)
        }
        ValueRef::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("X'{digits}'")
        }
    })
}
