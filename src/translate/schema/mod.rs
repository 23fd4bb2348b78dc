//! Translates schema plans: tables, columns, constraints, indexes, schemas and databases.
//!
//! Where the protocol has a type ([`CreateTable`], [`AlterOperation`], …), the plan is that type as JSON: the text in the
//! log and the structured call are then made from the same data. A plan that cannot be written safely is an error that
//! names the cause: an unknown type, an empty name, an unknown field.

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

/// The kinds of plan that this module translates.
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

/// Translates a schema plan. Returns `UNSUPPORTED` if `kind` is not one of [`KINDS`].
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
