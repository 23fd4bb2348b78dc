//! The rows of one statement as they are read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, ResultSet};

/// A line of the answer to `POST /databases/{db}/stream`. The last line has `end` or `error`: without it the answer broke
/// off.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StreamedRows {
    /// The next rows.
    Result(ResultSet),
    /// There are no more rows.
    End(bool),
    /// The rows cannot be read to the end. Those before are as they were.
    Error(Error),
}
