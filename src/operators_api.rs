//! The table of operators as JavaScript reads it.

use napi_derive::napi;

use crate::{error::thrown, json::to_json, translate::OPERATORS};

/// All comparison operators as JSON: `[{ "names": ["like", "LIKE"], "operand": "text" }, …]`. `operand` says what an
/// operator takes on its right side, see `Operand` in `src/translate/operators.rs`.
#[napi(catch_unwind)]
pub fn operators() -> napi::Result<String, String> {
    to_json(&OPERATORS).map_err(thrown)
}
