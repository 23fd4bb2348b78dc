//! The schema of a MySQL or MariaDB database, from its information schema.

use std::collections::BTreeMap;

use mysql_async::{Conn, Result, prelude::Queryable as _};
use phantomdb_protocol::{ColumnDefinition, Constraint, IndexField, IndexSchema, Reference, TableName};

use super::{mysql_sql::quote, mysql_types::column_of, reading::action};
use crate::{
    model::{Loss, Table},
    rewrite::Words,
};

pub(super) struct Reader<'a> {
    connection: &'a mut Conn,
    /// MariaDB and MySQL write defaults and checks in different ways.
    mariadb: bool,
    pub(super) losses: Vec<Loss>,
}

/// Name, type, default, whether it may be NULL, extra, generation expression, comment.
type ColumnRow = (String, String, Option<String>, String, String, Option<String>, String);
type KeyRow = (String, String, Option<String>, Option<String>, Option<String>, Option<String>);
/// Name, not unique, column, collation (the order), prefix, kind.
type IndexRow = (String, i64, Option<String>, Option<String>, Option<i64>, String);

impl<'a> Reader<'a> {
    pub(super) fn new(connection: &'a mut Conn) -> Self {
        Self { connection, mariadb: false, losses: Vec::new() }
    }

    pub(super) async fn tables(&mut self) -> Result<Vec<Table>> {
        let version: Option<String> = self.connection.query_first("SELECT version()").await?;
        self.mariadb = version.is_some_and(|version| version.to_lowercase().contains("mariadb"));
        let listed: Vec<(String, String, Option<u64>, String)> = self
            .connection
            .query(
                "SELECT table_name, table_type, auto_increment, table_comment FROM information_schema.tables \
                 WHERE table_schema = database() ORDER BY table_name",
            )
            .await?;
        let mut tables = Vec::new();
        for (name, kind, next, comment) in listed {
            let why = match kind.as_str() {
                "BASE TABLE" | "SYSTEM VERSIONED" => None,
                "VIEW" => Some("a view is not copied; make it anew with CREATE VIEW"),
                "SEQUENCE" => {
                    Some("PhantomDB numbers the rows of a table, and has no sequences of their own")
                }
                _ => Some("PhantomDB has no such kind of table"),
            };
            if let Some(why) = why {
                self.losses.push(Loss::left_out(&name, kind.to_lowercase(), kind, why));
                continue;
            }
            if kind == "SYSTEM VERSIONED" {
                let why = "only the rows of now are copied";
                self.losses.push(Loss::left_out(&name, "history", kind, why));
            }
            let mut table = Table::new(TableName::new(name));
            table.schema.comment = Some(comment).filter(|text| !text.is_empty());
            self.columns(&mut table).await?;
            self.keys(&mut table).await?;
            self.indexes(&mut table).await?;
            self.checks(&mut table).await?;
            let count = format!("SELECT count(*) FROM {}", quote(&table.name().name));
            table.rows = self.connection.query_first(count).await?.unwrap_or(0);
            table.sequence = next.and_then(|next| i64::try_from(next).ok()).map(|next| next - 1);
            tables.push(table);
        }
        self.triggers().await?;
        Ok(tables)
    }

    async fn triggers(&mut self) -> Result<()> {
        let triggers: Vec<(String, String)> = self
            .connection
            .query(
                "SELECT trigger_name, event_object_table FROM information_schema.triggers \
                 WHERE trigger_schema = database()",
            )
            .await?;
        self.losses.extend(triggers.into_iter().map(|(name, table)| {
            Loss::left_out(table, format!("trigger \"{name}\""), "TRIGGER", "triggers are not copied")
        }));
        Ok(())
    }

    async fn columns(&mut self, table: &mut Table) -> Result<()> {
        let json: Vec<String> = if self.mariadb {
            let sql = "SELECT check_clause FROM information_schema.check_constraints \
                       WHERE constraint_schema = database() AND table_name = ?";
            self.connection.exec(sql, (&table.name().name,)).await?
        } else {
            Vec::new()
        };
        let rows: Vec<ColumnRow> = self
            .connection
            .exec(
                "SELECT column_name, column_type, column_default, is_nullable, extra, generation_expression, \
                 column_comment FROM information_schema.columns \
                 WHERE table_schema = database() AND table_name = ? ORDER BY ordinal_position",
                (&table.name().name,),
            )
            .await?;
        for (name, declared, default, nullable, extra, generated, comment) in rows {
            let is_json = json.iter().any(|check| *check == format!("json_valid({})", quote(&name)));
            let mut column = column_of(&name, &declared, is_json);
            let mut definition = ColumnDefinition::new(&name, "");
            definition.allow_null = nullable == "YES";
            definition.comment = Some(comment).filter(|text| !text.is_empty());
            let extra = extra.to_ascii_lowercase();
            definition.auto_increment = extra.contains("auto_increment");
            if extra.contains("on update") {
                self.left_out(
                    table,
                    &format!("ON UPDATE of \"{name}\""),
                    &extra,
                    "PhantomDB has no such clause",
                );
            }
            if let Some(text) = generated.filter(|text| !text.is_empty()) {
                column.generated = Words::MySql.expression(&text, &|_| true).ok();
                if column.generated.is_none() {
                    column.lossy = Some("how it is generated cannot be read; its values are copied".into());
                }
            } else if let Some(text) = default.filter(|text| text != "NULL") {
                // MySQL writes a string without its quotes.
                let is_text = !self.mariadb
                    && !extra.contains("default_generated")
                    && !text.to_ascii_uppercase().starts_with("CURRENT_TIMESTAMP");
                let text = if is_text {
                    phantomdb_sql::printer::quote_literal(&text)
                } else {
                    without_precision(&text)
                };
                column.default = Some((Words::MySql, text));
            }
            table.add_column(definition, column);
        }
        Ok(())
    }

    fn left_out(&mut self, table: &Table, what: &str, from: &str, why: &str) {
        self.losses.push(Loss::left_out(table.name(), what, from, why));
    }

    async fn keys(&mut self, table: &mut Table) -> Result<()> {
        let rows: Vec<KeyRow> = self
            .connection
            .exec(
                "SELECT k.constraint_name, k.column_name, k.referenced_table_name, k.referenced_column_name, \
                 r.update_rule, r.delete_rule FROM information_schema.key_column_usage k \
                 LEFT JOIN information_schema.referential_constraints r \
                 ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name \
                 AND r.table_name = k.table_name \
                 WHERE k.table_schema = database() AND k.table_name = ? \
                 ORDER BY k.constraint_name <> 'PRIMARY', k.constraint_name, k.ordinal_position",
                (&table.name().name,),
            )
            .await?;
        let mut by_name: Vec<(String, Vec<KeyRow>)> = Vec::new();
        for row in rows {
            match by_name.last_mut() {
                Some((name, rows)) if *name == row.0 => rows.push(row),
                _ => by_name.push((row.0.clone(), vec![row])),
            }
        }
        for (name, rows) in by_name {
            let columns: Vec<String> = rows.iter().map(|row| row.1.clone()).collect();
            let first = &rows[0];
            let constraint = match &first.2 {
                Some(parent) => Constraint::ForeignKey {
                    name: Some(name),
                    columns,
                    references: Reference {
                        table: TableName::new(parent),
                        columns: rows.iter().filter_map(|row| row.3.clone()).collect(),
                        on_update: first.4.as_deref().and_then(action),
                        on_delete: first.5.as_deref().and_then(action),
                        deferrable: false,
                        initially_deferred: false,
                    },
                },
                None if name == "PRIMARY" => {
                    table.schema.primary_key.clone_from(&columns);
                    Constraint::PrimaryKey { name: None, columns }
                }
                None => Constraint::Unique { name: Some(name), columns },
            };
            table.schema.constraints.push(constraint);
        }
        self.losses.extend(table.mark_key("AUTO_INCREMENT"));
        Ok(())
    }

    async fn indexes(&mut self, table: &mut Table) -> Result<()> {
        let rows: Vec<IndexRow> = self
            .connection
            .exec(
                "SELECT index_name, non_unique, column_name, collation, sub_part, index_type \
                 FROM information_schema.statistics WHERE table_schema = database() AND table_name = ? \
                 ORDER BY index_name, seq_in_index",
                (&table.name().name,),
            )
            .await?;
        let mut by_name: BTreeMap<String, Vec<IndexRow>> = BTreeMap::new();
        for row in rows {
            by_name.entry(row.0.clone()).or_default().push(row);
        }
        let constraints: Vec<&str> = table.schema.constraints.iter().filter_map(Constraint::name).collect();
        let mut found = Vec::new();
        for (name, rows) in by_name {
            if name == "PRIMARY" || (rows[0].1 == 0 && constraints.contains(&name.as_str())) {
                continue;
            }
            let why = if rows[0].5 != "BTREE" && rows[0].5 != "HASH" {
                Some("PhantomDB has no such index")
            } else if rows.iter().any(|row| row.4.is_some()) {
                Some("PhantomDB has no index on the beginning of a value")
            } else if rows.iter().any(|row| row.2.is_none()) {
                Some("an index on an expression is not copied from MySQL")
            } else {
                None
            };
            if let Some(why) = why {
                let what = format!("index \"{name}\"");
                self.losses.push(Loss::left_out(table.name(), what, rows[0].5.clone(), why));
                continue;
            }
            let field = |row: &IndexRow| IndexField {
                column: row.2.clone(),
                descending: row.3.as_deref() == Some("D"),
                ..IndexField::default()
            };
            found.push(IndexSchema {
                // MySQL's names are a table's own, PhantomDB's the whole database's.
                name: format!("{}_{name}", table.name().name),
                unique: rows[0].1 == 0,
                primary: false,
                fields: rows.iter().map(field).collect(),
                condition: None,
                definition: None,
            });
        }
        table.schema.indexes = found;
        Ok(())
    }

    async fn checks(&mut self, table: &mut Table) -> Result<()> {
        let sql = if self.mariadb {
            "SELECT constraint_name, check_clause FROM information_schema.check_constraints \
             WHERE constraint_schema = database() AND table_name = ?"
        } else {
            "SELECT c.constraint_name, c.check_clause FROM information_schema.check_constraints c \
             JOIN information_schema.table_constraints t ON t.constraint_schema = c.constraint_schema \
             AND t.constraint_name = c.constraint_name \
             WHERE c.constraint_schema = database() AND t.table_name = ?"
        };
        // Servers from before there were checks have no such table.
        let rows: Vec<(String, String)> =
            self.connection.exec(sql, (&table.name().name,)).await.unwrap_or_default();
        for (name, clause) in rows {
            if clause.starts_with("json_valid(") {
                continue;
            }
            match Words::MySql.expression(&clause.replace("\\'", "'"), &|_| true) {
                Ok(expression) => {
                    table.schema.constraints.push(Constraint::Check { name: Some(name), expression });
                }
                Err(error) => self.left_out(table, &format!("check \"{name}\""), &clause, &error.message),
            }
        }
        Ok(())
    }
}

/// Returns PhantomDB SQL for a default such as `current_timestamp(3)`.
fn without_precision(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("current_timestamp") || lower.starts_with("now(") {
        "CURRENT_TIMESTAMP".into()
    } else {
        text.to_owned()
    }
}
