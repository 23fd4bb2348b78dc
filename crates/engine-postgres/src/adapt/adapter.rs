//! The adapter: what is known of a statement while it is adapted.

use phantomdb_protocol::{Result, TableName};
use sqlparser::{ast::ObjectName, tokenizer::Span};

use super::{adapted::Adapted, catalog_change::CatalogChange};
use crate::server_traits::ServerTraits;
use phantomdb_sql::{Kind, Source};

/// What is known of a statement while it is adapted.
pub(crate) struct Adapter<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) traits: ServerTraits,
    pub(crate) parameter_count: usize,
    /// See [`Adapted::pure`].
    pub(crate) calls_unknown: bool,
    pub(crate) locks: bool,
}

/// A statement, as errors speak of it.
pub(crate) const fn source(sql: &str) -> Source<'_> {
    Source { sql, engine: "PostgreSQL" }
}

impl<'a> Adapter<'a> {
    pub(crate) const fn new(sql: &'a str) -> Self {
        Self {
            source: source(sql),
            traits: ServerTraits { has_xmax: true },
            parameter_count: 0,
            calls_unknown: false,
            locks: false,
        }
    }

    pub(crate) fn adapted(&self, kind: Kind, statements: Vec<String>) -> Adapted {
        Adapted {
            statements,
            kind,
            parameter_count: self.parameter_count,
            catalog_change: None,
            probe: None,
            pure: false,
            write_result: None,
        }
    }

    pub(crate) fn unsupported<T>(&self, what: &str, span: Span) -> Result<T> {
        self.source.unsupported(what, span)
    }

    /// The table that a name means.
    pub(crate) fn table(&self, name: &ObjectName) -> Result<TableName> {
        self.source.table(name)
    }

    pub(crate) fn catalog_change(&self, change: CatalogChange) -> Adapted {
        Adapted { catalog_change: Some(change), ..self.adapted(Kind::Schema, Vec::new()) }
    }
}
