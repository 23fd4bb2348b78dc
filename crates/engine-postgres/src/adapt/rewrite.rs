//! What is written otherwise for PostgreSQL, wherever it stands in a statement.

use std::ops::ControlFlow;

use phantomdb_protocol::{Error, Result};
use sqlparser::ast::{
    Assignment, BinaryOperator, CastKind, DataType, Expr, Insert, ObjectName, ObjectNamePart,
    OnConflictAction, OnInsert, Query, Select, SelectItem, Spanned, Statement, TableFactor, Value,
    ValueWithSpan, VisitorMut,
};

use super::{Adapter, call, locks, statement::plain_target};
use crate::types;
use phantomdb_sql::{
    build::{self, take},
    names::last_ident,
    printer::{self, verbatim_ident},
    types::SqlType,
};

pub(super) struct Rewriter<'a, 'b> {
    pub(super) adapter: &'a mut Adapter<'b>,
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
                plain_targets(conflict_assignments(insert));
                insert.returning.iter_mut().flatten().for_each(keep_name);
            }
            Statement::Update(update) => {
                plain_targets(&mut update.assignments);
                update.returning.iter_mut().flatten().for_each(keep_name);
            }
            Statement::Delete(delete) => delete.returning.iter_mut().flatten().for_each(keep_name),
            _ => {}
        }
        flow(self.adapter.refuse(statement))
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        if query.for_clause.is_some() || query.settings.is_some() || !query.pipe_operators.is_empty() {
            return flow(self.adapter.unsupported("this clause of a query", query.span()));
        }
        self.adapter.locks |= !query.locks.is_empty();
        ControlFlow::Continue(())
    }

    /// When its parts have been adapted, for then the last of them can be printed.
    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        locks::write(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        if select.into.is_some() || select.top.is_some() || !select.lateral_views.is_empty() {
            return flow(self.adapter.unsupported("SELECT INTO", select.select_token.0.span));
        }
        if select.qualify.is_some() || !select.connect_by.is_empty() || select.prewhere.is_some() {
            let span = select.select_token.0.span;
            return flow(self.adapter.unsupported("this clause of a SELECT", span));
        }
        select.projection.iter_mut().for_each(keep_name);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        if let TableFactor::Table { name, args: Some(_), .. } = factor
            && let Some(ident) = last_ident(name).filter(|ident| ident.quote_style.is_none())
        {
            let function = ident.value.to_ascii_lowercase();
            self.adapter.calls_unknown |= !call::is_known(&function);
            if name.0.len() == 1 {
                *name = ObjectName::from(vec![verbatim_ident(call::set_function(&function))]);
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
        flow(self.adapter.rewrite_expr(expr))
    }
}

fn conflict_assignments(insert: &mut Insert) -> &mut [Assignment] {
    match &mut insert.on {
        Some(OnInsert::OnConflict(on)) => match &mut on.action {
            OnConflictAction::DoUpdate(update) => &mut update.assignments,
            OnConflictAction::DoNothing => &mut [],
        },
        _ => &mut [],
    }
}

fn plain_targets(assignments: &mut [Assignment]) {
    assignments.iter_mut().for_each(|assignment| plain_target(&mut assignment.target));
}

/// A call that will have another name keeps its own in the result.
fn keep_name(item: &mut SelectItem) {
    if let SelectItem::UnnamedExpr(expr) = item
        && let Expr::Function(function) = &*expr
        && let Some(name) = last_ident(&function.name).map(|ident| ident.value.to_ascii_lowercase())
        && call::is_renamed(&name)
    {
        let alias = sqlparser::ast::Ident::with_quote('"', name);
        *item = SelectItem::ExprWithAlias { expr: take(expr), alias };
    }
}

impl Adapter<'_> {
    /// One expression, when those it is made of have been adapted.
    fn rewrite_expr(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Identifier(ident)
                if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("DEFAULT") =>
            {
                *ident = verbatim_ident("DEFAULT");
            }
            Expr::CompoundIdentifier(parts) => {
                if let Some(table) = parts.first_mut()
                    && table.quote_style.is_none()
                    && table.value.eq_ignore_ascii_case("excluded")
                {
                    *table = verbatim_ident("excluded");
                }
            }
            Expr::Cast { kind, data_type, .. } => {
                if matches!(kind, CastKind::TryCast | CastKind::SafeCast) {
                    let span = expr.span();
                    return self.unsupported("TRY_CAST", span);
                }
                cast_type(data_type)?;
            }
            Expr::TypedString(typed) => {
                let mut data_type = typed.data_type.clone();
                cast_type(&mut data_type)?;
                *expr = cast_to(Expr::Value(typed.value.clone()), data_type);
            }
            Expr::Extract { .. } => *expr = cast(take(expr), "float8"),
            Expr::Like { expr: left, .. } | Expr::ILike { expr: left, .. } => as_text(left),
            Expr::BinaryOp { left, op, right } => operator(left, op, right),
            Expr::Function(_) => self.call(expr)?,
            _ => {}
        }
        Ok(())
    }
}

/// PostgreSQL's name of a type in PhantomDB SQL; another type keeps its own.
fn cast_type(data_type: &mut DataType) -> Result<()> {
    if let Ok(known) = SqlType::from_ast(data_type) {
        let name = match known {
            // Without a length PostgreSQL would take one character.
            SqlType::Char(None) => "text".to_owned(),
            known => types::declared(&known)?,
        };
        *data_type = ready_type(name);
    } else if let DataType::Custom(name, _) = data_type {
        for part in &mut name.0 {
            if let ObjectNamePart::Identifier(ident) = part
                && ident.quote_style.is_none()
            {
                *ident = verbatim_ident(printer::quote_identifier(&ident.value.to_ascii_lowercase()));
            }
        }
    }
    Ok(())
}

fn ready_type(name: impl Into<String>) -> DataType {
    DataType::Custom(ObjectName::from(vec![verbatim_ident(name)]), Vec::new())
}

/// `CAST(expr AS name)`.
pub(super) fn cast(expr: Expr, name: &str) -> Expr {
    cast_to(expr, ready_type(name))
}

fn cast_to(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, format: None }
}

/// A number or a time is compared with a pattern as its text. A column that is text already stays what it is, also
/// for its index.
fn as_text(expr: &mut Expr) {
    if !matches!(build::unnested(expr), Expr::Cast { .. }) {
        *expr = cast(take(expr), "text");
    }
}

/// Documents are `jsonb`, and the operators on documents have no other form; said so, a parameter or the answer of a
/// function can stand beside them.
fn as_document(expr: &mut Expr) {
    if !matches!(build::unnested(expr), Expr::Array(_)) {
        *expr = cast(take(expr), "jsonb");
    }
}

fn operator(left: &mut Expr, op: &BinaryOperator, right: &mut Expr) {
    match op {
        BinaryOperator::PGRegexMatch
        | BinaryOperator::PGRegexIMatch
        | BinaryOperator::PGRegexNotMatch
        | BinaryOperator::PGRegexNotIMatch
        | BinaryOperator::PGLikeMatch
        | BinaryOperator::PGILikeMatch
        | BinaryOperator::PGNotLikeMatch
        | BinaryOperator::PGNotILikeMatch => as_text(left),
        BinaryOperator::AtArrow | BinaryOperator::ArrowAt => {
            let arrays = [&*left, &*right].iter().any(|side| matches!(build::unnested(side), Expr::Array(_)));
            if !arrays {
                as_document(left);
                as_document(right);
            }
        }
        BinaryOperator::Question
        | BinaryOperator::QuestionAnd
        | BinaryOperator::QuestionPipe
        | BinaryOperator::HashMinus => as_document(left),
        _ => {}
    }
}
