//! Each kind of statement.

use phantomdb_protocol::Result;
use sqlparser::{
    ast::{AssignmentTarget, ObjectName, ObjectNamePart, Query, SetExpr, Spanned, Statement},
    tokenizer::TokenWithSpan,
};

use super::{Adapted, Adapter, WriteResult, print, probe};
use phantomdb_sql::{
    Kind,
    parse::{self, ConflictTarget, Parsed},
};

impl Adapter<'_> {
    pub(super) fn statement(&mut self, tokens: Vec<TokenWithSpan>) -> Result<Adapted> {
        match parse::statement(self.source.sql, tokens)? {
            Parsed::SetConstraints { deferred } => {
                let when = if deferred { "DEFERRED" } else { "IMMEDIATE" };
                Ok(self.done(Kind::Write, vec![format!("SET CONSTRAINTS ALL {when}")]))
            }
            Parsed::Statement { mut statement, conflict } => {
                self.by_kind(&mut statement, conflict.map(|conflict| *conflict))
            }
        }
    }

    fn by_kind(&mut self, statement: &mut Statement, conflict: Option<ConflictTarget>) -> Result<Adapted> {
        match statement {
            Statement::Query(_)
            | Statement::Insert(_)
            | Statement::Update(_)
            | Statement::Delete(_)
            | Statement::Explain { .. } => self.query_or_change(statement, conflict),
            other => match Kind::of_control(other) {
                Some(kind) => Ok(self.done(kind, Vec::new())),
                None => self.definition(other),
            },
        }
    }

    fn query_or_change(
        &mut self,
        statement: &mut Statement,
        conflict: Option<ConflictTarget>,
    ) -> Result<Adapted> {
        self.conflict(statement, conflict)?;
        self.rewrite(statement)?;
        let kind = match statement {
            Statement::Query(query) => self.kind_of(query),
            Statement::Explain { analyze: false, .. } => Kind::Read,
            _ => Kind::Write,
        };
        let probe = match statement {
            Statement::Query(query) => probe::numeric_probe(query)?,
            _ => None,
        };
        let pure = kind == Kind::Read && !self.calls_unknown;
        let write_result = write_result(statement);
        Ok(Adapted { probe, pure, write_result, ..self.done(kind, vec![print(statement)?]) })
    }

    fn kind_of(&self, query: &Query) -> Kind {
        if changes_data(query) {
            Kind::Write
        } else if self.locks {
            Kind::LockingRead
        } else {
            Kind::Read
        }
    }
}

/// What the statement answers, when it changes rows and nothing before it does.
fn write_result(statement: &Statement) -> Option<WriteResult> {
    let returning = match statement {
        Statement::Insert(insert) => &insert.returning,
        Statement::Update(update) => &update.returning,
        Statement::Delete(delete) => &delete.returning,
        Statement::Query(query) => {
            let mut earlier = query.with.iter().flat_map(|with| &with.cte_tables);
            if earlier.any(|cte| changes_data(&cte.query)) {
                return None;
            }
            return match query.body.as_ref() {
                SetExpr::Insert(change) | SetExpr::Update(change) | SetExpr::Delete(change) => {
                    write_result(change)
                }
                _ => None,
            };
        }
        _ => return None,
    };
    Some(if returning.is_some() { WriteResult::Rows } else { WriteResult::RowCount })
}

/// Whether the query, or one it begins with, changes rows.
fn changes_data(query: &Query) -> bool {
    let changes = |body: &SetExpr| {
        matches!(body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_))
    };
    changes(&query.body)
        || query.with.iter().flat_map(|with| &with.cte_tables).any(|cte| changes_data(&cte.query))
}

/// A column is set by its own name, without that of its table.
pub(super) fn plain_target(target: &mut AssignmentTarget) {
    let last = |name: &mut ObjectName| {
        if let Some(ObjectNamePart::Identifier(ident)) = name.0.pop() {
            *name = ObjectName::from(vec![ident]);
        }
    };
    match target {
        AssignmentTarget::ColumnName(name) => last(name),
        AssignmentTarget::Tuple(names) => names.iter_mut().for_each(last),
    }
}

impl Adapter<'_> {
    /// What PostgreSQL's grammar has not, although the parser reads it.
    pub(super) fn refuse(&self, statement: &Statement) -> Result<()> {
        match statement {
            Statement::Insert(insert)
                if insert.or.is_some()
                    || insert.ignore
                    || insert.replace_into
                    || !insert.assignments.is_empty() =>
            {
                let span = insert.insert_token.0.span;
                self.unsupported("this form of INSERT; write INSERT INTO … ON CONFLICT: it", span)
            }
            Statement::Update(update)
                if update.limit.is_some() || !update.order_by.is_empty() || update.or.is_some() =>
            {
                self.unsupported("UPDATE with ORDER BY, LIMIT or OR", update.update_token.0.span)
            }
            Statement::Update(update) if !update.table.joins.is_empty() => {
                self.unsupported("UPDATE of a join; write UPDATE … FROM: it", update.update_token.0.span)
            }
            Statement::Delete(delete) if delete.limit.is_some() || !delete.order_by.is_empty() => {
                self.unsupported("DELETE with ORDER BY or LIMIT", delete.delete_token.0.span)
            }
            Statement::Explain { query_plan: true, .. } => {
                self.unsupported("EXPLAIN QUERY PLAN; write EXPLAIN: it", statement.span())
            }
            _ => Ok(()),
        }
    }
}
