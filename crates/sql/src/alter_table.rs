//! ALTER TABLE as the operations of the contract.

use std::sync::Arc;

use phantomdb_protocol::{
    AlterOperation, ColumnDefinition, Constraint, Error, ErrorCode, Result, TableName, TableSchema,
};
use sqlparser::{
    ast::{
        AlterColumnOperation, AlterTable, AlterTableOperation, CastKind, ColumnDef, ColumnOption,
        ColumnOptionDef, DataType, DropBehavior, Expr, GeneratedAs, GeneratedExpressionMode, Ident,
        RenameTableNameKind, SequenceOptions, Spanned,
    },
    tokenizer::Span,
};

use crate::{
    Catalog, Source, build,
    constraints::{
        refuse_of_check, refuse_of_foreign_key, refuse_of_primary_key, refuse_of_unique, refuse_unkept,
    },
    names::table_name,
    own_tables::refuse_name,
    printer::{self, Style},
    types::{SqlType, is_serial},
};

pub use crate::constraints::{constraint_of, reference, settle_deferral, text};

/// Reads the operations of an ALTER TABLE against the tables that there are.
pub struct AlterTableReader<'a> {
    pub source: Source<'a>,
    pub catalog: &'a dyn Catalog,
}

/// The table that is altered. `UNSUPPORTED` for clauses of other databases.
pub fn altered_table(source: &Source<'_>, alter: &AlterTable) -> Result<TableName> {
    let AlterTable {
        name,
        if_exists: _,
        // There is no inheritance of tables, so ONLY changes nothing.
        only: _,
        operations: _,
        location,
        on_cluster,
        table_type,
        end_token: _,
    } = alter;
    if location.is_some() || on_cluster.is_some() || table_type.is_some() {
        return source.unsupported("SET LOCATION, ON CLUSTER or a kind of table in ALTER TABLE", name.span());
    }
    source.table(name)
}

impl AlterTableReader<'_> {
    /// Each operation as the contract describes it, in order. None at all when IF EXISTS or IF NOT EXISTS leaves nothing
    /// to do.
    pub fn alter_table(&self, alter: &mut AlterTable) -> Result<(TableName, Vec<AlterOperation>)> {
        let table = altered_table(&self.source, alter)?;
        let mut operations = Vec::new();
        if alter.if_exists && self.catalog.table(&table).is_none() {
            return Ok((table, operations));
        }
        let mut schema = self.catalog.table(&table).map(Arc::unwrap_or_clone);
        for operation in &mut alter.operations {
            let read = self.alter_operation(&table, schema.as_ref(), operation)?;
            // Each operation changes the table as the ones before it leave it.
            if let Some(schema) = &mut schema {
                read.iter().for_each(|operation| foresee(schema, operation));
            }
            operations.extend(read);
        }
        Ok((table, operations))
    }

    /// Converts one operation of the statement, which may be several of the contract's, or none. `schema` is the table
    /// before the operation; none when there is no such table.
    pub fn alter_operation(
        &self,
        table: &TableName,
        schema: Option<&TableSchema>,
        operation: &mut AlterTableOperation,
    ) -> Result<Vec<AlterOperation>> {
        let span = operation.span();
        // Without a table the operation fails by itself.
        let table_has = |has: &dyn Fn(&TableSchema) -> bool| schema.is_some_and(has);
        Ok(match operation {
            AlterTableOperation::AddColumn {
                column_keyword: _,
                if_not_exists,
                column_def,
                column_position: None,
            } => {
                if *if_not_exists && table_has(&|schema| has_column(schema, &column_def.name)) {
                    return Ok(Vec::new());
                }
                self.added_column(column_def)?
            }
            AlterTableOperation::DropColumn {
                has_column_keyword: _,
                column_names,
                if_exists,
                drop_behavior,
            } => {
                let cascade = is_cascade(drop_behavior.as_ref());
                column_names
                    .iter()
                    .filter(|name| !*if_exists || table_has(&|schema| has_column(schema, name)))
                    .map(|name| AlterOperation::DropColumn { name: name.value.clone(), cascade })
                    .collect()
            }
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                vec![AlterOperation::RenameColumn {
                    from: old_column_name.value.clone(),
                    to: new_column_name.value.clone(),
                }]
            }
            AlterTableOperation::RenameTable {
                table_name: RenameTableNameKind::To(name) | RenameTableNameKind::As(name),
            } => {
                let mut to = table_name(name).unwrap_or_else(|| TableName::new(name.to_string()));
                to.schema = to.schema.or_else(|| table.schema.clone());
                refuse_name(&to.name)?;
                vec![AlterOperation::RenameTable { to }]
            }
            AlterTableOperation::AddConstraint { constraint: _, not_valid: true } => {
                return self.source.unsupported("NOT VALID", span);
            }
            AlterTableOperation::AddConstraint { constraint, not_valid: false } => {
                refuse_unkept(constraint, &self.source)?;
                vec![AlterOperation::AddConstraint { constraint: constraint_of(constraint, &self.source)? }]
            }
            AlterTableOperation::DropConstraint { if_exists, name, drop_behavior } => {
                if *if_exists && !table_has(&|schema| has_constraint(schema, name)) {
                    return Ok(Vec::new());
                }
                let cascade = is_cascade(drop_behavior.as_ref());
                vec![AlterOperation::DropConstraint { name: name.value.clone(), cascade }]
            }
            AlterTableOperation::AlterColumn { column_name, op } => {
                let (column, using) = self.changed_column(table, schema, &column_name.value, op)?;
                vec![AlterOperation::ChangeColumn { column, using }]
            }
            AlterTableOperation::RenameConstraint { old_name, new_name } => {
                vec![AlterOperation::RenameConstraint {
                    from: old_name.value.clone(),
                    to: new_name.value.clone(),
                }]
            }
            other => {
                let what = format!("ALTER TABLE {other}");
                return self.source.unsupported(&what, span);
            }
        })
    }

    /// A new column, and the constraints on it that have a name.
    fn added_column(&self, column: &mut ColumnDef) -> Result<Vec<AlterOperation>> {
        let (column, constraints) = column_definition(column, &self.source)?;
        let constraints =
            constraints.into_iter().map(|constraint| AlterOperation::AddConstraint { constraint });
        Ok(std::iter::once(AlterOperation::AddColumn { column }).chain(constraints).collect())
    }

    /// The new definition of a column, and the expression after USING.
    fn changed_column(
        &self,
        table: &TableName,
        schema: Option<&TableSchema>,
        name: &str,
        op: &mut AlterColumnOperation,
    ) -> Result<(ColumnDefinition, Option<String>)> {
        let unknown = |code, what: String| Error::new(code, what).with_table(table.to_string());
        let schema = schema
            .ok_or_else(|| unknown(ErrorCode::UnknownTable, format!("there is no table \"{table}\"")))?;
        let mut conversion = None;
        let column = schema.columns.iter().find(|column| column.name == name).cloned();
        let mut column = column.ok_or_else(|| {
            unknown(ErrorCode::UnknownColumn, format!("table \"{table}\" has no column \"{name}\""))
                .with_columns([name])
        })?;
        match op {
            AlterColumnOperation::SetNotNull => column.allow_null = false,
            AlterColumnOperation::DropNotNull => column.allow_null = true,
            AlterColumnOperation::DropDefault => column.default = None,
            AlterColumnOperation::SetDefault { value } => {
                column.default = Some(printer::print(value, Style::Phantom)?)
            }
            AlterColumnOperation::SetDataType { data_type, using, had_set: _ } => {
                let to = SqlType::from_ast(data_type)?;
                if let Some(using) = using.as_mut().filter(|using| !is_plain_conversion(using, name, &to)) {
                    conversion = Some(printer::print(using, Style::Phantom)?);
                }
                column.data_type = to.name();
            }
            AlterColumnOperation::AddGenerated { generated_as: _, sequence_options: _ } => {
                return self.source.unsupported("ADD GENERATED", Span::empty());
            }
        }
        Ok((column, conversion))
    }
}

/// RESTRICT is what happens without a word.
fn is_cascade(behavior: Option<&DropBehavior>) -> bool {
    match behavior {
        None | Some(DropBehavior::Restrict) => false,
        Some(DropBehavior::Cascade) => true,
    }
}

/// Makes the change to the description of a table, as far as later operations of the same statement look at it.
fn foresee(schema: &mut TableSchema, operation: &AlterOperation) {
    let same = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    match operation {
        AlterOperation::AddColumn { column } => schema.columns.push(column.clone()),
        AlterOperation::ChangeColumn { column, using: _ } => {
            for old in schema.columns.iter_mut().filter(|old| same(&old.name, &column.name)) {
                old.clone_from(column);
            }
        }
        AlterOperation::DropColumn { name, cascade: _ } => {
            schema.columns.retain(|column| !same(&column.name, name));
        }
        AlterOperation::RenameColumn { from, to } => {
            for column in schema.columns.iter_mut().filter(|column| same(&column.name, from)) {
                column.name.clone_from(to);
            }
        }
        AlterOperation::AddConstraint { constraint } => schema.constraints.push(constraint.clone()),
        AlterOperation::DropConstraint { name, cascade: _ } => {
            schema.constraints.retain(|constraint| constraint.name() != Some(name));
        }
        // The caller keeps the old name of the table.
        AlterOperation::RenameTable { to: _ } | AlterOperation::RenameConstraint { from: _, to: _ } => {}
    }
}

fn has_column(schema: &TableSchema, name: &Ident) -> bool {
    schema.columns.iter().any(|column| column.name == name.value)
}

fn has_constraint(schema: &TableSchema, name: &Ident) -> bool {
    schema.constraints.iter().any(|constraint| constraint.name() == Some(&name.value))
}

/// Returns whether an expression after USING converts a column as the change of its type does by itself.
fn is_plain_conversion(using: &Expr, column: &str, to: &SqlType) -> bool {
    let is_column =
        |expr: &Expr| matches!(build::unnested(expr), Expr::Identifier(name) if name.value == column);
    let is_to = |data_type: &DataType| SqlType::from_ast(data_type).is_ok_and(|cast| cast == *to);
    match build::unnested(using) {
        Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr, data_type, format: None } => {
            is_column(expr) && is_to(data_type)
        }
        expr => is_column(expr),
    }
}

/// A column as the contract describes it, and the constraints on it that have a name.
fn column_definition(
    column: &mut ColumnDef,
    source: &Source<'_>,
) -> Result<(ColumnDefinition, Vec<Constraint>)> {
    let span = column.span();
    let ColumnDef { name: column_name, data_type, options } = column;
    let mut constraints = Vec::new();
    let mut definition =
        ColumnDefinition::new(column_name.value.clone(), SqlType::from_ast(data_type)?.name());
    definition.auto_increment = is_serial(data_type);
    let columns = || vec![column_name.value.clone()];
    for ColumnOptionDef { name, option } in options {
        let name = text(name.as_ref());
        match option {
            ColumnOption::Null => {}
            // The name of a NOT NULL is not kept: it is dropped by `DROP NOT NULL`.
            ColumnOption::NotNull => definition.allow_null = false,
            ColumnOption::Default(expr) => definition.default = Some(printer::print(expr, Style::Phantom)?),
            ColumnOption::Comment(comment) => definition.comment = Some(comment.clone()),
            // The grammar reads no other word here.
            ColumnOption::DialectSpecific(_auto_increment) => definition.auto_increment = true,
            ColumnOption::PrimaryKey(key) => {
                refuse_of_primary_key(key, source, span)?;
                if name.is_some() {
                    return source.unsupported("a named primary key in ADD COLUMN", span);
                }
                definition.primary_key = true;
            }
            ColumnOption::Unique(unique) => {
                refuse_of_unique(unique, source, span)?;
                match name {
                    Some(_) => constraints.push(Constraint::Unique { name, columns: columns() }),
                    None => definition.unique = true,
                }
            }
            ColumnOption::ForeignKey(key) => {
                refuse_of_foreign_key(key, source, span)?;
                let references = reference(key);
                match name {
                    Some(_) => {
                        constraints.push(Constraint::ForeignKey { name, columns: columns(), references })
                    }
                    None => definition.references = Some(references),
                }
            }
            ColumnOption::Check(check) => {
                refuse_of_check(check, source, span)?;
                constraints.push(Constraint::Check {
                    name: name.or_else(|| text(check.name.as_ref())),
                    expression: printer::print(check.expr.as_mut(), Style::Phantom)?,
                });
            }
            ColumnOption::Generated {
                generated_as,
                sequence_options,
                generation_expr,
                generation_expr_mode,
                generated_keyword: _,
            } => {
                refuse_generation_clauses(sequence_options.as_deref(), *generation_expr_mode, source, span)?;
                match generation_expr {
                    None => definition.auto_increment = *generated_as != GeneratedAs::ExpStored,
                    Some(expr) => definition.generated = Some(printer::print(expr, Style::Phantom)?),
                }
            }
            other => return source.unsupported(&format!("'{other}' in ADD COLUMN"), span),
        }
    }
    Ok((definition, constraints))
}

fn refuse_generation_clauses(
    sequence_options: Option<&[SequenceOptions]>,
    mode: Option<GeneratedExpressionMode>,
    source: &Source<'_>,
    span: Span,
) -> Result<()> {
    if mode == Some(GeneratedExpressionMode::Virtual) {
        return source.unsupported("VIRTUAL", span);
    }
    match sequence_options.and_then(<[SequenceOptions]>::first) {
        None => Ok(()),
        Some(first) => source.unsupported(&format!("'{}' in ADD COLUMN", first.to_string().trim()), span),
    }
}

/// `UNSUPPORTED` for a column with values of its own that is to be generated from now on; `old` is the expression that
/// generates it so far.
pub fn refuse_to_generate(old: Option<&str>, column: &ColumnDefinition) -> Result<()> {
    if old.is_some() || column.generated.is_none() {
        return Ok(());
    }
    let name = &column.name;
    Err(Error::unsupported(format!(
        "the column \"{name}\" has values and cannot become a generated one; drop it and add it anew"
    ))
    .with_columns([name]))
}
