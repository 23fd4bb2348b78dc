//! Prepared statements: the types of their parameters, and how their results are read.

use std::sync::{Arc, OnceLock};

use phantomdb_protocol::{Column, Result, Value};
use tokio_postgres::{Statement, types::Type};

use crate::{adapt::SessionEffect, bind, record_layout, rows::Decoder};

/// The most forms of one statement with different types of parameters.
const FORMS_MAX: usize = 16;

/// A statement that is ready to run.
pub(crate) struct Prepared {
    pub(crate) statement: Statement,
    pub(crate) columns: Vec<Column>,
    pub(crate) decoders: Vec<Decoder>,
    /// What running it may do to the session.
    pub(crate) session: SessionEffect,
    /// The layout of its rows, once a receipt has needed it.
    pub(crate) layout: OnceLock<String>,
}

impl Prepared {
    /// The layout for [`record_layout::decode`].
    pub(crate) fn layout(&self) -> Result<&str> {
        if let Some(layout) = self.layout.get() {
            return Ok(layout);
        }
        let layout = record_layout::encode(&self.columns, &self.decoders)?;
        Ok(self.layout.get_or_init(|| layout))
    }
}

/// The forms of one statement that one connection has prepared.
#[derive(Default)]
pub(crate) struct PreparedForms {
    /// The form with the types that PostgreSQL infers; none when it cannot infer them.
    pub(crate) inferred: Option<Arc<Prepared>>,
    /// The forms with declared types, for values that the inferred types cannot hold.
    pub(crate) declared: Vec<(Vec<Type>, Arc<Prepared>)>,
}

impl PreparedForms {
    pub(crate) fn find(&self, parameters: &[Value]) -> Option<Arc<Prepared>> {
        let types = match &self.inferred {
            Some(prepared) => match bind::declared(prepared.statement.params(), parameters) {
                None => return Some(Arc::clone(prepared)),
                Some(types) => types,
            },
            None => bind::natural(parameters),
        };
        let form = self.declared.iter().find(|(known, _)| *known == types);
        form.map(|(_, prepared)| Arc::clone(prepared))
    }

    pub(crate) fn add(&mut self, types: Vec<Type>, prepared: &Arc<Prepared>) {
        if self.declared.len() >= FORMS_MAX {
            self.declared.remove(0);
        }
        self.declared.push((types, Arc::clone(prepared)));
    }
}
