//! Registers aggregates that leave out rows with a NULL.

use std::{
    marker::PhantomData,
    panic::{RefUnwindSafe, UnwindSafe},
};

use phantomdb_protocol::Result;
use rusqlite::{
    Connection,
    functions::{Aggregate, Context, FunctionFlags, WindowAggregate},
    types::{Value, ValueRef},
};

use crate::functions::{
    result::{FunctionResult, user_error},
    scalar::raw,
};

pub(crate) const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_INNOCUOUS);

/// The arguments of one row.
pub(crate) type Row<'a> = [ValueRef<'a>];

/// An aggregate that leaves rows with a NULL out.
pub(crate) struct Strict<S, New, Add, Remove, Finish> {
    pub(crate) arguments: usize,
    pub(crate) new: New,
    pub(crate) add: Add,
    pub(crate) remove: Remove,
    pub(crate) finish: Finish,
    pub(crate) state: PhantomData<fn() -> S>,
}

/// Registers an aggregate that leaves out rows in which one of its arguments is NULL.
pub(crate) fn strict<S: RefUnwindSafe + UnwindSafe + Send + 'static>(
    conn: &Connection,
    name: &str,
    arguments: usize,
    new: impl Fn() -> S + Send + 'static,
    add: impl Fn(&mut S, &Row<'_>) -> Result<()> + Send + 'static,
    remove: impl Fn(&mut S, &Row<'_>) -> Result<()> + Send + 'static,
    finish: impl Fn(&mut S) -> FunctionResult + Send + 'static,
) -> rusqlite::Result<()> {
    let aggregate = Strict { arguments, new, add, remove, finish, state: PhantomData::<fn() -> S> };
    let count = i32::try_from(arguments).unwrap_or(-1);
    conn.create_window_function(name, count, FLAGS, aggregate)
}

impl<S, New, Add, Remove, Finish> Strict<S, New, Add, Remove, Finish> {
    /// Calls the function unless an argument is NULL.
    pub(crate) fn with_row(
        &self,
        context: &Context<'_>,
        function: impl FnOnce(&Row<'_>) -> Result<()>,
    ) -> rusqlite::Result<()> {
        let mut row = [ValueRef::Null; 3];
        let row = &mut row[..self.arguments];
        for (index, value) in row.iter_mut().enumerate() {
            *value = raw(context, index);
            if matches!(value, ValueRef::Null) {
                return Ok(());
            }
        }
        function(row).map_err(|error| user_error(&error))
    }
}

impl<S, New, Add, Remove, Finish> Aggregate<S, Value> for Strict<S, New, Add, Remove, Finish>
where
    S: RefUnwindSafe + UnwindSafe,
    New: Fn() -> S + Send + 'static,
    Add: Fn(&mut S, &Row<'_>) -> Result<()> + Send + 'static,
    Remove: Fn(&mut S, &Row<'_>) -> Result<()> + Send + 'static,
    Finish: Fn(&mut S) -> FunctionResult + Send + 'static,
{
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<S> {
        Ok((self.new)())
    }

    fn step(&self, context: &mut Context<'_>, state: &mut S) -> rusqlite::Result<()> {
        self.with_row(context, |row| (self.add)(state, row))
    }

    fn finalize(&self, _: &mut Context<'_>, state: Option<S>) -> rusqlite::Result<Value> {
        let mut state = state.unwrap_or_else(|| (self.new)());
        (self.finish)(&mut state).map_err(|error| user_error(&error))
    }
}

impl<S, New, Add, Remove, Finish> WindowAggregate<S, Value> for Strict<S, New, Add, Remove, Finish>
where
    S: RefUnwindSafe + UnwindSafe,
    New: Fn() -> S + Send + 'static,
    Add: Fn(&mut S, &Row<'_>) -> Result<()> + Send + 'static,
    Remove: Fn(&mut S, &Row<'_>) -> Result<()> + Send + 'static,
    Finish: Fn(&mut S) -> FunctionResult + Send + 'static,
{
    fn value(&self, state: Option<&mut S>) -> rusqlite::Result<Value> {
        match state {
            Some(state) => (self.finish)(state),
            None => (self.finish)(&mut (self.new)()),
        }
        .map_err(|error| user_error(&error))
    }

    fn inverse(&self, context: &mut Context<'_>, state: &mut S) -> rusqlite::Result<()> {
        self.with_row(context, |row| (self.remove)(state, row))
    }
}
