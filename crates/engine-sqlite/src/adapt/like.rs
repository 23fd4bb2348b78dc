//! LIKE, which becomes GLOB in definitions.
//!
//! LIKE is case-sensitive only because of a pragma that other programs do not set, and SQLite does not treat it as
//! deterministic, which an index and a generated column require. GLOB is always case-sensitive and deterministic.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{build, printer, typing::Type};
use sqlparser::ast::{BinaryOperator, Expr, Spanned, UnaryOperator};

use super::{
    adapter::Adapter,
    converted::text,
    literal::string_of,
    strict::is_null_of,
    typed::{Origin, Typed},
    words::shorten,
};

impl Adapter<'_> {
    /// `a ~~ b`, `a !~~ b`, `a ~~* b` and `a !~~* b`, as LIKE and ILIKE.
    pub(super) fn like_operator(
        &mut self,
        expr: &mut Expr,
        negated: bool,
        ignore_case: bool,
    ) -> Result<Typed> {
        let Expr::BinaryOp { left, op: _, right } = expr else { return Ok(Typed::OTHER) };
        let (left, pattern) = (Box::new(build::take(left)), Box::new(build::take(right)));
        *expr = if ignore_case {
            Expr::ILike { negated, any: false, expr: left, pattern, escape_char: None }
        } else {
            Expr::Like { negated, any: false, expr: left, pattern, escape_char: None }
        };
        self.like(expr)
    }

    /// LIKE and ILIKE.
    pub(super) fn like(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        if let Expr::SimilarTo { negated: _, expr: _, pattern: _, escape_char: _ } = expr {
            return self.similar(expr);
        }
        let (ignore_case, negated, any, left, pattern, escape_char) = match expr {
            Expr::Like { negated, any, expr, pattern, escape_char } => {
                (false, *negated, *any, expr, pattern, escape_char)
            }
            Expr::ILike { negated, any, expr, pattern, escape_char } => {
                (true, *negated, *any, expr, pattern, escape_char)
            }
            other => return self.unsupported(&format!("the expression '{}'", shorten(other)), span),
        };
        if any {
            let op = match (ignore_case, negated) {
                (false, false) => BinaryOperator::PGLikeMatch,
                (false, true) => BinaryOperator::PGNotLikeMatch,
                (true, false) => BinaryOperator::PGILikeMatch,
                (true, true) => BinaryOperator::PGNotILikeMatch,
            };
            let (left, right) = (Box::new(build::take(left)), Box::new(build::take(pattern)));
            *expr = Expr::AnyOp { left, compare_op: op, right, is_some: false };
            return self.any_or_all(expr);
        }
        let a = self.matched_operand(left)?;
        let b = self.pattern(pattern)?;
        if escape_char.is_none() && is_null_of(&[left, pattern]) {
            return Ok(match_of_null(expr));
        }
        let escape = match escape_char {
            Some(escape) => {
                self.pattern(escape)?;
                build::take(escape)
            }
            None => printer::literal("\\"),
        };
        let nullable = a.nullable || b.nullable;
        let ignore_case = ignore_case || ignores_case(a, b);
        if self.bare_columns
            && let (Some(pattern), Some(escape)) = (string_of(pattern), string_of(&escape))
        {
            let escape = if escape.is_empty() { Escape::Nothing } else { Escape::Text(escape) };
            if let Some(pattern) = glob(pattern, escape, ignore_case) {
                let left = build::take(left);
                let text = if ignore_case { build::call("lower", vec![left]) } else { left };
                let matched = build::call("glob", vec![printer::literal(&pattern), text]);
                *expr = if negated { not(matched) } else { matched };
                return Ok(Typed::boolean(a.nullable));
            }
        }
        // An index of a column can serve SQLite's own LIKE. It is for short patterns, because its time grows with the product
        // of both lengths: see `LONGEST_LIKE_PATTERN`.
        let is_text_column = a.origin == Origin::Column && matches!(a.data_type, Type::Text | Type::Varchar);
        if is_text_column
            && !self.own_like
            && !ignore_case
            && (b.is_unknown() || (b.origin == Origin::Parameter && b.data_type.is_text()))
            && string_of(&escape).is_some_and(is_one_character)
        {
            *expr = Expr::Like {
                negated,
                any: false,
                expr: Box::new(build::take(left)),
                pattern: Box::new(build::take(pattern)),
                escape_char: Some(Box::new(escape)),
            };
            return Ok(Typed::boolean(nullable));
        }
        let function = if ignore_case { "phantomdb_ilike" } else { "phantomdb_like" };
        let matched = build::call(function, vec![build::take(left), build::take(pattern), escape]);
        *expr = if negated { not(matched) } else { matched };
        Ok(Typed::boolean(nullable))
    }

    /// SIMILAR TO.
    fn similar(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::SimilarTo { negated, expr: left, pattern, escape_char } = expr else {
            return Ok(Typed::OTHER);
        };
        let negated = *negated;
        let a = self.matched_operand(left)?;
        let b = self.pattern(pattern)?;
        if escape_char.is_none() && is_null_of(&[left, pattern]) {
            return Ok(match_of_null(expr));
        }
        let escape = match escape_char {
            Some(escape) => {
                self.pattern(escape)?;
                build::take(escape)
            }
            None => printer::literal("\\"),
        };
        // The pattern is read even when the text is NULL, as on PostgreSQL.
        let regex = build::call("phantomdb_similar_to_escape", vec![build::take(pattern), escape]);
        let function = if ignores_case(a, b) { "phantomdb_iregex" } else { "phantomdb_regex" };
        let matched = build::call(function, vec![build::take(left), regex]);
        *expr = if negated { not(matched) } else { matched };
        Ok(Typed::boolean(a.nullable || b.nullable))
    }

    /// A text to match. A value that is no text is matched as its text.
    fn matched_operand(&mut self, operand: &mut Expr) -> Result<Typed> {
        let typed = self.expr(operand)?;
        let value = build::take(operand);
        *operand = text(value, typed)?;
        Ok(typed)
    }

    /// A pattern, or the character that escapes others in it.
    fn pattern(&mut self, pattern: &mut Expr) -> Result<Typed> {
        let span = pattern.span();
        let typed = self.matched_operand(pattern)?;
        let is_text = typed.data_type.is_text() || matches!(typed.data_type, Type::Enum | Type::Other);
        if is_text || typed.is_unknown() {
            return Ok(typed);
        }
        let message =
            format!("a pattern must be text, not a value of the type {}; cast it", typed.data_type.name());
        Err(self.at(Error::new(ErrorCode::TypeMismatch, message), span))
    }
}

fn match_of_null(expr: &mut Expr) -> Typed {
    *expr = build::null();
    Typed::boolean(true)
}

/// True for a match of a `citext`. An operand without a type has that of its pattern.
fn ignores_case(operand: Typed, pattern: Typed) -> bool {
    operand.is(Type::CiText) || (operand.is_unknown() && pattern.is(Type::CiText))
}

/// The escape character of a LIKE.
#[derive(Debug, Clone, Copy)]
enum Escape<'a> {
    /// No character escapes another.
    Nothing,
    /// A literal, which may be too long to be one character.
    Text(&'a str),
}

/// The GLOB pattern that matches the same texts as a LIKE pattern. None when the escape is not one character, or when the pattern ends with it.
fn glob(pattern: &str, escape: Escape<'_>, ignore_case: bool) -> Option<String> {
    let escape = match escape {
        Escape::Nothing => None,
        Escape::Text(text) => {
            let mut characters = text.chars();
            let escape = characters.next()?;
            if characters.next().is_some() {
                return None;
            }
            Some(escape)
        }
    };
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            _ if Some(character) == escape => push_literally(&mut out, characters.next()?, ignore_case),
            '%' => out.push('*'),
            '_' => out.push('?'),
            _ => push_literally(&mut out, character, ignore_case),
        }
    }
    Some(out)
}

fn is_one_character(text: &str) -> bool {
    text.chars().count() == 1
}

fn push_literally(out: &mut String, character: char, ignore_case: bool) {
    match character {
        '*' | '?' | '[' => out.extend(['[', character, ']']),
        _ if ignore_case => out.extend(character.to_lowercase()),
        _ => out.push(character),
    }
}

fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glob_escapes_its_own_wildcards_and_unescapes_those_of_like() {
        let backslash = Escape::Text("\\");
        assert_eq!(glob("A_b%*[?]", backslash, false).as_deref(), Some("A?b*[*][[][?]]"));
        assert_eq!(glob(r"50\%\_\\", backslash, false).as_deref(), Some(r"50%_\"));
        assert_eq!(glob("50!%", Escape::Text("!"), false).as_deref(), Some("50%"));
        assert_eq!(glob("ÄB%", Escape::Nothing, true).as_deref(), Some("äb*"));
    }

    #[test]
    fn glob_gives_no_pattern_when_the_escape_is_not_one_known_character() {
        assert_eq!(glob("a\\", Escape::Text("\\"), false), None);
        assert_eq!(glob("a", Escape::Text("ab"), false), None);
    }
}
