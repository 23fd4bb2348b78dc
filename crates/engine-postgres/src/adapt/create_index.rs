//! CREATE INDEX.

use phantomdb_protocol::Result;
use sqlparser::ast::{CreateIndex, Ident, IndexColumn, ObjectName, Spanned};

use super::{
    adapter::Adapter,
    print::{print, qualified_name},
};
use crate::types::check_identifier;
use phantomdb_sql::{names::table_name, printer};

impl Adapter<'_> {
    pub(crate) fn create_index(&mut self, create: &mut CreateIndex) -> Result<()> {
        let span = create.table_name.span();
        let table = self.table(&create.table_name)?;
        // An index is in the schema of its table, and its name says nothing else.
        let Some(index) = create.name.as_ref().and_then(table_name) else {
            return self.unsupported("an index without a name", span);
        };
        check_identifier(&index.name)?;
        create.name = Some(ObjectName::from(vec![Ident::with_quote('"', index.name)]));
        create.table_name = qualified_name(&table);
        for IndexColumn { column, operator_class } in &mut create.columns {
            self.expression(&mut column.expr)?;
            // It would be printed after the direction, where PostgreSQL does not take it.
            if let Some(class) = operator_class.take() {
                let field = print(&mut column.expr)?;
                column.expr = printer::verbatim_expr(format!("{field} {class}"));
            }
        }
        match &mut create.predicate {
            Some(predicate) => self.expression(predicate).map(|_| ()),
            None => Ok(()),
        }
    }
}
