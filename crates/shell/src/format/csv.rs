//! Comma-separated values, as PostgreSQL's COPY writes them.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use super::{cell::harmless_lines, pages::Pages, rows::each_row};

/// Writes the names of the columns and the rows. On a terminal, characters that command it are written as escapes; a file
/// or another program gets the values as they are.
pub(super) fn write(out: &mut dyn Write, pages: &mut dyn Pages, is_terminal: bool) -> io::Result<()> {
    line(out, pages.columns().iter().map(|column| Some(Cow::Borrowed(&*column.name))), is_terminal)?;
    each_row(pages, |row| line(out, row.iter().map(super::cell::Cell::whole), is_terminal))
}

fn line<'a>(
    out: &mut dyn Write,
    fields: impl Iterator<Item = Option<Cow<'a, str>>>,
    is_terminal: bool,
) -> io::Result<()> {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        if let Some(field) = field {
            let field = if is_terminal { harmless_lines(&field) } else { field };
            write_field(out, &field)?;
        }
    }
    out.write_all(b"\n")
}

fn write_field(out: &mut dyn Write, field: &str) -> io::Result<()> {
    if field.is_empty() || field.contains(['"', ',', '\n', '\r']) {
        return write!(out, "\"{}\"", field.replace('"', "\"\""));
    }
    out.write_all(field.as_bytes())
}
