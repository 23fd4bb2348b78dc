//! Calls with a grammar of their own: EXTRACT, POSITION, SUBSTRING, TRIM, AT TIME ZONE.

use phantomdb_protocol::{ColumnType, Result};
use phantomdb_sql::{build, printer};
use sqlparser::ast::{CeilFloorKind, DateTimeField, Expr, Spanned, TrimWhereField};

use super::{
    adapter::Adapter,
    expression::shorten,
    literal::string_of,
    typed::{Origin, Typed},
};

impl Adapter<'_> {
    /// Adapts a call with a grammar of its own.
    pub(super) fn special_form(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        let is_ceil = matches!(expr, Expr::Ceil { expr: _, field: _ });
        match expr {
            // A comma means the same as FROM.
            Expr::Extract { field, syntax: _, expr: inner } => {
                let field = field.to_string().trim_matches('\'').to_ascii_lowercase();
                self.expr(inner)?;
                *expr = build::call("date_part", vec![printer::literal(field), build::take(inner)]);
                Ok(Typed::of(ColumnType::Float))
            }
            Expr::Ceil { expr: inner, field } | Expr::Floor { expr: inner, field } if is_plain(field) => {
                let typed = self.expr(inner)?;
                let inner = build::take(inner);
                let name = if is_ceil { "ceil" } else { "floor" };
                *expr = build::call(name, vec![inner]);
                Ok(Typed { origin: Origin::Computed, ..typed })
            }
            Expr::Position { expr: what, r#in } => {
                self.expr(what)?;
                self.expr(r#in)?;
                *expr = build::call("instr", vec![build::take(r#in), build::take(what)]);
                Ok(Typed::of(ColumnType::Integer))
            }
            // `substr(a, b, c)`, `substring(a, b, c)` and `substring(a FROM b FOR c)` mean the same.
            Expr::Substring { expr: inner, substring_from, substring_for, special: _, shorthand: _ } => {
                self.expr(inner)?;
                let mut arguments = vec![build::take(inner)];
                match substring_from {
                    Some(from) => {
                        self.expr(from)?;
                        arguments.push(build::take(from));
                    }
                    None => arguments.push(printer::verbatim_expr("1")),
                }
                if let Some(length) = substring_for {
                    self.expr(length)?;
                    arguments.push(build::take(length));
                }
                *expr = build::call("phantomdb_substring", arguments);
                Ok(Typed::of(ColumnType::String))
            }
            Expr::Trim { trim_where: _, trim_what: _, expr: _, trim_characters: _ } => self.trim(expr),
            Expr::AtTimeZone { timestamp, time_zone } => {
                let typed = self.expr(timestamp)?;
                let zone = string_of(time_zone).map(str::to_ascii_lowercase);
                let utc = zone.is_some_and(|zone| ["utc", "gmt", "z"].contains(&zone.as_str()));
                if !utc {
                    return self.unsupported("AT TIME ZONE with another zone than 'UTC'", span);
                }
                *expr = build::take(timestamp);
                Ok(typed)
            }
            other => {
                let what = format!("the expression '{}'", shorten(other));
                self.unsupported(&what, span)
            }
        }
    }

    /// TRIM, LTRIM and RTRIM, with the characters to trim or without.
    fn trim(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        let Expr::Trim { trim_where, trim_what, expr: inner, trim_characters } = expr else {
            return Ok(Typed::UNKNOWN);
        };
        let name = match trim_where {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            Some(TrimWhereField::Both) | None => "trim",
        };
        self.expr(inner)?;
        let mut arguments = vec![build::take(inner)];
        let characters = trim_what.as_mut().map(|what| build::take(what));
        arguments.extend(characters.into_iter().chain(trim_characters.take().into_iter().flatten()));
        if arguments.len() > 2 {
            return self.unsupported("TRIM with several lists of characters", span);
        }
        self.exprs(&mut arguments[1..])?;
        *expr = build::call(name, arguments);
        Ok(Typed::of(ColumnType::String))
    }
}

/// True for `ceil(x)`, false for `ceil(x TO day)`.
fn is_plain(field: &CeilFloorKind) -> bool {
    matches!(field, CeilFloorKind::DateTimeField(DateTimeField::NoDateTime))
}
