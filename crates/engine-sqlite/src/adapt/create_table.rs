//! CREATE TABLE.

use std::sync::Arc;

use phantomdb_protocol::{Error, ErrorCode, Result};
use sqlparser::ast::{
    CheckConstraint, ColumnDef, ColumnOption, ColumnOptionDef, CreateTable, DataType, Expr,
    ForeignKeyConstraint, GeneratedAs, Ident, ObjectName, PrimaryKeyConstraint, Spanned, TableConstraint,
    Value, ValueWithSpan,
};

use super::{
    Adapter,
    assign::Target,
    build,
    names::{constraint_name, index_columns, mentioned_columns},
    printer,
    scope::{Columns, Output, Relation, Scope, Typed, stored_name},
};
use crate::types;
use crate::{functions::convert, written::Written};
use phantomdb_sql::types::{SqlType, is_serial};

/// Marks the key of a table that does not number its rows.
pub(in super::super) const KEY_MARK: &str = "phantomdb_key";
/// Begins the mark of an identity column that is not a plain INTEGER: SQLite numbers rows of INTEGER only.
pub(in super::super) const TYPE_MARK: &str = "phantomdb_type_";
/// Begins the name of the check of an ENUM column.
pub(in super::super) const ENUM_MARK: &str = "phantomdb_enum_";

/// What is gathered over a whole table before its columns are written.
#[derive(Debug)]
struct Naming {
    table: String,
    /// What the table is called in SQLite.
    stored: String,
    taken: Vec<String>,
}

impl Naming {
    /// PostgreSQL's name for a constraint without one: `table_column_suffix`.
    fn name(&mut self, columns: &[String], suffix: &str) -> Ident {
        let parts: Vec<&str> = std::iter::once(self.table.as_str())
            .chain(columns.iter().map(String::as_str))
            .chain([suffix])
            .collect();
        let base = parts.join("_");
        let mut name = base.clone();
        let mut number = 1;
        while self.taken.contains(&name) {
            name = format!("{base}{number}");
            number += 1;
        }
        self.taken.push(name.clone());
        Ident::with_quote('"', name)
    }

    fn keep_or_name(&mut self, name: Option<Ident>, columns: &[String], suffix: &str) -> Ident {
        match name {
            Some(name) => {
                self.taken.push(name.value.clone());
                name
            }
            None => self.name(columns, suffix),
        }
    }
}

impl Adapter<'_> {
    pub(in super::super) fn create_table(&mut self, create: &mut CreateTable) -> Result<()> {
        let table = self.source.new_table(create)?;
        create.name = ObjectName::from(vec![Ident::with_quote('"', stored_name(&table))]);
        if let Some(query) = &mut create.query {
            self.refuse_parameters = true;
            self.query(query)?;
        }
        let taken =
            create.constraints.iter().filter_map(constraint_name).map(|name| name.value.clone()).collect();
        let stored = stored_name(&table);
        let mut naming = Naming { table: table.name, stored, taken };
        self.in_definition(create.columns.iter().map(output_of).collect::<Result<Vec<_>>>()?, |adapter| {
            adapter.columns_and_constraints(create, &mut naming)
        })
    }

    /// Runs with the columns of a definition in scope.
    fn in_definition(
        &mut self,
        columns: Vec<Output>,
        adapt: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let columns = Columns::Listed(Arc::new(columns));
        let relation = Relation { name: String::new(), bare: None, columns, outer: false };
        self.definition_of(relation, adapt)
    }

    pub(super) fn definition_of(
        &mut self,
        relation: Relation,
        adapt: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.scopes.push(Scope { relations: vec![relation], ..Scope::default() });
        let before = (self.bare_columns, self.refuse_parameters);
        (self.bare_columns, self.refuse_parameters) = (true, true);
        let adapted = adapt(self);
        (self.bare_columns, self.refuse_parameters) = before;
        self.scopes.pop();
        adapted
    }

    fn columns_and_constraints(&mut self, create: &mut CreateTable, naming: &mut Naming) -> Result<()> {
        let key = take_single_key(create);
        if let Some((column, name)) = key
            && let Some(column) =
                create.columns.iter_mut().find(|c| c.name.value.eq_ignore_ascii_case(&column))
        {
            column.options.push(ColumnOptionDef {
                name: name.clone(),
                option: ColumnOption::PrimaryKey(plain_key(name)),
            });
        }
        let keys: Vec<String> = create
            .constraints
            .iter()
            .filter_map(|constraint| match constraint {
                TableConstraint::PrimaryKey(key) => Some(index_columns(&key.columns)),
                _ => None,
            })
            .flatten()
            .collect();
        for column in &mut create.columns {
            let in_key = keys.iter().any(|key| key.eq_ignore_ascii_case(&column.name.value));
            self.column_definition(column, naming, in_key)?;
        }
        for constraint in &mut create.constraints {
            self.table_constraint(constraint, naming)?;
        }
        Ok(())
    }

    fn column_definition(&mut self, column: &mut ColumnDef, naming: &mut Naming, in_key: bool) -> Result<()> {
        let span = column.name.span;
        let data_type = SqlType::from_ast(&column.data_type).map_err(|error| self.at(error, span))?;
        let has =
            |wanted: fn(&ColumnOption) -> bool| column.options.iter().any(|option| wanted(&option.option));
        let identity = is_serial(&column.data_type)
            || has(
                |option| matches!(option, ColumnOption::Generated { generated_as, .. } if *generated_as != GeneratedAs::ExpStored),
            );
        let key = has(|option| matches!(option, ColumnOption::PrimaryKey(_)));
        let not_null = has(|option| matches!(option, ColumnOption::NotNull));
        if identity && !key {
            return self.unsupported("an identity column that is not the whole primary key", span);
        }
        if identity && !data_type.is_integer() {
            return self.unsupported("an identity column that is not an integer", span);
        }
        let mut options = Vec::new();
        if identity && data_type != SqlType::Integer {
            options.push(named(
                Ident::with_quote('"', format!("{TYPE_MARK}{}", data_type.name())),
                ColumnOption::NotNull,
            ));
        } else if key && !identity && data_type == SqlType::Integer {
            options.push(named(Ident::with_quote('"', KEY_MARK), ColumnOption::NotNull));
        } else if not_null || (key && !identity) || in_key {
            options.push(ColumnOptionDef { name: None, option: ColumnOption::NotNull });
        }
        let declared = if identity { "INTEGER".to_owned() } else { types::declared(&data_type) };
        let name = column.name.value.clone();
        for ColumnOptionDef { name: constraint, option } in std::mem::take(&mut column.options) {
            self.column_option(&name, &data_type, identity, constraint, option, naming, &mut options)?;
        }
        if let SqlType::Enum(values) = &data_type {
            options.push(enum_check(&column.name, values));
        }
        if let Some(collation) = types::collation(&data_type) {
            let collation = ObjectName::from(vec![printer::verbatim_ident(collation)]);
            options.push(ColumnOptionDef { name: None, option: ColumnOption::Collation(collation) });
        }
        column.options = options;
        column.data_type =
            DataType::Custom(ObjectName::from(vec![printer::verbatim_ident(declared)]), Vec::new());
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "what is known of the column while its options are read")]
    fn column_option(
        &mut self,
        column: &str,
        data_type: &SqlType,
        identity: bool,
        constraint: Option<Ident>,
        option: ColumnOption,
        naming: &mut Naming,
        options: &mut Vec<ColumnOptionDef>,
    ) -> Result<()> {
        let columns = [column.to_owned()];
        match option {
            ColumnOption::Null | ColumnOption::NotNull => {}
            ColumnOption::Generated {
                generated_as,
                generation_expr: Some(mut expr),
                generation_expr_mode,
                ..
            } if generated_as == GeneratedAs::ExpStored || !identity => {
                // What is generated is in the form of its column, as what is assigned is.
                let written = printer::print(&mut build::unnested(&expr).clone(), printer::Style::Phantom)?;
                let typed = self.expr(&mut expr)?;
                let target = Target::of_new_column(&naming.table, column, data_type.clone());
                let expr = target.assign(expr, typed)?;
                self.written.extend(Written::of(build::unnested(&expr), written)?);
                options.push(ColumnOptionDef {
                    name: None,
                    option: ColumnOption::Generated {
                        generated_as,
                        sequence_options: None,
                        generation_expr: Some(expr),
                        generation_expr_mode,
                        generated_keyword: true,
                    },
                });
            }
            ColumnOption::Generated { .. } => {}
            ColumnOption::Default(expr) => {
                let target = Target::of_new_column(&naming.table, column, data_type.clone());
                let expr = self.column_default(expr, &target, data_type)?;
                options.push(ColumnOptionDef { name: None, option: ColumnOption::Default(expr) });
            }
            ColumnOption::PrimaryKey(key) => {
                let name = naming.keep_or_name(constraint.or(key.name), &[], "pkey");
                options.push(named(name, ColumnOption::PrimaryKey(plain_key(None))));
                if identity {
                    let token = sqlparser::tokenizer::Token::make_keyword("AUTOINCREMENT");
                    options.push(ColumnOptionDef {
                        name: None,
                        option: ColumnOption::DialectSpecific(vec![token]),
                    });
                }
            }
            ColumnOption::Unique(mut unique) => {
                self.refuse_deferrable(unique.characteristics.is_some(), "UNIQUE")?;
                let name = naming.keep_or_name(constraint.or_else(|| unique.name.take()), &columns, "key");
                unique.name = None;
                options.push(named(name, ColumnOption::Unique(unique)));
            }
            ColumnOption::ForeignKey(mut key) => {
                let name = naming.keep_or_name(constraint.or_else(|| key.name.take()), &columns, "fkey");
                self.foreign_key(&mut key, naming)?;
                options.push(named(name, ColumnOption::ForeignKey(key)));
            }
            ColumnOption::Check(mut check) => {
                let name = naming.keep_or_name(constraint.or_else(|| check.name.take()), &columns, "check");
                self.defined(&mut check.expr)?;
                check.no_inherit = false;
                options.push(named(name, ColumnOption::Check(check)));
            }
            ColumnOption::Collation(collation) => {
                options.push(ColumnOptionDef { name: None, option: ColumnOption::Collation(collation) });
            }
            other => {
                let span = other.span();
                return self.unsupported(&format!("'{other}' in a column"), span);
            }
        }
        Ok(())
    }

    fn column_default(&mut self, mut expr: Expr, target: &Target, data_type: &SqlType) -> Result<Expr> {
        let written = printer::print(&mut build::unnested(&expr).clone(), printer::Style::Phantom)?;
        self.expr(&mut expr)?;
        let expr = constant(target, data_type, expr)?;
        // A literal is described in the form of its column.
        if !matches!(expr, Expr::Value(_)) {
            self.written.extend(Written::of(build::unnested(&expr), written)?);
        }
        Ok(expr)
    }

    fn refuse_deferrable(&self, deferrable: bool, what: &str) -> Result<()> {
        if deferrable {
            return self.unsupported(
                &format!("a deferrable {what} constraint"),
                sqlparser::tokenizer::Span::empty(),
            );
        }
        Ok(())
    }

    fn foreign_key(&self, key: &mut ForeignKeyConstraint, naming: &Naming) -> Result<()> {
        let table = self.source.table(&key.foreign_table)?;
        if key.match_kind.is_some() {
            return self.unsupported("MATCH in a foreign key", key.foreign_table.span());
        }
        // SQLite would take it, and refuse every row later.
        if self.catalog.sees_all()
            && stored_name(&table) != naming.stored
            && self.catalog.table(&table).is_none()
        {
            return Err(Error::new(
                ErrorCode::UnknownTable,
                format!("there is no table \"{table}\" for a foreign key to point to; create it first"),
            )
            .with_table(table.to_string()));
        }
        key.foreign_table = ObjectName::from(vec![Ident::with_quote('"', stored_name(&table))]);
        Ok(())
    }

    fn table_constraint(&mut self, constraint: &mut TableConstraint, naming: &mut Naming) -> Result<()> {
        match constraint {
            TableConstraint::Unique(unique) => {
                self.refuse_deferrable(unique.characteristics.is_some(), "UNIQUE")?;
                let columns = index_columns(&unique.columns);
                unique.name = Some(naming.keep_or_name(unique.name.take(), &columns, "key"));
            }
            TableConstraint::PrimaryKey(key) => {
                self.refuse_deferrable(key.characteristics.is_some(), "PRIMARY KEY")?;
                key.name = Some(naming.keep_or_name(key.name.take(), &[], "pkey"));
            }
            TableConstraint::ForeignKey(key) => {
                let columns: Vec<String> = key.columns.iter().map(|column| column.value.clone()).collect();
                key.name = Some(naming.keep_or_name(key.name.take(), &columns, "fkey"));
                self.foreign_key(key, naming)?;
            }
            TableConstraint::Check(check) => {
                let mentioned = mentioned_columns(&check.expr);
                let columns = if mentioned.len() == 1 { mentioned } else { Vec::new() };
                check.name = Some(naming.keep_or_name(check.name.take(), &columns, "check"));
                check.no_inherit = false;
                self.defined(&mut check.expr)?;
            }
            other => {
                let what = format!("the constraint '{other}'");
                return self.unsupported(&what, other.span());
            }
        }
        Ok(())
    }

    /// Adapts an expression that is described later, and remembers how it was written.
    pub(super) fn defined(&mut self, expr: &mut Expr) -> Result<()> {
        let written = printer::print(&mut expr.clone(), printer::Style::Phantom)?;
        self.expr(expr)?;
        self.written.extend(Written::of(expr, written)?);
        Ok(())
    }
}

fn named(name: Ident, option: ColumnOption) -> ColumnOptionDef {
    ColumnOptionDef { name: Some(name), option }
}

fn plain_key(name: Option<Ident>) -> PrimaryKeyConstraint {
    PrimaryKeyConstraint {
        name,
        index_name: None,
        index_type: None,
        columns: Vec::new(),
        include: Vec::new(),
        index_options: Vec::new(),
        characteristics: None,
    }
}

fn output_of(column: &ColumnDef) -> Result<Output> {
    let column_type = SqlType::from_ast(&column.data_type).ok().map(|data_type| data_type.column_type());
    let typed = Typed { column_type, origin: super::scope::Origin::Column, ..Typed::UNKNOWN };
    Ok(Output { name: column.name.value.clone(), typed })
}

/// The constraint `PRIMARY KEY ("id")` of one column belongs to that column: only there SQLite can number rows.
fn take_single_key(create: &mut CreateTable) -> Option<(String, Option<Ident>)> {
    let index = create.constraints.iter().position(|constraint| {
        matches!(constraint, TableConstraint::PrimaryKey(key)
            if key.columns.len() == 1 && key.characteristics.is_none())
    })?;
    match create.constraints.remove(index) {
        TableConstraint::PrimaryKey(key) => Some((index_columns(&key.columns).pop()?, key.name)),
        _ => None,
    }
}

fn enum_check(column: &Ident, values: &[String]) -> ColumnOptionDef {
    let list = values.iter().map(printer::literal).collect();
    let expr = Expr::InList { expr: Box::new(Expr::Identifier(column.clone())), list, negated: false };
    let check = CheckConstraint { name: None, expr: Box::new(expr), no_inherit: false, enforced: None };
    named(Ident::with_quote('"', format!("{ENUM_MARK}{}", column.value)), ColumnOption::Check(check))
}

/// A default in the stored form of its column; what is not a literal is put in parentheses.
fn constant(target: &Target, data_type: &SqlType, expr: Expr) -> Result<Expr> {
    if let SqlType::Decimal(Some((precision, scale))) = data_type
        && let Some(text) = build::number_of(&expr)
    {
        // SQLite would read the number as a float and keep none of its zeros.
        return convert::decimal_literal(&text, *precision, *scale);
    }
    let stored = target.assign_literal(expr)?;
    Ok(match stored {
        Expr::Nested(_) => stored,
        Expr::Value(ValueWithSpan { value: Value::Number(ref text, _), .. })
            if text.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            Expr::Nested(Box::new(stored))
        }
        Expr::Value(_) => stored,
        Expr::UnaryOp { expr: ref inner, .. } if matches!(inner.as_ref(), Expr::Value(_)) => stored,
        other => Expr::Nested(Box::new(other)),
    })
}
