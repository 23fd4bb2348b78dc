//! The text of the statements about savepoints.

/// The statement `command` with the quoted name of a savepoint.
pub(crate) fn savepoint_sql(command: &str, name: &str) -> String {
    format!("{command} \"{}\"", name.replace('"', "\"\""))
}
