//! Integers by their width.

use phantomdb_protocol::Result;
use phantomdb_values::numbers::{
    bucket, float,
    integer::{Width, to_base},
    numeric,
};
use rusqlite::{
    Connection,
    functions::Context,
    types::{Value, ValueRef},
};

use super::values::{FLAGS, binary, float8, integer, stored_float8, stored_numeric, unary};
use crate::functions::{
    result::user_error,
    scalar::{raw, strict},
};

const WIDTHS: [(&str, Width); 3] = [("int2", Width::Small), ("int4", Width::Regular), ("int8", Width::Big)];

type Exact = fn(Width, i64, i64) -> Result<i64>;
type Inexact = fn(f64, f64) -> Result<f64>;
type Shift = fn(Width, i64, i64) -> i64;

/// The operators that take a float too, and then give one.
const ARITHMETIC: [(&str, Exact, Inexact); 5] = [
    ("add", Width::add, float::add),
    ("subtract", Width::subtract, float::subtract),
    ("multiply", Width::multiply, float::multiply),
    ("divide", Width::divide, float::divide),
    ("remainder", Width::remainder, |a, b| float::divide(a, b).map(|_| a % b)),
];

const SHIFTS: [(&str, Shift); 2] = [("shift_left", Width::shift_left), ("shift_right", Width::shift_right)];

const OTHERS: [(&str, Exact); 5] = [
    ("and", |_, a, b| Ok(a & b)),
    ("or", |_, a, b| Ok(a | b)),
    ("xor", |_, a, b| Ok(a ^ b)),
    ("gcd", Width::gcd),
    ("lcm", Width::lcm),
];

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    for (prefix, width) in WIDTHS {
        for (name, exact, inexact) in ARITHMETIC {
            arithmetic(conn, &format!("phantomdb_{prefix}_{name}"), width, exact, inexact)?;
        }
        for (name, exact) in OTHERS {
            binary(conn, &format!("phantomdb_{prefix}_{name}"), move |a, b| {
                exact(width, integer(a, width)?, integer(b, width)?).map(Value::Integer)
            })?;
        }
        for (name, shift) in SHIFTS {
            binary(conn, &format!("phantomdb_{prefix}_{name}"), move |a, by| {
                Ok(Value::Integer(shift(width, integer(a, width)?, integer(by, Width::Regular)?)))
            })?;
        }
        unary(conn, &format!("phantomdb_{prefix}_negate"), move |value| match value {
            ValueRef::Integer(integer) => width.negate(integer).map(Value::Integer),
            value => float8(value).map(|number| stored_float8(-number)),
        })?;
        unary(conn, &format!("phantomdb_{prefix}_abs"), move |value| match value {
            ValueRef::Integer(integer) => width.abs(integer).map(Value::Integer),
            value => float8(value).map(|number| stored_float8(number.abs())),
        })?;
        unary(conn, &format!("phantomdb_{prefix}_not"), move |value| {
            Ok(Value::Integer(!integer(value, width)?))
        })?;
        for (name, bits) in [("to_bin", 1), ("to_oct", 3), ("to_hex", 4)] {
            unary(conn, &format!("phantomdb_{prefix}_{name}"), move |value| {
                Ok(Value::Text(to_base(integer(value, width)?, width, bits)))
            })?;
        }
    }
    unary(conn, "phantomdb_factorial", |value| {
        Ok(stored_numeric(&numeric::factorial(integer(value, Width::Big)?)?))
    })?;
    strict(conn, "phantomdb_float8_width_bucket", 4, |a| {
        let count = integer(a.value(3), Width::Regular)?;
        bucket::of_f64(float8(a.value(0))?, float8(a.value(1))?, float8(a.value(2))?, count)
            .map(Value::Integer)
    })
}

/// Registers an operator without anything that costs for two integers.
fn arithmetic(
    conn: &Connection,
    name: &str,
    width: Width,
    exact: Exact,
    inexact: Inexact,
) -> rusqlite::Result<()> {
    conn.create_scalar_function(name, 2, FLAGS, move |context: &mut Context<'_>| {
        let result = match (raw(context, 0), raw(context, 1)) {
            (ValueRef::Integer(a), ValueRef::Integer(b)) => exact(width, a, b).map(Value::Integer),
            (ValueRef::Null, _) | (_, ValueRef::Null) => Ok(Value::Null),
            (a, b) => mixed(a, b, width, exact, inexact),
        };
        result.map_err(|error| user_error(&error))
    })
}

/// Computes with operands that are not both integers: a parameter can be a float or a text.
#[cold]
fn mixed(a: ValueRef<'_>, b: ValueRef<'_>, width: Width, exact: Exact, inexact: Inexact) -> Result<Value> {
    let whole = |value: ValueRef<'_>| match value {
        ValueRef::Real(_) => None,
        value => integer(value, width).ok(),
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => exact(width, a, b).map(Value::Integer),
        _ => inexact(float8(a)?, float8(b)?).map(stored_float8),
    }
}
