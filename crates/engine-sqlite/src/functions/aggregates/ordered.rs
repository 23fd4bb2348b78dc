//! Aggregates of rows in an order: percentiles, the most frequent value, any value.

use std::cmp::Ordering;

use phantomdb_engine::json_rows::LARGEST_EXACT;
use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_values::{
    aggregates::{frame::Frame, percentile},
    numbers::float::parse_f64,
    text::limit::LONGEST_RESULT,
};
use rusqlite::{
    Connection,
    functions::{Aggregate, Context},
    types::{Value, ValueRef},
};

use super::strict_aggregate::{FLAGS, strict};
use crate::functions::{
    collected::{Collected, Weighed},
    convert, decimal,
    numbers::values::{float8, stored_float8},
    result::user_error,
    scalar::raw,
};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    conn.create_aggregate_function("phantomdb_percentile_cont", 2, FLAGS, Continuous)?;
    conn.create_aggregate_function("phantomdb_percentile_disc", 2, FLAGS, Discrete { json: json_of })?;
    conn.create_aggregate_function("phantomdb_percentile_disc_bool", 2, FLAGS, Discrete { json: json_bool })?;
    conn.create_aggregate_function("phantomdb_mode", 1, FLAGS, Mode { numeric: false })?;
    conn.create_aggregate_function("phantomdb_numeric_mode", 1, FLAGS, Mode { numeric: true })?;
    strict(
        conn,
        "phantomdb_any_value",
        1,
        Any::default,
        |any, row| {
            any.count += 1;
            if any.count == 1 {
                any.first = convert::owned(row[0]);
            }
            let value = convert::owned(row[0]);
            any.bytes += value.bytes();
            if any.bytes > LONGEST_RESULT {
                any.frame.give_up();
            } else {
                any.frame.push(value);
            }
            Ok(())
        },
        |any, row| {
            any.bytes = any.bytes.saturating_sub(convert::owned(row[0]).bytes());
            any.count = any.count.saturating_sub(1);
            any.frame.remove_first();
            any.first = any.next()?;
            Ok(())
        },
        |any| Ok(if any.count == 0 { Value::Null } else { any.first.clone() }),
    )
}

/// The first value, and those that follow it in a frame.
struct Any {
    count: u64,
    first: Value,
    frame: Frame<Value>,
    /// The bytes of the texts in the frame.
    bytes: usize,
}

impl Default for Any {
    fn default() -> Self {
        Self { count: 0, first: Value::Null, frame: Frame::default(), bytes: 0 }
    }
}

impl Any {
    fn next(&self) -> Result<Value> {
        let too_large = || Error::new(ErrorCode::Unsupported, "any_value takes no moving frame that large");
        let values = self.frame.values().ok_or_else(too_large)?;
        Ok(values.front().cloned().unwrap_or(Value::Null))
    }
}

/// The part of the rows that is asked for, with the rows' values.
struct Percentile<T> {
    /// The fraction that is asked for; NULL is None.
    fraction: Option<Fraction>,
    values: Collected<T>,
}

/// One fraction, or a JSON array of them.
enum Fraction {
    One(f64),
    Several(Vec<Option<f64>>),
}

impl Fraction {
    fn read(value: ValueRef<'_>) -> Result<Option<Self>> {
        let ValueRef::Text(text) = value else {
            return Ok(if matches!(value, ValueRef::Null) { None } else { Some(Self::One(float8(value)?)) });
        };
        if !text.trim_ascii_start().starts_with(b"[") {
            return Ok(Some(Self::One(float8(value)?)));
        }
        let refused = || convert::mismatch(value, "an array of numbers");
        let elements: Vec<serde_json::Value> = serde_json::from_slice(text).map_err(|_| refused())?;
        let fractions = elements.iter().map(|element| match element {
            serde_json::Value::Null => Ok(None),
            serde_json::Value::Number(number) => number.as_f64().map(Some).ok_or_else(refused),
            serde_json::Value::String(text) => parse_f64(text).map(Some),
            _ => Err(refused()),
        });
        fractions.collect::<Result<_>>().map(|fractions| Some(Self::Several(fractions)))
    }
}

impl<T: Weighed> Percentile<T> {
    fn new(context: &Context<'_>) -> rusqlite::Result<Self> {
        let fraction = Fraction::read(raw(context, 0)).map_err(|error| user_error(&error))?;
        Ok(Self { fraction, values: Collected::default() })
    }

    /// The result for one fraction, or a JSON array of the results for several.
    fn result(&self, json: ToJson, of: impl Fn(f64) -> Result<Option<Value>>) -> Result<Value> {
        match &self.fraction {
            None => Ok(Value::Null),
            Some(Fraction::One(fraction)) => Ok(of(*fraction)?.unwrap_or(Value::Null)),
            Some(Fraction::Several(_)) if self.values.values().is_empty() => Ok(Value::Null),
            Some(Fraction::Several(fractions)) => {
                let results = fractions.iter().map(|fraction| match fraction {
                    Some(fraction) => of(*fraction).map(|found| json(found.unwrap_or(Value::Null))),
                    None => Ok(serde_json::Value::Null),
                });
                let results: Vec<serde_json::Value> = results.collect::<Result<_>>()?;
                Ok(Value::Text(serde_json::Value::Array(results).to_string()))
            }
        }
    }
}

/// How an element of an array is written.
type ToJson = fn(Value) -> serde_json::Value;

fn json_bool(value: Value) -> serde_json::Value {
    match value {
        Value::Integer(integer) => (integer != 0).into(),
        other => json_of(other),
    }
}

fn json_of(value: Value) -> serde_json::Value {
    match value {
        // JavaScript would round a larger integer.
        Value::Integer(integer) if integer.unsigned_abs() > LARGEST_EXACT => integer.to_string().into(),
        Value::Integer(integer) => integer.into(),
        Value::Real(number) if number.is_infinite() => {
            (if number > 0.0 { "Infinity" } else { "-Infinity" }).into()
        }
        Value::Real(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::Null | Value::Blob(_) => serde_json::Value::Null,
    }
}

struct Continuous;

impl Aggregate<Percentile<f64>, Value> for Continuous {
    fn init(&self, context: &mut Context<'_>) -> rusqlite::Result<Percentile<f64>> {
        Percentile::new(context)
    }

    fn step(&self, context: &mut Context<'_>, percentile: &mut Percentile<f64>) -> rusqlite::Result<()> {
        let value = raw(context, 1);
        if !matches!(value, ValueRef::Null) {
            let pushed = float8(value).and_then(|number| percentile.values.push(number));
            pushed.map_err(|error| user_error(&error))?;
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, percentile: Option<Percentile<f64>>) -> rusqlite::Result<Value> {
        let Some(percentile) = percentile else { return Ok(Value::Null) };
        let values = percentile.values.values();
        let result = percentile.result(json_of, |fraction| {
            let at = |index| values.get(index).copied();
            Ok(percentile::continuous(fraction, values.len(), at)?.map(stored_float8))
        });
        result.map_err(|error| user_error(&error))
    }
}

struct Discrete {
    json: ToJson,
}

impl Aggregate<Percentile<Value>, Value> for Discrete {
    fn init(&self, context: &mut Context<'_>) -> rusqlite::Result<Percentile<Value>> {
        Percentile::new(context)
    }

    fn step(&self, context: &mut Context<'_>, percentile: &mut Percentile<Value>) -> rusqlite::Result<()> {
        let value = raw(context, 1);
        if !matches!(value, ValueRef::Null) {
            percentile.values.push(convert::owned(value)).map_err(|error| user_error(&error))?;
        }
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        percentile: Option<Percentile<Value>>,
    ) -> rusqlite::Result<Value> {
        let Some(percentile) = percentile else { return Ok(Value::Null) };
        let values = percentile.values.values();
        let result = percentile.result(self.json, |fraction| {
            let index = percentile::discrete(fraction, values.len())?;
            Ok(index.and_then(|index| values.get(index).cloned()))
        });
        result.map_err(|error| user_error(&error))
    }
}

/// The most frequent value; the first one in the order when several are.
struct Mode {
    /// True when texts are exact numbers.
    numeric: bool,
}

/// The most frequent value so far, and the one that is counted.
#[derive(Default)]
struct Counted {
    best: Option<(Value, u64)>,
    current: Option<(Value, u64)>,
}

impl Counted {
    fn settle(&mut self) {
        if let Some((value, count)) = self.current.take()
            && self.best.as_ref().is_none_or(|(_, best)| count > *best)
        {
            self.best = Some((value, count));
        }
    }
}

impl Aggregate<Counted, Value> for Mode {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Counted> {
        Ok(Counted::default())
    }

    fn step(&self, context: &mut Context<'_>, counted: &mut Counted) -> rusqlite::Result<()> {
        let value = convert::owned(raw(context, 0));
        if value == Value::Null {
            return Ok(());
        }
        match &mut counted.current {
            Some((current, count)) if self.same(current, &value) => *count += 1,
            _ => {
                counted.settle();
                counted.current = Some((value, 1));
            }
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, counted: Option<Counted>) -> rusqlite::Result<Value> {
        let Some(mut counted) = counted else { return Ok(Value::Null) };
        counted.settle();
        Ok(counted.best.map_or(Value::Null, |(value, _)| value))
    }
}

impl Mode {
    fn same(&self, a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Text(a), Value::Text(b)) if self.numeric => decimal::compare(a, b) == Ordering::Equal,
            _ => a == b,
        }
    }
}
