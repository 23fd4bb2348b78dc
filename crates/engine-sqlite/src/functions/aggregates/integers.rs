//! Aggregates of integers.

use phantomdb_protocol::Result;
use phantomdb_values::{
    aggregates::{Spread, floats::FloatSum, integers::Integers},
    numbers::integer::Width,
};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::strict_aggregate::{Row, strict};
use crate::functions::numbers::values::{float8, integer, stored_float8, stored_numeric};

/// Integers, and the floats among them: a parameter can be one.
#[derive(Default)]
struct Sum {
    integers: Integers,
    floats: FloatSum<f64>,
}

impl Sum {
    fn add(&mut self, row: &Row<'_>) -> Result<()> {
        match row[0] {
            ValueRef::Integer(integer) => {
                self.integers.add(integer);
                Ok(())
            }
            value => self.floats.add(float8(value)?),
        }
    }

    fn remove(&mut self, row: &Row<'_>) -> Result<()> {
        match row[0] {
            ValueRef::Integer(integer) => {
                self.integers.remove(integer);
                Ok(())
            }
            value => self.floats.remove(float8(value)?),
        }
    }

    /// The sum as `of_integers` gives it, unless there are floats.
    fn finish(&mut self, of_integers: impl Fn(&Integers) -> Result<Value>) -> Result<Value> {
        match self.floats.sum()? {
            Some(floats) => Ok(stored_float8(floats + self.integers.sum_as_float())),
            None if self.integers.is_empty() => Ok(Value::Null),
            None => of_integers(&self.integers),
        }
    }
}

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_sum_int", 1, Sum::default, Sum::add, Sum::remove, |sum| {
        sum.finish(|integers| integers.sum().map(Value::Integer))
    })?;
    strict(conn, "phantomdb_sum_int8", 1, Sum::default, Sum::add, Sum::remove, |sum| {
        sum.finish(|integers| Ok(stored_numeric(&integers.exact_sum())))
    })?;
    let add = |integers: &mut Integers, row: &Row<'_>| {
        integers.add(integer(row[0], Width::Big)?);
        Ok(())
    };
    let remove = |integers: &mut Integers, row: &Row<'_>| {
        integers.remove(integer(row[0], Width::Big)?);
        Ok(())
    };
    strict(conn, "phantomdb_avg_int", 1, Integers::default, add, remove, |integers| {
        Ok(integers.average()?.map_or(Value::Null, |average| stored_numeric(&average)))
    })?;
    for (name, spread) in Spread::ALL {
        let add = |integers: &mut Integers, row: &Row<'_>| {
            integers.add_square(integer(row[0], Width::Big)?);
            Ok(())
        };
        let remove = |integers: &mut Integers, row: &Row<'_>| {
            integers.remove_square(integer(row[0], Width::Big)?);
            Ok(())
        };
        let name = format!("phantomdb_int_{name}");
        strict(conn, &name, 1, Integers::default, add, remove, move |integers| {
            Ok(integers.spread(spread).map_or(Value::Null, |spread| stored_numeric(&spread)))
        })?;
    }
    Ok(())
}
