//! Keeps statements from what belongs to others: PostgreSQL shows every role which databases there are, and shows a role what
//! its other sessions run. The callers of a server all have one role, and each of them may be for other databases.
//!
//! A statement in PostgreSQL's own SQL is not looked at: whoever may send one may do what the role may.

use phantomdb_protocol::{Error, ErrorCode, Result};

/// The tables and views of `pg_catalog`, and of extensions, that show other databases or the statements of other sessions.
const RELATIONS: &[&str] = &[
    "pg_database",
    "pg_db_role_setting",
    "pg_prepared_statements",
    "pg_prepared_xacts",
    "pg_replication_slots",
    "pg_shdepend",
    "pg_shdescription",
    "pg_shseclabel",
    "pg_stat_activity",
    "pg_stat_database",
    "pg_stat_database_conflicts",
    "pg_stat_gssapi",
    "pg_stat_replication",
    "pg_stat_replication_slots",
    "pg_stat_ssl",
    "pg_stat_statements",
    "pg_stat_statements_info",
    "pg_subscription",
];

/// How the names of views begin that show what sessions do.
const RELATION_PREFIXES: &[&str] = &["pg_stat_progress_", "pg_stat_subscription"];

/// The functions that show the same, tell whether there is a database, or run a text as a statement, in which nothing can be
/// looked for.
const FUNCTIONS: &[&str] = &[
    "connectby",
    "has_database_privilege",
    "pg_database_collation_actual_version",
    "pg_database_size",
    "pg_describe_object",
    "pg_get_acl",
    "pg_get_object_address",
    "pg_get_replication_slots",
    "pg_identify_object",
    "pg_identify_object_as_address",
    "pg_prepared_statement",
    "pg_prepared_xact",
    "pg_stat_get_activity",
    "pg_stat_get_progress_info",
    "pg_stat_get_wal_senders",
    "pg_stat_statements",
    "pg_tablespace_databases",
    "shobj_description",
    "to_regdatabase",
    "ts_rewrite",
    "ts_stat",
    "xpath_table",
];

const FUNCTION_PREFIXES: &[&str] = &[
    "crosstab",
    "cursor_to_xml",
    "database_to_xml",
    "dblink",
    "pg_stat_get_backend_",
    "pg_stat_get_db_",
    "query_to_xml",
    "schema_to_xml",
    "table_to_xml",
];

/// Fails with `FORBIDDEN` for a relation that shows what belongs to others.
pub(super) fn refuse_relation(schema: Option<&str>, name: &str) -> Result<()> {
    // A table in another schema is the user's own. Extensions are mostly in `public`.
    if schema.is_none_or(|schema| schema == "pg_catalog" || schema == "public") {
        return refuse(name, RELATIONS, RELATION_PREFIXES);
    }
    Ok(())
}

/// Fails with `FORBIDDEN` for a function that shows what belongs to others.
pub(super) fn refuse_function(name: &str) -> Result<()> {
    refuse(name, FUNCTIONS, FUNCTION_PREFIXES)
}

fn refuse(name: &str, names: &[&str], prefixes: &[&str]) -> Result<()> {
    if !names.contains(&name) && !prefixes.iter().any(|prefix| name.starts_with(prefix)) {
        return Ok(());
    }
    let message = format!(
        "{name} can show other databases and what other callers send; a statement in the engine's own SQL (native) may use it"
    );
    Err(Error::new(ErrorCode::Forbidden, message))
}
