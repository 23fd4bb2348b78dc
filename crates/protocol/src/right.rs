//! The rights that a caller can have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A right to a database, or to the server. Each includes those before it, but `admin` stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// To read rows and the schema.
    Read,
    /// To change rows.
    Write,
    /// To change tables.
    Schema,
    /// To create and drop databases, to take and restore snapshots, to send native statements, and to see the metrics.
    Admin,
}

impl Right {
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Schema, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Schema => "schema",
            Self::Admin => "admin",
        }
    }
}
