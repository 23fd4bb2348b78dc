//! The functions, aggregates and collations that adapted SQL uses, registered on each connection.
//!
//! Every function is innocuous, and all but the random ones are deterministic, so that defaults, checks, indexes and views
//! may use them with `trusted_schema` off. An error is the text `phantomdb:CODE:message`, and after it may come the names of
//! the table and the column, each after a [`NAME_MARK`].

mod aggregate;
mod aggregates;
pub(super) mod arrays;
pub(super) mod assignments;
mod collected;
pub(super) mod convert;
mod decimal;
mod documents;
mod generic;
pub(super) mod inserted_row;
pub(super) mod lossless;
mod number;
mod numbers;
mod others;
mod regex;
pub(super) mod result;
pub(super) mod scalar;
mod text;
mod times;
mod variance;

use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use result::FunctionResult;
use scalar::pure;

/// Registers everything on a connection.
pub fn register(conn: &mut Connection) -> rusqlite::Result<()> {
    inserted_row::register(conn)?;
    let conn = &*conn;
    conn.create_collation("decimal", decimal::compare)?;
    conversions(conn)?;
    assignments::register(conn)?;
    documents::register(conn)?;
    arrays::register(conn)?;
    generic::register(conn)?;
    regex::register(conn)?;
    text::register(conn)?;
    others::register(conn)?;
    number::register(conn)?;
    numbers::register(conn)?;
    times::register(conn)?;
    aggregate::register(conn)?;
    aggregates::register(conn)?;
    variance::register(conn)
}

fn conversions(conn: &Connection) -> rusqlite::Result<()> {
    // These stand in a comparison. Text is converted to its stored form, and every other value stays as it is.
    let text_only = |value: ValueRef<'_>, convert: fn(ValueRef<'_>) -> FunctionResult| match value {
        ValueRef::Text(_) => convert(value),
        other => Ok(convert::owned(other)),
    };
    pure(conn, "phantomdb_timestamp", 1, move |a| text_only(a.value(0), convert::timestamp))?;
    pure(conn, "phantomdb_date", 1, move |a| text_only(a.value(0), convert::date))?;
    pure(conn, "phantomdb_time", 1, move |a| text_only(a.value(0), convert::time))?;
    pure(conn, "phantomdb_uuid", 1, move |a| text_only(a.value(0), convert::uuid))?;
    pure(conn, "phantomdb_boolean", 1, move |a| text_only(a.value(0), convert::boolean))?;
    pure(conn, "phantomdb_cast_int", 2, |a| convert::integer(a.value(0), a.integer(1)))?;
    pure(conn, "phantomdb_cast_boolean", 1, |a| convert::boolean(a.value(0)))?;
    pure(conn, "phantomdb_cast_timestamp", 1, |a| convert::timestamp(a.value(0)))?;
    pure(conn, "phantomdb_cast_date", 1, |a| convert::date(a.value(0)))?;
    pure(conn, "phantomdb_cast_time", 1, |a| convert::time(a.value(0)))?;
    pure(conn, "phantomdb_cast_float", 1, |a| convert::float(a.value(0)))?;
    pure(conn, "phantomdb_cast_uuid", 1, |a| convert::uuid(a.value(0)))?;
    pure(conn, "phantomdb_cast_json", 1, |a| convert::json(a.value(0)))?;
    pure(conn, "phantomdb_cast_decimal", 1, |a| convert::decimal(a.value(0), 0, -1))?;
    pure(conn, "phantomdb_cast_decimal", 3, |a| convert::decimal(a.value(0), a.integer(1), a.integer(2)))?;
    pure(conn, "phantomdb_decimal", 1, |a| convert::decimal(a.value(0), 0, -1))?;
    pure(conn, "phantomdb_decimal_op", 3, |a| {
        convert::decimal_operation(&a.text(0), a.value(1), a.value(2))
    })?;
    pure(conn, "phantomdb_boolean_text", 1, |a| {
        Ok(match convert::boolean(a.value(0))? {
            Value::Integer(0) => Value::Text("false".into()),
            Value::Integer(_) => Value::Text("true".into()),
            other => other,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The functions of version 412499b and their numbers of arguments. Definitions in files have them.
    const OLDER: [(&str, &[usize]); 44] = [
        ("phantomdb_sum", &[1]),
        ("phantomdb_avg", &[1]),
        ("phantomdb_timestamp", &[1]),
        ("phantomdb_date", &[1]),
        ("phantomdb_time", &[1]),
        ("phantomdb_uuid", &[1]),
        ("phantomdb_boolean", &[1]),
        ("phantomdb_cast_int", &[2]),
        ("phantomdb_cast_boolean", &[1]),
        ("phantomdb_cast_timestamp", &[1]),
        ("phantomdb_cast_date", &[1]),
        ("phantomdb_cast_time", &[1]),
        ("phantomdb_cast_float", &[1]),
        ("phantomdb_cast_uuid", &[1]),
        ("phantomdb_cast_json", &[1]),
        ("phantomdb_cast_decimal", &[1, 3]),
        ("phantomdb_decimal", &[1]),
        ("phantomdb_decimal_op", &[3]),
        ("phantomdb_boolean_text", &[1]),
        ("phantomdb_json_get", &[2]),
        ("phantomdb_json_get_text", &[2]),
        ("phantomdb_json_path", &[2]),
        ("phantomdb_json_path_text", &[2]),
        ("phantomdb_json_contains", &[2]),
        ("phantomdb_json_has_key", &[2]),
        ("phantomdb_json_delete", &[2]),
        ("phantomdb_json_concat", &[2]),
        ("phantomdb_json_boolean", &[1]),
        ("phantomdb_regex", &[2]),
        ("phantomdb_iregex", &[2]),
        ("phantomdb_substring", &[2, 3]),
        ("phantomdb_left", &[2]),
        ("phantomdb_right", &[2]),
        ("phantomdb_round", &[1, 2]),
        ("phantomdb_trunc", &[1, 2]),
        ("date_part", &[2]),
        ("date_trunc", &[2]),
        ("to_char", &[2]),
        ("phantomdb_add_interval", &[3]),
        ("phantomdb_days_between", &[2]),
        ("phantomdb_add_days", &[2]),
        ("phantomdb_subtract_days", &[2]),
        ("lower", &[1]),
        ("split_part", &[3]),
    ];

    #[test]
    fn the_functions_of_every_row_of_the_table_are_there() {
        let mut conn = Connection::open_in_memory().unwrap();
        register(&mut conn).unwrap();
        let mut known =
            conn.prepare("SELECT count(*) > 0 FROM pragma_function_list WHERE name = ?1").unwrap();
        for signature in phantomdb_sql::typing::all() {
            let words =
                signature.sqlite.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            for name in words.filter(|word| word.starts_with("phantomdb_")) {
                let there: bool = known.query_row([name], |row| row.get(0)).unwrap();
                // The adapter writes these two itself.
                let is_form = ["phantomdb_json_to_record", "phantomdb_json_to_recordset"].contains(&name);
                assert!(there || is_form, "{name} of {}", signature.name);
            }
        }
    }

    #[test]
    fn the_functions_in_files_of_older_versions_are_there() {
        let mut conn = Connection::open_in_memory().unwrap();
        register(&mut conn).unwrap();
        for (name, counts) in OLDER {
            for count in counts {
                let arguments = vec!["NULL"; *count].join(", ");
                let prepared = conn.prepare(&format!("SELECT {name}({arguments})"));
                assert!(prepared.is_ok(), "{name} with {count}: {:?}", prepared.err());
            }
        }
    }
}
