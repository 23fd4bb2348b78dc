//! Arithmetic. SQLite itself computes with integers and floats, functions compute with decimals, dates and documents, and
//! every other type is refused.

use phantomdb_protocol::{ColumnType, Error, ErrorCode, Result};
use phantomdb_sql::{build, printer};
use sqlparser::ast::{BinaryOperator, Expr, Spanned, UnaryOperator};

use super::{
    adapter::Adapter,
    typed::{Origin, Typed},
};

impl Adapter<'_> {
    pub(super) fn arithmetic(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(Typed::UNKNOWN) };
        let sign = match op {
            BinaryOperator::Plus => Some("1"),
            BinaryOperator::Minus => Some("-1"),
            _ => None,
        };
        if let (Some(sign), Expr::Interval(_)) = (sign, build::unnested(right)) {
            return self.add_interval(expr, sign);
        }
        let (a, b) = (self.expr(left)?, self.expr(right)?);
        let nullable = a.nullable || b.nullable;
        if let Some((function, column_type)) = self.special_arithmetic(op, a, b)? {
            *expr = build::call(function, vec![build::take(left), build::take(right)]);
            return Ok(Typed { nullable, ..Typed::of(column_type) });
        }
        if a.is(ColumnType::Decimal) || b.is(ColumnType::Decimal) {
            let operator = printer::literal(op.to_string());
            *expr =
                build::call("phantomdb_decimal_op", vec![operator, build::take(left), build::take(right)]);
            return Ok(Typed { nullable, ..Typed::of(ColumnType::Decimal) });
        }
        let column_type = match (a.column_type, b.column_type) {
            (Some(ColumnType::Integer), Some(ColumnType::Integer)) => Some(ColumnType::Integer),
            (Some(ColumnType::Float), Some(ColumnType::Integer | ColumnType::Float))
            | (Some(ColumnType::Integer), Some(ColumnType::Float)) => Some(ColumnType::Float),
            _ => None,
        };
        for side in [left, right] {
            // + - * / % bind to each other as in PostgreSQL. Parentheses go around anything else.
            let binds_alike = matches!(
                side.as_ref(),
                Expr::BinaryOp {
                    op: BinaryOperator::Plus
                        | BinaryOperator::Minus
                        | BinaryOperator::Multiply
                        | BinaryOperator::Divide
                        | BinaryOperator::Modulo,
                    left: _,
                    right: _,
                }
            );
            if !binds_alike {
                build::parenthesize(side);
            }
        }
        Ok(Typed { column_type, nullable, origin: Origin::Computed })
    }

    /// Checks the operand of a sign, which must be a number, and negates a decimal without a loss of digits.
    pub(super) fn signed(&self, expr: &mut Expr, typed: Typed) -> Result<()> {
        let Expr::UnaryOp { op, expr: inner } = expr else { return Ok(()) };
        let sign = if *op == UnaryOperator::Minus { BinaryOperator::Minus } else { BinaryOperator::Plus };
        if typed.is_constant() {
            return Ok(());
        }
        if let Some(side) = typed.column_type {
            refuse_arithmetic(&sign, side).map_err(|error| self.at(error, inner.span()))?;
        }
        if typed.is(ColumnType::Decimal) && sign == BinaryOperator::Minus {
            let arguments = vec![printer::literal("-"), printer::verbatim_expr("0"), build::take(inner)];
            *expr = build::call("phantomdb_decimal_op", arguments);
        }
        Ok(())
    }

    /// The function that computes with operands that are no numbers, and the type of its result. `TYPE_MISMATCH` where
    /// PostgreSQL has no such operator: SQLite would take the digits at the front of a text for a number.
    fn special_arithmetic(
        &self,
        op: &BinaryOperator,
        a: Typed,
        b: Typed,
    ) -> Result<Option<(&'static str, ColumnType)>> {
        // A literal or a parameter takes the type of the other side.
        let own_type = |typed: Typed| if typed.is_constant() { None } else { typed.column_type };
        let sign = match op {
            BinaryOperator::Plus => "+",
            BinaryOperator::Minus => "-",
            _ => "",
        };
        Ok(match (a.column_type, sign, b.column_type) {
            (Some(ColumnType::Date), "-", Some(ColumnType::Date)) => {
                Some(("phantomdb_days_between", ColumnType::Integer))
            }
            (Some(ColumnType::Date), "+", Some(ColumnType::Integer)) => {
                Some(("phantomdb_add_days", ColumnType::Date))
            }
            (Some(ColumnType::Date), "-", Some(ColumnType::Integer)) => {
                Some(("phantomdb_subtract_days", ColumnType::Date))
            }
            (Some(ColumnType::Json), "-", _) => Some(("phantomdb_json_delete", ColumnType::Json)),
            _ => {
                for side in [own_type(a), own_type(b)].into_iter().flatten() {
                    refuse_arithmetic(op, side)?;
                }
                None
            }
        })
    }

    /// `time + interval '1 day'`, with `sign` 1, or the same with a minus, with `sign` -1.
    fn add_interval(&mut self, expr: &mut Expr, sign: &str) -> Result<Typed> {
        let Expr::BinaryOp { left, op: _, right } = expr else { return Ok(Typed::UNKNOWN) };
        let typed = self.expr(left)?;
        let mut interval = build::unnested(right).clone();
        self.cast(&mut interval)?;
        let arguments = vec![build::take(left), interval, printer::verbatim_expr(sign)];
        *expr = build::call("phantomdb_add_interval", arguments);
        Ok(Typed { nullable: typed.nullable, ..Typed::of(ColumnType::Timestamp) })
    }
}

fn refuse_arithmetic(op: &BinaryOperator, side: ColumnType) -> Result<()> {
    let name = match side {
        ColumnType::String => "a text",
        ColumnType::Boolean => "a boolean",
        ColumnType::Timestamp => "a timestamp",
        ColumnType::Date => "a date",
        ColumnType::Time => "a time of day",
        ColumnType::Uuid => "a UUID",
        ColumnType::Enum => "an enum",
        ColumnType::Blob => "a blob",
        ColumnType::Json => "a JSON document",
        _ => return Ok(()),
    };
    Err(Error::new(
        ErrorCode::TypeMismatch,
        format!("{name} cannot stand beside {op}; cast it to a number, or extract one from it"),
    ))
}
