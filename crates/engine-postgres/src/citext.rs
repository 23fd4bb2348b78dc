//! The names of the columns of PostgreSQL's type `citext`, which ignores case.
//!
//! PhantomDB SQL matches the text of any value against a pattern, so the operand of LIKE is cast to text for PostgreSQL. That
//! cast would make a `citext` respect case. PostgreSQL alone knows the type of an operand, and only when the statement is
//! prepared. So the engine knows which names are those of such columns.

use std::collections::HashMap;

use phantomdb_protocol::{AlterOperation, ColumnDefinition};
use phantomdb_sql::types::SqlType;

/// The names as a JSON object, each with whether all columns of that name are texts. NULL in a database without the type.
/// A domain counts as its base type.
pub(crate) const FIND: &str = "CASE WHEN pg_catalog.to_regtype('citext') IS NOT NULL THEN (\
    SELECT json_object_agg(name, texts) FROM (\
    SELECT a.attname AS name, bool_and(b.base IN ('text'::regtype, 'varchar'::regtype, pg_catalog.to_regtype('citext'))) AS texts \
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class r ON r.oid = a.attrelid \
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid, \
      LATERAL (SELECT CASE t.typbasetype WHEN 0 THEN t.oid ELSE t.typbasetype END AS base) b \
     WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind IN ('r', 'v', 'm', 'f', 'p') \
       AND r.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) \
     GROUP BY a.attname HAVING bool_or(b.base = pg_catalog.to_regtype('citext'))) columns) END";

/// The columns that a name may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// All are texts, with case or without. PostgreSQL matches each of them as it is.
    Texts,
    /// Some may be of another type.
    Unsure,
}

/// The names of columns of `citext`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CitextColumns(HashMap<String, Named>);

/// A column that a statement makes, or gives another type or name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewColumn {
    pub(crate) name: String,
    /// True when it may be of `citext`.
    pub(crate) ignores_case: bool,
}

impl CitextColumns {
    /// The names of the columns of one table.
    pub(crate) fn of_table(columns: &[ColumnDefinition]) -> Self {
        let ignores_case = |column: &&ColumnDefinition| {
            SqlType::parse(&column.data_type).is_ok_and(|known| known == SqlType::CiText)
        };
        Self(columns.iter().filter(ignores_case).map(|column| (column.name.clone(), Named::Texts)).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, name: &str) -> Option<Named> {
        self.0.get(name).copied()
    }

    pub(crate) fn add(&mut self, name: &str, named: Named) {
        self.0.insert(name.to_owned(), named);
    }

    /// These, with what the catalog has (see [`FIND`]). None when nothing is new. What the catalog lacks may be of a
    /// transaction that is open.
    pub(crate) fn with_found(&self, found: &str) -> Option<Self> {
        let found: HashMap<String, bool> = serde_json::from_str(found).ok()?;
        let mut known = self.clone();
        for (name, texts) in found {
            known.0.insert(name, if texts { Named::Texts } else { Named::Unsure });
        }
        Some(known).filter(|known| known != self)
    }

    /// These, with the columns that a statement makes. None when nothing is new.
    pub(crate) fn with_new(&self, columns: &[NewColumn]) -> Option<Self> {
        let is_new = |column: &&NewColumn| match self.get(&column.name) {
            None => column.ignores_case,
            Some(Named::Texts) => !column.ignores_case,
            Some(Named::Unsure) => false,
        };
        let mut new = columns.iter().filter(is_new).peekable();
        new.peek()?;
        let mut known = self.clone();
        new.for_each(|column| known.add(&column.name, Named::Unsure));
        Some(known)
    }

    /// A column of this type; none when it changes nothing of what is known, because it is a text with case.
    pub(crate) fn new_column(name: &str, data_type: &SqlType) -> Option<NewColumn> {
        let is_text = matches!(data_type, SqlType::Text | SqlType::Varchar(_));
        let ignores_case = *data_type == SqlType::CiText;
        (!is_text).then(|| NewColumn { name: name.to_owned(), ignores_case })
    }

    /// A column with another name.
    pub(crate) fn renamed(&self, from: &str, to: &str) -> NewColumn {
        NewColumn { name: to.to_owned(), ignores_case: self.get(from).is_some() }
    }

    /// The columns that a change of a table makes.
    pub(crate) fn new_columns_of(&self, operations: &[AlterOperation]) -> Vec<NewColumn> {
        let new = |operation: &AlterOperation| match operation {
            AlterOperation::AddColumn { column } | AlterOperation::ChangeColumn { column, using: _ } => {
                Self::new_column(&column.name, &SqlType::parse(&column.data_type).ok()?)
            }
            AlterOperation::RenameColumn { from, to } => Some(self.renamed(from, to)),
            AlterOperation::RenameTable { to: _ }
            | AlterOperation::DropColumn { name: _, cascade: _ }
            | AlterOperation::AddConstraint { constraint: _ }
            | AlterOperation::DropConstraint { name: _, cascade: _ }
            | AlterOperation::RenameConstraint { from: _, to: _ } => None,
        };
        operations.iter().filter_map(new).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, ignores_case: bool) -> [NewColumn; 1] {
        [NewColumn { name: name.to_owned(), ignores_case }]
    }

    #[test]
    fn a_new_column_makes_a_name_unsure_until_the_catalog_is_read() {
        let none = CitextColumns::default();
        assert_eq!(none.with_new(&made("c", false)), None);
        let known = none.with_new(&made("c", true)).unwrap();
        assert_eq!(known.get("c"), Some(Named::Unsure));
        let known = known.with_found(r#"{"c":true,"d":false}"#).unwrap();
        assert_eq!([known.get("c"), known.get("d")], [Some(Named::Texts), Some(Named::Unsure)]);
        assert_eq!(known.with_new(&made("c", true)), None);
        assert_eq!(known.with_new(&made("c", false)).unwrap().get("c"), Some(Named::Unsure));
        assert_eq!(known.with_found(r#"{"c":true}"#), None);
    }
}
