//! What PostgreSQL's catalog says of a table, in PhantomDB's words.

mod expression;
mod rows;

use std::collections::HashMap;

use phantomdb_protocol::{
    ColumnDefinition, Constraint, Error, ErrorCode, IndexField, IndexSchema, Reference, ReferentialAction,
    Result, TableName, TableSchema,
};

use super::{
    connection::Connection,
    types::{self, mark_of},
};
use phantomdb_sql::{
    describe::apply_constraints,
    printer::{self, Style},
};
use rows::{ColumnRow, ConstraintRow, IndexRow};

pub(super) use rows::{key_columns, schemas};

/// The schema of a table that names none.
pub(super) const DEFAULT_SCHEMA: &str = "public";

/// The schema that a table is in.
pub(super) fn schema_of(table: &TableName) -> &str {
    table.schema.as_deref().unwrap_or(DEFAULT_SCHEMA)
}

pub(super) fn named(schema: String, name: String) -> TableName {
    TableName { name, schema: Some(schema).filter(|schema| schema != DEFAULT_SCHEMA) }
}

/// The user's tables, sorted by name.
pub(super) async fn tables(connection: &Connection) -> Result<Vec<TableName>> {
    let mut tables: Vec<TableName> = rows::tables(connection.client())
        .await?
        .into_iter()
        .map(|(schema, name)| named(schema, name))
        .collect();
    tables.sort_by_cached_key(ToString::to_string);
    Ok(tables)
}

/// The table as it stands; `UNKNOWN_TABLE` when there is none.
pub(super) async fn describe(connection: &Connection, table: &TableName) -> Result<TableSchema> {
    let client = connection.client();
    let Some(relation) = rows::relation(client, schema_of(table), &table.name).await? else {
        return Err(unknown_table(table));
    };
    let (columns, constraints, indexes) = rows::parts(client, relation.oid).await?;
    let reader = Reader::new(&columns, &constraints);
    let mut schema = TableSchema {
        table: named(relation.schema, relation.name),
        columns: columns.iter().map(|column| reader.column(column)).collect(),
        primary_key: Vec::new(),
        constraints: constraints.iter().filter_map(|constraint| reader.constraint(constraint)).collect(),
        indexes: Vec::new(),
        comment: relation.comment,
    };
    apply_constraints(&mut schema);
    schema.indexes.extend(reader.indexes(indexes));
    Ok(schema)
}

/// The exact name of the table that is meant: names may differ in case, as on SQLite.
pub(super) async fn find(connection: &Connection, table: &TableName) -> Result<Option<TableName>> {
    let relation = rows::relation(connection.client(), schema_of(table), &table.name).await?;
    Ok(relation.map(|relation| named(relation.schema, relation.name)))
}

/// The names of the checks that tell the type of a column.
pub(super) async fn marks(connection: &Connection, table: &TableName, column: &str) -> Result<Vec<String>> {
    let mut names = rows::checks(connection.client(), schema_of(table), &table.name, column).await?;
    names.retain(|name| mark_of(name).is_some());
    Ok(names)
}

pub(super) fn unknown_table(table: &TableName) -> Error {
    Error::new(ErrorCode::UnknownTable, format!("there is no table \"{table}\""))
        .with_table(table.to_string())
}

/// What a check says of the one column that it is about.
enum Meaning {
    /// Its type, with the values when that is an `ENUM`.
    Type(Option<Vec<String>>),
    /// That its default was given as a constraint of this name.
    Default,
}

/// Reads the rows of the catalog with what is to be known of the whole table.
struct Reader<'a> {
    columns: HashMap<i16, &'a ColumnRow>,
    /// By the name of the check.
    meanings: HashMap<&'a str, (i16, Meaning)>,
}

impl<'a> Reader<'a> {
    fn new(columns: &'a [ColumnRow], constraints: &'a [ConstraintRow]) -> Self {
        let columns = columns.iter().map(|column| (column.number, column)).collect();
        let mut reader = Self { columns, meanings: HashMap::new() };
        for constraint in constraints {
            if let ([column], Some(definition)) = (constraint.columns.as_slice(), &constraint.check)
                && let Some(meaning) = reader.meaning(&constraint.name, definition)
            {
                reader.meanings.insert(&constraint.name, (*column, meaning));
            }
        }
        reader
    }

    fn meaning(&self, name: &str, definition: &str) -> Option<Meaning> {
        let condition = expression::check(definition, &|column| self.is_text(column)).ok()?;
        match mark_of(name) {
            Some("enum") => expression::enum_values(&condition).map(|values| Meaning::Type(Some(values))),
            Some(_) => expression::is_always(&condition).then_some(Meaning::Type(None)),
            None => expression::is_always(&condition).then_some(Meaning::Default),
        }
    }

    fn is_text(&self, name: &str) -> bool {
        self.columns.values().any(|column| {
            column.name == name
                && matches!(column.stored.name.as_str(), "text" | "varchar" | "bpchar" | "citext")
        })
    }

    fn read(&self, sql: &str) -> String {
        expression::read(sql, &|column| self.is_text(column))
    }

    /// The default of a column, unless that is a number which the database counts up.
    fn default(&self, column: &ColumnRow) -> Option<String> {
        let default = column.default.as_deref().filter(|_| !column.generated && !is_numbered(column))?;
        Some(self.read(default)).filter(|default| default != "NULL")
    }

    fn column(&self, column: &ColumnRow) -> ColumnDefinition {
        let mark = self.meanings.iter().find_map(|(name, (number, meaning))| match meaning {
            Meaning::Type(values) if *number == column.number => Some((mark_of(name), values.clone())),
            _ => None,
        });
        let (mark, values) = mark.unwrap_or_default();
        ColumnDefinition {
            name: column.name.clone(),
            data_type: types::of_stored(&column.stored, mark, values).name(),
            type_parts: None,
            allow_null: !column.not_null,
            primary_key: false,
            auto_increment: is_numbered(column),
            unique: false,
            default: self.default(column),
            generated: column.default.as_deref().filter(|_| column.generated).map(|sql| self.read(sql)),
            references: None,
            comment: column.comment.clone(),
        }
    }

    /// None for a check that only says something of its column.
    fn constraint(&self, constraint: &ConstraintRow) -> Option<Constraint> {
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
                Some((_, Meaning::Type(_))) => None,
                Some((number, Meaning::Default)) => {
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

    fn condition(&self, definition: &str) -> String {
        expression::check(definition, &|column| self.is_text(column))
            .and_then(|mut condition| printer::print(&mut condition, Style::Phantom))
            .unwrap_or_else(|_| definition.to_owned())
    }

    /// The indexes from the rows of their fields, which stand together.
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
            expression: column.is_none().then(|| self.read(&row.expression)),
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
        table: named(schema, name),
        columns: constraint.referenced_columns.clone(),
        on_delete: action(&constraint.on_delete),
        on_update: action(&constraint.on_update),
        deferrable: constraint.deferrable,
        initially_deferred: constraint.deferred,
    })
}

/// `NO ACTION` is what PostgreSQL takes when nothing is said.
fn action(code: &str) -> Option<ReferentialAction> {
    Some(match code {
        "r" => ReferentialAction::Restrict,
        "c" => ReferentialAction::Cascade,
        "n" => ReferentialAction::SetNull,
        "d" => ReferentialAction::SetDefault,
        _ => return None,
    })
}
