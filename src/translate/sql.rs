//! Writing PhantomDB SQL: identifiers, literals, and values that are bound or inlined.

use std::fmt::Write as _;

use phantomdb_protocol::{Error, ErrorCode, Result, TableName, Value};

/// How a value is written: as `$n` with the value in the parameters, or escaped into the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Bound,
    Inline,
}

/// Appends an identifier in double quotes; a double quote in it is doubled.
pub fn push_identifier(out: &mut String, identifier: &str) {
    out.push('"');
    for (i, part) in identifier.split('"').enumerate() {
        if i > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
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
    out.push('\'');
    for (i, part) in text.split('\'').enumerate() {
        if i > 0 {
            out.push_str("''");
        }
        out.push_str(part);
    }
    out.push('\'');
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
    mode: Mode,
    /// How many parameters the caller has before these.
    before: usize,
    pub parameters: Vec<Value>,
}

impl Values {
    pub fn new(mode: Mode) -> Self {
        Self { mode, before: 0, parameters: Vec::new() }
    }

    /// Bound values that are numbered on from `before` parameters of the caller.
    pub fn after(self, before: usize) -> Self {
        Self { before, ..self }
    }

    pub fn push(&mut self, out: &mut String, value: &Value) -> Result<()> {
        if self.mode == Mode::Inline || matches!(value, Value::Null) {
            return push_literal(out, value);
        }
        self.parameters.push(value.clone());
        out.push('$');
        push_display(out, &(self.before + self.parameters.len()));
        Ok(())
    }

    /// Sets the mode and gives back the one before.
    pub fn replace_mode(&mut self, mode: Mode) -> Mode {
        std::mem::replace(&mut self.mode, mode)
    }
}
