//! CREATE INDEX.

use phantomdb_protocol::{Result, TableName};
use phantomdb_sql::{
    build,
    names::{last_ident, table_name},
};
use sqlparser::ast::{
    CreateIndex, Expr, Ident, IndexColumn, IndexType, ObjectName, OrderByExpr, OrderByOptions, OrderBySort,
    Spanned, UnaryOperator,
};

use super::{
    adapter::Adapter,
    clock::{CLOCK_IN_INDEX, refuse_clock},
    collations::{BYTE_ORDERS, SQLITE_COLLATIONS},
    literal::string_of,
    scope::{Columns, Relation},
};
use crate::stored::stored_name;

/// True for `en_US`, `de_DE.utf8` and `en-x-icu`: a language in lower case, and more after it.
fn is_of_a_language(name: &str) -> bool {
    let letters = name.bytes().take_while(u8::is_ascii_lowercase).count();
    (2..=3).contains(&letters) && matches!(name.as_bytes().get(letters), Some(b'_' | b'-' | b'.'))
}

/// The value that is indexed. SQLite takes a string in quotes for the name of a column.
fn no_name(value: Expr) -> Expr {
    match string_of(&value) {
        Some(_) => Expr::UnaryOp { op: UnaryOperator::Plus, expr: Box::new(value) },
        None => value,
    }
}

impl Adapter<'_> {
    /// The result is the name of the index.
    pub(super) fn create_index(&mut self, create: &mut CreateIndex) -> Result<TableName> {
        let span = create.table_name.span();
        let CreateIndex {
            name,
            table_name: table,
            using,
            columns,
            // SQLite writes UNIQUE and IF NOT EXISTS as PostgreSQL does.
            unique: _,
            if_not_exists: _,
            concurrently,
            r#async,
            include,
            nulls_distinct,
            with,
            predicate,
            index_options,
            alter_options,
        } = create;
        let kind = "this kind of index";
        self.refuse(
            &[
                (matches!(using, Some(IndexType::Custom(_))), kind),
                (!include.is_empty(), kind),
                (!with.is_empty(), kind),
                (!index_options.is_empty(), kind),
                (*r#async, "CREATE INDEX ASYNC"),
                (!alter_options.is_empty(), "ALGORITHM or LOCK in CREATE INDEX"),
                (*nulls_distinct == Some(false), "NULLS NOT DISTINCT"),
            ],
            || span,
        )?;
        // USING and CONCURRENTLY change no result: SQLite has one kind of index, and one writer at a time.
        (*using, *concurrently, *nulls_distinct) = (None, false, None);
        let indexed = self.source.table(table)?;
        let schema = self.existing(&indexed, span)?;
        let Some(mut index) = name.as_ref().and_then(table_name) else {
            return self.unsupported("an index without a name", span);
        };
        if index.schema.is_none() {
            index.schema.clone_from(&indexed.schema);
        }
        *name = Some(ObjectName::from(vec![Ident::with_quote('"', stored_name(&index))]));
        *table = ObjectName::from(vec![Ident::with_quote('"', stored_name(&indexed))]);
        let relation = Relation::new(stored_name(&indexed), schema.map_or(Columns::Unknown, Columns::Table));
        self.in_definition(relation, |adapter| {
            columns.iter_mut().try_for_each(|column| adapter.index_column(column))?;
            let Some(predicate) = predicate else { return Ok(()) };
            adapter.defined(predicate)?;
            refuse_clock(predicate, CLOCK_IN_INDEX)
        })?;
        Ok(index)
    }

    fn index_column(&mut self, column: &mut IndexColumn) -> Result<()> {
        let IndexColumn { column, operator_class } = column;
        let OrderByExpr { expr, options: OrderByOptions { sort, nulls_first }, with_fill } = column;
        self.refuse(
            &[
                (with_fill.is_some(), "WITH FILL"),
                (matches!(sort, Some(OrderBySort::Using(_))), "USING in the order of an index"),
            ],
            || expr.span(),
        )?;
        // Neither changes a result: SQLite has one order of NULLs in an index, and one kind of index.
        (*nulls_first, *operator_class) = (None, None);
        self.index_collation(expr)?;
        self.defined_as(expr, no_name)?;
        refuse_clock(expr, CLOCK_IN_INDEX)
    }

    /// Removes the collation of a language. In an index it decides the order of rows but not which are equal, and no query
    /// asks SQLite for that order.
    fn index_collation(&self, expr: &mut Expr) -> Result<()> {
        let Expr::Collate { expr: inner, collation } = expr else { return Ok(()) };
        let name = last_ident(collation).map(|ident| ident.value.clone()).unwrap_or_default();
        if SQLITE_COLLATIONS.iter().chain(&BYTE_ORDERS).any(|collation| collation.eq_ignore_ascii_case(&name))
        {
            return Ok(());
        }
        if !is_of_a_language(&name) {
            return self.unsupported(&format!("the collation \"{name}\""), collation.span());
        }
        *expr = build::take(inner);
        Ok(())
    }
}
