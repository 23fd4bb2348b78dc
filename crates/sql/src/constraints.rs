//! Constraints of a statement as the contract describes them.

use phantomdb_protocol::{Constraint, Error, ErrorCode, Reference, ReferentialAction, Result, TableName};
use sqlparser::{
    ast::{
        CheckConstraint, ConstraintCharacteristics, ConstraintReferenceMatchKind, DeferrableInitial, Expr,
        ForeignKeyConstraint, Ident, IndexColumn, IndexOption, IndexType, NullsDistinctOption, OrderByExpr,
        OrderByOptions, PrimaryKeyConstraint, ReferentialAction as AstAction, Spanned, TableConstraint,
        UniqueConstraint,
    },
    tokenizer::Span,
};

use crate::{
    Source,
    names::{index_columns, table_name},
    printer::{self, Style},
};

/// The constraint as the contract describes it. `UNSUPPORTED` for a kind of constraint that it does not describe.
///
/// This also reads constraints that are stored already; [`refuse_unkept`] refuses the clauses that are not kept.
pub fn constraint_of(constraint: &mut TableConstraint, source: &Source<'_>) -> Result<Constraint> {
    Ok(match constraint {
        TableConstraint::PrimaryKey(key) => {
            Constraint::PrimaryKey { name: text(key.name.as_ref()), columns: index_columns(&key.columns) }
        }
        TableConstraint::Unique(unique) => {
            Constraint::Unique { name: text(unique.name.as_ref()), columns: index_columns(&unique.columns) }
        }
        TableConstraint::ForeignKey(key) => Constraint::ForeignKey {
            name: text(key.name.as_ref()),
            columns: key.columns.iter().map(|column| column.value.clone()).collect(),
            references: reference(key),
        },
        TableConstraint::Check(check) => Constraint::Check {
            name: text(check.name.as_ref()),
            expression: printer::print(check.expr.as_mut(), Style::Phantom)?,
        },
        other => {
            let span = other.span();
            return source.unsupported(&format!("the constraint '{other}'"), span);
        }
    })
}

/// The text of a name.
pub fn text(name: Option<&Ident>) -> Option<String> {
    name.map(|name| name.value.clone())
}

/// The target of a foreign key.
pub fn reference(key: &ForeignKeyConstraint) -> Reference {
    let characteristics = key.characteristics.unwrap_or_default();
    Reference {
        table: table_name(&key.foreign_table)
            .unwrap_or_else(|| TableName::new(key.foreign_table.to_string())),
        columns: key.referred_columns.iter().map(|column| column.value.clone()).collect(),
        on_delete: key.on_delete.map(action),
        on_update: key.on_update.map(action),
        deferrable: is_deferrable(&characteristics),
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

/// `UNSUPPORTED` for a clause of a constraint that the contract cannot describe.
pub fn refuse_unkept(constraint: &TableConstraint, source: &Source<'_>) -> Result<()> {
    let span = constraint.span();
    match constraint {
        TableConstraint::PrimaryKey(key) => refuse_of_primary_key(key, source, span),
        TableConstraint::Unique(unique) => refuse_of_unique(unique, source, span),
        TableConstraint::ForeignKey(key) => refuse_of_foreign_key(key, source, span),
        TableConstraint::Check(check) => refuse_of_check(check, source, span),
        // `constraint_of` refuses it as a whole.
        _ => Ok(()),
    }
}

/// [`refuse_unkept`] for a primary key.
pub fn refuse_of_primary_key(key: &PrimaryKeyConstraint, source: &Source<'_>, span: Span) -> Result<()> {
    let PrimaryKeyConstraint {
        name: _,
        index_name,
        index_type,
        columns,
        include,
        index_options,
        characteristics,
    } = key;
    refuse_of_index(index_name.as_ref(), index_type.as_ref(), include, index_options, source, span)?;
    refuse_of_columns(columns, source, span)?;
    refuse_deferral(characteristics.as_ref(), "PRIMARY KEY", source, span)
}

/// [`refuse_unkept`] for a unique constraint.
pub fn refuse_of_unique(unique: &UniqueConstraint, source: &Source<'_>, span: Span) -> Result<()> {
    let UniqueConstraint {
        name: _,
        index_name,
        // `UNIQUE KEY` and `UNIQUE INDEX` mean the same as `UNIQUE`.
        index_type_display: _,
        index_type,
        columns,
        include,
        index_options,
        characteristics,
        nulls_distinct,
    } = unique;
    refuse_of_index(index_name.as_ref(), index_type.as_ref(), include, index_options, source, span)?;
    refuse_of_columns(columns, source, span)?;
    if matches!(nulls_distinct, NullsDistinctOption::NotDistinct) {
        return source.unsupported("NULLS NOT DISTINCT", span);
    }
    refuse_deferral(characteristics.as_ref(), "UNIQUE", source, span)
}

/// [`refuse_unkept`] for a foreign key.
pub fn refuse_of_foreign_key(key: &ForeignKeyConstraint, source: &Source<'_>, span: Span) -> Result<()> {
    let ForeignKeyConstraint {
        name: _,
        index_name,
        columns: _,
        foreign_table: _,
        referred_columns: _,
        on_delete: _,
        on_update: _,
        match_kind,
        characteristics,
    } = key;
    if index_name.is_some() {
        return source.unsupported("the name of an index in a foreign key", span);
    }
    match match_kind {
        None | Some(ConstraintReferenceMatchKind::Simple) => {}
        Some(kind @ (ConstraintReferenceMatchKind::Full | ConstraintReferenceMatchKind::Partial)) => {
            return source.unsupported(&kind.to_string(), span);
        }
    }
    settle_deferral(&mut characteristics.as_ref().copied(), source, span)
}

/// [`refuse_unkept`] for a check.
pub fn refuse_of_check(check: &CheckConstraint, source: &Source<'_>, span: Span) -> Result<()> {
    // NO INHERIT changes nothing: there is no inheritance of tables.
    let CheckConstraint { name: _, expr: _, no_inherit: _, enforced } = check;
    refuse_not_enforced(*enforced, source, span)
}

fn refuse_of_index(
    name: Option<&Ident>,
    index_type: Option<&IndexType>,
    include: &[Ident],
    options: &[IndexOption],
    source: &Source<'_>,
    span: Span,
) -> Result<()> {
    if name.is_some() || index_type.is_some() || !options.is_empty() {
        return source.unsupported("a name, a method or an option of the index of a constraint", span);
    }
    if !include.is_empty() {
        return source.unsupported("INCLUDE in a constraint", span);
    }
    Ok(())
}

fn refuse_of_columns(columns: &[IndexColumn], source: &Source<'_>, span: Span) -> Result<()> {
    for IndexColumn { column, operator_class } in columns {
        let OrderByExpr { expr, options: OrderByOptions { sort, nulls_first }, with_fill } = column;
        let is_plain = matches!(expr, Expr::Identifier(_))
            && operator_class.is_none()
            && sort.is_none()
            && nulls_first.is_none()
            && with_fill.is_none();
        if !is_plain {
            return source.unsupported(&format!("'{column}' as a column of a constraint"), span);
        }
    }
    Ok(())
}

/// Only foreign keys can be deferred.
fn refuse_deferral(
    characteristics: Option<&ConstraintCharacteristics>,
    what: &str,
    source: &Source<'_>,
    span: Span,
) -> Result<()> {
    let mut characteristics = characteristics.copied();
    settle_deferral(&mut characteristics, source, span)?;
    match characteristics {
        Some(_) => source.unsupported(&format!("a deferrable {what}"), span),
        None => Ok(()),
    }
}

/// Writes out what the words about the time of a check imply: `INITIALLY DEFERRED` makes a constraint `DEFERRABLE`. None
/// are left for a constraint that is checked at once, which is the default. `SYNTAX_ERROR` when the words contradict each
/// other.
pub fn settle_deferral(
    characteristics: &mut Option<ConstraintCharacteristics>,
    source: &Source<'_>,
    span: Span,
) -> Result<()> {
    let Some(found) = characteristics else { return Ok(()) };
    let ConstraintCharacteristics { deferrable, initially, enforced } = found;
    refuse_not_enforced(*enforced, source, span)?;
    if *deferrable == Some(false) && *initially == Some(DeferrableInitial::Deferred) {
        let message = "a constraint that is INITIALLY DEFERRED cannot be NOT DEFERRABLE";
        return Err(source.at(Error::new(ErrorCode::SyntaxError, message), span));
    }
    if is_deferrable(found) {
        (found.deferrable, found.enforced) = (Some(true), None);
    } else {
        *characteristics = None;
    }
    Ok(())
}

fn is_deferrable(characteristics: &ConstraintCharacteristics) -> bool {
    let ConstraintCharacteristics { deferrable, initially, enforced: _ } = characteristics;
    deferrable.unwrap_or(*initially == Some(DeferrableInitial::Deferred))
}

fn refuse_not_enforced(enforced: Option<bool>, source: &Source<'_>, span: Span) -> Result<()> {
    if enforced == Some(false) { source.unsupported("NOT ENFORCED", span) } else { Ok(()) }
}
