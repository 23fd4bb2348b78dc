//! The candidate types of a column of a SQLite file.

use crate::model::Column;
use phantomdb_engine_sqlite::types::from_declared;
use phantomdb_sql::types::SqlType;

/// The types to try for a column that SQLite lets hold anything.
pub(super) fn column_of(declared: &str, select: String, no_case: bool) -> Column {
    use SqlType::{BigInt, Blob, Boolean, CiText, Decimal, Double, Other, Text};
    let named = from_declared(declared);
    let upper = declared.to_ascii_uppercase();
    let has = |part: &str| upper.contains(part);
    let mut candidates = match &named {
        // SQLite's integers have 64 bits, whatever they are called.
        SqlType::Integer => vec![BigInt, Double],
        SqlType::TinyInt if upper.replace(' ', "") == "TINYINT(1)" => {
            vec![Boolean, SqlType::TinyInt, BigInt, Double]
        }
        SqlType::TinyInt | SqlType::SmallInt | SqlType::MediumInt => vec![named.clone(), BigInt, Double],
        SqlType::Varchar(_) | SqlType::Char(_) | Text if no_case => vec![CiText],
        Decimal(Some(_)) => vec![named.clone(), Decimal(None)],
        SqlType::Enum(_) => vec![Text],
        BigInt => vec![BigInt, Double],
        Boolean | SqlType::Timestamp(_) | SqlType::Date | SqlType::Time(_) => {
            vec![named.clone(), BigInt, Double]
        }
        Other(_) if has("INT") => vec![BigInt, Double],
        Other(_) if has("CHAR") || has("CLOB") || has("TEXT") => vec![if no_case { CiText } else { Text }],
        Other(_) if has("BLOB") => vec![Blob],
        Other(_) if has("REAL") || has("FLOA") || has("DOUB") => vec![Double],
        Other(_) => vec![BigInt, Double],
        known => vec![known.clone()],
    };
    let is_other = matches!(named, Other(_)) && !upper.is_empty();
    for last in [Text, Blob] {
        if !candidates.contains(&last) && candidates != [Blob] {
            candidates.push(last);
        }
    }
    let mut column = Column::new(declared, select, candidates);
    column.doubtful = true;
    if is_other {
        column.lossy = Some("PhantomDB has no type of that name".into());
    }
    column
}
