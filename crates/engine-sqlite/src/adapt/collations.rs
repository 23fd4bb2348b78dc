//! The names of collations that SQLite has, and of those that order by bytes.

/// PostgreSQL's names for the order of the bytes, which SQLite calls `BINARY`.
pub(crate) const BYTE_ORDERS: [&str; 3] = ["c", "ucs_basic", "default"];

/// The collations of SQLite.
pub(crate) const SQLITE_COLLATIONS: [&str; 4] = ["binary", "nocase", "rtrim", "decimal"];
