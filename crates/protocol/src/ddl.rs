//! Definitions as PhantomDB SQL. `CREATE TABLE`, `CREATE INDEX` and their parts are written here, for the addon, which
//! shows them, and for the server, which runs them.

use std::borrow::Cow;

use crate::{
    ColumnDefinition, Constraint, CreateIndex, CreateTable, Error, ErrorCode, IndexField, Reference, Result,
    TableName,
};

/// The place of an expression in a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// After the `DEFAULT` of this column.
    Default(&'a str),
    /// Between the parentheses of the `GENERATED ALWAYS AS` of this column.
    Generated(&'a str),
    /// Between the parentheses of the `CHECK` with this name.
    Check(Option<&'a str>),
    /// As a field of an index.
    Field,
    /// After the `WHERE` of an index.
    Condition,
}

/// Writes the parts of a definition that are SQL already. The default methods write them as they were given.
pub trait Pieces {
    fn data_type<'a>(&self, column: &'a ColumnDefinition) -> Result<Cow<'a, str>> {
        Ok(Cow::Borrowed(&column.data_type))
    }

    fn expression<'a>(&self, text: &'a str, part: Part<'_>) -> Result<Cow<'a, str>> {
        given(text, part).map(Cow::Borrowed)
    }

    /// The expression of a generated column.
    fn generated(&self, column: &ColumnDefinition) -> Result<Option<String>> {
        let part = Part::Generated(&column.name);
        column.generated.as_deref().map(|text| self.expression(text, part).map(Cow::into_owned)).transpose()
    }
}

/// Writes every part as it was given.
#[derive(Debug, Clone, Copy)]
pub struct Verbatim;

impl Pieces for Verbatim {}

/// The expression without blanks around it. Fails with `BAD_REQUEST` when it is empty or holds a NUL character.
pub fn given<'a>(text: &'a str, part: Part<'_>) -> Result<&'a str> {
    let text = text.trim();
    if !text.is_empty() && !text.contains('\0') {
        return Ok(text);
    }
    let of = match part {
        Part::Default(column) => format!("the default of \"{column}\""),
        Part::Generated(column) => format!("the expression that generates \"{column}\""),
        Part::Check(Some(name)) => format!("the check \"{name}\""),
        Part::Check(None) => "a check".to_owned(),
        Part::Field => "a field of an index".to_owned(),
        Part::Condition => "the condition of an index".to_owned(),
    };
    Err(bad_request(format!("{of} is empty or holds a NUL character")))
}

fn bad_request(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::BadRequest, message)
}

/// Appends a quoted name. Refuses an empty name, and a name with a NUL character, which no engine can store.
pub fn push_identifier(out: &mut String, name: &str) -> Result<()> {
    if name.is_empty() || name.contains('\0') {
        return Err(bad_request("a name must not be empty or hold a NUL character"));
    }
    push_quoted(out, name, '"');
    Ok(())
}

/// Appends text between quotes. A quote inside the text is doubled.
#[inline]
pub fn push_quoted(out: &mut String, text: &str, quote: char) {
    out.push(quote);
    for (index, part) in text.split(quote).enumerate() {
        if index > 0 {
            out.push(quote);
            out.push(quote);
        }
        out.push_str(part);
    }
    out.push(quote);
}

/// Appends `"schema"."table"`.
pub fn push_table(out: &mut String, table: &TableName) -> Result<()> {
    if let Some(schema) = &table.schema {
        push_identifier(out, schema)?;
        out.push('.');
    }
    push_identifier(out, &table.name)
}

/// Appends quoted names with commas between them.
pub fn push_identifiers<S: AsRef<str>>(out: &mut String, names: &[S]) -> Result<()> {
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        push_identifier(out, name.as_ref())?;
    }
    Ok(())
}

/// The statements that create a table and its comments. They are to be run as one, all or nothing.
pub fn create_table(call: &CreateTable, pieces: &impl Pieces) -> Result<Vec<String>> {
    if call.columns.is_empty() {
        return Err(bad_request("a table needs at least one column"));
    }
    let mut sql = String::from("CREATE TABLE ");
    if call.if_not_exists {
        sql.push_str("IF NOT EXISTS ");
    }
    push_table(&mut sql, &call.table)?;
    sql.push_str(" (");
    // Several columns that are marked as the primary key form one key.
    let key: Vec<&str> = call.columns.iter().filter(|c| c.primary_key).map(|c| c.name.as_str()).collect();
    for (index, column) in call.columns.iter().enumerate() {
        if index > 0 {
            sql.push_str(", ");
        }
        push_identifier(&mut sql, &column.name)?;
        sql.push(' ');
        let definition = Definition {
            default: default_of(column, &call.constraints),
            is_key: column.primary_key && key.len() == 1,
            column,
        };
        definition.push(&mut sql, pieces)?;
    }
    if key.len() > 1 {
        sql.push_str(", ");
        push_list(&mut sql, "PRIMARY KEY", &key)?;
    }
    for constraint in &call.constraints {
        if let Constraint::Default { column, .. } = constraint {
            if call.columns.iter().any(|definition| definition.name == *column) {
                continue;
            }
            return Err(bad_request(format!(
                "a default is given for {column}, which is not a column of the table"
            )));
        }
        sql.push_str(", ");
        push_constraint(&mut sql, constraint, pieces)?;
    }
    sql.push(')');
    let mut statements = vec![sql];
    let columns = call.columns.iter().map(|column| (column.name.as_str(), column.comment.as_deref()));
    statements.extend(comments(&call.table, call.comment.as_deref(), columns)?);
    Ok(statements)
}

/// In the grammar of PostgreSQL a comment is a statement of its own.
pub fn comments<'a>(
    table: &TableName,
    of_table: Option<&str>,
    of_columns: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
) -> Result<Vec<String>> {
    let mut statements = Vec::new();
    if let Some(comment) = of_table {
        statements.push(comment_on(table, None, comment)?);
    }
    for (column, comment) in of_columns {
        if let Some(comment) = comment {
            statements.push(comment_on(table, Some(column), comment)?);
        }
    }
    Ok(statements)
}

fn comment_on(table: &TableName, column: Option<&str>, comment: &str) -> Result<String> {
    let mut sql = String::from(if column.is_some() { "COMMENT ON COLUMN " } else { "COMMENT ON TABLE " });
    push_table(&mut sql, table)?;
    if let Some(column) = column {
        sql.push('.');
        push_identifier(&mut sql, column)?;
    }
    if comment.contains('\0') {
        return Err(bad_request("a comment cannot hold a NUL character"));
    }
    sql.push_str(" IS ");
    push_quoted(&mut sql, comment, '\'');
    Ok(sql)
}

/// The default of a column, which its definition or a constraint gives.
fn default_of<'a>(column: &'a ColumnDefinition, constraints: &'a [Constraint]) -> Option<&'a str> {
    constraints
        .iter()
        .find_map(|constraint| match constraint {
            Constraint::Default { column: of, value, .. } if *of == column.name => Some(value.as_str()),
            _ => None,
        })
        .or(column.default.as_deref())
}

/// Appends the definition of a column without its name.
pub fn push_column(out: &mut String, column: &ColumnDefinition, pieces: &impl Pieces) -> Result<()> {
    Definition { column, default: column.default.as_deref(), is_key: column.primary_key }.push(out, pieces)
}

struct Definition<'a> {
    column: &'a ColumnDefinition,
    default: Option<&'a str>,
    /// True when the column alone is the primary key.
    is_key: bool,
}

impl Definition<'_> {
    fn push(&self, out: &mut String, pieces: &impl Pieces) -> Result<()> {
        let column = self.column;
        out.push_str(&pieces.data_type(column)?);
        if let Some(expression) = pieces.generated(column)? {
            out.push_str(&format!(" GENERATED ALWAYS AS ({expression}) STORED"));
        }
        if column.auto_increment {
            out.push_str(" GENERATED BY DEFAULT AS IDENTITY");
        }
        if !column.allow_null {
            out.push_str(" NOT NULL");
        }
        if let Some(default) = self.default {
            out.push_str(" DEFAULT ");
            out.push_str(&pieces.expression(default, Part::Default(&column.name))?);
        }
        if column.unique {
            out.push_str(" UNIQUE");
        }
        if self.is_key {
            out.push_str(" PRIMARY KEY");
        }
        if let Some(reference) = &column.references {
            out.push(' ');
            // Sequelize writes a column's reference in this order.
            push_reference(
                out,
                reference,
                [(" ON DELETE ", reference.on_delete), (" ON UPDATE ", reference.on_update)],
            )?;
        }
        Ok(())
    }
}

type Actions = [(&'static str, Option<crate::ReferentialAction>); 2];

fn push_reference(out: &mut String, reference: &Reference, actions: Actions) -> Result<()> {
    out.push_str("REFERENCES ");
    push_table(out, &reference.table)?;
    if !reference.columns.is_empty() {
        out.push_str(" (");
        push_identifiers(out, &reference.columns)?;
        out.push(')');
    }
    for (keyword, action) in actions {
        if let Some(action) = action {
            out.push_str(keyword);
            out.push_str(action.as_sql());
        }
    }
    if reference.initially_deferred {
        out.push_str(" DEFERRABLE INITIALLY DEFERRED");
    } else if reference.deferrable {
        out.push_str(" DEFERRABLE INITIALLY IMMEDIATE");
    }
    Ok(())
}

/// Appends a constraint as it stands in `CREATE TABLE` or after `ADD`.
pub fn push_constraint(out: &mut String, constraint: &Constraint, pieces: &impl Pieces) -> Result<()> {
    if let Some(name) = constraint.name() {
        out.push_str("CONSTRAINT ");
        push_identifier(out, name)?;
        out.push(' ');
    }
    match constraint {
        Constraint::PrimaryKey { columns, .. } => push_list(out, "PRIMARY KEY", columns),
        Constraint::Unique { columns, .. } => push_list(out, "UNIQUE", columns),
        Constraint::Check { expression, .. } => {
            out.push_str("CHECK (");
            out.push_str(&pieces.expression(expression, Part::Check(constraint.name()))?);
            out.push(')');
            Ok(())
        }
        Constraint::ForeignKey { columns, references, .. } => {
            push_list(out, "FOREIGN KEY", columns)?;
            out.push(' ');
            // Sequelize writes `ON UPDATE` first here.
            push_reference(
                out,
                references,
                [(" ON UPDATE ", references.on_update), (" ON DELETE ", references.on_delete)],
            )
        }
        Constraint::Default { column, value, .. } => {
            out.push_str("DEFAULT (");
            out.push_str(&pieces.expression(value, Part::Default(column))?);
            out.push_str(") FOR ");
            push_identifier(out, column)
        }
    }
}

fn push_list<S: AsRef<str>>(out: &mut String, keyword: &str, columns: &[S]) -> Result<()> {
    if columns.is_empty() {
        return Err(bad_request("a constraint needs at least one column"));
    }
    out.push_str(keyword);
    out.push_str(" (");
    push_identifiers(out, columns)?;
    out.push(')');
    Ok(())
}

pub fn create_index(table: &TableName, index: &CreateIndex, pieces: &impl Pieces) -> Result<String> {
    if index.fields.is_empty() {
        return Err(bad_request(format!("the index \"{}\" has no fields", index.name)));
    }
    let mut sql = String::from(if index.unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " });
    if index.concurrently {
        sql.push_str("CONCURRENTLY ");
    }
    if index.if_not_exists {
        sql.push_str("IF NOT EXISTS ");
    }
    push_identifier(&mut sql, &index.name)?;
    sql.push_str(" ON ");
    push_table(&mut sql, table)?;
    if let Some(method) = &index.using {
        sql.push_str(" USING ");
        sql.push_str(word(method, "method")?);
    }
    sql.push_str(" (");
    for (position, field) in index.fields.iter().enumerate() {
        if position > 0 {
            sql.push_str(", ");
        }
        push_field(&mut sql, index, field, pieces)?;
    }
    sql.push(')');
    if let Some(condition) = &index.condition {
        sql.push_str(" WHERE ");
        sql.push_str(&pieces.expression(condition, Part::Condition)?);
    }
    Ok(sql)
}

/// A word that stands in an index without quotes. Fails with `BAD_REQUEST` when it is not a plain word.
fn word<'a>(text: &'a str, what: &str) -> Result<&'a str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_plain) {
        return Ok(text);
    }
    Err(bad_request(format!("the {what} of an index must be one word of letters, digits and underscores")))
}

fn push_field(sql: &mut String, index: &CreateIndex, field: &IndexField, pieces: &impl Pieces) -> Result<()> {
    match (&field.column, &field.expression) {
        (Some(column), None) => push_identifier(sql, column)?,
        (None, Some(text)) => sql.push_str(&pieces.expression(text, Part::Field)?),
        _ => {
            let message = format!(
                "the index \"{}\" has a field that is neither a column nor an expression",
                index.name
            );
            return Err(bad_request(message));
        }
    }
    if let Some(collation) = &field.collate {
        sql.push_str(" COLLATE ");
        push_identifier(sql, collation)?;
    }
    if let Some(operator) = &field.operator {
        sql.push(' ');
        sql.push_str(word(operator, "operator class")?);
    }
    if field.descending {
        sql.push_str(" DESC");
    }
    Ok(())
}
