//! Definitions as PhantomDB SQL.

use std::borrow::Cow;

use phantomdb_protocol::{
    ColumnDefinition, Constraint, CreateIndex, CreateTable, IndexSchema, Reference, Result, TableName,
    TableSchema,
    ddl::{self, Part, Pieces, Verbatim},
};

use crate::printer::quote_identifier;

/// `"schema"."table"`.
pub fn table_name(table: &TableName) -> String {
    match &table.schema {
        Some(schema) => format!("{}.{}", quote_identifier(schema), quote_identifier(&table.name)),
        None => quote_identifier(&table.name),
    }
}

pub fn names<'a>(columns: impl IntoIterator<Item = &'a String>) -> String {
    columns.into_iter().map(|column| quote_identifier(column)).collect::<Vec<_>>().join(", ")
}

/// The expressions of generated columns by the names of the columns.
struct Generated<'a>(&'a [(String, Option<String>)]);

impl Pieces for Generated<'_> {
    fn generated(&self, column: &ColumnDefinition) -> Result<Option<String>> {
        Ok(self
            .0
            .iter()
            .find(|(name, _)| *name == column.name)
            .and_then(|(_, expression)| expression.clone()))
    }

    fn expression<'a>(&self, text: &'a str, part: Part<'_>) -> Result<Cow<'a, str>> {
        let text = ddl::given(text, part)?;
        Ok(if part == Part::Field { Cow::Owned(format!("({text})")) } else { Cow::Borrowed(text) })
    }
}

/// The expressions of the generated columns of a table that was described.
pub fn generated(schema: &TableSchema) -> Vec<(String, Option<String>)> {
    schema.columns.iter().map(|column| (column.name.clone(), column.generated.clone())).collect()
}

/// Returns `CREATE TABLE` with the foreign keys that `with_key` accepts. `generated` has the expressions of
/// generated columns by the names of the columns.
pub fn create_table(
    schema: &TableSchema,
    generated: &[(String, Option<String>)],
    with_key: impl Fn(&Reference) -> bool,
) -> Result<String> {
    // A description has keys and references twice, with the columns and as constraints.
    let bare = |column: &ColumnDefinition| ColumnDefinition {
        primary_key: false,
        unique: false,
        references: None,
        comment: None,
        default: column.default.clone().filter(|_| !column.auto_increment),
        ..column.clone()
    };
    let wanted = |constraint: &&Constraint| match constraint {
        Constraint::ForeignKey { references, name: _, columns: _ } => with_key(references),
        // It is the column's own.
        Constraint::Default { name: _, column: _, value: _ } => false,
        _ => true,
    };
    let table = CreateTable {
        table: schema.table.clone(),
        columns: schema.columns.iter().map(bare).collect(),
        constraints: schema.constraints.iter().filter(wanted).cloned().collect(),
        if_not_exists: false,
        comment: None,
    };
    Ok(ddl::create_table(&table, &Generated(generated))?.concat())
}

/// Returns the text of a constraint for `CREATE TABLE` or after `ADD`.
pub fn constraint_text(constraint: &Constraint) -> Result<String> {
    let mut text = String::new();
    ddl::push_constraint(&mut text, constraint, &Verbatim)?;
    Ok(text)
}

pub fn create_index(table: &TableName, index: &IndexSchema) -> Result<String> {
    let index = CreateIndex {
        name: index.name.clone(),
        fields: index.fields.clone(),
        unique: index.unique,
        condition: index.condition.clone(),
        using: None,
        if_not_exists: false,
        concurrently: false,
    };
    ddl::create_index(table, &index, &Generated(&[]))
}

/// Returns the `COMMENT` statements of the table and its columns.
pub fn comments(schema: &TableSchema) -> Result<Vec<String>> {
    let columns = schema.columns.iter().map(|column| (column.name.as_str(), column.comment.as_deref()));
    ddl::comments(&schema.table, schema.comment.as_deref(), columns)
}
