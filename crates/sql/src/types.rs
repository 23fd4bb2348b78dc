//! The data types with their arguments, as statements write them. Their names and stored forms are in
//! [`phantomdb_protocol::data_type`].

use phantomdb_protocol::{
    ColumnType, Error, Result, StatementParameter, TableSchema, TypeDescription,
    data_type::{self, Arguments, DEFAULT_PRECISION, MAX_PRECISION, TypeInfo, TypeName},
};
use sqlparser::ast::{
    ArrayElemTypeDef, CharLengthUnits, CharacterLength, DataType, EnumMember, ExactNumberInfo, ObjectName,
};

use crate::{parse::parse_type, printer::quote_literal, typing::Type};

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
    /// The decimals of a second, when they are not [`DEFAULT_PRECISION`].
    Timestamp(Option<u8>),
    Date,
    /// The decimals of a second, when they are not [`DEFAULT_PRECISION`].
    Time(Option<u8>),
    Real,
    Float,
    Double,
    /// The precision and the scale. Without them, all digits are kept.
    Decimal(Option<(u64, i64)>),
    Uuid,
    Enum(Vec<String>),
    Blob,
    Json,
    Jsonb,
    /// An array of values of one of these types.
    Array(Box<Self>),
    /// The type of a column of a table that another client made, as its engine names it.
    Other(String),
}

impl SqlType {
    /// The type with these numbers in parentheses, as far as it takes any. Fails when it does not take the number.
    fn with_numbers(name: TypeName, numbers: &[i64]) -> Result<Self> {
        let length = || numbers.first().and_then(|n| u64::try_from(*n).ok());
        Ok(match name {
            TypeName::TinyInt => Self::TinyInt,
            TypeName::SmallInt => Self::SmallInt,
            TypeName::MediumInt => Self::MediumInt,
            TypeName::Integer => Self::Integer,
            TypeName::BigInt => Self::BigInt,
            TypeName::Varchar => Self::Varchar(length()),
            TypeName::Char => Self::Char(length()),
            TypeName::Text => Self::Text,
            TypeName::CiText => Self::CiText,
            TypeName::Boolean => Self::Boolean,
            TypeName::Timestamp => Self::Timestamp(decimals(length())?),
            TypeName::Date => Self::Date,
            TypeName::Time => Self::Time(decimals(length())?),
            TypeName::Real => Self::Real,
            TypeName::Float => Self::Float,
            TypeName::Double => Self::Double,
            TypeName::Decimal => Self::Decimal(numbers.first().map(|precision| {
                (u64::try_from(*precision).unwrap_or(0), numbers.get(1).copied().unwrap_or(0))
            })),
            TypeName::Uuid => Self::Uuid,
            TypeName::Enum => Self::Enum(Vec::new()),
            TypeName::Blob => Self::Blob,
            TypeName::Json => Self::Json,
            TypeName::Jsonb => Self::Jsonb,
        })
    }

    /// Its entry in the table of data types. None for an array, and for a type that PhantomDB does not have.
    pub fn info(&self) -> Option<&'static TypeInfo> {
        let name = match self {
            Self::TinyInt => TypeName::TinyInt,
            Self::SmallInt => TypeName::SmallInt,
            Self::MediumInt => TypeName::MediumInt,
            Self::Integer => TypeName::Integer,
            Self::BigInt => TypeName::BigInt,
            Self::Varchar(_) => TypeName::Varchar,
            Self::Char(_) => TypeName::Char,
            Self::Text => TypeName::Text,
            Self::CiText => TypeName::CiText,
            Self::Boolean => TypeName::Boolean,
            Self::Timestamp(_) => TypeName::Timestamp,
            Self::Date => TypeName::Date,
            Self::Time(_) => TypeName::Time,
            Self::Real => TypeName::Real,
            Self::Float => TypeName::Float,
            Self::Double => TypeName::Double,
            Self::Decimal(_) => TypeName::Decimal,
            Self::Uuid => TypeName::Uuid,
            Self::Enum(_) => TypeName::Enum,
            Self::Blob => TypeName::Blob,
            Self::Json => TypeName::Json,
            Self::Jsonb => TypeName::Jsonb,
            Self::Array(_) | Self::Other(_) => return None,
        };
        Some(name.info())
    }

    /// The type that the values of a column of this type have in an expression.
    pub fn in_expressions(&self) -> Type {
        match self {
            Self::TinyInt | Self::SmallInt => Type::SmallInt,
            Self::MediumInt | Self::Integer => Type::Integer,
            Self::BigInt => Type::BigInt,
            Self::Varchar(_) | Self::Char(Some(_)) => Type::Varchar,
            Self::Text | Self::Char(None) | Self::Enum(_) => Type::Text,
            Self::CiText => Type::CiText,
            Self::Boolean => Type::Boolean,
            Self::Timestamp(_) => Type::TimestampTz,
            Self::Date => Type::Date,
            Self::Time(_) => Type::Time,
            Self::Real | Self::Float | Self::Double => Type::Double,
            Self::Decimal(_) => Type::Numeric,
            Self::Uuid => Type::Uuid,
            Self::Blob => Type::Bytea,
            Self::Json | Self::Jsonb => Type::Jsonb,
            Self::Array(element) => element.in_expressions().array().unwrap_or(Type::Other),
            // Such as an interval of a view.
            Self::Other(name) => Type::from_short_name(&name.to_ascii_lowercase()).unwrap_or(Type::Other),
        }
    }

    /// The type a user wrote. `UNSUPPORTED`, with its name, when PhantomDB has no such type.
    ///
    /// Widths of integers, precisions of floats, and lengths of binary data change nothing here: they are hints of other
    /// databases, and every value is kept whole.
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
            | DataType::Clob(_)
            | DataType::String(None) => Self::Text,
            DataType::Boolean | DataType::Bool => Self::Boolean,
            DataType::Timestamp(precision, _) | DataType::Datetime(precision) => {
                Self::Timestamp(decimals(*precision)?)
            }
            DataType::Date => Self::Date,
            DataType::Time(precision, _) => Self::Time(decimals(*precision)?),
            DataType::Real | DataType::Float4 => Self::Real,
            DataType::Float(_) => Self::Float,
            DataType::DoublePrecision | DataType::Double(_) | DataType::Float8 => Self::Double,
            DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => {
                Self::Decimal(precision_and_scale(*info))
            }
            DataType::Uuid => Self::Uuid,
            DataType::Enum(members, None) => Self::Enum(enum_values(members)?),
            DataType::Blob(_)
            | DataType::Bytea
            | DataType::TinyBlob
            | DataType::MediumBlob
            | DataType::LongBlob => Self::Blob,
            DataType::JSON => Self::Json,
            DataType::JSONB => Self::Jsonb,
            DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => {
                return Self::from_ast(element)?.array();
            }
            DataType::Custom(name, arguments) => return custom(name, arguments),
            other => return Err(data_type::unknown(&other.to_string())),
        })
    }

    /// The array of values of this type. An array of arrays has a further dimension, and the same type. `UNSUPPORTED` for a
    /// type whose values an array cannot hold.
    pub fn array(self) -> Result<Self> {
        match self {
            Self::Array(_) => Ok(self),
            Self::Enum(_) | Self::CiText | Self::Blob | Self::Other(_) => Err(Error::unsupported(format!(
                "an array of {} is not supported; use an array of TEXT, or JSON",
                self.info().map_or_else(|| self.name(), |info| info.name.to_owned())
            ))),
            // The stored form of finer times is not the one that travels.
            Self::Timestamp(Some(decimals)) if decimals > DEFAULT_PRECISION => Err(Error::unsupported(
                format!("an array of {} is not supported; use an array of TIMESTAMP", self.name()),
            )),
            _ => Ok(Self::Array(Box::new(self))),
        }
    }

    /// The type of the elements of an array; None for any other type.
    pub fn element(&self) -> Option<&Self> {
        match self {
            Self::Array(element) => Some(element),
            _ => None,
        }
    }

    /// The type of that name, in upper or lower case. None when PhantomDB has no such type, and for an `ENUM`, whose
    /// values only [`Self::parse`] reads.
    pub fn from_name(written: &str) -> Option<Self> {
        if let Some(element) = written.trim_end().strip_suffix("[]") {
            return Self::from_name(element)?.array().ok();
        }
        let (name, numbers) = data_type::split(written);
        let info = data_type::find(&name).filter(|info| info.arguments != Arguments::Values)?;
        Self::with_numbers(info.key, &numbers).ok()
    }

    /// The decimals of a second that a column of times keeps; none for every other type.
    pub fn decimals(&self) -> Option<u8> {
        match self {
            Self::Timestamp(decimals) | Self::Time(decimals) => Some(decimals.unwrap_or(DEFAULT_PRECISION)),
            _ => None,
        }
    }

    /// The type of that name with this length or precision. None when it takes neither.
    pub fn with_length(name: &str, length: Option<u64>) -> Option<Self> {
        match Self::from_name(name)? {
            Self::Varchar(_) => Some(Self::Varchar(length)),
            Self::Char(_) => Some(Self::Char(length)),
            Self::Timestamp(_) => decimals(length).ok().map(Self::Timestamp),
            Self::Time(_) => decimals(length).ok().map(Self::Time),
            _ => None,
        }
    }

    /// Its name in PhantomDB SQL, with the arguments.
    pub fn name(&self) -> String {
        match self {
            Self::Other(name) => name.clone(),
            Self::Array(element) => format!("{}[]", element.name()),
            _ => self.name_with_suffix(""),
        }
    }

    /// Its name with a suffix before the arguments: `DECIMAL_TEXT(10,2)`.
    pub fn name_with_suffix(&self, suffix: &str) -> String {
        let name = self.info().map_or("", |info| info.name);
        match self {
            Self::Varchar(Some(n)) | Self::Char(Some(n)) => format!("{name}{suffix}({n})"),
            Self::Timestamp(Some(decimals)) | Self::Time(Some(decimals)) => {
                format!("{name}{suffix}({decimals})")
            }
            Self::Decimal(Some((precision, scale))) => format!("{name}{suffix}({precision},{scale})"),
            Self::Enum(values) => {
                let values: Vec<String> = values.iter().map(|value| quote_literal(value)).collect();
                format!("{name}{suffix}({})", values.join(","))
            }
            _ => format!("{name}{suffix}"),
        }
    }

    /// The parameter of that type, without a length, a precision or the values of an `ENUM`.
    pub fn parameter(&self) -> StatementParameter {
        let sql_type = match self {
            Self::Other(_) => return StatementParameter { parameter_type: ColumnType::Any, sql_type: None },
            Self::Array(element) => match element.parameter().sql_type {
                Some(element) => format!("{element}[]"),
                None => return StatementParameter { parameter_type: ColumnType::Json, sql_type: None },
            },
            other => other.info().map_or_else(String::new, |info| info.name.to_owned()),
        };
        StatementParameter { parameter_type: self.column_type(), sql_type: Some(sql_type) }
    }

    /// How its values travel.
    pub fn column_type(&self) -> ColumnType {
        if let Self::Array(_) = self {
            return ColumnType::Json;
        }
        self.info().map_or(ColumnType::Any, |info| info.wire)
    }

    /// Returns whether its values are whole numbers.
    pub fn is_integer(&self) -> bool {
        matches!(self.column_type(), ColumnType::Integer)
    }

    /// Returns whether its values are numbers.
    pub fn is_number(&self) -> bool {
        matches!(self.column_type(), ColumnType::Integer | ColumnType::Float | ColumnType::Decimal)
    }

    /// Bits of the whole numbers it holds, as they are checked on assignment.
    pub fn bits(&self) -> u32 {
        self.info().map_or(64, |info| info.bits)
    }

    /// The type with a name that [`Self::name`] could have made.
    pub fn parse(name: &str) -> Result<Self> {
        Self::from_name(name).map_or_else(|| parse_type(name).and_then(|parsed| Self::from_ast(&parsed)), Ok)
    }

    /// The parts of a type's name. None when PhantomDB has no such type.
    pub fn describe(name: &str) -> Option<TypeDescription> {
        Self::parse(name).ok()?.description()
    }

    fn description(self) -> Option<TypeDescription> {
        if let Self::Array(element) = self {
            let mut description = TypeDescription::new("ARRAY", ColumnType::Json);
            description.element = Some(Box::new(element.description()?));
            return Some(description);
        }
        let data_type = self;
        let info = data_type.info()?;
        let mut description = TypeDescription::new(info.name, info.wire);
        match data_type {
            Self::Varchar(length) | Self::Char(length) => description.length = length,
            Self::Timestamp(decimals) | Self::Time(decimals) => {
                description.precision = decimals.map(u64::from);
            }
            Self::Decimal(Some((precision, scale))) => {
                (description.precision, description.scale) = (Some(precision), Some(scale));
            }
            Self::Enum(values) => description.values = Some(values),
            _ => {}
        }
        Some(description)
    }
}

fn character_length(length: Option<CharacterLength>) -> Result<Option<u64>> {
    match length {
        None | Some(CharacterLength::Max) => Ok(None),
        Some(CharacterLength::IntegerLength { length: _, unit: Some(CharLengthUnits::Octets) }) => {
            Err(Error::unsupported("a length in OCTETS is not supported; a length counts characters"))
        }
        Some(CharacterLength::IntegerLength { length: 0, unit: _ }) => {
            Err(Error::unsupported("the length of a character type must be at least 1"))
        }
        Some(CharacterLength::IntegerLength { length, unit: None | Some(CharLengthUnits::Characters) }) => {
            Ok(Some(length))
        }
    }
}

/// The decimals of a second of a time; none when they are the default. `UNSUPPORTED` beyond microseconds.
fn decimals(precision: Option<u64>) -> Result<Option<u8>> {
    let Some(precision) = precision else { return Ok(None) };
    match u8::try_from(precision) {
        Ok(DEFAULT_PRECISION) => Ok(None),
        Ok(decimals) if decimals <= MAX_PRECISION => Ok(Some(decimals)),
        _ => Err(Error::unsupported(format!(
            "a time keeps 0 to {MAX_PRECISION} decimals of a second, not {precision}"
        ))),
    }
}

fn precision_and_scale(info: ExactNumberInfo) -> Option<(u64, i64)> {
    match info {
        ExactNumberInfo::None => None,
        ExactNumberInfo::Precision(precision) => Some((precision, 0)),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => Some((precision, scale)),
    }
}

/// The values, once each: a list that was put together from several others has some of them twice.
fn enum_values(members: &[EnumMember]) -> Result<Vec<String>> {
    let mut values: Vec<String> = Vec::with_capacity(members.len());
    for member in members {
        match member {
            EnumMember::Name(name) if values.contains(name) => {}
            EnumMember::Name(name) => values.push(name.clone()),
            EnumMember::NamedValue(_, _) => return Err(Error::unsupported("an ENUM takes strings only")),
        }
    }
    Ok(values)
}

/// The values of an ENUM as a message lists them: `'a', 'b'`.
pub fn listed(values: &[String]) -> String {
    values.iter().map(|value| quote_literal(value)).collect::<Vec<_>>().join(", ")
}

fn custom(name: &ObjectName, arguments: &[String]) -> Result<SqlType> {
    let written = name.to_string();
    if let Some(info) = data_type::find_serial(&written) {
        return SqlType::with_numbers(info.key, &[]);
    }
    let declared =
        if arguments.is_empty() { written.clone() } else { format!("{written}({})", arguments.join(",")) };
    let (name, numbers) = data_type::split(&declared);
    match data_type::find(&name).filter(|info| info.arguments != Arguments::Values) {
        Some(info) => SqlType::with_numbers(info.key, &numbers),
        None => Err(data_type::unknown(&written)),
    }
}

/// Returns whether the type is that of a column that numbers its rows, such as `SERIAL`.
pub fn is_serial(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Custom(name, _) if data_type::find_serial(&name.to_string()).is_some())
}

/// Adds the parts of each column's type to the description of a table.
pub fn describe_types(schema: &mut TableSchema) {
    for column in &mut schema.columns {
        column.type_parts = SqlType::describe(&column.data_type);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enum_keeps_its_values_in_its_name() {
        assert_eq!(SqlType::parse("ENUM('a', 'it''s')").unwrap().name(), "ENUM('a','it''s')");
        assert_eq!(SqlType::parse("ENUM('b', 'a', 'b')").unwrap().name(), "ENUM('b','a')");
    }

    #[test]
    fn the_grammar_reads_every_name_of_the_table_as_the_same_type() {
        for info in data_type::table() {
            let arguments = if info.arguments == Arguments::Values { "('a')" } else { "" };
            for name in [&[info.name][..], info.synonyms].concat() {
                let parsed = parse_type(&format!("{name}{arguments}")).unwrap();
                assert_eq!(SqlType::from_ast(&parsed).unwrap().info().unwrap().name, info.name, "{name}");
                if arguments.is_empty() {
                    assert_eq!(SqlType::from_name(name).unwrap().info().unwrap().name, info.name, "{name}");
                }
            }
            for serial in info.serial {
                let parsed = parse_type(serial).unwrap();
                assert!(is_serial(&parsed));
                assert_eq!(SqlType::from_ast(&parsed).unwrap().info().unwrap().name, info.name, "{serial}");
            }
        }
    }

    #[test]
    fn a_type_is_described_by_its_parts() {
        let varchar = SqlType::describe("VARCHAR(20)").unwrap();
        assert_eq!((varchar.name.as_str(), varchar.length), ("VARCHAR", Some(20)));
        let decimal = SqlType::describe("DECIMAL(10,2)").unwrap();
        assert_eq!((decimal.precision, decimal.scale), (Some(10), Some(2)));
        assert_eq!(SqlType::describe("TIMESTAMP(6)").unwrap().precision, Some(6));
        assert_eq!(SqlType::describe("TIMESTAMP(3)").unwrap().precision, None);
        let members = SqlType::describe("ENUM('a','it''s')").unwrap();
        assert_eq!(members.values.unwrap(), ["a", "it's"]);
        assert_eq!(SqlType::describe("GEOMETRY"), None);
        let array = SqlType::describe("VARCHAR(20)[]").unwrap();
        assert_eq!((array.name.as_str(), array.wire), ("ARRAY", ColumnType::Json));
        assert_eq!(array.element.unwrap().length, Some(20));
    }

    #[test]
    fn an_array_is_named_by_its_elements() {
        for name in ["INTEGER[]", "VARCHAR(20)[]", "DECIMAL(10,2)[]", "DOUBLE PRECISION[]", "TIMESTAMP[]"] {
            let parsed = SqlType::from_ast(&parse_type(name).unwrap()).unwrap();
            assert_eq!((parsed.name().as_str(), SqlType::parse(name).unwrap()), (name, parsed.clone()));
        }
        assert_eq!(SqlType::parse("INT[][]").unwrap().name(), "INTEGER[]");
        assert!(SqlType::parse("ENUM('a')[]").unwrap_err().message.contains("an array of ENUM"));
    }

    #[test]
    fn a_time_has_the_decimals_that_its_type_names() {
        for (written, name, decimals) in [
            ("TIMESTAMP", "TIMESTAMP", Some(3)),
            ("DATETIME(3)", "TIMESTAMP", Some(3)),
            ("TIMESTAMPTZ(6)", "TIMESTAMP(6)", Some(6)),
            ("TIMESTAMP(0) WITH TIME ZONE", "TIMESTAMP(0)", Some(0)),
            ("TIME(2)", "TIME(2)", Some(2)),
            ("DATE", "DATE", None),
        ] {
            let parsed = SqlType::parse(written).unwrap();
            assert_eq!((parsed.name().as_str(), parsed.decimals()), (name, decimals), "{written}");
        }
        for written in ["TIMESTAMP(7)", "TIME(9)", "DATETIME(7)", "TIMESTAMPTZ(10)"] {
            assert!(SqlType::parse(written).unwrap_err().message.contains("decimals"), "{written}");
        }
    }

    #[test]
    fn an_unknown_type_is_refused_by_name() {
        let error = SqlType::parse("HSTORE").unwrap_err();
        assert!(error.message.contains("HSTORE"), "{}", error.message);
    }
}
