//! Walks the tree of a statement, and rewrites each part that is written differently for PostgreSQL.

use std::ops::ControlFlow;

use phantomdb_protocol::{Error, Result};
use phantomdb_sql::{
    build::take,
    names::last_ident,
    printer::{self, verbatim_ident},
    walk::{Node, walk},
};
use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, Query, Select, SelectItem, Spanned, Statement,
    TableFactor, TableFunctionArgs, Value, ValueWithSpan, VisitorMut,
};

use super::{
    adapter::Adapter, call, cast::cast, insert::conflict_assignments, locks, other_sessions::refuse_relation,
    session_change::belongs_to_session, update::remove_table_names,
};

struct Rewriter<'a, 'b> {
    adapter: &'a mut Adapter<'b>,
}

impl Adapter<'_> {
    pub(crate) fn rewrite(&mut self, tree: &mut dyn Node) -> Result<()> {
        self.learn_names(tree)?;
        walk(tree, &mut Rewriter { adapter: self })
    }

    pub(crate) fn expression(&mut self, expr: &mut Expr) -> Result<()> {
        self.rewrite(expr)
    }

    pub(crate) fn query(&mut self, query: &mut Query) -> Result<()> {
        self.rewrite(query)
    }

    /// Refuses what PostgreSQL's grammar lacks, although the parser reads it.
    fn refuse_statement(&self, statement: &Statement) -> Result<()> {
        match statement {
            Statement::Insert(insert) => self.refuse_insert(insert),
            Statement::Update(update) => self.refuse_update(update),
            Statement::Delete(delete) => self.refuse_delete(delete),
            Statement::Explain {
                describe_alias: _,
                analyze: _,
                verbose: _,
                query_plan: true,
                estimate: _,
                statement: _,
                format: _,
                options: _,
            } => self.unsupported("EXPLAIN QUERY PLAN; write EXPLAIN: it", statement.span()),
            // Any other statement is PostgreSQL's own, or was refused by its kind.
            _ => Ok(()),
        }
    }
}

fn flow(result: Result<()>) -> ControlFlow<Error> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}

impl VisitorMut for Rewriter<'_, '_> {
    type Break = Error;

    fn pre_visit_statement(&mut self, statement: &mut Statement) -> ControlFlow<Error> {
        match statement {
            Statement::Insert(insert) => {
                remove_table_names(conflict_assignments(insert));
                insert.returning.iter_mut().flatten().for_each(keep_name);
            }
            Statement::Update(update) => {
                remove_table_names(&mut update.assignments);
                update.returning.iter_mut().flatten().for_each(keep_name);
            }
            Statement::Delete(delete) => delete.returning.iter_mut().flatten().for_each(keep_name),
            // Any other statement sets no column, and returns none.
            _ => {}
        }
        flow(self.adapter.refuse_statement(statement))
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        self.adapter.locks |= !query.locks.is_empty();
        flow(self.adapter.refuse_query_clauses(query))
    }

    /// Writes the locks after the parts of the query have been adapted, because the last of these is printed for it.
    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        flow(locks::write(query))
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        select.projection.iter_mut().for_each(keep_name);
        flow(self.adapter.refuse_select_clauses(select))
    }

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<Error> {
        let mut parts =
            name.0.iter().rev().map(|part| part.as_ident().map_or("", |ident| ident.value.as_str()));
        let (relation, schema) = (parts.next().unwrap_or_default(), parts.next());
        if belongs_to_session(schema, relation) {
            self.adapter.session.add_change();
        }
        let refused = refuse_relation(schema, relation);
        flow(refused.map_err(|error| self.adapter.source.at(error, name.span())))
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        // The other fields are printed as they were written, or adapted on their own.
        let called = match factor {
            TableFactor::Table {
                name,
                alias: _,
                args: Some(TableFunctionArgs { args, settings: _ }),
                with_hints: _,
                version: _,
                with_ordinality: _,
                partitions: _,
                json_path: _,
                sample: _,
                index_hints: _,
            } => {
                let third = args.get(2);
                let is_local = matches!(third, Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(third))) if call::is_true(third));
                Some((name, args, is_local))
            }
            TableFactor::Function { lateral: _, name, args, with_ordinality: _, alias: _ } => {
                Some((name, args, false))
            }
            _ => None,
        };
        if let Some((name, arguments, is_local)) = called {
            if let Err(error) = self.adapter.note_call(name, is_local) {
                return ControlFlow::Break(error);
            }
            if let Some(ident) = last_ident(name).filter(|ident| ident.quote_style.is_none())
                && name.0.len() == 1
            {
                let function = ident.value.to_ascii_lowercase();
                let known = call::set_function(&function);
                // The argument is a document, which is `jsonb`.
                if known != function
                    && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(document))) = arguments.first_mut()
                {
                    *document = cast(take(document), "jsonb");
                }
                *name = ObjectName::from(vec![verbatim_ident(known)]);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<Error> {
        if let Value::Placeholder(name) = &value.value {
            match printer::parameter_number(name) {
                Ok(number) => {
                    self.adapter.parameter_count = self.adapter.parameter_count.max(number);
                }
                Err(error) => return ControlFlow::Break(self.adapter.source.at(error, value.span)),
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        flow(self.adapter.rewrite_expression(expr))
    }
}

/// Keeps the name of a call as the name of its column, when the call will be written with another name.
fn keep_name(item: &mut SelectItem) {
    if let SelectItem::UnnamedExpr(expr) = item
        && let Some(name) = called(expr)
        && call::is_renamed(&name)
    {
        let alias = Ident::with_quote('"', name);
        *item = SelectItem::ExprWithAlias { expr: take(expr), alias };
    }
}

/// The name of the function that an expression calls, which is the name of its column, with a cast or without.
fn called(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Function(function) => last_ident(&function.name).map(|ident| ident.value.to_ascii_lowercase()),
        Expr::Nested(inner)
        | Expr::Collate { expr: inner, collation: _ }
        | Expr::Cast { kind: _, expr: inner, data_type: _, format: _ } => called(inner),
        _ => None,
    }
}
