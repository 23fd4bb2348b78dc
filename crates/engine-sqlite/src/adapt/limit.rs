//! LIMIT, OFFSET and FETCH.

use std::ops::ControlFlow;

use phantomdb_protocol::Result;
use phantomdb_sql::{
    build,
    printer::{literal, verbatim_expr},
    typing::Type,
    walk::each_expression,
};
use sqlparser::ast::{Expr, Fetch, LimitClause, Offset, OffsetRows, SetExpr, Spanned, Value, ValueWithSpan};

use super::{adapter::Adapter, converted::conversion, parameter_types, typed::Origin};

impl Adapter<'_> {
    /// LIMIT, OFFSET and FETCH, which becomes LIMIT.
    pub(super) fn limit(
        &mut self,
        clause: &mut Option<LimitClause>,
        fetch: &mut Option<Fetch>,
        body: &SetExpr,
    ) -> Result<()> {
        if let Some(Fetch { with_ties, percent, quantity }) = fetch.take() {
            self.refuse(&[(with_ties, "FETCH … WITH TIES"), (percent, "FETCH … PERCENT")], || {
                body.span()
            })?;
            let limit = Some(quantity.unwrap_or_else(|| verbatim_expr("1")));
            let offset = match clause.take() {
                Some(LimitClause::LimitOffset { limit: None, offset, limit_by }) if limit_by.is_empty() => {
                    offset
                }
                None => None,
                Some(_) => return self.unsupported("FETCH beside LIMIT", body.span()),
            };
            *clause = Some(LimitClause::LimitOffset { limit, offset, limit_by: Vec::new() });
        }
        match clause {
            None => Ok(()),
            Some(LimitClause::OffsetCommaLimit { offset, limit: _ }) => {
                let span = offset.span();
                self.unsupported("LIMIT offset, count (write LIMIT count OFFSET offset)", span)
            }
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                if let Some(by) = limit_by.first() {
                    let span = by.span();
                    return self.unsupported("LIMIT BY", span);
                }
                limit.take_if(|limit| is_null(limit));
                offset.take_if(|offset| is_null(&offset.value));
                if let Some(limit) = limit {
                    self.row_count(limit, "LIMIT")?;
                }
                if let Some(Offset { value, rows }) = offset {
                    self.row_count(value, "OFFSET")?;
                    // SQLite does not know the word ROWS after the number.
                    *rows = OffsetRows::None;
                    if limit.is_none() {
                        *limit = Some(verbatim_expr("-1"));
                    }
                }
                Ok(())
            }
        }
    }

    /// The number of LIMIT or OFFSET. NULL is no limit, and a negative number is refused, which SQLite takes for no limit.
    fn row_count(&mut self, value: &mut Expr, word: &str) -> Result<()> {
        if is_of_columns(value) {
            let span = value.span();
            return self.unsupported(&format!("a column in {word}"), span);
        }
        let is_count =
            build::number_of(value).is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()));
        let typed = self.expr(value)?;
        let mut taken = build::take(value);
        let span = taken.span();
        if typed.origin == Origin::Parameter {
            parameter_types::note(&taken, typed, Type::BigInt);
        } else {
            taken = conversion(taken, typed, Type::BigInt).map_err(|error| self.at(error, span))?;
        }
        *value =
            if is_count { taken } else { build::call("phantomdb_row_count", vec![taken, literal(word)]) };
        Ok(())
    }
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(ValueWithSpan { value: Value::Null, span: _ }))
}

/// True for an expression that depends on columns, other than through a query.
fn is_of_columns(expr: &Expr) -> bool {
    let mut columns = false;
    let has_query = each_expression(expr, &mut |part| match part {
        Expr::Subquery(_) => ControlFlow::Break(()),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
            columns = true;
            ControlFlow::Continue(())
        }
        _ => ControlFlow::Continue(()),
    });
    columns && has_query.is_continue()
}
