//! An aligned table, as `psql` writes it.

use std::io::{self, Write};

use phantomdb_protocol::{Column, ResultSet};

use super::{
    cell::{Cell, harmless},
    pages::Pages,
    rows::each_row_of,
    terminal::{Terminal, count_of_rows, is_number},
    width::{padding, width},
};
use crate::style::{BOLD, DIM, paint};

/// The widths of the columns.
pub(super) struct Widths(Vec<usize>);

impl Widths {
    /// The widths that the names of the columns and these pages need.
    pub(super) fn measure<'a>(
        columns: &[Column],
        pages: impl Iterator<Item = &'a ResultSet>,
    ) -> io::Result<Self> {
        let mut widths = Self(columns.iter().map(|column| width(&harmless(&column.name))).collect());
        for page in pages {
            widths.widen(page)?;
        }
        Ok(widths)
    }

    /// Makes room for the rows of a page.
    fn widen(&mut self, page: &ResultSet) -> io::Result<()> {
        each_row_of(page, |row| {
            for (widest, cell) in self.0.iter_mut().zip(&row) {
                *widest = (*widest).max(width(&cell.shown()));
            }
            Ok(())
        })
    }

    /// The width of a line: each column has a space on either side, and a line before the next.
    pub(super) fn total(&self) -> usize {
        self.0.iter().map(|width| width + 3).sum::<usize>().saturating_sub(1)
    }
}

pub(super) fn write(
    out: &mut dyn Write,
    pages: &mut dyn Pages,
    mut widths: Widths,
    terminal: Terminal,
) -> io::Result<()> {
    let names: Vec<String> =
        pages.columns().iter().map(|column| harmless(&column.name).into_owned()).collect();
    let last = names.len().saturating_sub(1);
    for (index, name) in names.iter().enumerate() {
        let space = if index == last { String::new() } else { padding(name, widths.0[index]) };
        write!(out, "{} {}{space}", bar(index), paint(name, BOLD, terminal.has_colours))?;
        if index != last {
            out.write_all(b" ")?;
        }
    }
    writeln!(out)?;
    let lines: Vec<String> = widths.0.iter().map(|width| "-".repeat(width + 2)).collect();
    writeln!(out, "{}", lines.join("+"))?;
    let mut count = 0_u64;
    while let Some(page) = pages.next_page()? {
        // A later page may need more room than those that were measured before the first line.
        widths.widen(&page)?;
        each_row_of(&page, |row| {
            count += 1;
            for (index, cell) in row.iter().enumerate() {
                let text = cell.shown();
                let space = padding(&text, widths.0[index]);
                let text = paint(&text, DIM, terminal.has_colours && *cell == Cell::Null);
                if is_number(page.columns[index].column_type) {
                    write!(out, "{} {space}{text}", bar(index))?;
                } else if index == last {
                    write!(out, "{} {text}", bar(index))?;
                } else {
                    write!(out, "{} {text}{space}", bar(index))?;
                }
                if index != last {
                    out.write_all(b" ")?;
                }
            }
            writeln!(out)
        })?;
    }
    writeln!(out, "{}", count_of_rows(count))
}

fn bar(index: usize) -> &'static str {
    if index == 0 { "" } else { "|" }
}
