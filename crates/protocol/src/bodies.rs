//! The bodies of requests and answers that are not part of a call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AlterOperation, Records, ResultSet};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateDatabaseBody {
    pub name: String,
    #[serde(default)]
    pub if_not_exists: bool,
    /// The id of a snapshot.
    pub template: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AlterTableBody {
    pub operations: Vec<AlterOperation>,
}

/// The answer of `/health` and `/ready`.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Status {
    /// `healthy` or `ready`.
    pub status: &'static str,
}

/// The answer of a find.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Found {
    Records(Records),
    Rows(ResultSet),
}
