//! The code that a database keeps may change the session of a statement. This is what the engine knows about it.

use std::collections::HashSet;

/// Says whether the code of a database may change sessions.
#[derive(Debug, Default)]
pub(crate) struct DatabaseCode {
    /// True when statements may run code that changes the session.
    pub(crate) changes_session: bool,
    /// The functions that leave the session as it was, beside PostgreSQL's own, each with its schema and without.
    pub(crate) neutral: HashSet<String>,
}
