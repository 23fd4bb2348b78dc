//! Parts of text, padding, finding and replacing.

use phantomdb_values::text::{
    pad::{Side, pad, pad_to_length, repeat, trim},
    search,
    slice::{left, overlay, reverse, right, substring, truncate},
};
use rusqlite::{Connection, types::Value};

use super::arguments::{Body, boolean, register_all, text};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let bodies: [(&str, i32, Body); 36] = [
        ("phantomdb_left", 2, |a| text(left(&a.text(0), a.integer(1)))),
        ("phantomdb_right", 2, |a| text(right(&a.text(0), a.integer(1)))),
        ("phantomdb_substring", 2, |a| text(substring(&a.text(0), a.integer(1), None)?)),
        ("phantomdb_substring", 3, |a| text(substring(&a.text(0), a.integer(1), Some(a.integer(2)))?)),
        ("phantomdb_overlay", 3, |a| text(overlay(&a.text(0), &a.text(1), a.integer(2), None)?)),
        ("phantomdb_overlay", 4, |a| {
            text(overlay(&a.text(0), &a.text(1), a.integer(2), Some(a.integer(3)))?)
        }),
        ("phantomdb_reverse", 1, |a| text(reverse(&a.text(0)))),
        ("phantomdb_varchar", 2, |a| text(truncate(&a.text(0), a.integer(1)))),
        ("phantomdb_repeat", 2, |a| text(repeat(&a.text(0), a.integer(1))?)),
        ("phantomdb_lpad", 2, |a| text(pad(&a.text(0), a.integer(1), " ", Side::Left)?)),
        ("phantomdb_lpad", 3, |a| text(pad(&a.text(0), a.integer(1), &a.text(2), Side::Left)?)),
        ("phantomdb_rpad", 2, |a| text(pad(&a.text(0), a.integer(1), " ", Side::Right)?)),
        ("phantomdb_rpad", 3, |a| text(pad(&a.text(0), a.integer(1), &a.text(2), Side::Right)?)),
        ("phantomdb_btrim", 1, |a| text(trim(&a.text(0), " ", Side::Both))),
        ("phantomdb_btrim", 2, |a| text(trim(&a.text(0), &a.text(1), Side::Both))),
        ("phantomdb_ltrim", 1, |a| text(trim(&a.text(0), " ", Side::Left))),
        ("phantomdb_ltrim", 2, |a| text(trim(&a.text(0), &a.text(1), Side::Left))),
        ("phantomdb_rtrim", 1, |a| text(trim(&a.text(0), " ", Side::Right))),
        ("phantomdb_rtrim", 2, |a| text(trim(&a.text(0), &a.text(1), Side::Right))),
        // The order of `position(text in text)`.
        ("phantomdb_position", 2, |a| Ok(Value::Integer(search::position(&a.text(1), &a.text(0))))),
        ("phantomdb_strpos", 2, |a| Ok(Value::Integer(search::position(&a.text(0), &a.text(1))))),
        ("phantomdb_replace", 3, |a| text(search::replace(&a.text(0), &a.text(1), &a.text(2))?)),
        ("phantomdb_translate", 3, |a| text(search::translate(&a.text(0), &a.text(1), &a.text(2)))),
        ("phantomdb_split_part", 3, |a| text(search::split_part(&a.text(0), &a.text(1), a.integer(2))?)),
        ("phantomdb_starts_with", 2, |a| boolean(a.text(0).starts_with(&*a.text(1)))),
        ("phantomdb_ascii", 1, |a| Ok(Value::Integer(search::ascii(&a.text(0))))),
        ("reverse", 1, |a| text(reverse(&a.text(0)))),
        ("repeat", 2, |a| text(repeat(&a.text(0), a.integer(1))?)),
        ("lpad", 2, |a| text(pad(&a.text(0), a.integer(1), " ", Side::Left)?)),
        ("lpad", 3, |a| text(pad(&a.text(0), a.integer(1), &a.text(2), Side::Left)?)),
        ("rpad", 2, |a| text(pad(&a.text(0), a.integer(1), " ", Side::Right)?)),
        ("rpad", 3, |a| text(pad(&a.text(0), a.integer(1), &a.text(2), Side::Right)?)),
        ("split_part", 3, |a| text(search::split_part(&a.text(0), &a.text(1), a.integer(2))?)),
        ("starts_with", 2, |a| boolean(a.text(0).starts_with(&*a.text(1)))),
        ("phantomdb_bpchar", 2, |a| text(pad_to_length(&a.text(0), a.integer(1))?)),
        ("phantomdb_bpchar_text", 1, |a| text(a.text(0).trim_end_matches(' '))),
    ];
    register_all(conn, &bodies)
}
