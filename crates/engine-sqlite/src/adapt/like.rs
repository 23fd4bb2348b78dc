//! LIKE in definitions, as GLOB.
//!
//! LIKE minds case here and not in other programs, and SQLite does not take it to be deterministic, as an index and a
//! generated column need it. GLOB minds case everywhere.

use sqlparser::ast::{Expr, UnaryOperator};

/// The pattern of GLOB that matches what one of LIKE does. `escape` is none where nothing is escaped, and the inner one
/// is none where it is not known what escapes. None when the pattern cannot be told.
pub(super) fn glob(pattern: &str, escape: Option<Option<&str>>, ignore_case: bool) -> Option<String> {
    let escape = match escape {
        None => None,
        Some(text) => {
            let mut characters = text?.chars();
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
            // What it would escape is missing.
            _ if Some(character) == escape => literally(&mut out, characters.next()?, ignore_case),
            '%' => out.push('*'),
            '_' => out.push('?'),
            _ => literally(&mut out, character, ignore_case),
        }
    }
    Some(out)
}

fn literally(out: &mut String, character: char, ignore_case: bool) {
    match character {
        '*' | '?' | '[' => out.extend(['[', character, ']']),
        _ if ignore_case => out.extend(character.to_lowercase()),
        _ => out.push(character),
    }
}

pub(super) fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_escapes_what_glob_reads_and_frees_what_like_escapes() {
        let backslash = Some(Some("\\"));
        assert_eq!(glob("A_b%*[?]", backslash, false).as_deref(), Some("A?b*[*][[][?]]"));
        assert_eq!(glob(r"50\%\_\\", backslash, false).as_deref(), Some(r"50%_\"));
        assert_eq!(glob("50!%", Some(Some("!")), false).as_deref(), Some("50%"));
        assert_eq!(glob("ÄB%", None, true).as_deref(), Some("äb*"));
    }

    #[test]
    fn it_leaves_alone_what_it_cannot_tell() {
        assert_eq!(glob("a\\", Some(Some("\\")), false), None);
        assert_eq!(glob("a", Some(Some("ab")), false), None);
        assert_eq!(glob("a", Some(None), false), None);
    }
}
