//! The name that PostgreSQL gives to a column without an alias.

use phantomdb_sql::{names::last_ident, typing::Type};
use sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Query, SelectItem, SetExpr, TrimWhereField, TypedString,
};

use super::cast::type_named;

/// The name of a column of any other expression.
const UNNAMED: &str = "?column?";

/// The name of an expression.
enum Name {
    Own(String),
    /// The name of a type, or `case`. The name of an expression inside takes its place where there is one.
    Weak(String),
}

/// The name of a column with this value.
pub(super) fn column_name(expr: &Expr) -> String {
    match name(expr) {
        Some(Name::Own(name) | Name::Weak(name)) => name,
        None => UNNAMED.to_owned(),
    }
}

fn name(expr: &Expr) -> Option<Name> {
    let own = match expr {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.last()?.value.clone(),
        Expr::Function(function) => last_ident(&function.name)?.value.to_ascii_lowercase(),
        Expr::Nested(inner) | Expr::Collate { expr: inner, collation: _ } => return name(inner),
        Expr::CompoundFieldAccess { root, access_chain } => match access_chain.last() {
            Some(AccessExpr::Dot(Expr::Identifier(field))) => field.value.clone(),
            Some(AccessExpr::Subscript(_)) => return name(root),
            _ => return None,
        },
        Expr::Cast { kind: _, expr: inner, data_type, format: _ } => {
            let weak = || type_named(data_type).map(|data_type| Name::Weak(type_name(data_type)));
            return strong(name(inner)).or_else(weak);
        }
        Expr::TypedString(TypedString { data_type, value: _, uses_odbc_syntax: _ }) => {
            return type_named(data_type).map(|data_type| Name::Weak(type_name(data_type)));
        }
        Expr::Interval(_) => return Some(Name::Weak("interval".to_owned())),
        Expr::Case { case_token: _, end_token: _, operand: _, conditions: _, else_result } => {
            let last = else_result.as_deref().and_then(name);
            return strong(last).or_else(|| Some(Name::Weak("case".to_owned())));
        }
        Expr::Subquery(query) => return first_column(query),
        Expr::Trim { trim_where, trim_what: _, expr: _, trim_characters: _ } => match trim_where {
            Some(TrimWhereField::Leading) => "ltrim".to_owned(),
            Some(TrimWhereField::Trailing) => "rtrim".to_owned(),
            Some(TrimWhereField::Both) | None => "btrim".to_owned(),
        },
        other => of_syntax(other)?.to_owned(),
    };
    Some(Name::Own(own))
}

/// The function that a syntax of its own calls.
const fn of_syntax(expr: &Expr) -> Option<&'static str> {
    Some(match expr {
        Expr::Exists { subquery: _, negated: false } => "exists",
        Expr::Extract { field: _, syntax: _, expr: _ } => "extract",
        Expr::Substring { expr: _, substring_from: _, substring_for: _, special: _, shorthand } => {
            if *shorthand {
                "substr"
            } else {
                "substring"
            }
        }
        Expr::Overlay { expr: _, overlay_what: _, overlay_from: _, overlay_for: _ } => "overlay",
        Expr::Position { expr: _, r#in: _ } => "position",
        Expr::IsNormalized { expr: _, form: _, negated: false } => "is_normalized",
        Expr::AtTimeZone { timestamp: _, time_zone: _ } => "timezone",
        Expr::Ceil { expr: _, field: _ } => "ceil",
        Expr::Floor { expr: _, field: _ } => "floor",
        Expr::BinaryOp { left: _, op: BinaryOperator::Overlaps, right: _ } => "overlaps",
        Expr::Array(_) => "array",
        Expr::Tuple(_) => "row",
        // Operators and conditions have no name.
        _ => return None,
    })
}

fn strong(name: Option<Name>) -> Option<Name> {
    name.filter(|name| matches!(name, Name::Own(_)))
}

/// The name of a type in PostgreSQL's catalog. An array has that of its elements.
fn type_name(data_type: Type) -> String {
    match data_type {
        Type::Array(element) => element.short_name(),
        other => other.short_name(),
    }
}

/// The name of the column that a query in the place of a value has.
fn first_column(query: &Query) -> Option<Name> {
    let mut body = query.body.as_ref();
    loop {
        body = match body {
            SetExpr::Query(inner) => inner.body.as_ref(),
            SetExpr::SetOperation { op: _, set_quantifier: _, left, right: _ } => left,
            SetExpr::Values(_) => return Some(Name::Own("column1".to_owned())),
            SetExpr::Select(select) => {
                let name = match select.projection.first() {
                    Some(SelectItem::UnnamedExpr(expr)) => column_name(expr),
                    Some(SelectItem::ExprWithAlias { expr: _, alias }) => alias.value.clone(),
                    // The first column of `*` is not looked up.
                    _ => return None,
                };
                return Some(Name::Own(name));
            }
            _ => return None,
        };
    }
}
