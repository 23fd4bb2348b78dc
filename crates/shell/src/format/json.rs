//! An array of objects.

use std::io::{self, Write};

use phantomdb_protocol::Column;
use serde_json::value::RawValue;

use super::{pages::Pages, rows::each_raw_row_of};

pub(super) fn write(out: &mut dyn Write, pages: &mut dyn Pages) -> io::Result<()> {
    let names = keys(pages.columns())?;
    let mut is_first = true;
    while let Some(page) = pages.next_page()? {
        each_raw_row_of(&page, |row| {
            out.write_all(if is_first { b"[\n" } else { b",\n" })?;
            is_first = false;
            write_object(out, &names, row)
        })?;
    }
    out.write_all(if is_first { b"[]\n" } else { b"\n]\n" })
}

/// The names of the columns as JSON. Two equal keys would hide one of the values from most readers.
fn keys(columns: &[Column]) -> io::Result<Vec<String>> {
    let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let message = format!(
            "two columns are called \"{}\", which JSON cannot tell apart; give one another name with AS",
            pair[0]
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    columns.iter().map(|column| serde_json::to_string(&column.name).map_err(io::Error::other)).collect()
}

fn write_object(out: &mut dyn Write, names: &[String], row: &[&RawValue]) -> io::Result<()> {
    for (index, (name, value)) in names.iter().zip(row).enumerate() {
        out.write_all(if index == 0 { b"{" } else { b"," })?;
        write_safely(out, name)?;
        out.write_all(b":")?;
        write_safely(out, value.get())?;
    }
    out.write_all(if row.is_empty() { b"{}" } else { b"}" })
}

/// Writes JSON in which the characters that command a terminal, and that JSON allows in a string, are escapes.
fn write_safely(out: &mut dyn Write, json: &str) -> io::Result<()> {
    let mut rest = json;
    while let Some(at) = rest.find(is_harmful) {
        out.write_all(&rest.as_bytes()[..at])?;
        let Some(c) = rest[at..].chars().next() else { break };
        write!(out, "\\u{:04x}", u32::from(c))?;
        rest = &rest[at + c.len_utf8()..];
    }
    out.write_all(rest.as_bytes())
}

fn is_harmful(c: char) -> bool {
    // Lines and tabs between the values of a document are JSON's own.
    (c.is_control() && !c.is_ascii_whitespace())
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
