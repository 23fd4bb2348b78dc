//! UPDATE and DELETE.

use phantomdb_protocol::{Result, TableName, TableSchema};
use phantomdb_sql::names::{last_ident, table_name};
use sqlparser::ast::{
    Delete, Expr, FromTable, Ident, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Spanned,
    TableFactor, TableWithJoins, Update, UpdateTableFromKind,
};

use super::{
    adapter::Adapter,
    scope::{Output, Scope},
    template::parsed_query,
};
use crate::stored::stored_name;

impl Adapter<'_> {
    /// The result is the columns of RETURNING, and the stored name of the table.
    pub(super) fn update(&mut self, update: &mut Update) -> Result<(Option<Vec<Output>>, Option<String>)> {
        self.refuse_update_clauses(update)?;
        update.optimizer_hints.clear();
        let table = self.written_table(&update.table, "UPDATE", "UPDATE … FROM")?;
        let schema = table.as_ref().and_then(|table| self.catalog.table(table));
        let stored = table.as_ref().map(stored_name);
        self.scopes.push(Scope::default());
        let outputs = self.update_parts(update, schema.as_deref(), stored.as_deref());
        self.scopes.pop();
        Ok((outputs?, stored))
    }

    /// Refuses the clauses that PhantomDB SQL does not have; `update_parts` adapts the others.
    fn refuse_update_clauses(&self, update: &Update) -> Result<()> {
        let Update {
            update_token,
            optimizer_hints: _,
            table: _,
            assignments: _,
            from,
            selection: _,
            returning: _,
            output,
            or,
            order_by,
            limit,
        } = update;
        let other_form = "UPDATE with ORDER BY, LIMIT or OR";
        self.refuse(
            &[
                (limit.is_some(), other_form),
                (!order_by.is_empty(), other_form),
                (or.is_some(), other_form),
                (matches!(from, Some(UpdateTableFromKind::BeforeSet(_))), "FROM before SET"),
                (output.is_some(), "OUTPUT"),
            ],
            || update_token.0.span,
        )
    }

    /// The table that a statement writes, which must stand alone.
    fn written_table(&self, table: &TableWithJoins, verb: &str, instead: &str) -> Result<Option<TableName>> {
        let TableWithJoins { relation, joins } = table;
        if !joins.is_empty() {
            return self.unsupported(&format!("{verb} of a join; write {instead}: it"), relation.span());
        }
        match relation {
            // `table_factor` adapts the other fields.
            TableFactor::Table {
                name,
                alias: _,
                args: None,
                with_hints: _,
                version: _,
                with_ordinality: _,
                partitions: _,
                json_path: _,
                sample: _,
                index_hints: _,
            } => Ok(table_name(name)),
            other => self.unsupported(&format!("{verb} of anything but a table"), other.span()),
        }
    }

    fn update_parts(
        &mut self,
        update: &mut Update,
        schema: Option<&TableSchema>,
        stored: Option<&str>,
    ) -> Result<Option<Vec<Output>>> {
        let sources = match (&update.from, &update.returning) {
            (Some(UpdateTableFromKind::AfterSet(from)), Some(_)) => self.source_tables(
                &update.table.relation,
                from,
                update.selection.as_ref(),
                &update.assignments,
            ),
            _ => None,
        };
        self.table_with_joins(&mut update.table)?;
        if let Some(UpdateTableFromKind::AfterSet(tables)) = &mut update.from {
            for table in tables {
                self.table_with_joins(table)?;
            }
        }
        // A parameter has the type that the condition gives it, as on PostgreSQL.
        self.optional_condition(&mut update.selection)?;
        self.assignments(&mut update.assignments, schema)?;
        if let Some(scope) = self.scopes.last_mut() {
            scope.keep_target();
        }
        match &mut update.returning {
            Some(items) => {
                if let Some(sources) = sources {
                    self.read_source_columns(items, &sources, update.update_token.0.span)?;
                }
                self.returning(items, stored)
            }
            None => Ok(Some(Vec::new())),
        }
    }

    /// The result is the columns of RETURNING, and the stored name of the table.
    pub(super) fn delete(&mut self, delete: &mut Delete) -> Result<(Option<Vec<Output>>, Option<String>)> {
        self.refuse_delete_clauses(delete)?;
        delete.optimizer_hints.clear();
        let span = delete.delete_token.0.span;
        let from = match &mut delete.from {
            FromTable::WithFromKeyword(from) => from,
            FromTable::WithoutKeyword(_) => return self.unsupported("DELETE without FROM", span),
        };
        let [table] = from.as_slice() else {
            return self.unsupported("DELETE from several tables", span);
        };
        let stored = self.written_table(table, "DELETE", "DELETE … USING")?.as_ref().map(stored_name);
        let mut from = std::mem::take(from);
        self.scopes.push(Scope::default());
        let outputs = self.delete_parts(delete, &mut from, stored.as_deref());
        self.scopes.pop();
        delete.from = FromTable::WithFromKeyword(from);
        Ok((outputs?, stored))
    }

    /// Refuses the clauses that PhantomDB SQL does not have; `delete` and `delete_parts` adapt the others.
    fn refuse_delete_clauses(&self, delete: &Delete) -> Result<()> {
        let Delete {
            delete_token,
            optimizer_hints: _,
            tables,
            from: _,
            using: _,
            selection: _,
            returning: _,
            output,
            order_by,
            limit,
        } = delete;
        let other_form = "DELETE with ORDER BY, LIMIT or several tables";
        self.refuse(
            &[
                (limit.is_some(), other_form),
                (!order_by.is_empty(), other_form),
                (!tables.is_empty(), other_form),
                (output.is_some(), "OUTPUT"),
            ],
            || delete_token.0.span,
        )
    }

    fn delete_parts(
        &mut self,
        delete: &mut Delete,
        from: &mut [TableWithJoins],
        stored: Option<&str>,
    ) -> Result<Option<Vec<Output>>> {
        let sources = match (&delete.using, &delete.returning, &*from) {
            (Some(using), Some(_), [TableWithJoins { relation, joins: _ }]) => {
                self.source_tables(relation, using, delete.selection.as_ref(), &[])
            }
            _ => None,
        };
        for table in from.iter_mut() {
            self.table_with_joins(table)?;
        }
        match delete.using.take() {
            Some(using) => self.delete_using(delete, from.to_vec(), using)?,
            None => self.optional_condition(&mut delete.selection)?,
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.keep_target();
        }
        match &mut delete.returning {
            Some(items) => {
                if let Some(sources) = sources {
                    self.read_source_columns(items, &sources, delete.delete_token.0.span)?;
                }
                self.returning(items, stored)
            }
            None => Ok(Some(Vec::new())),
        }
    }

    /// `DELETE FROM t USING u WHERE c` as `DELETE FROM t WHERE rowid IN (SELECT t.rowid FROM t, u WHERE c)`.
    fn delete_using(
        &mut self,
        delete: &mut Delete,
        from: Vec<TableWithJoins>,
        mut using: Vec<TableWithJoins>,
    ) -> Result<()> {
        for table in &mut using {
            self.table_with_joins(table)?;
        }
        self.optional_condition(&mut delete.selection)?;
        let name = self.scopes.last().and_then(|scope| scope.relations.first()).map(|r| r.name.clone());
        let name = Ident::with_quote('"', name.unwrap_or_default());
        let rowid = Ident::with_quote('"', "rowid");
        let mut query = parsed_query("SELECT 1")?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            let column = Expr::CompoundIdentifier(vec![name, rowid.clone()]);
            select.projection = vec![SelectItem::UnnamedExpr(column)];
            select.from = from.into_iter().chain(using).collect();
            select.selection = delete.selection.take();
        }
        let expr = Box::new(Expr::Identifier(rowid));
        delete.selection = Some(Expr::InSubquery { expr, subquery: query, negated: false });
        Ok(())
    }

    /// RETURNING. In it, SQLite knows the table by its `stored` name only, and does not know `t.*`.
    pub(super) fn returning(
        &mut self,
        items: &mut Vec<SelectItem>,
        stored: Option<&str>,
    ) -> Result<Option<Vec<Output>>> {
        let relation = self.scopes.last_mut().and_then(|scope| scope.relations.first_mut());
        if let (Some(relation), Some(stored)) = (relation, stored) {
            let aliased = !relation.name.eq_ignore_ascii_case(stored);
            if aliased {
                relation.bare = Some(std::mem::replace(&mut relation.name, stored.to_owned()));
            }
            for item in items.iter_mut() {
                if let SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    options,
                ) = item
                    && last_ident(name).is_some_and(|ident| relation.is_called(&ident.value))
                {
                    *item = SelectItem::Wildcard(options.clone());
                }
            }
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.has_texts = true;
        }
        let outputs = self.projection(items, false)?;
        Ok(outputs.map(|outputs| outputs.into_iter().map(Output::exact).collect()))
    }
}
