//! One table of types: PhantomDB SQL name, declared SQLite name, wire type.

use phantomdb_protocol::{ColumnType, Error, Result};
use sqlparser::ast::{CharacterLength, DataType, EnumMember, ExactNumberInfo, ObjectName};

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
    /// A column of a table that another SQLite client made, in its own words.
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

    /// The type behind a declared SQLite type name. Never fails: what it does not know is [`Self::Other`].
    pub fn from_declared(declared: &str) -> Self {
        let (name, arguments) = split(declared);
        let length = arguments.first().copied();
        match name.as_str() {
            "TINYINT" => Self::TinyInt,
            "SMALLINT" | "INT2" => Self::SmallInt,
            "MEDIUMINT" => Self::MediumInt,
            "INT" | "INTEGER" | "INT4" => Self::Integer,
            "BIGINT" | "INT8" | "UNSIGNED BIG INT" => Self::BigInt,
            "VARCHAR" | "NVARCHAR" | "VARYING CHARACTER" | "CHARACTER VARYING" => {
                Self::Varchar(length.and_then(|n| u64::try_from(n).ok()))
            }
            "CHAR" | "CHARACTER" | "NCHAR" => Self::Char(length.and_then(|n| u64::try_from(n).ok())),
            "TEXT" | "CLOB" => Self::Text,
            "CITEXT_TEXT" | "CITEXT" => Self::CiText,
            "BOOLEAN" | "BOOL" => Self::Boolean,
            "TIMESTAMP_TEXT" | "TIMESTAMP" | "DATETIME" | "TIMESTAMPTZ" => Self::Timestamp,
            "DATE_TEXT" | "DATE" => Self::Date,
            "TIME_TEXT" | "TIME" => Self::Time,
            "REAL" => Self::Real,
            "FLOAT" => Self::Float,
            "DOUBLE PRECISION" | "DOUBLE" => Self::Double,
            "DECIMAL_TEXT" | "DECIMAL" | "NUMERIC" => Self::Decimal(match arguments.as_slice() {
                [precision, scale, ..] => Some((u64::try_from(*precision).unwrap_or(0), *scale)),
                [precision] => Some((u64::try_from(*precision).unwrap_or(0), 0)),
                [] => None,
            }),
            "UUID_TEXT" | "UUID" => Self::Uuid,
            "ENUM_TEXT" => Self::Enum(Vec::new()),
            "BLOB" | "BYTEA" => Self::Blob,
            "JSON_TEXT" | "JSON" => Self::Json,
            "JSONB_TEXT" | "JSONB" => Self::Jsonb,
            _ => Self::Other(declared.trim().to_owned()),
        }
    }

    /// The name to declare a column with in SQLite: it decides the affinity, and tells this type again later.
    pub fn declared(&self) -> String {
        match self {
            Self::TinyInt => "TINYINT".into(),
            Self::SmallInt => "SMALLINT".into(),
            Self::MediumInt => "MEDIUMINT".into(),
            Self::Integer => "INTEGER".into(),
            Self::BigInt => "BIGINT".into(),
            Self::Varchar(n) => with_length("VARCHAR", *n),
            Self::Char(n) => with_length("CHAR", *n),
            Self::Text => "TEXT".into(),
            Self::CiText => "CITEXT_TEXT".into(),
            Self::Boolean => "BOOLEAN".into(),
            Self::Timestamp => "TIMESTAMP_TEXT".into(),
            Self::Date => "DATE_TEXT".into(),
            Self::Time => "TIME_TEXT".into(),
            Self::Real => "REAL".into(),
            Self::Float => "FLOAT".into(),
            Self::Double => "DOUBLE PRECISION".into(),
            Self::Decimal(None) => "DECIMAL_TEXT".into(),
            Self::Decimal(Some((p, s))) => format!("DECIMAL_TEXT({p},{s})"),
            Self::Uuid => "UUID_TEXT".into(),
            Self::Enum(_) => "ENUM_TEXT".into(),
            Self::Blob => "BLOB".into(),
            Self::Json => "JSON_TEXT".into(),
            Self::Jsonb => "JSONB_TEXT".into(),
            Self::Other(name) => name.clone(),
        }
    }

    /// The collation that columns of this type compare with.
    pub fn collation(&self) -> Option<&'static str> {
        match self {
            Self::CiText => Some("NOCASE"),
            Self::Decimal(_) => Some("decimal"),
            _ => None,
        }
    }

    /// How PhantomDB SQL names it.
    pub fn name(&self) -> String {
        match self {
            Self::CiText => "CITEXT".into(),
            Self::Timestamp => "TIMESTAMP".into(),
            Self::Date => "DATE".into(),
            Self::Time => "TIME".into(),
            Self::Decimal(None) => "DECIMAL".into(),
            Self::Decimal(Some((p, s))) => format!("DECIMAL({p},{s})"),
            Self::Uuid => "UUID".into(),
            Self::Enum(values) => {
                let values: Vec<String> =
                    values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
                format!("ENUM({})", values.join(","))
            }
            Self::Json => "JSON".into(),
            Self::Jsonb => "JSONB".into(),
            other => other.declared(),
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
            Self::Other(name) => by_affinity(name),
        }
    }

    /// Whether values of this type are whole numbers.
    pub fn is_integer(&self) -> bool {
        matches!(self.column_type(), ColumnType::Integer)
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
        let (base, _) = split(name);
        match base.as_str() {
            "ENUM" | "" => Self::from_ast(&super::adapt::parse_type(name)?),
            _ => match Self::from_declared(name) {
                Self::Other(_) => super::adapt::parse_type(name).and_then(|parsed| Self::from_ast(&parsed)),
                known => Ok(known),
            },
        }
    }
}

/// How the values of a column declared so in SQLite travel.
pub fn column_type_of_declared(declared: &str) -> ColumnType {
    SqlType::from_declared(declared).column_type()
}

/// How the values of a column of this PhantomDB SQL type travel.
pub fn column_type_of_sql(data_type: &str) -> ColumnType {
    let name = data_type.trim_start();
    if name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("ENUM(")) {
        return ColumnType::Enum;
    }
    column_type_of_declared(name)
}

/// A type of tables made elsewhere: by SQLite's own rules of affinity.
fn by_affinity(declared: &str) -> ColumnType {
    let name = declared.to_ascii_uppercase();
    let has = |part: &str| name.contains(part);
    if has("INT") {
        ColumnType::Integer
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        ColumnType::String
    } else if has("BLOB") {
        ColumnType::Blob
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        ColumnType::Float
    } else {
        ColumnType::Any
    }
}

fn with_length(name: &str, length: Option<u64>) -> String {
    length.map_or_else(|| name.to_owned(), |n| format!("{name}({n})"))
}

/// `VARCHAR ( 10 )` as its upper-case name and its numbers.
fn split(declared: &str) -> (String, Vec<i64>) {
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
        _ => match SqlType::from_declared(&declared) {
            SqlType::Other(_) => return Err(no_such_type(&written)),
            known => known,
        },
    })
}

/// Whether the type is one of those that number their rows themselves.
pub(super) fn is_serial(data_type: &DataType) -> bool {
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
    fn each_type_is_told_again_from_what_is_declared() {
        for name in [
            "TINYINT",
            "SMALLINT",
            "INTEGER",
            "BIGINT",
            "VARCHAR(255)",
            "CHAR(3)",
            "TEXT",
            "CITEXT",
            "BOOLEAN",
            "TIMESTAMP",
            "DATE",
            "TIME",
            "REAL",
            "DOUBLE PRECISION",
            "DECIMAL(10,2)",
            "DECIMAL",
            "UUID",
            "BLOB",
            "JSON",
            "JSONB",
        ] {
            let parsed = SqlType::parse(name).unwrap();
            assert_eq!(parsed.name(), name);
            assert_eq!(SqlType::from_declared(&parsed.declared()), parsed);
        }
    }

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
