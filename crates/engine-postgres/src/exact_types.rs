//! The exact types of a result's columns, and the description of a statement.

use std::collections::HashMap;

use phantomdb_engine::ends_transaction;
use phantomdb_protocol::{Column, ColumnDefinition, Error, Result, StatementDescription};
use phantomdb_sql::types::SqlType;
use tokio_postgres::types::{Kind, Type};

use crate::{
    catalog,
    connection::Connection,
    error,
    plan_cache::Plan,
    prepare::prepare_inferred,
    run_error::RunError,
    transaction_work::TransactionWork,
    types::{self, CatalogType},
};

/// The type of a column, and whether it may be NULL where that is known.
pub(crate) type ExactType = (String, Option<bool>);

/// Finds the types of the columns of a plan's result. Its error is that of the statement when PostgreSQL cannot prepare it
/// without its values.
pub(crate) struct FindExactTypes<'a>(pub(crate) &'a Plan);

impl TransactionWork for FindExactTypes<'_> {
    type Output = Vec<ExactType>;

    async fn run(&self, connection: &Connection) -> Result<Vec<ExactType>, RunError> {
        Ok(find(connection, self.0).await?)
    }
}

/// See [`FindExactTypes`].
pub(crate) async fn find(connection: &Connection, plan: &Plan) -> Result<Vec<ExactType>> {
    let Some(form) = plan.preparable() else { return Ok(Vec::new()) };
    let prepared = connection.client().prepare_typed(form.sql, &[]).await;
    let prepared = prepared.map_err(|error| error::explain(&error))?;
    let mut tables: HashMap<u32, Vec<(i16, ColumnDefinition)>> = HashMap::new();
    let may_add_nulls = may_add_nulls(form.sql);
    let mut exact = Vec::with_capacity(prepared.columns().len());
    for column in prepared.columns() {
        let table = column.table_oid().zip(column.column_id());
        if let Some((table, _)) = table
            && !tables.contains_key(&table)
        {
            tables.insert(table, catalog::columns_of(connection, table).await?);
        }
        let described = table.and_then(|(table, number)| {
            let columns = tables.get(&table)?;
            columns.iter().find(|(own, _)| *own == number).map(|(_, column)| column)
        });
        exact.push(match described {
            Some(described) => {
                let nullable = if described.allow_null && !described.primary_key {
                    Some(true)
                } else {
                    (!may_add_nulls).then_some(false)
                };
                (described.data_type.clone(), nullable)
            }
            None => (type_of_expression(column), None),
        });
    }
    Ok(exact)
}

/// Adds the types to the columns. A statement whose types PostgreSQL cannot find leaves them unknown.
pub(crate) fn add(found: Result<Vec<ExactType>>, columns: &mut [Column]) -> Result<()> {
    let exact = match found {
        Err(error) if is_about_the_statement(&error) => return Ok(()),
        found => found?,
    };
    if exact.len() == columns.len() {
        for (column, (sql_type, nullable)) in columns.iter_mut().zip(exact) {
            (column.sql_type, column.nullable) = (Some(sql_type), nullable);
        }
    }
    Ok(())
}

fn is_about_the_statement(error: &Error) -> bool {
    error.code.http_status() < 500 && !ends_transaction(error.code)
}

fn type_of_expression(column: &tokio_postgres::Column) -> String {
    sql_type(column.type_(), column.type_modifier()).name()
}

fn sql_type(data_type: &Type, modifier: i32) -> SqlType {
    let labels = match data_type.kind() {
        Kind::Enum(labels) => Some(labels.clone()),
        _ => None,
    };
    let name = data_type.name().to_owned();
    let stored = CatalogType { shown: name.clone(), name, modifier, labels };
    types::sql_type(&stored, None, None)
}

/// Describes the statement of a plan.
pub(crate) struct DescribeStatement<'a>(pub(crate) &'a Plan);

impl TransactionWork for DescribeStatement<'_> {
    type Output = StatementDescription;

    async fn run(&self, connection: &Connection) -> Result<StatementDescription, RunError> {
        Ok(describe(connection, self.0).await?)
    }
}

/// See [`DescribeStatement`].
pub(crate) async fn describe(connection: &Connection, plan: &Plan) -> Result<StatementDescription> {
    let Some(form) = plan.preparable() else { return Ok(StatementDescription::default()) };
    let prepared = prepare_inferred(connection, &form).await?;
    let mut columns = prepared.columns.clone();
    if !columns.is_empty() {
        add(find(connection, plan).await, &mut columns)?;
    }
    let parameters = prepared.statement.params().iter();
    let parameters = parameters.map(|data_type| sql_type(data_type, NO_MODIFIER).parameter()).collect();
    Ok(StatementDescription { parameters, columns })
}

/// The modifier of a type without a length or a precision.
const NO_MODIFIER: i32 = -1;

/// True when the statement has words by which a column that is never NULL in its table may be NULL in the result: outer
/// joins, and groups of several levels.
fn may_add_nulls(sql: &str) -> bool {
    const WORDS: [&str; 6] = ["LEFT", "RIGHT", "FULL", "ROLLUP", "CUBE", "SETS"];
    let mut words = sql.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}
