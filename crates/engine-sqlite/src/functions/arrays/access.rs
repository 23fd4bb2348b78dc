//! Elements, slices, dimensions and searches.

use phantomdb_values::arrays::{
    self, bounds_text, bucket, cardinality, contains, dimension_count, flat, get, length, overlaps, position,
    positions, slice, to_string,
};
use phantomdb_values::documents::{Document, quoted};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::{
    Arguments, FunctionResult,
    elements::{item, items, kind, optional, value_of, written},
};
use crate::functions::scalar::{pure, strict};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_array_get", -1, |a| {
        let kind = kind(a, 0);
        let subscripts: Vec<i64> = (2..a.len()).map(|index| a.integer(index)).collect();
        Ok(get(&a.text(1), kind, &subscripts)?.map_or(Value::Null, |item| value_of(item, kind)))
    })?;
    strict(conn, "phantomdb_array_slice", -1, sliced)?;
    strict(conn, "phantomdb_array_elements", 2, elements)?;
    // For ANY and ALL: a comparison with the elements of NULL is NULL, as one with NULL is.
    pure(conn, "phantomdb_array_compared", 2, |a| {
        if a.is_null(0) { Ok(Value::Text("[null]".to_owned())) } else { elements(a) }
    })?;
    strict(conn, "phantomdb_array_length", 3, |a| {
        length(&a.text(0), kind(a, 2), a.integer(1)).map(optional)
    })?;
    strict(conn, "phantomdb_array_lower", 3, |a| {
        Ok(optional(length(&a.text(0), kind(a, 2), a.integer(1))?.map(|_| 1)))
    })?;
    strict(conn, "phantomdb_array_ndims", 2, |a| dimension_count(&a.text(0), kind(a, 1)).map(optional))?;
    strict(conn, "phantomdb_array_dims", 2, |a| {
        Ok(bounds_text(&a.text(0), kind(a, 1))?.map_or(Value::Null, Value::Text))
    })?;
    strict(conn, "phantomdb_cardinality", 2, |a| cardinality(&a.text(0), kind(a, 1)).map(Value::Integer))?;
    strict(conn, "phantomdb_array_contains", 3, |a| {
        let kind = kind(a, 2);
        Ok(Value::Integer(i64::from(contains(items(a, 0, kind)?, items(a, 1, kind)?, kind))))
    })?;
    strict(conn, "phantomdb_array_overlaps", 3, |a| {
        let kind = kind(a, 2);
        Ok(Value::Integer(i64::from(overlaps(items(a, 0, kind)?, items(a, 1, kind)?, kind))))
    })?;
    pure(conn, "phantomdb_array_position", 4, |a| {
        if a.is_null(0) {
            return Ok(Value::Null);
        }
        let kind = kind(a, 3);
        let start = (!a.is_null(2)).then(|| a.integer(2));
        position(&items(a, 0, kind)?, &item(a, 1, kind)?, start, kind).map(optional)
    })?;
    pure(conn, "phantomdb_array_positions", 3, |a| {
        if a.is_null(0) {
            return Ok(Value::Null);
        }
        let kind = kind(a, 2);
        written(positions(&items(a, 0, kind)?, &item(a, 1, kind)?, kind))
    })?;
    strict(conn, "phantomdb_width_bucket", 3, |a| {
        let kind = kind(a, 2);
        bucket(&item(a, 0, kind)?, &items(a, 1, kind)?, kind).map(Value::Integer)
    })?;
    pure(conn, "phantomdb_array_to_string", 4, |a| {
        if a.is_null(0) || a.is_null(1) {
            return Ok(Value::Null);
        }
        let kind = kind(a, 3);
        let null = (!a.is_null(2)).then(|| a.text(2));
        Ok(Value::Text(to_string(items(a, 0, kind)?, &a.text(1), null.as_deref(), kind)))
    })
}

/// `array[lower:upper]`: two bounds for each dimension. A bound that is text stands for one that was left out.
fn sliced(arguments: &Arguments<'_>) -> FunctionResult {
    let bound = |index: usize| match arguments.value(index) {
        ValueRef::Text(_) => None,
        _ => Some(arguments.integer(index)),
    };
    let bounds: Vec<(Option<i64>, Option<i64>)> =
        (2..arguments.len()).step_by(2).map(|index| (bound(index), bound(index + 1))).collect();
    written(slice(&arguments.text(1), kind(arguments, 0), &bounds))
}

/// The elements of all dimensions as rows: a JSON array for `json_each`, which makes texts of strings only.
fn elements(arguments: &Arguments<'_>) -> FunctionResult {
    let kind = kind(arguments, 1);
    let mut out = String::from("[");
    for (index, item) in flat(items(arguments, 0, kind)?).into_iter().enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        out.push_str(&match item {
            arrays::Item::Boolean(boolean) => i64::from(boolean).to_string(),
            // An array keeps a large integer as a string, which SQLite would compare as a text.
            arrays::Item::Integer(integer) => integer.to_string(),
            arrays::Item::Document(text) if kind == arrays::Kind::Jsonb => {
                quoted(&Document::parse(&text)?.text())
            }
            arrays::Item::Document(text) => quoted(&text),
            arrays::Item::Float(float) if float == f64::INFINITY => "9e999".to_owned(),
            arrays::Item::Float(float) if float == f64::NEG_INFINITY => "-9e999".to_owned(),
            arrays::Item::Text(text) if matches!(kind, arrays::Kind::Real | arrays::Kind::Double) => {
                match text.as_str() {
                    "Infinity" => "9e999".to_owned(),
                    "-Infinity" => "-9e999".to_owned(),
                    _ => quoted(&text),
                }
            }
            item => arrays::write(&[item]).trim_start_matches('[').trim_end_matches(']').to_owned(),
        });
    }
    out.push(']');
    Ok(Value::Text(out))
}
