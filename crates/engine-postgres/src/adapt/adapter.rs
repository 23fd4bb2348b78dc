//! The adapter, which collects what is learned about a statement while it is adapted.

use std::sync::Arc;

use phantomdb_protocol::{Result, TableName};
use phantomdb_sql::{Kind, Source};
use sqlparser::{ast::ObjectName, tokenizer::Span};

use super::{adapted::Adapted, catalog_change::CatalogChange, session_effect::SessionEffect, source::source};
use crate::{
    citext::{CitextColumns, NewColumn},
    server_traits::ServerTraits,
};

pub(crate) struct Adapter<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) traits: ServerTraits,
    /// The names of columns that ignore case, of the database and of the statement.
    pub(crate) citext: Arc<CitextColumns>,
    /// True for an expression that the database keeps.
    pub(crate) is_definition: bool,
    /// The columns that the statement makes.
    pub(crate) new_columns: Vec<NewColumn>,
    /// The highest number of a parameter.
    pub(crate) parameter_count: usize,
    /// The functions that the statement calls and that may change something.
    pub(crate) unknown_functions: Vec<String>,
    /// Says what the statement may do to its session.
    pub(crate) session: SessionEffect,
    /// True when the statement locks rows.
    pub(crate) locks: bool,
}

impl<'a> Adapter<'a> {
    pub(crate) fn new(sql: &'a str) -> Self {
        Self {
            source: source(sql),
            traits: ServerTraits { has_xmax: true },
            citext: Arc::default(),
            is_definition: false,
            new_columns: Vec::new(),
            parameter_count: 0,
            unknown_functions: Vec::new(),
            session: SessionEffect::Neutral,
            locks: false,
        }
    }

    /// The adapted statement, which is made of these.
    pub(crate) fn adapted(&self, kind: Kind, statements: Vec<String>) -> Adapted {
        Adapted {
            statements,
            kind,
            outside_transaction: false,
            parameter_count: self.parameter_count,
            row_insert: None,
            catalog_change: None,
            probe: None,
            pure: false,
            unknown_functions: Vec::new(),
            session: self.session.clone(),
            write_result: None,
            returns_given_row: false,
            new_columns: self.new_columns.clone(),
        }
    }

    /// The adapted statement, which is a change made with a look at the catalog.
    pub(crate) fn catalog_change(&self, change: CatalogChange) -> Adapted {
        Adapted { catalog_change: Some(change), ..self.adapted(Kind::Schema, Vec::new()) }
    }

    pub(crate) fn unsupported<T>(&self, what: &str, span: Span) -> Result<T> {
        self.source.unsupported(what, span)
    }

    pub(crate) fn table(&self, name: &ObjectName) -> Result<TableName> {
        self.source.table(name)
    }
}
