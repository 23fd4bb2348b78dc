//! The rows that were shown last, for `.export`. To run the statement again could change something again.

use std::io;

use phantomdb_protocol::{Column, ResultSet};

use crate::{
    failure::{Failure, Result},
    format::Pages,
};

/// The most bytes of rows that are kept.
const KEPT_MAX: usize = 16 << 20;

#[derive(Default)]
pub(crate) enum LastResult {
    #[default]
    None,
    Kept(Vec<ResultSet>),
    TooLarge,
    /// The user left the pager, or stopped the statement, before its last row.
    NotReadToTheEnd,
}

impl LastResult {
    /// The pages of the result.
    pub(crate) fn pages(&self) -> Result<&[ResultSet]> {
        let why = match self {
            Self::Kept(pages) => return Ok(pages),
            Self::None => "there is no last result",
            Self::TooLarge => "the last result is too large to be kept",
            Self::NotReadToTheEnd => "the last result was not read to its end",
        };
        Err(Failure::failed(format!("{why}; write .export FILE TABLE, or .export FILE SELECT …")))
    }
}

/// Passes pages on, and keeps them.
pub(crate) struct Recorder<'a> {
    pages: &'a mut dyn Pages,
    kept: Vec<ResultSet>,
    bytes: usize,
    is_over: bool,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(pages: &'a mut dyn Pages) -> Self {
        Self { pages, kept: Vec::new(), bytes: 0, is_over: false }
    }

    pub(crate) fn finish(self) -> LastResult {
        match (self.is_over, self.bytes > KEPT_MAX) {
            (false, _) => LastResult::NotReadToTheEnd,
            (true, true) => LastResult::TooLarge,
            (true, false) => LastResult::Kept(self.kept),
        }
    }
}

impl Pages for Recorder<'_> {
    fn columns(&self) -> &[Column] {
        self.pages.columns()
    }

    fn next_page(&mut self) -> io::Result<Option<ResultSet>> {
        let page = self.pages.next_page()?;
        match &page {
            None => self.is_over = true,
            Some(page) => {
                self.bytes = self.bytes.saturating_add(page.rows.get().len());
                if self.bytes > KEPT_MAX {
                    self.kept = Vec::new();
                } else {
                    self.kept.push(page.clone());
                }
            }
        }
        Ok(page)
    }
}
