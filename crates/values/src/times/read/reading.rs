//! Why a text is no date or time.

use phantomdb_protocol::Error;

use crate::times::errors::{field_out_of_range, mismatch};

/// Why a text is not read.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is not of any form.
    Form,
    /// A number in it is too large for its place.
    Range,
    /// It is an error of its own.
    Other(Error),
}

pub(crate) type Reading<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn explain(self, text: &str, what: &str) -> Error {
        match self {
            Self::Form => mismatch(text, what),
            Self::Range => field_out_of_range(text),
            Self::Other(error) => error,
        }
    }
}
