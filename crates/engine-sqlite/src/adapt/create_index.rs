//! CREATE INDEX and CREATE VIEW.

use phantomdb_protocol::Result;
use sqlparser::ast::{CreateIndex, CreateView, Expr, Ident, IndexColumn, IndexType, ObjectName, Spanned};

use super::{
    Adapter, build,
    names::{last_ident, table_name},
    scope::{Columns, Relation, stored_name},
};

/// Those that SQLite has, and those that mean its `BINARY`.
const OF_SQLITE: [&str; 8] = ["binary", "nocase", "rtrim", "decimal", "c", "posix", "ucs_basic", "default"];

/// `en_US`, `de_DE.utf8`, `en-x-icu`: a language in lower case, and what follows it.
fn is_of_a_language(name: &str) -> bool {
    let letters = name.bytes().take_while(u8::is_ascii_lowercase).count();
    (2..=3).contains(&letters) && matches!(name.as_bytes().get(letters), Some(b'_' | b'-' | b'.'))
}

impl Adapter<'_> {
    pub(in super::super) fn create_index(&mut self, create: &mut CreateIndex) -> Result<()> {
        let span = create.table_name.span();
        // How rows are found by an index is not what it says of them, and SQLite has one way.
        let custom = matches!(create.using, Some(IndexType::Custom(_)));
        if custom || !create.include.is_empty() || !create.with.is_empty() || !create.index_options.is_empty()
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
                *operator_class = None;
                column.options.nulls_first = None;
                adapter.collation(&mut column.expr)?;
                adapter.defined(&mut column.expr)?;
            }
            create.predicate.as_mut().map_or(Ok(()), |predicate| adapter.defined(predicate))
        })
    }

    /// In an index the collation of a language decides about the order of its rows, not about which are equal, and nothing
    /// asks SQLite for that order.
    fn collation(&self, expr: &mut Expr) -> Result<()> {
        let Expr::Collate { expr: inner, collation } = expr else { return Ok(()) };
        let name = last_ident(collation).map(|ident| ident.value.clone()).unwrap_or_default();
        if OF_SQLITE.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            return Ok(());
        }
        if !is_of_a_language(&name) {
            return self.unsupported(&format!("the collation \"{name}\""), collation.span());
        }
        *expr = build::take(inner);
        Ok(())
    }

    pub(super) fn create_view(&mut self, view: &mut CreateView) -> Result<()> {
        let table = self.source.new_view(view)?;
        view.name = ObjectName::from(vec![Ident::with_quote('"', stored_name(&table))]);
        self.refuse_parameters = true;
        self.query(&mut view.query).map(|_| ())
    }
}
