//! The names of tables and schemas. A table without a schema is in `public`.

use phantomdb_protocol::TableName;

use phantomdb_sql::printer::quote_identifier;

/// The schema of a table that names none.
pub(crate) const DEFAULT_SCHEMA: &str = "public";

/// The schema that a table is in.
pub(crate) fn schema_of(table: &TableName) -> &str {
    table.schema.as_deref().unwrap_or(DEFAULT_SCHEMA)
}

pub(crate) fn table_in(schema: String, name: String) -> TableName {
    TableName { name, schema: Some(schema).filter(|schema| schema != DEFAULT_SCHEMA) }
}

/// `"schema"."table"`.
pub(crate) fn qualified(table: &TableName) -> String {
    format!("{}.{}", quote_identifier(schema_of(table)), quote_identifier(&table.name))
}

/// The schemas that are PostgreSQL's own, or those of a database like it.
pub(crate) const USER_SCHEMAS: &str =
    "left(n.nspname::text, 3) <> 'pg_' AND n.nspname NOT IN ('information_schema', 'crdb_internal')";

/// What lists the list_schemas_sql beside the default one.
pub(crate) fn list_schemas_sql() -> String {
    format!(
        "SELECT n.nspname::text AS schema_name FROM pg_catalog.pg_namespace n \
         WHERE {USER_SCHEMAS} AND n.nspname <> 'public' ORDER BY n.nspname::text COLLATE \"C\""
    )
}
