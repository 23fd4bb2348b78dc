//! Errors as Python exceptions. The classes and the choice among them are in `phantomdb/_errors.py`.

use phantomdb_protocol::{Error, ErrorCode};
use pyo3::{prelude::*, types::PyModule};

fn errors(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("phantomdb._errors")
}

/// The exception for an error of the contract, with its code and details.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    let make = || {
        let code = serde_json::to_value(error.code).ok().and_then(|code| code.as_str().map(str::to_owned));
        let details = serde_json::to_string(&error.details).unwrap_or_default();
        let arguments = (code, error.message.as_str(), details, error.request_id.as_deref());
        errors(py)?.getattr("from_native")?.call1(arguments)
    };
    match make() {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// An exception of the class of that name, without a code.
pub(crate) fn raise(py: Python<'_>, class: &str, message: String) -> PyErr {
    match errors(py).and_then(|module| module.getattr(class)?.call1((message,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// The error of a call that did not keep to the interface.
pub(crate) fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::BadRequest, message)
}
