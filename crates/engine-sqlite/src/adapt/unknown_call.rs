//! The errors of a call that no function of the table takes.

use phantomdb_protocol::{Error, ErrorCode};
use phantomdb_sql::{
    foreign_functions::instead_of,
    typing::{Unresolved, function_names, functions, unsupported},
};

use super::typed::Typed;

pub(super) fn undetermined(name: &str, types: &[Typed]) -> Error {
    let message =
        format!("{}: the type of the result cannot be told; cast an argument", signature_text(name, types));
    Error::new(ErrorCode::TypeMismatch, message)
}

pub(super) fn refused(name: &str, types: &[Typed], why: Unresolved) -> Error {
    if why == Unresolved::Ambiguous {
        let message =
            format!("{}: several functions take such arguments; cast them", signature_text(name, types));
        return Error::new(ErrorCode::TypeMismatch, message);
    }
    unknown_function(name, types)
}

fn signature_text(name: &str, types: &[Typed]) -> String {
    let shown: Vec<String> = types.iter().map(|typed| typed.data_type.name()).collect();
    format!("{name}({})", shown.join(", "))
}

/// The error for a call that no function of the table takes.
pub(super) fn unknown_function(name: &str, types: &[Typed]) -> Error {
    if functions(name).next().is_some() {
        let message = format!(
            "there is no function {}; cast the arguments to the types that {name}() takes",
            signature_text(name, types)
        );
        return Error::new(ErrorCode::UnknownFunction, message);
    }
    if let Some(reason) = unsupported(name) {
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        return Error::unsupported(format!(
            "the function {name}() is not supported on SQLite{reason}; a statement with {{ native: true }} can call SQLite's own functions"
        ));
    }
    if let Some(instead) = instead_of(name) {
        let message = format!(
            "there is no function {name}(); write {instead}. A statement with {{ native: true }} can call SQLite's own functions"
        );
        return Error::new(ErrorCode::UnknownFunction, message);
    }
    let nearest = nearest(name).map(|near| format!("; the nearest is {near}()")).unwrap_or_default();
    Error::new(
        ErrorCode::UnknownFunction,
        format!(
            "there is no function {name}(){nearest}; a statement with {{ native: true }} can call SQLite's own functions"
        ),
    )
}

/// The function whose name is most like another.
fn nearest(name: &str) -> Option<&'static str> {
    let limit = (name.chars().count() / 3).max(1);
    function_names()
        .filter(|known| !known.starts_with("phantomdb"))
        .map(|known| (strsim::levenshtein(name, known), known))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, known)| known)
}
