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
    /// The type in PhantomDB SQL, with its length or precision: `VARCHAR(40)`. Only where the statement asked for it
    /// (`exactTypes`), and where it is known. An `ENUM` may stand without its values.
    #[serde(default, rename = "sqlType", skip_serializing_if = "Option::is_none")]
    pub sql_type: Option<String>,
    /// False when no row has NULL there, true when a row may have. Only where the statement asked for exact types, and
    /// where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nullable: Option<bool>,
}

impl Column {
    /// A column without its exact type.
    pub fn new(name: impl Into<String>, column_type: ColumnType) -> Self {
        Self { name: name.into(), column_type, sql_type: None, nullable: None }
    }
}

/// A parameter of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatementParameter {
    /// How its values travel: `any` for a parameter that takes the type of its value.
    #[serde(rename = "type")]
    pub parameter_type: ColumnType,
    /// The type in PhantomDB SQL that the parameter has where it stands, without a length or a precision. None where it takes the
    /// type of its value.
    #[serde(default, rename = "sqlType", skip_serializing_if = "Option::is_none")]
    pub sql_type: Option<String>,
}

/// The parameters and the columns of a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatementDescription {
    /// In the order of their numbers.
    pub parameters: Vec<StatementParameter>,
    /// The columns of the result with their exact types; none for a statement that returns no rows.
    pub columns: Vec<Column>,
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
