//! What differs between PostgreSQL and the databases that speak its protocol.

/// What the server's kind asks of the SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerTraits {
    /// Whether a row says (`xmax`) if it was there before the statement.
    pub(crate) has_xmax: bool,
}
