//! What the code that a database keeps may do to the session of a statement.

use std::collections::HashSet;

/// What is known of the code of a database.
#[derive(Debug, Default)]
pub(crate) struct DatabaseCode {
    /// True when statements may run code that changes the session.
    pub(crate) changes_session: bool,
    /// The functions that leave the session as it was, beside PostgreSQL's own, each with its schema and without.
    pub(crate) neutral: HashSet<String>,
}
