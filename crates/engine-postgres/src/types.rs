//! The types of PhantomDB SQL in PostgreSQL, and how they are read back from the catalog.
//!
//! Several types of PhantomDB are one type in PostgreSQL. A check on the column tells them apart by its name. The check
//! always holds, and is written in `CREATE TABLE` beside its column: CockroachDB has domains from 26.3 on only, and a
//! comment would need a statement of its own. An `ENUM` is a `text` whose check lists its values.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use phantomdb_protocol::{
    Error, ErrorCode, Result,
    data_type::{Arguments, DEFAULT_PRECISION, MAX_PRECISION, TypeInfo, table},
};
use phantomdb_sql::{
    printer::{quote_identifier, quote_literal},
    types::SqlType,
};

/// The length of an identifier in bytes. PostgreSQL cuts longer ones without an error.
pub(crate) const LONGEST_IDENTIFIER: usize = 63;

/// The beginning of the comment of a check that stands in the place of a foreign key to a table that is not there yet.
pub(crate) const LATER_KEY: &str = "phantomdb foreign key ";

/// The beginning of the name of a check that carries the type of its column.
const CHECK_PREFIX: &str = "phantomdb_";

/// `BAD_REQUEST` for a name that PostgreSQL would cut, so that two names could become one.
pub(crate) fn check_identifier(name: &str) -> Result<()> {
    if name.len() <= LONGEST_IDENTIFIER {
        return Ok(());
    }
    let message = format!(
        "the name \"{name}\" has {} bytes; PostgreSQL keeps {LONGEST_IDENTIFIER} of a name at most, choose a shorter one",
        name.len()
    );
    Err(Error::new(ErrorCode::BadRequest, message))
}

/// The name of the type in a definition of a column. It has the size of integers, because `integer` has 64 bits in
/// CockroachDB.
pub(crate) fn declared(data_type: &SqlType) -> Result<String> {
    if let SqlType::Array(element) = data_type {
        return Ok(format!("{}[]", declared(element)?));
    }
    let Some(info) = data_type.info() else {
        let name = data_type.name();
        return Err(Error::unsupported(format!("a column of the type {name} can only be kept as it is")));
    };
    Ok(match data_type {
        SqlType::Varchar(Some(n)) | SqlType::Char(Some(n)) => format!("{}({n})", info.postgres),
        SqlType::Decimal(Some((precision, scale))) => format!("{}({precision},{scale})", info.postgres),
        SqlType::Timestamp(_) | SqlType::Time(_) => {
            format!("{}({})", info.postgres, data_type.decimals().unwrap_or(DEFAULT_PRECISION))
        }
        _ => info.postgres.into(),
    })
}

/// The marker that tells the type, or that of an array's elements, from others that are declared in the same way.
fn marker(data_type: &SqlType) -> Option<&'static str> {
    data_type.element().unwrap_or(data_type).info()?.postgres_mark
}

/// A check with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeCheck {
    pub(crate) name: String,
    pub(crate) condition: String,
}

/// The check that a column of this type has.
pub(crate) fn check(column: &str, data_type: &SqlType) -> Option<TypeCheck> {
    let name = marker_name(marker(data_type)?, column);
    let condition = match data_type {
        SqlType::Enum(values) => {
            let values: Vec<String> = values.iter().map(|value| quote_literal(value)).collect();
            format!("{} IN ({})", quote_identifier(column), values.join(", "))
        }
        _ => always_true(column),
    };
    Some(TypeCheck { name, condition })
}

/// A condition on a column that always holds and costs nothing.
pub(crate) fn always_true(column: &str) -> String {
    let column = quote_identifier(column);
    format!("{column} IS NULL OR {column} IS NOT NULL")
}

/// The name of a check, such as `phantomdb_enum_role`. When the column's name is long, its end is replaced by a hash.
fn marker_name(mark: &str, column: &str) -> String {
    let name = format!("{CHECK_PREFIX}{mark}_{column}");
    if name.len() <= LONGEST_IDENTIFIER {
        return name;
    }
    let mut hasher = DefaultHasher::new();
    column.hash(&mut hasher);
    let rest = format!("_{:08x}", hasher.finish() & 0xffff_ffff);
    let mut cut = LONGEST_IDENTIFIER - rest.len();
    while !name.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}{rest}", &name[..cut])
}

/// The marker in the name of a check, such as `enum` in `phantomdb_enum_role`; none for another name.
pub(crate) fn marker_of(constraint: &str) -> Option<&str> {
    let (mark, _) = constraint.strip_prefix(CHECK_PREFIX)?.split_once('_')?;
    table().iter().any(|info| info.postgres_mark == Some(mark)).then_some(mark)
}

/// The name of the check after its column was renamed.
pub(crate) fn renamed_marker(constraint: &str, column: &str) -> Option<String> {
    marker_of(constraint).map(|mark| marker_name(mark, column))
}

/// The type of a column in the catalog.
#[derive(Debug, Default)]
pub(crate) struct CatalogType {
    /// The name, such as `int4`.
    pub(crate) name: String,
    /// Length or precision, in PostgreSQL's encoding; negative when there is none.
    pub(crate) modifier: i32,
    /// The type as PostgreSQL shows it, such as `timestamp(3) with time zone`.
    pub(crate) shown: String,
    /// The values of an enum type of PostgreSQL's own.
    pub(crate) labels: Option<Vec<String>>,
}

/// The type of a column, from its marker and, for an `ENUM`, the values that its check lists.
pub(crate) fn sql_type(stored: &CatalogType, mark: Option<&str>, values: Option<Vec<String>>) -> SqlType {
    let other = || SqlType::Other(stored.shown.clone());
    let Some(info) = info_of(&stored.name, mark) else {
        // The array of `int4` is `_int4`.
        let element = stored.name.strip_prefix('_').and_then(|name| info_of(name, mark));
        return match (&stored.labels, element) {
            (Some(labels), _) => SqlType::Enum(labels.clone()),
            (None, Some(info)) => {
                let element = with_arguments(info, stored.modifier, None);
                element.and_then(|element| element.array().ok()).unwrap_or_else(other)
            }
            (None, None) => other(),
        };
    };
    with_arguments(info, stored.modifier, values).unwrap_or_else(other)
}

/// A type of the table with its length or precision, or with its values.
fn with_arguments(info: &TypeInfo, modifier: i32, values: Option<Vec<String>>) -> Option<SqlType> {
    match info.arguments {
        Arguments::None => SqlType::from_name(info.name),
        Arguments::Length => {
            let length = u64::try_from(modifier - 4).ok();
            SqlType::with_length(info.name, length)
        }
        Arguments::Precision => {
            // Without one PostgreSQL keeps microseconds.
            let decimals = u64::try_from(modifier).unwrap_or(MAX_PRECISION.into());
            SqlType::with_length(info.name, Some(decimals))
        }
        Arguments::PrecisionAndScale => Some(SqlType::Decimal(precision_and_scale(modifier))),
        Arguments::Values => Some(values.map_or(SqlType::Text, SqlType::Enum)),
    }
}

/// The entry of a stored type: the one with this mark, else the one that needs none, else one that is read as such.
fn info_of(stored: &str, mark: Option<&str>) -> Option<&'static TypeInfo> {
    let is_stored_as = |info: &&TypeInfo| info.postgres == stored;
    let find = |mark| table().iter().find(|info| is_stored_as(info) && info.postgres_mark == mark);
    mark.and_then(|mark| find(Some(mark)))
        .or_else(|| find(None))
        .or_else(|| table().iter().find(|info| info.postgres_synonyms.contains(&stored)))
}

/// Unpacks precision and scale. PostgreSQL has both in one number, the scale in eleven bits with a sign.
fn precision_and_scale(modifier: i32) -> Option<(u64, i64)> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    Some((u64::try_from((packed >> 16) & 0xffff).ok()?, i64::from(scale)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_are_one_in_postgresql_have_different_markers() {
        for pair in [
            [SqlType::TinyInt, SqlType::SmallInt],
            [SqlType::MediumInt, SqlType::Integer],
            [SqlType::Char(Some(3)), SqlType::Varchar(Some(3))],
            [SqlType::Text, SqlType::Enum(vec!["a".into()])],
            [SqlType::Real, SqlType::Double],
            [SqlType::Float, SqlType::Real],
            [SqlType::Json, SqlType::Jsonb],
        ] {
            let [one, other] = pair;
            assert_eq!(declared(&one).unwrap(), declared(&other).unwrap());
            assert_ne!(marker(&one), marker(&other));
        }
    }

    #[test]
    fn a_marker_is_read_from_the_name_of_a_check_for_any_length_of_the_column() {
        let check_name = |column: &str| check(column, &SqlType::Json).unwrap().name;
        assert_eq!(check_name("meta"), "phantomdb_json_meta");
        let (one, other) = ("ä".repeat(31), format!("{}x", "ä".repeat(31)));
        assert!(check_name(&one).len() <= LONGEST_IDENTIFIER);
        assert_ne!(check_name(&one), check_name(&other));
        assert_eq!(marker_of(&check_name(&one)), Some("json"));
        assert_eq!(marker_of("phantomdb_other_x"), None);
        assert_eq!(marker_of("t_check"), None);
        assert_eq!(renamed_marker("phantomdb_enum_a", "b").as_deref(), Some("phantomdb_enum_b"));
    }

    #[test]
    fn precision_and_scale_are_unpacked() {
        assert_eq!(precision_and_scale(((10 << 16) | 2) + 4), Some((10, 2)));
        assert_eq!(precision_and_scale(((3 << 16) | (-2 & 0x7ff)) + 4), Some((3, -2)));
        assert_eq!(precision_and_scale(-1), None);
    }

    #[test]
    fn a_name_that_would_be_cut_is_refused() {
        assert!(check_identifier(&"x".repeat(63)).is_ok());
        let error = check_identifier(&"ä".repeat(32)).unwrap_err();
        assert!(error.message.contains("64 bytes"), "{}", error.message);
    }
}
