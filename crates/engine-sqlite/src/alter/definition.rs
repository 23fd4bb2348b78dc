//! The operations that add, change and drop columns.

use phantomdb_protocol::{
    ColumnDefinition, Error, ErrorCode, Result, TableSchema,
    ddl::{self, Verbatim},
};
use phantomdb_sql::alter_table::{reference, refuse_to_generate};
use phantomdb_sql::build;
use phantomdb_sql::names::{index_columns, same_table};
use phantomdb_sql::printer::quote_identifier;
use sqlparser::ast::{
    CheckConstraint, ColumnDef, ColumnOption, ColumnOptionDef, Expr, ForeignKeyConstraint, Ident,
    TableConstraint, UnaryOperator,
};

use super::conversion;
use super::execute::run;
use super::foreign_keys::{CurrentTables, Scope, checked};
use super::table_change::{TableChange, find_column};
use crate::stored::stored_name;
use crate::{adapt, catalog, constraint_error, stored};

impl TableChange<'_> {
    /// The column as SQLite stores it. A generated column is adapted together with the columns that it can use.
    fn adapted_column(&mut self, column: &ColumnDefinition) -> Result<ColumnDef> {
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
        let (create, expressions) = adapt::adapt_table(&sql, &CurrentTables(self.conn))?;
        self.expressions.extend(expressions);
        let columns = create.columns;
        columns.into_iter().next().ok_or_else(|| Error::internal("a column was expected"))
    }

    pub(super) fn add_column(&mut self, column: &ColumnDefinition) -> Result<()> {
        if column.primary_key {
            let schema = catalog::read_table(self.conn, &self.table)?;
            self.refuse_second_key(&schema)?;
        }
        let mut adapted = self.adapted_column(column)?;
        if self.pending.is_none() && can_be_added(column, &adapted) {
            let definition = stored::print(&mut adapted)?;
            self.store_expressions()?;
            let add = format!("ALTER TABLE {} ADD COLUMN {definition}", self.quoted());
            if column.references.is_none() || column.default.is_none() {
                return run(self.conn, &add);
            }
            let table = stored_name(&self.table);
            return checked(self.conn, Scope::Table(&table), || run(self.conn, &add));
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
    /// `using` gives the new values, otherwise the old ones are converted.
    pub(super) fn change_column(&mut self, column: &ColumnDefinition, using: Option<&str>) -> Result<()> {
        let unknown = self.unknown_column(&column.name);
        let schema = self.described_with(&column.name)?;
        let old = find_column(&schema, &column.name).ok_or(unknown)?;
        refuse_to_generate(old.generated.as_deref(), column)?;
        if column.primary_key && !old.primary_key {
            self.refuse_second_key(&schema)?;
        }
        let is_key = schema.primary_key.len() == 1 && old.primary_key;
        if is_key {
            self.move_key_to(&old.name)?;
        }
        let wanted = merged(column, old, is_key);
        let mut adapted = self.adapted_column(&wanted)?;
        let pending = self.pending()?;
        let of_old = |existing: &&mut ColumnDef| existing.name.value.eq_ignore_ascii_case(&old.name);
        let definition = pending
            .create
            .columns
            .iter_mut()
            .find(of_old)
            .ok_or_else(|| Error::internal("the column is not in the definition of its table"))?;
        adapted.name = definition.name.clone();
        keep_options(definition, &mut adapted, column, same_type(old, &wanted));
        keep_constraint_names(definition, &mut adapted, old);
        *definition = adapted;
        if column.references.is_some() {
            let name = &old.name;
            pending.create.constraints.retain(|constraint| {
                !matches!(constraint, TableConstraint::ForeignKey(key) if is_of_column(key, name))
            });
        }
        if let Some(using) = using {
            pending.using.insert(old.name.clone(), using.to_owned());
        }
        let using = pending.using.get(&old.name).cloned();
        let values = conversion::values(&schema, old, &wanted, using.as_deref(), &pending.before)?;
        if using.is_some() {
            self.refuse_aggregates(&values)?;
        }
        let pending = self.pending()?;
        for (copied, sql) in &mut pending.copied {
            if copied.eq_ignore_ascii_case(&old.name) {
                sql.clone_from(&values);
            }
        }
        Ok(())
    }

    /// An aggregate would make one row of all.
    fn refuse_aggregates(&self, values: &str) -> Result<()> {
        let sql = format!("SELECT 1 FROM {} WHERE ({values}) IS NULL", self.quoted());
        let prepared = self.conn.prepare(&sql).map(drop);
        prepared.map_err(|error| constraint_error::explain(error, None, &CurrentTables(self.conn)))
    }

    pub(super) fn refuse_second_key(&self, schema: &TableSchema) -> Result<()> {
        if schema.primary_key.is_empty() {
            return Ok(());
        }
        let message = format!("table \"{}\" has a primary key already", self.table);
        Err(Error::new(ErrorCode::AlreadyExists, message).with_table(self.table.to_string()))
    }

    /// Moves a key of one column, which stands behind the columns, to its column.
    fn move_key_to(&mut self, column: &str) -> Result<()> {
        let pending = self.pending()?;
        let is_key = |constraint: &TableConstraint| matches!(constraint, TableConstraint::PrimaryKey(_));
        let Some(index) = pending.create.constraints.iter().position(is_key) else { return Ok(()) };
        let named = |definition: &&mut ColumnDef| definition.name.value.eq_ignore_ascii_case(column);
        if let Some(definition) = pending.create.columns.iter_mut().find(named)
            && let TableConstraint::PrimaryKey(mut key) = pending.create.constraints.remove(index)
        {
            key.columns.clear();
            let name = key.name.take();
            definition.options.push(ColumnOptionDef { name, option: ColumnOption::PrimaryKey(key) });
        }
        Ok(())
    }

    pub(super) fn drop_column(&mut self, name: &str, cascade: bool) -> Result<()> {
        let unknown = self.unknown_column(name);
        let keys =
            self.incoming_keys(|columns| columns.iter().any(|column| column.eq_ignore_ascii_case(name)))?;
        if let Some((other, _)) = keys.first().filter(|_| !cascade) {
            let message = format!(
                "column \"{name}\" cannot be dropped: \"{other}\" references it; drop the foreign key first, or use CASCADE"
            );
            return Err(Error::new(ErrorCode::ForeignKeyViolation, message)
                .with_table(self.table.to_string())
                .with_columns([name]));
        }
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
        self.drop_keys(&keys)
    }
}

/// True when SQLite itself can add the column to a table that has rows. It wants a default that is the same for all rows.
fn can_be_added(column: &ColumnDefinition, adapted: &ColumnDef) -> bool {
    let is_constant = |expr: &Expr| match expr {
        Expr::Value(_) => true,
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => {
            matches!(expr.as_ref(), Expr::Value(_))
        }
        _ => false,
    };
    let default = adapted.options.iter().find_map(|option| match &option.option {
        ColumnOption::Default(expr) => Some(expr),
        _ => None,
    });
    !column.primary_key
        && !column.unique
        && default.is_none_or(is_constant)
        // SQLite cannot add a stored generated column to a table.
        && column.generated.is_none()
        && (column.allow_null || default.is_some())
}

/// The new definition of a column with what it keeps of the old one. `is_key` is true when the column alone is the key.
fn merged(column: &ColumnDefinition, old: &ColumnDefinition, is_key: bool) -> ColumnDefinition {
    let numbered = old.auto_increment && !column.primary_key;
    ColumnDefinition {
        // A generated column stays generated, by the old expression unless the new definition has one.
        generated: column.generated.clone().or_else(|| old.generated.clone()),
        primary_key: if old.primary_key { is_key } else { column.primary_key },
        auto_increment: column.auto_increment || (is_key && numbered),
        allow_null: column.allow_null && !old.primary_key,
        unique: column.unique && !old.unique,
        ..column.clone()
    }
}

fn same_type(old: &ColumnDefinition, new: &ColumnDefinition) -> bool {
    use phantomdb_sql::types::SqlType;
    let parsed = |column: &ColumnDefinition| SqlType::parse(&column.data_type).ok();
    parsed(old).is_some_and(|of_old| parsed(new) == Some(of_old))
}

/// Copies to the new definition the options of the old one that it keeps.
fn keep_options(old: &ColumnDef, new: &mut ColumnDef, column: &ColumnDefinition, same_type: bool) {
    let has_collation = new.options.iter().any(|option| matches!(option.option, ColumnOption::Collation(_)));
    let is_kept = |option: &&ColumnOptionDef| match &option.option {
        ColumnOption::Unique(_) => true,
        ColumnOption::ForeignKey(_) => column.references.is_none(),
        ColumnOption::Check(CheckConstraint { .. }) => {
            !option.name.as_ref().is_some_and(|name| name.value.starts_with(stored::ENUM_MARK))
        }
        ColumnOption::Collation(_) => same_type && !has_collation,
        _ => false,
    };
    new.options.extend(old.options.iter().filter(is_kept).cloned());
    if has(old, |option| matches!(option, ColumnOption::PrimaryKey(_))) {
        let was_numbered = has(old, |option| matches!(option, ColumnOption::DialectSpecific(_)));
        let was_marked = has(old, |option| matches!(option, ColumnOption::NotNull));
        new.options.retain(|option| match option.option {
            // A table that another program made numbers its rows without this word.
            ColumnOption::DialectSpecific(_) => was_numbered || column.auto_increment,
            // A key is never null, with these words or without.
            ColumnOption::NotNull => was_marked || option.name.is_some(),
            _ => true,
        });
    }
    new.options.sort_by_key(|option| rank(&option.option));
}

/// Gives the parts of a new definition that mean the same as in the old one their old names and spelling.
fn keep_constraint_names(old: &ColumnDef, new: &mut ColumnDef, described: &ColumnDefinition) {
    for option in &mut new.options {
        let same = |other: &&ColumnOptionDef| match (&other.option, &option.option) {
            (ColumnOption::PrimaryKey(_), ColumnOption::PrimaryKey(_)) => true,
            (ColumnOption::ForeignKey(before), ColumnOption::ForeignKey(after)) => {
                same_reference(before, after)
            }
            (ColumnOption::Default(before), ColumnOption::Default(after)) => {
                described.default.is_some() && printed_alike(before, after)
            }
            _ => false,
        };
        if let Some(before) = old.options.iter().find(same) {
            option.name.clone_from(&before.name);
            if !matches!(option.option, ColumnOption::PrimaryKey(_)) {
                option.option.clone_from(&before.option);
            }
        }
    }
}

fn has(column: &ColumnDef, wanted: fn(&ColumnOption) -> bool) -> bool {
    column.options.iter().any(|option| wanted(&option.option))
}

fn same_reference(before: &ForeignKeyConstraint, after: &ForeignKeyConstraint) -> bool {
    let (before, after) = (reference(before), reference(after));
    let columns = |columns: &[String]| columns.iter().map(|column| column.to_lowercase()).collect::<Vec<_>>();
    same_table(&before.table, &after.table)
        && columns(&before.columns) == columns(&after.columns)
        && (before.on_delete, before.on_update) == (after.on_delete, after.on_update)
        && before.initially_deferred == after.initially_deferred
        && before.deferrable == after.deferrable
}

fn printed_alike(before: &Expr, after: &Expr) -> bool {
    let printed = |expr: &Expr| {
        let text = stored::print(&mut build::unnested(expr).clone()).unwrap_or_default();
        text.replace(", ", ",")
    };
    printed(before) == printed(after)
}

fn is_of_column(key: &ForeignKeyConstraint, column: &str) -> bool {
    matches!(key.columns.as_slice(), [only] if only.value.eq_ignore_ascii_case(column))
}

/// The place of an option in a definition. AUTOINCREMENT must follow PRIMARY KEY directly.
pub(super) fn rank(option: &ColumnOption) -> u8 {
    match option {
        ColumnOption::NotNull => 0,
        ColumnOption::Generated { .. } => 1,
        ColumnOption::Default(_) => 2,
        ColumnOption::Unique(_) => 3,
        ColumnOption::PrimaryKey(_) => 4,
        ColumnOption::DialectSpecific(_) => 5,
        ColumnOption::ForeignKey(_) => 6,
        ColumnOption::Check(_) => 7,
        _ => 8,
    }
}
