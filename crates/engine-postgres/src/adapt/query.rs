//! Queries: clauses that PostgreSQL lacks, although the parser reads them, and queries that change rows.

use phantomdb_protocol::Result;
use sqlparser::ast::{Query, Select, SetExpr, Spanned};

use super::adapter::Adapter;

impl Adapter<'_> {
    /// Refuses the clauses of a query that PostgreSQL lacks. The fields without a name are printed as they were written,
    /// or adapted on their own, and PostgreSQL reads them itself.
    pub(crate) fn refuse_query_clauses(&self, query: &Query) -> Result<()> {
        let Query {
            with: _,
            body: _,
            order_by: _,
            limit_clause: _,
            fetch: _,
            locks: _,
            for_clause,
            settings,
            format_clause: _,
            pipe_operators,
        } = query;
        if for_clause.is_some() || settings.is_some() || !pipe_operators.is_empty() {
            return self.unsupported("this clause of a query", query.span());
        }
        Ok(())
    }

    /// Refuses the clauses of a SELECT that PostgreSQL lacks, as [`Self::refuse_query_clauses`] does.
    pub(crate) fn refuse_select_clauses(&self, select: &Select) -> Result<()> {
        let Select {
            select_token,
            optimizer_hints: _,
            distinct: _,
            select_modifiers: _,
            top,
            top_before_distinct: _,
            projection: _,
            exclude: _,
            into,
            from: _,
            lateral_views,
            prewhere,
            selection: _,
            connect_by,
            group_by: _,
            cluster_by: _,
            distribute_by: _,
            sort_by: _,
            having: _,
            named_window: _,
            qualify,
            window_before_qualify: _,
            value_table_mode: _,
            flavor: _,
        } = select;
        let span = select_token.0.span;
        if into.is_some() || top.is_some() || !lateral_views.is_empty() {
            return self.unsupported("SELECT INTO", span);
        }
        if qualify.is_some() || !connect_by.is_empty() || prewhere.is_some() {
            return self.unsupported("this clause of a SELECT", span);
        }
        Ok(())
    }
}

/// True when the query, or a part of its WITH, changes rows.
pub(crate) fn changes_data(query: &Query) -> bool {
    let changes = |body: &SetExpr| {
        matches!(body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_))
    };
    changes(&query.body)
        || query.with.iter().flat_map(|with| &with.cte_tables).any(|cte| changes_data(&cte.query))
}
