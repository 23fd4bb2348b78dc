//! The types of an array's elements, as far as they differ in how elements are written.

use crate::documents;

/// A value in the form in which SQLite keeps it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// What the elements of an array are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    /// An integer of that many bits.
    Integer(u32),
    Real,
    Double,
    Numeric,
    Bytea,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
    Uuid,
    Json,
    Jsonb,
    /// Text, and every type whose values are text.
    Text,
}

impl Kind {
    /// The kind of a type, by its short name: `int4`, `text`, `jsonb`.
    pub fn named(name: &str) -> Self {
        match name {
            "bool" => Self::Boolean,
            "int2" => Self::Integer(16),
            "int4" => Self::Integer(32),
            "int8" => Self::Integer(64),
            "float4" => Self::Real,
            "float8" => Self::Double,
            "numeric" => Self::Numeric,
            "bytea" => Self::Bytea,
            "date" => Self::Date,
            "time" => Self::Time,
            "timestamp" => Self::Timestamp,
            "timestamptz" => Self::TimestampTz,
            "interval" => Self::Interval,
            "uuid" => Self::Uuid,
            "json" => Self::Json,
            "jsonb" => Self::Jsonb,
            _ => Self::Text,
        }
    }

    /// The kind of documents, when the elements are documents.
    pub const fn document(self) -> Option<documents::Kind> {
        match self {
            Self::Json => Some(documents::Kind::Json),
            Self::Jsonb => Some(documents::Kind::Jsonb),
            _ => None,
        }
    }

    /// Returns whether such elements are stored in another form than they travel in.
    pub const fn travels_otherwise(self) -> bool {
        matches!(self, Self::Real | Self::Bytea | Self::Date | Self::Timestamp | Self::TimestampTz)
    }

    /// The name of the type in a message.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Real | Self::Double => "a number",
            Self::Numeric => "a decimal number",
            Self::Bytea => "bytes in hexadecimal digits",
            Self::Date => "a date",
            Self::Time => "a time of day",
            Self::Timestamp | Self::TimestampTz => "a timestamp",
            Self::Interval => "an interval",
            Self::Uuid => "a UUID",
            Self::Json | Self::Jsonb => "JSON",
            Self::Text => "text",
        }
    }
}
