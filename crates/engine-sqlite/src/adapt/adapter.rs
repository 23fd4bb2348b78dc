//! The state of one adaptation.

use std::{cell::Cell, ops::ControlFlow};

use phantomdb_protocol::{Error, ErrorCode, Result, TableName};
use phantomdb_sql::{Catalog, Source, typing::Type, walk::each_expression};
use sqlparser::{
    ast::{Expr, TableWithJoins},
    tokenizer::Span,
};

use super::{
    adapted::DirectInsert,
    scope::{CommonTable, Relation, Scope},
    target::Cell as DirectCell,
};
use crate::{
    source_expressions::SourceExpression,
    stored::{self},
};

/// The expressions that an adaptation may write for each token, and for any statement. Where an operator is written out, its
/// operands are repeated, and operators within each other would grow without end.
const EXPRESSIONS_PER_TOKEN: usize = 64;
const EXPRESSIONS_MIN: usize = 50_000;

/// Adapts one statement, each part of its tree in place.
pub(super) struct Adapter<'a> {
    pub(super) source: Source<'a>,
    pub(super) catalog: &'a dyn Catalog,
    /// The FROM clauses around the current expression, the innermost last.
    pub(super) scopes: Vec<Scope>,
    /// The WITH queries in force, the innermost last.
    pub(super) common_tables: Vec<CommonTable>,
    /// The recursive query of WITH whose first part is being adapted: its place in `common_tables`, and the names of its
    /// columns.
    pub(super) recursive: Option<(usize, Vec<String>)>,
    /// The functions that return rows in the columns of the current SELECT, as relations to add to its FROM. None outside of
    /// these columns.
    pub(super) sets: Option<Vec<TableWithJoins>>,
    /// The relations that were read, for a statement with WITH queries that change rows.
    pub(super) reads: Vec<Read>,
    pub(super) parameter_count: usize,
    /// The depth of the current expression.
    pub(super) depth: usize,
    /// The number of expressions that may still be written.
    pub(super) expressions_left: Cell<usize>,
    /// True when a query locks the rows that it reads.
    pub(super) locking: bool,
    /// True when the statement has a SELECT anywhere.
    pub(super) reads_rows: bool,
    /// True in a definition (CHECK, index, default), where SQLite takes a column's name without its table only.
    pub(super) bare_columns: bool,
    /// True in a definition, which cannot have parameters.
    pub(super) refuse_parameters: bool,
    /// True in a view, whose `*` stands for the columns that there are when it is made.
    pub(super) expands_stars: bool,
    /// The parameters of the row of an INSERT that stand for the default of their column, from 0.
    pub(super) defaults: &'a [usize],
    /// The types of the values of parameters, by their places from 0, that nothing in the statement gives a type. None while
    /// the values are not known: then a parameter may be taken for a number.
    pub(super) types_of_values: Option<&'a [(usize, Type)]>,
    /// True to match every LIKE with a function of our own, which takes patterns of any length.
    pub(super) own_like: bool,
    /// True when the statement is an INSERT of one row that has every parameter.
    pub(super) takes_rows: bool,
    /// The parameters of the row of such an INSERT; none when the row has anything else.
    pub(super) direct_cells: Option<Vec<DirectCell>>,
    pub(super) direct_insert: Option<DirectInsert>,
    /// True when the statement has ON CONFLICT DO UPDATE.
    pub(super) updates_on_conflict: bool,
    pub(super) returns_given_row: bool,
    /// The expressions of a definition whose text in SQLite differs from the user's.
    pub(super) source_expressions: Vec<SourceExpression>,
}

impl<'a> Adapter<'a> {
    /// True when a parameter may be taken for a number, where nothing else decides.
    pub(super) fn assumes_numbers(&self) -> bool {
        self.types_of_values.is_none()
    }

    pub(super) fn new(sql: &'a str, catalog: &'a dyn Catalog) -> Self {
        Self {
            source: stored::source(sql),
            catalog,
            scopes: Vec::new(),
            common_tables: Vec::new(),
            recursive: None,
            sets: None,
            reads: Vec::new(),
            parameter_count: 0,
            depth: 0,
            expressions_left: Cell::new(EXPRESSIONS_MIN),
            locking: false,
            reads_rows: false,
            bare_columns: false,
            refuse_parameters: false,
            expands_stars: false,
            defaults: &[],
            types_of_values: None,
            own_like: false,
            takes_rows: false,
            direct_cells: None,
            direct_insert: None,
            updates_on_conflict: false,
            returns_given_row: false,
            source_expressions: Vec::new(),
        }
    }

    /// Allows as many expressions as a statement of so many tokens needs.
    pub(super) fn allow_expressions(&mut self, tokens: usize) {
        self.expressions_left = Cell::new(EXPRESSIONS_MIN + EXPRESSIONS_PER_TOKEN * tokens);
    }

    /// Counts an expression. Fails with `TOO_LARGE` when there are too many.
    pub(super) fn count_expression(&self) -> Result<()> {
        let left = self.expressions_left.get().checked_sub(1).ok_or_else(too_large)?;
        self.expressions_left.set(left);
        Ok(())
    }

    /// Counts the expressions of one that is written once more.
    pub(super) fn count_repeated(&self, expr: &Expr) -> Result<()> {
        let counted = each_expression(expr, &mut |_| match self.count_expression() {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        });
        if counted.is_break() { Err(too_large()) } else { Ok(()) }
    }

    /// `UNSUPPORTED`, with the name and the position of the construct.
    pub(super) fn unsupported<T>(&self, what: &str, span: Span) -> Result<T> {
        self.source.unsupported(what, span)
    }

    /// Refuses the first construct of a list that is present. `span` is called only then: it walks through the whole tree.
    pub(super) fn refuse(&self, constructs: &[(bool, &str)], span: impl FnOnce() -> Span) -> Result<()> {
        match constructs.iter().find(|(is_present, _)| *is_present) {
            Some((_, name)) => self.unsupported(name, span()),
            None => Ok(()),
        }
    }

    /// Adds the position to an error that has none.
    pub(super) fn at(&self, error: Error, span: Span) -> Error {
        self.source.at(error, span)
    }

    /// Adds a relation to the innermost FROM clause.
    pub(super) fn add_relation(&mut self, relation: Relation) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.relations.push(relation);
        }
    }
}

fn too_large() -> Error {
    let message = "operators within each other, such as BETWEEN, ANY and NULLIF, repeat their operands too often; compute the \
         inner ones in a sub-query";
    Error::new(ErrorCode::TooLarge, message)
}

/// A relation that a part of the statement reads.
#[derive(Debug, Clone)]
pub(crate) enum Read {
    Table(TableName),
    /// A query of WITH.
    Common(String),
}
