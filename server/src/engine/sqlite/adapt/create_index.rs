//! CREATE INDEX and CREATE VIEW.

use phantomdb_protocol::Result;
use sqlparser::ast::{CreateIndex, CreateView, Ident, IndexColumn, IndexType, ObjectName, Spanned};

use super::{
    Adapter,
    names::table_name,
    scope::{Columns, Relation, stored_name},
};

impl Adapter<'_> {
    pub(in super::super) fn create_index(&mut self, create: &mut CreateIndex) -> Result<()> {
        let span = create.table_name.span();
        let known_kind = matches!(create.using, None | Some(IndexType::BTree | IndexType::Hash));
        if !known_kind
            || !create.include.is_empty()
            || !create.with.is_empty()
            || !create.index_options.is_empty()
        {
            return self.unsupported("this kind of index", span);
        }
        if create.nulls_distinct == Some(false) {
            return self.unsupported("NULLS NOT DISTINCT", span);
        }
        (create.using, create.concurrently, create.nulls_distinct) = (None, false, None);
        let table = self.source.table(&create.table_name)?;
        let Some(mut index) = create.name.as_ref().and_then(table_name) else {
            return self.unsupported("an index without a name", span);
        };
        if index.schema.is_none() {
            index.schema.clone_from(&table.schema);
        }
        create.name = Some(ObjectName::from(vec![Ident::with_quote('"', stored_name(&index))]));
        create.table_name = ObjectName::from(vec![Ident::with_quote('"', stored_name(&table))]);
        let columns = self.catalog.table(&table).map_or(Columns::Unknown, Columns::Table);
        let relation = Relation { name: stored_name(&table), bare: None, columns, outer: false };
        self.definition_of(relation, |adapter| {
            for IndexColumn { column, operator_class } in &mut create.columns {
                if operator_class.is_some() {
                    return adapter.unsupported("an operator class in an index", column.expr.span());
                }
                column.options.nulls_first = None;
                adapter.defined(&mut column.expr)?;
            }
            create.predicate.as_mut().map_or(Ok(()), |predicate| adapter.defined(predicate))
        })
    }

    pub(super) fn create_view(&mut self, view: &mut CreateView) -> Result<()> {
        let table = self.source.new_view(view)?;
        view.name = ObjectName::from(vec![Ident::with_quote('"', stored_name(&table))]);
        self.refuse_parameters = true;
        self.query(&mut view.query).map(|_| ())
    }
}
