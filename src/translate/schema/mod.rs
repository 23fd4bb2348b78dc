//! Schema statements: tables, columns, constraints, indexes, schemas and databases as PhantomDB SQL text.
//!
//! A plan is the protocol's own type as JSON where there is one ([`CreateTable`], [`AlterOperation`], …), so that the
//! text a person reads in the log and the structured call that is made come from the same data. Anything
//! that cannot be written safely (an unknown type, an empty name, an unknown field of a plan) is an error that names it.

mod data_type;
mod statement;
mod table;
#[cfg(test)]
mod tests;

use phantomdb_protocol::{
    AlterOperation, ColumnDefinition, Constraint, CreateIndex, CreateTable, Error, ErrorCode, Result,
    TableName,
};
use serde::{Deserialize, de::DeserializeOwned};

/// The kinds of plan this module translates.
pub const KINDS: &[&str] = &[
    "dataType",
    "column",
    "constraint",
    "createTable",
    "createTableWritten",
    "dropTables",
    "alterTable",
    "createIndex",
    "dropIndex",
    "truncate",
    "createSchema",
    "dropSchema",
    "createDatabase",
    "dropDatabase",
    "setConstraints",
    "transaction",
    "show",
];

/// Translates a schema plan. `kind` is one of [`KINDS`]; anything else is `UNSUPPORTED`.
pub fn translate(kind: &str, plan: &str) -> Result<String> {
    Ok(match kind {
        "dataType" => data_type::write(&read::<data_type::DataTypePlan>(kind, plan)?)?,
        "column" => table::column_fragment(&read::<ColumnDefinition>(kind, plan)?)?,
        "constraint" => table::constraint_fragment(&read::<Constraint>(kind, plan)?)?,
        "createTable" => table::create(&read::<CreateTable>(kind, plan)?)?,
        "createTableWritten" => table::create_written(&read(kind, plan)?)?,
        "dropTables" => statement::drop_tables(&read(kind, plan)?)?,
        "alterTable" => {
            let AlterTable { table, operations } = read(kind, plan)?;
            table::alter(&table, &operations)?
        }
        "createIndex" => {
            let OnTable { table, index } = read(kind, plan)?;
            statement::create_index(&table, &index)?
        }
        "dropIndex" => statement::drop_index(&read(kind, plan)?)?,
        "truncate" => statement::truncate(&read(kind, plan)?)?,
        "createSchema" => statement::create_named("SCHEMA", &read(kind, plan)?)?,
        "dropSchema" => statement::drop_named("SCHEMA", &read(kind, plan)?)?,
        "createDatabase" => statement::create_named("DATABASE", &read(kind, plan)?)?,
        "dropDatabase" => statement::drop_named("DATABASE", &read(kind, plan)?)?,
        "setConstraints" => statement::set_constraints(&read(kind, plan)?)?,
        "transaction" => statement::transaction(&read(kind, plan)?)?,
        "show" => statement::show(&read(kind, plan)?)?,
        other => return Err(Error::unsupported(format!("there is no schema statement '{other}'"))),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AlterTable {
    table: TableName,
    operations: Vec<AlterOperation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OnTable {
    table: TableName,
    index: CreateIndex,
}

fn read<T: DeserializeOwned>(kind: &str, plan: &str) -> Result<T> {
    serde_json::from_str(plan)
        .map_err(|e| Error::new(ErrorCode::BadRequest, format!("the options of {kind} are not valid: {e}")))
}
