//! The types of a statement's parameters. A parameter takes the type of the first place where it stands beside something that
//! has one, which is known deep in the adaptation. So these places tell it here, while somebody asks.

use std::cell::RefCell;

use phantomdb_sql::{printer::parameter_number, types::SqlType, typing::Type};
use sqlparser::ast::{Expr, Value};

use super::{literal::value_of, typed::Typed};
use crate::types::sql_type_of;

thread_local! {
    /// The types by the places of the parameters, from 0, while they are asked for.
    static FOUND: RefCell<Option<Vec<Option<SqlType>>>> = const { RefCell::new(None) };
}

/// Notes that an expression, if it is a parameter without a type of its own, is a value of this type where it stands.
pub(super) fn note(expr: &Expr, typed: Typed, data_type: Type) {
    note_column(expr, typed, || if data_type == Type::Unknown { None } else { sql_type_of(data_type) });
}

/// Notes the same of a parameter that is assigned to a column.
pub(super) fn note_column(expr: &Expr, typed: Typed, data_type: impl FnOnce() -> Option<SqlType>) {
    if !typed.is_parameter() {
        return;
    }
    FOUND.with_borrow_mut(|found| {
        let Some(found) = found else { return };
        let Some(Value::Placeholder(name)) = value_of(expr) else { return };
        let Ok(number) = parameter_number(name) else { return };
        if found.len() < number {
            found.resize(number, None);
        }
        if found[number - 1].is_none() {
            found[number - 1] = data_type();
        }
    });
}

/// The outcome of the work, which adapts a statement, and the types of the parameters, from the first one on.
pub(super) fn found_by<T>(work: impl FnOnce() -> T) -> (T, Vec<Option<SqlType>>) {
    let before = FOUND.replace(Some(Vec::new()));
    let outcome = work();
    (outcome, FOUND.replace(before).unwrap_or_default())
}
