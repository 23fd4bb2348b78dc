//! Prepared statements: the types of their parameters, and how their results are read.

use std::sync::{Arc, OnceLock};

use phantomdb_protocol::{Column, Result, Value};
use tokio_postgres::{Statement, types::Type};

use crate::{bind, record_layout, rows::Decoder};

/// Forms of one statement with different types of parameters.
const FORMS_MAX: usize = 16;

/// A statement that is ready to run.
pub(crate) struct Prepared {
    pub(crate) statement: Statement,
    pub(crate) columns: Vec<Column>,
    pub(crate) decoders: Vec<Decoder>,
    /// What its rows are read by when they are kept, once one was.
    pub(crate) layout: OnceLock<String>,
}

impl Prepared {
    /// See [`in_one::layout`].
    pub(crate) fn layout(&self) -> Result<&str> {
        if let Some(layout) = self.layout.get() {
            return Ok(layout);
        }
        let layout = record_layout::encode(&self.columns, &self.decoders)?;
        Ok(self.layout.get_or_init(|| layout))
    }
}

/// What is prepared of one statement on one connection.
#[derive(Default)]
pub(crate) struct PreparedForms {
    /// With the types that PostgreSQL infers. None when it cannot.
    pub(crate) inferred: Option<Arc<Prepared>>,
    /// With types that were declared for values that the inferred ones cannot hold.
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
