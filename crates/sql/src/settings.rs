//! `SET`. A session has no settings: the next statement of the caller may run in another one. A setting that would change
//! what statements do is refused, because the caller would take their results for others than they are. A setting that
//! already is what the statement asks for, or that changes no result, is accepted: scripts of `pg_dump` begin with these.

use phantomdb_protocol::{Error, Result};
use sqlparser::ast::{Expr, Set, TransactionAccessMode, TransactionIsolationLevel, TransactionMode, Value};

/// Settings of PostgreSQL with the values that they have here, the first of which is how PostgreSQL writes it.
const KEPT: &[(&str, &[&str])] = &[
    ("client_encoding", &["utf8", "utf-8", "unicode"]),
    ("datestyle", &["iso", "iso, mdy"]),
    ("default_transaction_isolation", &["read committed"]),
    ("default_transaction_read_only", &["off", "false"]),
    ("idle_in_transaction_session_timeout", &["0"]),
    ("intervalstyle", &["postgres"]),
    ("lock_timeout", &["0"]),
    ("search_path", &["public", "\"$user\", public", "$user, public"]),
    ("session_replication_role", &["origin"]),
    ("standard_conforming_strings", &["on", "true"]),
    ("statement_timeout", &["0"]),
    ("timezone", &["utc", "etc/utc", "gmt", "0", "+00:00", "local"]),
    ("transaction_timeout", &["0"]),
];

/// Settings that change no result: what a server logs, how fast it is, and how a text that nobody sees is written.
const WITHOUT_RESULT: &[&str] = &[
    "application_name",
    "bytea_output",
    "check_function_bodies",
    "client_min_messages",
    "cursor_tuple_fraction",
    "default_table_access_method",
    "default_tablespace",
    "default_with_oids",
    "effective_cache_size",
    "effective_io_concurrency",
    "escape_string_warning",
    "extra_float_digits",
    "hash_mem_multiplier",
    "lc_messages",
    "maintenance_work_mem",
    "plan_cache_mode",
    "random_page_cost",
    "row_security",
    "seq_page_cost",
    "synchronous_commit",
    "temp_buffers",
    "work_mem",
    "xmloption",
];

/// The beginnings of the names of others: what the planner of PostgreSQL may use, and what it logs and counts.
const WITHOUT_RESULT_GROUPS: &[&str] = &[
    "cpu_",
    "enable_",
    "geqo",
    "jit",
    "log_",
    "max_parallel_",
    "min_parallel_",
    "parallel_",
    "track_",
    "vacuum_",
];

/// The advice for those who set these.
const INSTEAD: &[(&str, &str)] = &[
    ("default_transaction_isolation", "begin the transaction with its isolation level"),
    ("default_transaction_read_only", "begin the transaction as one that only reads"),
    ("foreign_key_checks", "SET CONSTRAINTS ALL DEFERRED checks deferrable keys at the commit"),
    ("idle_in_transaction_session_timeout", "begin the transaction with a time-out"),
    ("lock_timeout", "give the call a time limit"),
    ("role", "use a token with other rights"),
    ("search_path", "write the schema before the name of each table"),
    ("session authorization", "use a token with other rights"),
    ("session_replication_role", "SET CONSTRAINTS ALL DEFERRED checks deferrable keys at the commit"),
    ("statement_timeout", "give the call a time limit"),
    ("timezone", "name the zone where it matters: AT TIME ZONE 'Europe/Berlin'"),
    ("transaction isolation level", "begin the transaction with its isolation level"),
    ("transaction read only", "begin the transaction as one that only reads"),
    ("transaction snapshot", "REPEATABLE READ reads from one snapshot"),
    ("transaction_timeout", "begin the transaction with a time-out"),
];

/// Fails with `UNSUPPORTED` for a setting that would change what statements do.
pub(crate) fn accept(set: &Set) -> Result<()> {
    match set {
        Set::SingleAssignment { scope: _, hivevar: _, variable, values } => {
            let name = variable.to_string().replace('"', "").to_lowercase();
            let values: Vec<String> = values.iter().map(text).collect();
            accept_value(&name, &values.join(", "))
        }
        Set::SetTimeZone { local: _, value } => accept_value("timezone", &text(value)),
        Set::SetNames { charset_name, collation_name: _ } => {
            accept_value("client_encoding", &charset_name.value.to_lowercase())
        }
        Set::SetNamesDefault {} => Ok(()),
        Set::SetTransaction { modes, snapshot, session: _ } => {
            let only_reads = TransactionMode::AccessMode(TransactionAccessMode::ReadOnly);
            if modes.contains(&only_reads) {
                return Err(refused("transaction read only"));
            }
            // Every transaction keeps the promises of READ COMMITTED, which is also the level of a statement by itself.
            let is_kept = |mode: &TransactionMode| match mode {
                TransactionMode::IsolationLevel(level) => match level {
                    TransactionIsolationLevel::ReadUncommitted | TransactionIsolationLevel::ReadCommitted => {
                        true
                    }
                    TransactionIsolationLevel::RepeatableRead
                    | TransactionIsolationLevel::Serializable
                    | TransactionIsolationLevel::Snapshot => false,
                },
                TransactionMode::AccessMode(_) => true,
            };
            if !modes.iter().all(is_kept) {
                return Err(refused("transaction isolation level"));
            }
            if snapshot.is_some() { Err(refused("transaction snapshot")) } else { Ok(()) }
        }
        Set::SetRole { context_modifier: _, role_name: None } => Ok(()),
        Set::SetRole { context_modifier: _, role_name: Some(_) } => Err(refused("role")),
        Set::SetSessionAuthorization(_) => Err(refused("session authorization")),
        Set::ParenthesizedAssignments { variables: _, values: _ }
        | Set::MultipleAssignments { assignments: _ } => Err(refused("of several settings")),
        Set::SetSessionParam(_) => Err(refused("of a session's parameter")),
    }
}

fn accept_value(name: &str, value: &str) -> Result<()> {
    let keeps = |(setting, values): &(&str, &[&str])| *setting == name && values.contains(&value);
    let changes_no_result =
        WITHOUT_RESULT.contains(&name) || WITHOUT_RESULT_GROUPS.iter().any(|group| name.starts_with(group));
    let is_accepted = value == "default" || changes_no_result || KEPT.iter().any(keeps);
    if is_accepted { Ok(()) } else { Err(refused(name)) }
}

/// The value in lower case, without quotes.
fn text(value: &Expr) -> String {
    let written = match value {
        Expr::Identifier(word) => word.value.clone(),
        Expr::Value(literal) => match &literal.value {
            Value::SingleQuotedString(text) => text.clone(),
            other => other.to_string(),
        },
        other => other.to_string(),
    };
    written.to_lowercase()
}

fn refused(what: &str) -> Error {
    let instead = INSTEAD.iter().find(|(name, _)| *name == what);
    let advice = instead.map_or("leave it out", |(_, advice)| advice);
    Error::unsupported(format!("SET {what} is not supported: a session has no settings; {advice}"))
}
