//! The PhantomDB types for PostgreSQL's types.

use crate::model::Column;
use phantomdb_protocol::data_type::{DEFAULT_PRECISION, MAX_PRECISION};
use phantomdb_sql::printer::quote_identifier;
use phantomdb_sql::types::SqlType;

/// A column as PostgreSQL describes it.
pub(super) struct Described {
    pub(super) name: String,
    /// The type as `format_type` writes it; the base type of a domain.
    pub(super) declared: String,
    /// The domain's name.
    pub(super) domain: Option<String>,
    /// The labels of an enum.
    pub(super) labels: Vec<String>,
}

/// The numbers in parentheses.
fn arguments(declared: &str) -> Vec<i64> {
    let inner =
        declared.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inner, _)| inner);
    inner.split(',').filter_map(|number| number.trim().parse().ok()).collect()
}

/// The decimals of a second of a type that names none, or these.
fn decimals(precision: Option<u64>) -> Option<u8> {
    let decimals = precision.and_then(|precision| u8::try_from(precision).ok()).unwrap_or(MAX_PRECISION);
    (decimals != DEFAULT_PRECISION).then_some(decimals.min(MAX_PRECISION))
}

pub(super) fn column_of(described: &Described) -> Column {
    use SqlType::{BigInt, Blob, Boolean, Char, CiText, Date, Decimal, Double, Integer, Json, Jsonb, Real};
    use SqlType::{SmallInt, Text, Time, Timestamp, Uuid, Varchar};
    let quoted = quote_identifier(&described.name);
    let declared = described.declared.as_str();
    let numbers = arguments(declared);
    let length = numbers.first().and_then(|n| u64::try_from(*n).ok());
    let base = declared.split('(').next().unwrap_or(declared).trim();
    let zone = declared.ends_with("with time zone");
    // The type, and whether there may be values that do not fit.
    let (data_type, doubtful) = match base {
        _ if !described.labels.is_empty() => (SqlType::Enum(described.labels.clone()), false),
        "smallint" => (SmallInt, false),
        "integer" => (Integer, false),
        "bigint" | "oid" => (BigInt, false),
        "real" => (Real, false),
        "double precision" => (Double, false),
        "boolean" => (Boolean, false),
        "text" | "name" => (Text, false),
        "character varying" => (Varchar(length), false),
        "character" | "\"char\"" => (Char(length), false),
        "citext" | "public.citext" => (CiText, false),
        "uuid" => (Uuid, false),
        "json" => (Json, true),
        "jsonb" => (Jsonb, true),
        "bytea" => (Blob, false),
        "date" => (Date, true),
        "timestamp" | "timestamp with time zone" | "timestamp without time zone" => {
            (Timestamp(decimals(length)), true)
        }
        "time" | "time without time zone" if !zone => (Time(decimals(length)), true),
        "numeric" => {
            let size = match numbers.as_slice() {
                [precision, scale] if *scale >= 0 => u64::try_from(*precision).ok().map(|p| (p, *scale)),
                _ => None,
            };
            (Decimal(size), true)
        }
        _ => return foreign(described, quoted),
    };
    let mut column = Column::new(declared, quoted, vec![data_type]);
    column.doubtful = doubtful;
    if doubtful {
        column.candidates.push(Text);
    }
    if let Some(domain) = &described.domain {
        column.lossy = Some(format!("the checks of the domain {domain} are left out"));
    }
    column
}

/// A column of a type that PhantomDB does not have.
fn foreign(described: &Described, quoted: String) -> Column {
    let declared = &described.declared;
    let (select, data_type) = if declared.ends_with("[]") {
        (format!("to_jsonb({quoted})"), SqlType::Jsonb)
    } else {
        (format!("{quoted}::text"), SqlType::Text)
    };
    let mut column = Column::new(declared, select, vec![data_type, SqlType::Text]);
    column.lossy = Some("PhantomDB has no such type".into());
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_the_types() {
        for (theirs, ours, lossy) in [
            ("integer", "INTEGER", false),
            ("character varying(20)", "VARCHAR(20)", false),
            ("numeric(10,2)", "DECIMAL(10,2)", false),
            ("numeric", "DECIMAL", false),
            ("timestamp(3) with time zone", "TIMESTAMP", false),
            ("timestamp without time zone", "TIMESTAMP(6)", false),
            ("time(0) without time zone", "TIME(0)", false),
            ("time with time zone", "TEXT", true),
            ("time(6) with time zone", "TEXT", true),
            ("integer[]", "JSONB", true),
            ("inet", "TEXT", true),
            ("interval", "TEXT", true),
        ] {
            let described =
                Described { name: "x".into(), declared: theirs.into(), domain: None, labels: Vec::new() };
            let column = column_of(&described);
            assert_eq!(
                (column.data_type().name().as_str(), column.lossy.is_some()),
                (ours, lossy),
                "{theirs}"
            );
        }
    }
}
