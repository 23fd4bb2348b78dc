//! SQLite's own functions of text that take a time which grows with the square of their arguments, in one that grows with
//! their length. Statements in SQLite's own SQL call them, and nothing can interrupt a function. They answer as SQLite's do.

use phantomdb_values::text::{
    pad::{Side, trim},
    search::{position, replace},
};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::{
    Arguments, FunctionResult,
    arguments::{length, register_all, text},
};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    register_all(
        conn,
        &[
            ("instr", 2, instr),
            ("replace", 3, |a| text(replace(&a.text(0), &a.text(1), &a.text(2))?)),
            ("trim", 2, |a| text(trim(&a.text(0), &a.text(1), Side::Both))),
            ("ltrim", 2, |a| text(trim(&a.text(0), &a.text(1), Side::Left))),
            ("rtrim", 2, |a| text(trim(&a.text(0), &a.text(1), Side::Right))),
        ],
    )
}

/// Two blobs are searched byte by byte, anything else is text.
fn instr(a: &Arguments<'_>) -> FunctionResult {
    let (ValueRef::Blob(bytes), ValueRef::Blob(wanted)) = (a.value(0), a.value(1)) else {
        return Ok(Value::Integer(position(&a.text(0), &a.text(1))));
    };
    match find(bytes, wanted) {
        Some(index) => length(index + 1),
        None => Ok(Value::Integer(0)),
    }
}

/// Where bytes first occur, in a time that grows with their length (Knuth, Morris and Pratt).
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    if wanted.is_empty() {
        return Some(0);
    }
    // For each length of a beginning, the length of the longest shorter beginning that it ends with.
    let mut borders = vec![0_usize; wanted.len()];
    let mut matched = 0;
    for index in 1..wanted.len() {
        while matched > 0 && wanted[index] != wanted[matched] {
            matched = borders[matched - 1];
        }
        matched += usize::from(wanted[index] == wanted[matched]);
        borders[index] = matched;
    }
    matched = 0;
    for (index, byte) in bytes.iter().enumerate() {
        while matched > 0 && *byte != wanted[matched] {
            matched = borders[matched - 1];
        }
        matched += usize::from(*byte == wanted[matched]);
        if matched == wanted.len() {
            return Some(index + 1 - matched);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_where_they_first_occur() {
        for (bytes, wanted, expected) in [
            ("abab", "ab", Some(0)),
            ("aaab", "ab", Some(2)),
            ("ababac", "abac", Some(2)),
            ("a", "b", None),
            ("", "", Some(0)),
        ] {
            assert_eq!(find(bytes.as_bytes(), wanted.as_bytes()), expected, "{bytes} {wanted}");
        }
    }

    #[test]
    fn sqlites_own_functions_answer_as_before() {
        let plain = Connection::open_in_memory().unwrap();
        let ours = Connection::open_in_memory().unwrap();
        register(&ours).unwrap();
        for sql in [
            "instr('abc', 'c')",
            "instr('äbc', 'c')",
            "instr(x'616263', x'63')",
            "instr('a', NULL)",
            "instr(123, 3)",
            "instr('abc', '')",
            "instr(x'61', 'a')",
            "replace('aXbX', 'X', 'yy')",
            "replace('abc', '', 'x')",
            "replace(121, 1, 3)",
            "replace('a', NULL, 'b')",
            "trim('xxaxx', 'x')",
            "ltrim('äöa', 'öä')",
            "rtrim('abc', 'cb')",
            "trim('abc', '')",
            "trim(1210, 0)",
            "typeof(replace(1, 2, 3))",
        ] {
            let answer = |conn: &Connection| -> Value {
                conn.query_row(&format!("SELECT {sql}"), [], |row| row.get(0)).unwrap()
            };
            assert_eq!(answer(&ours), answer(&plain), "{sql}");
        }
    }
}
