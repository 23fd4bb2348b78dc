//! PhantomDB SQL: tables, rows, and then what would be in the way of rows.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};

use phantomdb_protocol::{Constraint, Error, Result, TableSchema};
use rusqlite::types::Value;

use super::ddl;
use crate::engine::sqlite::{SqlType, quote_identifier, quote_literal};

const ROWS_OF_A_STATEMENT: usize = 100;

pub(super) struct SqlFile {
    out: BufWriter<Box<dyn Write + Send>>,
    schemas: Vec<String>,
}

fn failed(error: std::io::Error) -> Error {
    Error::internal(format!("the output cannot be written: {error}"))
}

impl SqlFile {
    pub(super) fn create(path: &str) -> Result<Self> {
        let out: Box<dyn Write + Send> = if path == "-" {
            Box::new(std::io::stdout())
        } else {
            Box::new(OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?)
        };
        Ok(Self { out: BufWriter::new(out), schemas: Vec::new() })
    }

    pub(super) fn table(&mut self, schema: &TableSchema) -> Result<()> {
        if let Some(name) = schema.table.schema.as_ref().filter(|name| !self.schemas.contains(name)) {
            writeln!(self.out, "CREATE SCHEMA {};", quote_identifier(name)).map_err(failed)?;
            self.schemas.push(name.clone());
        }
        writeln!(self.out, "{};", ddl::create_table(schema, &[], |_| false)).map_err(failed)
    }

    pub(super) fn rows(&mut self, schema: &TableSchema, rows: &[Vec<Value>]) -> Result<()> {
        let types: Vec<SqlType> =
            schema.columns.iter().map(|column| SqlType::parse(&column.data_type)).collect::<Result<_>>()?;
        let columns = ddl::names(schema.columns.iter().map(|column| &column.name));
        for rows in rows.chunks(ROWS_OF_A_STATEMENT) {
            let rows: Vec<String> = rows
                .iter()
                .map(|row| {
                    let values: Vec<String> = row.iter().zip(&types).map(|(v, t)| literal(v, t)).collect();
                    format!("({})", values.join(", "))
                })
                .collect();
            let table = ddl::table_name(&schema.table);
            writeln!(self.out, "INSERT INTO {table} ({columns}) VALUES\n{};", rows.join(",\n"))
                .map_err(failed)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self, tables: &[&TableSchema]) -> Result<()> {
        for schema in tables {
            for index in schema.indexes.iter().filter(|index| index.definition.is_some()) {
                writeln!(self.out, "{};", ddl::create_index(&schema.table, index)).map_err(failed)?;
            }
            for comment in ddl::comments(schema) {
                writeln!(self.out, "{comment};").map_err(failed)?;
            }
        }
        for schema in tables {
            for constraint in &schema.constraints {
                if let (Constraint::ForeignKey { .. }, Some(text)) =
                    (constraint, ddl::constraint_text(constraint))
                {
                    writeln!(self.out, "ALTER TABLE {} ADD {text};", ddl::table_name(&schema.table))
                        .map_err(failed)?;
                }
            }
        }
        self.out.flush().map_err(failed)
    }
}

fn literal(value: &Value, data_type: &SqlType) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Integer(0) if *data_type == SqlType::Boolean => "false".into(),
        Value::Integer(_) if *data_type == SqlType::Boolean => "true".into(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) if number.is_infinite() => {
            quote_literal(if *number > 0.0 { "Infinity" } else { "-Infinity" })
        }
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => quote_literal(text),
        Value::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("X'{digits}'")
        }
    }
}
