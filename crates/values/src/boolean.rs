//! Truth values.

use phantomdb_protocol::{Error, ErrorCode, Result};

/// Reads a boolean: `true`, `yes`, `on`, `1` and their opposites, or the beginning of one of these words.
pub fn parse(text: &str) -> Result<bool> {
    match text.trim_matches(is_space).to_ascii_lowercase().as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Ok(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Ok(false),
        _ => {
            let shown: String = text.chars().take(60).collect();
            Err(Error::new(ErrorCode::TypeMismatch, format!("'{shown}' is not a boolean")))
        }
    }
}

/// The blanks that PostgreSQL's input functions skip.
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_the_beginning_of_a_word() {
        for text in ["t", "TRUE", " yes ", "on", "1", "\ttru\n"] {
            assert!(parse(text).unwrap(), "{text}");
        }
        for text in ["f", "False", "n", "of", "off", "0"] {
            assert!(!parse(text).unwrap(), "{text}");
        }
        for text in ["", "o", "2", "truee", "yesno", "\u{a0}t"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
