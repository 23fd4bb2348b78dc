//! Names and values as they stand in a statement.

use phantomdb_protocol::Result;

use super::limit::invalid;
use crate::boolean::is_space;

/// The words that must be quoted as names, in their order. Source: `pg_get_keywords()`, all but the unreserved ones.
const RESERVED: &str = "all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean \
    both case cast char character check coalesce collate collation column concurrently constraint create cross \
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec decimal \
    default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full grant \
    greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull join json \
    json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table \
    json_value lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none \
    normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision \
    primary real references returning right row select session_user setof similar smallint some substring symmetric \
    system_user table tablesample then time timestamp to trailing treat trim true union unique user using values varchar \
    variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse \
    xmlpi xmlroot xmlserialize xmltable";

/// `quote_ident`: the text as a name, in quotes when it needs them.
pub fn identifier(text: &str) -> String {
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if starts && text.chars().all(plain) && !RESERVED.split_whitespace().any(|word| word == text) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// `quote_literal`: the text as a string literal.
pub fn literal(text: &str) -> String {
    let prefix = if text.contains('\\') { "E" } else { "" };
    format!("{prefix}'{}'", text.replace('\'', "''").replace('\\', "\\\\"))
}

/// `parse_ident`: the parts of a name with dots, of which those without quotes become lower case.
///
/// Fails when the name is malformed, or goes on where only names are allowed (`strict`).
pub fn parse_identifier(text: &str, strict: bool) -> Result<Vec<String>> {
    let malformed = || invalid(format!("'{text}' is not a name"));
    let mut rest = text.trim_start_matches(is_space);
    let mut parts = Vec::new();
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (part, after) =
                quoted_part(quoted).filter(|(part, _)| !part.is_empty()).ok_or_else(malformed)?;
            parts.push(part);
            rest = after;
        } else {
            let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
            let goes_on = |c: char| starts(c) || c.is_ascii_digit() || c == '$';
            let end = rest.find(|c| !goes_on(c)).unwrap_or(rest.len());
            if !rest.starts_with(starts) {
                return Err(malformed());
            }
            parts.push(rest[..end].to_ascii_lowercase());
            rest = &rest[end..];
        }
        rest = rest.trim_start_matches(is_space);
        match rest.strip_prefix('.') {
            Some(after) => rest = after.trim_start_matches(is_space),
            None if rest.is_empty() || !strict => return Ok(parts),
            None => return Err(malformed()),
        }
    }
}

/// A name up to its closing quote, and what stands behind that. Two quotes are one in the name.
fn quoted_part(text: &str) -> Option<(String, &str)> {
    let mut from = 0;
    loop {
        let quote = from + text[from..].find('"')?;
        if !text[quote + 1..].starts_with('"') {
            return Some((text[..quote].replace("\"\"", "\""), &text[quote + 1..]));
        }
        from = quote + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_quotes_what_needs_quotes() {
        let quoted = ["Ab", "select", "a\"b", "", "a1_$", "1a", "é"].map(identifier);
        assert_eq!(quoted, ["\"Ab\"", "\"select\"", "\"a\"\"b\"", "\"\"", "\"a1_$\"", "\"1a\"", "\"é\""]);
        assert_eq!(["_a", "abc", "year"].map(identifier), ["_a", "abc", "year"]);
        assert_eq!(["a'b", r"a\b"].map(literal), ["'a''b'", r"E'a\\b'"]);
    }

    #[test]
    fn it_parses_names_with_dots() {
        assert_eq!(parse_identifier(r#" Ab . "C""d".x$1 "#, true).unwrap(), ["ab", "C\"d", "x$1"]);
        assert_eq!(parse_identifier("a(b)", false).unwrap(), ["a"]);
        for text in ["", "a.", ".a", "1a", "\"\"", "\"a", "a b", "a(b)"] {
            assert!(parse_identifier(text, true).is_err(), "{text}");
        }
    }
}
