//! Aggregates of floats and of pairs of floats.

use phantomdb_protocol::Result;
use phantomdb_values::aggregates::{
    Spread,
    floats::{FloatSum, Floats},
    integers::Integers,
    regression::{Measure, Pairs},
};
use rusqlite::{Connection, types::Value};

use super::strict_aggregate::{Row, strict};
use crate::functions::numbers::values::{float4, float8, stored_float4, stored_float8};

fn stored(number: Option<f64>) -> Value {
    number.map_or(Value::Null, stored_float8)
}

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    strict(
        conn,
        "phantomdb_sum_float8",
        1,
        FloatSum::<f64>::default,
        |sum, row| sum.add(float8(row[0])?),
        |sum, row| sum.remove(float8(row[0])?),
        |sum| sum.sum().map(stored),
    )?;
    strict(
        conn,
        "phantomdb_sum_float4",
        1,
        FloatSum::<f32>::default,
        |sum, row| sum.add(float4(row[0])?),
        |sum, row| sum.remove(float4(row[0])?),
        |sum| Ok(sum.sum()?.map_or(Value::Null, stored_float4)),
    )?;
    let add = |floats: &mut Floats, row: &Row<'_>| floats.add(float8(row[0])?);
    let remove = |floats: &mut Floats, row: &Row<'_>| -> Result<()> {
        floats.remove(float8(row[0])?);
        Ok(())
    };
    strict(conn, "phantomdb_avg_float8", 1, Floats::default, add, remove, |floats| {
        floats.average().map(stored)
    })?;
    for (name, spread) in Spread::ALL {
        let name = format!("phantomdb_float8_{name}");
        strict(conn, &name, 1, Floats::default, add, remove, move |floats| {
            floats.spread(spread).map(stored)
        })?;
    }
    pairs(conn)
}

/// The arguments are y and x, in this order.
fn pairs(conn: &Connection) -> rusqlite::Result<()> {
    for (name, measure) in Measure::ALL {
        strict(
            conn,
            &format!("phantomdb_{name}"),
            2,
            Pairs::default,
            |pairs, row| pairs.add(float8(row[0])?, float8(row[1])?),
            |pairs, row| {
                pairs.remove(float8(row[0])?, float8(row[1])?);
                Ok(())
            },
            move |pairs| pairs.measure(measure).map(stored),
        )?;
    }
    strict(
        conn,
        "phantomdb_regr_count",
        2,
        Integers::default,
        |pairs, _| {
            pairs.add(0);
            Ok(())
        },
        |pairs, _| {
            pairs.remove(0);
            Ok(())
        },
        |pairs| Ok(Value::Integer(i64::try_from(pairs.count()).unwrap_or(i64::MAX))),
    )
}
