//! Writing PhantomDB SQL: identifiers, literals, and values that are bound or inlined.

use std::fmt::Write as _;

use phantomdb_protocol::{Error, ErrorCode, Result, TableName, Value, ddl::push_quoted};

/// Appends an identifier in double quotes; a double quote in it is doubled.
pub fn push_identifier(out: &mut String, identifier: &str) {
    push_quoted(out, identifier, '"');
}

/// Appends a string literal; a single quote in it is doubled and a backslash is an ordinary character. NUL is
/// refused: PostgreSQL cannot store it and SQLite's tools cut the string there.
pub fn push_string(out: &mut String, text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::new(
            ErrorCode::TypeMismatch,
            "a string contains the character NUL (\\0), which a SQL string cannot hold; use a BLOB or remove it",
        ));
    }
    push_quoted(out, text, '\'');
    Ok(())
}

pub fn push_table(out: &mut String, table: &TableName) {
    if let Some(schema) = &table.schema {
        push_identifier(out, schema);
        out.push('.');
    }
    push_identifier(out, &table.name);
}

/// Appends a value as a literal.
pub fn push_literal(out: &mut String, value: &Value) -> Result<()> {
    match value {
        Value::Null => out.push_str("NULL"),
        Value::Boolean(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Integer(i) => push_display(out, i),
        Value::Float(f) if f.is_finite() => {
            push_display(out, &serde_json::Number::from_f64(*f).ok_or_else(not_finite)?)
        }
        Value::Float(f) if f.is_nan() => out.push_str("CAST('NaN' AS DOUBLE PRECISION)"),
        Value::Float(f) => {
            out.push_str(if *f > 0.0 { "CAST('Infinity'" } else { "CAST('-Infinity'" });
            out.push_str(" AS DOUBLE PRECISION)");
        }
        Value::Blob(bytes) => {
            out.push_str("X'");
            for byte in bytes {
                push_display(out, &format_args!("{byte:02x}"));
            }
            out.push('\'');
        }
        Value::String(s)
        | Value::Decimal(s)
        | Value::Timestamp(s)
        | Value::Date(s)
        | Value::Time(s)
        | Value::Uuid(s)
        | Value::Json(s) => push_string(out, s)?,
    }
    Ok(())
}

fn not_finite() -> Error {
    Error::internal("a float that is not finite reached the literal writer")
}

/// Appends what `Display` prints.
pub fn push_display(out: &mut String, value: &impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

/// The values of a statement while it is written.
#[derive(Debug)]
pub struct Values {
    way: Way,
    /// Which of the values each parameter is: `$1` first. A value may be several of them.
    pub order: Vec<usize>,
}

/// How a bound value is written.
#[derive(Debug)]
enum Way {
    /// As `$n`, numbered on from so many parameters of the caller.
    Parameters(usize),
    /// As a literal.
    Literals(Vec<Value>),
    /// As nothing: where each is missing is kept, as an offset in the text.
    Holes(Vec<usize>),
}

impl Values {
    /// `$1…$n`, after `before` parameters of the caller.
    pub fn bound(before: usize) -> Self {
        Self::new(Way::Parameters(before))
    }

    /// Literals of the values given.
    pub fn inlined(values: Vec<Value>) -> Self {
        Self::new(Way::Literals(values))
    }

    /// Holes, to be filled for each call. They are offsets in one text, so one text is to be written with them.
    pub fn holes() -> Self {
        Self::new(Way::Holes(Vec::new()))
    }

    fn new(way: Way) -> Self {
        Self { way, order: Vec::new() }
    }

    pub fn push(&mut self, out: &mut String, index: usize) -> Result<()> {
        self.order.push(index);
        match &mut self.way {
            Way::Parameters(before) => {
                out.push('$');
                push_display(out, &(*before + self.order.len()));
            }
            Way::Literals(values) => push_literal(out, values.get(index).ok_or_else(no_value)?)?,
            Way::Holes(offsets) => offsets.push(out.len()),
        }
        Ok(())
    }

    /// The text around the holes.
    pub fn parts_of(&self, text: &str) -> Vec<String> {
        let Way::Holes(offsets) = &self.way else { return vec![text.to_owned()] };
        let ends = offsets.iter().copied().chain([text.len()]);
        let starts = std::iter::once(0).chain(offsets.iter().copied());
        starts.zip(ends).map(|(start, end)| text.get(start..end).unwrap_or_default().to_owned()).collect()
    }
}

fn no_value() -> Error {
    Error::new(ErrorCode::BadRequest, "a plan names a value that was not given")
}
