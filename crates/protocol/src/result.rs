//! The results of statements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The type of a column, which says how its values travel in JSON.
///
/// | type | in JSON |
/// | --- | --- |
/// | `integer` | number, or a string beyond 2^53 - 1 |
/// | `float` | number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
/// | `decimal` `string` `date` `time` `uuid` `enum` | string |
/// | `boolean` | boolean |
/// | `timestamp` | ISO 8601 UTC with milliseconds |
/// | `blob` | base64 |
/// | `json` | the document itself |
/// | `any` | the JSON value; a blob as `{"type":"blob","value":base64}` |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    Integer,
    Float,
    Decimal,
    String,
    Boolean,
    Timestamp,
    Date,
    Time,
    Uuid,
    Enum,
    Blob,
    Json,
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub column_type: ColumnType,
}

/// The result of one statement. The engine writes `rows` as JSON text (an array of arrays, in the order of `columns`), and
/// nothing parses it before the client does.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultSet {
    pub columns: Vec<Column>,
    #[schemars(with = "Vec<Vec<serde_json::Value>>")]
    pub rows: Box<RawValue>,
    /// The number of rows inserted, updated or deleted; 0 for a statement that only reads.
    pub affected_rows: u64,
}
