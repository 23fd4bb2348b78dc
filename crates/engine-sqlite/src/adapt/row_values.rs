//! Rows as values: the row of a relation, and the tests of a row for NULL.

use phantomdb_protocol::Result;
use phantomdb_sql::{build, printer, typing::Type};
use sqlparser::ast::{BinaryOperator, Expr, Ident, Value};

use super::{adapter::Adapter, converted::json, scope::Output, typed::Typed};

impl Adapter<'_> {
    /// The row of a relation as a document, for `row_to_json(t)`; None when there is no such relation.
    pub(super) fn whole_row(&self, relation: &str) -> Option<Result<(Expr, Typed)>> {
        let relation = self.scopes.iter().rev().find_map(|scope| scope.relation(relation))?;
        let outputs = relation.columns.outputs(relation.outer)?;
        // The row of a function that returns single values is the value.
        if let [Output { name: _, typed, expr: Some(value) }] = outputs.as_slice() {
            return Some(Ok((value.clone(), *typed)));
        }
        let mut fields = Vec::with_capacity(2 * outputs.len());
        for (index, output) in outputs.into_iter().enumerate() {
            let column = Expr::CompoundIdentifier(vec![
                Ident::with_quote('"', relation.name.clone()),
                Ident::with_quote('"', output.name.clone()),
            ]);
            let own_name = relation.own_names.as_ref().and_then(|names| names.get(index));
            fields.push(printer::literal(own_name.unwrap_or(&output.name).clone()));
            match json(output.expr.unwrap_or(column), output.typed) {
                Ok(value) => fields.push(build::call("json", vec![value])),
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok((build::call("json_object", fields), Typed::of(Type::Record))))
    }
}

/// The tests of each value of a row: `ROW(a, b) IS NULL` holds when all are NULL, and `IS NOT NULL` when none is. None for any
/// other test.
pub(super) fn null_tests_of_row(expr: &mut Expr) -> Option<Expr> {
    let (row, test): (&mut Expr, fn(Box<Expr>) -> Expr) = match expr {
        Expr::IsNull(row) => (row, Expr::IsNull),
        Expr::IsNotNull(row) => (row, Expr::IsNotNull),
        _ => return None,
    };
    let Expr::Tuple(values) = build::unnested_mut(row) else { return None };
    // A row within a row is one value, and not NULL.
    if values.iter().any(|value| matches!(build::unnested(value), Expr::Tuple(_))) {
        return None;
    }
    if values.is_empty() {
        return Some(Expr::Value(Value::Boolean(true).into()));
    }
    let tests = std::mem::take(values).into_iter().map(|mut value| {
        build::parenthesize(&mut value);
        test(Box::new(value))
    });
    Some(Expr::Nested(Box::new(build::join(tests.collect(), &BinaryOperator::And))))
}
