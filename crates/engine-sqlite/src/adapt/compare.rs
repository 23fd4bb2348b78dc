//! Comparisons: both sides become values of one type, and SQLite is told the collation by which that type compares.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    printer::{literal, verbatim_expr},
    typing::{Category, Type, common_type, is_one_element},
};
use sqlparser::ast::{BinaryOperator, Expr, Spanned};

use super::{
    adapted::Open,
    adapter::Adapter,
    converted::{comparable, conversion},
    literal::string_of,
    operators::{array_beside_column, is_array_of_strings},
    parameter_types::{self, Overloaded},
    strict::is_null_of,
    typed::{Origin, Typed},
};

impl Adapter<'_> {
    /// `=`, `<>`, `<`, `<=`, `>` and `>=`, of values or of rows.
    pub(super) fn comparison(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(Typed::OTHER) };
        if let (Expr::Tuple(lefts), Expr::Tuple(rights)) =
            (build::unnested_mut(left), build::unnested_mut(right))
        {
            let op = op.clone();
            let (lefts, rights) = (std::mem::take(lefts), std::mem::take(rights));
            return self.row_comparison(expr, lefts, &op, rights);
        }
        let strings = (is_array_of_strings(left), is_array_of_strings(right));
        let (mut a, mut b) = (self.operand(left)?, self.operand(right)?);
        array_beside_column(strings, &mut a, &mut b);
        self.align(left, a, right, b, op)?;
        if is_null_of(&[left, right]) {
            *expr = build::null();
            return Ok(Typed::boolean(true));
        }
        Ok(Typed::boolean(a.nullable || b.nullable))
    }

    /// `(a, b) < (c, d)`.
    fn row_comparison(
        &mut self,
        expr: &mut Expr,
        mut lefts: Vec<Expr>,
        op: &BinaryOperator,
        mut rights: Vec<Expr>,
    ) -> Result<Typed> {
        if lefts.len() != rights.len() {
            return Err(self.rows_of_different_lengths(expr));
        }
        let mut nullable = false;
        for (left, right) in lefts.iter_mut().zip(&mut rights) {
            let (a, b) = (self.operand(left)?, self.operand(right)?);
            self.align(left, a, right, b, op)?;
            nullable |= a.nullable || b.nullable;
        }
        *expr = build::binary(Expr::Tuple(lefts), op.clone(), Expr::Tuple(rights));
        Ok(Typed::boolean(nullable))
    }

    /// `IS DISTINCT FROM`, of values or of rows. SQLite spells it as PostgreSQL does, and has it of values only: rows differ
    /// when a value of the one differs from that of the other.
    pub(super) fn distinct_from(&mut self, expr: &mut Expr) -> Result<Typed> {
        let (left, right, negated) = match expr {
            Expr::IsDistinctFrom(left, right) => (left, right, false),
            Expr::IsNotDistinctFrom(left, right) => (left, right, true),
            _ => return Ok(Typed::OTHER),
        };
        let (Expr::Tuple(lefts), Expr::Tuple(rights)) =
            (build::unnested_mut(left), build::unnested_mut(right))
        else {
            let (a, b) = (self.operand(left)?, self.operand(right)?);
            self.align(left, a, right, b, &BinaryOperator::Eq)?;
            return Ok(Typed::boolean(false));
        };
        let (lefts, rights) = (std::mem::take(lefts), std::mem::take(rights));
        if lefts.len() != rights.len() {
            return Err(self.rows_of_different_lengths(expr));
        }
        let test = if negated { Expr::IsNotDistinctFrom } else { Expr::IsDistinctFrom };
        let terms = lefts.into_iter().zip(rights).map(|(mut left, mut right)| {
            build::parenthesize(&mut left);
            build::parenthesize(&mut right);
            test(Box::new(left), Box::new(right))
        });
        let op = if negated { BinaryOperator::And } else { BinaryOperator::Or };
        *expr = Expr::Nested(Box::new(build::join(terms.collect(), &op)));
        self.expr(expr)
    }

    fn rows_of_different_lengths(&self, expr: &Expr) -> Error {
        let message = "the two rows of a comparison have different numbers of values";
        self.at(Error::new(ErrorCode::SyntaxError, message), expr.span())
    }

    /// Makes two sides of a comparison comparable.
    pub(super) fn align(
        &self,
        left: &mut Expr,
        a: Typed,
        right: &mut Expr,
        b: Typed,
        op: &BinaryOperator,
    ) -> Result<()> {
        let common = self.comparison_type(a, b, op).map_err(|error| self.at(error, left.span()))?;
        // A string beside a parameter has the type that the statement gave the parameter before.
        let known = parameter_types::known_type(left, a).or_else(|| parameter_types::known_type(right, b));
        let known = known.filter(|known| a.is_unknown() && b.is_unknown() && *known != Type::Other);
        let common = known.unwrap_or(common);
        let overloaded = if known.is_some() { Vec::new() } else { overloaded(left, a, right, b) };
        for (side, typed) in [(&mut *left, a), (&mut *right, b)] {
            self.check_beside_value(side, typed, common)?;
            self.check_beside_known(side, known)?;
            self.convert_side(side, typed, common)?;
        }
        overloaded.into_iter().for_each(Overloaded::note);
        let both = |typed: Typed| Typed { data_type: common, origin: side_origin(typed, common), ..typed };
        let (a, b) = (both(a), both(b));
        // The collation of a column on either side is enough.
        let has_column = |typed: Typed| typed.origin == Origin::Column && typed.collation_to_name().is_none();
        if !has_column(a) && !has_column(b) {
            *left = comparable(build::take(left), a.computed());
        }
        Ok(())
    }

    /// Converts one side of a comparison to the type in which it is compared.
    pub(super) fn convert_side(&self, side: &mut Expr, typed: Typed, common: Type) -> Result<()> {
        if common == Type::Other {
            if typed.is(Type::Numeric) && typed.origin == Origin::Literal {
                *side = verbatim_expr(string_of(side).unwrap_or("0").to_owned());
            }
            return Ok(());
        }
        if common == Type::Date
            && let Some(parameter) = Overloaded::of(side, typed)
        {
            let span = side.span();
            *side = conversion(build::take(side), typed, common).map_err(|error| self.at(error, span))?;
            parameter.note_as(Open::BesideDate);
            return Ok(());
        }
        parameter_types::note(side, typed, common);
        let both_numbers = typed.data_type.is_number() && common.is_number();
        // SQLite compares integers and floats by their value.
        let stays = both_numbers && common != Type::Numeric && !typed.is(Type::Numeric);
        let parameter_beside_number =
            typed.origin == Origin::Parameter && common.is_number() && common != Type::Numeric;
        if stays || typed.data_type == common {
            return Ok(());
        }
        if parameter_beside_number {
            *side = build::call("phantomdb_number", vec![build::take(side)]);
            return Ok(());
        }
        let value = build::take(side);
        let span = value.span();
        *side = conversion(value, typed, common).map_err(|error| self.at(error, span))?;
        Ok(())
    }

    /// The type in which two values are compared. `TYPE_MISMATCH` when PostgreSQL has no such comparison.
    pub(super) fn comparison_type(&self, a: Typed, b: Typed, op: &BinaryOperator) -> Result<Type> {
        let (left, right) = (a.data_type, b.data_type);
        if left == Type::Other || right == Type::Other {
            return Ok(Type::Other);
        }
        let mismatch = || {
            let message = format!(
                "{} {op} {}: there is no such comparison; cast one side to the type of the other",
                left.name(),
                right.name()
            );
            Err(Error::new(ErrorCode::TypeMismatch, message))
        };
        match (left, right) {
            (Type::Unknown, Type::Unknown) => Ok(Type::Text),
            (Type::Unknown, known) | (known, Type::Unknown) => Ok(known),
            (left, right) if left == right => Ok(left),
            (
                Type::Date | Type::Timestamp | Type::TimestampTz,
                Type::Date | Type::Timestamp | Type::TimestampTz,
            ) => Ok(if left == Type::TimestampTz || right == Type::TimestampTz {
                Type::TimestampTz
            } else {
                Type::Timestamp
            }),
            (Type::Time, Type::Interval) | (Type::Interval, Type::Time) => Ok(Type::Interval),
            // The operators take two arrays of one type.
            (Type::Array(a), Type::Array(b))
                if !([*a, *b].contains(&Type::Unknown) || is_one_element(*a, *b)) =>
            {
                mismatch()
            }
            (left, right) if left.category() == right.category() && !matches!(left, Type::Time) => {
                let unified = matches!(
                    left.category(),
                    Category::Numeric | Category::String | Category::Array | Category::Enum
                );
                match common_type(&[left, right]) {
                    Some(common) if unified => Ok(common),
                    _ => mismatch(),
                }
            }
            (Type::Enum, text) | (text, Type::Enum) if text.is_text() => Ok(Type::Text),
            _ => mismatch(),
        }
    }
}

/// The parameters of two sides that give each other no type. Beside a string the type is the value's, if the string is read
/// as one.
pub(super) fn overloaded(left: &Expr, a: Typed, right: &Expr, b: Typed) -> Vec<Overloaded> {
    if !(a.is_unknown() && b.is_unknown()) {
        return Vec::new();
    }
    [Overloaded::of(left, a), Overloaded::of(right, b)].into_iter().flatten().collect()
}

/// A value that was converted is not a column any more.
fn side_origin(typed: Typed, common: Type) -> Origin {
    let unchanged = typed.data_type == common || (typed.data_type.is_text() && common.is_text());
    if unchanged { typed.origin } else { Origin::Computed }
}

/// `phantomdb_greatest('collation', …)` and `phantomdb_least`.
pub(super) fn extreme(name: &str, typed: Typed, values: Vec<Expr>) -> Expr {
    let collation = literal(typed.collation().unwrap_or("BINARY"));
    build::call(name, std::iter::once(collation).chain(values).collect())
}
