//! Python's values as parameters of a statement.

use phantomdb_protocol::Value;
use pyo3::{
    exceptions::PyUnicodeEncodeError,
    intern,
    prelude::*,
    types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple},
};

use crate::{error::raise, types::Types};

/// The parameter for a value. Raises `ProgrammingError` for a type that has no form in the contract, and `DataError` for a
/// value that does not fit.
pub(crate) fn value(given: &Bound<'_, PyAny>) -> PyResult<Value> {
    if given.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(text) = given.cast::<PyString>() {
        return string(text).map(Value::String);
    }
    if let Ok(boolean) = given.cast::<PyBool>() {
        return Ok(Value::Boolean(boolean.is_true()));
    }
    if given.is_instance_of::<PyInt>() {
        return match given.extract() {
            Ok(integer) => Ok(Value::Integer(integer)),
            // Beyond 64 bits an integer is exact as a decimal.
            Err(_) => Ok(Value::Decimal(
                given.py().get_type::<PyInt>().getattr("__str__")?.call1((given,))?.extract()?,
            )),
        };
    }
    if let Ok(float) = given.cast::<PyFloat>() {
        return Ok(Value::Float(float.value()));
    }
    if let Ok(bytes) = given.cast::<PyBytes>() {
        return Ok(Value::Blob(bytes.as_bytes().to_vec()));
    }
    if let Ok(bytes) = given.cast::<PyByteArray>() {
        return Ok(Value::Blob(bytes.to_vec()));
    }
    of_the_library(given)
}

/// A parameter whose class is in a module of Python's library, or of this package.
fn of_the_library(given: &Bound<'_, PyAny>) -> PyResult<Value> {
    let py = given.py();
    let types = Types::get(py)?;
    let is = |class: &Py<PyAny>| given.is_instance(class.bind(py));
    // A datetime is a date too.
    if is(&types.datetime)? {
        return timestamp(given, types).map(Value::Timestamp);
    }
    if is(&types.date)? {
        return Ok(Value::Date(given.call_method0("isoformat")?.extract()?));
    }
    if is(&types.decimal)? {
        return Ok(Value::Decimal(given.str()?.extract()?));
    }
    if is(&types.uuid)? {
        return Ok(Value::Uuid(given.str()?.extract()?));
    }
    if is(&types.time)? {
        if !given.getattr("tzinfo")?.is_none() {
            let message = "a time of day has no zone here; pass a datetime, or a time without tzinfo";
            return Err(raise(py, "DataError", message.to_owned()));
        }
        return Ok(Value::Time(given.call_method0("isoformat")?.extract()?));
    }
    if is(&types.timedelta)? {
        return interval(given).map(Value::String);
    }
    let is_document = given.is_instance_of::<PyDict>()
        || given.is_instance_of::<PyList>()
        || given.is_instance_of::<PyTuple>()
        || is(&types.json)?;
    if is_document {
        return Ok(Value::Json(types.json_dumps.call1(py, (given,))?.extract(py)?));
    }
    if let Ok(bytes) = py.import("builtins")?.getattr("memoryview")?.call1((given,)) {
        return Ok(Value::Blob(bytes.call_method0("tobytes")?.extract()?));
    }
    let class = given.get_type().qualname()?;
    Err(raise(py, "ProgrammingError", format!("a parameter cannot be of the class {class}")))
}

/// Raises `DataError` for half of a surrogate pair, which no database stores.
fn string(text: &Bound<'_, PyString>) -> PyResult<String> {
    match text.to_cow() {
        Ok(text) => Ok(text.into_owned()),
        Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(text.py()) => {
            Err(raise(text.py(), "DataError", format!("a text cannot be sent: {error}")))
        }
        Err(error) => Err(error),
    }
}

/// A time in UTC. One without a zone is taken to be in UTC.
fn timestamp(given: &Bound<'_, PyAny>, types: &Types) -> PyResult<String> {
    let py = given.py();
    // With six decimals in any case, which is a form that is read fast.
    let text_of = |time: &Bound<'_, PyAny>| -> PyResult<String> {
        let form = (intern!(py, "T"), intern!(py, "microseconds"));
        time.call_method1(intern!(py, "isoformat"), form)?.extract()
    };
    if given.call_method0(intern!(py, "utcoffset"))?.is_none() {
        return Ok(text_of(given)? + "Z");
    }
    let in_utc = given.call_method1("astimezone", (types.utc.bind(py),));
    let in_utc = in_utc
        .map_err(|error| raise(py, "DataError", format!("the time in UTC is out of range: {error}")))?;
    let text = text_of(&in_utc)?;
    Ok(text.strip_suffix("+00:00").unwrap_or(&text).to_owned() + "Z")
}

/// A duration as an interval in ISO 8601's form, exact to the microsecond.
fn interval(given: &Bound<'_, PyAny>) -> PyResult<String> {
    let days: i64 = given.getattr("days")?.extract()?;
    let seconds: i64 = given.getattr("seconds")?.extract()?;
    let micros: i64 = given.getattr("microseconds")?.extract()?;
    Ok(format!("{days} days {seconds}.{micros:06} seconds"))
}
