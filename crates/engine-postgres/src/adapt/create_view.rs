//! CREATE VIEW.

use phantomdb_protocol::Result;
use sqlparser::ast::CreateView;

use super::{adapter::Adapter, print::qualified_name};
use crate::types::check_identifier;

impl Adapter<'_> {
    pub(crate) fn create_view(&mut self, view: &mut CreateView) -> Result<()> {
        let table = self.source.new_view(view)?;
        check_identifier(&table.name)?;
        // `Source::new_view` refuses some of the others; the rest is printed as it was written.
        let CreateView {
            or_alter: _,
            or_replace: _,
            materialized: _,
            secure: _,
            name,
            name_before_not_exists: _,
            columns,
            query,
            options: _,
            cluster_by: _,
            comment: _,
            with_no_schema_binding: _,
            if_not_exists: _,
            temporary: _,
            copy_grants: _,
            to: _,
            params: _,
        } = view;
        *name = qualified_name(&table);
        let names: Vec<_> = columns.iter().map(|column| &column.name).collect();
        self.note_query_columns(query, &names);
        self.query(query)
    }
}
