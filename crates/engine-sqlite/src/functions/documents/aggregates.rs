//! `json_agg` and `json_object_agg`, of groups and of window frames.

use std::collections::HashSet;

use phantomdb_protocol::{Error, ErrorCode};
use phantomdb_values::documents::{Document, array, key, object_of_members};
use rusqlite::{
    Connection,
    functions::{Aggregate, Context, WindowAggregate},
    types::{Value, ValueRef},
};

use crate::functions::{
    collected, convert,
    result::user_error,
    scalar::{AGGREGATE, raw},
};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    for (prefix, jsonb) in [("phantomdb_json", false), ("phantomdb_jsonb", true)] {
        for (suffix, strict) in [("", false), ("_strict", true)] {
            conn.create_window_function(
                format!("{prefix}_agg{suffix}").as_str(),
                1,
                AGGREGATE,
                Elements { jsonb, strict },
            )?;
            for (unique_suffix, unique) in [("", false), ("_unique", true)] {
                let name = format!("{prefix}_object_agg{unique_suffix}{suffix}");
                conn.create_window_function(name.as_str(), 2, AGGREGATE, Members { jsonb, strict, unique })?;
            }
        }
    }
    Ok(())
}

/// The text of an argument; none for NULL.
fn text(context: &Context<'_>, index: usize) -> Option<String> {
    match raw(context, index) {
        ValueRef::Null => None,
        value => Some(convert::text_of(value).into_owned()),
    }
}

fn result(json: String, jsonb: bool) -> rusqlite::Result<Value> {
    if !jsonb {
        return Ok(Value::Text(json));
    }
    Document::parse(&json).map(|document| Value::Text(document.text())).map_err(|error| user_error(&error))
}

/// An array of the values of all rows.
struct Elements {
    jsonb: bool,
    /// True to leave out NULL.
    strict: bool,
}

type Collected = collected::Collected<Option<String>>;

impl Elements {
    fn of(&self, values: &Collected) -> rusqlite::Result<Value> {
        let kept =
            values.values().iter().map(Option::as_deref).filter(|value| !self.strict || value.is_some());
        result(array(kept), self.jsonb)
    }
}

impl Aggregate<Collected, Value> for Elements {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Collected> {
        Ok(Collected::default())
    }

    fn step(&self, context: &mut Context<'_>, values: &mut Collected) -> rusqlite::Result<()> {
        values.push(text(context, 0)).map_err(|error| user_error(&error))
    }

    fn finalize(&self, _: &mut Context<'_>, values: Option<Collected>) -> rusqlite::Result<Value> {
        // The aggregate of no rows is NULL.
        match values.filter(|values| !values.values().is_empty()) {
            Some(values) => self.of(&values),
            None => Ok(Value::Null),
        }
    }
}

impl WindowAggregate<Collected, Value> for Elements {
    fn value(&self, values: Option<&mut Collected>) -> rusqlite::Result<Value> {
        match values.filter(|values| !values.values().is_empty()) {
            Some(values) => self.of(values),
            None => Ok(Value::Null),
        }
    }

    fn inverse(&self, _: &mut Context<'_>, values: &mut Collected) -> rusqlite::Result<()> {
        values.remove_first();
        Ok(())
    }
}

/// An object of the keys and values of all rows.
struct Members {
    jsonb: bool,
    /// True to leave out the keys whose value is NULL.
    strict: bool,
    /// True to refuse a key that comes twice.
    unique: bool,
}

type Pairs = collected::Collected<(String, Option<String>)>;

impl Members {
    fn of(&self, pairs: Option<&Pairs>) -> rusqlite::Result<Value> {
        let Some(pairs) = pairs.map(Pairs::values).filter(|pairs| !pairs.is_empty()) else {
            return Ok(Value::Null);
        };
        let mut seen = HashSet::new();
        let mut kept = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            // A key that is left out counts too.
            if self.unique && !seen.insert(key) {
                let message = format!("the key '{key}' of the object comes twice");
                return Err(user_error(&Error::new(ErrorCode::TypeMismatch, message)));
            }
            // PostgreSQL takes the null of a document for NULL in an object that is jsonb.
            let is_null = value.as_deref().is_none_or(|text| self.jsonb && text == "null");
            if !(self.strict && is_null) {
                kept.push((key.as_str(), value.as_deref()));
            }
        }
        result(object_of_members(kept), self.jsonb)
    }
}

impl Aggregate<Pairs, Value> for Members {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Pairs> {
        Ok(Pairs::default())
    }

    fn step(&self, context: &mut Context<'_>, pairs: &mut Pairs) -> rusqlite::Result<()> {
        let (name, value) = (text(context, 0), text(context, 1));
        let is_left_out = self.strict && !self.unique && value.is_none();
        // PostgreSQL does not look at the key then, unless it is NULL.
        let name = match name {
            Some(_) if is_left_out => String::new(),
            name => key(name.as_deref()).map_err(|error| user_error(&error))?,
        };
        pairs.push((name, value)).map_err(|error| user_error(&error))
    }

    fn finalize(&self, _: &mut Context<'_>, pairs: Option<Pairs>) -> rusqlite::Result<Value> {
        self.of(pairs.as_ref())
    }
}

impl WindowAggregate<Pairs, Value> for Members {
    fn value(&self, pairs: Option<&mut Pairs>) -> rusqlite::Result<Value> {
        self.of(pairs.map(|pairs| &*pairs))
    }

    fn inverse(&self, _: &mut Context<'_>, pairs: &mut Pairs) -> rusqlite::Result<()> {
        pairs.remove_first();
        Ok(())
    }
}
