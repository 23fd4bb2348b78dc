//! Changes of the schema. Each is made of statements that run one after the other in the transaction or savepoint that
//! the caller has opened, so that all of it happens or nothing.
//!
//! What can be known before is asked for before: an error of PostgreSQL's own ends what it happens in, and says less.

mod column;
mod conversion;
mod drops;

use std::sync::Arc;

use phantomdb_protocol::{
    AlterOperation, ColumnDefinition, Constraint, Error, ErrorCode, Reference, Result, TableName, TableSchema,
};
use sqlparser::ast::{AlterTable, AlterTableOperation};
use tokio_postgres::{error::SqlState, types::Type};

use super::{
    adapt::{self, Change},
    catalog::{self, DEFAULT_SCHEMA, schema_of},
    connection::Connection,
    error,
    types::{self, check_identifier},
};
use phantomdb_sql::{
    Catalog,
    alter_table::AlterTableReader,
    definition::SchemaChange,
    names::same_table,
    printer::{quote_identifier, quote_literal},
    types::SqlType,
};

/// Makes a change that was found in a statement.
pub(super) async fn apply(connection: &Connection, change: &Change) -> Result<()> {
    match change {
        Change::Alter { table, statement } => alter_by_statement(connection, table, statement).await,
        Change::CreateTable(table) => create_table(connection, table).await,
        Change::DropIndexes { indexes, if_exists } => drops::indexes(connection, indexes, *if_exists).await,
        Change::Truncate { tables, restart_identity, cascade } => {
            drops::truncate(connection, tables, *restart_identity, *cascade).await
        }
        Change::Schema(change) => apply_to_schema(connection, change).await,
    }
}

async fn apply_to_schema(connection: &Connection, change: &SchemaChange) -> Result<()> {
    match change {
        SchemaChange::DropTables { tables, if_exists, cascade } => {
            drops::tables(connection, tables, *if_exists, *cascade).await
        }
        SchemaChange::CreateSchema { name, if_not_exists } => {
            create_schema(connection, name, *if_not_exists).await
        }
        SchemaChange::DropSchemas { names, if_exists, cascade } => {
            drops::schemas(connection, names, *if_exists, *cascade).await
        }
        SchemaChange::Comment { table, column, comment } => {
            let schema = catalog::describe(connection, table).await?;
            let column = column.as_deref().map(|column| known_column(&schema, column)).transpose()?;
            set_comment(connection, &schema.table, column.map(|column| &*column.name), comment.as_deref())
                .await
        }
    }
}

/// Applies the operations in order. After an error the caller rolls back to where it began.
pub(super) async fn alter(
    connection: &Connection,
    table: &TableName,
    operations: &[AlterOperation],
) -> Result<()> {
    let mut table = table.clone();
    for operation in operations {
        let mut alteration = Alteration { connection, schema: catalog::describe(connection, &table).await? };
        alteration.apply(operation).await?;
        table = alteration.schema.table;
    }
    Ok(())
}

/// Applies the operations of an `ALTER TABLE`. Each is read when those before it have been applied: what it says of a
/// column is a change of the column as it is then.
async fn alter_by_statement(
    connection: &Connection,
    table: &TableName,
    statement: &AlterTable,
) -> Result<()> {
    let mut table = table.clone();
    if statement.if_exists
        && catalog::describe(connection, &table).await.is_err_and(|error| error.code == ErrorCode::UnknownTable)
    {
        return Ok(());
    }
    for operation in &statement.operations {
        let mut alteration = Alteration { connection, schema: catalog::describe(connection, &table).await? };
        for (index, operation) in operations(&alteration.schema, operation)?.iter().enumerate() {
            if index > 0 {
                alteration.schema = catalog::describe(connection, &alteration.schema.table).await?;
            }
            alteration.apply(operation).await?;
        }
        table = alteration.schema.table;
    }
    Ok(())
}

/// An operation of an `ALTER TABLE` as the contract describes it.
fn operations(schema: &TableSchema, operation: &AlterTableOperation) -> Result<Vec<AlterOperation>> {
    let catalog = Only(Arc::new(schema.clone()));
    let reader = AlterTableReader { source: adapt::source(""), catalog: &catalog };
    reader.alter_operation(&catalog.0.table, &mut operation.clone())
}

/// A catalog of one table.
struct Only(Arc<TableSchema>);

impl Catalog for Only {
    fn table(&self, _: &TableName) -> Option<Arc<TableSchema>> {
        Some(Arc::clone(&self.0))
    }
}

/// Runs a statement of a change.
async fn run(connection: &Connection, sql: &str) -> Result<()> {
    connection.client().batch_execute(sql).await.map_err(|error| match error.as_db_error() {
        // Of its own catalog: of two who make the same at once one is told so.
        Some(database) if database.schema() == Some("pg_catalog") => {
            Error::new(ErrorCode::AlreadyExists, "somebody else has made the same at this moment")
        }
        _ => error::explain(&error),
    })
}

/// Runs a statement with `IF NOT EXISTS`. PostgreSQL looks first and makes then: of two who do so at once one is told
/// of a duplicate. It looks again.
async fn run_if_not_exists(connection: &Connection, sql: &str) -> Result<()> {
    const MARK: &str = "SAVEPOINT phantomdb_if_not_exists";
    let client = connection.client();
    let Err(error) = client.batch_execute(&format!("{MARK}; {sql}; RELEASE {MARK}")).await else {
        return Ok(());
    };
    let made_meanwhile = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::DUPLICATE_SCHEMA,
    ];
    if error.code().is_none_or(|code| !made_meanwhile.contains(code)) {
        return Err(error::explain(&error));
    }
    run(connection, &format!("ROLLBACK TO {MARK}; {sql}; RELEASE {MARK}")).await
}

/// `"schema"."table"`.
pub(super) fn qualified(table: &TableName) -> String {
    format!("{}.{}", quote_identifier(schema_of(table)), quote_identifier(&table.name))
}

fn known_column<'a>(schema: &'a TableSchema, name: &str) -> Result<&'a ColumnDefinition> {
    let exact = schema.columns.iter().find(|column| column.name == name);
    let found = exact.or_else(|| schema.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)));
    found.ok_or_else(|| {
        let table = &schema.table;
        Error::new(ErrorCode::UnknownColumn, format!("table \"{table}\" has no column \"{name}\""))
            .with_table(table.to_string())
            .with_columns([name])
    })
}

/// Sets the comment of a table, or of one of its columns; none takes it away.
async fn set_comment(
    connection: &Connection,
    table: &TableName,
    column: Option<&str>,
    comment: Option<&str>,
) -> Result<()> {
    let comment = comment.map_or_else(|| "NULL".to_owned(), quote_literal);
    let object = match column {
        Some(column) => format!("COLUMN {}.{}", qualified(table), quote_identifier(column)),
        None => format!("TABLE {}", qualified(table)),
    };
    run(connection, &format!("COMMENT ON {object} IS {comment}")).await
}

async fn schema_exists(connection: &Connection, name: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let row = connection.client().query_typed_opt(sql, &[(&name, Type::TEXT)]).await;
    Ok(row.map_err(|error| error::explain(&error))?.is_some())
}

/// `ALREADY_EXISTS` when there is one of that name, unless `if_not_exists`. A role that may not make schemas can use
/// one that is there.
async fn create_schema(connection: &Connection, name: &str, if_not_exists: bool) -> Result<()> {
    check_identifier(name)?;
    if schema_exists(connection, name).await? {
        if if_not_exists {
            return Ok(());
        }
        return Err(Error::new(ErrorCode::AlreadyExists, format!("there is a schema \"{name}\" already")));
    }
    if name.starts_with("pg_") {
        let message =
            format!("the schema \"{name}\" cannot be made: names that begin with pg_ are PostgreSQL's own");
        return Err(Error::new(ErrorCode::BadRequest, message));
    }
    run_if_not_exists(connection, &format!("CREATE SCHEMA IF NOT EXISTS {}", quote_identifier(name))).await
}

/// Makes the schema of a table that nobody has made yet.
async fn note_schema(connection: &Connection, table: &TableName) -> Result<()> {
    match &table.schema {
        Some(schema) if schema != DEFAULT_SCHEMA => create_schema(connection, schema, true).await,
        _ => Ok(()),
    }
}

async fn create_table(connection: &Connection, create: &adapt::CreateTable) -> Result<()> {
    note_schema(connection, &create.table).await?;
    for table in create.references.iter().filter(|table| !same_table(table, &create.table)) {
        check_referenced(connection, table).await?;
    }
    for data_type in &create.types {
        need_type(connection, data_type).await?;
    }
    if create.if_not_exists {
        return run_if_not_exists(connection, &create.sql).await;
    }
    run(connection, &create.sql).await
}

/// That there is a table for a foreign key to point to: it under its exact name.
async fn check_referenced(connection: &Connection, table: &TableName) -> Result<TableName> {
    catalog::find(connection, table).await?.ok_or_else(|| {
        let message = format!("there is no table \"{table}\" for a foreign key to point to; create it first");
        Error::new(ErrorCode::UnknownTable, message).with_table(table.to_string())
    })
}

/// `CITEXT` is an extension: it is made when it is not there and the role may.
async fn need_type(connection: &Connection, data_type: &SqlType) -> Result<()> {
    if *data_type != SqlType::CiText {
        return Ok(());
    }
    let client = connection.client();
    let known =
        client.query_typed_opt("SELECT 1 FROM pg_catalog.pg_type WHERE typname = 'citext'", &[]).await;
    if known.map_err(|error| error::explain(&error))?.is_some() {
        return Ok(());
    }
    let made =
        run_if_not_exists(connection, "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public").await;
    made.map_err(|_| {
        Error::unsupported(
            "CITEXT needs the extension citext of PostgreSQL, which this server has not or this role may not make; \
             have it made with CREATE EXTENSION citext, or use TEXT with an index on lower()",
        )
    })
}

/// A table on its way through the operations, as it is before each of them.
struct Alteration<'a> {
    connection: &'a Connection,
    schema: TableSchema,
}

impl Alteration<'_> {
    async fn apply(&mut self, operation: &AlterOperation) -> Result<()> {
        match operation {
            AlterOperation::RenameTable { to } => self.rename_table(to).await,
            AlterOperation::RenameColumn { from, to } => self.rename_column(from, to).await,
            AlterOperation::AddColumn { column } => self.add_column(column).await,
            AlterOperation::ChangeColumn { column } => self.change_column(column).await,
            AlterOperation::DropColumn { name } => self.drop_column(name).await,
            AlterOperation::AddConstraint { constraint } => self.add_constraint(constraint).await,
            AlterOperation::DropConstraint { name } => self.drop_constraint(name).await,
        }
    }

    /// Runs `ALTER TABLE` of this table.
    async fn change(&self, what: &str) -> Result<()> {
        run(self.connection, &format!("ALTER TABLE {} {what}", qualified(&self.schema.table))).await
    }

    fn column(&self, name: &str) -> Result<&ColumnDefinition> {
        known_column(&self.schema, name)
    }

    async fn rename_table(&mut self, to: &TableName) -> Result<()> {
        check_identifier(&to.name)?;
        note_schema(self.connection, to).await?;
        let moves = schema_of(to) != schema_of(&self.schema.table);
        if moves {
            // Under a name that neither schema has, so that no other table is in the way.
            self.step(TableName { name: "phantomdb_moved".to_owned(), ..self.schema.table.clone() }).await?;
            self.change(&format!("SET SCHEMA {}", quote_identifier(schema_of(to)))).await?;
            self.schema.table.schema.clone_from(&to.schema);
        }
        self.step(to.clone()).await
    }

    async fn step(&mut self, to: TableName) -> Result<()> {
        self.change(&format!("RENAME TO {}", quote_identifier(&to.name))).await?;
        self.schema.table = to;
        Ok(())
    }

    /// The marks of a column are named after it.
    async fn rename_column(&self, from: &str, to: &str) -> Result<()> {
        check_identifier(to)?;
        let from = &self.column(from)?.name;
        self.change(&format!("RENAME COLUMN {} TO {}", quote_identifier(from), quote_identifier(to))).await?;
        for mark in catalog::marks(self.connection, &self.schema.table, to).await? {
            let renamed = types::renamed_mark(&mark, to).filter(|renamed| *renamed != mark);
            if let Some(renamed) = renamed {
                let (mark, renamed) = (quote_identifier(&mark), quote_identifier(&renamed));
                self.change(&format!("RENAME CONSTRAINT {mark} TO {renamed}")).await?;
            }
        }
        Ok(())
    }

    async fn add_constraint(&self, constraint: &Constraint) -> Result<()> {
        let table = &self.schema.table;
        if let Some(name) = constraint.name() {
            check_identifier(name)?;
            if self.schema.constraints.iter().any(|known| known.name() == Some(name)) {
                let message = format!("table \"{table}\" has a constraint \"{name}\" already");
                return Err(Error::new(ErrorCode::AlreadyExists, message).with_constraint(name));
            }
        }
        match constraint {
            Constraint::Default { name, column, value } => {
                let column = self.column(column)?;
                let default = adapt::default_value(value, &SqlType::parse(&column.data_type)?)?;
                let quoted = quote_identifier(&column.name);
                self.change(&format!("ALTER COLUMN {quoted} SET DEFAULT {default}")).await?;
                let Some(name) = name else { return Ok(()) };
                let condition = types::always(&column.name);
                self.change(&format!("ADD CONSTRAINT {} CHECK ({condition})", quote_identifier(name))).await
            }
            Constraint::PrimaryKey { .. } if !self.schema.primary_key.is_empty() => {
                let message = format!("table \"{table}\" has a primary key already");
                Err(Error::new(ErrorCode::AlreadyExists, message))
            }
            Constraint::ForeignKey { name, columns, references } => {
                let references = self.resolved(references).await?;
                let (name, columns) = (name.clone(), columns.clone());
                let constraint = Constraint::ForeignKey { name, columns, references };
                self.change(&format!("ADD {}", adapt::constraint(&constraint)?)).await
            }
            other => self.change(&format!("ADD {}", adapt::constraint(other)?)).await,
        }
    }

    /// The reference with the exact name of its table.
    async fn resolved(&self, references: &Reference) -> Result<Reference> {
        let table = check_referenced(self.connection, &references.table).await?;
        Ok(Reference { table, ..references.clone() })
    }

    async fn drop_constraint(&self, name: &str) -> Result<()> {
        let known = self.schema.constraints.iter().find(|known| known.name() == Some(name));
        let unknown = || {
            let table = &self.schema.table;
            let message = format!("table \"{table}\" has no constraint \"{name}\"");
            Error::new(ErrorCode::UnknownConstraint, message)
                .with_table(table.to_string())
                .with_constraint(name)
        };
        match known {
            Some(Constraint::Default { column, .. }) => {
                self.change(&format!("ALTER COLUMN {} DROP DEFAULT", quote_identifier(column))).await?;
            }
            Some(Constraint::PrimaryKey { columns, .. } | Constraint::Unique { columns, .. }) => {
                drops::refuse_referenced_key(self.connection, &self.schema.table, columns, name).await?;
            }
            Some(_) => {}
            None => return Err(unknown()),
        }
        self.change(&format!("DROP CONSTRAINT {}", quote_identifier(name))).await
    }
}
