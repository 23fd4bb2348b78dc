//! Calls of functions that an engine does not have. The engine finds out when it prepares its own statement, so the
//! position of the call is looked up in the statement that was sent.

use phantomdb_protocol::{Error, ErrorCode};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{foreign_functions::instead_of, parse, position};

/// `UNKNOWN_FUNCTION`, without a position. [`located`] adds it.
pub fn unknown_function(name: &str) -> Error {
    let instead = instead_of(name).map(|instead| format!("; write {instead}")).unwrap_or_default();
    let message = format!("there is no function \"{name}\" that takes such arguments{instead}");
    let mut error = Error::new(ErrorCode::UnknownFunction, message);
    error.details.function = Some(name.to_owned());
    error
}

/// The error with the position of the call in the statement, when it is about an unknown function.
pub fn located(error: Error, sql: &str) -> Error {
    let name = error.details.function.as_deref().filter(|_| error.details.position.is_none());
    match name.and_then(|name| call_of(name, sql)) {
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
    position::position_of(sql, call[0].span)
}
