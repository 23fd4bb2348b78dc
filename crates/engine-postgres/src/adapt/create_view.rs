//! CREATE VIEW.

use phantomdb_protocol::Result;
use sqlparser::ast::CreateView;

use super::{adapter::Adapter, print::qualified_name};
use crate::types::check_identifier;

impl Adapter<'_> {
    pub(crate) fn create_view(&mut self, view: &mut CreateView) -> Result<()> {
        let table = self.source.new_view(view)?;
        check_identifier(&table.name)?;
        view.name = qualified_name(&table);
        self.query(&mut view.query)?;
        Ok(())
    }
}
