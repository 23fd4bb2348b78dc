//! Scalars of JSONB as values of other types.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{document::Document, number};

/// The number of a document; None for JSON's null. Fails for another value, with the name of the wanted type.
pub fn number_of<'a>(document: &'a Document, wanted: &str) -> Result<Option<&'a str>> {
    match document {
        Document::Number(number) => Ok(Some(number)),
        Document::Null => Ok(None),
        other => Err(refused(other, wanted)),
    }
}

pub fn boolean_of(document: &Document) -> Result<Option<bool>> {
    match document {
        Document::Boolean(boolean) => Ok(Some(*boolean)),
        Document::Null => Ok(None),
        other => Err(refused(other, "a boolean")),
    }
}

fn refused(document: &Document, wanted: &str) -> Error {
    let name = document.type_name();
    let article = if document.is_scalar() { "a" } else { "an" };
    Error::new(ErrorCode::TypeMismatch, format!("{article} JSON {name} cannot become {wanted}"))
}

fn out_of_range(wanted: &str) -> Error {
    Error::new(ErrorCode::OutOfRange, format!("{wanted} out of range"))
}

/// The number rounded to an integer of that many bits.
pub fn integer_of(document: &Document, bits: u32) -> Result<Option<i64>> {
    let name = match bits {
        16 => "smallint",
        32 => "integer",
        _ => "bigint",
    };
    let Some(number) = number_of(document, name)? else { return Ok(None) };
    let integer = number::rounded(number).ok_or_else(|| out_of_range(name))?;
    let limit = 1_i128 << (bits - 1);
    if (-limit..limit).contains(&i128::from(integer)) { Ok(Some(integer)) } else { Err(out_of_range(name)) }
}

/// The number as a float: `real` of 32 bits when `single` is true.
pub fn float_of(document: &Document, single: bool) -> Result<Option<f64>> {
    let name = if single { "real" } else { "double precision" };
    let Some(number) = number_of(document, name)? else { return Ok(None) };
    let float = if single { number.parse::<f32>().map(f64::from) } else { number.parse::<f64>() };
    let float = float.map_err(|_| out_of_range(name))?;
    let vanishes = float == 0.0 && number::compare(number, "0").is_ne();
    if float.is_infinite() || vanishes { Err(out_of_range(name)) } else { Ok(Some(float)) }
}
