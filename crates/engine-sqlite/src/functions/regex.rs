//! Functions of regular expressions. Each thread keeps the patterns that it has compiled.

use std::{cell::RefCell, ops::ControlFlow, rc::Rc};

use hashlink::LruCache;
use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_values::{
    regex::{Match, Options, Regex, replace::Subject, similar},
    text::like::escape_character,
};
use rusqlite::{Connection, types::Value};

use super::{
    result::FunctionResult,
    scalar::{Arguments, strict},
};

/// The number of compiled patterns that a thread keeps.
const KEPT: usize = 64;

/// What a function does with its arguments.
type Body = fn(&Arguments<'_>) -> FunctionResult;

type Kept = LruCache<(String, Options), Rc<Regex>>;

thread_local! {
    static COMPILED: RefCell<Kept> = RefCell::new(LruCache::new(KEPT));
}

fn compiled(pattern: &str, options: Options) -> Result<Rc<Regex>> {
    COMPILED.with_borrow_mut(|kept| {
        let key = (pattern.to_owned(), options);
        if let Some(regex) = kept.get(&key) {
            return Ok(Rc::clone(regex));
        }
        let regex = Rc::new(Regex::new(pattern, options)?);
        kept.insert(key, Rc::clone(&regex));
        Ok(regex)
    })
}

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    for (name, ignores_case) in [("phantomdb_regex", false), ("phantomdb_iregex", true)] {
        strict(conn, name, 2, move |a| {
            let regex = compiled(&a.text(1), Options { ignores_case, ..Options::default() })?;
            boolean(regex.is_match(&a.text(0))?)
        })?;
    }
    let bodies: [(&str, Body); 15] = [
        // Definitions of older versions call these.
        ("phantomdb_similar", |a| boolean(similar_regex(a, false)?.is_match(&a.text(0))?)),
        ("phantomdb_isimilar", |a| boolean(similar_regex(a, true)?.is_match(&a.text(0))?)),
        ("phantomdb_citext_flags", |a| Ok(Value::Text(citext_flags(&a.text(0))))),
        ("phantomdb_similar_to_escape", |a| {
            let escape = escape_character((a.len() > 1).then(|| a.text(1)).as_deref())?;
            Ok(Value::Text(similar::to_regex(&a.text(0), escape)?))
        }),
        ("phantomdb_substring_similar", |a| substring(&*similar_regex(a, false)?, a)),
        ("phantomdb_substring_regex", |a| substring(&*compiled(&a.text(1), Options::default())?, a)),
        ("phantomdb_regexp_like", |a| boolean(pattern(a, 2)?.is_match(&a.text(0))?)),
        ("phantomdb_regexp_count", |a| {
            let from = start(a, 2)?;
            integer(Subject::new(&a.text(0)).count(&*pattern(a, 3)?, from)?)
        }),
        ("phantomdb_regexp_instr", instr),
        ("phantomdb_regexp_substr", substr),
        ("phantomdb_regexp_match", first_match),
        ("phantomdb_regexp_matches", matches),
        ("phantomdb_regexp_split", |a| json(&Subject::new(&a.text(0)).split(&*pattern(a, 2)?)?)),
        ("phantomdb_regexp_replace", |a| {
            let options = Options::parse(&replacement_flags(a, 3)?)?;
            replaced(a, options, 0, usize::from(!options.global))
        }),
        ("phantomdb_regexp_replace_from", |a| {
            let from = start(a, 3)?;
            let number = if a.len() > 4 { natural(a, 4, 0, "the number of a match")? } else { 1 };
            replaced(a, flags(a, 5)?, from, number)
        }),
    ];
    for (name, body) in bodies {
        strict(conn, name, -1, body)?;
    }
    strict(conn, "regexp_replace", -1, |a| {
        let options = flags(a, 3)?;
        replaced(a, options, 0, usize::from(!options.global))
    })
}

fn boolean(value: bool) -> FunctionResult {
    Ok(Value::Integer(i64::from(value)))
}

fn integer(value: usize) -> FunctionResult {
    Ok(Value::Integer(i64::try_from(value).unwrap_or(i64::MAX)))
}

fn json<T: serde::Serialize>(value: &T) -> FunctionResult {
    serde_json::to_string(value).map(Value::Text).map_err(|error| Error::internal(error.to_string()))
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorCode::TypeMismatch, message)
}

/// The flags in the argument at that index; none when it was left out.
fn flags(arguments: &Arguments<'_>, index: usize) -> Result<Options> {
    if index < arguments.len() { Options::parse(&arguments.text(index)) } else { Ok(Options::default()) }
}

/// The pattern of a function that has no use for the flag `g`.
fn pattern(arguments: &Arguments<'_>, flags_at: usize) -> Result<Rc<Regex>> {
    let options = flags(arguments, flags_at)?;
    if options.global {
        return Err(invalid("this function of regular expressions does not take the flag g"));
    }
    compiled(&arguments.text(1), options)
}

/// `regexp_replace(text, pattern, new, '2')` may be meant to begin at the second character.
fn replacement_flags(arguments: &Arguments<'_>, index: usize) -> Result<String> {
    let flags = if index < arguments.len() { arguments.text(index).into_owned() } else { String::new() };
    if flags.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(invalid(
            "flags of a regular expression are letters; cast the position to begin at to integer",
        ));
    }
    Ok(flags)
}

/// The position to begin at, which is counted from 1, as one that is counted from 0.
fn start(arguments: &Arguments<'_>, index: usize) -> Result<usize> {
    if index >= arguments.len() {
        return Ok(0);
    }
    Ok(natural(arguments, index, 1, "the position to begin at")? - 1)
}

fn natural(arguments: &Arguments<'_>, index: usize, least: usize, what: &str) -> Result<usize> {
    let number = usize::try_from(arguments.integer(index)).ok().filter(|number| *number >= least);
    number.ok_or_else(|| invalid(&format!("{what} must be {least} or more")))
}

/// An argument that counts, or its default when it was left out.
fn optional(a: &Arguments<'_>, index: usize, least: usize, default: usize, what: &str) -> Result<usize> {
    if index < a.len() { natural(a, index, least, what) } else { Ok(default) }
}

fn replaced(a: &Arguments<'_>, options: Options, from: usize, number: usize) -> FunctionResult {
    let regex = compiled(&a.text(1), options)?;
    Ok(Value::Text(Subject::new(&a.text(0)).replace(&regex, &a.text(2), from, number)?))
}

/// The regular expression of `text SIMILAR TO pattern ESCAPE escape`.
fn similar_regex(arguments: &Arguments<'_>, ignores_case: bool) -> Result<Rc<Regex>> {
    let escape = escape_character((arguments.len() > 2).then(|| arguments.text(2)).as_deref())?;
    let options = Options { ignores_case, ..Options::default() };
    compiled(&similar::to_regex(&arguments.text(1), escape)?, options)
}

/// The flags for a `citext`: without case, unless they ask for it.
fn citext_flags(flags: &str) -> String {
    if flags.contains('c') { flags.to_owned() } else { format!("{flags}i") }
}

/// `substring(text from pattern)`: the first group, or the match when the pattern has no group.
fn substring(regex: &Regex, arguments: &Arguments<'_>) -> FunctionResult {
    let text = arguments.text(0);
    let subject = Subject::new(&text);
    let found = subject.nth(regex, 0, 1)?;
    let part = found.and_then(|found| subject.groups(&found).into_iter().next().flatten());
    Ok(part.map_or(Value::Null, Value::Text))
}

/// The text that a group matched: the whole match for 0, and for 1 when the pattern has no groups.
fn part(found: &Match, group: usize) -> Option<(usize, usize)> {
    match group {
        0 => Some(found.span),
        1 if found.groups.is_empty() => Some(found.span),
        _ => found.groups.get(group - 1).copied().flatten(),
    }
}

/// `regexp_instr(text, pattern, start, number, end, flags, group)`.
fn instr(a: &Arguments<'_>) -> FunctionResult {
    let from = start(a, 2)?;
    let number = optional(a, 3, 1, 1, "the number of a match")?;
    let end = optional(a, 4, 0, 0, "the end option")?;
    if end > 1 {
        return Err(invalid("the end option of regexp_instr must be 0 or 1"));
    }
    let group = optional(a, 6, 0, 0, "the number of a group")?;
    let found = Subject::new(&a.text(0)).nth(&*pattern(a, 5)?, from, number)?;
    let span = found.and_then(|found| part(&found, group));
    integer(span.map_or(0, |(begin, behind)| if end == 1 { behind + 1 } else { begin + 1 }))
}

/// `regexp_substr(text, pattern, start, number, flags, group)`.
fn substr(a: &Arguments<'_>) -> FunctionResult {
    let from = start(a, 2)?;
    let number = optional(a, 3, 1, 1, "the number of a match")?;
    let group = optional(a, 5, 0, 0, "the number of a group")?;
    let text = a.text(0);
    let subject = Subject::new(&text);
    let found = subject.nth(&*pattern(a, 4)?, from, number)?;
    let span = found.and_then(|found| part(&found, group));
    Ok(span.map_or(Value::Null, |span| Value::Text(subject.cut(span))))
}

fn first_match(a: &Arguments<'_>) -> FunctionResult {
    let text = a.text(0);
    let subject = Subject::new(&text);
    match subject.nth(&*pattern(a, 2)?, 0, 1)? {
        Some(found) => json(&subject.groups(&found)),
        None => Ok(Value::Null),
    }
}

/// The rows of `regexp_matches`.
fn matches(a: &Arguments<'_>) -> FunctionResult {
    let options = flags(a, 2)?;
    let regex = compiled(&a.text(1), Options { global: false, ..options })?;
    let text = a.text(0);
    let subject = Subject::new(&text);
    let mut rows = Vec::new();
    subject.each(&regex, 0, |found| {
        rows.push(subject.groups(&found));
        Ok(if options.global { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    json(&rows)
}
