//! Floats.

use phantomdb_protocol::Result;
use phantomdb_values::numbers::{float, float_functions};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::values::{FLAGS, binary, float4, float8, stored_float4, stored_float8, unary};
use crate::functions::{result::user_error, scalar::raw};

type Double = fn(f64, f64) -> Result<f64>;
type Single = fn(f32, f32) -> Result<f32>;

const OPERATORS: [(&str, Double, Single); 4] = [
    ("add", float::add, float::add),
    ("subtract", float::subtract, float::subtract),
    ("multiply", float::multiply, float::multiply),
    ("divide", float::divide, float::divide),
];

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    for (name, double, single) in OPERATORS {
        let name_of_double = format!("phantomdb_float8_{name}");
        conn.create_scalar_function(name_of_double.as_str(), 2, FLAGS, move |context| {
            let result = match (raw(context, 0), raw(context, 1)) {
                (ValueRef::Real(a), ValueRef::Real(b)) => double(a, b).map(stored_float8),
                (ValueRef::Null, _) | (_, ValueRef::Null) => Ok(Value::Null),
                (a, b) => both(a, b, double),
            };
            result.map_err(|error| user_error(&error))
        })?;
        binary(conn, &format!("phantomdb_float4_{name}"), move |a, b| {
            single(float4(a)?, float4(b)?).map(stored_float4)
        })?;
    }
    for (name, function) in float_functions::FUNCTIONS {
        unary(conn, &format!("phantomdb_float8_{name}"), move |value| {
            function(float8(value)?).map(stored_float8)
        })?;
    }
    let functions: [(&str, Double); 3] = [
        ("power", float_functions::power),
        ("atan2", |y, x| Ok(float_functions::atan2(y, x))),
        ("atan2d", |y, x| Ok(float_functions::atan2d(y, x))),
    ];
    for (name, function) in functions {
        binary(conn, &format!("phantomdb_float8_{name}"), move |a, b| both(a, b, function))?;
    }
    Ok(())
}

fn both(a: ValueRef<'_>, b: ValueRef<'_>, function: Double) -> Result<Value> {
    function(float8(a)?, float8(b)?).map(stored_float8)
}
