//! Text as rows.

/// `string_to_table`: the parts between separators; each character when the separator is NULL, and the text itself when it
/// is empty. A part that equals `null_text` is NULL.
pub fn parts<'a>(text: &'a str, separator: Option<&str>, null_text: Option<&str>) -> Vec<Option<&'a str>> {
    let or_null = |part: &'a str| (Some(part) != null_text).then_some(part);
    match separator {
        _ if text.is_empty() => Vec::new(),
        None => text.char_indices().map(|(index, c)| or_null(&text[index..index + c.len_utf8()])).collect(),
        Some("") => vec![or_null(text)],
        Some(separator) => text.split(separator).map(or_null).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_splits_by_a_separator_or_into_characters() {
        assert_eq!(parts("a,,b", Some(","), Some("")), [Some("a"), None, Some("b")]);
        assert_eq!(parts("aé", None, None), [Some("a"), Some("é")]);
        assert_eq!(parts("ab", Some(""), None), [Some("ab")]);
        assert!(parts("", Some(","), None).is_empty());
    }
}
