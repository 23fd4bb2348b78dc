//! The rows of a result, which arrive a page at a time, so that a result of any size can be written.

use std::{collections::VecDeque, io};

use phantomdb_protocol::{Column, ResultSet};

/// The rows of a result.
pub(crate) trait Pages {
    fn columns(&self) -> &[Column];

    /// The next rows. `None` at the end.
    fn next_page(&mut self) -> io::Result<Option<ResultSet>>;
}

/// Results that are there as a whole.
pub(crate) struct Whole<'a> {
    columns: &'a [Column],
    pages: std::slice::Iter<'a, ResultSet>,
}

impl<'a> Whole<'a> {
    /// The rows of the pages of one result, of which there must be one.
    pub(crate) fn new(pages: &'a [ResultSet]) -> Self {
        let columns = pages.first().map_or(&[][..], |page| page.columns.as_slice());
        Self { columns, pages: pages.iter() }
    }
}

impl Pages for Whole<'_> {
    fn columns(&self) -> &[Column] {
        self.columns
    }

    fn next_page(&mut self) -> io::Result<Option<ResultSet>> {
        Ok(self.pages.next().cloned())
    }
}

/// Pages of which some were looked at before their turn.
pub(super) struct Ahead<'a> {
    seen: VecDeque<ResultSet>,
    rest: &'a mut dyn Pages,
}

impl<'a> Ahead<'a> {
    /// Looks at as many pages as have `bytes` of text together.
    pub(super) fn read(rest: &'a mut dyn Pages, bytes: usize) -> io::Result<Self> {
        let mut seen = VecDeque::new();
        let mut read = 0;
        while read < bytes
            && let Some(page) = rest.next_page()?
        {
            read += page.rows.get().len();
            seen.push_back(page);
        }
        Ok(Self { seen, rest })
    }

    pub(super) fn seen(&self) -> impl Iterator<Item = &ResultSet> {
        self.seen.iter()
    }
}

impl Pages for Ahead<'_> {
    fn columns(&self) -> &[Column] {
        self.rest.columns()
    }

    fn next_page(&mut self) -> io::Result<Option<ResultSet>> {
        match self.seen.pop_front() {
            Some(page) => Ok(Some(page)),
            None => self.rest.next_page(),
        }
    }
}
