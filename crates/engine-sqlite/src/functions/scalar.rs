//! Registers functions of SQL, and reads the arguments of their calls.

use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
    types::{Value, ValueRef},
};
use smallvec::SmallVec;

use super::convert;
use super::result::{FunctionResult, user_error};

/// The flags of an aggregate, whose result depends on its arguments only.
pub(crate) const AGGREGATE: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_INNOCUOUS);

/// Registers a function whose result depends on its arguments only.
pub(crate) fn pure<F>(conn: &Connection, name: &str, arguments: i32, function: F) -> rusqlite::Result<()>
where
    F: Fn(&Arguments<'_>) -> FunctionResult + Send + 'static,
{
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    with_flags(conn, name, arguments, flags, function)
}

/// Registers a function whose result depends on its arguments only, and is NULL when one of them is NULL.
pub(crate) fn strict<F>(conn: &Connection, name: &str, arguments: i32, function: F) -> rusqlite::Result<()>
where
    F: Fn(&Arguments<'_>) -> FunctionResult + Send + 'static,
{
    pure(conn, name, arguments, move |a| if a.any_null() { Ok(Value::Null) } else { function(a) })
}

/// Registers a function whose result changes from call to call.
pub(crate) fn volatile<F>(conn: &Connection, name: &str, arguments: i32, function: F) -> rusqlite::Result<()>
where
    F: Fn(&Arguments<'_>) -> FunctionResult + Send + 'static,
{
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
    with_flags(conn, name, arguments, flags, function)
}

pub(crate) fn with_flags<F>(
    conn: &Connection,
    name: &str,
    arguments: i32,
    flags: FunctionFlags,
    function: F,
) -> rusqlite::Result<()>
where
    F: Fn(&Arguments<'_>) -> FunctionResult + Send + 'static,
{
    conn.create_scalar_function(name, arguments, flags, move |context| {
        function(&Arguments::of(context)).map_err(|error| user_error(&error))
    })
}

pub(crate) fn raw<'a>(context: &'a Context<'_>, index: usize) -> ValueRef<'a> {
    context.get_raw(index)
}

/// The arguments of one call. Functions are called for each value of each row, so a few arguments need no memory of the heap.
pub(crate) struct Arguments<'a>(pub(crate) SmallVec<[ValueRef<'a>; 5]>);

impl<'a> Arguments<'a> {
    pub(crate) fn of(context: &'a Context<'_>) -> Self {
        Self((0..context.len()).map(|index| raw(context, index)).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The argument at that index; NULL when there are fewer.
    pub(crate) fn value(&self, index: usize) -> ValueRef<'a> {
        self.0.get(index).copied().unwrap_or(ValueRef::Null)
    }

    pub(crate) fn is_null(&self, index: usize) -> bool {
        matches!(self.value(index), ValueRef::Null)
    }

    pub(crate) fn any_null(&self) -> bool {
        (0..self.len()).any(|index| self.is_null(index))
    }

    pub(crate) fn integer(&self, index: usize) -> i64 {
        match self.value(index) {
            ValueRef::Integer(i) => i,
            #[expect(clippy::cast_possible_truncation, reason = "saturates, as SQLite does")]
            ValueRef::Real(f) => f as i64,
            ValueRef::Text(text) => std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).unwrap_or(0),
            _ => 0,
        }
    }

    /// The argument as text, spelled as SQLite would spell it.
    pub(crate) fn text(&self, index: usize) -> std::borrow::Cow<'a, str> {
        convert::text_of(self.value(index))
    }
}
