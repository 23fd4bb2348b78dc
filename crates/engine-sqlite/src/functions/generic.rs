//! Functions for values of any type: GREATEST and LEAST, values of parameters, and texts that are put together.

use std::cmp::Ordering;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_values::{
    arrays::{self, Kind},
    documents,
};
use rusqlite::{
    Connection,
    functions::{Aggregate, Context, FunctionFlags},
    types::{Value, ValueRef},
};

use super::{
    collected::Collected,
    convert, decimal,
    result::{FunctionResult, user_error},
    scalar::{Arguments, pure, raw, strict},
};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    pure(conn, "phantomdb_greatest", -1, |a| extreme(a, Ordering::Greater))?;
    pure(conn, "phantomdb_least", -1, |a| extreme(a, Ordering::Less))?;
    strict(conn, "phantomdb_number", 1, |a| number(a.value(0)))?;
    pure(conn, "phantomdb_row_count", 2, |a| row_count(a.value(0), &a.text(1)))?;
    strict(conn, "phantomdb_any_text", 1, |a| Ok(Value::Text(a.text(0).into_owned())))?;
    strict(conn, "phantomdb_bool_output", 1, |a| {
        Ok(Value::Text(if a.integer(0) == 0 { "f" } else { "t" }.to_owned()))
    })?;
    // Files of older versions have this name.
    strict(conn, "phantomdb_json_boolean", 1, |a| {
        Ok(Value::Text(if a.integer(0) == 0 { "false" } else { "true" }.to_owned()))
    })?;
    strict(conn, "phantomdb_json_of_any", 1, |a| json_of_any(a.value(0)))?;
    strict(conn, "phantomdb_join_texts", 2, |a| {
        let texts: Vec<String> = serde_json::from_str(&a.text(0))
            .map_err(|_| Error::internal("the collected texts cannot be read"))?;
        Ok(Value::Text(texts.join(&a.text(1))))
    })?;
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_aggregate_function("phantomdb_single", 1, flags, Single)?;
    conn.create_aggregate_function("phantomdb_distinct_texts", 1, flags, Texts)
}

/// The greatest or the least of the arguments after the first one, which names their collation. NULLs do not count.
fn extreme(arguments: &Arguments<'_>, wanted: Ordering) -> FunctionResult {
    let compare = comparator(&arguments.text(0));
    let mut best: Option<ValueRef<'_>> = None;
    for index in 1..arguments.len() {
        let value = arguments.value(index);
        if matches!(value, ValueRef::Null) {
            continue;
        }
        best = match best {
            Some(known) if compare_values(value, known, compare) != wanted => Some(known),
            _ => Some(value),
        };
    }
    Ok(best.map_or(Value::Null, convert::owned))
}

type Comparator = fn(&str, &str) -> Ordering;

/// How the collation of that name compares.
fn comparator(collation: &str) -> Comparator {
    match collation {
        "decimal" => decimal::compare,
        "jsonb" => documents::compare_texts,
        "interval" => crate::functions::times::values::compare_intervals,
        "array" => |a, b| arrays::compare_texts(a, b, Kind::Text),
        "array_numeric" => |a, b| arrays::compare_texts(a, b, Kind::Numeric),
        "array_interval" => |a, b| arrays::compare_texts(a, b, Kind::Interval),
        "array_jsonb" => |a, b| arrays::compare_texts(a, b, Kind::Jsonb),
        "NOCASE" => |a, b| a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()),
        _ => |a, b| a.cmp(b),
    }
}

/// Compares two values as SQLite does: numbers before texts before bytes.
fn compare_values(a: ValueRef<'_>, b: ValueRef<'_>, compare: Comparator) -> Ordering {
    let class = |value: ValueRef<'_>| match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) | ValueRef::Real(_) => 1,
        ValueRef::Text(_) => 2,
        ValueRef::Blob(_) => 3,
    };
    #[expect(clippy::cast_precision_loss, reason = "an integer beside a float is compared as a float")]
    match (a, b) {
        (ValueRef::Integer(a), ValueRef::Integer(b)) => a.cmp(&b),
        (ValueRef::Real(a), ValueRef::Real(b)) => a.total_cmp(&b),
        (ValueRef::Integer(a), ValueRef::Real(b)) => (a as f64).total_cmp(&b),
        (ValueRef::Real(a), ValueRef::Integer(b)) => a.total_cmp(&(b as f64)),
        (ValueRef::Text(a), ValueRef::Text(b)) => {
            compare(&String::from_utf8_lossy(a), &String::from_utf8_lossy(b))
        }
        (ValueRef::Blob(a), ValueRef::Blob(b)) => a.cmp(b),
        _ => class(a).cmp(&class(b)),
    }
}

/// A parameter that stands beside a number: a number itself, or the text of one.
fn number(value: ValueRef<'_>) -> FunctionResult {
    match value {
        ValueRef::Integer(_) | ValueRef::Real(_) => Ok(convert::owned(value)),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            match text.trim().parse::<i64>() {
                Ok(integer) => Ok(Value::Integer(integer)),
                Err(_) => convert::float(value),
            }
        }
        other => Err(convert::mismatch(other, "a number")),
    }
}

/// The number of a LIMIT or an OFFSET. Without one, there is no limit, and no row is left out.
fn row_count(value: ValueRef<'_>, word: &str) -> FunctionResult {
    if matches!(value, ValueRef::Null) {
        return Ok(Value::Integer(if word == "LIMIT" { -1 } else { 0 }));
    }
    match convert::integer(value, 64)? {
        Value::Integer(count) if count < 0 => {
            Err(Error::new(ErrorCode::TypeMismatch, format!("{word} must not be negative")))
        }
        count => Ok(count),
    }
}

/// A value of a type that is not known, as a document.
fn json_of_any(value: ValueRef<'_>) -> FunctionResult {
    let text = match value {
        ValueRef::Integer(i) => i.to_string(),
        ValueRef::Real(f) if f.is_finite() => serde_json::Value::from(f).to_string(),
        other => serde_json::Value::from(convert::text_of(other)).to_string(),
    };
    Ok(Value::Text(text))
}

/// The value of the only row; NULL without rows.
struct Single;

impl Aggregate<Option<Value>, Value> for Single {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Option<Value>> {
        Ok(None)
    }

    fn step(&self, context: &mut Context<'_>, value: &mut Option<Value>) -> rusqlite::Result<()> {
        if value.is_some() {
            let message = "a sub-query in the place of a value has more than one row";
            return Err(user_error(&Error::new(ErrorCode::BadRequest, message)));
        }
        *value = Some(convert::owned(raw(context, 0)));
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, value: Option<Option<Value>>) -> rusqlite::Result<Value> {
        Ok(value.flatten().unwrap_or(Value::Null))
    }
}

/// Collects texts as a JSON array.
struct Texts;

impl Aggregate<Collected<String>, Value> for Texts {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Collected<String>> {
        Ok(Collected::default())
    }

    fn step(&self, context: &mut Context<'_>, texts: &mut Collected<String>) -> rusqlite::Result<()> {
        let value = raw(context, 0);
        if !matches!(value, ValueRef::Null) {
            let pushed = texts.push(convert::text_of(value).into_owned());
            pushed.map_err(|error| user_error(&error))?;
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, texts: Option<Collected<String>>) -> rusqlite::Result<Value> {
        let collected = |texts: Collected<String>| -> Result<Value> {
            let text = serde_json::to_string(texts.values())
                .map_err(|_| Error::internal("texts cannot be collected"))?;
            Ok(Value::Text(text))
        };
        match texts.filter(|texts| !texts.values().is_empty()) {
            None => Ok(Value::Null),
            Some(texts) => collected(texts).map_err(|error| user_error(&error)),
        }
    }
}
