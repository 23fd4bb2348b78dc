//! The tokens of a text, with operators that end where PostgreSQL ends them.

use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, TokenizerError};

use super::{dialect::PhantomDialect, number_literals};

/// An operator with one of these characters may end with a plus or a minus.
const MAY_END_WITH_SIGN: &[char] = &['~', '!', '@', '#', '%', '^', '&', '|', '`', '?'];

/// The tokens of a text, spaces and comments included.
pub(crate) fn tokenize(sql: &str) -> Result<Vec<TokenWithSpan>, TokenizerError> {
    let tokens = number_literals::joined(Tokenizer::new(&PhantomDialect, sql).tokenize_with_location()?)?;
    if tokens.iter().all(|token| signs_of(&token.token) == 0) {
        return Ok(tokens);
    }
    let mut split = Vec::with_capacity(tokens.len() + 2);
    for token in tokens {
        match signs_of(&token.token) {
            0 => split.push(token),
            signs => split_signs(&token.token.to_string(), signs, token.span.start, &mut split)?,
        }
    }
    Ok(split)
}

/// How many signs at the end of an operator belong to the operand: two of `<-+1`.
fn signs_of(token: &Token) -> usize {
    let Token::CustomBinaryOperator(operator) = token else { return 0 };
    if operator.contains(MAY_END_WITH_SIGN) {
        return 0;
    }
    let signs = operator.len() - operator.trim_end_matches(['+', '-']).len();
    signs.min(operator.len() - 1)
}

fn split_signs(
    operator: &str,
    signs: usize,
    start: Location,
    split: &mut Vec<TokenWithSpan>,
) -> Result<(), TokenizerError> {
    let (operator, signs) = operator.split_at(operator.len() - signs);
    let mut at = start;
    let signs = signs.chars().map(|sign| if sign == '-' { "-" } else { "+" });
    for part in std::iter::once(operator).chain(signs) {
        let length = u64::try_from(part.chars().count()).unwrap_or_default();
        let end = Location { line: at.line, column: at.column + length };
        let tokens = Tokenizer::new(&PhantomDialect, part).tokenize()?;
        split.extend(tokens.into_iter().map(|token| TokenWithSpan { token, span: Span::new(at, end) }));
        at = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(sql: &str) -> Vec<String> {
        tokenize(sql).unwrap().into_iter().map(|token| token.token.to_string()).collect()
    }

    #[test]
    fn a_sign_at_the_end_of_an_operator_belongs_to_the_operand() {
        assert_eq!(tokens("a<-1"), ["a", "<", "-", "1"]);
        assert_eq!(tokens("a->>-1"), ["a", "->>", "-", "1"]);
        assert_eq!(tokens("a->-1"), ["a", "->", "-", "1"]);
        assert_eq!(tokens("1+-+1"), ["1", "+", "-", "+", "1"]);
        assert_eq!(tokens("a<=-1"), ["a", "<=", "-", "1"]);
    }

    #[test]
    fn an_operator_may_end_with_a_sign_after_some_characters() {
        assert_eq!(tokens("a#-'{b}'"), ["a", "#-", "'{b}'"]);
        assert_eq!(tokens("5&-1"), ["5", "&-", "1"]);
    }

    #[test]
    fn each_part_has_its_place() {
        let tokens = tokenize("a<-1").unwrap();
        let columns: Vec<u64> = tokens.iter().map(|token| token.span.start.column).collect();
        assert_eq!(columns, [1, 2, 3, 4]);
    }
}
