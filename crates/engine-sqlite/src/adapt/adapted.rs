//! The result of an adaptation.

use phantomdb_protocol::{AlterOperation, ColumnType, TableName};
use phantomdb_sql::{definition::SchemaChange, typing::Type};

use crate::{bind::Written, functions::assignments::Assign, rows::Stored};

/// A change of the schema that takes more than statements; [`crate::alter::apply`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Schema(SchemaChange),
    Alter { table: TableName, operations: Vec<AlterOperation> },
    RenameIndex { from: TableName, to: TableName, if_exists: bool },
    DropViews { views: Vec<TableName>, if_exists: bool, cascade: bool },
    DropIndexes { indexes: Vec<TableName>, if_exists: bool },
}

/// A table, a view or an index that the statements create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    pub name: TableName,
    pub is_table: bool,
    /// True for a table with foreign keys.
    pub has_foreign_keys: bool,
}

/// How a statement changes the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteKind {
    /// `reads_rows` is false when the text of the statement bounds how many rows it writes.
    Insert {
        reads_rows: bool,
    },
    Update,
    Delete,
}

/// The table whose rows a statement changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteTarget {
    /// The name of the table in SQLite.
    pub table: String,
    pub kind: WriteKind,
    /// The columns that an UPDATE assigns; none when they are not known.
    pub assigned: Option<Vec<String>>,
}

impl WriteTarget {
    pub fn new(table: impl Into<String>, kind: WriteKind) -> Self {
        Self { table: table.into(), kind, assigned: None }
    }
}

/// A WITH query that changes rows. Its rows become the parameter after those of the statement and of the steps before, as a
/// JSON array of arrays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub sql: String,
    pub target: Option<WriteTarget>,
}

/// A statement as SQLite runs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapted {
    /// SQL with the parameters `?1…?n`. The statements run in order, and the result of the last one is the result of all.
    pub statements: Vec<String>,
    /// The statements to run before, in order.
    pub steps: Vec<Step>,
    pub kind: phantomdb_sql::Kind,
    pub returns_rows: bool,
    /// The types of the result's columns, from the first one on, as far as they are known; may be shorter than the result.
    pub column_types: Vec<Option<ColumnType>>,
    /// The types of the result's columns as expressions, and whether each may be NULL; may be shorter than the result.
    pub expression_types: Vec<(Type, bool)>,
    /// How the values of the result's columns are stored, from the first one on, where they travel in another form.
    pub stored: Vec<Option<Stored>>,
    /// The names of the result's columns; empty when they are not known.
    pub column_names: Vec<String>,
    pub parameter_count: usize,
    /// What each parameter is written into, from the first one on; may be shorter than the list of parameters.
    pub written: Vec<Option<Written>>,
    /// The types that the statement gives to parameters whose values are to be read before it runs.
    pub known_types: Vec<Known>,
    /// The parameters, by their places from 0, that nothing in the statement gives a type.
    pub open_parameters: Vec<(usize, Open)>,
    /// True when the statement inserts one row, which stands for as many as there are.
    pub takes_rows: bool,
    /// The form of such an INSERT that SQLite runs fastest, when it has one.
    pub direct_insert: Option<DirectInsert>,
    /// True when the statement may meet a row that it has written itself, which is an error.
    pub updates_on_conflict: bool,
    /// True for an INSERT that returns at most columns of the one row of values that came with it.
    pub returns_given_row: bool,
    /// The change to make instead of running `statements`, which is empty then.
    pub change: Option<Change>,
    /// What the statements create; [`crate::alter::created`] runs them.
    pub created: Option<Created>,
    /// The table that the last of the statements writes; none when it only reads or changes the schema.
    pub target: Option<WriteTarget>,
}

/// The form of an INSERT that takes values as its columns store them.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectInsert {
    /// `INSERT INTO "t" ("a", "b") VALUES (?1, ?2)`, with the parameters of the statement.
    pub sql: String,
    /// The conversion of each parameter, from the first one on; none for a parameter that stands for a default.
    pub(crate) conversions: Vec<Option<Assign>>,
    /// The columns of the result.
    pub returned: Vec<Returned>,
    /// The table and its column that SQLite numbers, when that comes back.
    pub numbered: Option<[String; 2]>,
}

/// A column of the result of a [`DirectInsert`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// The parameter at this place, from 0, as it is stored.
    Parameter(usize),
    /// The number that SQLite gives the row.
    RowNumber,
    /// A column without a value and without a default.
    Null,
}

/// The type that a statement gives to a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The place of the parameter, from 0.
    pub(crate) place: usize,
    pub(crate) data_type: Type,
    /// The names of the table and the column that it is assigned to.
    pub(crate) column: Option<[String; 2]>,
}

/// A parameter that the statement gives no type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// It stands alone and has the type of its value.
    Any,
    /// It stands where any value can and none is given a type, as in `$1 IS NULL`. Then PostgreSQL gives all values their own
    /// types, if they go together.
    Anywhere,
    /// It has the type of its value, or is a text if no such type can stand there: a function or an operator takes several,
    /// or it stands beside others of which none has a type.
    Overloaded,
    /// It is a column of a query inside of another one, and has the type of its value, or is a text if no such type can stand
    /// there.
    InnerColumn,
    /// The statement says less than one function or operator needs, and takes the parameter for a number.
    Assumed,
    /// It stands beside a date, and is a date unless its value has a time.
    BesideDate,
}
