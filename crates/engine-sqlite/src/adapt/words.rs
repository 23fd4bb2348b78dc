//! The words of an expression, as they were written.

use sqlparser::ast::{Expr, Ident};

/// True when the identifier is that word, without quotes.
pub(crate) fn is_word(ident: &Ident, word: &str) -> bool {
    ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case(word)
}

/// The beginning of an expression, for a message.
pub(crate) fn shorten(expr: &Expr) -> String {
    let text = expr.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
