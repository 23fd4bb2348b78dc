//! The change that a statement may make to its session.

use std::{collections::HashSet, sync::LazyLock};

use super::known_functions::is_known;

/// The functions of PostgreSQL that leave the session as it was. All those of `pg_catalog` that are declared IMMUTABLE or
/// STABLE are among them, and the volatile ones that change rows, locks of the transaction, or nothing.
pub(crate) static NEUTRAL: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("session_neutral.txt").split_whitespace().collect());

/// The change that a statement may make to its session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum SessionEffect {
    /// It leaves the session as it was.
    #[default]
    Neutral,
    /// It leaves the session as it was if these functions do, which PostgreSQL does not bring. A name has its schema before
    /// it if it was written.
    Calls(Vec<String>),
    /// It may change the session.
    Changes,
}

impl SessionEffect {
    /// Adds a call. `schema` is the schema that is written before the name.
    pub(crate) fn add_call(&mut self, schema: Option<&str>, name: &str) {
        if name == "set_config" || is_neutral(schema, name) {
            return;
        }
        let name = schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
        match self {
            Self::Neutral => *self = Self::Calls(vec![name]),
            Self::Calls(names) => names.push(name),
            Self::Changes => {}
        }
    }

    pub(crate) fn add_change(&mut self) {
        *self = Self::Changes;
    }

    /// True when the session is as it was, as long as each of the functions that are called leaves it so.
    pub(crate) fn is_neutral_with(&self, functions: &HashSet<String>) -> bool {
        match self {
            Self::Neutral => true,
            Self::Calls(names) => names.iter().all(|name| functions.contains(name)),
            Self::Changes => false,
        }
    }
}

/// True when the function leaves the session as it was.
pub(crate) fn is_neutral(schema: Option<&str>, name: &str) -> bool {
    schema.is_none_or(|schema| schema == "pg_catalog") && (is_known(name) || NEUTRAL.contains(name))
}
