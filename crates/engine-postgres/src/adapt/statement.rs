//! Adapts each kind of statement.

use phantomdb_protocol::Result;
use phantomdb_sql::{
    Kind,
    insert_rows::returns_given_row,
    parse::{self, ConflictTarget, Parsed},
};
use sqlparser::{
    ast::{SetExpr, Statement, UtilityOption},
    tokenizer::TokenWithSpan,
};

use super::{
    adapted::{Adapted, WriteResult},
    adapter::Adapter,
    catalog_change::CatalogChange,
    insert_rows::RowInsert,
    numeric_probe::numeric_probe,
    print::print,
    query::changes_data,
};

impl Adapter<'_> {
    pub(crate) fn statement(&mut self, tokens: Vec<TokenWithSpan>) -> Result<Adapted> {
        match parse::statement(self.source.sql, tokens)? {
            Parsed::SetConstraints { deferred } => {
                let when = if deferred { "DEFERRED" } else { "IMMEDIATE" };
                Ok(self.adapted(Kind::Write, vec![format!("SET CONSTRAINTS ALL {when}")]))
            }
            Parsed::RenameIndex { from, to, if_exists } => {
                let (from, to) = (self.table(&from)?, self.table(&to)?);
                Ok(self.catalog_change(CatalogChange::RenameIndex { from, to: to.name, if_exists }))
            }
            Parsed::DropIndexConcurrently(statement) => self.drop_index_concurrently(&statement),
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
            | Statement::Explain {
                describe_alias: _,
                analyze: _,
                verbose: _,
                query_plan: _,
                estimate: _,
                statement: _,
                format: _,
                options: _,
            } => self.query_or_write(statement, conflict),
            other => match Kind::of_control(other)? {
                Some(kind) => Ok(self.adapted(kind, Vec::new())),
                None => self.schema_change(other),
            },
        }
    }

    fn query_or_write(
        &mut self,
        statement: &mut Statement,
        conflict: Option<ConflictTarget>,
    ) -> Result<Adapted> {
        let returns_given_row = returns_given_row(statement);
        self.conflict(statement, conflict)?;
        self.rewrite(statement)?;
        let kind = self.kind(statement);
        let probe = match statement {
            Statement::Query(query) => numeric_probe(query)?,
            // PostgreSQL has no other statement whose rows are computed, except those of RETURNING, which are columns.
            _ => None,
        };
        let pure = kind == Kind::Read && self.unknown_functions.is_empty();
        let unknown_functions = std::mem::take(&mut self.unknown_functions);
        let write_result = write_result(statement);
        let row_insert = RowInsert::of(self.source.sql, statement);
        let adapted = self.adapted(kind, vec![print(statement)?]);
        Ok(Adapted { probe, pure, unknown_functions, write_result, returns_given_row, row_insert, ..adapted })
    }

    fn kind(&self, statement: &Statement) -> Kind {
        match statement {
            Statement::Query(query) if changes_data(query) => Kind::Write,
            Statement::Query(_) if self.locks => Kind::LockingRead,
            Statement::Query(_) => Kind::Read,
            Statement::Explain {
                describe_alias: _,
                analyze,
                verbose: _,
                query_plan: _,
                estimate: _,
                statement: _,
                format: _,
                options,
            } => {
                // With ANALYZE the statement is run.
                let is_analyze = |option: &UtilityOption| option.name.value.eq_ignore_ascii_case("analyze");
                let is_run = *analyze || options.iter().flatten().any(is_analyze);
                if is_run { Kind::Write } else { Kind::Read }
            }
            _ => Kind::Write,
        }
    }
}

/// The result of the statement, when it changes rows and no part of its WITH does.
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
