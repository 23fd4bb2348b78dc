//! The types of expressions, as PostgreSQL has them.

use phantomdb_protocol::ColumnType;

/// The type of an expression's value.
///
/// The last ones are pseudo-types: they stand for the type of an argument or a result in a signature only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// A string literal, NULL or a parameter, until its surroundings decide.
    Unknown,
    Boolean,
    SmallInt,
    Integer,
    BigInt,
    Numeric,
    Real,
    Double,
    Text,
    Varchar,
    Char,
    CiText,
    Bytea,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
    Uuid,
    Json,
    Jsonb,
    Enum,
    Record,
    Array(&'static Self),
    /// A type that PhantomDB does not have, of a table that another program made.
    Other,
    /// Any type. The value stays as it is.
    Any,
    /// Any type. The value becomes its text.
    AnyText,
    /// Any type. The value becomes a JSON document.
    AnyJson,
    /// The same type wherever it stands in a signature.
    AnyElement,
    /// An array of `AnyElement`.
    AnyArray,
    /// One type to which all arguments of this kind convert.
    AnyCompatible,
    /// An array of `AnyCompatible`.
    AnyCompatibleArray,
}

/// The categories of PostgreSQL's types, by which operators and functions are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    Array,
    Boolean,
    DateTime,
    Enum,
    Numeric,
    String,
    TimeSpan,
    UserDefined,
    Unknown,
    Pseudo,
}

/// The types with the names that signatures and `typeof` use, and the names that statements use too.
const NAMES: [(Type, &str, &str); 22] = [
    (Type::Unknown, "unknown", "unknown"),
    (Type::Boolean, "bool", "boolean"),
    (Type::SmallInt, "int2", "smallint"),
    (Type::Integer, "int4", "integer"),
    (Type::BigInt, "int8", "bigint"),
    (Type::Numeric, "numeric", "numeric"),
    (Type::Real, "float4", "real"),
    (Type::Double, "float8", "double precision"),
    (Type::Text, "text", "text"),
    (Type::Varchar, "varchar", "character varying"),
    (Type::Char, "bpchar", "character"),
    (Type::CiText, "citext", "citext"),
    (Type::Bytea, "bytea", "bytea"),
    (Type::Date, "date", "date"),
    (Type::Time, "time", "time without time zone"),
    (Type::Timestamp, "timestamp", "timestamp without time zone"),
    (Type::TimestampTz, "timestamptz", "timestamp with time zone"),
    (Type::Interval, "interval", "interval"),
    (Type::Uuid, "uuid", "uuid"),
    (Type::Json, "json", "json"),
    (Type::Jsonb, "jsonb", "jsonb"),
    (Type::Enum, "enum", "enum"),
];

const PSEUDO_NAMES: [(Type, &str); 8] = [
    (Type::Record, "record"),
    (Type::Any, "any"),
    (Type::AnyText, "anytext"),
    (Type::AnyJson, "anyjson"),
    (Type::AnyElement, "anyelement"),
    (Type::AnyArray, "anyarray"),
    (Type::AnyCompatible, "anycompatible"),
    (Type::AnyCompatibleArray, "anycompatiblearray"),
];

impl Type {
    /// The type of that short name: `int4`, `text[]`, `anyelement`.
    pub fn from_short_name(name: &str) -> Option<Self> {
        if let Some(element) = name.strip_suffix("[]") {
            return Self::from_short_name(element)?.array();
        }
        let named = NAMES.iter().find(|(_, short, _)| *short == name).map(|(named, _, _)| *named);
        named.or_else(|| PSEUDO_NAMES.iter().find(|(_, pseudo)| *pseudo == name).map(|(named, _)| *named))
    }

    /// The name that PostgreSQL shows, such as `double precision` and `text[]`.
    pub fn name(self) -> String {
        if let Self::Array(element) = self {
            return format!("{}[]", element.name());
        }
        let named = NAMES.iter().find(|(named, _, _)| *named == self).map(|(_, _, name)| *name);
        let pseudo = || PSEUDO_NAMES.iter().find(|(named, _)| *named == self).map(|(_, name)| *name);
        named.or_else(pseudo).unwrap_or("another type").to_owned()
    }

    /// The short name without spaces, such as `float8` and `text[]`.
    pub fn short_name(self) -> String {
        if let Self::Array(element) = self {
            return format!("{}[]", element.short_name());
        }
        let named = NAMES.iter().find(|(named, _, _)| *named == self).map(|(_, short, _)| *short);
        let pseudo = || PSEUDO_NAMES.iter().find(|(named, _)| *named == self).map(|(_, name)| *name);
        named.or_else(pseudo).unwrap_or("other").to_owned()
    }

    /// The array of values of this type. None for an array, whose elements are arrays of the same type, and for a type
    /// that no value has.
    pub fn array(self) -> Option<Self> {
        NAMES
            .iter()
            .chain([&(Self::Record, "", ""), &(Self::Other, "", "")])
            .find_map(|(named, _, _)| (*named == self).then_some(Self::Array(named)))
    }

    /// The type of the elements of an array; None for every other type.
    pub const fn element(self) -> Option<Self> {
        match self {
            Self::Array(element) => Some(*element),
            _ => None,
        }
    }

    pub const fn category(self) -> Category {
        match self {
            Self::Unknown => Category::Unknown,
            Self::Boolean => Category::Boolean,
            Self::SmallInt | Self::Integer | Self::BigInt | Self::Numeric | Self::Real | Self::Double => {
                Category::Numeric
            }
            Self::Text | Self::Varchar | Self::Char | Self::CiText => Category::String,
            Self::Date | Self::Time | Self::Timestamp | Self::TimestampTz => Category::DateTime,
            Self::Interval => Category::TimeSpan,
            Self::Enum => Category::Enum,
            Self::Array(_) => Category::Array,
            Self::Bytea | Self::Uuid | Self::Json | Self::Jsonb | Self::Other => Category::UserDefined,
            Self::Record
            | Self::Any
            | Self::AnyText
            | Self::AnyJson
            | Self::AnyElement
            | Self::AnyArray
            | Self::AnyCompatible
            | Self::AnyCompatibleArray => Category::Pseudo,
        }
    }

    /// Returns whether PostgreSQL prefers the type to the others of its category.
    pub const fn is_preferred(self) -> bool {
        matches!(self, Self::Boolean | Self::Double | Self::Text | Self::TimestampTz | Self::Interval)
    }

    pub const fn is_integer(self) -> bool {
        matches!(self, Self::SmallInt | Self::Integer | Self::BigInt)
    }

    pub const fn is_number(self) -> bool {
        matches!(self.category(), Category::Numeric)
    }

    /// Returns whether the value is text, stored as it is.
    pub const fn is_text(self) -> bool {
        matches!(self.category(), Category::String)
    }

    /// How values of the type travel.
    pub const fn wire(self) -> ColumnType {
        match self {
            Self::Boolean => ColumnType::Boolean,
            Self::SmallInt | Self::Integer | Self::BigInt => ColumnType::Integer,
            Self::Numeric => ColumnType::Decimal,
            Self::Real | Self::Double => ColumnType::Float,
            Self::Unknown | Self::Text | Self::Varchar | Self::Char | Self::CiText | Self::Interval => {
                ColumnType::String
            }
            Self::Bytea => ColumnType::Blob,
            Self::Date => ColumnType::Date,
            Self::Time => ColumnType::Time,
            Self::Timestamp | Self::TimestampTz => ColumnType::Timestamp,
            Self::Uuid => ColumnType::Uuid,
            Self::Json | Self::Jsonb | Self::Array(_) | Self::Record => ColumnType::Json,
            Self::Enum => ColumnType::Enum,
            Self::Other
            | Self::Any
            | Self::AnyText
            | Self::AnyJson
            | Self::AnyElement
            | Self::AnyArray
            | Self::AnyCompatible
            | Self::AnyCompatibleArray => ColumnType::Any,
        }
    }
}
