//! UPDATE, DELETE and TRUNCATE.

use phantomdb_protocol::{Error, ErrorCode, Result, TableName, TableSchema};
use sqlparser::ast::{
    Delete, Expr, FromTable, Ident, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor,
    Truncate, TruncateIdentityOption, Update, UpdateTableFromKind,
};

use super::{
    Adapter,
    names::{last_ident, references, table_name},
    printer::{quote_identifier, quote_literal},
    query::parsed_query,
    scope::{Output, Scope, stored_name},
};

impl Adapter<'_> {
    pub(super) fn update(&mut self, update: &mut Update) -> Result<Option<Vec<Output>>> {
        let span = update.update_token.0.span;
        if update.limit.is_some() || !update.order_by.is_empty() || update.or.is_some() {
            return self.unsupported("UPDATE with ORDER BY, LIMIT or OR", span);
        }
        if !update.table.joins.is_empty() {
            return self.unsupported("UPDATE of a join; write UPDATE … FROM: it", span);
        }
        let TableFactor::Table { name, .. } = &update.table.relation else {
            return self.unsupported("UPDATE of anything but a table", span);
        };
        let table = table_name(name);
        let schema = table.as_ref().and_then(|table| self.catalog.table(table));
        self.scopes.push(Scope::default());
        let outputs = self.update_parts(update, table.as_ref(), schema.as_deref());
        self.scopes.pop();
        outputs
    }

    fn update_parts(
        &mut self,
        update: &mut Update,
        table: Option<&TableName>,
        schema: Option<&TableSchema>,
    ) -> Result<Option<Vec<Output>>> {
        self.table_with_joins(&mut update.table)?;
        match &mut update.from {
            Some(UpdateTableFromKind::AfterSet(tables)) => {
                for table in tables {
                    self.table_with_joins(table)?;
                }
            }
            Some(UpdateTableFromKind::BeforeSet(_)) => {
                return self.unsupported("FROM before SET", update.update_token.0.span);
            }
            None => {}
        }
        self.assignments(&mut update.assignments, schema)?;
        self.optional(&mut update.selection)?;
        if let Some(scope) = self.scopes.last_mut() {
            scope.relations.truncate(1);
        }
        match &mut update.returning {
            Some(items) => self.returning(items, table.map(stored_name).as_deref()),
            None => Ok(Some(Vec::new())),
        }
    }

    pub(super) fn delete(&mut self, delete: &mut Delete) -> Result<Option<Vec<Output>>> {
        let span = delete.delete_token.0.span;
        if delete.limit.is_some() || !delete.order_by.is_empty() || !delete.tables.is_empty() {
            return self.unsupported("DELETE with ORDER BY, LIMIT or several tables", span);
        }
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &mut delete.from;
        let [table] = from.as_mut_slice() else {
            return self.unsupported("DELETE from several tables", span);
        };
        if !table.joins.is_empty() {
            return self.unsupported("DELETE from a join; write DELETE … USING: it", span);
        }
        self.scopes.push(Scope::default());
        let outputs = self.delete_parts(delete);
        self.scopes.pop();
        outputs
    }

    fn delete_parts(&mut self, delete: &mut Delete) -> Result<Option<Vec<Output>>> {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &mut delete.from;
        let table = from.first().and_then(|table| match &table.relation {
            TableFactor::Table { name, .. } => table_name(name),
            _ => None,
        });
        for table in from.iter_mut() {
            self.table_with_joins(table)?;
        }
        let from = from.clone();
        if let Some(mut using) = delete.using.take() {
            for table in &mut using {
                self.table_with_joins(table)?;
            }
            self.optional(&mut delete.selection)?;
            let name = self.scopes.last().and_then(|scope| scope.relations.first()).map(|r| r.name.clone());
            let name = Ident::with_quote('"', name.unwrap_or_default());
            let rowid = Ident::with_quote('"', "rowid");
            let mut query = parsed_query("SELECT 1")?;
            if let SetExpr::Select(select) = query.body.as_mut() {
                let column = Expr::CompoundIdentifier(vec![name.clone(), rowid.clone()]);
                select.projection = vec![SelectItem::UnnamedExpr(column)];
                select.from = from.into_iter().chain(using).collect();
                select.selection = delete.selection.take();
            }
            let expr = Box::new(Expr::Identifier(rowid));
            delete.selection = Some(Expr::InSubquery { expr, subquery: query, negated: false });
        } else {
            self.optional(&mut delete.selection)?;
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.relations.truncate(1);
        }
        match &mut delete.returning {
            Some(items) => self.returning(items, table.as_ref().map(stored_name).as_deref()),
            None => Ok(Some(Vec::new())),
        }
    }

    /// What a write gives back. There SQLite knows the table by its `stored` name only, and no `t.*`.
    pub(super) fn returning(
        &mut self,
        items: &mut [SelectItem],
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
        self.projection(items)
    }

    /// TRUNCATE as DELETEs; the last of them is the first table named.
    pub(super) fn truncate(&mut self, truncate: &Truncate) -> Result<Vec<String>> {
        let tables = truncate.table_names.iter().map(|target| self.source.table(&target.name));
        let mut tables = tables.collect::<Result<Vec<_>>>()?;
        let cascade = matches!(truncate.cascade, Some(sqlparser::ast::CascadeOption::Cascade));
        self.with_referencing(&mut tables, cascade)?;
        let mut statements = Vec::new();
        if tables.len() > 1 {
            // They may refer to each other in a circle: what counts is that none of them has rows in the end.
            statements.push("PRAGMA defer_foreign_keys = ON".to_owned());
        }
        for table in tables.iter().rev() {
            let stored = stored_name(table);
            let numbered = self
                .catalog
                .table(table)
                .is_some_and(|schema| schema.columns.iter().any(|column| column.auto_increment));
            if numbered && matches!(truncate.identity, Some(TruncateIdentityOption::Restart)) {
                let name = quote_literal(&stored);
                statements.push(format!("DELETE FROM sqlite_sequence WHERE name = {name}"));
            }
            statements.push(format!("DELETE FROM {}", quote_identifier(&stored)));
        }
        Ok(statements)
    }

    /// Adds the tables whose rows point to these; without CASCADE their being there is an error.
    fn with_referencing(&self, tables: &mut Vec<TableName>, cascade: bool) -> Result<()> {
        let all = self.catalog.tables();
        let mut next = 0;
        while let Some(parent) = tables.get(next).cloned() {
            next += 1;
            for name in &all {
                let Some(schema) = self.catalog.table(name).filter(|_| !tables.contains(name)) else {
                    continue;
                };
                if !schema.constraints.iter().any(|constraint| references(constraint, &parent)) {
                    continue;
                }
                if !cascade {
                    return Err(Error::new(
                        ErrorCode::ForeignKeyViolation,
                        format!("cannot truncate \"{parent}\": \"{name}\" references it; truncate both, or use CASCADE"),
                    )
                    .with_table(parent.to_string()));
                }
                tables.push(name.clone());
            }
        }
        Ok(())
    }
}
