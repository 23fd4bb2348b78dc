//! Byte strings as text in an encoding, and text in a character set.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use phantomdb_protocol::{Error, Result};

use super::written;
use crate::text::limit::{check, invalid};

/// The characters of a line of base64.
const LINE: usize = 76;

/// `encode`: hex, base64 (in lines of 76 characters) or escape.
pub fn encode(bytes: &[u8], format: &str) -> Result<String> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => {
            check(bytes.len().saturating_mul(2))?;
            Ok(written::hex_digits(bytes))
        }
        "escape" => written::to_escapes(bytes),
        "base64" => {
            check(bytes.len().saturating_mul(2))?;
            let text = STANDARD.encode(bytes);
            let lines: Vec<&str> = (0..text.len().div_ceil(LINE))
                .filter_map(|line| text.get(line * LINE..text.len().min((line + 1) * LINE)))
                .collect();
            Ok(lines.join("\n"))
        }
        _ => Err(unknown(format)),
    }
}

/// `decode`.
pub fn decode(text: &str, format: &str) -> Result<Vec<u8>> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => written::from_hex_digits(text),
        "escape" => written::from_escapes(text),
        "base64" => {
            let config =
                GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
            let text: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\n' | '\r')).collect();
            let decoded =
                GeneralPurpose::new(&alphabet::STANDARD, config.with_decode_allow_trailing_bits(true));
            decoded.decode(text).map_err(|error| invalid(format!("the text is not base64: {error}")))
        }
        _ => Err(unknown(format)),
    }
}

fn unknown(format: &str) -> Error {
    invalid(format!("'{format}' is not an encoding of bytes; use hex, base64 or escape"))
}

/// The names of the character sets that PostgreSQL knows beside these.
const OTHER_SETS: &str = "abc alt big5 euccn eucjis2004 eucjp euckr euctw gb18030 gbk iso885910 iso885913 iso885914 iso885915 \
    iso885916 iso88592 iso88593 iso88594 iso88595 iso88596 iso88597 iso88598 iso88599 johab koi8 koi8r koi8u latin10 latin2 \
    latin3 latin4 latin5 latin6 latin7 latin8 latin9 mskanji muleinternal shiftjis shiftjis2004 sjis tcvn tcvn5712 uhc \
    vscii win win1250 win1251 win1252 win1253 win1254 win1255 win1256 win1257 win1258 win866 win874 win932 win936 win949 \
    win950 windows1250 windows1251 windows1252 windows1253 windows1254 windows1255 windows1256 windows1257 windows1258 \
    windows866 windows874 windows932 windows936 windows949 windows950";

/// A character set that text can be converted to.
enum CharacterSet {
    Utf8,
    Latin1,
    Ascii,
}

impl CharacterSet {
    fn named(name: &str) -> Result<Self> {
        let plain: String =
            name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        match plain.as_str() {
            "utf8" | "unicode" => Ok(Self::Utf8),
            "latin1" | "iso88591" => Ok(Self::Latin1),
            "sqlascii" => Ok(Self::Ascii),
            other if OTHER_SETS.split(' ').any(|set| set == other) => Err(Error::unsupported(format!(
                "the character set '{name}' is not supported; use UTF8 or LATIN1"
            ))),
            _ => Err(invalid(format!("'{name}' is not a character set; use UTF8 or LATIN1"))),
        }
    }
}

impl CharacterSet {
    /// Fails when the bytes are not text in the character set. Text has no character 0.
    fn check(&self, bytes: &[u8]) -> Result<()> {
        if bytes.contains(&0) {
            return Err(invalid("text cannot have the character 0"));
        }
        if matches!(self, Self::Utf8) { utf8(bytes).map(drop) } else { Ok(()) }
    }
}

/// `convert_to`.
pub fn convert_to(text: &str, name: &str) -> Result<Vec<u8>> {
    match CharacterSet::named(name)? {
        CharacterSet::Utf8 | CharacterSet::Ascii => Ok(text.as_bytes().to_vec()),
        CharacterSet::Latin1 => text
            .chars()
            .map(|c| {
                u8::try_from(u32::from(c)).map_err(|_| invalid(format!("LATIN1 has no character '{c}'")))
            })
            .collect(),
    }
}

/// `convert`.
pub fn convert(bytes: &[u8], from: &str, to: &str) -> Result<Vec<u8>> {
    let (source, target) = (CharacterSet::named(from)?, CharacterSet::named(to)?);
    source.check(bytes)?;
    match (source, target) {
        (_, CharacterSet::Ascii) => Ok(bytes.to_vec()),
        (CharacterSet::Ascii, target) => target.check(bytes).map(|()| bytes.to_vec()),
        _ => convert_to(&convert_from(bytes, from)?, to),
    }
}

/// `length` of bytes that are text in a character set: the number of its characters.
pub fn length_in(bytes: &[u8], name: &str) -> Result<usize> {
    let set = CharacterSet::named(name)?;
    set.check(bytes)?;
    match set {
        CharacterSet::Utf8 => Ok(utf8(bytes)?.chars().count()),
        CharacterSet::Latin1 | CharacterSet::Ascii => Ok(bytes.len()),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| invalid("the bytes are not text in UTF8"))
}

/// `convert_from`.
pub fn convert_from(bytes: &[u8], name: &str) -> Result<String> {
    let set = CharacterSet::named(name)?;
    set.check(bytes)?;
    let text = match set {
        // SQL_ASCII says nothing about the bytes, so PostgreSQL takes them as they are in its own character set.
        CharacterSet::Utf8 | CharacterSet::Ascii => utf8(bytes)?.to_owned(),
        CharacterSet::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_encodes_and_decodes() {
        assert_eq!(encode(&[b'x'; 58], "base64").unwrap(), format!("{}\neA==", "eHh4".repeat(19)));
        assert_eq!(encode(&[b'x'; 57], "BASE64").unwrap(), "eHh4".repeat(19));
        assert_eq!(encode(b"\0\xff", "escape").unwrap(), r"\000\377");
        assert_eq!(decode("a Gk=\n", "base64").unwrap(), b"hi");
        assert_eq!(decode("6162", "hex").unwrap(), b"ab");
        assert_eq!(decode(r"a\\b\001", "escape").unwrap(), b"a\\b\x01");
        for (text, format) in
            [("aGk", "base64"), ("!", "base64"), ("xy", "hex"), (r"a\x", "escape"), ("", "foo")]
        {
            assert!(decode(text, format).is_err(), "{text} {format}");
        }
    }

    #[test]
    fn it_converts_between_character_sets() {
        assert_eq!(convert_to("é", "latin1").unwrap(), [0xe9]);
        assert_eq!(convert_to("é", "UTF-8").unwrap(), [0xc3, 0xa9]);
        assert_eq!(convert_from(&[0xe9], "ISO_8859_1").unwrap(), "é");
        assert!(convert_to("€", "latin1").is_err() && convert_from(&[0xff], "utf8").is_err());
        assert!(convert_from(&[0], "utf8").is_err());
    }
}
