//! The differences between PostgreSQL and the databases that speak its protocol.

/// The features of the server that the SQL sent to it depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerTraits {
    /// True when a row tells by its `xmax` whether it existed before the statement.
    pub(crate) has_xmax: bool,
}

impl ServerTraits {
    /// False for CockroachDB and YugabyteDB.
    pub(crate) const fn is_postgresql(self) -> bool {
        self.has_xmax
    }
}
