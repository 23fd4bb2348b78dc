//! A table of Markdown.

use std::io::{self, Write};

use super::{cell::harmless, pages::Pages, rows::each_row, terminal::is_number};

pub(super) fn write(out: &mut dyn Write, pages: &mut dyn Pages) -> io::Result<()> {
    let names = pages.columns().iter().map(|column| escaped(&harmless(&column.name)));
    line(out, names)?;
    let marks =
        pages.columns().iter().map(|column| if is_number(column.column_type) { "---:" } else { "---" });
    line(out, marks.map(str::to_owned))?;
    each_row(pages, |row| line(out, row.iter().map(|cell| escaped(&cell.shown()))))
}

fn line(out: &mut dyn Write, fields: impl Iterator<Item = String>) -> io::Result<()> {
    for field in fields {
        write!(out, "| {field} ")?;
    }
    out.write_all(b"|\n")
}

/// A text in which nothing is Markdown or HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '|' | '*' | '`' | '_' | '~' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}
