//! The description of a table for people.

use std::io::{self, Write};

use phantomdb_protocol::{
    Constraint, IndexField, IndexSchema, Reference, ResultSet, TableName, TableSchema, ViewDefinition,
};
use phantomdb_sql::names::references;

use crate::{
    format::{self, Format, Whole, harmless, terminal::Terminal},
    listing::{listing, yes},
    names::{as_sql, table_as_sql},
};

/// The columns of a table as a result.
pub(crate) fn columns(schema: &TableSchema) -> ResultSet {
    let rows: Vec<_> = schema
        .columns
        .iter()
        .map(|column| {
            let default = match (&column.generated, column.auto_increment) {
                (Some(expression), _) => Some(format!("generated: {expression}")),
                (None, true) => Some("auto increment".to_owned()),
                (None, false) => column.default.clone(),
            };
            [
                Some(column.name.clone()),
                Some(column.data_type.clone()),
                yes(column.allow_null),
                Some(default.unwrap_or_default()),
                Some(column.comment.clone().unwrap_or_default()),
            ]
        })
        .collect();
    if schema.columns.iter().all(|column| column.comment.is_none()) {
        let short = rows.into_iter().map(|[name, kind, null, default, _]| [name, kind, null, default]);
        return listing(["column", "type", "null", "default"], &short.collect::<Vec<_>>());
    }
    listing(["column", "type", "null", "default", "comment"], &rows)
}

/// The indexes of tables as a result. For programs the names are as they are, and for people as SQL writes them.
pub(crate) fn indexes(schemas: &[TableSchema], is_for_programs: bool) -> ResultSet {
    let names = |schema: &TableSchema, index: &IndexSchema| {
        if is_for_programs {
            return (schema.table.to_string(), index.name.clone());
        }
        (table_as_sql(&schema.table), as_sql(&index.name))
    };
    let rows: Vec<_> = schemas
        .iter()
        .flat_map(|schema| schema.indexes.iter().map(move |index| (schema, index)))
        .map(|(schema, index)| {
            let (table, name) = names(schema, index);
            [
                Some(table),
                Some(name),
                yes(index.unique),
                Some(fields(&index.fields)),
                Some(index.condition.clone().unwrap_or_default()),
            ]
        })
        .collect();
    listing(["table", "index", "unique", "columns", "where"], &rows)
}

/// Writes the columns, the keys, the checks, the indexes, and the keys of `others` that reference the table; of a view its query.
pub(crate) fn write(
    out: &mut dyn Write,
    schema: &TableSchema,
    view: Option<&ViewDefinition>,
    others: &[TableSchema],
    terminal: Terminal,
) -> io::Result<()> {
    let comment = schema.comment.as_ref().map_or(String::new(), |comment| format!(": {comment}"));
    let kind = if view.is_some() { "View" } else { "Table" };
    writeln!(out, "{}", harmless(&format!("{kind} {}{comment}", table_as_sql(&schema.table))))?;
    format::write(
        out,
        &mut Whole::new(&[columns(schema)]),
        Format::Table,
        Terminal { width: None, ..terminal },
    )?;
    section(out, "Query", view.and_then(|view| view.query.clone()).into_iter().collect())?;
    section(out, "Keys and checks", schema.constraints.iter().filter_map(constraint).collect())?;
    section(out, "Indexes", schema.indexes.iter().filter(|index| !index.primary).map(index).collect())?;
    section(out, "Referenced by", others.iter().flat_map(|other| referring(other, &schema.table)).collect())
}

/// The foreign keys of a table that reference another.
fn referring(schema: &TableSchema, table: &TableName) -> Vec<String> {
    let keys = schema.constraints.iter().filter(|constraint| references(constraint, table));
    let of = table_as_sql(&schema.table);
    keys.filter_map(constraint).map(|key| format!("{of}: {key}")).collect()
}

fn section(out: &mut dyn Write, title: &str, lines: Vec<String>) -> io::Result<()> {
    if !lines.is_empty() {
        writeln!(out, "{title}:")?;
    }
    for line in lines {
        writeln!(out, "    {}", harmless(&line))?;
    }
    Ok(())
}

fn names(columns: &[String]) -> String {
    columns.iter().map(|name| as_sql(name)).collect::<Vec<_>>().join(", ")
}

fn constraint(constraint: &Constraint) -> Option<String> {
    let name =
        |name: &Option<String>| name.as_ref().map_or(String::new(), |name| format!("{}: ", as_sql(name)));
    Some(match constraint {
        Constraint::PrimaryKey { name: own, columns } => {
            format!("{}PRIMARY KEY ({})", name(own), names(columns))
        }
        Constraint::Unique { name: own, columns } => format!("{}UNIQUE ({})", name(own), names(columns)),
        Constraint::Check { name: own, expression } => format!("{}CHECK ({expression})", name(own)),
        Constraint::ForeignKey { name: own, columns, references } => {
            format!("{}FOREIGN KEY ({}) {}", name(own), names(columns), reference(references))
        }
        // It stands with its column.
        Constraint::Default { .. } => return None,
    })
}

fn reference(reference: &Reference) -> String {
    let table = table_as_sql(&reference.table);
    // A key that names no columns references the primary key.
    let mut text = match reference.columns.as_slice() {
        [] => format!("REFERENCES {table}"),
        columns => format!("REFERENCES {table} ({})", names(columns)),
    };
    for (event, action) in [("DELETE", reference.on_delete), ("UPDATE", reference.on_update)] {
        if let Some(action) = action {
            text.push_str(&format!(" ON {event} {}", action.as_sql()));
        }
    }
    text
}

fn fields(fields: &[IndexField]) -> String {
    let field = |field: &IndexField| {
        let what = match (&field.column, &field.expression) {
            (Some(column), _) => as_sql(column),
            (None, expression) => expression.clone().unwrap_or_default(),
        };
        if field.descending { format!("{what} DESC") } else { what }
    };
    fields.iter().map(field).collect::<Vec<_>>().join(", ")
}

fn index(index: &IndexSchema) -> String {
    let unique = if index.unique { " UNIQUE" } else { "" };
    let condition = index.condition.as_ref().map_or(String::new(), |condition| format!(" WHERE {condition}"));
    format!("{}:{unique} ({}){condition}", as_sql(&index.name), fields(&index.fields))
}
