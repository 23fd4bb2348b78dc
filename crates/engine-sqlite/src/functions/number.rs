//! Functions on numbers.

use std::cmp::Ordering;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_values::numbers::Numeric;
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::{
    convert, decimal,
    result::FunctionResult,
    scalar::{Arguments, pure, volatile},
};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    volatile(conn, "phantomdb_random", 0, |_| {
        let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
        let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float")]
        let bits = ((high.rotate_left(16) ^ low) >> 11) as f64;
        Ok(Value::Real(bits / (1_u64 << 53) as f64))
    })?;
    pure(conn, "greatest", -1, |a| Ok(extreme(a, Ordering::Greater)))?;
    pure(conn, "least", -1, |a| Ok(extreme(a, Ordering::Less)))?;
    for (name, mode) in [("phantomdb_round", Numeric::round as Round), ("phantomdb_trunc", Numeric::trunc)] {
        pure(conn, name, -1, move |a| round(a, mode))?;
    }
    type Float = fn(f64) -> f64;
    let floats: [(&str, Float); 6] = [
        ("ceil", f64::ceil),
        ("floor", f64::floor),
        ("sqrt", f64::sqrt),
        ("exp", f64::exp),
        ("ln", f64::ln),
        ("log", f64::log10),
    ];
    for (name, function) in floats {
        pure(conn, name, 1, move |a| match a.value(0) {
            ValueRef::Integer(i) if name == "ceil" || name == "floor" => Ok(Value::Integer(i)),
            value => Ok(convert::to_f64(value).map(function).map_or(Value::Null, Value::Real)),
        })?;
    }
    pure(conn, "power", 2, |a| {
        let both = convert::to_f64(a.value(0)).zip(convert::to_f64(a.value(1)));
        Ok(both.map_or(Value::Null, |(base, exponent)| Value::Real(base.powf(exponent))))
    })?;
    pure(conn, "mod", 2, |a| {
        if a.any_null() {
            return Ok(Value::Null);
        }
        if let (ValueRef::Integer(x), ValueRef::Integer(y)) = (a.value(0), a.value(1)) {
            let zero = || Error::new(ErrorCode::OutOfRange, "division by zero");
            return x.checked_rem(y).map(Value::Integer).ok_or_else(zero);
        }
        convert::decimal_operation("%", a.value(0), a.value(1))
    })
}

/// Rounds a number to so many digits behind the point.
type Round = fn(&Numeric, i64) -> Result<Numeric>;

/// Rounds or truncates. An integer stays as it is, a float gives a float, and text is an exact number and gives one.
fn round(arguments: &Arguments<'_>, mode: Round) -> FunctionResult {
    if arguments.any_null() {
        return Ok(Value::Null);
    }
    let places = if arguments.len() > 1 { arguments.integer(1) } else { 0 };
    let places = places.clamp(0, 1000);
    match arguments.value(0) {
        ValueRef::Integer(i) => Ok(Value::Integer(i)),
        ValueRef::Real(f) if !f.is_finite() || f.abs() > 1e15 => Ok(Value::Real(f)),
        ValueRef::Real(f) => {
            let rounded = mode(&convert::number(ValueRef::Real(f))?, places)?;
            Ok(Value::Real(rounded.to_f64().unwrap_or(f)))
        }
        value => Ok(Value::Text(mode(&convert::number(value)?, places)?.to_string())),
    }
}

/// GREATEST and LEAST, which leave NULLs out.
fn extreme(arguments: &Arguments<'_>, wanted: Ordering) -> Value {
    let mut best = ValueRef::Null;
    for index in 0..arguments.len() {
        let value = arguments.value(index);
        if matches!(value, ValueRef::Null) {
            continue;
        }
        if matches!(best, ValueRef::Null) || compare(value, best) == wanted {
            best = value;
        }
    }
    convert::owned(best)
}

fn compare(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    match (left, right) {
        (ValueRef::Integer(a), ValueRef::Integer(b)) => a.cmp(&b),
        (ValueRef::Text(a), ValueRef::Text(b)) => a.cmp(b),
        (ValueRef::Integer(_) | ValueRef::Real(_), ValueRef::Integer(_) | ValueRef::Real(_)) => {
            let both = convert::to_f64(left).zip(convert::to_f64(right));
            both.and_then(|(a, b)| a.partial_cmp(&b)).unwrap_or(Ordering::Equal)
        }
        _ => decimal::compare(&convert::text_of(left), &convert::text_of(right)),
    }
}
