//! What a session can be asked to do, and what comes back.

use phantomdb_protocol::{Call, Error, IsolationLevel, Result, Statement};
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    error::{raise, to_python},
    rows,
};

/// How a transaction of the session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mode {
    /// True when each statement commits by itself.
    pub(crate) autocommit: bool,
    pub(crate) isolation: Option<IsolationLevel>,
    pub(crate) read_only: bool,
}

/// Work of a session.
pub(crate) enum Operation {
    Execute {
        statement: Statement,
        only_reads: bool,
    },
    /// Statements that take effect together.
    Batch(Vec<Statement>),
    /// Begins a transaction now, also when each statement would commit by itself.
    Begin,
    Commit,
    Rollback,
    SetMode(Mode),
    Call(Call),
    Close,
}

/// What comes back.
pub(crate) enum Outcome {
    Nothing,
    /// The JSON text of a result set.
    ResultSet(String),
    /// The JSON text of a batch's answer.
    Batch(String),
    /// The JSON text of another answer.
    Text(String),
}

/// The outcome as Python objects: None, what [`rows::result`] gives, a list of that, or a text.
pub(crate) fn convert(py: Python<'_>, outcome: Result<Outcome>) -> PyResult<Py<PyAny>> {
    match outcome.map_err(|error| to_python(py, &error))? {
        Outcome::Nothing => Ok(py.None()),
        Outcome::ResultSet(text) => rows::result(py, &text),
        Outcome::Text(text) => Ok(text.into_pyobject(py)?.into_any().unbind()),
        Outcome::Batch(text) => batch(py, &text),
    }
}

/// The answer of a batch, whose results are read as those of lone statements.
#[derive(Deserialize)]
struct BatchAnswer<'a> {
    #[serde(borrow)]
    results: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Failure {
    error: Option<Error>,
}

fn batch(py: Python<'_>, text: &str) -> PyResult<Py<PyAny>> {
    let answer: BatchAnswer<'_> = serde_json::from_str(text)
        .map_err(|error| raise(py, "InternalError", format!("the answer is no batch: {error}")))?;
    let mut results = Vec::with_capacity(answer.results.len());
    for result in answer.results {
        if let Ok(Failure { error: Some(error) }) = serde_json::from_str(result.get()) {
            return Err(to_python(py, &error));
        }
        results.push(rows::result(py, result.get())?);
    }
    Ok(results.into_pyobject(py)?.into_any().unbind())
}
