//! Functions that return rows: the members or the elements of a document. The result is a JSON array of rows.

use phantomdb_values::documents::{array_elements, each, keys, to_record, to_recordset};
use rusqlite::{Connection, types::Value};

use super::values::KINDS;
use crate::functions::scalar::strict;

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    for (prefix, kind) in KINDS {
        for (suffix, as_text) in [("", false), ("_text", true)] {
            strict(conn, &format!("{prefix}_elements{suffix}"), 1, move |a| {
                array_elements(kind, &a.text(0), as_text).map(Value::Text)
            })?;
            strict(conn, &format!("{prefix}_members{suffix}"), 1, move |a| {
                each(kind, &a.text(0), as_text).map(Value::Text)
            })?;
        }
        strict(conn, &format!("{prefix}_keys"), 1, move |a| keys(kind, &a.text(0)).map(Value::Text))?;
    }
    // The names and the short names of the types of the columns come as JSON arrays.
    strict(conn, "phantomdb_json_to_record", 3, |a| {
        to_record(&a.text(0), &a.text(1), &a.text(2)).map(Value::Text)
    })?;
    strict(conn, "phantomdb_json_to_recordset", 3, |a| {
        to_recordset(&a.text(0), &a.text(1), &a.text(2)).map(Value::Text)
    })
}
