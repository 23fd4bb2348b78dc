//! Calls of functions that an engine has not. It finds out when it prepares its own statement; where the call stands in
//! the one that was sent is looked up then.

use phantomdb_protocol::{Error, ErrorCode};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::parse;

const BEFORE: &str = "there is no function \"";
const AFTER: &str = "\" that takes such arguments";

/// `SYNTAX_ERROR`, as yet without its place.
pub fn unknown_function(name: &str) -> Error {
    Error::new(ErrorCode::SyntaxError, format!("{BEFORE}{name}{AFTER}"))
}

/// The error with the place of the call in the statement, when it is one of a function that is not there.
pub fn located(error: Error, sql: &str) -> Error {
    let name = error.message.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix(AFTER));
    let position = name.filter(|_| error.details.position.is_none()).and_then(|name| call_of(name, sql));
    match position {
        Some(position) => error.with_position(position),
        None => error,
    }
}

fn call_of(name: &str, sql: &str) -> Option<u64> {
    let tokens = parse::tokens(sql).ok()?;
    let calls = |pair: &&[TokenWithSpan]| match (&pair[0].token, &pair[1].token) {
        (Token::Word(word), Token::LParen) => word.value.eq_ignore_ascii_case(name),
        _ => false,
    };
    let call = tokens.windows(2).find(calls)?;
    parse::position_of(sql, call[0].span)
}
