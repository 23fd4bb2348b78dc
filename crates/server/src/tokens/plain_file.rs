//! Tokens as they are, one on each line. Each allows everything.

use std::{fmt::Display, sync::Arc};

use phantomdb_service::{DatabasePattern, Grant, Rights};

use super::known::{KnownToken, hash};

/// In characters. A random token of this length cannot be found by trying.
const LENGTH_MIN: usize = 16;

/// Fails for a token that is too short to be safe.
pub fn check_length(token: &str) -> Result<(), String> {
    let length = token.chars().count();
    if length >= LENGTH_MIN {
        return Ok(());
    }
    Err(format!(
        "a token has {length} characters, and needs {LENGTH_MIN}: make one with `openssl rand -base64 32`, or with \
         `phantomdb token create`"
    ))
}

pub(super) fn known(token: &str) -> KnownToken {
    let hash = hash(token);
    // The names of plain tokens are the beginnings of their hashes, so that logs tell them apart.
    let name = format!("token {}", super::known::hex(&hash[..4]));
    let grant = Grant::new(name, Rights::all(), vec![DatabasePattern::new("*")]);
    KnownToken { hash, grant: Arc::new(grant), expires: None }
}

/// Reads tokens. A line that begins with `#` is a comment.
pub(super) fn parse(content: &str, place: &dyn Display) -> Result<Vec<KnownToken>, String> {
    let lines = content.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let tokens = lines.map(|token| check_length(token).map(|()| known(token))).collect::<Result<Vec<_>, _>>();
    match tokens {
        Ok(tokens) if tokens.is_empty() => Err(format!("{place} has no token")),
        tokens => tokens.map_err(|why| format!("{place}: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_a_token_on_each_line_and_no_comments() {
        let read =
            parse("# the app's\n  a-token-of-16-chars \n\n# 0123456789abcdef\n0123456789abcdef\r\n", &"f")
                .unwrap();
        let hashes: Vec<_> = read.iter().map(|token| token.hash).collect();
        assert_eq!(hashes, [hash("a-token-of-16-chars"), hash("0123456789abcdef")]);
        assert!(parse("# 0123456789abcdef\n", &"f").unwrap_err().contains("no token"));
        assert!(parse("0123456789abcde", &"f").unwrap_err().contains("needs 16"));
    }
}
