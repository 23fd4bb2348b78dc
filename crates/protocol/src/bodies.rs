//! The bodies of requests and answers that are not part of a call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AlterOperation, Records, ResultSet, Right};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateDatabaseBody {
    pub name: String,
    #[serde(default)]
    pub if_not_exists: bool,
    /// The id of a snapshot.
    pub template: Option<String>,
}

/// A statement of PhantomDB SQL.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DescribeStatementBody {
    pub query: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlterTableBody {
    pub operations: Vec<AlterOperation>,
}

/// The answer of `/health` and `/ready`.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Status {
    /// `healthy` or `ready`.
    pub status: &'static str,
}

/// What a caller may do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GrantDescription {
    /// The name of the token; none for a token without a name, and where no token is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub rights: Vec<Right>,
    /// The names of the databases that the rights are for, with `*` for any text in them.
    pub databases: Vec<String>,
}

/// The answer of a find.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Found {
    Records(Records),
    Rows(ResultSet),
}
