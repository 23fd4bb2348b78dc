//! How deep a plan may be nested, and the stack that this takes.

use phantomdb_protocol::Result;

use super::bad_plan::bad_plan;

/// Levels of expressions. The limit is deeper than any query that a person writes.
pub(super) const MAX_DEPTH: usize = 100;

/// Levels of JSON that an expression has, and those around the expressions of a plan.
const JSON_LEVELS: usize = 2;
const JSON_AROUND: usize = 50;

/// Levels of JSON that fit on any thread's stack.
const SHALLOW: usize = 64;

/// The stack that is enough for the deepest plan, in a build without optimisation too.
const STACK: usize = 32 << 20;

/// Works on a plan with the stack that its nesting needs. Fails with `BAD_REQUEST` when it is nested too deeply.
pub(super) fn with_stack_for<T>(plan: &str, work: impl FnOnce() -> T) -> Result<T> {
    match json_depth(plan) {
        0..=SHALLOW => Ok(work()),
        depth if depth <= JSON_LEVELS * MAX_DEPTH + JSON_AROUND => {
            Ok(stacker::maybe_grow(STACK / 2, STACK, work))
        }
        _ => Err(too_deep()),
    }
}

pub(super) fn too_deep() -> phantomdb_protocol::Error {
    bad_plan(format!(
        "the conditions of a query are nested deeper than {MAX_DEPTH} levels; put those that have the same operator side by \
         side in one Op.and or Op.or"
    ))
}

/// The most arrays and objects around a place of the text.
fn json_depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut is_string = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if is_string => {
                bytes.next();
            }
            b'"' => is_string = !is_string,
            b'[' | b'{' if !is_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert_eq!(json_depth(r#"{"a":["[[[\"[",{}],"b":"\\"}"#), 3);
    }
}
