//! The operations that add, drop and rename constraints.

use phantomdb_protocol::{
    ColumnDefinition, Constraint, Error, ErrorCode, Result,
    ddl::{self, Verbatim},
};
use phantomdb_sql::printer::quote_identifier;
use sqlparser::ast::{ColumnOption, CreateTable, Ident, TableConstraint};

use super::foreign_keys::CurrentTables;
use super::table_change::{TableChange, find_column};
use crate::{adapt, catalog};

impl TableChange<'_> {
    pub(super) fn add_constraint(&mut self, constraint: &Constraint) -> Result<()> {
        self.refuse_taken_name(constraint.name())?;
        match constraint {
            Constraint::Default { name, column, value } => {
                let mut definition = self.described(column)?;
                definition.default = Some(value.clone());
                self.change_column(&definition, None)?;
                self.name_option(column, name.as_deref(), |option| {
                    matches!(option, ColumnOption::Default(_))
                });
                return Ok(());
            }
            Constraint::PrimaryKey { name, columns } => {
                if self.pending.is_some() {
                    self.flush()?;
                }
                self.refuse_second_key(&catalog::read_table(self.conn, &self.table)?)?;
                for column in columns {
                    let mut definition = self.described(column)?;
                    definition.allow_null = false;
                    definition.primary_key = columns.len() == 1;
                    self.change_column(&definition, None)?;
                }
                if let [only] = columns.as_slice() {
                    if name.is_some() {
                        self.name_option(only, name.as_deref(), |option| {
                            matches!(option, ColumnOption::PrimaryKey(_))
                        });
                    }
                    return Ok(());
                }
            }
            _ => {}
        }
        let adapted = self.adapted_constraint(constraint)?;
        self.pending()?.create.constraints.push(adapted);
        Ok(())
    }

    fn refuse_taken_name(&mut self, name: Option<&str>) -> Result<()> {
        let Some(name) = name else { return Ok(()) };
        if !has_constraint(&self.pending()?.create, name) {
            return Ok(());
        }
        let message = format!("table \"{}\" has a constraint \"{name}\" already", self.table);
        Err(Error::new(ErrorCode::AlreadyExists, message).with_constraint(name))
    }

    /// Names an option of a column that was added as a constraint, so that it can be dropped by this name.
    fn name_option(&mut self, column: &str, name: Option<&str>, wanted: fn(&ColumnOption) -> bool) {
        let columns = self.pending.iter_mut().flat_map(|pending| &mut pending.create.columns);
        for definition in columns.filter(|definition| definition.name.value.eq_ignore_ascii_case(column)) {
            for option in definition.options.iter_mut().filter(|option| wanted(&option.option)) {
                option.name = name.map(|name| Ident::with_quote('"', name));
            }
        }
    }

    /// The definition of a column, without its keys and references.
    fn described(&mut self, column: &str) -> Result<ColumnDefinition> {
        let unknown = self.unknown_column(column);
        let schema = self.described_with(column)?;
        find_column(&schema, column).cloned().ok_or(unknown).map(|found| ColumnDefinition {
            references: None,
            unique: false,
            primary_key: false,
            auto_increment: false,
            generated: None,
            ..found
        })
    }

    /// The constraint as SQLite stores it. It is adapted in a table with the column names and types of this one.
    fn adapted_constraint(&mut self, constraint: &Constraint) -> Result<TableConstraint> {
        self.settle_new_columns()?;
        let schema = catalog::read_table(self.conn, &self.table)?;
        let named: &[String] = match constraint {
            Constraint::PrimaryKey { name: _, columns }
            | Constraint::Unique { name: _, columns }
            | Constraint::ForeignKey { name: _, columns, references: _ } => columns,
            Constraint::Check { name: _, expression: _ }
            | Constraint::Default { name: _, column: _, value: _ } => &[],
        };
        let is_there = |name: &&String| schema.columns.iter().any(|column| column.name == **name);
        if let Some(missing) = named.iter().find(|name| !is_there(name)) {
            return Err(self.unknown_column(missing));
        }
        let mut parts: Vec<String> = schema
            .columns
            .iter()
            .map(|column| format!("{} {}", quote_identifier(&column.name), column.data_type))
            .collect();
        let mut definition = String::new();
        ddl::push_constraint(&mut definition, constraint, &Verbatim)?;
        parts.push(definition);
        let sql = format!("CREATE TABLE {} ({})", quote_identifier(&self.table.name), parts.join(", "));
        let (create, expressions) = adapt::adapt_table(&sql, &CurrentTables(self.conn))?;
        self.expressions.extend(expressions);
        let constraints = create.constraints;
        constraints.into_iter().next().ok_or_else(|| Error::internal("a constraint was expected"))
    }

    pub(super) fn drop_constraint(&mut self, name: &str, cascade: bool) -> Result<()> {
        let unknown = self.unknown_constraint(name);
        let keys = self.keys_to(name)?;
        if let Some((other, _)) = keys.first().filter(|_| !cascade) {
            let message = format!(
                "constraint \"{name}\" cannot be dropped: \"{other}\" references its columns; drop the foreign key first, or use CASCADE"
            );
            return Err(Error::new(ErrorCode::ForeignKeyViolation, message)
                .with_table(self.table.to_string())
                .with_constraint(name));
        }
        let create = &mut self.pending()?.create;
        if !has_constraint(create, name) {
            return Err(unknown);
        }
        create.constraints.retain(|constraint| name_of(constraint).is_none_or(|found| found.value != name));
        for column in &mut create.columns {
            column.options.retain(|option| {
                matches!(option.option, ColumnOption::NotNull)
                    || option.name.as_ref().is_none_or(|found| found.value != name)
            });
            let key =
                column.options.iter().any(|option| matches!(option.option, ColumnOption::PrimaryKey(_)));
            column.options.retain(|option| key || !matches!(option.option, ColumnOption::DialectSpecific(_)));
        }
        self.drop_keys(&keys)
    }

    /// The foreign keys of other tables to the columns of a primary key or a unique constraint.
    fn keys_to(&self, name: &str) -> Result<Vec<(phantomdb_protocol::TableName, String)>> {
        let schema = catalog::read_table(self.conn, &self.table)?;
        let columns = schema.constraints.iter().find_map(|constraint| match constraint {
            Constraint::PrimaryKey { name: Some(known), columns }
            | Constraint::Unique { name: Some(known), columns }
                if known == name =>
            {
                Some(columns)
            }
            _ => None,
        });
        let Some(columns) = columns else { return Ok(Vec::new()) };
        let is_one = |name: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
        self.incoming_keys(|referenced| referenced.len() == columns.len() && referenced.iter().all(is_one))
    }

    pub(super) fn rename_constraint(&mut self, from: &str, to: &str) -> Result<()> {
        let unknown = self.unknown_constraint(from);
        self.refuse_taken_name(Some(to))?;
        let create = &mut self.pending()?.create;
        let names = create.constraints.iter_mut().filter_map(name_of_mut);
        let of_columns = create.columns.iter_mut().flat_map(|column| &mut column.options);
        let of_columns = of_columns.filter(|option| !matches!(option.option, ColumnOption::NotNull));
        let mut names = names.chain(of_columns.filter_map(|option| option.name.as_mut()));
        let found = names.find(|name| name.value == from).ok_or(unknown)?;
        *found = Ident::with_quote('"', to);
        Ok(())
    }
}

fn name_of(constraint: &TableConstraint) -> Option<&Ident> {
    phantomdb_sql::names::constraint_name(constraint)
}

fn name_of_mut(constraint: &mut TableConstraint) -> Option<&mut Ident> {
    match constraint {
        TableConstraint::Unique(unique) => unique.name.as_mut(),
        TableConstraint::PrimaryKey(key) => key.name.as_mut(),
        TableConstraint::ForeignKey(key) => key.name.as_mut(),
        TableConstraint::Check(check) => check.name.as_mut(),
        _ => None,
    }
}

/// True when a constraint of the definition has the name. A name on NOT NULL is a mark of PhantomDB's own, and so is that
/// on the check of an ENUM.
fn has_constraint(create: &CreateTable, name: &str) -> bool {
    let of_columns = create.columns.iter().flat_map(|column| &column.options);
    let of_columns = of_columns.filter(|option| !matches!(option.option, ColumnOption::NotNull));
    let mut names = of_columns
        .filter_map(|option| option.name.as_ref())
        .chain(create.constraints.iter().filter_map(name_of))
        .filter(|found| !found.value.starts_with(crate::stored::ENUM_MARK));
    names.any(|found| found.value == name)
}
