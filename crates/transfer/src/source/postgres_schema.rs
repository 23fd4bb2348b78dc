//! The schema of a PostgreSQL database, from its catalog.

use phantomdb_protocol::{
    ColumnDefinition, Constraint, IndexField, IndexSchema, Reference, ReferentialAction, Result, TableName,
};
use tokio_postgres::{Client, Row};

use super::{
    postgres_sql::{qualified_name, read_error},
    postgres_types::{Described, column_of},
};
use crate::{
    model::{Loss, Table},
    rewrite::Words,
};

const RELATIONS: &str = "
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname";

const COLUMNS: &str = "
SELECT a.attname::text,
  CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) ELSE format_type(a.atttypid, a.atttypmod) END,
  CASE WHEN t.typtype = 'd' THEN t.typname::text END,
  ARRAY(SELECT e.enumlabel::text FROM pg_enum e
        WHERE e.enumtypid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END ORDER BY e.enumsortorder),
  a.attnotnull OR t.typnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
  col_description(a.attrelid, a.attnum)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const CONSTRAINTS: &str = "
SELECT k.conname::text, k.contype::text,
  ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, i)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i),
  n.nspname::text, c.relname::text,
  ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, i)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i),
  k.confupdtype::text, k.confdeltype::text, k.condeferrable, k.condeferred,
  pg_get_expr(k.conbin, k.conrelid), pg_get_constraintdef(k.oid)
FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.confrelid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.conrelid = $1 AND k.contype <> 'n' AND k.conparentid = 0 ORDER BY k.contype <> 'p', k.conname";

const INDEXES: &str = "
SELECT c.relname::text, i.indisunique, m.amname::text, pg_get_expr(i.indpred, i.indrelid), pg_get_indexdef(c.oid),
  ARRAY(SELECT a.attname::text FROM generate_series(0, i.indnkeyatts - 1) s
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[s] ORDER BY s),
  ARRAY(SELECT pg_get_indexdef(c.oid, s + 1, true) FROM generate_series(0, i.indnkeyatts - 1) s ORDER BY s),
  ARRAY(SELECT i.indoption[s] & 1 = 1 FROM generate_series(0, i.indnkeyatts - 1) s ORDER BY s),
  i.indnatts > i.indnkeyatts
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
WHERE i.indrelid = $1 AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
ORDER BY c.relname";

pub(super) struct Reader<'a> {
    client: &'a Client,
    pub(super) losses: Vec<Loss>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client, losses: Vec::new() }
    }

    pub(super) async fn tables(&mut self) -> Result<Vec<Table>> {
        let mut tables = Vec::new();
        for row in self.client.query(RELATIONS, &[]).await.map_err(read_error)? {
            let (oid, schema, name, kind): (u32, String, String, String) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            let name = table_name(name, schema);
            let left_out = match kind.as_str() {
                "v" => Some(("view", "a view is not copied; make it anew with CREATE VIEW")),
                "m" => Some(("materialized view", "PhantomDB has none")),
                "f" => Some(("foreign table", "PhantomDB has none")),
                _ => None,
            };
            if let Some((kind, why)) = left_out {
                self.losses.push(Loss::left_out(&name, kind, kind.to_uppercase(), why));
                continue;
            }
            let mut table = Table::new(name);
            table.schema.comment = row.get(4);
            self.columns(&mut table, oid).await?;
            self.constraints(&mut table, oid).await?;
            self.indexes(&mut table, oid).await?;
            self.triggers(&table, oid).await?;
            self.rows(&mut table).await?;
            tables.push(table);
        }
        Ok(tables)
    }

    async fn rows(&self, table: &mut Table) -> Result<()> {
        let from = qualified_name(table);
        let counted =
            self.client.query_one(&format!("SELECT count(*) FROM {from}"), &[]).await.map_err(read_error)?;
        table.rows = counted.get::<_, i64>(0).unsigned_abs();
        let identity = table.schema.columns.iter().find(|column| column.auto_increment);
        let Some(column) = identity else { return Ok(()) };
        let sequence = self
            .client
            .query_one("SELECT pg_get_serial_sequence($1, $2)", &[&from, &column.name])
            .await
            .map_err(read_error)?;
        let Some(sequence) = sequence.get::<_, Option<String>>(0) else { return Ok(()) };
        // PostgreSQL quotes the name itself.
        let sql =
            format!("SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence}");
        // Not everyone who may read a table may read its sequence; the largest key serves then.
        if self.client.batch_execute("SAVEPOINT sequence").await.is_ok() {
            match self.client.query_one(&sql, &[]).await {
                Ok(row) => table.sequence = row.get(0),
                Err(_) => self.client.batch_execute("ROLLBACK TO sequence").await.map_err(read_error)?,
            }
        }
        Ok(())
    }

    async fn columns(&mut self, table: &mut Table, oid: u32) -> Result<()> {
        for row in self.client.query(COLUMNS, &[&oid]).await.map_err(read_error)? {
            let described =
                Described { name: row.get(0), declared: row.get(1), domain: row.get(2), labels: row.get(3) };
            let mut column = column_of(&described);
            let mut definition = ColumnDefinition::new(&described.name, "");
            definition.allow_null = !row.get::<_, bool>(4);
            definition.comment = row.get(8);
            let (default, identity, generated): (Option<String>, String, String) =
                (row.get(5), row.get(6), row.get(7));
            let numbers_itself = default.as_deref().is_some_and(|text| text.starts_with("nextval("));
            definition.auto_increment = !identity.is_empty() || numbers_itself;
            match default {
                Some(text) if !generated.is_empty() => {
                    column.generated = Words::Postgres.expression(&text, &|_| true).ok();
                    if column.generated.is_none() {
                        column.lossy =
                            Some("how it is generated cannot be read; its values are copied".into());
                    }
                }
                Some(text) if !numbers_itself && !text.starts_with("NULL") => {
                    column.default = Some((Words::Postgres, text));
                }
                _ => {}
            }
            table.add_column(definition, column);
        }
        Ok(())
    }

    async fn constraints(&mut self, table: &mut Table, oid: u32) -> Result<()> {
        for row in self.client.query(CONSTRAINTS, &[&oid]).await.map_err(read_error)? {
            let (name, kind, columns): (String, String, Vec<String>) = (row.get(0), row.get(1), row.get(2));
            let constraint = match kind.as_str() {
                "p" => {
                    table.schema.primary_key.clone_from(&columns);
                    Constraint::PrimaryKey { name: Some(name), columns }
                }
                "u" => Constraint::Unique { name: Some(name), columns },
                "f" => Constraint::ForeignKey { name: Some(name), columns, references: reference(&row) },
                "c" => {
                    let text: String = row.get::<_, Option<String>>(10).unwrap_or_default();
                    match Words::Postgres.expression(&text, &|_| true) {
                        Ok(expression) => Constraint::Check { name: Some(name), expression },
                        Err(error) => {
                            let what = format!("check \"{name}\"");
                            self.losses.push(Loss::left_out(table.name(), what, text, error.message));
                            continue;
                        }
                    }
                }
                _ => {
                    let what = format!("constraint \"{name}\"");
                    let text: String = row.get(11);
                    self.losses.push(Loss::left_out(
                        table.name(),
                        what,
                        text,
                        "PhantomDB has no such constraint",
                    ));
                    continue;
                }
            };
            table.schema.constraints.push(constraint);
        }
        self.losses.extend(table.mark_key("IDENTITY"));
        Ok(())
    }

    async fn indexes(&mut self, table: &mut Table, oid: u32) -> Result<()> {
        for row in self.client.query(INDEXES, &[&oid]).await.map_err(read_error)? {
            let (name, unique, method): (String, bool, String) = (row.get(0), row.get(1), row.get(2));
            let (condition, text): (Option<String>, String) = (row.get(3), row.get(4));
            let columns: Vec<Option<String>> = row.get(5);
            let (texts, descending): (Vec<String>, Vec<bool>) = (row.get(6), row.get(7));
            let mut leave_out = |why: String| {
                self.losses.push(Loss::left_out(table.name(), format!("index \"{name}\""), &text, why));
            };
            if !matches!(method.as_str(), "btree" | "hash") {
                leave_out(format!("PhantomDB has no {method} indexes"));
                continue;
            }
            if text.contains("NULLS NOT DISTINCT") || row.get::<_, bool>(8) {
                leave_out("PhantomDB has no such index".into());
                continue;
            }
            let fields: Result<Vec<IndexField>> = columns
                .into_iter()
                .zip(texts)
                .zip(descending)
                .map(|((column, text), descending)| {
                    let expression = match column {
                        Some(_) => None,
                        None => Some(Words::Postgres.expression(&text, &|_| true)?),
                    };
                    Ok(IndexField { column, expression, descending, collate: None, operator: None })
                })
                .collect();
            let condition = condition.map(|text| Words::Postgres.expression(&text, &|_| true)).transpose();
            match (fields, condition) {
                (Ok(fields), Ok(condition)) => table.schema.indexes.push(IndexSchema {
                    name,
                    unique,
                    primary: false,
                    fields,
                    condition,
                    definition: None,
                }),
                (Err(error), _) | (_, Err(error)) => leave_out(error.message),
            }
        }
        Ok(())
    }

    async fn triggers(&mut self, table: &Table, oid: u32) -> Result<()> {
        let sql = "SELECT tgname::text FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal";
        for row in self.client.query(sql, &[&oid]).await.map_err(read_error)? {
            let what = format!("trigger \"{}\"", row.get::<_, String>(0));
            self.losses.push(Loss::left_out(table.name(), what, "TRIGGER", "triggers are not copied"));
        }
        Ok(())
    }
}

fn table_name(name: String, schema: String) -> TableName {
    TableName { name, schema: Some(schema).filter(|schema| schema != "public") }
}

fn reference(row: &Row) -> Reference {
    Reference {
        table: table_name(row.get(4), row.get(3)),
        columns: row.get(5),
        on_update: action(&row.get::<_, String>(6)),
        on_delete: action(&row.get::<_, String>(7)),
        deferrable: row.get(8),
        initially_deferred: row.get(9),
    }
}

fn action(code: &str) -> Option<ReferentialAction> {
    match code {
        "c" => Some(ReferentialAction::Cascade),
        "r" => Some(ReferentialAction::Restrict),
        "n" => Some(ReferentialAction::SetNull),
        "d" => Some(ReferentialAction::SetDefault),
        _ => None,
    }
}
