//! The terminal that a result is written to, and what its formats have in common.

use phantomdb_protocol::ColumnType;

/// The kind of output, which decides some of the form.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terminal {
    /// The columns of the terminal; none when the output is no terminal.
    pub(crate) width: Option<usize>,
    pub(crate) has_colours: bool,
}

/// True for a column whose values are numbers, which stand on the right.
pub(crate) fn is_number(column_type: ColumnType) -> bool {
    matches!(column_type, ColumnType::Integer | ColumnType::Float | ColumnType::Decimal)
}

/// `(1 row)`.
pub(crate) fn count_of_rows(count: u64) -> String {
    if count == 1 { "(1 row)".to_owned() } else { format!("({count} rows)") }
}
