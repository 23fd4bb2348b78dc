//! LIKE, which becomes GLOB in definitions.
//!
//! LIKE is case-sensitive only because of a pragma that other programs do not set, and SQLite does not treat it as
//! deterministic, which an index and a generated column require. GLOB is always case-sensitive and deterministic.

use phantomdb_protocol::Result;
use phantomdb_sql::{build, printer};
use sqlparser::ast::{BinaryOperator, Expr, Spanned, UnaryOperator};

use super::{adapter::Adapter, expression::shorten, literal::string_of, typed::Typed};

impl Adapter<'_> {
    /// `a ~~ b`, `a !~~ b`, `a ~~* b` and `a !~~* b`, as LIKE and ILIKE.
    pub(super) fn like_operator(
        &mut self,
        expr: &mut Expr,
        negated: bool,
        ignore_case: bool,
    ) -> Result<Typed> {
        let Expr::BinaryOp { left, op: _, right } = expr else { return Ok(Typed::UNKNOWN) };
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
        let (ignore_case, negated, any, left, pattern, escape_char) = match expr {
            Expr::Like { negated, any, expr, pattern, escape_char } => {
                (false, *negated, *any, expr, pattern, escape_char)
            }
            Expr::ILike { negated, any, expr, pattern, escape_char } => {
                (true, *negated, *any, expr, pattern, escape_char)
            }
            Expr::SimilarTo { negated: _, expr: _, pattern: _, escape_char: _ } => {
                return self.unsupported("SIMILAR TO", span);
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
        let a = self.operand(left)?;
        let b = self.operand(pattern)?;
        match escape_char {
            Some(escape) => {
                self.expr(escape)?;
                if string_of(escape) == Some("") {
                    *escape_char = None;
                }
            }
            None => *escape_char = Some(Box::new(printer::literal("\\"))),
        }
        let escape = match escape_char.as_deref().map(string_of) {
            None => Escape::Nothing,
            Some(Some(text)) => Escape::Text(text),
            Some(None) => Escape::Unknown,
        };
        if self.bare_columns
            && let Some(pattern) = string_of(pattern).and_then(|pattern| glob(pattern, escape, ignore_case))
        {
            let left = build::take(left);
            let text = if ignore_case { build::call("lower", vec![left]) } else { left };
            let matched = build::call("glob", vec![printer::literal(&pattern), text]);
            *expr = if negated { not(matched) } else { matched };
            return Ok(Typed::boolean(a.nullable));
        }
        if ignore_case {
            let (left, pattern) = (build::take(left), build::take(pattern));
            *expr = Expr::Like {
                negated,
                any: false,
                expr: Box::new(build::call("lower", vec![left])),
                pattern: Box::new(build::call("lower", vec![pattern])),
                escape_char: escape_char.take(),
            };
        }
        Ok(Typed::boolean(a.nullable || b.nullable))
    }
}

/// The escape character of a LIKE.
#[derive(Debug, Clone, Copy)]
enum Escape<'a> {
    /// No character escapes another.
    Nothing,
    /// A literal, which may be too long to be one character.
    Text(&'a str),
    /// An expression, whose value is not known.
    Unknown,
}

/// The GLOB pattern that matches the same texts as a LIKE pattern. None when the escape character is not known or is not
/// one character, or when the pattern ends with it.
fn glob(pattern: &str, escape: Escape<'_>, ignore_case: bool) -> Option<String> {
    let escape = match escape {
        Escape::Nothing => None,
        Escape::Unknown => return None,
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
        assert_eq!(glob("a", Escape::Unknown, false), None);
    }
}
