//! CREATE INDEX.

use phantomdb_protocol::Result;
use phantomdb_sql::{names, printer};
use sqlparser::ast::{CreateIndex, Ident, IndexColumn, ObjectName, OrderByExpr, Spanned};

use super::{
    adapter::Adapter,
    print::{print, qualified_name},
};
use crate::types::check_identifier;

impl Adapter<'_> {
    pub(crate) fn create_index(&mut self, create: &mut CreateIndex) -> Result<()> {
        // The other fields are printed as they were written.
        let CreateIndex {
            name,
            table_name,
            using: _,
            columns,
            unique: _,
            concurrently: _,
            r#async: _,
            if_not_exists: _,
            include: _,
            nulls_distinct: _,
            with: _,
            predicate,
            index_options: _,
            alter_options: _,
        } = create;
        let table = self.table(table_name)?;
        self.is_definition = true;
        let Some(index) = name.as_ref().and_then(names::table_name) else {
            return self.unsupported("an index without a name", table_name.span());
        };
        check_identifier(&index.name)?;
        // An index is in the schema of its table, and PostgreSQL takes its name without a schema only.
        *name = Some(ObjectName::from(vec![Ident::with_quote('"', index.name)]));
        *table_name = qualified_name(&table);
        for IndexColumn { column, operator_class } in columns {
            let OrderByExpr { expr, options: _, with_fill: _ } = column;
            self.expression(expr)?;
            // sqlparser prints it after the direction, where PostgreSQL does not take it.
            if let Some(class) = operator_class.take() {
                let field = print(expr)?;
                *expr = printer::verbatim_expr(format!("{field} {class}"));
            }
        }
        match predicate {
            Some(predicate) => self.expression(predicate),
            None => Ok(()),
        }
    }
}
