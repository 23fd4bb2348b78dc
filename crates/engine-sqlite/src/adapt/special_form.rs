//! Calls with a grammar of their own: EXTRACT, POSITION, SUBSTRING, TRIM, OVERLAY, NORMALIZE, IS NORMALIZED, AT TIME ZONE,
//! OVERLAPS. Each is a call of a function.

use phantomdb_protocol::Result;
use phantomdb_sql::{build, printer};
use sqlparser::ast::{
    BinaryOperator, CeilFloorKind, DateTimeField, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, ObjectNamePart, Spanned, TrimWhereField, UnaryOperator,
};

use super::{
    adapter::Adapter,
    converted::conversion,
    typed::Typed,
    words::{is_word, shorten},
};
use phantomdb_sql::typing::Type;

impl Adapter<'_> {
    /// Adapts a call with a grammar of its own.
    pub(super) fn special_form(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        let (name, arguments) = match expr {
            // A comma means the same as FROM.
            Expr::Extract { field, syntax: _, expr: inner } => {
                let field = field.to_string().trim_matches(['\'', '"']).to_ascii_lowercase();
                ("extract", vec![printer::literal(field), build::take(inner)])
            }
            Expr::Ceil { expr: inner, field } if is_plain(field) => ("ceil", vec![build::take(inner)]),
            Expr::Floor { expr: inner, field } if is_plain(field) => ("floor", vec![build::take(inner)]),
            Expr::Position { expr: what, r#in } => ("position", vec![build::take(what), build::take(r#in)]),
            // `substring(a, b, c)` and `substring(a FROM b FOR c)` mean the same.
            Expr::Substring { expr: inner, substring_from, substring_for, special: _, shorthand } => {
                // SUBSTR takes no pattern, so a string in quotes is a number there.
                let name = if *shorthand { "substr" } else { "substring" };
                let from = substring_from.take().map(|from| *from);
                let length = substring_for.take().map(|length| *length);
                let start = from.or_else(|| length.as_ref().map(|_| printer::verbatim_expr("1")));
                let arguments = std::iter::once(build::take(inner)).chain(start).chain(length);
                (name, arguments.collect())
            }
            Expr::Overlay { expr: inner, overlay_what, overlay_from, overlay_for } => {
                let arguments = [build::take(inner), build::take(overlay_what), build::take(overlay_from)];
                let length = overlay_for.take().map(|length| *length);
                ("overlay", arguments.into_iter().chain(length).collect())
            }
            Expr::Trim { trim_where: _, trim_what: _, expr: _, trim_characters: _ } => self.trim(expr)?,
            Expr::IsNormalized { expr: inner, form, negated: _ } => {
                let form = form.as_ref().map_or_else(|| "NFC".to_owned(), ToString::to_string);
                ("is_normalized", vec![build::take(inner), printer::literal(form)])
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                ("timezone", vec![build::take(time_zone), build::take(timestamp)])
            }
            Expr::BinaryOp { left, op: BinaryOperator::Overlaps, right } => {
                let mut ends = Vec::new();
                for side in [left, right] {
                    if let Expr::Tuple(values) = build::unnested_mut(side) {
                        ends.append(values);
                    }
                }
                ("overlaps", ends)
            }
            other => {
                let what = format!("the expression '{}'", shorten(other));
                return self.unsupported(&what, span);
            }
        };
        let negated = matches!(expr, Expr::IsNormalized { expr: _, form: _, negated: true });
        *expr = build::call(name, arguments);
        let typed = self.function(expr).map_err(|error| self.at(error, span))?;
        if negated {
            *expr = Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(build::take(expr)) };
        }
        if name == "extract" {
            // PhantomDB SQL gives a float, as `date_part` does.
            *expr = conversion(build::take(expr), typed, Type::Double)?;
            return Ok(Typed { nullable: typed.nullable, ..Typed::of(Type::Double) });
        }
        Ok(typed)
    }

    /// TRIM, LTRIM and RTRIM, with the characters to trim or without.
    fn trim(&self, expr: &mut Expr) -> Result<(&'static str, Vec<Expr>)> {
        let span = expr.span();
        let Expr::Trim { trim_where, trim_what, expr: inner, trim_characters } = expr else {
            return self.unsupported("this TRIM", span);
        };
        let name = match trim_where {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            Some(TrimWhereField::Both) | None => "btrim",
        };
        let mut text = build::take(inner);
        // The parser takes `FROM (text)` behind the first word for a call.
        if let Expr::Function(function) = &mut text
            && matches!(function.name.0.as_slice(), [ObjectNamePart::Identifier(name)] if is_word(name, "from"))
            && let FunctionArguments::List(list) = &mut function.args
            && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(only))] = list.args.as_mut_slice()
        {
            text = build::take(only);
        }
        let mut arguments = vec![text];
        let characters = trim_what.as_mut().map(|what| build::take(what));
        arguments.extend(characters.into_iter().chain(trim_characters.take().into_iter().flatten()));
        if arguments.len() > 2 {
            return self.unsupported("TRIM with several lists of characters", span);
        }
        Ok((name, arguments))
    }
}

/// Takes the form in `normalize(text, NFD)`, which is a word, for a text.
pub(super) fn normalization_form(function: &mut Function) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    let [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(form))] = list.args.as_mut_slice() else { return };
    if let Expr::Identifier(word) = form
        && word.quote_style.is_none()
        && ["NFC", "NFD", "NFKC", "NFKD"].iter().any(|form| word.value.eq_ignore_ascii_case(form))
    {
        *form = printer::literal(word.value.to_ascii_uppercase());
    }
}

/// True for `ceil(x)`, false for `ceil(x TO day)`.
fn is_plain(field: &CeilFloorKind) -> bool {
    matches!(field, CeilFloorKind::DateTimeField(DateTimeField::NoDateTime))
}

/// Returns whether both sides of OVERLAPS are the two ends of a period.
pub(super) fn are_pairs(left: &Expr, right: &Expr) -> bool {
    let is_pair = |side: &Expr| matches!(build::unnested(side), Expr::Tuple(values) if values.len() == 2);
    is_pair(left) && is_pair(right)
}
