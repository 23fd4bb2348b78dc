//! Reads from a CREATE TABLE statement the parts that SQLite's pragmas leave out.

use phantomdb_protocol::Constraint;
use sqlparser::{
    ast::{ColumnOption, CreateTable, Expr, Statement, TableConstraint},
    dialect::SQLiteDialect,
    parser::Parser,
};

use crate::{
    model::{Loss, Table},
    rewrite::Words,
};

pub(super) fn parse(sql: &str) -> Option<CreateTable> {
    match Parser::parse_sql(&SQLiteDialect {}, sql).ok()?.pop()? {
        Statement::CreateTable(create) => Some(create),
        _ => None,
    }
}

pub(super) fn generated(create: &CreateTable, name: &str) -> Option<Expr> {
    let column = create.columns.iter().find(|column| column.name.value.eq_ignore_ascii_case(name))?;
    column.options.iter().find_map(|option| match &option.option {
        ColumnOption::Generated {
            generated_as: _,
            sequence_options: _,
            generation_expr,
            generation_expr_mode: _,
            generated_keyword: _,
        } => generation_expr.clone(),
        _ => None,
    })
}

pub(super) fn collates_without_case(create: Option<&CreateTable>, name: &str) -> bool {
    create
        .and_then(|create| create.columns.iter().find(|column| column.name.value.eq_ignore_ascii_case(name)))
        .is_some_and(|column| {
            column.options.iter().any(|option| {
                matches!(&option.option, ColumnOption::Collation(name)
                    if name.to_string().trim_matches(['"', '`', '[', ']']).eq_ignore_ascii_case("nocase"))
            })
        })
}

pub(super) fn checks(table: &mut Table, create: &CreateTable, losses: &mut Vec<Loss>) {
    let mut found = Vec::new();
    for column in &create.columns {
        for option in &column.options {
            if let ColumnOption::Check(check) = &option.option {
                let name = option.name.as_ref().or(check.name.as_ref());
                found.push((name.map(|name| name.value.clone()), check.expr.clone()));
            }
        }
    }
    for constraint in &create.constraints {
        if let TableConstraint::Check(check) = constraint {
            found.push((check.name.as_ref().map(|name| name.value.clone()), check.expr.clone()));
        }
    }
    for (name, mut expr) in found {
        let text = expr.to_string();
        match Words::Sqlite.print(&mut expr, &|name| table.has_column(name)) {
            Ok(expression) => table.schema.constraints.push(Constraint::Check { name, expression }),
            Err(error) => losses.push(Loss::left_out(table.name(), "a check", text, error.message)),
        }
    }
}

pub(super) fn is_deferred(create: &CreateTable, columns: &[String]) -> bool {
    let deferred = |characteristics: &Option<sqlparser::ast::ConstraintCharacteristics>| {
        characteristics
            .as_ref()
            .is_some_and(|found| matches!(found.initially, Some(sqlparser::ast::DeferrableInitial::Deferred)))
    };
    let same = |names: &[sqlparser::ast::Ident]| {
        names.len() == columns.len()
            && names.iter().zip(columns).all(|(a, b)| a.value.eq_ignore_ascii_case(b))
    };
    create.constraints.iter().any(|constraint| {
        matches!(constraint, TableConstraint::ForeignKey(key) if same(&key.columns) && deferred(&key.characteristics))
    }) || create.columns.iter().filter(|column| same(std::slice::from_ref(&column.name))).any(|column| {
        column.options.iter().any(|option| {
            matches!(&option.option, ColumnOption::ForeignKey(key) if deferred(&key.characteristics))
        })
    })
}
