//! The functions that convert a value which is assigned to a column. Their last arguments are the names of the table and the
//! column, for errors.

use phantomdb_protocol::{Error, ErrorCode};
use phantomdb_values::times::{Date, Timestamp, is_wire};
use rusqlite::{
    Connection,
    functions::FunctionFlags,
    types::{ToSqlOutput, Value, ValueRef},
};

use super::{
    arrays, convert,
    result::{FunctionResult, user_error},
    scalar::Arguments,
};
use crate::{
    adapt::type_conversion::{Assignment, assignment},
    types::SqlType,
};

/// True for a value that is in the stored form of its column already. SQLite is handed it back as it is: a copy of each value of
/// each row would be a third of the work on a large INSERT.
type IsStored = fn(&Arguments<'_>) -> bool;
type Convert = fn(&Arguments<'_>) -> FunctionResult;

/// The decimals of a timestamp that has milliseconds, and of one that has microseconds.
const MILLISECONDS: i64 = 3;
const MICROSECONDS: i64 = 6;

/// The functions with their numbers of arguments.
const FUNCTIONS: [(&str, i32, IsStored, Convert); 16] = [
    ("phantomdb_assign_int", 4, is_null_or_integer, |a| convert::integer(a.value(0), a.integer(1))),
    ("phantomdb_assign_key", 4, is_integer, |a| {
        if a.is_null(0) {
            return Err(Error::new(ErrorCode::NotNullViolation, "it must not be null"));
        }
        convert::integer(a.value(0), a.integer(1))
    }),
    ("phantomdb_assign_text", 4, is_short_text, |a| convert::limited_text(a.value(0), a.integer(1))),
    ("phantomdb_assign_boolean", 3, is_boolean, |a| convert::boolean(a.value(0))),
    // Files of earlier versions have these two without the precision, in expressions.
    (
        "phantomdb_assign_timestamp",
        3,
        |a| is_timestamp(a, MILLISECONDS),
        |a| convert::rounded_timestamp(a.value(0), MILLISECONDS),
    ),
    (
        "phantomdb_assign_timestamp",
        4,
        |a| is_timestamp(a, a.integer(1)),
        |a| convert::rounded_timestamp(a.value(0), a.integer(1)),
    ),
    ("phantomdb_assign_date", 3, is_date, |a| convert::date(a.value(0))),
    ("phantomdb_assign_time", 3, is_null, |a| convert::rounded_time(a.value(0), MILLISECONDS)),
    ("phantomdb_assign_time", 4, is_null, |a| convert::rounded_time(a.value(0), a.integer(1))),
    ("phantomdb_assign_float", 3, is_float, |a| convert::float(a.value(0))),
    ("phantomdb_assign_decimal", 5, is_null, |a| convert::decimal(a.value(0), a.integer(1), a.integer(2))),
    ("phantomdb_assign_uuid", 3, is_uuid, |a| convert::uuid(a.value(0))),
    ("phantomdb_assign_json", 3, is_null, |a| convert::json(a.value(0))),
    ("phantomdb_assign_array", 4, is_null, |a| array(a.value(0), &SqlType::parse(&a.text(1))?)),
    ("phantomdb_assign_blob", 3, is_null, |a| convert::blob(a.value(0))),
    ("phantomdb_assign_enum", -1, is_null, one_of),
];

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, arguments, is_stored, convert) in FUNCTIONS {
        conn.create_scalar_function(name, arguments, flags, move |context| {
            let arguments = Arguments::of(context);
            if is_stored(&arguments) {
                return Ok(ToSqlOutput::Arg(0));
            }
            let converted =
                convert(&arguments).map_err(|error| user_error(&with_names(error, &arguments)))?;
            Ok(ToSqlOutput::Owned(converted))
        })?;
    }
    Ok(())
}

/// A conversion for a column that is called without SQLite.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assign {
    /// The place of its function in [`FUNCTIONS`]. None when SQLite stores the value as it is.
    function: Option<usize>,
    arguments: Vec<Value>,
}

impl Assign {
    /// The function with this name, with these arguments behind the value. None when there is no such function.
    pub(crate) fn new(conversion: Option<Assignment>, names: [String; 2]) -> Option<Self> {
        let Some(Assignment { function, mut arguments }) = conversion else {
            return Some(Self { function: None, arguments: Vec::new() });
        };
        arguments.extend(names.map(Value::Text));
        let count = i32::try_from(arguments.len() + 1).ok()?;
        let place = FUNCTIONS.iter().position(|(name, arguments, _, _)| {
            *name == function && (*arguments == count || *arguments == -1)
        });
        place.map(|place| Self { function: Some(place), arguments })
    }

    /// True when the column stores the value as it is.
    pub(crate) fn is_stored(&self, value: ValueRef<'_>) -> bool {
        let Some((_, _, is_stored, _)) = self.function.and_then(|place| FUNCTIONS.get(place)) else {
            return true;
        };
        is_stored(&self.arguments(value))
    }

    /// The value as the column stores it; none when that is the value itself.
    pub(crate) fn converted(&self, value: ValueRef<'_>) -> Result<Option<Value>, Error> {
        let Some((_, _, is_stored, convert)) = self.function.and_then(|place| FUNCTIONS.get(place)) else {
            return Ok(None);
        };
        let arguments = self.arguments(value);
        if is_stored(&arguments) {
            return Ok(None);
        }
        convert(&arguments).map(Some).map_err(|error| with_names(error, &arguments))
    }

    /// The value as the column stores it. Its error does not name the column.
    fn stored(&self, value: ValueRef<'_>) -> FunctionResult {
        match self.function.and_then(|place| FUNCTIONS.get(place)) {
            Some((_, _, _, convert)) => convert(&self.arguments(value)),
            None => Ok(convert::owned(value)),
        }
    }

    fn arguments<'a>(&'a self, value: ValueRef<'a>) -> Arguments<'a> {
        Arguments(std::iter::once(value).chain(self.arguments.iter().map(ValueRef::from)).collect())
    }
}

/// The stored form of an array, whose elements are converted as values of a column of their type.
pub(crate) fn array(value: ValueRef<'_>, element: &SqlType) -> FunctionResult {
    let of_element = Assign::new(assignment(element), Default::default())
        .ok_or_else(|| Error::internal(format!("an element of {} has no conversion", element.name())))?;
    arrays::assign::assigned(value, element, |item| of_element.stored(item))
}

/// A value of an ENUM. Its values are the arguments behind the value.
fn one_of(a: &Arguments<'_>) -> FunctionResult {
    if a.is_null(0) {
        return Ok(Value::Null);
    }
    let column = a.text(a.len() - 1);
    let mut values = 1..a.len().saturating_sub(2);
    if values.clone().any(|index| a.text(0) == a.text(index)) {
        return Ok(Value::Text(a.text(0).into_owned()));
    }
    let values: Vec<String> = values.by_ref().map(|index| a.text(index).into_owned()).collect();
    let data_type = SqlType::Enum(values).name();
    let error = crate::error::not_allowed(Some(&a.text(0)), &column, &data_type);
    Err(error.with_table(a.text(a.len() - 2)))
}

/// The error of a value, with the names of the table and the column.
fn with_names(mut error: Error, a: &Arguments<'_>) -> Error {
    if error.details.table.is_some() {
        return error;
    }
    let (table, column) = (a.text(a.len() - 2), a.text(a.len() - 1));
    error.message = format!("column \"{column}\" of \"{table}\": {}", error.message);
    error.with_table(table).with_columns([column])
}

fn is_null(a: &Arguments<'_>) -> bool {
    a.is_null(0)
}

fn is_integer(a: &Arguments<'_>) -> bool {
    let ValueRef::Integer(integer) = a.value(0) else { return false };
    match a.integer(1) {
        16 => i16::try_from(integer).is_ok(),
        32 => i32::try_from(integer).is_ok(),
        64 => true,
        _ => false,
    }
}

fn is_null_or_integer(a: &Arguments<'_>) -> bool {
    is_null(a) || is_integer(a)
}

fn is_boolean(a: &Arguments<'_>) -> bool {
    matches!(a.value(0), ValueRef::Null | ValueRef::Integer(0 | 1))
}

fn is_float(a: &Arguments<'_>) -> bool {
    matches!(a.value(0), ValueRef::Null | ValueRef::Real(_))
}

fn is_short_text(a: &Arguments<'_>) -> bool {
    let ValueRef::Text(bytes) = a.value(0) else { return is_null(a) };
    let length = usize::try_from(a.integer(1)).unwrap_or(usize::MAX);
    // A character takes a byte at least.
    bytes.len() <= length && std::str::from_utf8(bytes).is_ok()
}

fn is_date(a: &Arguments<'_>) -> bool {
    let ValueRef::Text(bytes) = a.value(0) else { return is_null(a) };
    bytes.len() == 10 && std::str::from_utf8(bytes).is_ok_and(Date::is_stored_as)
}

/// True for the one form of a UUID that PostgreSQL prints.
fn is_uuid(a: &Arguments<'_>) -> bool {
    let ValueRef::Text(bytes) = a.value(0) else { return is_null(a) };
    let is_part = |(place, byte): (usize, &u8)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    bytes.len() == 36 && bytes.iter().enumerate().all(is_part)
}

fn is_timestamp(a: &Arguments<'_>, decimals: i64) -> bool {
    let ValueRef::Text(bytes) = a.value(0) else { return is_null(a) };
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    decimals >= MILLISECONDS && is_wire(text) || decimals >= MICROSECONDS && has_micros(text)
}

/// True for the stored form of a timestamp with microseconds.
fn has_micros(text: &str) -> bool {
    text.len() == 27 && !text.ends_with("000") && Timestamp::is_stored_as(text)
}

#[cfg(test)]
mod tests {
    use rusqlite::types::ValueRef::{Blob, Integer, Null, Real, Text};

    use super::*;

    #[test]
    fn what_is_in_the_stored_form_is_what_the_conversion_gives() {
        let texts = ["", "a", "abc", "äöü€", "abc ", "2026-01-01T00:00:00.000Z", "2026-13-01T00:00:00.000Z"];
        let more = [
            "2026-01-01T00:00:00.000Z123",
            "2026-01-01T00:00:00.000Z000",
            "2026-01-01 00:00:00",
            "2026-01-01T24:00:00.000Z",
            "2026-01-01T24:00:00.000Z001",
            "0000-01-01T00:00:00.000Z",
            "0000-01-01",
            "2026-01-01",
            "infinity",
            "true",
            "1",
            "1.50",
            "NaN",
        ];
        let numbers = [0, 1, 2, -1, 40_000, 3_000_000_000, i64::MAX, i64::MIN].map(Integer);
        let floats = [0.0, 1.5, -2.0, f64::INFINITY].map(Real);
        let texts = texts.iter().chain(&more).map(|text| Text(text.as_bytes()));
        let values: Vec<_> =
            [Null, Blob(b"a"), Text(b"\xff")].into_iter().chain(numbers).chain(floats).chain(texts).collect();
        let mut found = 0;
        for (name, count, is_stored, convert) in FUNCTIONS {
            for (value, argument) in
                values.iter().flat_map(|value| [0, 3, 6, 16, 32, 64].map(|n| (*value, n)))
            {
                let first = if name.ends_with("_array") { Text(b"INTEGER") } else { Integer(argument) };
                let mut list = vec![value, first, Integer(argument), Text(b"t"), Text(b"c")];
                // A negative number stands for any.
                list.truncate(usize::try_from(count).unwrap_or(list.len()));
                let arguments = Arguments(list.into());
                if is_stored(&arguments) {
                    let converted = convert(&arguments).unwrap_or_else(|e| panic!("{name}({value:?}): {e}"));
                    assert_eq!(converted, convert::owned(value), "{name}({value:?}, {argument})");
                    found += 1;
                }
            }
        }
        assert!(found > 100, "{found} values were in the stored form");
    }
}
