//! Constraints of tables and columns.

use std::collections::{HashMap, HashSet};

use phantomdb_protocol::{Constraint, Error, ErrorCode, Result, TableName, TableSchema};
use phantomdb_sql::{alter_table::settle_deferral, names::mentioned_columns};
use sqlparser::{
    ast::{
        CheckConstraint, Expr, ForeignKeyConstraint, Ident, IndexColumn, KeyOrIndexDisplay,
        NullsDistinctOption, ObjectName, OrderByExpr, OrderByOptions, OrderBySort, PrimaryKeyConstraint,
        Spanned, TableConstraint, UniqueConstraint,
    },
    tokenizer::Span,
};

use super::{
    adapter::Adapter,
    clock::{CLOCK_IN_CHECK, refuse_clock},
};
use crate::{catalog::exactly, stored::stored_name};

/// The names of the constraints of one table.
#[derive(Debug)]
pub(super) struct Naming {
    pub(super) table: String,
    taken: HashSet<String>,
    /// The next number of each name that was taken, so that many constraints on the same columns are named soon.
    numbers: HashMap<String, u32>,
}

impl Naming {
    /// `taken` are the names that the user gave.
    pub(super) fn new(table: &TableName, taken: HashSet<String>) -> Self {
        Self { table: table.name.clone(), taken, numbers: HashMap::new() }
    }

    /// PostgreSQL's name for a constraint without one: `table_column_suffix`.
    fn name(&mut self, columns: &[String], suffix: &str) -> Ident {
        let parts: Vec<&str> = std::iter::once(self.table.as_str())
            .chain(columns.iter().map(String::as_str))
            .chain([suffix])
            .collect();
        let base = parts.join("_");
        let mut name = base.clone();
        if self.taken.contains(&base) {
            let number = self.numbers.entry(base.clone()).or_insert(1);
            while self.taken.contains(&name) {
                name = format!("{base}{number}");
                *number += 1;
            }
        }
        self.taken.insert(name.clone());
        Ident::with_quote('"', name)
    }

    pub(super) fn keep_or_name(&mut self, name: Option<Ident>, columns: &[String], suffix: &str) -> Ident {
        match name {
            Some(name) => {
                self.taken.insert(name.value.clone());
                name
            }
            None => self.name(columns, suffix),
        }
    }
}

impl Adapter<'_> {
    /// The columns of a key. SQLite takes an order and a collation there, which PostgreSQL does not.
    pub(super) fn key_columns(&self, columns: &[IndexColumn]) -> Result<Vec<String>> {
        let mut names = Vec::with_capacity(columns.len());
        for IndexColumn { column, operator_class } in columns {
            let OrderByExpr { expr, options: OrderByOptions { sort, nulls_first }, with_fill } = column;
            self.refuse(
                &[
                    (matches!(sort, Some(OrderBySort::Using(_))), "USING in a key"),
                    (nulls_first.is_some(), "the order of NULLs in a key"),
                    (with_fill.is_some(), "WITH FILL"),
                    (operator_class.is_some(), "an operator class in a key"),
                ],
                || expr.span(),
            )?;
            let mut expr = expr;
            while let Expr::Collate { expr: inner, collation: _ } = expr {
                expr = inner;
            }
            match expr {
                Expr::Identifier(name) => names.push(name.value.clone()),
                other => return self.unsupported("an expression in a key", other.span()),
            }
        }
        Ok(names)
    }

    /// Refuses what a key that moves to its column would lose there.
    pub(super) fn refuse_order_of_key(&self, columns: &[IndexColumn]) -> Result<()> {
        for IndexColumn { column, operator_class: _ } in columns {
            let OrderByExpr { expr, options: OrderByOptions { sort, nulls_first: _ }, with_fill: _ } = column;
            self.refuse(
                &[
                    (sort.is_some(), "an order in a key of one column"),
                    (!matches!(expr, Expr::Identifier(_)), "a collation in a key of one column"),
                ],
                || expr.span(),
            )?;
        }
        Ok(())
    }

    pub(super) fn refuse_key_options(&self, key: &mut PrimaryKeyConstraint) -> Result<()> {
        let PrimaryKeyConstraint {
            name: _,
            index_name,
            index_type,
            columns: _,
            include,
            index_options,
            characteristics,
        } = key;
        settle_deferral(characteristics, &self.source, Span::empty())?;
        self.refuse(
            &[
                (characteristics.is_some(), "a deferrable PRIMARY KEY constraint"),
                (index_name.is_some(), "an index name in PRIMARY KEY"),
                (index_type.is_some(), "USING in PRIMARY KEY"),
                (!include.is_empty(), "INCLUDE in PRIMARY KEY"),
                (!index_options.is_empty(), "an index option in PRIMARY KEY"),
            ],
            Span::empty,
        )
    }

    /// UNIQUE, of a column or of the table. The result is its columns.
    pub(super) fn unique_constraint(&self, unique: &mut UniqueConstraint) -> Result<Vec<String>> {
        let UniqueConstraint {
            name: _,
            index_name,
            index_type_display,
            index_type,
            columns,
            include,
            index_options,
            characteristics,
            nulls_distinct,
        } = unique;
        settle_deferral(characteristics, &self.source, Span::empty())?;
        self.refuse(
            &[
                (characteristics.is_some(), "a deferrable UNIQUE constraint"),
                (index_name.is_some(), "an index name in UNIQUE"),
                (*index_type_display != KeyOrIndexDisplay::None, "UNIQUE KEY"),
                (index_type.is_some(), "USING in UNIQUE"),
                (!include.is_empty(), "INCLUDE in UNIQUE"),
                (!index_options.is_empty(), "an index option in UNIQUE"),
                (*nulls_distinct == NullsDistinctOption::NotDistinct, "NULLS NOT DISTINCT"),
            ],
            Span::empty,
        )?;
        // SQLite has no word for NULLS DISTINCT, the default.
        *nulls_distinct = NullsDistinctOption::None;
        self.key_columns(columns)
    }

    pub(super) fn check_constraint(&mut self, check: &mut CheckConstraint) -> Result<()> {
        let CheckConstraint { name: _, expr, no_inherit, enforced } = check;
        self.refuse(&[(*enforced == Some(false), "NOT ENFORCED")], || expr.span())?;
        // PhantomDB SQL has no inherited tables, and SQLite enforces every check.
        (*no_inherit, *enforced) = (false, None);
        self.defined(expr)?;
        refuse_clock(expr, CLOCK_IN_CHECK).map_err(|error| self.at(error, expr.span()))
    }

    /// Adapts a foreign key of the table `own`.
    pub(super) fn foreign_key(&self, key: &mut ForeignKeyConstraint, own: &str) -> Result<()> {
        let span = key.foreign_table.span();
        let ForeignKeyConstraint {
            name: _,
            index_name,
            columns: _,
            foreign_table,
            // SQLite writes the columns and the actions as PostgreSQL does.
            referred_columns,
            on_delete: _,
            on_update: _,
            match_kind,
            characteristics,
        } = key;
        let table = self.source.table(foreign_table)?;
        self.refuse(
            &[
                (match_kind.is_some(), "MATCH in a foreign key"),
                (index_name.is_some(), "an index name in a foreign key"),
            ],
            || span,
        )?;
        settle_deferral(characteristics, &self.source, span)?;
        if table.name != own
            && let Some(parent) = self.catalog.table(&table)
        {
            exactly(&table, parent.table.clone()).map_err(|error| self.at(error, span))?;
            let columns: Vec<String> = referred_columns.iter().map(|column| column.value.clone()).collect();
            refuse_key_without_unique(&parent, &columns).map_err(|error| self.at(error, span))?;
        }
        // A table that is not there yet is fine: tables that reference each other are created one after the other, and
        // models at the same time. A row with such a key is refused until the table comes.
        *foreign_table = ObjectName::from(vec![Ident::with_quote('"', stored_name(&table))]);
        Ok(())
    }

    pub(super) fn table_constraint(
        &mut self,
        constraint: &mut TableConstraint,
        naming: &mut Naming,
    ) -> Result<()> {
        match constraint {
            TableConstraint::Unique(unique) => {
                let columns = self.unique_constraint(unique)?;
                unique.name = Some(naming.keep_or_name(unique.name.take(), &columns, "key"));
            }
            TableConstraint::PrimaryKey(key) => {
                self.refuse_key_options(key)?;
                key.name = Some(naming.keep_or_name(key.name.take(), &[], "pkey"));
            }
            TableConstraint::ForeignKey(key) => {
                let columns: Vec<String> = key.columns.iter().map(|column| column.value.clone()).collect();
                key.name = Some(naming.keep_or_name(key.name.take(), &columns, "fkey"));
                self.foreign_key(key, &naming.table)?;
            }
            TableConstraint::Check(check) => {
                let mentioned = mentioned_columns(&check.expr);
                let columns = if mentioned.len() == 1 { mentioned } else { Vec::new() };
                check.name = Some(naming.keep_or_name(check.name.take(), &columns, "check"));
                self.check_constraint(check)?;
            }
            other => {
                let what = format!("the constraint '{other}'");
                return self.unsupported(&what, other.span());
            }
        }
        Ok(())
    }
}

/// Refuses a foreign key to columns that are not there, or that several rows may share. SQLite would find out when a row is
/// written.
fn refuse_key_without_unique(parent: &TableSchema, columns: &[String]) -> Result<()> {
    if columns.is_empty() {
        if parent.primary_key.is_empty() {
            let message =
                format!("the table \"{}\" has no primary key for a foreign key to refer to", parent.table);
            return Err(
                Error::new(ErrorCode::UnknownConstraint, message).with_table(parent.table.to_string())
            );
        }
        return Ok(());
    }
    for column in columns {
        if !parent.columns.iter().any(|known| known.name == *column) {
            let message = format!(
                "the table \"{}\" has no column \"{column}\" for a foreign key to refer to",
                parent.table
            );
            return Err(Error::new(ErrorCode::UnknownColumn, message).with_columns([column]));
        }
    }
    let same = |key: &[String]| {
        key.len() == columns.len()
            && columns.iter().all(|column| key.iter().any(|part| part.eq_ignore_ascii_case(column)))
    };
    let by_constraint = parent.constraints.iter().any(|constraint| match constraint {
        Constraint::PrimaryKey { name: _, columns } | Constraint::Unique { name: _, columns } => {
            same(columns)
        }
        _ => false,
    });
    let by_index = parent.indexes.iter().any(|index| {
        let fields: Option<Vec<String>> = index.fields.iter().map(|field| field.column.clone()).collect();
        index.unique && index.condition.is_none() && fields.is_some_and(|fields| same(&fields))
    });
    if by_constraint || by_index || same(&parent.primary_key) {
        return Ok(());
    }
    let message = format!(
        "a foreign key refers to the columns {} of \"{}\", which have no unique constraint",
        columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", "),
        parent.table
    );
    Err(Error::new(ErrorCode::SyntaxError, message).with_table(parent.table.to_string()))
}
