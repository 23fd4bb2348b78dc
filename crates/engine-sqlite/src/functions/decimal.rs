//! The collation of exact numbers.

use std::cmp::Ordering;

use phantomdb_values::numbers::numeric::compare_texts;

/// Orders numbers by their value, then NaN, then other texts by their characters.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    compare_texts(left, right)
}
