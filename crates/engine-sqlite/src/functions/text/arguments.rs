//! Registers functions on text, and reads their arguments.

use std::borrow::Cow;

use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use crate::functions::{
    convert,
    result::FunctionResult,
    scalar::{Arguments, strict},
};

/// The body of a function.
pub(crate) type Body = fn(&Arguments<'_>) -> FunctionResult;

/// Registers functions that are NULL when an argument is NULL.
pub(crate) fn register_all(conn: &Connection, bodies: &[(&str, i32, Body)]) -> rusqlite::Result<()> {
    bodies.iter().try_for_each(|(name, count, body)| strict(conn, name, *count, *body))
}

pub(crate) fn text(text: impl Into<String>) -> FunctionResult {
    Ok(Value::Text(text.into()))
}

pub(crate) fn boolean(value: bool) -> FunctionResult {
    Ok(Value::Integer(i64::from(value)))
}

pub(crate) fn length(length: usize) -> FunctionResult {
    Ok(Value::Integer(i64::try_from(length).unwrap_or(i64::MAX)))
}

impl<'a> Arguments<'a> {
    /// The argument as bytes: those of a blob, or of a text in UTF-8.
    pub(crate) fn bytes(&self, index: usize) -> Cow<'a, [u8]> {
        match self.value(index) {
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Cow::Borrowed(bytes),
            other => Cow::Owned(convert::text_of(other).into_owned().into_bytes()),
        }
    }

    /// The argument as text; None when it is NULL.
    pub(crate) fn optional_text(&self, index: usize) -> Option<Cow<'a, str>> {
        (!self.is_null(index)).then(|| self.text(index))
    }
}
