//! The columns of results, as Python describes them.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use hashlink::LruCache;
use phantomdb_protocol::{Column, ColumnType};
use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyList, PyString},
};

/// The lists of columns that are kept.
const KEPT: usize = 500;
/// The text of a longer list is not kept.
const LONGEST_KEPT: usize = 16 << 10;

/// A statement mostly has the columns that it had before, so they are kept by the text that describes them.
static COLUMNS: LazyLock<Mutex<LruCache<Box<str>, Arc<Columns>>>> =
    LazyLock::new(|| Mutex::new(LruCache::new(KEPT)));

/// The columns of a result.
pub(crate) struct Columns {
    pub(crate) types: Vec<ColumnType>,
    /// Their names and types as dictionaries; None for a result without columns. Cursors share them, and none changes them.
    pub(crate) described: Py<PyAny>,
}

impl Columns {
    /// The columns that the JSON text lists.
    pub(crate) fn of(
        py: Python<'_>,
        text: &str,
        unreadable: impl FnOnce(serde_json::Error) -> PyErr,
    ) -> PyResult<Arc<Self>> {
        // No other thread holds this lock while it waits for the GIL.
        let known = COLUMNS.lock().unwrap_or_else(PoisonError::into_inner).get(text).map(Arc::clone);
        if let Some(known) = known {
            return Ok(known);
        }
        let columns: Vec<Column> = serde_json::from_str(text).map_err(unreadable)?;
        let described = if columns.is_empty() {
            py.None()
        } else {
            let described = columns.iter().map(|column| description(py, column));
            PyList::new(py, described.collect::<PyResult<Vec<_>>>()?)?.into_any().unbind()
        };
        let types = columns.iter().map(|column| column.column_type).collect();
        let columns = Arc::new(Self { types, described });
        if text.len() <= LONGEST_KEPT {
            let mut kept = COLUMNS.lock().unwrap_or_else(PoisonError::into_inner);
            kept.insert(text.into(), Arc::clone(&columns));
        }
        Ok(columns)
    }
}

fn description<'py>(py: Python<'py>, column: &Column) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item(intern!(py, "name"), &column.name)?;
    fields.set_item(intern!(py, "type"), wire_type(py, column.column_type))?;
    if column.sql_type.is_some() || column.nullable.is_some() {
        fields.set_item(intern!(py, "sqlType"), column.sql_type.as_deref())?;
        fields.set_item(intern!(py, "nullable"), column.nullable)?;
    }
    Ok(fields)
}

/// The name of a type in the contract. Each list of columns has some, so they are made once.
fn wire_type(py: Python<'_>, column: ColumnType) -> &Bound<'_, PyString> {
    match column {
        ColumnType::Integer => intern!(py, "integer"),
        ColumnType::Float => intern!(py, "float"),
        ColumnType::Decimal => intern!(py, "decimal"),
        ColumnType::String => intern!(py, "string"),
        ColumnType::Boolean => intern!(py, "boolean"),
        ColumnType::Timestamp => intern!(py, "timestamp"),
        ColumnType::Date => intern!(py, "date"),
        ColumnType::Time => intern!(py, "time"),
        ColumnType::Uuid => intern!(py, "uuid"),
        ColumnType::Enum => intern!(py, "enum"),
        ColumnType::Blob => intern!(py, "blob"),
        ColumnType::Json => intern!(py, "json"),
        ColumnType::Any => intern!(py, "any"),
    }
}
