//! Reads the rows of a result one after the other, so that a large result is in memory as its text only.

use std::{fmt, io};

use phantomdb_protocol::{Column, ResultSet};
use serde::de::{Deserializer as _, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{cell::Cell, pages::Pages};

/// Calls `each` with the values of each row of a page, as they travel. An error of `each` ends the reading.
pub(super) fn each_raw_row_of(
    result: &ResultSet,
    each: impl FnMut(&[&RawValue]) -> io::Result<()>,
) -> io::Result<()> {
    let mut failure = None;
    let mut reader = serde_json::Deserializer::from_str(result.rows.get());
    let outcome = reader.deserialize_seq(Rows { each, failure: &mut failure });
    match (failure, outcome) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => {
            Err(io::Error::other(format!("the rows of the answer cannot be read: {error}")))
        }
        (None, Ok(())) => Ok(()),
    }
}

/// Calls `each` with the values of each row of a page.
pub(super) fn each_row_of(
    page: &ResultSet,
    mut each: impl FnMut(Vec<Cell<'_>>) -> io::Result<()>,
) -> io::Result<()> {
    each_raw_row_of(page, |row| each(cells(row, &page.columns)))
}

/// Calls `each` with the values of each row.
pub(super) fn each_row(
    pages: &mut dyn Pages,
    mut each: impl FnMut(Vec<Cell<'_>>) -> io::Result<()>,
) -> io::Result<()> {
    while let Some(page) = pages.next_page()? {
        each_row_of(&page, &mut each)?;
    }
    Ok(())
}

/// The number of rows of a page.
pub(crate) fn count(page: &ResultSet) -> u64 {
    let mut count = 0;
    let counted = each_raw_row_of(page, |_| {
        count += 1;
        Ok(())
    });
    // A page that cannot be read is an error for whoever writes it.
    drop(counted);
    count
}

fn cells<'a>(row: &[&'a RawValue], columns: &[Column]) -> Vec<Cell<'a>> {
    row.iter().zip(columns).map(|(raw, column)| Cell::read(raw, column.column_type)).collect()
}

struct Rows<'e, F> {
    each: F,
    failure: &'e mut Option<io::Error>,
}

impl<'de, F: FnMut(&[&RawValue]) -> io::Result<()>> Visitor<'de> for Rows<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element::<Vec<&'de RawValue>>()? {
            if let Err(error) = (self.each)(&row) {
                *self.failure = Some(error);
                return Err(A::Error::custom("the output ended"));
            }
        }
        Ok(())
    }
}
