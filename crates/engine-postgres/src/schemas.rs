//! The names of tables and schemas. A table without a schema is in `public`.

use phantomdb_protocol::TableName;
use phantomdb_sql::printer::quote_identifier;

/// The schema of a table whose name has none.
pub(crate) const DEFAULT_SCHEMA: &str = "public";

/// The schema of a table.
pub(crate) fn schema_of(table: &TableName) -> &str {
    table.schema.as_deref().unwrap_or(DEFAULT_SCHEMA)
}

pub(crate) fn table_in(schema: String, name: String) -> TableName {
    TableName { name, schema: Some(schema).filter(|schema| schema != DEFAULT_SCHEMA) }
}

/// The SQL of a table's name, with its schema: `"schema"."table"`.
pub(crate) fn qualified(table: &TableName) -> String {
    format!("{}.{}", quote_identifier(schema_of(table)), quote_identifier(&table.name))
}

/// The condition for a schema that belongs to users, not to PostgreSQL or a database like it.
pub(crate) const USER_SCHEMAS: &str =
    "left(n.nspname::text, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'crdb_internal')";

/// The query for the schemas besides the default one.
pub(crate) fn list_schemas_sql() -> String {
    format!(
        "SELECT n.nspname::text AS schema_name FROM pg_catalog.pg_namespace n \
         WHERE {USER_SCHEMAS} AND n.nspname <> 'public' ORDER BY n.nspname::text COLLATE \"C\""
    )
}
