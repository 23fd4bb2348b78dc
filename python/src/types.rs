//! The classes of Python's standard library that values become, looked up once.

use pyo3::{prelude::*, sync::PyOnceLock};

/// Classes and functions of Python.
pub(crate) struct Types {
    pub(crate) datetime: Py<PyAny>,
    /// Makes a datetime of a text with the zone `Z`, in the versions of Python that can (3.11 and later).
    pub(crate) read_timestamp: Option<Py<PyAny>>,
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
            let reads_zones = py.version_info() >= (3, 11);
            let datetime = py.import("datetime")?.getattr("datetime")?;
            let read_timestamp = reads_zones.then(|| datetime.getattr("fromisoformat")).transpose()?;
            Ok(Self {
                read_timestamp: read_timestamp.map(Bound::unbind),
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
