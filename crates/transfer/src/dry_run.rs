//! Tries the definitions on an empty database in memory, so that the import knows what PhantomDB refuses before it
//! writes anything.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use phantomdb_protocol::{AlterOperation, Constraint, Error, Reference, Result, Statement, TableName};

use super::{
    ddl,
    model::{Loss, Table},
    table_order,
};
use phantomdb_engine::{Engine as _, Session};
use phantomdb_engine_sqlite::SqliteEngine;

/// A statement without parameters.
pub(crate) fn statement(query: impl Into<String>) -> Statement {
    Statement { query: query.into(), parameters: Vec::new(), ..Statement::default() }
}

/// The statements that create the tables, in this order.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    pub(crate) schemas: Vec<String>,
    pub(crate) tables: Vec<(TableName, String)>,
    pub(crate) indexes: Vec<String>,
    pub(crate) comments: Vec<String>,
    /// Foreign keys to tables that come later.
    pub(crate) late_keys: Vec<(TableName, Constraint)>,
}

/// Returns the definitions of sorted tables. With `own_late` the foreign keys of a table to itself come last.
pub(crate) fn definitions(tables: &[Table], own_late: bool) -> Result<Definitions> {
    let mut made: HashSet<&TableName> = HashSet::new();
    let mut all = Definitions::default();
    let schemas: BTreeSet<&String> = tables.iter().filter_map(|table| table.name().schema.as_ref()).collect();
    all.schemas = schemas
        .into_iter()
        .map(|schema| format!("CREATE SCHEMA {}", phantomdb_sql::printer::quote_identifier(schema)))
        .collect();
    for table in tables {
        let name = table.name();
        let early = |to: &TableName| made.contains(to) || (to == name && !own_late);
        let sql = ddl::create_table(&table.schema, &table.generated(), |reference| early(&reference.table))?;
        let late = table.schema.constraints.iter().filter(
            |constraint| matches!(constraint, Constraint::ForeignKey { references, .. } if !early(&references.table)),
        );
        all.late_keys.extend(late.map(|constraint| (name.clone(), constraint.clone())));
        all.tables.push((name.clone(), sql));
        for index in &table.schema.indexes {
            all.indexes.push(ddl::create_index(name, index)?);
        }
        all.comments.extend(ddl::comments(&table.schema)?);
        made.insert(name);
    }
    Ok(all)
}

/// Sorts the tables into the order in which they are created.
pub(crate) fn sort(tables: &mut Vec<Table>) {
    let schemas: Vec<_> = tables.iter().map(|table| &table.schema).collect();
    let order = table_order::by_references(&schemas);
    let mut taken: Vec<Option<Table>> = std::mem::take(tables).into_iter().map(Some).collect();
    tables.extend(order.into_iter().filter_map(|index| taken[index].take()));
}

/// Removes the parts of the definitions that PhantomDB refuses. It must accept the bare tables.
pub(crate) async fn rehearse(tables: &mut [Table]) -> Result<Vec<Loss>> {
    let engine = SqliteEngine::memory();
    engine.create_database("rehearsal").await?;
    let session = engine.database("rehearsal").await?;
    let mut losses = Vec::new();
    for schema in definitions(tables, false)?.schemas {
        session.execute(statement(schema)).await?;
    }
    let mut made: HashSet<TableName> = HashSet::new();
    for table in tables.iter_mut() {
        make_table(&session, table, &made, &mut losses).await?;
        made.insert(table.name().clone());
        make_indexes(&session, table, &mut losses).await?;
    }
    for (table, constraint) in definitions(tables, false)?.late_keys {
        let operations = vec![AlterOperation::AddConstraint { constraint }];
        session.alter(&table, operations).await.map_err(|error| refused(&table, &error))?;
    }
    engine.close().await?;
    Ok(losses)
}

fn refused(table: &TableName, error: &Error) -> Error {
    Error { message: format!("the table \"{table}\" cannot be made: {}", error.message), ..error.clone() }
}

async fn make_table(
    session: &Arc<dyn Session>,
    table: &mut Table,
    made: &HashSet<TableName>,
    losses: &mut Vec<Loss>,
) -> Result<()> {
    let name = table.name().clone();
    let sql = |table: &Table| {
        let is_there = |to: &Reference| made.contains(&to.table) || to.table == name;
        ddl::create_table(&table.schema, &table.generated(), is_there)
    };
    if session.execute(statement(sql(table)?)).await.is_ok() {
        return Ok(());
    }
    // Each part that may be the reason is tried on its own, in a table with nothing else in doubt.
    let mut bare = table.clone();
    bare.schema.constraints.retain(|constraint| !matches!(constraint, Constraint::Check { .. }));
    for (definition, column) in bare.schema.columns.iter_mut().zip(&mut bare.columns) {
        (definition.default, column.generated) = (None, None);
    }
    let works = async |trial: &Table| match session.execute(statement(sql(trial)?)).await {
        Ok(_) => {
            let drop = format!("DROP TABLE {}", ddl::table_name(trial.name()));
            session.execute(statement(drop)).await.map(|_| ())
        }
        Err(error) => Err(error),
    };
    works(&bare).await.map_err(|error| refused(&name, &error))?;
    for index in 0..table.columns.len() {
        let column = table.schema.columns[index].name.clone();
        if let Some(default) = table.schema.columns[index].default.clone() {
            let mut trial = bare.clone();
            trial.schema.columns[index].default = Some(default.clone());
            if let Err(error) = works(&trial).await {
                table.schema.columns[index].default = None;
                losses.push(Loss::left_out(
                    &name,
                    format!("default of \"{column}\""),
                    default,
                    error.message,
                ));
            }
        }
        if let Some(generated) = table.columns[index].generated.clone() {
            let mut trial = bare.clone();
            trial.columns[index].generated = Some(generated.clone());
            if let Err(error) = works(&trial).await {
                table.columns[index].generated = None;
                let what = format!("generation of \"{column}\"; its values are copied");
                losses.push(Loss::left_out(&name, what, generated, error.message));
            }
        }
    }
    let mut kept = Vec::new();
    for constraint in std::mem::take(&mut table.schema.constraints) {
        if let Constraint::Check { expression, .. } = &constraint {
            let mut trial = bare.clone();
            trial.schema.constraints.push(constraint.clone());
            if let Err(error) = works(&trial).await {
                losses.push(Loss::left_out(&name, "check", expression, error.message));
                continue;
            }
        }
        kept.push(constraint);
    }
    table.schema.constraints = kept;
    session.execute(statement(sql(table)?)).await.map(|_| ()).map_err(|error| refused(&name, &error))
}

async fn make_indexes(session: &Arc<dyn Session>, table: &mut Table, losses: &mut Vec<Loss>) -> Result<()> {
    let name = table.name().clone();
    let mut kept = Vec::new();
    for index in std::mem::take(&mut table.schema.indexes) {
        let sql = ddl::create_index(&name, &index)?;
        match session.execute(statement(&sql)).await {
            Ok(_) => kept.push(index),
            Err(error) => {
                losses.push(Loss::left_out(&name, format!("index \"{}\"", index.name), sql, error.message));
            }
        }
    }
    table.schema.indexes = kept;
    Ok(())
}
