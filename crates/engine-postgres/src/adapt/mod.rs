//! Translates PhantomDB SQL to PostgreSQL's own, on the syntax tree, never on the text.
//!
//! PhantomDB SQL has PostgreSQL's grammar and meaning, so most of a statement stays as it is. Three things change: names
//! are quoted, so that they are kept as they were written; types get PostgreSQL's names; functions and operators that
//! PostgreSQL lacks, or has for fewer types, are written with those that it has.
//!
//! Every field of a node of the tree is adapted, refused, or left to PostgreSQL by name, never by a rest pattern: a field
//! that a new version of the parser adds must not compile before somebody has decided what becomes of it.

mod adapted;
mod adapter;
mod call;
mod cast;
mod catalog_change;
mod create_index;
mod create_table;
mod create_view;
mod definition;
mod expression;
mod function;
mod insert;
mod locks;
mod numeric_probe;
mod on_conflict;
mod print;
mod query;
mod schema_change;
mod statement;
mod update;
mod visitor;

use phantomdb_protocol::Result;

use crate::server_traits::ServerTraits;
use adapter::Adapter;
use phantomdb_sql::{Kind, parse, with_stack};

pub(crate) use adapted::{Adapted, WriteResult};
pub(crate) use adapter::source;
pub(crate) use catalog_change::{CatalogChange, NewTable};
pub(crate) use definition::{column, constraint, default_value, expression};
pub(crate) use numeric_probe::{NumericClass, NumericProbe};

/// Adapts exactly one statement. A trailing `;` is allowed.
///
/// Fails with `SYNTAX_ERROR` and the position, or with `UNSUPPORTED`, the construct's name and the position.
pub(crate) fn adapt(sql: &str, traits: ServerTraits) -> Result<Adapted> {
    let tokens = parse::tokens(sql)?;
    with_stack(tokens.len(), || Adapter { traits, ..Adapter::new(sql) }.statement(tokens))
}

/// A statement in PostgreSQL's own SQL, which is sent as it is.
pub(crate) fn native(sql: &str) -> Adapted {
    Adapted {
        statements: vec![sql.to_owned()],
        kind: Kind::Write,
        parameter_count: 0,
        catalog_change: None,
        probe: None,
        pure: false,
        write_result: None,
    }
}
