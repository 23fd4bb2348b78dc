//! An INSERT of one row that stands for many: the rows come as arrays, one for each parameter of the row.

use phantomdb_protocol::{Error, Result};
use phantomdb_sql::{
    insert_rows::{parameter_of, row_of},
    parse::parse_stored,
    walk::change_expressions,
};
use sqlparser::{
    ast::{Expr, Ident, SelectItem, SetExpr, Statement},
    tokenizer::Span,
};
use tokio_postgres::types::Type;

use super::{print::print, source::source};

/// The name under which the statement sees its rows.
const ROWS: &str = "phantomdb_rows";

/// An adapted INSERT of one row that has every parameter of the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowInsert {
    sql: String,
    statement: Box<Statement>,
}

impl RowInsert {
    /// Reads the INSERT of one row of parameters; the result is None for any other statement.
    pub(crate) fn of(sql: &str, statement: &mut Statement) -> Option<Self> {
        row_of(statement)?;
        Some(Self { sql: sql.to_owned(), statement: Box::new(statement.clone()) })
    }

    /// The statement for any number of rows. Each parameter of the row that is not among `defaults`, by its place from 0,
    /// has an array of texts, which become values of these types.
    pub(crate) fn for_rows(&self, types: &[Type], defaults: &[usize]) -> Result<String> {
        let mut statement = self.statement.clone();
        let cells = self.take_cells(&mut statement, defaults)?;
        let Statement::Insert(insert) = statement.as_mut() else { return Err(no_insert()) };
        let mut query = match parse_stored(&format!("SELECT 1 FROM \"{ROWS}\""))? {
            Statement::Query(query) => query,
            _ => return Err(no_insert()),
        };
        if let SetExpr::Select(select) = query.body.as_mut() {
            select.projection = cells.into_iter().map(SelectItem::UnnamedExpr).collect();
        }
        insert.source = Some(query);
        let given = || (1..=types.len()).filter(|number| !defaults.contains(&(number - 1)));
        let mut rows = format!("WITH \"{ROWS}\" AS (SELECT ");
        let mut arrays = String::new();
        let mut names = String::new();
        for (place, number) in given().enumerate() {
            let (comma, data_type) = (if place == 0 { "" } else { ", " }, type_name(&types[number - 1]));
            rows.push_str(&format!("{comma}c{number}::{data_type} AS c{number}"));
            arrays.push_str(&format!("{comma}${}::text[]", place + 1));
            names.push_str(&format!("{comma}c{number}"));
        }
        if arrays.is_empty() {
            rows.push_str("FROM generate_series(1, $1::int4)");
        } else {
            rows.push_str(&format!(" FROM unnest({arrays}) AS phantomdb_values ({names})"));
        }
        rows.push_str(") ");
        rows.push_str(&print(statement.as_mut())?);
        Ok(rows)
    }

    /// Takes the row out of the statement, without the cells that are defaults and without their columns: in the place of
    /// a query PostgreSQL takes no DEFAULT.
    fn take_cells(&self, statement: &mut Statement, defaults: &[usize]) -> Result<Vec<Expr>> {
        let mut cells = std::mem::take(row_of(statement).ok_or_else(no_insert)?);
        let Statement::Insert(insert) = statement else { return Err(no_insert()) };
        for place in (0..cells.len()).rev() {
            let is_default = match parameter_of(&cells[place]) {
                Some(number) => defaults.contains(&(number - 1)),
                None => is_default(&cells[place]),
            };
            if !is_default {
                continue;
            }
            // The columns that follow the last value have their defaults anyway.
            if place < insert.columns.len() {
                insert.columns.remove(place);
            } else if place + 1 < cells.len() {
                let what = "DEFAULT in rows without the names of their columns";
                return source(&self.sql).unsupported(what, Span::empty());
            }
            cells.remove(place);
        }
        for cell in &mut cells {
            change_expressions(cell, &mut |expr| {
                if let Some(number) = parameter_of(expr) {
                    let names = [ROWS.to_owned(), format!("c{number}")];
                    *expr = Expr::CompoundIdentifier(
                        names.into_iter().map(|name| Ident::with_quote('"', name)).collect(),
                    );
                }
            });
        }
        Ok(cells)
    }
}

/// True for the DEFAULT that the adapter has written.
fn is_default(cell: &Expr) -> bool {
    matches!(cell, Expr::Identifier(ident) if ident.value == "DEFAULT" && ident.quote_style != Some('"'))
}

/// The name of a type with its schema, so that it does not depend on the search path.
fn type_name(data_type: &Type) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    format!("{}.{}", quoted(data_type.schema()), quoted(data_type.name()))
}

fn no_insert() -> Error {
    Error::internal("the statement is no INSERT of one row")
}
