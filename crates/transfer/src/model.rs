//! The tables that an import copies, whichever database they come from.

use phantomdb_protocol::{ColumnDefinition, TableName, TableSchema};

use super::rewrite::Words;
use phantomdb_sql::types::SqlType;

/// A table to copy: its definition in PhantomDB SQL, and facts about its source.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) schema: TableSchema,
    /// One for each of `schema.columns`.
    pub(crate) columns: Vec<Column>,
    /// The last number that its identity column gave.
    pub(crate) sequence: Option<i64>,
    pub(crate) rows: u64,
}

/// Facts about a column beside its definition.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The type as the source names it.
    pub(crate) declared: String,
    /// The types to try, the best one first; the first that every value fits is taken.
    pub(crate) candidates: Vec<SqlType>,
    /// The reason why the first candidate differs from the source's type; none when it does not.
    pub(crate) lossy: Option<String>,
    /// The expression to read it with.
    pub(crate) select: String,
    /// True when values may not fit the type, so that the import checks them first.
    pub(crate) doubtful: bool,
    /// The expression of a generated column.
    pub(crate) generated: Option<String>,
    /// The default as the source writes it; its form in PhantomDB depends on the chosen type.
    pub(crate) default: Option<(Words, String)>,
}

impl Column {
    pub(crate) fn new(declared: impl Into<String>, select: String, candidates: Vec<SqlType>) -> Self {
        Self {
            declared: declared.into(),
            candidates,
            lossy: None,
            select,
            doubtful: false,
            generated: None,
            default: None,
        }
    }

    pub(crate) fn data_type(&self) -> SqlType {
        self.candidates.first().cloned().unwrap_or(SqlType::Blob)
    }
}

impl Table {
    pub(crate) fn new(name: TableName) -> Self {
        let schema = TableSchema {
            table: name,
            columns: Vec::new(),
            primary_key: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            comment: None,
        };
        Self { schema, columns: Vec::new(), sequence: None, rows: 0 }
    }

    pub(crate) fn name(&self) -> &TableName {
        &self.schema.table
    }

    pub(crate) fn add_column(&mut self, definition: ColumnDefinition, column: Column) {
        self.schema.columns.push(definition);
        self.columns.push(column);
    }

    /// Returns the select list that reads these columns.
    pub(crate) fn selected(&self, columns: &[usize]) -> String {
        columns.iter().map(|&index| self.columns[index].select.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Returns the indexes of the columns that are not generated.
    pub(crate) fn stored_columns(&self) -> Vec<usize> {
        (0..self.columns.len()).filter(|&index| self.columns[index].generated.is_none()).collect()
    }

    /// Marks the columns of the primary key. Only a column that is the whole key stays an identity column.
    pub(crate) fn mark_key(&mut self, word: &str) -> Vec<Loss> {
        let mut left_out = Vec::new();
        for column in &mut self.schema.columns {
            column.primary_key = self.schema.primary_key.contains(&column.name);
            if column.auto_increment && self.schema.primary_key != [column.name.clone()] {
                column.auto_increment = false;
                let what = format!("numbering of \"{}\"", column.name);
                let why = "PhantomDB numbers a column that is the whole primary key";
                left_out.push(Loss::left_out(&self.schema.table, what, word, why));
            }
        }
        left_out
    }

    /// The identity column, and the last number that it gave.
    pub(crate) fn numbering(&self) -> Option<(&str, i64)> {
        let column = self.schema.columns.iter().find(|column| column.auto_increment)?;
        Some((&column.name, self.sequence?))
    }

    /// The expressions of generated columns, by the names of the columns.
    pub(crate) fn generated(&self) -> Vec<(String, Option<String>)> {
        let names = self.schema.columns.iter().map(|column| column.name.clone());
        names.zip(self.columns.iter().map(|column| column.generated.clone())).collect()
    }

    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.schema.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// Something that PhantomDB cannot keep as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) table: String,
    /// The name of a column, or another object such as `index "x"`.
    pub(crate) what: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) why: String,
}

impl Loss {
    /// Something that is not copied at all.
    pub(crate) fn left_out(
        table: impl ToString,
        what: impl Into<String>,
        from: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        Self {
            table: table.to_string(),
            what: what.into(),
            from: from.into(),
            to: "left out".into(),
            why: why.into(),
        }
    }
}
