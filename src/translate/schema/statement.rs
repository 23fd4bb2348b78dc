//! Writes the short statements: drop, indexes, truncate, schemas, databases, transactions, and queries of the schema.

use phantomdb_protocol::{
    CreateIndex, IsolationLevel, Result, TableName,
    ddl::{self, Verbatim, push_identifier, push_identifiers, push_table},
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DropTables {
    tables: Vec<TableName>,
    #[serde(default)]
    if_exists: bool,
    #[serde(default)]
    cascade: bool,
}

pub(super) fn drop_tables(plan: &DropTables) -> Result<String> {
    let mut out = String::from("DROP TABLE ");
    if plan.if_exists {
        out.push_str("IF EXISTS ");
    }
    for (index, table) in plan.tables.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        push_table(&mut out, table)?;
    }
    if plan.cascade {
        out.push_str(" CASCADE");
    }
    out.push(';');
    Ok(out)
}

pub(super) fn create_index(table: &TableName, index: &CreateIndex) -> Result<String> {
    ddl::create_index(table, index, &Verbatim)
}

/// `DROP INDEX`. Only the structured call needs the table: SQL finds an index by its name in its schema.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DropIndex {
    table: TableName,
    name: String,
    #[serde(default)]
    if_exists: bool,
    #[serde(default)]
    concurrently: bool,
}

pub(super) fn drop_index(plan: &DropIndex) -> Result<String> {
    let mut out = String::from("DROP INDEX ");
    if plan.concurrently {
        out.push_str("CONCURRENTLY ");
    }
    if plan.if_exists {
        out.push_str("IF EXISTS ");
    }
    if let Some(schema) = &plan.table.schema {
        push_identifier(&mut out, schema)?;
        out.push('.');
    }
    push_identifier(&mut out, &plan.name)?;
    Ok(out)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Truncate {
    table: TableName,
    #[serde(default)]
    restart_identity: bool,
    #[serde(default)]
    cascade: bool,
}

pub(super) fn truncate(plan: &Truncate) -> Result<String> {
    let mut out = String::from("TRUNCATE TABLE ");
    push_table(&mut out, &plan.table)?;
    if plan.restart_identity {
        out.push_str(" RESTART IDENTITY");
    }
    if plan.cascade {
        out.push_str(" CASCADE");
    }
    Ok(out)
}

/// `CREATE SCHEMA` or `CREATE DATABASE`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CreateNamed {
    name: String,
    #[serde(default)]
    if_not_exists: bool,
}

pub(super) fn create_named(what: &str, plan: &CreateNamed) -> Result<String> {
    let mut out = format!("CREATE {what} ");
    if plan.if_not_exists {
        out.push_str("IF NOT EXISTS ");
    }
    push_identifier(&mut out, &plan.name)?;
    out.push(';');
    Ok(out)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DropNamed {
    name: String,
    #[serde(default)]
    if_exists: bool,
    #[serde(default)]
    cascade: bool,
}

pub(super) fn drop_named(what: &str, plan: &DropNamed) -> Result<String> {
    let mut out = format!("DROP {what} ");
    if plan.if_exists {
        out.push_str("IF EXISTS ");
    }
    push_identifier(&mut out, &plan.name)?;
    if plan.cascade {
        out.push_str(" CASCADE");
    }
    out.push(';');
    Ok(out)
}

/// `SET CONSTRAINTS`: when the named foreign keys are checked. Without names it applies to all that are deferrable.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SetConstraints {
    #[serde(default)]
    constraints: Option<Vec<String>>,
    deferred: bool,
}

pub(super) fn set_constraints(plan: &SetConstraints) -> Result<String> {
    let mut out = String::from("SET CONSTRAINTS ");
    match &plan.constraints {
        Some(names) => push_identifiers(&mut out, names)?,
        None => out.push_str("ALL"),
    }
    out.push_str(if plan.deferred { " DEFERRED" } else { " IMMEDIATE" });
    Ok(out)
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum TransactionStep {
    Begin,
    Commit,
    Rollback,
    SetIsolationLevel { level: IsolationLevel },
    Savepoint { name: String },
    RollbackTo { name: String },
    Release { name: String },
}

pub(super) fn transaction(step: &TransactionStep) -> Result<String> {
    let mut out = String::new();
    match step {
        TransactionStep::Begin => out.push_str("START TRANSACTION"),
        TransactionStep::Commit => out.push_str("COMMIT"),
        TransactionStep::Rollback => out.push_str("ROLLBACK"),
        TransactionStep::SetIsolationLevel { level } => {
            out.push_str("SET TRANSACTION ISOLATION LEVEL ");
            out.push_str(match level {
                IsolationLevel::ReadUncommitted => "READ UNCOMMITTED",
                IsolationLevel::ReadCommitted => "READ COMMITTED",
                IsolationLevel::RepeatableRead => "REPEATABLE READ",
                IsolationLevel::Serializable => "SERIALIZABLE",
            });
        }
        TransactionStep::Savepoint { name } => {
            out.push_str("SAVEPOINT ");
            push_identifier(&mut out, name)?;
        }
        TransactionStep::RollbackTo { name } => {
            out.push_str("ROLLBACK TO SAVEPOINT ");
            push_identifier(&mut out, name)?;
        }
        TransactionStep::Release { name } => {
            out.push_str("RELEASE SAVEPOINT ");
            push_identifier(&mut out, name)?;
        }
    }
    out.push(';');
    Ok(out)
}

/// A query of the schema. It is executed as a structured call; the text is only for the log.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum Show {
    Version,
    Schemas,
    Databases,
    Tables {
        #[serde(default)]
        schema: Option<String>,
    },
    Table {
        table: TableName,
    },
    Columns {
        table: TableName,
    },
    Indexes {
        table: TableName,
    },
    ForeignKeys {
        table: TableName,
    },
    Constraints {
        table: TableName,
        #[serde(default)]
        name: Option<String>,
    },
}

pub(super) fn show(plan: &Show) -> Result<String> {
    let (what, table, name) = match plan {
        Show::Version => ("SHOW SERVER_VERSION", None, None),
        Show::Schemas => ("SHOW SCHEMAS", None, None),
        Show::Databases => ("SHOW DATABASES", None, None),
        Show::Tables { schema } => ("SHOW TABLES", None, schema.as_ref()),
        Show::Table { table } => ("SHOW TABLE", Some(table), None),
        Show::Columns { table } => ("SHOW COLUMNS", Some(table), None),
        Show::Indexes { table } => ("SHOW INDEXES", Some(table), None),
        Show::ForeignKeys { table } => ("SHOW FOREIGN KEYS", Some(table), None),
        Show::Constraints { table, name } => ("SHOW CONSTRAINTS", Some(table), name.as_ref()),
    };
    let mut out = what.to_owned();
    if let Some(table) = table {
        out.push_str(" FROM ");
        push_table(&mut out, table)?;
    }
    if let Some(name) = name {
        out.push_str(if table.is_some() { " NAMED " } else { " FROM " });
        push_identifier(&mut out, name)?;
    }
    out.push(';');
    Ok(out)
}
