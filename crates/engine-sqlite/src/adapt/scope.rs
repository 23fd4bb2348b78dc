//! The relations that a statement names, their columns, and the types of those.

use std::sync::Arc;

use phantomdb_protocol::{ColumnDefinition, TableSchema};

use phantomdb_sql::typing::Type;
use sqlparser::ast::Expr;

use super::typed::{Origin, Typed};
use crate::types::{column_type_of_sql, from_declared};

/// A column of a query's result, or of a relation.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) typed: Typed,
    /// What SQLite has for the column, when it is no column there.
    pub(super) expr: Option<Expr>,
}

impl Output {
    pub(super) fn new(name: impl Into<String>, typed: Typed) -> Self {
        Self { name: name.into(), typed, expr: None }
    }

    /// A numeric as one like any other, whatever it was computed from.
    pub(super) fn exact(mut self) -> Self {
        if self.typed.is(Type::Numeric) {
            self.typed.wire = Some(Type::Numeric.wire());
        }
        self
    }

    /// The column as a query around this one sees it: what had no type is text now.
    pub(super) fn outside(self) -> Self {
        let mut output = self.exact();
        if output.typed.is_unknown() {
            output.typed = Typed { nullable: output.typed.nullable, ..Typed::of(Type::Text) };
        }
        // The collation of the expression is the collation of the column.
        output.typed.origin = Origin::Column;
        output.expr = None;
        output
    }
}

/// The result of a search for a column.
#[derive(Debug)]
pub(super) enum Found {
    Column(Box<Output>),
    /// There is no such column, but one whose name differs in upper and lower case.
    Spelled(String),
    Nothing,
}

/// The columns of a relation.
#[derive(Debug, Clone)]
pub(super) enum Columns {
    Table(Arc<TableSchema>),
    Listed(Arc<Vec<Output>>),
    Unknown,
}

impl Columns {
    /// All columns in order; none when they are not known. `outer` makes them nullable.
    pub(super) fn outputs(&self, outer: bool) -> Option<Vec<Output>> {
        let mut outputs = match self {
            Self::Table(table) => table
                .columns
                .iter()
                .map(|column| Output::new(&column.name, typed_column(table, column)))
                .collect(),
            Self::Listed(outputs) => outputs.as_ref().clone(),
            Self::Unknown => return None,
        };
        if outer {
            outputs.iter_mut().for_each(|output| output.typed.nullable = true);
        }
        Some(outputs)
    }

    fn find(&self, name: &str) -> Found {
        let output = |matches: &dyn Fn(&str) -> bool| match self {
            Self::Table(table) => table
                .columns
                .iter()
                .find(|column| matches(&column.name))
                .map(|column| Output::new(&column.name, typed_column(table, column))),
            Self::Listed(outputs) => outputs.iter().find(|output| matches(&output.name)).cloned(),
            Self::Unknown => None,
        };
        match output(&|own| own == name) {
            Some(found) => Found::Column(Box::new(found)),
            None => match output(&|own| own.eq_ignore_ascii_case(name)) {
                Some(other) => Found::Spelled(other.name),
                None => Found::Nothing,
            },
        }
    }
}

fn typed_column(table: &TableSchema, column: &ColumnDefinition) -> Typed {
    Typed {
        data_type: from_declared(&column.data_type).in_expressions(),
        wire: Some(column_type_of_sql(&column.data_type)),
        nullable: column.allow_null
            && !column.primary_key
            && !table.primary_key.iter().any(|key| key.eq_ignore_ascii_case(&column.name)),
        origin: Origin::Column,
    }
}

/// A query of a WITH clause that is in force.
#[derive(Debug)]
pub(super) struct CommonTable {
    pub(super) name: String,
    pub(super) columns: Columns,
}

/// A relation of a FROM clause.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// The name by which SQLite knows it.
    pub(super) name: String,
    /// A second name: the name of the table without its schema when it has no alias, or an alias that SQLite does not know.
    pub(super) bare: Option<String>,
    pub(super) columns: Columns,
    /// True on the side of an outer join whose rows may be missing.
    pub(super) outer: bool,
    /// The names of the columns in the table, when an alias gives the columns others.
    pub(super) own_names: Option<Vec<String>>,
}

impl Relation {
    /// A relation with one name, outside of outer joins.
    pub(super) const fn new(name: String, columns: Columns) -> Self {
        Self { name, bare: None, columns, outer: false, own_names: None }
    }

    /// True when the relation has that name in the statement.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let names = std::iter::once(self.name.as_str()).chain(self.bare.as_deref());
        names.into_iter().any(|own| own == name)
    }
}

/// The relations of one FROM clause.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) relations: Vec<Relation>,
    /// The relations after FROM or USING of a write, which SQLite does not know in RETURNING. A name of a column that one of
    /// them has, too, is ambiguous there.
    pub(super) beside: Vec<Relation>,
    /// The columns that USING or NATURAL merges. `*` gives them once and first.
    pub(super) merged: Vec<String>,
    /// True when the columns that are merged are not known.
    pub(super) merges_unknown: bool,
    /// The columns that USING of a FULL JOIN merges, when SQLite is given ON instead: the value of either side.
    pub(super) shared: Vec<Output>,
    /// True when the relations stand in another order in SQLite, or beside others, so that its `*` gives other columns.
    pub(super) reordered: bool,
    /// True when a column to which nothing gives a type is a text.
    pub(super) has_texts: bool,
    /// True when a function in the columns of the SELECT returns rows: `json_each` is a relation then, too.
    pub(super) has_row_function: bool,
}

/// The columns of SQLite's `json_each`, which a column without a qualifier must not be taken for.
const COLUMNS_OF_ROWS: [&str; 8] = ["key", "value", "type", "atom", "id", "parent", "fullkey", "path"];

impl Scope {
    /// The relation to name before a column that `json_each` has, too. None when the column needs no qualifier.
    pub(super) fn qualifier_of(&self, name: &str) -> Option<&str> {
        let has_rows = self.has_row_function
            || self.relations.iter().any(|relation| match &relation.columns {
                Columns::Listed(outputs) => outputs.iter().any(|output| output.expr.is_some()),
                Columns::Table(_) | Columns::Unknown => false,
            });
        let is_ambiguous = has_rows
            && COLUMNS_OF_ROWS.iter().any(|own| own.eq_ignore_ascii_case(name))
            && !self.merges_unknown
            && !self.merged.iter().any(|merged| merged.eq_ignore_ascii_case(name));
        let relation =
            self.relations.iter().find(|relation| matches!(relation.columns.find(name), Found::Column(_)));
        relation.filter(|_| is_ambiguous).map(|relation| relation.name.as_str())
    }

    /// Leaves the written table alone in the scope, for RETURNING.
    pub(super) fn keep_target(&mut self) {
        if !self.relations.is_empty() {
            self.beside = self.relations.split_off(1);
        }
    }

    /// True when a name without a qualifier may mean a column of the written table or one of another table.
    pub(super) fn is_ambiguous_beside(&self, name: &str) -> bool {
        self.beside.iter().any(|relation| matches!(relation.columns.find(name), Found::Column(_)))
    }

    /// Finds the relation that `qualifier` names.
    pub(super) fn relation(&self, qualifier: &str) -> Option<&Relation> {
        let excluded = |name: &str| name == "excluded" && qualifier.eq_ignore_ascii_case(name);
        self.relations
            .iter()
            .find(|relation| relation.name == qualifier || excluded(&relation.name))
            .or_else(|| self.relations.iter().find(|relation| relation.bare.as_deref() == Some(qualifier)))
    }

    /// The name of a relation that differs from `qualifier` in upper and lower case only.
    pub(super) fn spelled(&self, qualifier: &str) -> Option<&str> {
        self.relations
            .iter()
            .map(|relation| relation.name.as_str())
            .find(|name| name.eq_ignore_ascii_case(qualifier))
    }

    /// True when SQLite knows a relation by that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.relations.iter().any(|relation| relation.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn column(&self, qualifier: Option<&str>, name: &str) -> Found {
        let found = |relation: &Relation| match relation.columns.find(name) {
            Found::Column(mut output) => {
                output.typed.nullable |= relation.outer;
                Found::Column(output)
            }
            other => other,
        };
        if let Some(qualifier) = qualifier {
            return self.relation(qualifier).map_or(Found::Nothing, found);
        }
        if let Some(shared) = self.shared.iter().find(|output| output.name == name) {
            // SQLite refuses the name when a further relation has it, too.
            let mut others = self.relations.iter().skip(2);
            if !others.any(|relation| matches!(relation.columns.find(name), Found::Column(_))) {
                return Found::Column(Box::new(shared.clone()));
            }
        }
        let mut spelled = Found::Nothing;
        for relation in &self.relations {
            match found(relation) {
                Found::Nothing => {}
                // Another relation, or a query further out, may have the exact name.
                Found::Spelled(name) => spelled = Found::Spelled(name),
                column @ Found::Column(_) => return column,
            }
        }
        // A relation that is not known may have it.
        let unknown = self.relations.iter().any(|relation| matches!(relation.columns, Columns::Unknown));
        if unknown { Found::Nothing } else { spelled }
    }
}
