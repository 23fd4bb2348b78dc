//! `format`: text made of a template, as C's printf does it.

use phantomdb_protocol::{Error, Result};

use super::{
    limit::{check, invalid},
    pad::{Side, pad},
    quote,
};

/// Puts the arguments in the places of `%s`, `%I` and `%L`.
pub fn format(template: &str, arguments: &[Option<&str>]) -> Result<String> {
    let mut formatter = Formatter { arguments, next: 0 };
    let mut result = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(index) = rest.find('%') {
        result.push_str(&rest[..index]);
        rest = &rest[index + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            result.push('%');
            rest = after;
            continue;
        }
        let (text, after) = formatter.specifier(rest)?;
        result.push_str(&text);
        check(result.len())?;
        rest = after;
    }
    result.push_str(rest);
    Ok(result)
}

struct Formatter<'a> {
    arguments: &'a [Option<&'a str>],
    /// The index of the argument that a specifier without a position takes.
    next: usize,
}

impl<'a> Formatter<'a> {
    /// Writes one specifier, of which the `%` is read. Returns what stands behind it, too.
    fn specifier<'t>(&mut self, text: &'t str) -> Result<(String, &'t str)> {
        let (position, rest) = position(text)?;
        let (minus, rest) = match rest.trim_start_matches('-') {
            trimmed if trimmed.len() < rest.len() => (true, trimmed),
            trimmed => (false, trimmed),
        };
        let (width, rest) = self.width(rest)?;
        let Some(kind) = rest.chars().next() else { return Err(unterminated()) };
        if !matches!(kind, 's' | 'I' | 'L') {
            return Err(invalid(format!("format() has no specifier %{kind}; use %s, %I, %L or %%")));
        }
        let value = self.argument(position)?;
        let text = match (kind, value) {
            ('s', value) => value.unwrap_or("").to_owned(),
            ('L', value) => value.map_or_else(|| "NULL".to_owned(), quote::literal),
            (_, Some(value)) => quote::identifier(value),
            (_, None) => return Err(invalid("NULL cannot be the name that %I of format() asks for")),
        };
        let side = if minus || width < 0 { Side::Right } else { Side::Left };
        let width = width.saturating_abs();
        let short = usize::try_from(width).is_ok_and(|width| text.chars().count() < width);
        let text = if short { pad(&text, width, " ", side)? } else { text };
        Ok((text, &rest[kind.len_utf8()..]))
    }

    /// A width: a number, `*` or `*n$`. Zero when there is none.
    fn width<'t>(&mut self, text: &'t str) -> Result<(i64, &'t str)> {
        let Some(after_star) = text.strip_prefix('*') else {
            let (width, rest) = number(text)?;
            return Ok((width.unwrap_or(0), rest));
        };
        let (position, rest) = match number(after_star)? {
            (None, rest) => (None, rest),
            (Some(0), _) => return Err(zero()),
            (Some(position), rest) => {
                let rest = rest.strip_prefix('$').ok_or_else(|| {
                    invalid("the position of a width in format() must end with $, as in %*1$s")
                })?;
                (Some(position), rest)
            }
        };
        let width = match self.argument(position)? {
            None => 0,
            Some(text) => text
                .trim()
                .parse::<i32>()
                .map_err(|_| invalid(format!("'{text}' is not a width that format() takes")))?,
        };
        Ok((i64::from(width), rest))
    }

    fn argument(&mut self, position: Option<i64>) -> Result<Option<&'a str>> {
        let index = match position {
            Some(position) => usize::try_from(position - 1).unwrap_or(usize::MAX),
            None => self.next,
        };
        self.next = index.saturating_add(1);
        let found = self.arguments.get(index).copied();
        found.ok_or_else(|| invalid("format() has fewer arguments than its template asks for"))
    }
}

/// A position such as `2$`; None when there is none.
fn position(text: &str) -> Result<(Option<i64>, &str)> {
    if text.is_empty() {
        return Err(unterminated());
    }
    let (found, rest) = number(text)?;
    match (found, rest.strip_prefix('$')) {
        (Some(0), Some(_)) => Err(zero()),
        (Some(found), Some(rest)) => Ok((Some(found), rest)),
        _ => Ok((None, text)),
    }
}

fn number(text: &str) -> Result<(Option<i64>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return Ok((None, text));
    }
    let number = text[..end].parse::<i32>().map_err(|_| {
        Error::new(phantomdb_protocol::ErrorCode::OutOfRange, "a number in format() is out of range")
    })?;
    Ok((Some(i64::from(number)), &text[end..]))
}

fn zero() -> Error {
    invalid("format() counts its arguments from 1; there is no argument 0")
}

fn unterminated() -> Error {
    invalid("the template of format() ends within a specifier; write %% for a percent sign")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_writes_positions_widths_and_quotes() {
        let cases: [(&str, &[Option<&str>], &str); 11] = [
            ("%s %I %L %%", &[Some("1"), Some("a b"), None], "1 \"a b\" NULL %"),
            ("%2$s %s", &[Some("a"), Some("b"), Some("c")], "b c"),
            ("%1$s %s", &[Some("a"), Some("b")], "a b"),
            ("%5s|%-5s|%-*s", &[Some("ab"), Some("ab"), Some("4"), Some("x")], "   ab|ab   |x   "),
            ("%*s", &[None, Some("x")], "x"),
            ("%*s|", &[Some("-3"), Some("x")], "x  |"),
            ("%1$*2$s|", &[Some("a"), Some("5")], "    a|"),
            ("%s%s", &[None, Some("b")], "b"),
            ("none", &[], "none"),
            ("%-s", &[Some("a")], "a"),
            ("%05s", &[Some("a")], "    a"),
        ];
        for (template, arguments, expected) in cases {
            assert_eq!(format(template, arguments).unwrap(), expected, "{template}");
        }
    }

    #[test]
    fn it_refuses_what_printf_would_guess() {
        for template in ["%s %s", "%d", "%", "%0$s", "%1$", "%*0$s", "%99999999999s", "%*1s"] {
            assert!(format(template, &[Some("1")]).is_err(), "{template}");
        }
        assert!(format("%I", &[None]).is_err());
        assert!(format("%2000000000s", &[Some("a")]).is_err());
    }
}
