//! The classes of Python's standard library that values become, looked up once.

use pyo3::{prelude::*, sync::PyOnceLock};

/// Classes and functions of Python.
pub(crate) struct Types {
    pub(crate) datetime: Py<PyAny>,
    pub(crate) date: Py<PyAny>,
    pub(crate) time: Py<PyAny>,
    pub(crate) timedelta: Py<PyAny>,
    pub(crate) utc: Py<PyAny>,
    pub(crate) decimal: Py<PyAny>,
    pub(crate) uuid: Py<PyAny>,
    pub(crate) json_loads: Py<PyAny>,
    pub(crate) json_dumps: Py<PyAny>,
    /// `phantomdb.Json`, which marks a parameter as a document.
    pub(crate) json: Py<PyAny>,
}

static TYPES: PyOnceLock<Types> = PyOnceLock::new();

impl Types {
    pub(crate) fn get(py: Python<'_>) -> PyResult<&'static Self> {
        TYPES.get_or_try_init(py, || {
            let find = |module: &str, name: &str| -> PyResult<Py<PyAny>> {
                Ok(py.import(module)?.getattr(name)?.unbind())
            };
            Ok(Self {
                datetime: find("datetime", "datetime")?,
                date: find("datetime", "date")?,
                time: find("datetime", "time")?,
                timedelta: find("datetime", "timedelta")?,
                utc: py.import("datetime")?.getattr("timezone")?.getattr("utc")?.unbind(),
                decimal: find("decimal", "Decimal")?,
                uuid: find("uuid", "UUID")?,
                json_loads: find("json", "loads")?,
                json_dumps: find("phantomdb._types", "dumps")?,
                json: find("phantomdb._types", "Json")?,
            })
        })
    }
}
