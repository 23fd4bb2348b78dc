//! The schema of a SQLite file, from its pragmas and, where those say too little, from its CREATE statements.

use phantomdb_protocol::{
    ColumnDefinition, Constraint, IndexField, IndexSchema, Reference, Result, TableName,
};
use rusqlite::{Connection, OptionalExtension as _};
use sqlparser::{
    ast::{CreateTable, Statement},
    dialect::SQLiteDialect,
    parser::Parser,
};

use super::{
    reading::{action, unreadable},
    sqlite_sql::{checks, collates_without_case, generated, is_deferred, parse},
    sqlite_types::column_of,
};
use crate::{
    model::{Loss, Table},
    rewrite::Words,
};
use phantomdb_sql::printer::quote_identifier;
use phantomdb_sql::types::SqlType;

pub(super) struct Reader<'a> {
    connection: &'a Connection,
    pub(super) losses: Vec<Loss>,
}

/// A row of `pragma_table_list`.
struct Listed {
    name: String,
    kind: String,
    without_rowid: bool,
    sql: String,
}

impl<'a> Reader<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, losses: Vec::new() }
    }

    pub(super) fn tables(&mut self) -> Result<Vec<Table>> {
        let mut tables = Vec::new();
        for listed in self.listed().map_err(unreadable)? {
            let left_out = match listed.kind.as_str() {
                "table" => None,
                "view" => Some("a view is not copied; make it anew with CREATE VIEW"),
                "virtual" => Some("PhantomDB has no virtual tables"),
                _ => continue,
            };
            if let Some(why) = left_out {
                self.losses.push(Loss::left_out(&listed.name, &listed.kind, listed.kind.to_uppercase(), why));
                continue;
            }
            tables.push(self.table(&listed)?);
        }
        self.triggers().map_err(unreadable)?;
        self.dangling_keys(&mut tables);
        Ok(tables)
    }

    fn listed(&self) -> rusqlite::Result<Vec<Listed>> {
        let mut statement = self.connection.prepare(
            "SELECT l.name, l.type, l.wr, coalesce(s.sql, '') FROM pragma_table_list l \
             JOIN sqlite_schema s ON s.name = l.name AND s.type IN ('table', 'view') \
             WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             AND l.name NOT LIKE 'phantomdb\\_%' ESCAPE '\\' ORDER BY s.rowid",
        )?;
        statement
            .query_map([], |row| {
                Ok(Listed {
                    name: row.get(0)?,
                    kind: row.get(1)?,
                    without_rowid: row.get(2)?,
                    sql: row.get(3)?,
                })
            })?
            .collect()
    }

    fn triggers(&mut self) -> rusqlite::Result<()> {
        let mut statement =
            self.connection.prepare("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger'")?;
        let triggers = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
        self.losses.extend(triggers.into_iter().map(|(name, table)| {
            Loss::left_out(table, format!("trigger \"{name}\""), "TRIGGER", "triggers are not copied")
        }));
        Ok(())
    }

    fn table(&mut self, listed: &Listed) -> Result<Table> {
        let mut table = Table::new(TableName::new(&listed.name));
        let parsed = parse(&listed.sql);
        self.columns(&mut table, listed, parsed.as_ref()).map_err(unreadable)?;
        self.indexes(&mut table).map_err(unreadable)?;
        self.foreign_keys(&mut table, parsed.as_ref()).map_err(unreadable)?;
        match &parsed {
            Some(create) => checks(&mut table, create, &mut self.losses),
            None if listed.sql.to_ascii_lowercase().contains("check") => self.losses.push(Loss::left_out(
                table.name(),
                "checks",
                "CHECK",
                "the definition of the table cannot be read",
            )),
            None => {}
        }
        let count = format!("SELECT count(*) FROM {}", quote_identifier(&listed.name));
        let rows: i64 = self.connection.query_row(&count, [], |row| row.get(0)).map_err(unreadable)?;
        table.rows = rows.unsigned_abs();
        table.sequence = self.sequence(&listed.name);
        Ok(table)
    }

    fn sequence(&self, table: &str) -> Option<i64> {
        self.connection
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [table], |row| row.get(0))
            .optional()
            .ok()
            .flatten()
    }

    fn columns(
        &mut self,
        table: &mut Table,
        listed: &Listed,
        parsed: Option<&CreateTable>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(
            "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) WHERE hidden <> 1",
        )?;
        let mut keys: Vec<(i64, String)> = Vec::new();
        let mut rows = statement.query([&listed.name])?;
        let names = column_names(self.connection, &listed.name)?;
        while let Some(row) = rows.next()? {
            let (name, declared): (String, String) = (row.get(0)?, row.get(1)?);
            let (default, key, hidden): (Option<String>, i64, i64) = (row.get(3)?, row.get(4)?, row.get(5)?);
            if key > 0 {
                keys.push((key, name.clone()));
            }
            let no_case = collates_without_case(parsed, &name);
            let mut column = column_of(&declared, quote_identifier(&name), no_case);
            let mut definition = ColumnDefinition::new(&name, "");
            definition.allow_null = !row.get::<_, bool>(2)?;
            column.default =
                default.filter(|text| !text.eq_ignore_ascii_case("null")).map(|text| (Words::Sqlite, text));
            if hidden > 1 {
                let is_column = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
                column.generated = parsed
                    .and_then(|create| generated(create, &name))
                    .and_then(|mut e| Words::Sqlite.print(&mut e, &is_column).ok());
                if column.generated.is_none() {
                    column.lossy = Some("how it is generated cannot be read; its values are copied".into());
                }
            }
            table.add_column(definition, column);
        }
        keys.sort();
        self.key(table, listed, keys.into_iter().map(|(_, name)| name).collect());
        Ok(())
    }

    fn key(&mut self, table: &mut Table, listed: &Listed, key: Vec<String>) {
        if key.is_empty() {
            return;
        }
        for (definition, column) in table.schema.columns.iter_mut().zip(&table.columns) {
            if key.contains(&definition.name) {
                definition.primary_key = true;
                definition.allow_null = false;
                definition.auto_increment = key.len() == 1
                    && !listed.without_rowid
                    && column.declared.eq_ignore_ascii_case("INTEGER");
            }
        }
        table.schema.primary_key.clone_from(&key);
        table.schema.constraints.push(Constraint::PrimaryKey { name: None, columns: key });
    }

    fn indexes(&mut self, table: &mut Table) -> rusqlite::Result<()> {
        let mut statement = self
            .connection
            .prepare("SELECT name, \"unique\", origin FROM pragma_index_list(?1) ORDER BY seq DESC")?;
        let list = statement
            .query_map([&table.name().name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<Vec<(String, bool, String)>>>()?;
        for (name, unique, origin) in list {
            let fields = self.index_fields(table, &name)?;
            match origin.as_str() {
                "u" => {
                    let columns = fields.into_iter().filter_map(|field| field.column).collect();
                    table.schema.constraints.push(Constraint::Unique { name: None, columns });
                }
                "c" => self.index(table, name, unique, fields)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn index_fields(&self, table: &Table, index: &str) -> rusqlite::Result<Vec<IndexField>> {
        let mut statement = self.connection.prepare(
            "SELECT name, \"desc\", coll FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno",
        )?;
        statement
            .query_map([index], |row| {
                let (column, collation): (Option<String>, Option<String>) = (row.get(0)?, row.get(2)?);
                let ignores_case = column.as_ref().is_some_and(|column| {
                    let at = table.schema.columns.iter().position(|c| c.name == *column);
                    at.is_some_and(|at| table.columns[at].data_type() == SqlType::CiText)
                });
                let collate =
                    collation.filter(|name| name != "BINARY" && !(ignores_case && name == "NOCASE"));
                Ok(IndexField { column, descending: row.get(1)?, collate, expression: None, operator: None })
            })?
            .collect()
    }

    fn index(
        &mut self,
        table: &mut Table,
        name: String,
        unique: bool,
        mut fields: Vec<IndexField>,
    ) -> rusqlite::Result<()> {
        let sql: String = self.connection.query_row(
            "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?1",
            [&name],
            |row| row.get(0),
        )?;
        let parsed = Parser::parse_sql(&SQLiteDialect {}, &sql).ok().and_then(|mut list| list.pop());
        let plain = fields.iter().all(|field| field.column.is_some());
        let Some(Statement::CreateIndex(mut create)) = parsed else {
            if plain && !sql.to_ascii_lowercase().contains("where") {
                table.schema.indexes.push(index_schema(name, unique, fields, None));
            } else {
                let what = format!("index \"{name}\"");
                self.losses.push(Loss::left_out(table.name(), what, sql, "its definition cannot be read"));
            }
            return Ok(());
        };
        let is_column = |name: &str| table.has_column(name);
        let mut read = || {
            for (field, column) in fields.iter_mut().zip(&mut create.columns) {
                if field.column.is_none() {
                    field.expression = Some(Words::Sqlite.print(&mut column.column.expr, &is_column)?);
                }
            }
            create.predicate.as_mut().map(|expr| Words::Sqlite.print(expr, &is_column)).transpose()
        };
        let condition = match read() {
            Ok(condition) => condition,
            Err(error) => {
                let what = format!("index \"{name}\"");
                self.losses.push(Loss::left_out(table.name(), what, sql, error.message));
                return Ok(());
            }
        };
        table.schema.indexes.push(index_schema(name, unique, fields, condition));
        Ok(())
    }

    fn foreign_keys(&mut self, table: &mut Table, parsed: Option<&CreateTable>) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(
            "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete FROM pragma_foreign_key_list(?1) \
             ORDER BY id DESC, seq",
        )?;
        let mut rows = statement.query([&table.name().name])?;
        let mut last = None;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let (from, to): (String, Option<String>) = (row.get(2)?, row.get(3)?);
            if last != Some(id) {
                let references = Reference {
                    table: TableName::new(row.get::<_, String>(1)?),
                    columns: Vec::new(),
                    on_update: action(&row.get::<_, String>(4)?),
                    on_delete: action(&row.get::<_, String>(5)?),
                    deferrable: false,
                    initially_deferred: false,
                };
                let columns = Vec::new();
                table.schema.constraints.push(Constraint::ForeignKey { name: None, columns, references });
                last = Some(id);
            }
            if let Some(Constraint::ForeignKey { columns, references, .. }) =
                table.schema.constraints.last_mut()
            {
                columns.push(from);
                references.columns.extend(to);
            }
        }
        for constraint in &mut table.schema.constraints {
            if let (Constraint::ForeignKey { columns, references, .. }, Some(create)) = (constraint, parsed) {
                references.deferrable = is_deferred(create, columns);
                references.initially_deferred = references.deferrable;
            }
        }
        Ok(())
    }

    /// Removes the foreign keys that point to missing tables or to columns that are not unique.
    fn dangling_keys(&mut self, tables: &mut [Table]) {
        let known: Vec<(String, Vec<Vec<String>>)> =
            tables.iter().map(|table| (table.name().name.clone(), unique_keys(table))).collect();
        for table in tables {
            let name = table.name().clone();
            let losses = &mut self.losses;
            table.schema.constraints.retain_mut(|constraint| {
                let Constraint::ForeignKey { columns, references, .. } = constraint else { return true };
                let parent =
                    known.iter().find(|(other, _)| other.eq_ignore_ascii_case(&references.table.name));
                let why = match parent {
                    None => "the table it points to is not there",
                    Some((parent, keys)) => {
                        references.table.name.clone_from(parent);
                        if references.columns.is_empty() {
                            references.columns = keys.first().cloned().unwrap_or_default();
                        }
                        let mut sorted: Vec<String> =
                            references.columns.iter().map(|c| c.to_ascii_lowercase()).collect();
                        sorted.sort();
                        if references.columns.len() == columns.len()
                            && keys.iter().any(|key| same(key, &sorted))
                        {
                            return true;
                        }
                        "what it points to is not unique"
                    }
                };
                let what = format!("foreign key ({})", columns.join(", "));
                losses.push(Loss::left_out(&name, what, format!("REFERENCES {}", references.table), why));
                false
            });
        }
    }
}

fn same(key: &[String], sorted: &[String]) -> bool {
    let mut key: Vec<String> = key.iter().map(|column| column.to_ascii_lowercase()).collect();
    key.sort();
    key == sorted
}

/// Returns the columns of the primary key or of a unique constraint.
fn unique_keys(table: &Table) -> Vec<Vec<String>> {
    let constraints = table.schema.constraints.iter().filter_map(|constraint| match constraint {
        Constraint::PrimaryKey { columns, .. } | Constraint::Unique { columns, .. } => Some(columns.clone()),
        _ => None,
    });
    let indexes = table.schema.indexes.iter().filter(|index| index.unique && index.condition.is_none());
    let indexes = indexes.filter_map(|index| index.fields.iter().map(|field| field.column.clone()).collect());
    constraints.chain(indexes).collect()
}

fn index_schema(
    name: String,
    unique: bool,
    fields: Vec<IndexField>,
    condition: Option<String>,
) -> IndexSchema {
    IndexSchema { name, unique, primary: false, fields, condition, definition: None }
}

fn column_names(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_xinfo(?1)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}
