//! Rows as JSON text: an array of arrays. Each cell is written directly, without building a JSON value first.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use phantomdb_protocol::{Error, Result};
use serde_json::value::RawValue;

use crate::memory::{ResultLimits, ResultMeter};

/// The largest integer that JavaScript's numbers hold exactly.
pub const LARGEST_EXACT: u64 = (1 << 53) - 1;

/// Collects the rows of a result.
pub struct JsonRows {
    text: Vec<u8>,
    rows: u64,
    meter: ResultMeter,
}

impl JsonRows {
    pub fn new(limits: &ResultLimits) -> Self {
        Self { text: vec![b'['], rows: 0, meter: ResultMeter::new(limits) }
    }

    /// The number of rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a row of `width` cells. `cell` writes each one as a single JSON value with the functions of this module. Fails
    /// when the result becomes larger than its limits.
    pub fn push(
        &mut self,
        width: usize,
        mut cell: impl FnMut(&mut Vec<u8>, usize) -> Result<()>,
    ) -> Result<()> {
        self.text.extend_from_slice(if self.rows == 0 { b"[" } else { b",[" });
        for index in 0..width {
            if index > 0 {
                self.text.push(b',');
            }
            cell(&mut self.text, index)?;
        }
        self.text.push(b']');
        self.rows += 1;
        self.meter.check(self.rows, self.text.len())
    }

    /// Closes the array and returns its text.
    pub fn finish(mut self) -> Result<Box<RawValue>> {
        self.text.push(b']');
        // A result is one line of an answer to several calls. In JSON a line ends between values only: `json_agg` puts one
        // between its rows.
        if self.text.contains(&b'\n') || self.text.contains(&b'\r') {
            let ends = self.text.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r'));
            ends.for_each(|byte| *byte = b' ');
        }
        let text = String::from_utf8(self.text)
            .map_err(|_| Error::internal("the rows could not be written as JSON text"))?;
        // SAFETY: the text must be valid JSON. `push` and this function write the brackets and commas of an array of
        // arrays. The callers of `push` write each cell as one JSON value: with the functions below, each of which
        // writes a complete value, or as a document that they have parsed.
        Ok(unsafe { RawValue::from_string_unchecked(text) })
    }
}

/// A result without rows.
pub fn empty() -> Box<RawValue> {
    RawValue::from_string("[]".to_owned()).unwrap_or_default()
}

pub fn write_null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

pub fn write_boolean(out: &mut Vec<u8>, boolean: bool) {
    out.extend_from_slice(if boolean { b"true" } else { b"false" });
}

/// Writes a number, or a string when JavaScript's numbers cannot hold the integer exactly.
pub fn write_integer(out: &mut Vec<u8>, integer: i64) {
    if integer.unsigned_abs() <= LARGEST_EXACT {
        write_json(out, &integer);
    } else {
        out.push(b'"');
        write_json(out, &integer);
        out.push(b'"');
    }
}

/// Writes a number, or one of the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.
pub fn write_float(out: &mut Vec<u8>, float: f64) {
    match non_finite(float) {
        Some(text) => write_json(out, text),
        None => write_json(out, &float),
    }
}

/// The name of a float that is not finite.
pub fn non_finite(float: f64) -> Option<&'static str> {
    if float.is_finite() {
        None
    } else if float.is_nan() {
        Some("NaN")
    } else if float > 0.0 {
        Some("Infinity")
    } else {
        Some("-Infinity")
    }
}

/// Writes a string. Bytes that are not UTF-8 become replacement characters.
pub fn write_text(out: &mut Vec<u8>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => write_json(out, text),
        Err(_) => write_json(out, String::from_utf8_lossy(bytes).as_ref()),
    }
}

pub fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    write_json(out, &BASE64.encode(bytes));
}

/// Writes a scalar. Serializing a scalar into memory cannot fail.
pub fn write_json<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok());
}
