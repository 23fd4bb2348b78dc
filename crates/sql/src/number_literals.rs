//! Numbers as PostgreSQL 16 writes them: `0x1F`, `0o17`, `0b101`, `1_000`. The tokenizer takes the first for a byte string,
//! and reads the next two as a zero with a name behind it.

use sqlparser::tokenizer::{Span, Token, TokenWithSpan, TokenizerError};

/// Integers of another base have at most so many digits.
const DIGITS_MAX: usize = 10_000;

/// The tokens with each number as one token, in decimal digits without underscores.
pub(crate) fn joined(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, TokenizerError> {
    if !tokens.iter().any(is_number) {
        return Ok(tokens);
    }
    let mut joined = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(mut token) = tokens.next() {
        if !is_number(&token) {
            joined.push(token);
            continue;
        }
        let mut text = match &token.token {
            Token::Number(text, long) => format!("{text}{}", if *long { "L" } else { "" }),
            Token::HexStringLiteral(digits) => format!("0x{digits}"),
            other => other.to_string(),
        };
        let is_part = |next: &TokenWithSpan| {
            matches!(&next.token, Token::Word(word) if word.quote_style.is_none())
                || matches!(next.token, Token::Number(_, _))
        };
        while let Some(part) = tokens.next_if(is_part) {
            text.push_str(&part.token.to_string());
            token.span = Span::new(token.span.start, part.span.end);
        }
        let digits = decimal(&text).ok_or_else(|| TokenizerError {
            message: format!("the number {text} has something at its end that belongs to no number"),
            location: token.span.start,
        })?;
        joined.push(TokenWithSpan { token: Token::Number(digits, false), span: token.span });
    }
    Ok(joined)
}

/// True for a number, and for what the tokenizer makes of `0x1F`: `X'1F'` is one character longer.
fn is_number(token: &TokenWithSpan) -> bool {
    match &token.token {
        Token::Number(_, _) => true,
        Token::HexStringLiteral(digits) => {
            let Span { start, end } = token.span;
            let width = end.column.saturating_sub(start.column);
            start.line == end.line && usize::try_from(width).is_ok_and(|width| width == digits.len() + 2)
        }
        _ => false,
    }
}

/// The number in decimal digits; none when the text is no number.
fn decimal(text: &str) -> Option<String> {
    let base = match text.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => return is_decimal(text).then(|| text.replace('_', "")),
    };
    // An underscore may stand behind the prefix too.
    let digits = text.get(2..)?;
    plain_digits(digits.strip_prefix('_').unwrap_or(digits), base).and_then(|digits| of_base(&digits, base))
}

/// True for digits with a point and an exponent, or without.
fn is_decimal(text: &str) -> bool {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_part = |part: &str| part.is_empty() || plain_digits(part, 10).is_some();
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    is_part(whole)
        && is_part(decimals)
        && !(whole.is_empty() && decimals.is_empty())
        && plain_digits(exponent, 10).is_some()
}

/// The digits without the underscores between them; none when there is anything else.
fn plain_digits(text: &str, base: u32) -> Option<String> {
    let is_group = |group: &str| !group.is_empty() && group.chars().all(|digit| digit.is_digit(base));
    text.split('_').all(is_group).then(|| text.replace('_', ""))
}

/// The decimal digits of a number of another base.
fn of_base(digits: &str, base: u32) -> Option<String> {
    const PART: u64 = 1_000_000_000;
    if digits.len() > DIGITS_MAX {
        return None;
    }
    // Nine decimal digits each, the last ones first.
    let mut parts: Vec<u64> = vec![0];
    for digit in digits.chars() {
        let mut carried = u64::from(digit.to_digit(base)?);
        for part in &mut parts {
            let product = *part * u64::from(base) + carried;
            (*part, carried) = (product % PART, product / PART);
        }
        if carried > 0 {
            parts.push(carried);
        }
    }
    let mut parts = parts.iter().rev();
    let first = parts.next()?.to_string();
    Some(parts.fold(first, |text, part| format!("{text}{part:09}")))
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn numbers_of_every_base_are_decimal() {
        for (text, expected) in [
            ("0x1F", "31"),
            ("0X_ff_FF", "65535"),
            ("0o17", "15"),
            ("0b1_01", "5"),
            ("1_000", "1000"),
            ("1_0.5_0e1_0", "10.50e10"),
            (".5", ".5"),
            ("5.", "5."),
            ("1e-7", "1e-7"),
            ("0xFFFFFFFFFFFFFFFFFF", "4722366482869645213695"),
            ("0x0", "0"),
        ] {
            assert_eq!(decimal(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "0x", "0xg", "0b2", "0o8", "1a", "1L", "100_", "1__0", "0x__1", "0x1_", "1_000x", "1.5_", "1e",
            "1.2.3", ".",
        ] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }
}
