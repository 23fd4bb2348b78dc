//! The dimensions of arrays.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::item::Item;

/// The most dimensions of an array.
const MAX_DIMENSIONS: usize = 6;
/// The most elements of an array that a function makes.
pub const MAX_ELEMENTS: usize = 10_000_000;

pub(super) fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::TypeMismatch, message)
}

pub(super) fn check_depth(depth: usize) -> Result<()> {
    if depth > MAX_DIMENSIONS {
        return Err(Error::new(
            ErrorCode::TooLarge,
            format!("an array has {MAX_DIMENSIONS} dimensions at most"),
        ));
    }
    Ok(())
}

/// Fails when an array would have more elements than can be made.
pub fn check_length(length: usize) -> Result<()> {
    if length > MAX_ELEMENTS {
        return Err(Error::new(
            ErrorCode::TooLarge,
            format!("an array or a series of more than {MAX_ELEMENTS} elements cannot be made"),
        ));
    }
    Ok(())
}

/// The lengths of all dimensions, from the outermost; none of an empty array.
pub fn dimensions(items: &[Item]) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut current = items;
    loop {
        if current.is_empty() {
            return lengths;
        }
        lengths.push(current.len());
        match current.first() {
            Some(Item::Array(inner)) => current = inner,
            _ => return lengths,
        }
    }
}

/// Checks that the arrays in an array have the same lengths. An array of empty arrays is empty.
pub fn check(items: Vec<Item>) -> Result<Vec<Item>> {
    let lengths = dimensions(&items);
    check_depth(lengths.len())?;
    if has_lengths(&items, &lengths) {
        return Ok(items);
    }
    if is_hollow(&items) {
        return Ok(Vec::new());
    }
    Err(refused("the arrays in an array must have the same number of elements"))
}

/// Returns whether there is no element in any of the arrays.
fn is_hollow(items: &[Item]) -> bool {
    items.iter().all(|item| matches!(item, Item::Array(inner) if is_hollow(inner)))
}

fn has_lengths(items: &[Item], lengths: &[usize]) -> bool {
    let Some((length, inner)) = lengths.split_first() else { return items.is_empty() };
    items.len() == *length
        && items.iter().all(|item| match item {
            Item::Array(items) => !inner.is_empty() && has_lengths(items, inner),
            _ => inner.is_empty(),
        })
}

/// All elements, dimension by dimension.
pub fn flat(items: Vec<Item>) -> Vec<Item> {
    if !items.iter().any(|item| matches!(item, Item::Array(_))) {
        return items;
    }
    let mut elements = Vec::new();
    for item in items {
        match item {
            Item::Array(inner) => elements.extend(flat(inner)),
            other => elements.push(other),
        }
    }
    elements
}
