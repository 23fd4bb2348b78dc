//! Rows as Python objects, made in one pass over the JSON text of a result.

use std::{cell::RefCell, fmt};

use phantomdb_protocol::ColumnType;
use pyo3::{
    IntoPyObjectExt,
    prelude::*,
    types::{PyBytes, PyInt, PyList, PyString, PyTuple},
};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{columns::Columns, error::raise, types::Types};

/// A result whose parts are yet to be read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    columns: &'a RawValue,
    #[serde(borrow)]
    rows: &'a RawValue,
    affected_rows: u64,
}

/// The names and types of a result's columns as dictionaries (None for a result without columns), its rows as a list of
/// tuples, and the number of rows that were changed.
pub(crate) fn result(py: Python<'_>, text: &str) -> PyResult<Py<PyAny>> {
    let unreadable = |error: serde_json::Error| {
        raise(py, "InternalError", format!("the answer is no result set: {error}"))
    };
    let answer: Answer<'_> = serde_json::from_str(text).map_err(unreadable)?;
    let columns = Columns::of(py, answer.columns.get(), unreadable)?;
    let reader =
        RowReader { py, types: Types::get(py)?, columns: &columns.types, failure: RefCell::new(None) };
    let mut rows = serde_json::Deserializer::from_str(answer.rows.get());
    let rows = Rows(&reader).deserialize(&mut rows).map_err(|error| reader.failure(&error))?;
    Ok((columns.described.clone_ref(py), rows, answer.affected_rows).into_pyobject(py)?.into_any().unbind())
}

struct RowReader<'a, 'py> {
    py: Python<'py>,
    types: &'static Types,
    columns: &'a [ColumnType],
    /// The exception behind the error that serde carries.
    failure: RefCell<Option<PyErr>>,
}

impl<'py> RowReader<'_, 'py> {
    fn failure(&self, error: &serde_json::Error) -> PyErr {
        let message = || format!("a row cannot be read: {error}");
        self.failure.take().unwrap_or_else(|| raise(self.py, "InternalError", message()))
    }

    /// The error that serde carries for an exception.
    fn keep<E: de::Error>(&self, failure: PyErr) -> E {
        *self.failure.borrow_mut() = Some(failure);
        E::custom("Python raised an exception")
    }

    /// The value that travels as a text in a column of that type.
    fn text(&self, column: ColumnType, text: &str) -> PyResult<Bound<'py, PyAny>> {
        let (py, types) = (self.py, self.types);
        match column {
            ColumnType::Integer => py.get_type::<PyInt>().call1((text,)),
            ColumnType::Float => {
                Ok(text.parse::<f64>().map_err(|_| self.unreadable(text))?.into_pyobject(py)?.into_any())
            }
            ColumnType::Decimal => types.decimal.bind(py).call1((text,)),
            ColumnType::Timestamp => self.timestamp(text),
            ColumnType::Date => self.date(text),
            ColumnType::Time => self.time(text),
            ColumnType::Uuid => types.uuid.bind(py).call1((text,)),
            ColumnType::Blob => self.bytes(text),
            _ => Ok(PyString::new(py, text).into_any()),
        }
    }

    fn unreadable(&self, text: &str) -> PyErr {
        raise(self.py, "DataError", format!("Python has no value for \"{text}\""))
    }

    fn bytes(&self, text: &str) -> PyResult<Bound<'py, PyAny>> {
        let decoded = base64(text.as_bytes()).ok_or_else(|| self.unreadable("bytes"))?;
        Ok(PyBytes::new(self.py, &decoded).into_any())
    }

    /// A time in UTC, which has the zone `timezone.utc`; or one without a zone.
    fn timestamp(&self, text: &str) -> PyResult<Bound<'py, PyAny>> {
        if let Some(read) = &self.types.read_timestamp {
            return read.bind(self.py).call1((text,)).map_err(|_| self.unreadable(text));
        }
        let parts = || {
            let (date, clock) = text.split_once('T')?;
            let (clock, has_zone) = match clock.strip_suffix('Z') {
                Some(clock) => (clock, true),
                None => (clock, false),
            };
            Some((date_of(date)?, clock_of(clock)?, has_zone))
        };
        let Some(((year, month, day), (hour, minute, second, micro), has_zone)) = parts() else {
            return Err(self.unreadable(text));
        };
        let class = self.types.datetime.bind(self.py);
        let made = if has_zone {
            class.call1((year, month, day, hour, minute, second, micro, self.types.utc.bind(self.py)))
        } else {
            class.call1((year, month, day, hour, minute, second, micro))
        };
        made.map_err(|_| self.unreadable(text))
    }

    fn date(&self, text: &str) -> PyResult<Bound<'py, PyAny>> {
        let (year, month, day) = date_of(text).ok_or_else(|| self.unreadable(text))?;
        self.types.date.bind(self.py).call1((year, month, day)).map_err(|_| self.unreadable(text))
    }

    fn time(&self, text: &str) -> PyResult<Bound<'py, PyAny>> {
        let (hour, minute, second, micro) = clock_of(text).ok_or_else(|| self.unreadable(text))?;
        self.types.time.bind(self.py).call1((hour, minute, second, micro)).map_err(|_| self.unreadable(text))
    }
}

/// The parts of `2026-01-31`.
fn date_of(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('-');
    let date = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    parts.next().is_none().then_some(date)
}

/// The parts of `12:30:00.123456`. The last is microseconds.
fn clock_of(text: &str) -> Option<(u32, u32, u32, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = parts.next().map_or(Some(0), number)?;
    let micros = match fraction.len() {
        0 => 0,
        digits @ 1..=6 => number(fraction)? * 10_u32.pow(6 - u32::try_from(digits).ok()?),
        _ => number(&fraction[..6])?,
    };
    parts.next().is_none().then_some((hour, minute, second, micros))
}

fn number(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Bytes in base64 with padding.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        Some(u32::from(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        }))
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.chunks(4) {
        let padding = chunk.iter().filter(|byte| **byte == b'=').count();
        if chunk.len() != 4 || padding > 2 {
            return None;
        }
        let mut bits = 0;
        for &byte in &chunk[..4 - padding] {
            bits = bits << 6 | digit(byte)?;
        }
        let whole = (bits << (6 * padding)).to_be_bytes();
        bytes.extend_from_slice(&whole[1..4 - padding]);
    }
    Some(bytes)
}

/// All rows, as a list of tuples.
struct Rows<'a, 'py>(&'a RowReader<'a, 'py>);

impl<'de, 'py> DeserializeSeed<'de> for Rows<'_, 'py> {
    type Value = Bound<'py, PyList>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, 'py> Visitor<'de> for Rows<'_, 'py> {
    type Value = Bound<'py, PyList>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
        let list = PyList::empty(self.0.py);
        while let Some(row) = rows.next_element_seed(Row(self.0))? {
            list.append(row).map_err(|failure| self.0.keep(failure))?;
        }
        Ok(list)
    }
}

struct Row<'a, 'py>(&'a RowReader<'a, 'py>);

impl<'de, 'py> DeserializeSeed<'de> for Row<'_, 'py> {
    type Value = Bound<'py, PyTuple>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, 'py> Visitor<'de> for Row<'_, 'py> {
    type Value = Bound<'py, PyTuple>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a row of {} values", self.0.columns.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Self::Value, A::Error> {
        let mut row = Vec::with_capacity(self.0.columns.len());
        for (index, &column) in self.0.columns.iter().enumerate() {
            let cell = cells.next_element_seed(Cell { reader: self.0, column })?;
            row.push(cell.ok_or_else(|| de::Error::invalid_length(index, &self))?);
        }
        PyTuple::new(self.0.py, row).map_err(|failure| self.0.keep(failure))
    }
}

struct Cell<'a, 'py> {
    reader: &'a RowReader<'a, 'py>,
    column: ColumnType,
}

impl<'de, 'py> DeserializeSeed<'de> for Cell<'_, 'py> {
    type Value = Bound<'py, PyAny>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.column != ColumnType::Json {
            return deserializer.deserialize_any(self);
        }
        // Python's own reader makes the objects of a document.
        let document = <&RawValue>::deserialize(deserializer)?.get();
        let py = self.reader.py;
        if document == "null" {
            return Ok(py.None().into_bound(py));
        }
        self.reader.types.json_loads.bind(py).call1((document,)).map_err(|failure| self.reader.keep(failure))
    }
}

impl<'py> Cell<'_, 'py> {
    fn made<T: IntoPyObject<'py>, E: de::Error>(&self, value: T) -> Result<Bound<'py, PyAny>, E> {
        value.into_bound_py_any(self.reader.py).map_err(|failure| self.reader.keep(failure))
    }

    /// A number without a fraction.
    fn number<T: IntoPyObject<'py>, E: de::Error>(
        &self,
        integer: T,
        float: f64,
    ) -> Result<Bound<'py, PyAny>, E> {
        if self.column == ColumnType::Float { self.made(float) } else { self.made(integer) }
    }
}

impl<'de, 'py> Visitor<'de> for Cell<'_, 'py> {
    type Value = Bound<'py, PyAny>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        self.made(self.reader.py.None())
    }

    fn visit_bool<E: de::Error>(self, boolean: bool) -> Result<Self::Value, E> {
        self.made(boolean)
    }

    #[expect(clippy::cast_precision_loss, reason = "a float travels as an integer when it has no fraction")]
    fn visit_i64<E: de::Error>(self, integer: i64) -> Result<Self::Value, E> {
        self.number(integer, integer as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "as above")]
    fn visit_u64<E: de::Error>(self, integer: u64) -> Result<Self::Value, E> {
        self.number(integer, integer as f64)
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<Self::Value, E> {
        self.made(float)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        self.reader.text(self.column, text).map_err(|failure| self.reader.keep(failure))
    }

    /// Bytes in a column without a type.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut value = String::new();
        while let Some((key, text)) = map.next_entry::<String, String>()? {
            if key == "value" {
                value = text;
            }
        }
        self.reader.bytes(&value).map_err(|failure| self.reader.keep(failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read() {
        for (text, bytes) in
            [("", &b""[..]), ("aGk=", b"hi"), ("aA==", b"h"), ("aGkh", b"hi!"), ("/+8=", &[255, 239])]
        {
            assert_eq!(base64(text.as_bytes()).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(base64(b"a"), None);
        assert_eq!(base64(b"a*=="), None);
    }

    #[test]
    fn a_clock_has_microseconds() {
        assert_eq!(clock_of("12:30:01.5"), Some((12, 30, 1, 500_000)));
        assert_eq!(clock_of("12:30"), Some((12, 30, 0, 0)));
        assert_eq!(clock_of("1:2:3:4"), None);
        assert_eq!(date_of("0044-03-15"), Some((44, 3, 15)));
        assert_eq!(date_of("-0044-03-15"), None);
    }
}
