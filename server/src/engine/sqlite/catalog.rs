//! Reads what SQLite knows of tables.

use phantomdb_protocol::{Constraint, Error, ErrorCode, Reference, Result, TableName, TableSchema};
use rusqlite::Connection;

pub fn read_table(conn: &Connection, table: &TableName) -> Result<TableSchema> {
    let sql: String = conn
        .query_row(
            "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [table.to_string()],
            |r| r.get(0),
        )
        .map_err(|_| Error::new(ErrorCode::UnknownTable, format!("there is no table \"{table}\"")))?;
    let mut constraints = Vec::new();
    for part in sql.split("CONSTRAINT \"").skip(1) {
        let mut words = part.split('"');
        let name = words.next().map(str::to_owned);
        let rest: Vec<String> = words.map(str::to_owned).collect();
        if rest[0].contains("UNIQUE") {
            constraints.push(Constraint::Unique {
                name,
                columns: rest[1..].iter().step_by(2).take_while(|w| *w != ")").cloned().collect(),
            });
        } else if rest[0].contains("FOREIGN KEY") {
            constraints.push(Constraint::ForeignKey {
                name,
                columns: vec![rest[1].clone()],
                references: Reference {
                    table: TableName::new(rest[3].clone()),
                    columns: vec![rest[5].clone()],
                    on_delete: None,
                    on_update: None,
                    deferrable: false,
                    initially_deferred: false,
                },
            });
        }
    }
    Ok(TableSchema {
        table: table.clone(),
        columns: Vec::new(),
        primary_key: Vec::new(),
        constraints,
        indexes: Vec::new(),
        comment: None,
    })
}

pub fn list_tables(conn: &Connection) -> Result<Vec<TableName>> {
    let mut statement = conn
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
        )
        .map_err(|e| Error::internal(e.to_string()))?;
    let names = statement.query_map([], |r| r.get(0)).map_err(|e| Error::internal(e.to_string()))?;
    Ok(names.flatten().map(|n: String| TableName::new(n)).collect())
}
