//! The plan of a statement: plain data that the shim makes from Sequelize's options and sends as JSON.
//!
//! This file is the reference for the keys of a plan; `sequelize/flatten/json.js` writes them. The keys of expressions
//! are short because every query carries many of them. Bound values are not part of a plan: a plan refers to them by
//! index, so queries of the same shape have the same plan and share one translation. A key that is not listed here is
//! an error: a misspelt `where` of a delete must never be ignored.

use phantomdb_protocol::{TableName, Value};
use serde::Deserialize;

/// An expression: an object with one key, which says what it is.
#[derive(Debug, Clone, Deserialize)]
pub enum Expr {
    /// `{"c": "age"}`: a column of the current table, qualified as its scope requires.
    #[serde(rename = "c")]
    Column(String),
    /// `{"p": ["tasks", "title"]}`: a column by its path, here `"tasks"."title"`. A longer path goes through nested
    /// includes: `["a", "b", "c"]` is `"a->b"."c"`.
    #[serde(rename = "p")]
    Path(Vec<String>),
    /// `{"v": 5}`: a constant, written into the statement.
    #[serde(rename = "v")]
    Value(Value),
    /// `{"b": [0, "n"]}`: a bound value, by its index in the list of values, with its type.
    #[serde(rename = "b")]
    Bound(usize, BindType),
    /// `{"bl": [0, "n"]}`: a list of any length on the right of `IN`, `NOT IN`, `= ANY` and `<> ALL`: one bound value, a
    /// JSON array, with the type of its first element. Bytes in it are written as `\x00ff`.
    #[serde(rename = "bl")]
    BoundList(usize, BindType),
    /// `{"l": "now()"}`: SQL that the user wrote with `Sequelize.literal`.
    #[serde(rename = "l")]
    Literal(String),
    /// `{"f": ["lower", [argument, …]]}`: a function call.
    #[serde(rename = "f")]
    Function(String, Vec<Expr>),
    /// `{"cast": [operand, "integer"]}`.
    #[serde(rename = "cast")]
    Cast(Box<Expr>, String),
    /// `{"j": [column, ["address", "city"], "json"]}`: a path into a JSON document. The last step may carry a cast,
    /// as in `role::integer`. The third element may be left out; see [`JsonResult`].
    #[serde(rename = "j")]
    Json(Box<Expr>, Vec<String>, #[serde(default)] JsonResult),
    /// `{"and": [condition, …]}`; an empty list is true.
    #[serde(rename = "and")]
    And(Vec<Expr>),
    /// `{"or": [condition, …]}`; an empty list is false.
    #[serde(rename = "or")]
    Or(Vec<Expr>),
    /// `{"not": condition}`.
    #[serde(rename = "not")]
    Not(Box<Expr>),
    /// `{"o": [left, "gt", right]}`: a comparison. The operator is a name of Sequelize's `Op` or an SQL comparator. On
    /// the right of `startsWith`, `endsWith` and `substring` stands the complete LIKE pattern.
    #[serde(rename = "o")]
    Compare(Box<Expr>, String, Box<Expr>),
    /// `{"list": [item, …]}`: the right side of `IN` and `BETWEEN`, or several values in parentheses.
    #[serde(rename = "list")]
    List(Vec<Expr>),
    /// `{"array": [item, …]}`: an array, as an argument of a function or a cast.
    #[serde(rename = "array")]
    Array(Vec<Expr>),
    /// `{"any": list}`: `ANY` on the right of a comparison.
    #[serde(rename = "any")]
    Any(Box<Expr>),
    /// `{"all": list}`: `ALL` on the right of a comparison.
    #[serde(rename = "all")]
    All(Box<Expr>),
    /// `{"values": [item, …]}`: a `VALUES` list of one column.
    #[serde(rename = "values")]
    Values(Vec<Expr>),
    /// `{"arith": [left, "+", right]}`: a sum or, with `-`, a difference.
    #[serde(rename = "arith")]
    Arithmetic(Box<Expr>, String, Box<Expr>),
    /// `{"star": null}`: `*`.
    #[serde(rename = "star")]
    Star,
    /// `{"default": null}`: the column's default.
    #[serde(rename = "default")]
    Default,
    /// `{"whole": condition}`: the condition in parentheses if it combines several, so that a caller can append to it.
    #[serde(rename = "whole")]
    Whole(Box<Expr>),
}

/// The type of a bound value, as far as the SQL text depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum BindType {
    /// An integer or a float.
    #[serde(rename = "n")]
    Number,
    #[serde(rename = "d")]
    Decimal,
    #[serde(rename = "b")]
    Boolean,
    #[serde(rename = "t")]
    Timestamp,
    #[serde(rename = "x")]
    Blob,
    /// A string, or any other type.
    #[serde(rename = "s")]
    Other,
}

/// The result of a JSON path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonResult {
    /// Text, as `#>>` returns it.
    #[default]
    Text,
    /// JSON, as `#>` returns it.
    Json,
}

/// An expression in a select list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectItem {
    #[serde(rename = "e")]
    pub expr: Expr,
    #[serde(rename = "as", default)]
    pub alias: Option<String>,
}

/// An expression in `ORDER BY`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderItem {
    #[serde(rename = "e")]
    pub expr: Expr,
    #[serde(rename = "dir", default)]
    pub direction: Option<String>,
    /// A direction that contains SQL from `Sequelize.literal`.
    #[serde(rename = "literalDir", default)]
    pub literal_direction: Option<String>,
    /// True when the item orders the main table itself: a sub-query that limits the main table must order by it too.
    #[serde(default)]
    pub own: bool,
}

/// A table in `FROM`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromItem {
    pub table: TableName,
    #[serde(rename = "as", default)]
    pub alias: Option<String>,
}

/// `FOR UPDATE` and the other row locks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    pub strength: String,
    /// The alias of the table whose rows are locked.
    #[serde(default)]
    pub of: Option<String>,
    /// True for `SKIP LOCKED`.
    #[serde(default)]
    pub skip: bool,
}

/// `SELECT`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Select {
    pub from: Vec<FromItem>,
    #[serde(default)]
    pub columns: Option<Vec<SelectItem>>,
    #[serde(default)]
    pub include: Vec<Include>,
    #[serde(default, rename = "where")]
    pub condition: Option<Expr>,
    #[serde(default)]
    pub group: Vec<Expr>,
    #[serde(default)]
    pub having: Option<Expr>,
    #[serde(default)]
    pub order: Vec<OrderItem>,
    #[serde(default)]
    pub limit: Option<Expr>,
    #[serde(default)]
    pub offset: Option<Expr>,
    #[serde(default)]
    pub lock: Option<Lock>,
    /// True when the main table is limited in a sub-query, so that the rows of a to-many join do not count.
    #[serde(default)]
    pub sub_query: bool,
    #[serde(default)]
    pub grouped_limit: Option<GroupedLimit>,
    /// True when no columns of the includes are selected.
    #[serde(default)]
    pub no_include_attributes: bool,
    /// True when the translation should also give the find call of the REST contract, if the select can be one.
    #[serde(default)]
    pub find: bool,
}

/// A limit for each parent of a `separate` include.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupedLimit {
    pub limit: u64,
    /// The column that holds the parent's key.
    pub key: Expr,
    /// The keys of the parents.
    pub values: Vec<Expr>,
    /// For belongs-to-many, the join that reaches the key.
    #[serde(default)]
    pub include: Vec<Include>,
}

/// A table joined by an association.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Include {
    #[serde(rename = "as")]
    pub alias: String,
    pub table: TableName,
    /// The key on the parent.
    pub left: ParentKey,
    /// The key's field on this table; for belongs-to-many, the target key.
    pub right: String,
    #[serde(default)]
    pub required: bool,
    /// True when `required` was not given. Nested includes are joined in another order when it was given as false.
    #[serde(default)]
    pub optional: bool,
    #[serde(default)]
    pub right_join: bool,
    /// True when `where` is combined with the join condition by OR.
    #[serde(default)]
    pub or: bool,
    #[serde(default)]
    pub attributes: Vec<SelectItem>,
    #[serde(default, rename = "where")]
    pub condition: Option<Expr>,
    /// Replaces the comparison of the keys as the join condition.
    #[serde(default)]
    pub on: Option<Expr>,
    /// True when the include is joined inside the sub-query that limits the main table.
    #[serde(default)]
    pub sub_query: bool,
    /// True when the include filters the main table inside that sub-query.
    #[serde(default)]
    pub sub_query_filter: bool,
    #[serde(default)]
    pub through: Option<Through>,
    #[serde(default)]
    pub include: Vec<Include>,
}

/// The key of a parent, by the names it has in the model and in the table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentKey {
    pub attribute: String,
    pub field: String,
}

/// The junction table of a belongs-to-many association.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Through {
    pub table: TableName,
    #[serde(rename = "as")]
    pub alias: String,
    pub primary_key: Option<String>,
    #[serde(default)]
    pub attributes: Vec<SelectItem>,
    #[serde(default, rename = "where")]
    pub condition: Option<Expr>,
    /// The foreign key to the parent.
    pub source_field: String,
    /// The foreign key to the target.
    pub target_field: String,
}

/// `ON CONFLICT`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct OnConflict {
    pub columns: Vec<String>,
    #[serde(rename = "where")]
    pub condition: Option<Expr>,
    /// The columns to update; an empty list leaves the existing row as it is.
    pub update: Vec<String>,
}

/// `INSERT`, of one row or many.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Insert {
    pub table: TableName,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Expr>>,
    #[serde(default)]
    pub on_conflict: Option<OnConflict>,
    /// The columns to return; `["*"]` returns all of them.
    #[serde(default)]
    pub returning: Option<Vec<String>>,
    /// True when a column of the result should say whether each row was inserted or updated.
    #[serde(default)]
    pub returning_created: bool,
}

/// `UPDATE`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Update {
    pub table: TableName,
    pub set: Vec<(String, Expr)>,
    #[serde(default, rename = "where")]
    pub condition: Option<Expr>,
    #[serde(default)]
    pub limit: Option<Expr>,
    /// The columns by which an update with a limit selects its rows.
    #[serde(default)]
    pub primary_key: Vec<String>,
    #[serde(default)]
    pub returning: Option<Vec<String>>,
}

/// `DELETE`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delete {
    pub table: TableName,
    #[serde(default, rename = "where")]
    pub condition: Option<Expr>,
    #[serde(default)]
    pub limit: Option<Expr>,
    /// The columns by which a delete with a limit selects its rows.
    #[serde(default)]
    pub primary_key: Vec<String>,
}

/// A condition or an expression alone, for callers that ask for its text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fragment {
    #[serde(rename = "e")]
    pub expr: Expr,
    /// Qualifies the columns of the current table: an alias, or a schema and a table.
    #[serde(default)]
    pub prefix: Vec<String>,
}
