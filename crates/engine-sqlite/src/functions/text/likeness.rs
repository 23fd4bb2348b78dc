//! LIKE and ILIKE.

use std::{cell::RefCell, rc::Rc};

use phantomdb_protocol::Result;
use phantomdb_values::text::{
    case,
    like::{Pattern, escape_character},
};
use rusqlite::Connection;

use super::arguments::{Body, boolean, register_all};
use crate::functions::scalar::Arguments;

/// A pattern, with what it was made of.
struct Kept {
    text: String,
    escape: Option<char>,
    ignores_case: bool,
    pattern: Rc<Pattern>,
}

thread_local! {
    /// The last pattern: a statement mostly has one for all of its rows.
    static LAST: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let bodies: [(&str, i32, Body); 4] = [
        ("phantomdb_like", 2, |a| boolean(pattern(a, false)?.matches(&a.text(0))?)),
        ("phantomdb_like", 3, |a| boolean(pattern(a, false)?.matches(&a.text(0))?)),
        ("phantomdb_ilike", 2, |a| boolean(pattern(a, true)?.matches(&case::lower(&a.text(0)))?)),
        ("phantomdb_ilike", 3, |a| boolean(pattern(a, true)?.matches(&case::lower(&a.text(0)))?)),
    ];
    register_all(conn, &bodies)
}

fn pattern(arguments: &Arguments<'_>, ignores_case: bool) -> Result<Rc<Pattern>> {
    let text = arguments.text(1);
    let escape = escape_character((arguments.len() > 2).then(|| arguments.text(2)).as_deref())?;
    Ok(LAST.with_borrow_mut(|last| {
        if let Some(kept) = last
            && kept.escape == escape
            && kept.ignores_case == ignores_case
            && kept.text == text
        {
            return Rc::clone(&kept.pattern);
        }
        let pattern = Rc::new(if ignores_case {
            Pattern::ignoring_case(&text, escape)
        } else {
            Pattern::new(&text, escape)
        });
        let kept = Rc::clone(&pattern);
        *last = Some(Kept { text: text.into_owned(), escape, ignores_case, pattern: kept });
        pattern
    }))
}
