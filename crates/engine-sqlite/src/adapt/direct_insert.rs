//! An INSERT of one row that is run for many, without what SQLite would repeat for each of them: functions that convert the
//! values, and RETURNING, for which SQLite makes a temporary table and a journal. The values are converted before they are
//! bound, and what comes back follows from them.

use phantomdb_protocol::{ColumnDefinition, TableSchema};
use phantomdb_sql::{insert_rows::parameter_of, printer::quote_identifier};
use sqlparser::ast::{Expr, Insert, SelectItem};

use super::{
    adapted::{DirectInsert, Returned},
    target::{Cell, Target},
};
use crate::functions::assignments::Assign;

/// The cells of a row that has nothing but parameters, each of them once.
pub(super) fn cells(row: &[Expr], targets: &[Option<Target>]) -> Option<Vec<Cell>> {
    let mut cells: Vec<Cell> = Vec::with_capacity(row.len());
    for (value, target) in row.iter().zip(targets) {
        let number = parameter_of(value)?;
        if number == 0 || cells.iter().any(|cell| cell.number == number) {
            return None;
        }
        cells.push(Cell { number, target: target.clone()? });
    }
    (cells.len() == row.len()).then_some(cells)
}

/// The direct form of an INSERT into a table whose rows SQLite numbers. `insert` is as it was written. None when SQLite has to
/// compute something.
pub(super) fn direct_insert(
    insert: &Insert,
    cells: &[Cell],
    stored: &str,
    schema: &TableSchema,
) -> Option<DirectInsert> {
    if insert.on.is_some() || cells.is_empty() {
        return None;
    }
    let mut conversions = vec![None; cells.iter().map(|cell| cell.number).max()?];
    for cell in cells {
        let (conversion, names) = cell.target.conversion()?;
        *conversions.get_mut(cell.number - 1)? = Some(Assign::new(conversion, names)?);
    }
    let returning = insert.returning.as_deref().unwrap_or_default();
    let columns = returned_columns(returning, schema)?;
    let returned: Vec<Returned> =
        columns.iter().map(|column| returned(column, cells, schema)).collect::<Option<_>>()?;
    let names: Vec<String> = cells.iter().map(|cell| quote_identifier(&cell.target.column.name)).collect();
    let places: Vec<String> = cells.iter().map(|cell| format!("?{}", cell.number)).collect();
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({})",
        quote_identifier(stored),
        names.join(", "),
        places.join(", ")
    );
    let numbered = columns.iter().zip(&returned).find(|(_, returned)| **returned == Returned::RowNumber);
    let numbered = numbered.map(|(column, _)| [stored.to_owned(), column.name.clone()]);
    Some(DirectInsert { sql, conversions, returned, numbered })
}

/// The columns that RETURNING names; none when it has anything else.
fn returned_columns<'s>(items: &[SelectItem], schema: &'s TableSchema) -> Option<Vec<&'s ColumnDefinition>> {
    let mut columns = Vec::with_capacity(items.len());
    for item in items {
        let name = match item {
            SelectItem::UnnamedExpr(Expr::Identifier(name))
            | SelectItem::ExprWithAlias { expr: Expr::Identifier(name), alias: _ } => name,
            _ => return None,
        };
        columns.push(schema.columns.iter().find(|column| column.name == name.value)?);
    }
    Some(columns)
}

fn returned(column: &ColumnDefinition, cells: &[Cell], schema: &TableSchema) -> Option<Returned> {
    let cell = cells.iter().find(|cell| cell.target.column.name == column.name);
    let is_key = schema.primary_key.iter().any(|key| key.eq_ignore_ascii_case(&column.name));
    match cell {
        // Also where it is given: SQLite numbers a row whose key is NULL.
        _ if column.auto_increment => Some(Returned::RowNumber),
        Some(cell) => Some(Returned::Parameter(cell.number - 1)),
        None if is_key || column.default.is_some() || column.generated.is_some() => None,
        None => Some(Returned::Null),
    }
}
