//! The PhantomDB types for the types of MySQL and MariaDB.

use super::mysql_sql::quote;
use crate::model::Column;
use phantomdb_protocol::data_type::{DEFAULT_PRECISION, MAX_PRECISION};
use phantomdb_sql::types::SqlType;

/// `enum('a','it''s')` as its values.
fn members(declared: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = declared;
    while let Some((_, begun)) = rest.split_once('\'') {
        let mut value = String::new();
        let mut characters = begun.char_indices().peekable();
        let mut end = begun.len();
        while let Some((at, character)) = characters.next() {
            if character == '\'' && characters.next_if(|(_, next)| *next == '\'').is_none() {
                end = at + 1;
                break;
            }
            value.push(character);
        }
        values.push(value);
        rest = begun.get(end..).unwrap_or_default();
    }
    values
}

/// `declared` is the `COLUMN_TYPE` of the information schema: `int(10) unsigned`.
pub(super) fn column_of(name: &str, declared: &str, is_json: bool) -> Column {
    use SqlType::{BigInt, Blob, Boolean, Char, Date, Decimal, Double, Integer, Json, Real};
    use SqlType::{SmallInt, Text, Time, Timestamp, TinyInt, Varchar};
    let lower = declared.to_ascii_lowercase();
    let base = lower.split(['(', ' ']).next().unwrap_or_default();
    let numbers: Vec<i64> = lower
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(inner, _)| inner.split(',').filter_map(|number| number.trim().parse().ok()).collect())
        .unwrap_or_default();
    let length = numbers.first().and_then(|n| u64::try_from(*n).ok());
    // Milliseconds at least, which is what a time has by default.
    let decimals = length
        .and_then(|n| u8::try_from(n).ok())
        .filter(|n| (DEFAULT_PRECISION + 1..=MAX_PRECISION).contains(n));
    let unsigned = lower.contains("unsigned");
    let select = quote(name);
    // The types to try, and whether there may be values that do not fit the first.
    let (candidates, doubtful) = match base {
        "tinyint" if numbers == [1] && !unsigned => (vec![Boolean, TinyInt], true),
        "tinyint" => (vec![TinyInt], false),
        "smallint" if unsigned => (vec![Integer], false),
        "smallint" | "year" => (vec![SmallInt], false),
        "mediumint" => (vec![Integer], false),
        "int" | "integer" if unsigned => (vec![BigInt], false),
        "int" | "integer" => (vec![Integer], false),
        "bigint" if unsigned => (vec![BigInt, Decimal(Some((20, 0)))], true),
        "bigint" => (vec![BigInt], false),
        // MySQL writes a float with six digits.
        "float" => return Column::new(declared, format!("{select} + 0e0"), vec![Real]),
        "double" | "real" => (vec![Double], false),
        "decimal" | "numeric" => {
            let size = match numbers.as_slice() {
                [precision, scale] => u64::try_from(*precision).ok().map(|p| (p, *scale)),
                _ => None,
            };
            (vec![Decimal(size), Text], true)
        }
        "json" => (vec![Json, Text], true),
        "longtext" if is_json => (vec![Json, Text], true),
        "char" => (vec![Char(length), Text, Blob], true),
        "varchar" => (vec![Varchar(length), Text, Blob], true),
        "text" | "tinytext" | "mediumtext" | "longtext" => (vec![Text, Blob], true),
        "uuid" => (vec![SqlType::Uuid], false),
        "enum" => (vec![SqlType::Enum(members(declared)), Text], true),
        "date" => (vec![Date, Text], true),
        "datetime" | "timestamp" => (vec![Timestamp(decimals), Text], true),
        "time" => (vec![Time(decimals), Text], true),
        "binary" | "varbinary" | "blob" | "tinyblob" | "mediumblob" | "longblob" => (vec![Blob], false),
        "bit" if numbers == [1] => return Column::new(declared, format!("{select} + 0"), vec![Boolean]),
        "bit" => return Column::new(declared, format!("hex({select})"), vec![Text]).lossy(),
        "set" | "inet4" | "inet6" => return Column::new(declared, select, vec![Text]).lossy(),
        _ => return Column::new(declared, format!("ST_AsText({select})"), vec![Text]).lossy(),
    };
    let mut column = Column::new(declared, select, candidates);
    column.doubtful = doubtful;
    column
}

impl Column {
    fn lossy(mut self) -> Self {
        self.lossy = Some("PhantomDB has no such type".into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_the_types() {
        for (theirs, ours) in [
            ("int(11)", "INTEGER"),
            ("int(10) unsigned", "BIGINT"),
            ("tinyint(1)", "BOOLEAN"),
            ("tinyint(4)", "TINYINT"),
            ("varchar(30)", "VARCHAR(30)"),
            ("decimal(10,2)", "DECIMAL(10,2)"),
            ("datetime(6)", "TIMESTAMP(6)"),
            ("datetime", "TIMESTAMP"),
            ("time(2)", "TIME"),
            ("enum('a','it''s')", "ENUM('a','it''s')"),
            ("varbinary(16)", "BLOB"),
        ] {
            assert_eq!(column_of("x", theirs, false).data_type().name(), ours, "{theirs}");
        }
        assert!(column_of("x", "set('a','b')", false).lossy.is_some());
        assert!(column_of("x", "point", false).select.contains("ST_AsText"));
    }
}
