//! Builds the description of a table from the rows of the catalog.

use std::collections::HashMap;

use phantomdb_protocol::{
    ColumnDefinition, Constraint, IndexField, IndexSchema, Reference, ReferentialAction, TableSchema,
};
use phantomdb_sql::{
    describe::apply_constraints,
    printer::{self, Style},
};

use super::{
    expression,
    rows::{ColumnRow, ConstraintRow, IndexRow, Relation},
};
use crate::{
    schemas::table_in,
    types::{self, LATER_KEY, marker_of},
};

/// The description of a table from its rows in the catalog.
pub(crate) fn table_schema(
    relation: Relation,
    columns: &[ColumnRow],
    constraints: &[ConstraintRow],
    indexes: Vec<IndexRow>,
) -> TableSchema {
    let reader = SchemaReader::new(columns, constraints);
    let mut schema = TableSchema {
        table: table_in(relation.schema, relation.name),
        columns: columns.iter().map(|column| reader.column(column)).collect(),
        primary_key: Vec::new(),
        constraints: constraints.iter().filter_map(|constraint| reader.constraint(constraint)).collect(),
        indexes: Vec::new(),
        comment: relation.comment,
    };
    apply_constraints(&mut schema);
    schema.indexes.extend(reader.indexes(indexes));
    schema
}

/// The meaning of a check that always holds, for its one column.
enum MarkerMeaning {
    /// The type of the column, with the values of an `ENUM`.
    Type(Option<Vec<String>>),
    /// The default of the column was added as a constraint with the name of the check.
    Default,
}

/// Reads the rows of the catalog, with what has to be known about the whole table.
struct SchemaReader<'a> {
    columns: HashMap<i16, &'a ColumnRow>,
    /// The key is the name of the check.
    meanings: HashMap<&'a str, (i16, MarkerMeaning)>,
}

impl<'a> SchemaReader<'a> {
    fn new(columns: &'a [ColumnRow], constraints: &'a [ConstraintRow]) -> Self {
        let columns = columns.iter().map(|column| (column.number, column)).collect();
        let mut reader = Self { columns, meanings: HashMap::new() };
        for constraint in constraints {
            let stands_for_key =
                constraint.comment.as_deref().is_some_and(|text| text.starts_with(LATER_KEY));
            if let ([column], Some(definition)) = (constraint.columns.as_slice(), &constraint.check)
                && !stands_for_key
                && let Some(meaning) = reader.meaning(&constraint.name, definition)
            {
                reader.meanings.insert(&constraint.name, (*column, meaning));
            }
        }
        reader
    }

    fn meaning(&self, name: &str, definition: &str) -> Option<MarkerMeaning> {
        let condition = expression::check(definition, &|column| self.is_text(column)).ok()?;
        match marker_of(name) {
            Some("enum") => {
                expression::enum_values(&condition).map(|values| MarkerMeaning::Type(Some(values)))
            }
            Some(_) => expression::is_always(&condition).then_some(MarkerMeaning::Type(None)),
            None => expression::is_always(&condition).then_some(MarkerMeaning::Default),
        }
    }

    fn is_text(&self, name: &str) -> bool {
        self.columns.values().any(|column| {
            column.name == name
                && matches!(column.stored.name.as_str(), "text" | "varchar" | "bpchar" | "citext")
        })
    }

    fn to_phantom(&self, sql: &str) -> String {
        expression::to_phantom(sql, &|column| self.is_text(column))
    }

    /// The default of a column; none when the database numbers its rows.
    fn default(&self, column: &ColumnRow) -> Option<String> {
        let default = column.default.as_deref().filter(|_| !column.generated && !is_numbered(column))?;
        Some(self.to_phantom(default)).filter(|default| default != "NULL")
    }

    fn column(&self, column: &ColumnRow) -> ColumnDefinition {
        let mark = self.meanings.iter().find_map(|(name, (number, meaning))| match meaning {
            MarkerMeaning::Type(values) if *number == column.number => {
                Some((marker_of(name), values.clone()))
            }
            _ => None,
        });
        let (mark, values) = mark.unwrap_or_default();
        ColumnDefinition {
            name: column.name.clone(),
            data_type: types::sql_type(&column.stored, mark, values).name(),
            type_parts: None,
            allow_null: !column.not_null,
            primary_key: false,
            auto_increment: is_numbered(column),
            unique: false,
            default: self.default(column),
            generated: column.default.as_deref().filter(|_| column.generated).map(|sql| self.to_phantom(sql)),
            references: None,
            comment: column.comment.clone(),
        }
    }

    /// The constraint; none for a check that only carries the type of its column.
    fn constraint(&self, constraint: &ConstraintRow) -> Option<Constraint> {
        if let Some(key) = self.later_key(constraint) {
            return Some(key);
        }
        let name = Some(constraint.name.clone());
        let columns = || {
            let names = constraint.columns.iter().filter_map(|number| self.columns.get(number));
            names.map(|column| column.name.clone()).collect()
        };
        match constraint.kind.as_str() {
            "p" => Some(Constraint::PrimaryKey { name, columns: columns() }),
            "u" => Some(Constraint::Unique { name, columns: columns() }),
            "f" => {
                Some(Constraint::ForeignKey { name, columns: columns(), references: reference(constraint)? })
            }
            _ => match self.meanings.get(constraint.name.as_str()) {
                Some((_, MarkerMeaning::Type(_))) => None,
                Some((number, MarkerMeaning::Default)) => {
                    let column = self.columns.get(number)?;
                    Some(Constraint::Default {
                        name,
                        column: column.name.clone(),
                        value: self.default(column)?,
                    })
                }
                None => {
                    Some(Constraint::Check { name, expression: self.condition(constraint.check.as_deref()?) })
                }
            },
        }
    }

    /// The foreign key in whose place a check stands.
    fn later_key(&self, constraint: &ConstraintRow) -> Option<Constraint> {
        let written = constraint.comment.as_deref()?.strip_prefix(LATER_KEY)?;
        let mut key: Constraint = serde_json::from_str(written).ok()?;
        if let Constraint::ForeignKey { name, columns, references: _ } = &mut key {
            *name = Some(constraint.name.clone());
            // The column or the constraint may have been renamed since.
            if let ([number], [only]) = (constraint.columns.as_slice(), columns.as_mut_slice())
                && let Some(column) = self.columns.get(number)
            {
                only.clone_from(&column.name);
            }
        }
        Some(key)
    }

    fn condition(&self, definition: &str) -> String {
        expression::check(definition, &|column| self.is_text(column))
            .and_then(|mut condition| printer::print(&mut condition, Style::Phantom))
            .unwrap_or_else(|_| definition.to_owned())
    }

    /// Builds the indexes from the rows of their fields. The fields of one index are consecutive.
    fn indexes(&self, rows: Vec<IndexRow>) -> Vec<IndexSchema> {
        let mut indexes: Vec<IndexSchema> = Vec::new();
        for row in rows {
            let field = self.index_field(&row);
            match indexes.last_mut().filter(|index| index.name == row.name) {
                Some(index) => index.fields.push(field),
                None => indexes.push(IndexSchema {
                    name: row.name,
                    unique: row.unique,
                    primary: false,
                    fields: vec![field],
                    condition: expression::index_condition(&row.definition, &|column| self.is_text(column)),
                    definition: Some(row.definition),
                }),
            }
        }
        indexes
    }

    fn index_field(&self, row: &IndexRow) -> IndexField {
        let column = self.columns.get(&row.column).map(|column| column.name.clone());
        IndexField {
            expression: column.is_none().then(|| self.to_phantom(&row.expression)),
            column,
            descending: row.descending,
            collate: row.collation.clone(),
            operator: None,
        }
    }
}

fn is_numbered(column: &ColumnRow) -> bool {
    let counted = |default: &str| default.starts_with("nextval(") || default.starts_with("unique_rowid(");
    column.identity || (!column.generated && column.default.as_deref().is_some_and(counted))
}

fn reference(constraint: &ConstraintRow) -> Option<Reference> {
    let (schema, name) = constraint.referenced.clone()?;
    Some(Reference {
        table: table_in(schema, name),
        columns: constraint.referenced_columns.clone(),
        on_delete: action(&constraint.on_delete),
        on_update: action(&constraint.on_update),
        deferrable: constraint.deferrable,
        initially_deferred: constraint.deferred,
    })
}

/// The action; none for `NO ACTION`, which is PostgreSQL's default.
fn action(code: &str) -> Option<ReferentialAction> {
    Some(match code {
        "r" => ReferentialAction::Restrict,
        "c" => ReferentialAction::Cascade,
        "n" => ReferentialAction::SetNull,
        "d" => ReferentialAction::SetDefault,
        _ => return None,
    })
}
