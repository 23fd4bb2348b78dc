//! The plain data that the shim makes of Sequelize's options. Short keys, since every query carries some. The values that
//! are bound are not in it: what is left is the same for every query of the same shape, and so is its translation.

use phantomdb_protocol::{TableName, Value};
use serde::Deserialize;

/// An expression.
#[derive(Debug, Clone, Deserialize)]
pub enum Expr {
    /// A column of the table at hand, qualified by the scope it stands in.
    #[serde(rename = "c")]
    Column(String),
    /// A column by its path: `["tasks", "title"]` is `"tasks"."title"`, `["a", "b", "c"]` is `"a->b"."c"`.
    #[serde(rename = "p")]
    Path(Vec<String>),
    /// A constant: it is written into the text.
    #[serde(rename = "v")]
    Value(Value),
    /// A value that is bound: its place in the list of those, and what of it decides the text around it.
    #[serde(rename = "b")]
    Bound(usize, Kind),
    /// SQL that the user wrote, through `Sequelize.literal`.
    #[serde(rename = "l")]
    Literal(String),
    #[serde(rename = "f")]
    Function(String, Vec<Expr>),
    #[serde(rename = "cast")]
    Cast(Box<Expr>, String),
    /// A path into a JSON document; the last step may carry a cast, `role::integer`.
    #[serde(rename = "j")]
    Json(Box<Expr>, Vec<String>, #[serde(default)] JsonAs),
    #[serde(rename = "and")]
    And(Vec<Expr>),
    #[serde(rename = "or")]
    Or(Vec<Expr>),
    #[serde(rename = "not")]
    Not(Box<Expr>),
    /// A comparison: left, operator (Sequelize's name or an SQL comparator), right. Beside `startsWith`, `endsWith` and
    /// `substring` stands the whole pattern.
    #[serde(rename = "o")]
    Compare(Box<Expr>, String, Box<Expr>),
    #[serde(rename = "list")]
    List(Vec<Expr>),
    #[serde(rename = "any")]
    Any(Box<Expr>),
    #[serde(rename = "all")]
    All(Box<Expr>),
    #[serde(rename = "values")]
    Values(Vec<Expr>),
    /// `left + right` or `left - right`.
    #[serde(rename = "arith")]
    Arithmetic(Box<Expr>, String, Box<Expr>),
    #[serde(rename = "star")]
    Star,
    #[serde(rename = "default")]
    Default,
    /// In parentheses when it is several conditions: text that its caller puts more text beside.
    #[serde(rename = "whole")]
    Whole(Box<Expr>),
}

/// The types of bound values, as far as the text depends on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Kind {
    #[serde(rename = "n")]
    Number,
    #[serde(rename = "d")]
    Decimal,
    #[serde(rename = "b")]
    Boolean,
    #[serde(rename = "t")]
    Timestamp,
    #[serde(rename = "s")]
    Other,
}

/// What a JSON path yields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonAs {
    /// Its text, as `#>>` does.
    #[default]
    Text,
    /// A JSON value, as `#>` does.
    Json,
}

/// An expression in a select list.
#[derive(Debug, Clone, Deserialize)]
pub struct Item {
    pub e: Expr,
    #[serde(rename = "as", default)]
    pub alias: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderItem {
    pub e: Expr,
    #[serde(default)]
    pub dir: Option<String>,
    /// A direction that the user wrote as a literal.
    #[serde(default)]
    pub literal_dir: Option<String>,
    /// Orders the main table itself, so a sub-query that limits it must order too.
    #[serde(default)]
    pub own: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct FromItem {
    pub table: TableName,
    #[serde(rename = "as", default)]
    pub alias: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Lock {
    pub strength: String,
    #[serde(default)]
    pub of: Option<String>,
    #[serde(default)]
    pub skip: bool,
}

/// `SELECT`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Select {
    pub from: Vec<FromItem>,
    #[serde(default)]
    pub columns: Option<Vec<Item>>,
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
    /// Limit the main table in a sub-query, so that a to-many join does not eat the limit.
    #[serde(default)]
    pub sub_query: bool,
    #[serde(default)]
    pub grouped_limit: Option<GroupedLimit>,
    #[serde(default)]
    pub no_include_attributes: bool,
    /// Also give the find call of the REST contract, when this select can be one.
    #[serde(default)]
    pub find: bool,
}

/// A limit for each parent of a `separate` include.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupedLimit {
    pub limit: u64,
    /// The key that names the parent.
    pub key: Expr,
    pub values: Vec<Expr>,
    /// The join that reaches the key, for belongs-to-many.
    #[serde(default)]
    pub include: Vec<Include>,
}

/// A table joined by an association.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Include {
    #[serde(rename = "as")]
    pub alias: String,
    pub table: TableName,
    /// The key on the parent: attribute and field.
    pub left: Key,
    /// The key on this table (for belongs-to-many: the target key).
    pub right: String,
    #[serde(default)]
    pub required: bool,
    /// Whether `required` was left open rather than false, for the join order of nested includes.
    #[serde(default)]
    pub optional: bool,
    #[serde(default, rename = "rightJoin")]
    pub right_join: bool,
    #[serde(default)]
    pub or: bool,
    #[serde(default)]
    pub attributes: Vec<Item>,
    #[serde(default, rename = "where")]
    pub condition: Option<Expr>,
    #[serde(default)]
    pub on: Option<Expr>,
    #[serde(default)]
    pub sub_query: bool,
    #[serde(default)]
    pub sub_query_filter: bool,
    #[serde(default)]
    pub through: Option<Through>,
    #[serde(default)]
    pub include: Vec<Include>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Key {
    pub attribute: String,
    pub field: String,
}

/// The table between the two sides of a belongs-to-many association.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Through {
    pub table: TableName,
    #[serde(rename = "as")]
    pub alias: String,
    pub primary_key: Option<String>,
    #[serde(default)]
    pub attributes: Vec<Item>,
    #[serde(default, rename = "where")]
    pub condition: Option<Expr>,
    /// Points to the parent.
    pub source_field: String,
    /// Points to the target.
    pub target_field: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OnConflict {
    pub columns: Vec<String>,
    #[serde(rename = "where")]
    pub condition: Option<Expr>,
    /// Empty means: leave the row that is there.
    pub update: Vec<String>,
}

/// `INSERT`, of one row or many.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Insert {
    pub table: TableName,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Expr>>,
    #[serde(default)]
    pub on_conflict: Option<OnConflict>,
    /// Columns to answer with; `["*"]` is all of them.
    #[serde(default)]
    pub returning: Option<Vec<String>>,
    /// Also answer whether each row was made or was there.
    #[serde(default)]
    pub returning_created: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Update {
    pub table: TableName,
    pub set: Vec<(String, Expr)>,
    #[serde(default, rename = "where")]
    pub condition: Option<Expr>,
    #[serde(default)]
    pub limit: Option<Expr>,
    /// What a limited update selects its rows by.
    #[serde(default)]
    pub primary_key: Vec<String>,
    #[serde(default)]
    pub returning: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delete {
    pub table: TableName,
    #[serde(default, rename = "where")]
    pub condition: Option<Expr>,
    #[serde(default)]
    pub limit: Option<Expr>,
    #[serde(default)]
    pub primary_key: Vec<String>,
}

/// A condition or an expression alone, for the text that libraries ask for.
#[derive(Debug, Clone, Deserialize)]
pub struct Fragment {
    pub e: Expr,
    /// Qualifies the columns of the table at hand: an alias, or schema and table.
    #[serde(default)]
    pub prefix: Vec<String>,
}
