//! Writes `CREATE TABLE`, `ALTER TABLE`, columns and constraints.

use std::borrow::Cow;

use phantomdb_protocol::{
    AlterOperation, ColumnDefinition, Constraint, CreateTable, Error, ErrorCode, Result, TableName,
    ddl::{self, Part, Pieces, push_identifier, push_table},
};
use serde::Deserialize;

use super::data_type;

/// Writes types by their PhantomDB names, and refuses a type that PhantomDB does not have.
struct Normalized;

impl Pieces for Normalized {
    fn data_type<'a>(&self, column: &'a ColumnDefinition) -> Result<Cow<'a, str>> {
        data_type::normalize(&column.data_type).map(Cow::Owned).map_err(|error| Error {
            message: format!("column \"{}\": {}", column.name, error.message),
            ..error.with_columns([column.name.as_str()])
        })
    }
}

pub(super) fn create(plan: &CreateTable) -> Result<String> {
    let statements = ddl::create_table(plan, &Normalized)?;
    Ok(format!("{};", statements.join("; ")))
}

/// A table whose columns are SQL text of the user: `{"id": "INTEGER PRIMARY KEY"}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrittenTable {
    table: TableName,
    columns: Vec<WrittenColumn>,
    #[serde(default)]
    constraints: Vec<Constraint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenColumn {
    name: String,
    definition: String,
}

pub(super) fn create_written(plan: &WrittenTable) -> Result<String> {
    let mut out = String::from("CREATE TABLE IF NOT EXISTS ");
    push_table(&mut out, &plan.table)?;
    out.push_str(" (");
    for (i, column) in plan.columns.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        push_identifier(&mut out, &column.name)?;
        out.push(' ');
        out.push_str(ddl::given(&column.definition, Part::Default(&column.name))?);
    }
    for constraint in &plan.constraints {
        out.push_str(", ");
        ddl::push_constraint(&mut out, constraint, &Normalized)?;
    }
    out.push_str(");");
    Ok(out)
}

/// Writes the definition of a column without its name.
pub(super) fn column_fragment(column: &ColumnDefinition) -> Result<String> {
    let mut out = String::new();
    ddl::push_column(&mut out, column, &Normalized)?;
    Ok(out)
}

pub(super) fn constraint_fragment(constraint: &Constraint) -> Result<String> {
    let mut out = String::new();
    ddl::push_constraint(&mut out, constraint, &Normalized)?;
    Ok(out)
}

/// Writes the operations as `ALTER TABLE` statements for the log. They are executed as one structured call.
pub(super) fn alter(table: &TableName, operations: &[AlterOperation]) -> Result<String> {
    if operations.is_empty() {
        return Err(Error::new(
            ErrorCode::BadRequest,
            format!("there is nothing to alter in table \"{table}\""),
        ));
    }
    let mut head = String::from("ALTER TABLE ");
    push_table(&mut head, table)?;
    head.push(' ');
    let mut out = String::new();
    for (i, operation) in operations.iter().enumerate() {
        if i > 0 {
            out.push_str(if out.ends_with(';') { " " } else { "; " });
        }
        out.push_str(&head);
        push_operation(&mut out, operation)?;
        // Sequelize ends each of its statements but this one.
        if !matches!(operation, AlterOperation::DropConstraint { .. }) {
            out.push(';');
        }
        if let AlterOperation::AddColumn { column } | AlterOperation::ChangeColumn { column, using: _ } =
            operation
        {
            let comment = [(column.name.as_str(), column.comment.as_deref())];
            for statement in ddl::comments(table, None, comment)? {
                out.push_str(&format!(" {statement};"));
            }
        }
    }
    Ok(out)
}

fn push_cascade(out: &mut String, cascade: bool) {
    if cascade {
        out.push_str(" CASCADE");
    }
}

fn push_operation(out: &mut String, operation: &AlterOperation) -> Result<()> {
    match operation {
        AlterOperation::AddColumn { column } => {
            out.push_str("ADD COLUMN ");
            push_identifier(out, &column.name)?;
            out.push(' ');
            ddl::push_column(out, column, &Normalized)
        }
        AlterOperation::DropColumn { name, cascade } => {
            out.push_str("DROP COLUMN ");
            push_identifier(out, name)?;
            push_cascade(out, *cascade);
            Ok(())
        }
        AlterOperation::RenameColumn { from, to } => {
            out.push_str("RENAME COLUMN ");
            push_identifier(out, from)?;
            out.push_str(" TO ");
            push_identifier(out, to)
        }
        AlterOperation::ChangeColumn { column, using } => {
            out.push_str("ALTER COLUMN ");
            push_identifier(out, &column.name)?;
            out.push_str(" TYPE ");
            ddl::push_column(out, column, &Normalized)?;
            if let Some(using) = using {
                out.push_str(&format!(" USING {using}"));
            }
            Ok(())
        }
        AlterOperation::RenameTable { to } => {
            out.push_str("RENAME TO ");
            push_table(out, to)
        }
        AlterOperation::AddConstraint { constraint } => {
            out.push_str("ADD ");
            ddl::push_constraint(out, constraint, &Normalized)
        }
        AlterOperation::DropConstraint { name, cascade } => {
            out.push_str("DROP CONSTRAINT ");
            push_identifier(out, name)?;
            push_cascade(out, *cascade);
            Ok(())
        }
        AlterOperation::RenameConstraint { from, to } => {
            out.push_str("RENAME CONSTRAINT ");
            push_identifier(out, from)?;
            out.push_str(" TO ");
            push_identifier(out, to)
        }
    }
}
