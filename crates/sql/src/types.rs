//! One table of types: PhantomDB SQL name and wire type. Each engine adds the names it declares columns with.

use phantomdb_protocol::{ColumnType, Error, Result};
use sqlparser::ast::{CharacterLength, DataType, EnumMember, ExactNumberInfo, ObjectName};

use super::{parse::parse_type, printer::quote_literal};

/// A PhantomDB SQL type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlType {
    TinyInt,
    SmallInt,
    MediumInt,
    Integer,
    BigInt,
    Varchar(Option<u64>),
    Char(Option<u64>),
    Text,
    CiText,
    Boolean,
    Timestamp,
    Date,
    Time,
    Real,
    Float,
    Double,
    /// Precision and scale; without them any number of digits is kept.
    Decimal(Option<(u64, i64)>),
    Uuid,
    Enum(Vec<String>),
    Blob,
    Json,
    Jsonb,
    /// A column of a table that another client made, in the words of its engine.
    Other(String),
}

impl SqlType {
    /// The type a user wrote. `UNSUPPORTED`, with its name, when PhantomDB has not such a type.
    pub fn from_ast(data_type: &DataType) -> Result<Self> {
        Ok(match data_type {
            DataType::TinyInt(_) => Self::TinyInt,
            DataType::SmallInt(_) | DataType::Int2(_) => Self::SmallInt,
            DataType::MediumInt(_) => Self::MediumInt,
            DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => Self::Integer,
            DataType::BigInt(_) | DataType::Int8(_) => Self::BigInt,
            DataType::Varchar(n)
            | DataType::CharacterVarying(n)
            | DataType::CharVarying(n)
            | DataType::Nvarchar(n) => Self::Varchar(character_length(*n)?),
            DataType::Char(n) | DataType::Character(n) => Self::Char(character_length(*n)?),
            DataType::Text
            | DataType::TinyText
            | DataType::MediumText
            | DataType::LongText
            | DataType::String(None) => Self::Text,
            DataType::Boolean | DataType::Bool => Self::Boolean,
            DataType::Timestamp(..) | DataType::Datetime(_) => Self::Timestamp,
            DataType::Date => Self::Date,
            DataType::Time(..) => Self::Time,
            DataType::Real | DataType::Float4 => Self::Real,
            DataType::Float(_) => Self::Float,
            DataType::DoublePrecision | DataType::Double(_) | DataType::Float8 => Self::Double,
            DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => {
                Self::Decimal(precision_and_scale(*info))
            }
            DataType::Uuid => Self::Uuid,
            DataType::Enum(members, _) => Self::Enum(enum_values(members)?),
            DataType::Blob(_)
            | DataType::Bytea
            | DataType::TinyBlob
            | DataType::MediumBlob
            | DataType::LongBlob => Self::Blob,
            DataType::JSON => Self::Json,
            DataType::JSONB => Self::Jsonb,
            DataType::Custom(name, arguments) => return custom(name, arguments),
            other => return Err(no_such_type(&other.to_string())),
        })
    }

    /// The type of that name, in any case; none when PhantomDB has not such a type.
    pub fn from_name(written: &str) -> Option<Self> {
        let (name, arguments) = split(written);
        let length = || arguments.first().and_then(|n| u64::try_from(*n).ok());
        Some(match name.as_str() {
            "TINYINT" => Self::TinyInt,
            "SMALLINT" | "INT2" => Self::SmallInt,
            "MEDIUMINT" => Self::MediumInt,
            "INT" | "INTEGER" | "INT4" => Self::Integer,
            "BIGINT" | "INT8" | "UNSIGNED BIG INT" => Self::BigInt,
            "VARCHAR" | "NVARCHAR" | "VARYING CHARACTER" | "CHARACTER VARYING" => Self::Varchar(length()),
            "CHAR" | "CHARACTER" | "NCHAR" => Self::Char(length()),
            "TEXT" | "CLOB" => Self::Text,
            "CITEXT" => Self::CiText,
            "BOOLEAN" | "BOOL" => Self::Boolean,
            "TIMESTAMP" | "DATETIME" | "TIMESTAMPTZ" => Self::Timestamp,
            "DATE" => Self::Date,
            "TIME" => Self::Time,
            "REAL" => Self::Real,
            "FLOAT" => Self::Float,
            "DOUBLE PRECISION" | "DOUBLE" => Self::Double,
            "DECIMAL" | "NUMERIC" => Self::Decimal(match arguments.as_slice() {
                [precision, scale, ..] => Some((u64::try_from(*precision).unwrap_or(0), *scale)),
                [precision] => Some((u64::try_from(*precision).unwrap_or(0), 0)),
                [] => None,
            }),
            "UUID" => Self::Uuid,
            "BLOB" | "BYTEA" => Self::Blob,
            "JSON" => Self::Json,
            "JSONB" => Self::Jsonb,
            _ => return None,
        })
    }

    /// How PhantomDB SQL names it.
    pub fn name(&self) -> String {
        match self {
            Self::TinyInt => "TINYINT".into(),
            Self::SmallInt => "SMALLINT".into(),
            Self::MediumInt => "MEDIUMINT".into(),
            Self::Integer => "INTEGER".into(),
            Self::BigInt => "BIGINT".into(),
            Self::Varchar(n) => with_length("VARCHAR", *n),
            Self::Char(n) => with_length("CHAR", *n),
            Self::Text => "TEXT".into(),
            Self::CiText => "CITEXT".into(),
            Self::Boolean => "BOOLEAN".into(),
            Self::Timestamp => "TIMESTAMP".into(),
            Self::Date => "DATE".into(),
            Self::Time => "TIME".into(),
            Self::Real => "REAL".into(),
            Self::Float => "FLOAT".into(),
            Self::Double => "DOUBLE PRECISION".into(),
            Self::Decimal(None) => "DECIMAL".into(),
            Self::Decimal(Some((p, s))) => format!("DECIMAL({p},{s})"),
            Self::Uuid => "UUID".into(),
            Self::Enum(values) => {
                let values: Vec<String> = values.iter().map(|value| quote_literal(value)).collect();
                format!("ENUM({})", values.join(","))
            }
            Self::Blob => "BLOB".into(),
            Self::Json => "JSON".into(),
            Self::Jsonb => "JSONB".into(),
            Self::Other(name) => name.clone(),
        }
    }

    /// How its values travel.
    pub fn column_type(&self) -> ColumnType {
        match self {
            Self::TinyInt | Self::SmallInt | Self::MediumInt | Self::Integer | Self::BigInt => {
                ColumnType::Integer
            }
            Self::Varchar(_) | Self::Char(_) | Self::Text | Self::CiText => ColumnType::String,
            Self::Boolean => ColumnType::Boolean,
            Self::Timestamp => ColumnType::Timestamp,
            Self::Date => ColumnType::Date,
            Self::Time => ColumnType::Time,
            Self::Real | Self::Float | Self::Double => ColumnType::Float,
            Self::Decimal(_) => ColumnType::Decimal,
            Self::Uuid => ColumnType::Uuid,
            Self::Enum(_) => ColumnType::Enum,
            Self::Blob => ColumnType::Blob,
            Self::Json | Self::Jsonb => ColumnType::Json,
            Self::Other(_) => ColumnType::Any,
        }
    }

    /// Whether values of this type are whole numbers.
    pub fn is_integer(&self) -> bool {
        matches!(self.column_type(), ColumnType::Integer)
    }

    /// Whether values of this type are numbers.
    pub fn is_number(&self) -> bool {
        matches!(self.column_type(), ColumnType::Integer | ColumnType::Float | ColumnType::Decimal)
    }

    /// Bits of the whole numbers it holds, as they are checked on assignment.
    pub fn bits(&self) -> u32 {
        match self {
            Self::TinyInt | Self::SmallInt => 16,
            Self::MediumInt | Self::Integer => 32,
            _ => 64,
        }
    }

    /// The type named by [`Self::name`].
    pub fn parse(name: &str) -> Result<Self> {
        Self::from_name(name).map_or_else(|| parse_type(name).and_then(|parsed| Self::from_ast(&parsed)), Ok)
    }
}

fn with_length(name: &str, length: Option<u64>) -> String {
    length.map_or_else(|| name.to_owned(), |n| format!("{name}({n})"))
}

/// `VARCHAR ( 10 )` as its upper-case name and its numbers.
pub fn split(declared: &str) -> (String, Vec<i64>) {
    let (name, rest) = declared.split_once('(').unwrap_or((declared, ""));
    let arguments = rest.trim_end().trim_end_matches(')').split(',').filter_map(|n| n.trim().parse().ok());
    (name.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase(), arguments.collect())
}

fn character_length(length: Option<CharacterLength>) -> Result<Option<u64>> {
    match length {
        None | Some(CharacterLength::Max) => Ok(None),
        Some(CharacterLength::IntegerLength { length: 0, .. }) => {
            Err(Error::unsupported("the length of a character type must be at least 1"))
        }
        Some(CharacterLength::IntegerLength { length, .. }) => Ok(Some(length)),
    }
}

fn precision_and_scale(info: ExactNumberInfo) -> Option<(u64, i64)> {
    match info {
        ExactNumberInfo::None => None,
        ExactNumberInfo::Precision(precision) => Some((precision, 0)),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => Some((precision, scale)),
    }
}

fn enum_values(members: &[EnumMember]) -> Result<Vec<String>> {
    members
        .iter()
        .map(|member| match member {
            EnumMember::Name(name) => Ok(name.clone()),
            EnumMember::NamedValue(..) => Err(Error::unsupported("an ENUM takes strings only")),
        })
        .collect()
}

fn custom(name: &ObjectName, arguments: &[String]) -> Result<SqlType> {
    let written = name.to_string();
    let declared =
        if arguments.is_empty() { written.clone() } else { format!("{written}({})", arguments.join(",")) };
    Ok(match written.to_ascii_uppercase().as_str() {
        "SERIAL" | "SERIAL4" => SqlType::Integer,
        "BIGSERIAL" | "SERIAL8" => SqlType::BigInt,
        "SMALLSERIAL" | "SERIAL2" => SqlType::SmallInt,
        "TIMESTAMPTZ" => SqlType::Timestamp,
        _ => SqlType::from_name(&declared).ok_or_else(|| no_such_type(&written))?,
    })
}

/// Whether the type is one of those that number their rows themselves.
pub fn is_serial(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Custom(name, _) if name.to_string().to_ascii_uppercase().contains("SERIAL"))
}

fn no_such_type(name: &str) -> Error {
    Error::unsupported(format!(
        "PhantomDB has no type {name}; it has SMALLINT, INTEGER, BIGINT, VARCHAR, CHAR, TEXT, CITEXT, BOOLEAN, \
         TIMESTAMP, DATE, TIME, REAL, DOUBLE PRECISION, DECIMAL, UUID, ENUM, BLOB, JSON and JSONB"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enum_keeps_its_values_in_its_name() {
        assert_eq!(SqlType::parse("ENUM('a', 'it''s')").unwrap().name(), "ENUM('a','it''s')");
    }

    #[test]
    fn a_type_it_has_not_is_refused_by_name() {
        let error = SqlType::parse("HSTORE").unwrap_err();
        assert!(error.message.contains("HSTORE"), "{}", error.message);
    }
}
