//! Exact numbers.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_values::numbers::{Numeric, bucket, integer::Width};
use rusqlite::{Connection, types::Value};

use super::values::{binary, integer, numeric, stored_numeric, unary};
use crate::functions::scalar::strict;

type Unary = fn(&Numeric) -> Result<Numeric>;
type Binary = fn(&Numeric, &Numeric) -> Result<Numeric>;

const UNARY: [(&str, Unary); 12] = [
    ("negate", |a| Ok(a.negated())),
    ("abs", |a| Ok(a.abs())),
    ("sign", |a| Ok(if a.is_nan() { Numeric::NaN } else { Numeric::from(i64::from(a.signum())) })),
    ("ceil", Numeric::ceil),
    ("floor", Numeric::floor),
    ("sqrt", Numeric::sqrt),
    ("exp", Numeric::exp),
    ("ln", Numeric::ln),
    ("log10", |a| Numeric::from(10).log(a)),
    ("trim_scale", |a| Ok(a.trim_scale())),
    ("round", |a| a.round(0)),
    ("trunc", |a| a.trunc(0)),
];

const BINARY: [(&str, Binary); 10] = [
    ("add", Numeric::add),
    ("subtract", Numeric::subtract),
    ("multiply", Numeric::multiply),
    ("divide", Numeric::divide),
    ("remainder", Numeric::remainder),
    ("div", Numeric::divide_truncated),
    ("power", Numeric::power),
    ("log", Numeric::log),
    ("gcd", Numeric::gcd),
    ("lcm", Numeric::lcm),
];

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    for (name, function) in UNARY {
        unary(conn, &format!("phantomdb_numeric_{name}"), move |value| {
            Ok(stored_numeric(&function(&numeric(value)?)?))
        })?;
    }
    for (name, function) in BINARY {
        binary(conn, &format!("phantomdb_numeric_{name}"), move |a, b| {
            Ok(stored_numeric(&function(&numeric(a)?, &numeric(b)?)?))
        })?;
    }
    for (name, round) in [("phantomdb_numeric_round", true), ("phantomdb_numeric_trunc", false)] {
        binary(conn, name, move |value, scale| {
            let (number, scale) = (numeric(value)?, integer(scale, Width::Regular)?);
            Ok(stored_numeric(&if round { number.round(scale)? } else { number.trunc(scale)? }))
        })?;
    }
    for (name, function) in [
        ("phantomdb_numeric_shown_scale", Numeric::scale as fn(&Numeric) -> _),
        ("phantomdb_numeric_min_scale", Numeric::min_scale),
    ] {
        unary(conn, name, move |value| {
            Ok(function(&numeric(value)?).map_or(Value::Null, |scale| Value::Integer(scale.into())))
        })?;
    }
    strict(conn, "phantomdb_numeric_width_bucket", 4, |a| {
        let count = integer(a.value(3), Width::Regular)?;
        bucket::of_numeric(&numeric(a.value(0))?, &numeric(a.value(1))?, &numeric(a.value(2))?, count)
            .map(Value::Integer)
    })?;
    strict(conn, "phantomdb_numeric_scale", 3, |a| {
        let limit =
            |index| i32::try_from(integer(a.value(index), Width::Regular)?).map_err(|_| out_of_range());
        Ok(stored_numeric(&numeric(a.value(0))?.with_precision(limit(1)?, limit(2)?)?))
    })
}

fn out_of_range() -> Error {
    Error::new(ErrorCode::OutOfRange, "the precision and the scale of a numeric are at most 1000")
}
