//! One line for each value, for rows that are wider than the terminal.

use std::io::{self, Write};

use super::{
    cell::{Cell, harmless},
    pages::Pages,
    rows::each_row,
    terminal::{Terminal, count_of_rows},
    width::{padding, width},
};
use crate::style::{BOLD, DIM, paint};

/// The width of the line above a row.
const LINE: usize = 40;

pub(super) fn write(out: &mut dyn Write, pages: &mut dyn Pages, terminal: Terminal) -> io::Result<()> {
    let names: Vec<String> =
        pages.columns().iter().map(|column| harmless(&column.name).into_owned()).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or_default();
    let mut count = 0_u64;
    each_row(pages, |row| {
        count += 1;
        let head = format!("-[ row {count} ]");
        writeln!(out, "{head}{}", "-".repeat(LINE.saturating_sub(head.len()).max(1)))?;
        for (name, cell) in names.iter().zip(&row) {
            let value = cell.shown();
            let value = paint(&value, DIM, terminal.has_colours && *cell == Cell::Null);
            let space = padding(name, widest);
            writeln!(out, "{}{space} | {value}", paint(name, BOLD, terminal.has_colours))?;
        }
        Ok(())
    })?;
    writeln!(out, "{}", count_of_rows(count))
}
