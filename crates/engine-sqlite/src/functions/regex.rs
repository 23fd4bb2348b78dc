//! Regular expressions. A connection compiles each pattern once.

use std::sync::{Arc, Mutex, PoisonError};

use hashlink::LruCache;
use phantomdb_protocol::{Error, ErrorCode, Result};
use regex::{Regex, RegexBuilder};
use rusqlite::{Connection, types::Value};

use super::pure;

/// The number of compiled patterns that a connection keeps.
const KEPT: usize = 64;
/// The most bytes that a compiled pattern may take.
const SIZE_LIMIT: usize = 1 << 20;

#[derive(Clone)]
struct Patterns(Arc<Mutex<Compiled>>);

/// Compiled patterns, by the pattern and by whether case is ignored.
type Compiled = LruCache<(String, bool), Arc<Regex>>;

impl Patterns {
    fn get(&self, pattern: &str, ignore_case: bool) -> Result<Arc<Regex>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (pattern.to_owned(), ignore_case);
        if let Some(regex) = kept.get(&key) {
            return Ok(Arc::clone(regex));
        }
        let regex =
            RegexBuilder::new(pattern).case_insensitive(ignore_case).size_limit(SIZE_LIMIT).build().map_err(
                |_| {
                    let message = format!("'{pattern}' is not a regular expression PhantomDB can run");
                    Error::new(ErrorCode::SyntaxError, message)
                },
            )?;
        let regex = Arc::new(regex);
        kept.insert(key, Arc::clone(&regex));
        Ok(regex)
    }
}

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let patterns = Patterns(Arc::new(Mutex::new(LruCache::new(KEPT))));
    for (name, ignore_case) in [("phantomdb_regex", false), ("phantomdb_iregex", true)] {
        let patterns = patterns.clone();
        pure(conn, name, 2, move |arguments| {
            if arguments.any_null() {
                return Ok(Value::Null);
            }
            let regex = patterns.get(&arguments.text(1), ignore_case)?;
            Ok(Value::Integer(i64::from(regex.is_match(&arguments.text(0)))))
        })?;
    }
    pure(conn, "regexp_replace", -1, move |arguments| {
        if arguments.any_null() {
            return Ok(Value::Null);
        }
        let flags = arguments.text(3);
        let regex = patterns.get(&arguments.text(1), flags.contains('i'))?;
        // PostgreSQL's `\1` is `${1}` in the crate.
        let template = arguments.text(2).replace('$', "$$");
        let template =
            (1..=9).fold(template, |text, n| text.replace(&format!("\\{n}"), &format!("${{{n}}}")));
        let limit = usize::from(!flags.contains('g'));
        Ok(Value::Text(regex.replacen(&arguments.text(0), limit, template.as_str()).into_owned()))
    })
}
