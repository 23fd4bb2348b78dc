//! The operations that change the definition of a table.

use phantomdb_protocol::{
    ColumnDefinition, Constraint, Error, ErrorCode, Result,
    ddl::{self, Verbatim},
};
use phantomdb_sql::Catalog;
use phantomdb_sql::alter_table::refuse_to_generate;
use phantomdb_sql::names::index_columns;
use phantomdb_sql::printer::quote_identifier;
use sqlparser::ast::{
    CheckConstraint, ColumnDef, ColumnOption, ColumnOptionDef, CreateTable, Ident, TableConstraint,
};

use super::execute::run;
use super::table_change::{PendingRebuild, TableChange};
use crate::{adapt, catalog, source_expressions, stored};

/// A catalog without tables: a definition can mention its own columns only.
struct EmptyCatalog;

impl Catalog for EmptyCatalog {
    fn table(
        &self,
        _: &phantomdb_protocol::TableName,
    ) -> Option<std::sync::Arc<phantomdb_protocol::TableSchema>> {
        None
    }

    fn sees_all(&self) -> bool {
        false
    }
}

impl TableChange<'_> {
    /// The column as SQLite stores it. A generated column is adapted together with the columns that it can use.
    fn adapted_column(&self, column: &ColumnDefinition) -> Result<ColumnDef> {
        let mut sql = format!("CREATE TABLE {} (", quote_identifier(&self.table.name));
        ddl::push_identifier(&mut sql, &column.name)?;
        sql.push(' ');
        ddl::push_column(&mut sql, column, &Verbatim)?;
        if column.generated.is_some() {
            let schema = catalog::read_table(self.conn, &self.table)?;
            for other in schema.columns.iter().filter(|other| !other.name.eq_ignore_ascii_case(&column.name))
            {
                sql.push_str(&format!(", {} {}", quote_identifier(&other.name), other.data_type));
            }
        }
        sql.push(')');
        let (create, expressions) = adapt::adapt_table(&sql, &EmptyCatalog)?;
        source_expressions::store(self.conn, &self.table, &expressions)?;
        let columns = create.columns;
        columns.into_iter().next().ok_or_else(|| Error::internal("a column was expected"))
    }

    pub(super) fn add_column(&mut self, column: &ColumnDefinition) -> Result<()> {
        let mut adapted = self.adapted_column(column)?;
        let constant = column.default.as_deref().is_none_or(|default| !default.contains('('));
        let native = self.pending.is_none()
            && !column.primary_key
            && !column.unique
            && constant
            // SQLite cannot add a stored generated column to a table.
            && column.generated.is_none()
            && (column.allow_null || column.default.is_some());
        if native {
            let definition = stored::print(&mut adapted)?;
            return run(self.conn, &format!("ALTER TABLE {} ADD COLUMN {definition}", self.quoted()));
        }
        let name = &column.name;
        let pending = self.pending()?;
        if pending.create.columns.iter().any(|existing| existing.name.value.eq_ignore_ascii_case(name)) {
            let message = format!("there is a column \"{name}\" already");
            return Err(Error::new(ErrorCode::AlreadyExists, message).with_columns([name]));
        }
        pending.create.columns.push(adapted);
        Ok(())
    }

    /// Replaces the definition of a column. Keys and references of the old definition stay unless the new one has its own.
    pub(super) fn change_column(&mut self, column: &ColumnDefinition) -> Result<()> {
        self.pending()?;
        let column = &self.still_generated(column)?;
        let mut adapted = self.adapted_column(column)?;
        let unknown = self.unknown_column(&column.name);
        let pending = self.pending()?;
        let old = pending
            .create
            .columns
            .iter_mut()
            .find(|existing| existing.name.value.eq_ignore_ascii_case(&column.name))
            .ok_or(unknown)?;
        adapted.name = old.name.clone();
        keep_constraints(old, &mut adapted, column);
        *old = adapted;
        let name = old.name.value.clone();
        if column.references.is_some() {
            pending.create.constraints.retain(|constraint| {
                !matches!(constraint, TableConstraint::ForeignKey(key)
                    if key.columns.len() == 1 && key.columns[0].value.eq_ignore_ascii_case(&name))
            });
        }
        let mut schema = catalog::read_table(self.conn, &self.table)?;
        schema.table = self.table.clone();
        let conversion =
            adapt::conversion(&schema, &ColumnDefinition { name: name.clone(), ..column.clone() })?;
        let pending = self.pending()?;
        for (copied, sql) in &mut pending.copied {
            if *copied == name {
                sql.clone_from(&conversion);
            }
        }
        Ok(())
    }

    /// The new definition of a column. A generated column stays generated, by the old expression unless the new definition
    /// has one.
    fn still_generated(&self, column: &ColumnDefinition) -> Result<ColumnDefinition> {
        let schema = catalog::read_table(self.conn, &self.table)?;
        let old = schema.columns.into_iter().find(|old| old.name.eq_ignore_ascii_case(&column.name));
        let old = old.and_then(|old| old.generated);
        refuse_to_generate(old.as_deref(), column)?;
        Ok(ColumnDefinition { generated: column.generated.clone().or(old), ..column.clone() })
    }

    pub(super) fn drop_column(&mut self, name: &str) -> Result<()> {
        self.refuse_referenced(name)?;
        let unknown = self.unknown_column(name);
        let pending = self.pending()?;
        let before = pending.create.columns.len();
        pending.create.columns.retain(|column| !column.name.value.eq_ignore_ascii_case(name));
        if pending.create.columns.len() == before {
            return Err(unknown);
        }
        if pending.create.columns.is_empty() {
            return Err(Error::unsupported("the last column of a table cannot be dropped on SQLite"));
        }
        let is_dropped = |column: &Ident| column.value.eq_ignore_ascii_case(name);
        let include_dropped =
            |columns: &[String]| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
        pending.create.constraints.retain(|constraint| match constraint {
            TableConstraint::PrimaryKey(key) => !include_dropped(&index_columns(&key.columns)),
            TableConstraint::Unique(unique) => !include_dropped(&index_columns(&unique.columns)),
            TableConstraint::ForeignKey(key) => !key.columns.iter().any(is_dropped),
            TableConstraint::Check(check) => !catalog::mentions(&check.expr, name),
            _ => true,
        });
        for column in &mut pending.create.columns {
            column.options.retain(|option| {
                !matches!(&option.option, ColumnOption::Check(check) if catalog::mentions(&check.expr, name))
            });
        }
        pending.copied.retain(|(column, _)| !column.eq_ignore_ascii_case(name));
        pending.dropped.push(name.to_owned());
        Ok(())
    }

    pub(super) fn add_constraint(&mut self, constraint: &Constraint) -> Result<()> {
        match constraint {
            Constraint::Default { name, column, value } => {
                let mut definition = self.described(column)?;
                definition.default = Some(value.clone());
                self.change_column(&definition)?;
                self.name_default(column, name.as_deref());
                return Ok(());
            }
            Constraint::PrimaryKey { columns, .. } => {
                let create = &self.pending()?.create;
                if create.columns.iter().any(has_primary_key)
                    || create.constraints.iter().any(|c| matches!(c, TableConstraint::PrimaryKey(_)))
                {
                    let message = format!("table \"{}\" has a primary key already", self.table);
                    return Err(Error::new(ErrorCode::AlreadyExists, message));
                }
                for column in columns {
                    let mut definition = self.described(column)?;
                    definition.allow_null = false;
                    self.change_column(&definition)?;
                }
            }
            _ => {}
        }
        if let Some(name) = constraint.name() {
            let schema = catalog::read_table(self.conn, &self.table)?;
            if self.pending.is_none() && schema.constraints.iter().any(|other| other.name() == Some(name)) {
                let message = format!("table \"{}\" has a constraint \"{name}\" already", self.table);
                return Err(Error::new(ErrorCode::AlreadyExists, message).with_constraint(name));
            }
        }
        let adapted = self.adapted_constraint(constraint)?;
        self.pending()?.create.constraints.push(adapted);
        Ok(())
    }

    /// Names the default of a column that was added as a constraint, so that it can be dropped by this name.
    fn name_default(&mut self, column: &str, name: Option<&str>) {
        let columns = self.pending.iter_mut().flat_map(|pending| &mut pending.create.columns);
        for definition in columns.filter(|definition| definition.name.value.eq_ignore_ascii_case(column)) {
            for option in &mut definition.options {
                if matches!(option.option, ColumnOption::Default(_)) {
                    option.name = name.map(|name| Ident::with_quote('"', name));
                }
            }
        }
    }

    /// The definition of a column, without its keys and references.
    fn described(&mut self, column: &str) -> Result<ColumnDefinition> {
        let unknown = self.unknown_column(column);
        let schema = catalog::read_table(self.conn, &self.table)?;
        let found = schema.columns.into_iter().find(|existing| existing.name.eq_ignore_ascii_case(column));
        found.ok_or(unknown).map(|found| ColumnDefinition {
            references: None,
            unique: false,
            primary_key: false,
            auto_increment: false,
            generated: None,
            ..found
        })
    }

    /// The constraint as SQLite stores it. It is adapted in a table with the column names and types of this one.
    fn adapted_constraint(&self, constraint: &Constraint) -> Result<TableConstraint> {
        let schema = catalog::read_table(self.conn, &self.table)?;
        let mut parts: Vec<String> = schema
            .columns
            .iter()
            .map(|column| format!("{} {}", quote_identifier(&column.name), column.data_type))
            .collect();
        // The adapter writes a key of one column beside the column, so such a key is adapted as UNIQUE.
        let whole_key = matches!(constraint, Constraint::PrimaryKey { columns, .. } if columns.len() == 1);
        if whole_key && let Constraint::PrimaryKey { name, columns } = constraint {
            let unique = Constraint::Unique { name: name.clone(), columns: columns.clone() };
            return Ok(match self.adapted_constraint(&unique)? {
                TableConstraint::Unique(unique) => {
                    let name = name.clone().unwrap_or_else(|| format!("{}_pkey", self.table.name));
                    TableConstraint::PrimaryKey(sqlparser::ast::PrimaryKeyConstraint {
                        name: Some(Ident::with_quote('"', name)),
                        index_name: None,
                        index_type: None,
                        columns: unique.columns,
                        include: Vec::new(),
                        index_options: Vec::new(),
                        characteristics: None,
                    })
                }
                other => other,
            });
        }
        let mut definition = String::new();
        ddl::push_constraint(&mut definition, constraint, &Verbatim)?;
        parts.push(definition);
        let sql = format!("CREATE TABLE {} ({})", quote_identifier(&self.table.name), parts.join(", "));
        let (create, expressions) = adapt::adapt_table(&sql, &EmptyCatalog)?;
        source_expressions::store(self.conn, &self.table, &expressions)?;
        let constraints = create.constraints;
        constraints.into_iter().next().ok_or_else(|| Error::internal("a constraint was expected"))
    }

    pub(super) fn drop_constraint(&mut self, name: &str) -> Result<()> {
        let unknown = self.unknown_constraint(name);
        let PendingRebuild { create, .. } = self.pending()?;
        let before = count(create);
        create.constraints.retain(|constraint| {
            let found = match constraint {
                TableConstraint::Unique(unique) => &unique.name,
                TableConstraint::PrimaryKey(key) => &key.name,
                TableConstraint::ForeignKey(key) => &key.name,
                TableConstraint::Check(check) => &check.name,
                _ => &None,
            };
            found.as_ref().is_none_or(|found| found.value != name)
        });
        for column in &mut create.columns {
            column.options.retain(|option| {
                matches!(option.option, ColumnOption::NotNull)
                    || option.name.as_ref().is_none_or(|found| found.value != name)
            });
            let key = has_primary_key(column);
            column.options.retain(|option| key || !matches!(option.option, ColumnOption::DialectSpecific(_)));
        }
        if count(create) == before { Err(unknown) } else { Ok(()) }
    }
}

fn count(create: &CreateTable) -> usize {
    create.constraints.len() + create.columns.iter().map(|column| column.options.len()).sum::<usize>()
}

fn has_primary_key(column: &ColumnDef) -> bool {
    column.options.iter().any(|option| matches!(option.option, ColumnOption::PrimaryKey(_)))
}

/// Copies to the new definition what it does not replace of the old one.
fn keep_constraints(old: &ColumnDef, new: &mut ColumnDef, column: &ColumnDefinition) {
    let is_kept = |option: &&ColumnOptionDef| match &option.option {
        ColumnOption::PrimaryKey(_) | ColumnOption::DialectSpecific(_) => !column.primary_key,
        ColumnOption::Unique(_) => !column.unique,
        ColumnOption::ForeignKey(_) => column.references.is_none(),
        ColumnOption::Check(CheckConstraint { .. }) => {
            !option.name.as_ref().is_some_and(|name| name.value.starts_with(stored::ENUM_MARK))
        }
        ColumnOption::NotNull => {
            let mark = option.name.as_ref().map_or("", |name| name.value.as_str());
            !column.primary_key && (mark == stored::KEY_MARK || mark.starts_with(stored::TYPE_MARK))
        }
        _ => false,
    };
    let options: Vec<ColumnOptionDef> = old.options.iter().filter(is_kept).cloned().collect();
    let marked = options.iter().any(|option| matches!(option.option, ColumnOption::NotNull));
    if marked {
        new.options.retain(|option| !matches!(option.option, ColumnOption::NotNull));
    }
    if has_primary_key(old) && !column.primary_key {
        // The key keeps its type, because SQLite numbers the rows by it.
        new.data_type = old.data_type.clone();
    }
    // AUTOINCREMENT must follow PRIMARY KEY directly, so the options that are kept come first, in their old order.
    let rest = std::mem::take(&mut new.options);
    new.options = options.into_iter().chain(rest).collect();
}
