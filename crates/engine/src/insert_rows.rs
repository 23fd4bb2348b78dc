//! The rows of an INSERT: a statement of one row that is run for each of them. See [`Statement::rows`].

use phantomdb_protocol::{Cell, Error, ErrorCode, Result, ResultSet, Statement};
use serde_json::value::RawValue;

use crate::memory::ResultLimits;

/// The columns of the cells that are defaults, by their places from 0.
pub type Defaults = Vec<usize>;

/// Rows that follow each other and leave the same columns to their defaults.
#[derive(Debug, PartialEq)]
pub struct Run<'a> {
    /// The number of the first row, from 1.
    pub first: u64,
    pub rows: &'a [Vec<Cell>],
    pub defaults: Defaults,
}

/// Splits the rows of a statement whose one row has `width` parameters. Fails with `BAD_REQUEST` for a row of another
/// length, and for a statement that has parameters beside its rows or is in the engine's own SQL.
pub fn runs(statement: &Statement, width: usize) -> Result<Vec<Run<'_>>> {
    if statement.native || !statement.parameters.is_empty() {
        let what = if statement.native { "a statement in the engine's own SQL" } else { "parameters" };
        return Err(Error::new(
            ErrorCode::BadRequest,
            format!("rows cannot go with {what}; each value is a cell of its row"),
        ));
    }
    let mut runs: Vec<Run<'_>> = Vec::new();
    let (mut start, mut defaults) = (0, Defaults::new());
    for (index, row) in statement.rows.iter().enumerate() {
        if row.len() != width {
            let message =
                format!("the row has {} cells, but the statement has {width} parameters", row.len());
            return Err(Error::new(ErrorCode::BadRequest, message).in_row(number(index)));
        }
        if index > start && !defaults.iter().copied().eq(defaults_of(row)) {
            runs.push(run(statement, start..index, std::mem::take(&mut defaults)));
            start = index;
        }
        if index == start {
            defaults = defaults_of(row).collect();
        }
    }
    runs.push(run(statement, start..statement.rows.len(), defaults));
    Ok(runs)
}

fn run(statement: &Statement, range: std::ops::Range<usize>, defaults: Defaults) -> Run<'_> {
    let first = number(range.start);
    Run { first, rows: statement.rows.get(range).unwrap_or_default(), defaults }
}

fn defaults_of(row: &[Cell]) -> impl Iterator<Item = usize> {
    row.iter().enumerate().filter(|(_, cell)| matches!(cell, Cell::Default)).map(|(place, _)| place)
}

/// The number of a row by its index.
pub fn number(index: usize) -> u64 {
    index as u64 + 1
}

/// The answers to parts of the rows, in their order, as one. Fails when together they are larger than one result may be.
pub fn merge(results: Vec<ResultSet>, limits: &ResultLimits) -> Result<ResultSet> {
    let mut results = results.into_iter();
    let Some(mut whole) = results.next() else { return Err(not_an_insert()) };
    let rest: Vec<ResultSet> = results.collect();
    if rest.is_empty() {
        return Ok(whole);
    }
    let mut text = String::with_capacity(whole.rows.get().len() * (rest.len() + 1));
    text.push('[');
    for rows in std::iter::once(&whole.rows).chain(rest.iter().map(|part| &part.rows)) {
        let inner = rows.get().trim();
        let inner = inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or_default();
        if !inner.is_empty() && text.len() > 1 {
            text.push(',');
        }
        text.push_str(inner);
    }
    text.push(']');
    whole.affected_rows += rest.iter().map(|part| part.affected_rows).sum::<u64>();
    if !whole.columns.is_empty() {
        limits.check(whole.affected_rows, text.len())?;
    }
    whole.rows = RawValue::from_string(text)
        .map_err(|_| Error::internal("the rows could not be written as JSON text"))?;
    Ok(whole)
}

/// The error of rows in a statement that is no INSERT of one row of values.
pub fn not_an_insert() -> Error {
    let message = "rows go with an INSERT … VALUES of one row that has every parameter of the statement";
    Error::new(ErrorCode::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use phantomdb_protocol::Value;

    use super::*;

    fn statement(rows: &str) -> Statement {
        Statement { rows: serde_json::from_str(rows).unwrap(), ..Statement::default() }
    }

    #[test]
    fn it_splits_rows_where_the_defaults_change() {
        let default = r#"{"type":"default"}"#;
        let statement = statement(&format!("[[1,2],[3,4],[{default},5],[{default},6],[7,8]]"));
        let runs = runs(&statement, 2).unwrap();
        let shape: Vec<_> =
            runs.iter().map(|run| (run.first, run.rows.len(), run.defaults.clone())).collect();
        assert_eq!(shape, [(1, 2, vec![]), (3, 2, vec![0]), (5, 1, vec![])]);
    }

    #[test]
    fn it_refuses_a_row_of_another_length_by_its_number() {
        let error = runs(&statement("[[1,2],[3]]"), 2).unwrap_err();
        assert_eq!((error.code, error.details.row), (ErrorCode::BadRequest, Some(2)));
    }

    #[test]
    fn it_refuses_what_cannot_go_with_rows() {
        let native = Statement { native: true, ..statement("[[1]]") };
        let parameters = Statement { parameters: vec![Value::Null], ..statement("[[1]]") };
        for statement in [native, parameters] {
            assert_eq!(runs(&statement, 1).unwrap_err().code, ErrorCode::BadRequest);
        }
    }
}
