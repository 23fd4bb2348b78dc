//! How many columns of a terminal a text takes.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// The columns that a text takes which has no control characters.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    // An emoji of several characters takes as much as one.
    text.graphemes(true).map(|grapheme| grapheme.width().min(2)).sum()
}

/// Spaces up to a width.
pub(super) fn padding(text: &str, to: usize) -> String {
    " ".repeat(to.saturating_sub(width(text)))
}

#[cfg(test)]
mod tests {
    use super::width;

    #[test]
    fn wide_and_combined_characters_count_as_terminals_show_them() {
        for (text, columns) in
            [("abc", 3), ("日本", 4), ("👩\u{200d}💻", 2), ("e\u{301}", 1), ("é", 1), ("", 0)]
        {
            assert_eq!(width(text), columns, "{text}");
        }
    }
}
