//! Writes identifiers, literals and values as PhantomDB SQL.

use std::fmt::Write as _;

use phantomdb_protocol::{Error, ErrorCode, Result, TableName, Value, ddl::push_quoted};

use super::plan::BindType;

/// Appends an identifier in double quotes; a double quote in it is doubled.
pub fn push_identifier(out: &mut String, identifier: &str) {
    push_quoted(out, identifier, '"');
}

/// Appends a string literal. Single quotes are doubled; a backslash is an ordinary character. NUL is refused: PostgreSQL
/// cannot store it, and SQLite's tools cut the string there.
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
        // In quotes it would have the type of what it stands beside, such as an integer that does not hold it.
        Value::Decimal(s) if is_integer(s) && s.parse::<i64>().is_err() => out.push_str(s),
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

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn not_finite() -> Error {
    Error::internal("a float that is not finite reached the literal writer")
}

/// Appends the `Display` form of a value.
pub fn push_display(out: &mut String, value: &impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

/// Writes the bound values of a statement and records their order.
#[derive(Debug)]
pub struct Values {
    style: ValueStyle,
    /// The index of the value of each parameter, `$1` first. One value may be several parameters.
    pub order: Vec<usize>,
}

/// The form in which a bound value is written.
#[derive(Debug)]
enum ValueStyle {
    /// `$n`, numbered after this many parameters of the caller.
    Parameters(usize),
    /// The literal of its value.
    Literals(Vec<Value>),
    /// A gap in the text, recorded as an offset.
    Gaps(Vec<usize>),
}

impl Values {
    /// Writes `$1…$n`, numbered after `before` parameters of the caller.
    pub fn bound(before: usize) -> Self {
        Self::new(ValueStyle::Parameters(before))
    }

    /// Writes the values as literals.
    pub fn inlined(values: Vec<Value>) -> Self {
        Self::new(ValueStyle::Literals(values))
    }

    /// Leaves gaps that are filled for each call. The gaps are offsets in one text, so only one text may be written.
    pub fn gaps() -> Self {
        Self::new(ValueStyle::Gaps(Vec::new()))
    }

    fn new(style: ValueStyle) -> Self {
        Self { style, order: Vec::new() }
    }

    pub fn push(&mut self, out: &mut String, index: usize) -> Result<()> {
        self.order.push(index);
        match &mut self.style {
            ValueStyle::Parameters(before) => {
                out.push('$');
                push_display(out, &(*before + self.order.len()));
            }
            ValueStyle::Literals(values) => push_literal(out, values.get(index).ok_or_else(no_value)?)?,
            ValueStyle::Gaps(offsets) => offsets.push(out.len()),
        }
        Ok(())
    }

    /// The elements of a list as literals, if values are inlined. They are the elements of a JSON array.
    pub fn inlined_list(&mut self, index: usize, kind: BindType) -> Result<Option<String>> {
        let ValueStyle::Literals(values) = &self.style else { return Ok(None) };
        let Value::Json(text) = values.get(index).ok_or_else(no_value)? else { return Err(no_list()) };
        let elements: Vec<Value> = serde_json::from_str(text).map_err(|_| no_list())?;
        let mut out = String::with_capacity(text.len());
        for element in &elements {
            if !out.is_empty() {
                out.push_str(", ");
            }
            match (element, kind) {
                (Value::String(text), BindType::Blob) => {
                    let digits =
                        text.strip_prefix("\\x").filter(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
                    out.push_str(&format!("X'{}'", digits.ok_or_else(no_list)?));
                }
                (element, _) => push_literal(&mut out, element)?,
            }
        }
        self.order.push(index);
        Ok(Some(out))
    }

    /// Returns the text before, between and after the gaps.
    pub fn parts_of(&self, text: &str) -> Vec<String> {
        let ValueStyle::Gaps(offsets) = &self.style else { return vec![text.to_owned()] };
        let ends = offsets.iter().copied().chain([text.len()]);
        let starts = std::iter::once(0).chain(offsets.iter().copied());
        starts.zip(ends).map(|(start, end)| text.get(start..end).unwrap_or_default().to_owned()).collect()
    }
}

fn no_list() -> Error {
    Error::new(ErrorCode::BadRequest, "a list of a plan is not an array of values")
}

fn no_value() -> Error {
    Error::new(ErrorCode::BadRequest, "a plan names a value that was not given")
}
