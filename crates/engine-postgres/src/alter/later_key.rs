//! Foreign keys to tables that do not exist yet. PostgreSQL has none, so a check that always holds stands in the place of
//! the key, under its name and on its columns. Its comment is the key. The check goes with its column, its table or by its
//! name, as the key would. When the table comes, the key takes the place of the check.

use phantomdb_protocol::{Constraint, Error, ErrorCode, Reference, Result, TableName};
use phantomdb_sql::{
    names::same_table,
    printer::{quote_identifier, quote_literal},
};

use super::{alteration::Alteration, run::run};
use crate::{
    catalog,
    connection::Connection,
    error,
    schemas::{qualified, table_in},
    types::{self, LATER_KEY, LONGEST_IDENTIFIER},
};

/// The lock between those who make tables and those who make keys to tables that are not there.
const LOCK: i64 = 0x7068_616e_746f_6d01;

/// Waits for those who make keys to tables that are not there, so that the keys to a new table are seen.
pub(crate) async fn announce_table(connection: &Connection) -> Result<()> {
    lock(connection, "pg_advisory_xact_lock_shared").await
}

async fn lock(connection: &Connection, function: &str) -> Result<()> {
    if !connection.traits.is_postgresql() {
        // Not every server that speaks the protocol has these locks.
        return Ok(());
    }
    run(connection, &format!("SELECT {function}({LOCK})")).await
}

/// Returns whether the table that a foreign key references is there. If not, nobody creates it before the end of this
/// transaction. Fails with `UNKNOWN_TABLE` when a table is there whose name differs in case alone: SQLite would take it.
pub(crate) async fn is_there(connection: &Connection, table: &TableName) -> Result<bool> {
    if catalog::can_be_named(connection, table).await? {
        return Ok(true);
    }
    if catalog::similar(connection, table).await?.is_some() {
        return Err(catalog::unknown_table(connection, table).await);
    }
    lock(connection, "pg_advisory_xact_lock").await?;
    catalog::can_be_named(connection, table).await
}

impl Alteration<'_> {
    /// Adds what stands in the place of a foreign key.
    pub(crate) async fn add_later_key(
        &self,
        name: Option<&str>,
        columns: &[String],
        references: &Reference,
    ) -> Result<()> {
        let name = name.map_or_else(|| self.name_of_key(columns), str::to_owned);
        let condition: Vec<String> = columns.iter().map(|column| types::always_true(column)).collect();
        let quoted = quote_identifier(&name);
        self.alter_table(&format!("ADD CONSTRAINT {quoted} CHECK ({})", condition.join(" OR "))).await?;
        let columns = columns.to_vec();
        let key = Constraint::ForeignKey { name: Some(name), columns, references: references.clone() };
        let key = serde_json::to_string(&key).map_err(|error| Error::internal(error.to_string()))?;
        let comment = quote_literal(&format!("{LATER_KEY}{key}"));
        run(
            self.connection,
            &format!("COMMENT ON CONSTRAINT {quoted} ON {} IS {comment}", qualified(&self.schema.table)),
        )
        .await
    }

    /// The name that PostgreSQL would give the key.
    fn name_of_key(&self, columns: &[String]) -> String {
        let mut name = format!("{}_{}_fkey", self.schema.table.name, columns.join("_"));
        while name.len() > LONGEST_IDENTIFIER {
            name.pop();
        }
        let taken = |name: &str| self.schema.constraints.iter().any(|known| known.name() == Some(name));
        let mut number = 0;
        let mut free = name.clone();
        while taken(&free) {
            number += 1;
            let end = number.to_string();
            let mut start = name.clone();
            while start.len() + end.len() > LONGEST_IDENTIFIER {
                start.pop();
            }
            free = start + &end;
        }
        free
    }
}

/// Adds the foreign keys that waited for a table, which was just made.
pub(crate) async fn complete(connection: &Connection, table: &TableName) -> Result<()> {
    const WAITING: &str = "SELECT n.nspname::text, c.relname::text, k.conname::text \
        FROM pg_catalog.pg_description d JOIN pg_catalog.pg_constraint k ON k.oid = d.objoid \
        JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE k.contype = 'c' AND left(d.description, length($1)) = $1 ORDER BY 1, 2, 3";
    let parameters = [(&LATER_KEY as _, tokio_postgres::types::Type::TEXT)];
    let rows = connection.client().query_typed(WAITING, &parameters).await;
    for row in rows.map_err(|error| error::explain(&error))? {
        let child = table_in(row.get(0), row.get(1));
        let name: String = row.get(2);
        let schema = match catalog::describe(connection, &child).await {
            // Somebody has dropped it at this moment.
            Err(error) if error.code == ErrorCode::UnknownTable => continue,
            described => described?,
        };
        let waits_for_table = |constraint: &&Constraint| {
            constraint.name() == Some(&name) && phantomdb_sql::names::references(constraint, table)
        };
        let Some(key) = schema.constraints.iter().find(waits_for_table).cloned() else { continue };
        if same_table(&child, table) {
            continue;
        }
        let mut alteration = Alteration { connection, schema };
        alteration.alter_table(&format!("DROP CONSTRAINT {}", quote_identifier(&name))).await?;
        alteration.schema.constraints.retain(|constraint| constraint.name() != Some(&name));
        alteration.add_constraint(&key).await.map_err(|error| explained(error, &name, &child, table))?;
    }
    Ok(())
}

fn explained(error: Error, key: &str, child: &TableName, table: &TableName) -> Error {
    let message = format!(
        "the foreign key \"{key}\" of \"{child}\", which waited for the table \"{table}\", cannot be added: {}",
        error.message
    );
    let code = match error.code {
        ErrorCode::SyntaxError => ErrorCode::ForeignKeyViolation,
        code => code,
    };
    Error { code, message, ..error }
}
