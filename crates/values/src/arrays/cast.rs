//! Casts between arrays.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    input,
    item::{Item, bytes, hex},
    kind::Kind,
};
use crate::{
    bytes::number,
    documents::{self, Document},
    numbers::float::float8_text,
    times::{Interval, Timestamp},
};

/// Converts each element of an array.
pub fn cast(items: Vec<Item>, from: Kind, to: Kind) -> Result<Vec<Item>> {
    items.into_iter().map(|item| element(item, from, to)).collect()
}

fn element(item: Item, from: Kind, to: Kind) -> Result<Item> {
    Ok(match (item, to) {
        (Item::Null, _) => Item::Null,
        (Item::Array(items), _) => Item::Array(cast(items, from, to)?),
        (item, _) if from == to => item,
        (Item::Boolean(boolean), Kind::Text) => Item::Text(boolean.to_string()),
        (Item::Boolean(boolean), Kind::Integer(_)) => Item::Integer(i64::from(boolean)),
        (Item::Integer(integer), Kind::Boolean) => Item::Boolean(integer != 0),
        (Item::Float(float), Kind::Double) => Item::Float(float),
        (Item::Float(float), Kind::Real) => input::element(&float8_text(float), Kind::Real)?,
        (Item::Float(float), Kind::Integer(bits)) => integer(float, bits)?,
        (Item::Float(float), Kind::Numeric) => decimal(float, from)?,
        (Item::Text(text), Kind::Integer(bits)) if from == Kind::Numeric => {
            match documents::integer_of(&Document::Number(text.clone()), bits)? {
                Some(integer) if documents::is_number(&text) => Item::Integer(integer),
                _ => return Err(out_of_range(&text)),
            }
        }
        // A float that is no number.
        (Item::Text(text), Kind::Integer(_)) if matches!(from, Kind::Real | Kind::Double) => {
            return Err(out_of_range(&text));
        }
        (Item::Document(text), _) if to.document().is_some() => match to {
            Kind::Jsonb => Item::Document(Document::parse(&text)?.text()),
            _ => Item::Document(text),
        },
        (Item::Document(text), Kind::Boolean) if from == Kind::Jsonb => {
            documents::boolean_of(&Document::parse(&text)?)?.map_or(Item::Null, Item::Boolean)
        }
        (Item::Document(text), Kind::Integer(bits)) if from == Kind::Jsonb => {
            documents::integer_of(&Document::parse(&text)?, bits)?.map_or(Item::Null, Item::Integer)
        }
        (Item::Text(stored), Kind::Time) if from == Kind::Interval => {
            Item::Text(Interval::read(&stored)?.time()?.stored())
        }
        (Item::Text(stored), Kind::Time) if matches!(from, Kind::Timestamp | Kind::TimestampTz) => {
            // An infinite time has no time of day.
            let time = Timestamp::from_stored(&stored).and_then(Timestamp::time);
            time.map_or(Item::Null, |time| Item::Text(time.stored()))
        }
        (Item::Text(stored), Kind::Timestamp | Kind::TimestampTz)
            if matches!(from, Kind::Timestamp | Kind::TimestampTz) =>
        {
            Item::Text(stored)
        }
        (Item::Text(stored), Kind::Date) if matches!(from, Kind::Timestamp | Kind::TimestampTz) => {
            Item::Text(stored.split('T').next().unwrap_or_default().to_owned())
        }
        (Item::Integer(integer), Kind::Bytea) => {
            let width = if let Kind::Integer(bits) = from { bits / 8 } else { 8 };
            Item::Text(hex(&number::from_integer(integer, width as usize)))
        }
        (Item::Text(text), Kind::Integer(bits)) if from == Kind::Bytea => {
            Item::Integer(number::to_integer(&bytes(&text).unwrap_or_default(), bits as usize / 8)?)
        }
        (item, _) => match item.text(from) {
            Some(text) => input::element(&text, to)?,
            None => Item::Null,
        },
    })
}

fn out_of_range(what: &str) -> Error {
    Error::new(ErrorCode::OutOfRange, format!("{what} is out of the range of an integer"))
}

fn integer(float: f64, bits: u32) -> Result<Item> {
    let rounded = float.round_ties_even();
    let limit = 2_f64.powi(i32::try_from(bits - 1).unwrap_or(63));
    if !(-limit..limit).contains(&rounded) {
        return Err(out_of_range(&float8_text(float)));
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    Ok(Item::Integer(rounded as i64))
}

/// A float as a decimal, with the digits that a float is sure to have: 15, or 6 of a `real`.
fn decimal(float: f64, from: Kind) -> Result<Item> {
    if !float.is_finite() {
        return Ok(Item::Text(float8_text(float)));
    }
    let digits = if from == Kind::Real { 5 } else { 14 };
    let shortened: f64 = format!("{float:.digits$e}").parse().unwrap_or(float);
    input::element(&format!("{shortened:e}"), Kind::Numeric)
}
