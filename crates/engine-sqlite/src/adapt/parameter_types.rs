//! The types of a statement's parameters. A parameter takes the type of the first place where it stands beside something that
//! has one, which is known deep in the adaptation. So these places tell it here, while somebody asks. They also tell which
//! parameters are assigned to columns of texts and documents: there a boolean is a word, and SQLite would bind a number.

use std::cell::RefCell;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{printer::parameter_number, types::SqlType, typing::Type};
use phantomdb_values::numbers::integer::Width;
use sqlparser::ast::{Expr, Value};

use super::{
    adapted::{Adapted, Known, Open},
    literal::value_of,
    typed::Typed,
};
use crate::{bind::Written, types::sql_type_of};

thread_local! {
    /// The types by the places of the parameters, from 0, while they are asked for.
    static FOUND: RefCell<Option<Vec<Option<SqlType>>>> = const { RefCell::new(None) };
    /// By the places of the parameters, from 0, what they are written into: a column, or an operand.
    static WRITTEN: RefCell<Vec<Option<Written>>> = const { RefCell::new(Vec::new()) };
    /// By the places of the parameters, from 0, what gives them a type; None while nothing is known.
    static STANDING: RefCell<Vec<Option<Standing>>> = const { RefCell::new(Vec::new()) };
}

thread_local! {
    /// By the places of the parameters, from 0, the types that the statement has given them.
    static KNOWN: RefCell<Vec<Option<Type>>> = const { RefCell::new(Vec::new()) };
}

thread_local! {
    /// The parameters, by their places from 0, that are assigned to columns, each with the names of the table and the column.
    static ASSIGNED: RefCell<Vec<(usize, [String; 2])>> = const { RefCell::new(Vec::new()) };
}

/// The source of a parameter's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Statement,
    Value(Open),
    /// The statement, but only after a place that gives it no type and needs one.
    Undetermined,
}

/// The type that another place of the statement, before this one, has given to the parameter at this place, from 0.
pub(super) fn type_at(place: usize) -> Option<Type> {
    KNOWN.with_borrow(|places| places.get(place).copied().flatten())
}

/// Notes that a parameter which is a column of the result stands in another place, too: it has the type of its value there.
pub(super) fn note_repeated(place: usize) {
    STANDING.with_borrow_mut(|places| {
        if let Some(standing @ Some(Standing::Value(Open::Any))) = places.get_mut(place) {
            *standing = Some(Standing::Value(Open::InnerColumn));
        }
    });
}

/// The type that another place of the statement, before this one, has given to the parameter that the expression is.
pub(super) fn known_type(expr: &Expr, typed: Typed) -> Option<Type> {
    type_at(place_of(expr, typed)?)
}

/// Refuses a second type for a parameter that has stood beside several values before any of them gave it one: in
/// `SET number = $1, word = $1` it has the type of the number.
pub(super) fn check_known(expr: &Expr, typed: Typed, to: Type) -> Result<()> {
    let Some(known) = known_type(expr, typed) else { return Ok(()) };
    let documents = [Type::Json, Type::Jsonb];
    let alike = known == to
        || (known.is_text() && to.is_text())
        || (documents.contains(&known) && documents.contains(&to))
        || [known, to].contains(&Type::Other)
        || to == Type::Unknown;
    if alike {
        return Ok(());
    }
    let message = format!(
        "the parameter {expr} is a value of the type {} in one place and of the type {} in another; cast it",
        known.name(),
        to.name()
    );
    Err(Error::new(ErrorCode::TypeMismatch, message))
}

fn note_known(expr: &Expr, typed: Typed, data_type: Type) {
    let Some(place) = place_of(expr, typed) else { return };
    KNOWN.with_borrow_mut(|places| {
        if places.len() <= place {
            places.resize(place + 1, None);
        }
        places[place].get_or_insert(data_type);
    });
}

/// Notes that an expression, if it is a parameter without a type of its own, is a value of this type where it stands.
pub(super) fn note(expr: &Expr, typed: Typed, data_type: Type) {
    note_type(expr, typed, || if data_type == Type::Unknown { None } else { sql_type_of(data_type) });
    if data_type != Type::Unknown {
        note_standing(expr, typed, Standing::Statement);
        note_known(expr, typed, data_type);
    }
    let written = match data_type {
        text if text.is_text() || text == Type::Enum => Written::Text,
        Type::Json | Type::Jsonb => Written::Document,
        Type::Bytea => Written::Bytes,
        Type::Boolean => Written::Boolean,
        Type::SmallInt => Written::Integer(Width::Small),
        Type::Integer => Written::Integer(Width::Regular),
        Type::BigInt => Written::Integer(Width::Big),
        _ => return,
    };
    // A column that it is assigned to comes first.
    note_written(expr, typed, |before| before.or(Some(written)));
}

/// Notes that a parameter becomes a text in which a boolean is a letter.
pub(super) fn note_output(expr: &Expr, typed: Typed) {
    note_written(expr, typed, |before| before.or(Some(Written::Output)));
}

/// Notes that a parameter stands alone, where nothing gives it a type.
pub(super) fn note_open(expr: &Expr, typed: Typed) {
    note_standing(expr, typed, Standing::Value(Open::Any));
}

/// Notes that a parameter stands where any value can, and none is given a type.
pub(super) fn note_anywhere(expr: &Expr, typed: Typed) {
    note_standing(expr, typed, Standing::Value(Open::Anywhere));
}

/// Notes that a parameter stands where a value of several types can, and nothing gives it one.
pub(super) fn note_overloaded(expr: &Expr, typed: Typed) {
    note_standing(expr, typed, Standing::Value(Open::Overloaded));
}

/// Notes that a parameter is a column of a query inside of another one, where nothing gives it a type.
pub(super) fn note_inner_column(expr: &Expr, typed: Typed) {
    note_standing(expr, typed, Standing::Value(Open::InnerColumn));
}

/// Notes that a parameter is a column of a query whose columns are texts when nothing gives them another type.
pub(super) fn note_text_column(expr: &Expr, typed: Typed) {
    note_known(expr, typed, Type::Text);
}

/// Notes that a parameter stands where a value of several types can, and is a text because nothing gives it another type.
pub(super) fn note_overloaded_text(expr: &Expr, typed: Typed) {
    note_overloaded(expr, typed);
    note_known(expr, typed, Type::Text);
}

/// Notes that a parameter is an array, whose elements are converted by themselves.
pub(super) fn note_list(expr: &Expr, typed: Typed, array: Type) {
    note_known(expr, typed, array);
}

/// Notes that a parameter is a text because its value can be nothing else.
pub(super) fn note_text(expr: &Expr) {
    note_written(expr, Typed::PARAMETER, |before| before.or(Some(Written::Text)));
}

/// A type that another place of the statement gives to the parameter comes first.
fn note_standing(expr: &Expr, typed: Typed, standing: Standing) {
    let Some(place) = place_of(expr, typed) else { return };
    STANDING.with_borrow_mut(|places| {
        if places.len() <= place {
            places.resize(place + 1, None);
        }
        // Such a value keeps its own type whatever else the statement says.
        if places[place] == Some(Standing::Value(Open::Assumed)) {
            return;
        }
        // PostgreSQL wants a type in each place where a value stands before it has one.
        let is_open = |standing| matches!(standing, Standing::Value(Open::Any | Open::Anywhere));
        if places[place].is_some_and(is_open) && !is_open(standing) {
            places[place] = Some(Standing::Undetermined);
            return;
        }
        let is_decided = match places[place] {
            Some(
                Standing::Statement
                | Standing::Undetermined
                | Standing::Value(Open::Overloaded | Open::InnerColumn | Open::Assumed),
            ) => true,
            Some(Standing::Value(Open::Any | Open::Anywhere | Open::BesideDate)) | None => false,
        };
        let is_undetermined = places[place] == Some(Standing::Undetermined);
        if !is_decided || (standing == Standing::Statement && !is_undetermined) {
            places[place] = Some(standing);
        }
    });
}

/// A parameter that can be a value of several types, before it is converted to a text.
pub(super) struct Overloaded {
    place: usize,
    before: Option<Standing>,
}

impl Overloaded {
    /// The parameter that the expression is; none for any other expression.
    pub(super) fn of(expr: &Expr, typed: Typed) -> Option<Self> {
        let place = place_of(expr, typed)?;
        let before = STANDING.with_borrow(|places| places.get(place).copied().flatten());
        Some(Self { place, before })
    }

    /// Notes it, in the place of the type that the conversion gave it.
    pub(super) fn note(self) {
        self.note_as(Open::Overloaded);
    }

    pub(super) fn note_as(self, open: Open) {
        let standing = match self.before {
            Some(before @ (Standing::Statement | Standing::Undetermined)) => before,
            // Another place, before this one, needs the type that only this one gives.
            Some(Standing::Value(Open::Any | Open::Anywhere)) => Standing::Undetermined,
            _ => {
                // The conversion has told a type: a text, or the number that PostgreSQL does not assume.
                if open == Open::Assumed {
                    KNOWN.with_borrow_mut(|places| places.get_mut(self.place).map(Option::take));
                }
                Standing::Value(open)
            }
        };
        STANDING.with_borrow_mut(|places| {
            if places.len() <= self.place {
                places.resize(self.place + 1, None);
            }
            places[self.place] = Some(standing);
        });
    }
}

/// The parameters that are taken for numbers, before they are converted.
pub(super) struct Assumed(Vec<Overloaded>);

impl Assumed {
    /// The parameters among the operands. There are none unless numbers are assumed.
    pub(super) fn of(is_assumed: bool, operands: &[Expr], types: &[Typed]) -> Self {
        let operands = operands.iter().zip(types).filter(|_| is_assumed);
        Self(operands.filter_map(|(operand, typed)| Overloaded::of(operand, *typed)).collect())
    }

    /// Notes them, in the place of the type that the conversion gave them.
    pub(super) fn note(self) {
        self.0.into_iter().for_each(|parameter| parameter.note_as(Open::Assumed));
    }
}

/// Notes the type of a parameter that is assigned to a column.
pub(super) fn note_column(expr: &Expr, typed: Typed, data_type: &SqlType, names: [&str; 2]) {
    if let Some(place) = place_of(expr, typed) {
        ASSIGNED.with_borrow_mut(|columns| columns.push((place, names.map(str::to_owned))));
    }
    note_type(expr, typed, || Some(data_type.clone()));
    note_standing(expr, typed, Standing::Statement);
    note_known(expr, typed, data_type.in_expressions());
    if let Some(written) = written_into(data_type) {
        note_written(expr, typed, |_| Some(written));
    }
}

fn note_written(expr: &Expr, typed: Typed, change: impl FnOnce(Option<Written>) -> Option<Written>) {
    let Some(place) = place_of(expr, typed) else { return };
    WRITTEN.with_borrow_mut(|places| {
        if places.len() <= place {
            places.resize(place + 1, None);
        }
        places[place] = change(places[place]);
    });
}

fn written_into(data_type: &SqlType) -> Option<Written> {
    match data_type {
        SqlType::Varchar(_) | SqlType::Char(_) | SqlType::Text | SqlType::CiText | SqlType::Enum(_) => {
            Some(Written::Text)
        }
        SqlType::Json | SqlType::Jsonb => Some(Written::Document),
        SqlType::Blob => Some(Written::Bytes),
        SqlType::Boolean => Some(Written::Boolean),
        _ => None,
    }
}

/// The place, from 0, of a parameter that has no type of its own.
fn place_of(expr: &Expr, typed: Typed) -> Option<usize> {
    let Some(Value::Placeholder(name)) = value_of(expr).filter(|_| typed.is_parameter()) else { return None };
    parameter_number(name).ok()?.checked_sub(1)
}

fn note_type(expr: &Expr, typed: Typed, data_type: impl FnOnce() -> Option<SqlType>) {
    if !typed.is_parameter() {
        return;
    }
    FOUND.with_borrow_mut(|found| {
        let Some(found) = found else { return };
        let Some(place) = place_of(expr, typed) else { return };
        if found.len() <= place {
            found.resize(place + 1, None);
        }
        if found[place].is_none() {
            found[place] = data_type();
        }
    });
}

/// The outcome of the work, which adapts a statement, and the types of the parameters, from the first one on.
pub(super) fn found_by<T>(work: impl FnOnce() -> T) -> (T, Vec<Option<SqlType>>) {
    let before = FOUND.replace(Some(Vec::new()));
    let outcome = work();
    (outcome, FOUND.replace(before).unwrap_or_default())
}

/// The statement that the work adapts, with what its parameters are written into, and which of them have no type.
pub(super) fn with_parameters(work: impl FnOnce() -> Result<Adapted>) -> Result<Adapted> {
    let before = (WRITTEN.take(), STANDING.take(), KNOWN.take());
    let assigned_before = ASSIGNED.take();
    let adapted = work();
    let (written, standing) = (WRITTEN.replace(before.0), STANDING.replace(before.1));
    let known = KNOWN.replace(before.2);
    let open = standing.iter().enumerate().filter_map(|(place, standing)| match standing {
        Some(Standing::Value(open)) => Some((place, *open)),
        Some(Standing::Statement | Standing::Undetermined) | None => None,
    });
    let undetermined = standing.iter().position(|standing| *standing == Some(Standing::Undetermined));
    if let (Ok(_), Some(place)) = (&adapted, undetermined) {
        let number = place + 1;
        let message =
            format!("the type of the parameter ${number} is not known where it first stands; cast it there");
        return Err(Error::new(ErrorCode::TypeMismatch, message));
    }
    let is_read = |data_type: &Type| {
        !(data_type.is_text() || matches!(data_type, Type::Other | Type::Enum | Type::Unknown))
    };
    let mut assigned = ASSIGNED.replace(assigned_before);
    let known = known.into_iter().enumerate().filter_map(|(place, known)| {
        let at = assigned.iter().position(|(assigned, _)| *assigned == place);
        let column = at.map(|at| assigned.swap_remove(at).1);
        Some(Known { place, data_type: known.filter(is_read)?, column })
    });
    adapted.map(|adapted| {
        // The values of an inserted row are read anyway.
        let known_types = if adapted.takes_rows { Vec::new() } else { known.collect() };
        Adapted { written, known_types, open_parameters: open.collect(), ..adapted }
    })
}
