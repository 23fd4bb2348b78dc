//! Tables, columns, constraints and indexes, as they are described and changed.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    ColumnType, objects,
    strict::{not_read, strictly},
};

/// The table in which the console keeps the statements that people save. It is made when the first one is saved.
pub const CONSOLE_TABLE: &str = "console_saved_queries";

/// A table, with its schema when it is not in the default one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct TableName {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
}

impl TableName {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), schema: None }
    }

    /// True for the table that the console makes for itself.
    pub fn is_of_console(&self) -> bool {
        self.schema.is_none() && self.name == CONSOLE_TABLE
    }

    /// The name for people, with a mark when the table is the console's own.
    pub fn label(&self) -> String {
        if self.is_of_console() { format!("{self} (console)") } else { self.to_string() }
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReferentialAction {
    #[serde(rename = "NO ACTION")]
    NoAction,
    #[serde(rename = "RESTRICT")]
    Restrict,
    #[serde(rename = "CASCADE")]
    Cascade,
    #[serde(rename = "SET NULL")]
    SetNull,
    #[serde(rename = "SET DEFAULT")]
    SetDefault,
}

impl ReferentialAction {
    pub const fn as_sql(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }
}

/// The target of a foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    pub table: TableName,
    pub columns: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<ReferentialAction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_update: Option<ReferentialAction>,
    #[serde(default)]
    pub deferrable: bool,
    #[serde(default)]
    pub initially_deferred: bool,
}

/// The parts of a column's type, so that nobody has to read them out of its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TypeDescription {
    /// The name without arguments: `VARCHAR`, `DOUBLE PRECISION`, `ENUM`; `ARRAY` for an array.
    pub name: String,
    /// How the values travel.
    pub wire: ColumnType,
    /// The most characters of a `VARCHAR` or a `CHAR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// The digits of a `DECIMAL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<u64>,
    /// The digits of a `DECIMAL` after its point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<i64>,
    /// The values of an `ENUM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// The type of the elements of an `ARRAY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element: Option<Box<Self>>,
}

impl TypeDescription {
    /// A type without arguments.
    pub fn new(name: impl Into<String>, wire: ColumnType) -> Self {
        Self {
            name: name.into(),
            wire,
            length: None,
            precision: None,
            scale: None,
            values: None,
            element: None,
        }
    }
}

/// One column. `type` is a PhantomDB SQL type as written in `CREATE TABLE`: `INTEGER`, `VARCHAR(255)`, `DECIMAL(10,2)`,
/// `ENUM('a','b')`; [`crate::data_type::table`] has all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ColumnDefinition {
    pub name: String,
    #[serde(rename = "type")]
    pub data_type: String,
    /// The parts of `type` in the description of a table. A request need not have them: they are not read. A type that
    /// another client made and PhantomDB does not have has none.
    #[serde(
        default,
        deserialize_with = "not_read",
        rename = "dataType",
        skip_serializing_if = "Option::is_none"
    )]
    pub type_parts: Option<TypeDescription>,
    #[serde(default = "yes")]
    pub allow_null: bool,
    #[serde(default)]
    pub primary_key: bool,
    #[serde(default)]
    pub auto_increment: bool,
    #[serde(default)]
    pub unique: bool,
    /// An SQL expression: `0`, `'x'`, `now()`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The SQL expression of a column that is always computed from others and stored: `price * amount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl ColumnDefinition {
    /// A column that may be null, without any other property.
    pub fn new(name: impl Into<String>, data_type: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            data_type: data_type.into(),
            type_parts: None,
            allow_null: true,
            primary_key: false,
            auto_increment: false,
            unique: false,
            default: None,
            generated: None,
            references: None,
            comment: None,
        }
    }
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields,
    remote = "Self"
)]
pub enum Constraint {
    PrimaryKey {
        #[serde(default)]
        name: Option<String>,
        columns: Vec<String>,
    },
    Unique {
        #[serde(default)]
        name: Option<String>,
        columns: Vec<String>,
    },
    /// `expression` is an SQL condition.
    Check {
        #[serde(default)]
        name: Option<String>,
        expression: String,
    },
    ForeignKey {
        #[serde(default)]
        name: Option<String>,
        columns: Vec<String>,
        #[serde(deserialize_with = "strictly")]
        references: Reference,
    },
    /// A default in the form of a constraint: it sets the default of `column`.
    Default {
        #[serde(default)]
        name: Option<String>,
        column: String,
        value: String,
    },
}

impl Constraint {
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::PrimaryKey { name, .. }
            | Self::Unique { name, .. }
            | Self::Check { name, .. }
            | Self::ForeignKey { name, .. }
            | Self::Default { name, .. } => name.as_deref(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "CreateTableBody")]
pub struct CreateTable {
    pub table: TableName,
    pub columns: Vec<ColumnDefinition>,
    pub constraints: Vec<Constraint>,
    pub if_not_exists: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A table to create, named by `table` or, shorter, by `name` (and `schema`).
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateTableBody {
    #[serde(default, deserialize_with = "strictly")]
    table: Option<TableName>,
    name: Option<String>,
    schema: Option<String>,
    #[serde(deserialize_with = "strictly")]
    columns: Vec<ColumnDefinition>,
    #[serde(default)]
    constraints: Vec<Constraint>,
    #[serde(default)]
    if_not_exists: bool,
    comment: Option<String>,
}

impl TryFrom<CreateTableBody> for CreateTable {
    type Error = &'static str;

    fn try_from(body: CreateTableBody) -> Result<Self, Self::Error> {
        let table = match (body.table, body.name) {
            (Some(table), None) => table,
            (None, Some(name)) => TableName { name, schema: body.schema },
            _ => return Err("a table needs a name"),
        };
        Ok(Self {
            table,
            columns: body.columns,
            constraints: body.constraints,
            if_not_exists: body.if_not_exists,
            comment: body.comment,
        })
    }
}

impl JsonSchema for CreateTable {
    fn schema_name() -> Cow<'static, str> {
        CreateTableBody::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        CreateTableBody::json_schema(generator)
    }
}

/// A column of an index, or an expression.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IndexField {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    #[serde(default)]
    pub descending: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collate: Option<String>,
    /// An operator class: `text_pattern_ops`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateIndex {
    pub name: String,
    #[serde(deserialize_with = "strictly")]
    pub fields: Vec<IndexField>,
    #[serde(default)]
    pub unique: bool,
    /// An SQL condition, for a partial index.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The method of the index: `btree`, `gin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    #[serde(default)]
    pub if_not_exists: bool,
    /// True to let others write to the table while the index is made. PostgreSQL then makes it outside of a transaction
    /// only; on SQLite nobody but another writer waits anyway.
    #[serde(default, skip_serializing_if = "is_false")]
    pub concurrently: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IndexSchema {
    pub name: String,
    pub unique: bool,
    pub primary: bool,
    pub fields: Vec<IndexField>,
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The `CREATE INDEX` statement. The index of a constraint has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
}

/// A view, and the query whose rows it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ViewDefinition {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// In PhantomDB SQL. SQLite has the query as it was written, PostgreSQL as it is now. A view that another program made
    /// in a file of SQLite has no query here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}

/// The description of a table. Every constraint has a name here, also a constraint that was created without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TableSchema {
    pub table: TableName,
    pub columns: Vec<ColumnDefinition>,
    pub primary_key: Vec<String>,
    pub constraints: Vec<Constraint>,
    pub indexes: Vec<IndexSchema>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A change to a table. A list of changes is applied in order, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "op",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields,
    remote = "Self"
)]
pub enum AlterOperation {
    AddColumn {
        #[serde(deserialize_with = "strictly")]
        column: ColumnDefinition,
    },
    /// With `cascade`, foreign keys of other tables that reference the column are dropped with it.
    DropColumn {
        name: String,
        #[serde(default, skip_serializing_if = "is_false")]
        cascade: bool,
    },
    RenameColumn {
        from: String,
        to: String,
    },
    /// Gives the column `column.name` a new definition; its rows are kept and converted. `using` is an SQL expression over
    /// the columns of the row that gives the new values, in place of the conversion of the old ones.
    ChangeColumn {
        #[serde(deserialize_with = "strictly")]
        column: ColumnDefinition,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        using: Option<String>,
    },
    RenameTable {
        #[serde(deserialize_with = "strictly")]
        to: TableName,
    },
    AddConstraint {
        constraint: Constraint,
    },
    /// With `cascade`, foreign keys of other tables that reference the columns of the key are dropped with it.
    DropConstraint {
        name: String,
        #[serde(default, skip_serializing_if = "is_false")]
        cascade: bool,
    },
    RenameConstraint {
        from: String,
        to: String,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Gives the enums with tags their implementations. What serde derives for them are functions of the same names.
macro_rules! read_as_objects {
    ($($tagged:ident),+) => {
        $(impl<'de> Deserialize<'de> for $tagged {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                objects::tagged(deserializer, Self::deserialize)
            }
        }

        impl Serialize for $tagged {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        })+
    };
}

read_as_objects!(Constraint, AlterOperation);
