//! An INSERT of one row that is run for many.

use phantomdb_sql::insert_rows::{parameter_of, row_of};
use sqlparser::ast::{Expr, Ident, Statement};

use super::adapter::Adapter;

impl Adapter<'_> {
    /// Notes whether the statement takes rows, and writes DEFAULT for the parameters that stand for it.
    pub(super) fn mark_defaults(&mut self, statement: &mut Statement) {
        let Some(row) = row_of(statement) else { return };
        self.takes_rows = true;
        for cell in row {
            if parameter_of(cell).is_some_and(|number| self.defaults.contains(&(number - 1))) {
                *cell = Expr::Identifier(Ident::new("DEFAULT"));
            }
        }
    }
}
