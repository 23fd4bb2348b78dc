//! An INSERT of one row that stands for many, see [`phantomdb_protocol::Statement::rows`].

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Query, SetExpr, Statement, Value, ValueWithSpan};

use crate::{
    printer::parameter_number,
    walk::{Node, each_expression},
};

/// The one row of an `INSERT … VALUES` that has every parameter of the statement. None for any other statement.
pub fn row_of(statement: &mut Statement) -> Option<&mut Vec<Expr>> {
    let in_statement = match &*statement {
        Statement::Insert(insert) if insert.source.as_deref().is_some_and(is_one_row) => {
            count_parameters(statement)
        }
        _ => return None,
    };
    let Statement::Insert(insert) = statement else { return None };
    let SetExpr::Values(values) = insert.source.as_deref_mut()?.body.as_mut() else { return None };
    let row = &mut values.rows.first_mut()?.content;
    let in_row: usize = row.iter().map(|cell| count_parameters(cell)).sum();
    (in_row == in_statement).then_some(row)
}

/// True for `VALUES` of one row and no other clause.
pub fn is_one_row(query: &Query) -> bool {
    let alone = query.with.is_none()
        && query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && query.locks.is_empty();
    alone && matches!(query.body.as_ref(), SetExpr::Values(values) if values.rows.len() == 1)
}

fn count_parameters(tree: &dyn Node) -> usize {
    let mut count = 0;
    let _ = each_expression(tree, &mut |expr| {
        count += usize::from(parameter_of(expr).is_some());
        ControlFlow::Continue(())
    });
    count
}

/// The number of the parameter that the expression is, from 1.
pub fn parameter_of(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Placeholder(name), span: _ }) => {
            parameter_number(name).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse_stored;

    fn width(sql: &str) -> Option<usize> {
        row_of(&mut parse_stored(sql).unwrap()).map(|row| row.len())
    }

    #[test]
    fn an_insert_of_one_row_that_has_every_parameter_stands_for_many() {
        assert_eq!(width("INSERT INTO t (a, b) VALUES ($1, lower($2))"), Some(2));
        assert_eq!(
            width("INSERT INTO t VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = EXCLUDED.a RETURNING *"),
            Some(1)
        );
    }

    #[test]
    fn any_other_statement_stands_for_itself() {
        for sql in [
            "INSERT INTO t (a) VALUES ($1), ($2)",
            "INSERT INTO t (a) SELECT $1",
            "INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = $2",
            "INSERT INTO t (a) VALUES ($1) RETURNING a + $2",
            "UPDATE t SET a = $1",
        ] {
            assert_eq!(width(sql), None, "{sql}");
        }
    }
}
