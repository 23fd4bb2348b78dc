//! Unicode's normalization forms.

use phantomdb_protocol::Result;
use unicode_normalization::UnicodeNormalization as _;

use super::limit::{check, invalid};

/// `normalize`: the text in that form, NFC, NFD, NFKC or NFKD.
pub fn normalize(text: &str, form: &str) -> Result<String> {
    // The compatibility forms may make one character long.
    check(text.len())?;
    Ok(match form.to_ascii_uppercase().as_str() {
        "NFC" => text.nfc().collect(),
        "NFD" => text.nfd().collect(),
        "NFKC" => text.nfkc().collect(),
        "NFKD" => text.nfkd().collect(),
        _ => {
            return Err(invalid(format!("'{form}' is not a normalization form; use NFC, NFD, NFKC or NFKD")));
        }
    })
}

/// `IS NORMALIZED`.
pub fn is_normalized(text: &str, form: &str) -> Result<bool> {
    Ok(normalize(text, form)? == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_composes_and_decomposes() {
        assert_eq!(normalize("A\u{30a}", "nfc").unwrap(), "\u{c5}");
        assert_eq!(normalize("\u{c5}", "NFD").unwrap(), "A\u{30a}");
        assert_eq!(normalize("ﬁ", "NFKC").unwrap(), "fi");
        assert!(is_normalized("\u{c5}", "NFC").unwrap() && !is_normalized("\u{c5}", "NFD").unwrap());
        assert!(normalize("", "NFX").is_err());
    }
}
