//! The table of data types: the names of each type, its arguments, how it is stored and how its values travel.
//!
//! The SQL side, both engines, the translator and the JavaScript side read this table. A new type is a new entry here.

use serde_json::{Value as Json, json};

use crate::{ColumnType, Error};

/// The arguments in parentheses after the name of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arguments {
    None,
    /// `VARCHAR(255)`.
    Length,
    /// `TIMESTAMP(6)`: the decimals of a second.
    Precision,
    /// `DECIMAL(10,2)`.
    PrecisionAndScale,
    /// `ENUM('a','b')`.
    Values,
}

/// A data type of PhantomDB SQL.
#[derive(Debug)]
pub struct TypeInfo {
    pub key: TypeName,
    /// The name in PhantomDB SQL.
    pub name: &'static str,
    /// Other names that mean the same type.
    pub synonyms: &'static [&'static str],
    /// Names that SQLite files have for it and the grammar does not read.
    pub sqlite_synonyms: &'static [&'static str],
    /// Names of the type for a column that numbers its rows.
    pub serial: &'static [&'static str],
    pub arguments: Arguments,
    /// How the values travel.
    pub wire: ColumnType,
    /// The bits of an integer, which are checked when a value is assigned.
    pub bits: u32,
    /// True when SQLite stores text and must not take it for a number: the declared name then ends in `_TEXT`.
    pub sqlite_text: bool,
    /// The collation of SQLite that its values compare with.
    pub sqlite_collation: Option<&'static str>,
    /// The type of PostgreSQL that stores it, without the arguments of the column.
    pub postgres: &'static str,
    /// Tells the type from others that PostgreSQL stores in the same way.
    pub postgres_mark: Option<&'static str>,
    /// Types of PostgreSQL that are described as this one in a table that another client made.
    pub postgres_synonyms: &'static [&'static str],
    /// Keys of Sequelize's `DataTypes` that mean it; the first one is written in a model.
    pub sequelize: &'static [&'static str],
    /// The name that Sequelize's `describeTable` shows, where it is not `name`.
    pub described_as: Option<&'static str>,
}

impl TypeInfo {
    fn has_name(&self, name: &str) -> bool {
        let is_it = |candidate: &&str| candidate.eq_ignore_ascii_case(name);
        is_it(&self.name) || self.synonyms.iter().any(is_it) || self.sqlite_synonyms.iter().any(is_it)
    }

    fn to_json(&self) -> Json {
        json!({
            "name": self.name,
            "synonyms": self.synonyms,
            "arguments": match self.arguments {
                Arguments::None => "none",
                Arguments::Length => "length",
                Arguments::Precision => "precision",
                Arguments::PrecisionAndScale => "precisionAndScale",
                Arguments::Values => "values",
            },
            "wire": self.wire,
            "bits": self.bits,
            "sqlite": self.sqlite_name(),
            "postgres": self.postgres,
            "sequelize": self.sequelize,
            "describedAs": self.described_as,
        })
    }

    /// The name that SQLite declares a column with, without arguments.
    pub fn sqlite_name(&self) -> String {
        format!("{}{}", self.name, if self.sqlite_text { SQLITE_TEXT } else { "" })
    }
}

/// The decimals of a second that a column of times keeps when its type names none.
pub const DEFAULT_PRECISION: u8 = 3;
/// The most decimals of a second that a column of times can keep.
pub const MAX_PRECISION: u8 = 6;

/// Ends the declared names of columns that SQLite stores as text.
pub const SQLITE_TEXT: &str = "_TEXT";

/// The fields that most types have in common.
const COMMON: TypeInfo = TypeInfo {
    key: TypeName::Text,
    name: "",
    synonyms: &[],
    sqlite_synonyms: &[],
    serial: &[],
    arguments: Arguments::None,
    wire: ColumnType::String,
    bits: 64,
    sqlite_text: false,
    sqlite_collation: None,
    postgres: "text",
    postgres_mark: None,
    postgres_synonyms: &[],
    sequelize: &[],
    described_as: None,
};

/// Makes the enum and the table out of one list, so that neither can have a type that the other one lacks.
macro_rules! data_types {
    ($($key:ident { $($field:ident: $value:expr),* $(,)? })*) => {
        /// The key of a data type in the table, without arguments.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum TypeName { $($key),* }

        static TABLE: &[TypeInfo] = &[$(TypeInfo { key: TypeName::$key, $($field: $value,)* ..COMMON }),*];
    };
}

data_types! {
    TinyInt {
        name: "TINYINT",
        synonyms: &["INT1"],
        wire: ColumnType::Integer,
        bits: 16,
        postgres: "int2",
        postgres_mark: Some("tinyint"),
        sequelize: &["TINYINT"],
    }
    SmallInt {
        name: "SMALLINT",
        synonyms: &["INT2"],
        serial: &["SMALLSERIAL", "SERIAL2"],
        wire: ColumnType::Integer,
        bits: 16,
        postgres: "int2",
        sequelize: &["SMALLINT"],
    }
    MediumInt {
        name: "MEDIUMINT",
        wire: ColumnType::Integer,
        bits: 32,
        postgres: "int4",
        postgres_mark: Some("mediumint"),
        sequelize: &["MEDIUMINT"],
    }
    Integer {
        name: "INTEGER",
        synonyms: &["INT", "INT4"],
        serial: &["SERIAL", "SERIAL4"],
        wire: ColumnType::Integer,
        bits: 32,
        postgres: "int4",
        sequelize: &["INTEGER"],
    }
    BigInt {
        name: "BIGINT",
        synonyms: &["INT8"],
        sqlite_synonyms: &["UNSIGNED BIG INT"],
        serial: &["BIGSERIAL", "SERIAL8"],
        wire: ColumnType::Integer,
        postgres: "int8",
        sequelize: &["BIGINT"],
    }
    Varchar {
        name: "VARCHAR",
        synonyms: &["CHARACTER VARYING", "CHAR VARYING", "NVARCHAR"],
        sqlite_synonyms: &["VARYING CHARACTER"],
        arguments: Arguments::Length,
        postgres: "varchar",
        sequelize: &["STRING"],
    }
    // PostgreSQL fills a `char(n)` up with spaces that do not count when it is compared.
    Char {
        name: "CHAR",
        synonyms: &["CHARACTER", "NCHAR"],
        arguments: Arguments::Length,
        postgres: "varchar",
        postgres_mark: Some("char"),
        postgres_synonyms: &["bpchar"],
        sequelize: &["CHAR"],
    }
    Text {
        name: "TEXT",
        synonyms: &["TINYTEXT", "MEDIUMTEXT", "LONGTEXT", "STRING", "CLOB"],
        postgres_synonyms: &["name"],
        sequelize: &["TEXT"],
    }
    CiText {
        name: "CITEXT",
        sqlite_text: true,
        sqlite_collation: Some("NOCASE"),
        postgres: "citext",
        sequelize: &["CITEXT"],
    }
    Boolean {
        name: "BOOLEAN",
        synonyms: &["BOOL"],
        wire: ColumnType::Boolean,
        postgres: "bool",
        sequelize: &["BOOLEAN"],
        described_as: Some("TINYINT(1)"),
    }
    Timestamp {
        name: "TIMESTAMP",
        synonyms: &["TIMESTAMPTZ", "DATETIME", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITHOUT TIME ZONE"],
        arguments: Arguments::Precision,
        wire: ColumnType::Timestamp,
        sqlite_text: true,
        postgres: "timestamptz",
        postgres_synonyms: &["timestamp"],
        sequelize: &["DATE"],
        described_as: Some("DATETIME"),
    }
    Date {
        name: "DATE",
        wire: ColumnType::Date,
        sqlite_text: true,
        postgres: "date",
        sequelize: &["DATEONLY"],
    }
    Time {
        name: "TIME",
        synonyms: &["TIME WITHOUT TIME ZONE"],
        arguments: Arguments::Precision,
        wire: ColumnType::Time,
        sqlite_text: true,
        postgres: "time",
        postgres_synonyms: &["timetz"],
        sequelize: &["TIME"],
    }
    // PostgreSQL keeps all of these with 64 bits: a `float4` would round a value, which must come back as it was given.
    Real {
        name: "REAL",
        synonyms: &["FLOAT4"],
        wire: ColumnType::Float,
        postgres: "float8",
        postgres_mark: Some("real"),
        postgres_synonyms: &["float4"],
        sequelize: &["REAL"],
    }
    Float {
        name: "FLOAT",
        wire: ColumnType::Float,
        postgres: "float8",
        postgres_mark: Some("float"),
        sequelize: &["FLOAT"],
    }
    Double {
        name: "DOUBLE PRECISION",
        synonyms: &["DOUBLE", "FLOAT8"],
        wire: ColumnType::Float,
        postgres: "float8",
        sequelize: &["DOUBLE"],
    }
    Decimal {
        name: "DECIMAL",
        synonyms: &["NUMERIC", "DEC"],
        arguments: Arguments::PrecisionAndScale,
        wire: ColumnType::Decimal,
        sqlite_text: true,
        sqlite_collation: Some("decimal"),
        postgres: "numeric",
        sequelize: &["DECIMAL"],
    }
    Uuid {
        name: "UUID",
        wire: ColumnType::Uuid,
        sqlite_text: true,
        postgres: "uuid",
        sequelize: &["UUID", "UUIDV1", "UUIDV4"],
    }
    // PostgreSQL checks the values.
    Enum {
        name: "ENUM",
        arguments: Arguments::Values,
        wire: ColumnType::Enum,
        sqlite_text: true,
        postgres_mark: Some("enum"),
        sequelize: &["ENUM"],
    }
    Blob {
        name: "BLOB",
        synonyms: &["BYTEA", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB"],
        wire: ColumnType::Blob,
        postgres: "bytea",
        sequelize: &["BLOB"],
    }
    // PostgreSQL can neither compare nor sort nor group by its `json`.
    Json {
        name: "JSON",
        wire: ColumnType::Json,
        sqlite_text: true,
        postgres: "jsonb",
        postgres_mark: Some("json"),
        postgres_synonyms: &["json"],
        sequelize: &["JSON"],
    }
    Jsonb {
        name: "JSONB",
        wire: ColumnType::Json,
        sqlite_text: true,
        postgres: "jsonb",
        sequelize: &["JSONB"],
    }
}

impl TypeName {
    pub fn info(self) -> &'static TypeInfo {
        // The table is made out of the same list as the enum.
        &TABLE[self as usize]
    }
}

/// Every type, in the order of the message of [`unknown`].
pub fn table() -> &'static [TypeInfo] {
    TABLE
}

/// The type with this name or synonym, in upper or lower case, without arguments.
pub fn find(name: &str) -> Option<&'static TypeInfo> {
    TABLE.iter().find(|info| info.has_name(name))
}

/// The type of a column that numbers its rows: `BIGINT` for `BIGSERIAL`.
pub fn find_serial(name: &str) -> Option<&'static TypeInfo> {
    TABLE.iter().find(|info| info.serial.iter().any(|serial| serial.eq_ignore_ascii_case(name)))
}

/// The name of `VARCHAR ( 10 )` with single spaces between its words, and its numbers. `TIMESTAMP(6) WITH TIME ZONE` is a
/// `TIMESTAMP WITH TIME ZONE`.
pub fn split(declared: &str) -> (String, Vec<i64>) {
    let (name, rest) = declared.split_once('(').unwrap_or((declared, ""));
    let (inside, behind) = rest.split_once(')').unwrap_or((rest, ""));
    let numbers = inside.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let whole = words(&format!("{name} {behind}"));
    (if find(&whole).is_some() { whole } else { words(name) }, numbers)
}

/// How the values of a column travel whose type is written so. None when there is no such type.
pub fn wire_type(declared: &str) -> Option<ColumnType> {
    if let Some(element) = declared.trim_end().strip_suffix("[]") {
        return wire_type(element).map(|_| ColumnType::Json);
    }
    let name = declared.split_once('(').map_or(declared, |(name, _)| name);
    find(name.trim()).map(|info| info.wire)
}

/// `UNSUPPORTED`, with the types that there are.
pub fn unknown(name: &str) -> Error {
    let names: Vec<String> = TABLE
        .iter()
        .map(|info| match info.arguments {
            Arguments::None => info.name.to_owned(),
            Arguments::Length => format!("{}(n)", info.name),
            Arguments::Precision => format!("{}(p)", info.name),
            Arguments::PrecisionAndScale => format!("{}(p,s)", info.name),
            Arguments::Values => format!("{}(…)", info.name),
        })
        .collect();
    let (last, others) = names
        .split_last()
        .map_or((String::new(), String::new()), |(last, others)| (last.clone(), others.join(", ")));
    Error::unsupported(format!("PhantomDB has no type '{name}'; its types are {others} and {last}"))
}

/// The table for other languages, as JSON.
pub(crate) fn types() -> Vec<Json> {
    TABLE.iter().map(TypeInfo::to_json).collect()
}

/// The wire types, in the order of the table.
pub(crate) fn wire_types() -> Vec<ColumnType> {
    let mut wire_types: Vec<ColumnType> = Vec::new();
    for wire in TABLE.iter().map(|info| info.wire).chain([ColumnType::Any]) {
        if !wire_types.contains(&wire) {
            wire_types.push(wire);
        }
    }
    wire_types
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_types_share_a_name_or_a_key_of_sequelize() {
        let mut names = HashSet::new();
        let mut keys = HashSet::new();
        for info in table() {
            let all = [&[info.name][..], info.synonyms, info.sqlite_synonyms, info.serial].concat();
            assert!(all.into_iter().all(|name| names.insert(name)), "{}", info.name);
            assert!(!info.sequelize.is_empty(), "{}", info.name);
            assert!(info.sequelize.iter().all(|key| keys.insert(*key)), "{}", info.name);
        }
    }

    #[test]
    fn types_that_postgresql_stores_alike_have_different_marks() {
        let mut forms = HashSet::new();
        for info in table() {
            assert!(forms.insert((info.postgres, info.postgres_mark)), "{}", info.name);
        }
    }

    #[test]
    fn each_type_is_found_by_its_names() {
        for info in table() {
            assert_eq!(info.key.info().name, info.name);
            assert_eq!(find(&info.name.to_lowercase()).unwrap().key, info.key);
            assert!(info.synonyms.iter().all(|name| find(name).unwrap().key == info.key));
            assert!(info.serial.iter().all(|name| find_serial(name).unwrap().key == info.key));
        }
    }

    #[test]
    fn the_words_behind_the_numbers_belong_to_the_name() {
        for (declared, name, numbers) in [
            ("VARCHAR ( 10 )", "VARCHAR", &[10][..]),
            ("timestamp(6) with  time zone", "timestamp with time zone", &[6]),
            ("VARCHAR(10) BINARY", "VARCHAR", &[10]),
            ("DECIMAL(10, 2", "DECIMAL", &[10, 2]),
            ("TEXT", "TEXT", &[]),
        ] {
            assert_eq!(split(declared), (name.to_owned(), numbers.to_vec()), "{declared}");
        }
    }

    #[test]
    fn the_refusal_of_a_type_lists_every_type() {
        let message = unknown("HSTORE").message;
        assert!(
            message.starts_with("PhantomDB has no type 'HSTORE'; its types are TINYINT, SMALLINT"),
            "{message}"
        );
        assert!(message.ends_with("JSON and JSONB"), "{message}");
        assert!(table().iter().all(|info| message.contains(info.name)), "{message}");
    }
}
