//! Colours of a terminal.

use std::{borrow::Cow, io::IsTerminal};

pub(crate) const BOLD: &str = "1";
pub(crate) const DIM: &str = "2";
pub(crate) const RED: &str = "31";

/// The text in a style, when there are colours.
pub(crate) fn paint<'a>(text: &'a str, style: &str, has_colours: bool) -> Cow<'a, str> {
    if has_colours { Cow::Owned(format!("\u{1b}[{style}m{text}\u{1b}[0m")) } else { Cow::Borrowed(text) }
}

/// True when a stream is a terminal that shows colours, and the user has not refused them (<https://no-color.org>).
pub(crate) fn has_colours(stream: &impl IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !refused && !is_dumb
}
