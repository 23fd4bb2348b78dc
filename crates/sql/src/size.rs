//! How large a statement may be. It is checked before the statement is parsed: the tree of a short text can need thousands of
//! times its size.

use std::sync::atomic::{AtomicUsize, Ordering};

use phantomdb_protocol::{Error, ErrorCode, Result};
use sqlparser::{
    keywords::Keyword,
    tokenizer::{Token, TokenWithSpan},
};

/// The limits of this process. Statements are parsed at many places, which all ask here.
static TOKENS_MAX: AtomicUsize = AtomicUsize::new(SizeLimits::DEFAULT.tokens);
static CHAIN_MAX: AtomicUsize = AtomicUsize::new(SizeLimits::DEFAULT.chain);

/// The options of a server that name the limits.
const TOKENS_FLAG: &str = "--statement-tokens-max";
const CHAIN_FLAG: &str = "--statement-chain-max";

/// How large a statement may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimits {
    /// The most tokens.
    pub tokens: usize,
    /// The most tokens that can be above each other in the tree: those between two commas, and around each open parenthesis.
    pub chain: usize,
}

impl SizeLimits {
    pub const DEFAULT: Self = Self { tokens: 1_000_000, chain: 20_000 };

    /// The limits of this process.
    pub fn current() -> Self {
        Self { tokens: TOKENS_MAX.load(Ordering::Relaxed), chain: CHAIN_MAX.load(Ordering::Relaxed) }
    }

    /// Makes these the limits of this process.
    pub fn set(self) {
        TOKENS_MAX.store(self.tokens, Ordering::Relaxed);
        CHAIN_MAX.store(self.chain, Ordering::Relaxed);
    }

    /// Fails with `TOO_LARGE` for a text that has more tokens, before they are made. A token has at least one byte.
    pub(crate) fn check_text(self, sql: &str) -> Result<()> {
        if sql.len() <= self.tokens { Ok(()) } else { self.check_count(estimate(sql)) }
    }

    fn check_count(self, tokens: usize) -> Result<()> {
        if tokens <= self.tokens {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::TooLarge,
            format!(
                "the statement has more than {} words and signs; send the values as parameters, or the rows of an INSERT \
                 as `rows`, or send it in parts, or raise {TOKENS_FLAG} of the server",
                self.tokens
            ),
        ))
    }

    /// Fails with `TOO_LARGE` for tokens of which the tree would be too deep.
    pub(crate) fn check_tokens(self, tokens: &[TokenWithSpan]) -> Result<()> {
        self.check_count(tokens.len())?;
        // A short statement cannot be too deep, whatever it has.
        if tokens.len() <= self.chain / (QUERY + 1) || depth(tokens) <= self.chain {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::TooLarge,
            format!(
                "a part of the statement has more than {} words and signs without a comma; write a long chain of OR as \
                 IN (…), or send it in parts, or raise {CHAIN_FLAG} of the server",
                self.chain
            ),
        ))
    }
}

/// The tokens that a set operation counts for, besides its own.
const QUERY: usize = 12;

/// The most tokens that can be above each other in the tree. A list, whose commas stand side by side, is not deep.
fn depth(tokens: &[TokenWithSpan]) -> usize {
    // For each open parenthesis, the length of the chain around it; `below` is the sum.
    let mut open: Vec<usize> = Vec::new();
    let (mut below, mut chain, mut deepest) = (0, 0, 0);
    for token in tokens {
        match token.token {
            Token::LParen | Token::LBracket => {
                open.push(chain);
                below += chain;
                chain = 0;
            }
            Token::RParen | Token::RBracket => {
                chain = open.pop().unwrap_or(0);
                below -= chain;
            }
            Token::Comma | Token::SemiColon => {
                chain = 0;
                continue;
            }
            // A level of a tree of queries needs much more stack than one of expressions.
            Token::Word(ref word)
                if matches!(word.keyword, Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT) =>
            {
                chain += QUERY;
            }
            _ => {}
        }
        chain += 1;
        deepest = deepest.max(below + chain);
    }
    deepest
}

/// The number of tokens of a text, or a little more. It reads strings, names in quotes and comments as the tokenizer does, and
/// counts a token for each [`HIDDEN`] bytes of them, so that nothing is hidden from it.
fn estimate(sql: &str) -> usize {
    const HIDDEN: usize = 32;
    const OPERATOR: &[u8] = b"+-*/<>=~!@#%^&|?";
    let bytes = sql.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
    let (mut tokens, mut at) = (0, 0);
    // True behind an `E` that stands alone: it makes a string with escapes of what follows.
    let mut escapes = false;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let escaped = std::mem::take(&mut escapes);
        let is_comment = rest.starts_with(b"--") || rest.starts_with(b"/*");
        if is_comment && at > 0 && OPERATOR.contains(&bytes[at - 1]) {
            // The tokenizer takes some of these for longer operators, and reads the rest otherwise.
            return bytes.len();
        }
        let length = match byte {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'\'' if escaped => quoted(rest, b'\'', true),
            b'\'' | b'"' | b'`' => quoted(rest, byte, false),
            b'-' if rest.starts_with(b"--") => {
                rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
            }
            b'/' if rest.starts_with(b"/*") => comment(rest),
            b'$' => dollar_quoted(rest),
            // A number ends before a letter: `1e` is a number and a name.
            byte if byte.is_ascii_digit() => {
                rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
            }
            byte if is_word(&byte) => {
                let is_part = |byte: &u8| is_word(byte) || *byte == b'$';
                let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                escapes = matches!(rest[..length], [b'e' | b'E']);
                length
            }
            _ => 1,
        };
        tokens += 1 + length / HIDDEN;
        at += length.max(1);
    }
    tokens
}

/// The length of what stands in quotes, with them.
fn quoted(text: &[u8], quote: u8, escapes: bool) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        at += match byte {
            b'\\' if escapes => 2,
            byte if byte == quote && text.get(at + 1) == Some(&quote) => 2,
            byte if byte == quote => return at + 1,
            _ => 1,
        };
    }
    text.len()
}

/// The length of a comment, in which there can be others.
fn comment(text: &[u8]) -> usize {
    let (mut at, mut open) = (0, 0_usize);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(b"/*") {
            open += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            open -= 1;
            at += 2;
            if open == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of a string between `$tag$` and the same again, or of a parameter.
fn dollar_quoted(text: &[u8]) -> usize {
    let is_tag = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
    let tag = 1 + text[1..].iter().take_while(|byte| is_tag(byte)).count();
    if text.get(tag) != Some(&b'$') {
        return tag;
    }
    let (mark, rest) = text.split_at(tag + 1);
    let end = std::str::from_utf8(rest).ok().zip(std::str::from_utf8(mark).ok());
    match end.and_then(|(rest, mark)| rest.find(mark)) {
        Some(end) => mark.len() + end + mark.len(),
        None => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::parse::tokens;

    fn refused(sql: &str) -> String {
        let start = std::time::Instant::now();
        let error = tokens(sql).unwrap_err();
        assert_eq!(error.code, ErrorCode::TooLarge, "{}", error.message);
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
        error.message
    }

    #[test]
    fn a_long_statement_is_refused_before_it_is_parsed() {
        assert!(refused(&format!("SELECT {}1", "1+".repeat(2_000_000))).contains(TOKENS_FLAG));
        assert!(refused(&format!("SELECT {}1", "1+".repeat(20_000))).contains(CHAIN_FLAG));
        assert!(refused(&format!("SELECT {}", "(1+1+1+".repeat(10_000))).contains(CHAIN_FLAG));
        assert!(refused(&format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(2_000))).contains(CHAIN_FLAG));
        assert!(
            refused(&format!("SELECT now(){}", " AT TIME ZONE 'UTC'".repeat(50_000))).contains(CHAIN_FLAG)
        );
    }

    #[test]
    fn lists_and_texts_are_long() {
        let ok = |sql: String| assert!(tokens(&sql).is_ok(), "{}", &sql[..40]);
        ok(format!("INSERT INTO t (a, b) VALUES (0, 'x'){}", ", (1, 'it''s')".repeat(100_000)));
        ok(format!("SELECT 1 WHERE a IN (0{})", ", 1".repeat(100_000)));
        ok(format!("SELECT '{}'", "long text; ".repeat(1_000_000)));
        ok(format!("SELECT 1 WHERE (a = 1 AND b = 2){}", " OR (a = 1 AND b = 2)".repeat(9_900)));
    }

    #[test]
    fn nothing_is_hidden_from_the_estimate() {
        let many = "1+".repeat(50_000);
        for start in [
            "-- '\n",
            "/* ' */",
            "/* /* */ ' */",
            "E'\\'' ",
            "$$ ' $$ ",
            "$a$ ' $$ $a$ ",
            "\"'\" ",
            "`'` ",
            "'''' ",
            "a$$ + ",
        ] {
            let sql = format!("{start}{many}1");
            let tokens = crate::parse::unchecked_tokens(&sql).unwrap().len();
            assert!(estimate(&sql) >= tokens, "{start}: {} of {tokens}", estimate(&sql));
        }
    }

    proptest! {
        #[test]
        fn the_estimate_is_not_below_the_number(sql in "[a1 '\"`$/*+\\-<>=~#@|%,()Ee\\\\\n]{0,40}") {
            if let Ok(tokens) = crate::parse::unchecked_tokens(&sql) {
                prop_assert!(estimate(&sql) >= tokens.len());
            }
        }
    }
}
