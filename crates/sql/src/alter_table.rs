//! ALTER TABLE as the operations of the contract.

use phantomdb_protocol::{
    AlterOperation, ColumnDefinition, Constraint, Error, ErrorCode, Reference, ReferentialAction, Result,
    TableName,
};
use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, ColumnOption, DeferrableInitial,
    ForeignKeyConstraint, GeneratedAs, ReferentialAction as AstAction, RenameTableNameKind, Spanned,
    TableConstraint,
};

use super::{
    Catalog, Source,
    names::{index_columns, table_name},
    printer::{self, Style},
    types::{SqlType, is_serial},
};

/// What is needed to read an ALTER TABLE.
pub struct Reader<'a> {
    pub source: Source<'a>,
    pub catalog: &'a dyn Catalog,
}

impl Reader<'_> {
    /// Each operation as the contract describes it, in order.
    pub fn alter_table(&self, alter: &mut AlterTable) -> Result<(TableName, Vec<AlterOperation>)> {
        let table = self.source.table(&alter.name)?;
        let mut operations = Vec::new();
        for operation in &mut alter.operations {
            operations.extend(self.alter_operation(&table, operation)?);
        }
        Ok((table, operations))
    }

    /// One of its operations, each of which may be several of the contract's.
    pub fn alter_operation(
        &self,
        table: &TableName,
        operation: &mut AlterTableOperation,
    ) -> Result<Vec<AlterOperation>> {
        let span = operation.span();
        Ok(match operation {
            AlterTableOperation::AddColumn { column_def, column_position: None, .. } => {
                let (column, mut constraints) = column_definition(column_def)?;
                let mut operations = vec![AlterOperation::AddColumn { column }];
                operations.extend(
                    constraints.drain(..).map(|constraint| AlterOperation::AddConstraint { constraint }),
                );
                operations
            }
            AlterTableOperation::DropColumn { column_names, .. } => column_names
                .iter()
                .map(|name| AlterOperation::DropColumn { name: name.value.clone() })
                .collect(),
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
                vec![AlterOperation::RenameTable { to }]
            }
            AlterTableOperation::AddConstraint { constraint, .. } => {
                vec![AlterOperation::AddConstraint { constraint: constraint_of(constraint, &self.source)? }]
            }
            AlterTableOperation::DropConstraint { name, .. } => {
                vec![AlterOperation::DropConstraint { name: name.value.clone() }]
            }
            AlterTableOperation::AlterColumn { column_name, op } => {
                let column = self.changed_column(table, &column_name.value, op)?;
                vec![AlterOperation::ChangeColumn { column }]
            }
            other => {
                let what = format!("ALTER TABLE {other}");
                return self.source.unsupported(&what, span);
            }
        })
    }

    fn changed_column(
        &self,
        table: &TableName,
        name: &str,
        op: &mut AlterColumnOperation,
    ) -> Result<ColumnDefinition> {
        let unknown = |code, what: String| Error::new(code, what).with_table(table.to_string());
        let schema = self
            .catalog
            .table(table)
            .ok_or_else(|| unknown(ErrorCode::UnknownTable, format!("there is no table \"{table}\"")))?;
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
            AlterColumnOperation::SetDataType { data_type, .. } => {
                column.data_type = SqlType::from_ast(data_type)?.name();
            }
            AlterColumnOperation::AddGenerated { .. } => {
                return self.source.unsupported("ADD GENERATED", sqlparser::tokenizer::Span::empty());
            }
        }
        Ok(column)
    }
}

/// A column as the contract describes it, and what of it is a constraint with a name of its own.
pub fn column_definition(column: &mut ColumnDef) -> Result<(ColumnDefinition, Vec<Constraint>)> {
    let mut constraints = Vec::new();
    let mut definition =
        ColumnDefinition::new(column.name.value.clone(), SqlType::from_ast(&column.data_type)?.name());
    definition.auto_increment = is_serial(&column.data_type);
    for option in &mut column.options {
        let name = option.name.as_ref().map(|name| name.value.clone());
        match &mut option.option {
            ColumnOption::NotNull => definition.allow_null = false,
            ColumnOption::PrimaryKey(_) => definition.primary_key = true,
            ColumnOption::Unique(_) => definition.unique = true,
            ColumnOption::Default(expr) => definition.default = Some(printer::print(expr, Style::Phantom)?),
            ColumnOption::Generated { generated_as, generation_expr: None, .. }
                if *generated_as != GeneratedAs::ExpStored =>
            {
                definition.auto_increment = true;
            }
            ColumnOption::Generated { generation_expr: Some(expr), .. } => {
                definition.generated = Some(printer::print(expr, Style::Phantom)?);
            }
            ColumnOption::ForeignKey(key) => definition.references = Some(reference(key)),
            ColumnOption::Check(check) => {
                let name = name.or_else(|| check.name.as_ref().map(|name| name.value.clone()));
                constraints.push(Constraint::Check {
                    name,
                    expression: printer::print(check.expr.as_mut(), Style::Phantom)?,
                });
            }
            _ => {}
        }
    }
    Ok((definition, constraints))
}

/// `UNSUPPORTED` for a column with values of its own that is to be generated from now on; `old` is what generates it.
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

pub fn reference(key: &ForeignKeyConstraint) -> Reference {
    let characteristics = key.characteristics.unwrap_or_default();
    Reference {
        table: table_name(&key.foreign_table)
            .unwrap_or_else(|| TableName::new(key.foreign_table.to_string())),
        columns: key.referred_columns.iter().map(|column| column.value.clone()).collect(),
        on_delete: key.on_delete.map(action),
        on_update: key.on_update.map(action),
        deferrable: characteristics.deferrable.unwrap_or(false),
        initially_deferred: characteristics.initially == Some(DeferrableInitial::Deferred),
    }
}

fn action(action: AstAction) -> ReferentialAction {
    match action {
        AstAction::Restrict => ReferentialAction::Restrict,
        AstAction::Cascade => ReferentialAction::Cascade,
        AstAction::SetNull => ReferentialAction::SetNull,
        AstAction::NoAction => ReferentialAction::NoAction,
        AstAction::SetDefault => ReferentialAction::SetDefault,
    }
}

/// `UNSUPPORTED` for a kind of constraint that the contract does not describe.
pub fn constraint_of(constraint: &mut TableConstraint, source: &Source<'_>) -> Result<Constraint> {
    let text = |name: &Option<sqlparser::ast::Ident>| name.as_ref().map(|name| name.value.clone());
    Ok(match constraint {
        TableConstraint::PrimaryKey(key) => {
            Constraint::PrimaryKey { name: text(&key.name), columns: index_columns(&key.columns) }
        }
        TableConstraint::Unique(unique) => {
            Constraint::Unique { name: text(&unique.name), columns: index_columns(&unique.columns) }
        }
        TableConstraint::ForeignKey(key) => Constraint::ForeignKey {
            name: text(&key.name),
            columns: key.columns.iter().map(|column| column.value.clone()).collect(),
            references: reference(key),
        },
        TableConstraint::Check(check) => Constraint::Check {
            name: text(&check.name),
            expression: printer::print(check.expr.as_mut(), Style::Phantom)?,
        },
        other => {
            let span = other.span();
            return source.unsupported(&format!("the constraint '{other}'"), span);
        }
    })
}
