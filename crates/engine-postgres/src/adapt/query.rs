//! Queries: clauses that PostgreSQL lacks, although the parser reads them, and queries that change rows.

use phantomdb_protocol::Result;
use sqlparser::ast::{Query, Select, SetExpr, Spanned};

use super::adapter::Adapter;

impl Adapter<'_> {
    pub(crate) fn refuse_query_clauses(&self, query: &Query) -> Result<()> {
        if query.for_clause.is_some() || query.settings.is_some() || !query.pipe_operators.is_empty() {
            return self.unsupported("this clause of a query", query.span());
        }
        Ok(())
    }

    pub(crate) fn refuse_select_clauses(&self, select: &Select) -> Result<()> {
        let span = select.select_token.0.span;
        if select.into.is_some() || select.top.is_some() || !select.lateral_views.is_empty() {
            return self.unsupported("SELECT INTO", span);
        }
        if select.qualify.is_some() || !select.connect_by.is_empty() || select.prewhere.is_some() {
            return self.unsupported("this clause of a SELECT", span);
        }
        Ok(())
    }
}

/// Whether the query, or one it begins with, changes rows.
pub(crate) fn changes_data(query: &Query) -> bool {
    let changes = |body: &SetExpr| {
        matches!(body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_))
    };
    changes(&query.body)
        || query.with.iter().flat_map(|with| &with.cte_tables).any(|cte| changes_data(&cte.query))
}
