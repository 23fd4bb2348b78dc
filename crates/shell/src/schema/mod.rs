//! `phantomdb schema`: the tables of a database as SQL, or as a diagram.

mod layout;
mod mermaid;
mod relations;
mod sql;
mod svg;

use std::io::{IsTerminal as _, Write as _, stdout};

use clap::{Args, ValueEnum};
use phantomdb_protocol::{TableName, TableSchema, ViewDefinition};
use phantomdb_sql::views;
use tokio::runtime::Handle;

use crate::{
    connection::Connection,
    failure::{Failure, Result, output_failed},
    format::harmless_lines,
    interrupts::Interrupts,
    names::matches,
    open::{DatabaseOption, OnCtrlC, close, on_own_thread},
};

pub(crate) use sql::sql_text;

#[derive(Debug, Args)]
pub struct SchemaOptions {
    #[command(flatten)]
    place: DatabaseOption,
    /// What to write
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "sql")]
    format: SchemaFormat,
    /// Only these tables; * and ? stand for any text and any character. May be given more than once
    #[arg(short, long, value_name = "PATTERN")]
    table: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SchemaFormat {
    /// The statements that make the tables and views
    Sql,
    /// Sequelize models in JavaScript, with `npx phantomdb` only
    Sequelize,
    /// A diagram for Mermaid, which Markdown on GitHub and GitLab shows
    Mermaid,
    /// A diagram as a picture
    Svg,
}

/// Runs `phantomdb schema`.
pub async fn schema(options: SchemaOptions) -> Result<()> {
    on_own_thread(OnCtrlC::End, move |runtime, interrupts| run(&options, &runtime, &interrupts)).await
}

fn run(options: &SchemaOptions, runtime: &Handle, interrupts: &Interrupts) -> Result<()> {
    if options.format == SchemaFormat::Sequelize {
        return Err(Failure::misused(
            "Sequelize models are written by the npm package: `npx phantomdb schema --format sequelize`",
        ));
    }
    let connection = options.place.open_one(runtime, interrupts)?;
    let outcome = print(&connection, options);
    close(connection, outcome)
}

fn print(connection: &Connection, options: &SchemaOptions) -> Result<()> {
    let is_wanted = |table: &TableName| {
        let name = table.to_string();
        options.table.is_empty() || options.table.iter().any(|pattern| matches(pattern, &name))
    };
    let schemas = read_schemas(connection, is_wanted)?;
    let mut views: Vec<ViewDefinition> = match options.format {
        SchemaFormat::Sql => connection.views()?,
        SchemaFormat::Sequelize | SchemaFormat::Mermaid | SchemaFormat::Svg => Vec::new(),
    };
    views.retain(|view| is_wanted(&views::name(view)));
    if schemas.is_empty() && views.is_empty() && !options.table.is_empty() {
        return Err(Failure::failed(format!("no table has the name {}", options.table.join(" or "))));
    }
    let text = match options.format {
        SchemaFormat::Mermaid => mermaid::text(&schemas),
        SchemaFormat::Svg => svg::text(&schemas),
        SchemaFormat::Sql | SchemaFormat::Sequelize => sql_text(&schemas)? + &views::sql_text(&views),
    };
    let text = if stdout().is_terminal() { harmless_lines(&text) } else { text.as_str().into() };
    let mut out = stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| output_failed(&error))
}

/// The descriptions of the tables, each after those that its foreign keys point to.
pub(crate) fn read_schemas(
    connection: &Connection,
    is_wanted: impl Fn(&TableName) -> bool,
) -> phantomdb_protocol::Result<Vec<TableSchema>> {
    let tables = connection.tables()?;
    let wanted = tables.iter().filter(|table| is_wanted(table));
    let schemas =
        wanted.map(|table| connection.describe(table)).collect::<phantomdb_protocol::Result<Vec<_>>>()?;
    let references: Vec<&TableSchema> = schemas.iter().collect();
    let order = phantomdb_sql::table_order::by_references(&references);
    Ok(order.into_iter().map(|index| schemas[index].clone()).collect())
}

#[cfg(test)]
mod testing {
    use phantomdb_protocol::{
        ColumnDefinition, Constraint, Reference, ReferentialAction, TableName, TableSchema,
    };

    fn table(name: &str, columns: &[(&str, &str)], keys: &[(&str, &str)]) -> TableSchema {
        let columns = columns.iter().map(|(name, kind)| ColumnDefinition::new(*name, *kind)).collect();
        let mut constraints = vec![Constraint::PrimaryKey { name: None, columns: vec!["id".into()] }];
        constraints.extend(keys.iter().map(|(column, parent)| Constraint::ForeignKey {
            name: None,
            columns: vec![(*column).to_owned()],
            references: Reference {
                table: TableName::new(*parent),
                columns: vec!["id".to_owned()],
                on_delete: Some(ReferentialAction::Cascade),
                on_update: None,
                deferrable: false,
                initially_deferred: false,
            },
        }));
        TableSchema {
            table: TableName::new(name),
            columns,
            primary_key: vec!["id".into()],
            constraints,
            indexes: Vec::new(),
            comment: None,
        }
    }

    /// A shop with a hostile name, a key to itself and two tables that point to each other.
    pub(super) fn shop() -> Vec<TableSchema> {
        vec![
            table("users", &[("id", "INTEGER"), ("parentId", "INTEGER")], &[("parentId", "users")]),
            table(
                "a \"<b>\"",
                &[("id", "INTEGER"), ("x<&y", "DECIMAL(10,2)"), ("userId", "INTEGER")],
                &[("userId", "users")],
            ),
            table("chicken", &[("id", "INTEGER"), ("eggId", "INTEGER")], &[("eggId", "egg")]),
            table("egg", &[("id", "INTEGER"), ("chickenId", "INTEGER")], &[("chickenId", "chicken")]),
            table("alone", &[("id", "INTEGER")], &[]),
        ]
    }
}
