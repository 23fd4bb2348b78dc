//! Adapts each kind of statement.

use phantomdb_protocol::Result;
use sqlparser::{
    ast::{Query, SetExpr, Statement},
    tokenizer::TokenWithSpan,
};

use super::{
    adapted::{Adapted, WriteResult},
    adapter::Adapter,
    numeric_probe::numeric_probe,
    print::print,
    query::changes_data,
};
use phantomdb_sql::{
    Kind,
    parse::{self, ConflictTarget, Parsed},
};

impl Adapter<'_> {
    pub(crate) fn statement(&mut self, tokens: Vec<TokenWithSpan>) -> Result<Adapted> {
        match parse::statement(self.source.sql, tokens)? {
            Parsed::SetConstraints { deferred } => {
                let when = if deferred { "DEFERRED" } else { "IMMEDIATE" };
                Ok(self.adapted(Kind::Write, vec![format!("SET CONSTRAINTS ALL {when}")]))
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
                Some(kind) => Ok(self.adapted(kind, Vec::new())),
                None => self.schema_change(other),
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
            Statement::Query(query) => numeric_probe(query)?,
            _ => None,
        };
        let pure = kind == Kind::Read && !self.calls_unknown;
        let write_result = write_result(statement);
        Ok(Adapted { probe, pure, write_result, ..self.adapted(kind, vec![print(statement)?]) })
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
