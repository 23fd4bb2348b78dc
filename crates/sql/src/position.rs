//! The place of a token in a statement, in characters from 1.

use sqlparser::tokenizer::{Location, Span};

/// Converts a line and a column to a character offset from 1.
pub fn position(sql: &str, location: Location) -> u64 {
    let lines = usize::try_from(location.line).unwrap_or(1).saturating_sub(1);
    let before: usize = sql.split_inclusive('\n').take(lines).map(|line| line.chars().count()).sum();
    before as u64 + location.column.max(1)
}

/// The position of a span in the statement. None when the span is empty.
pub fn position_of(sql: &str, span: Span) -> Option<u64> {
    (span != Span::empty()).then(|| position(sql, span.start))
}
