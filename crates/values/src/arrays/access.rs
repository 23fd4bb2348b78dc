//! Elements and slices of arrays, and what is known about their dimensions.

use phantomdb_protocol::Result;

use super::{
    item::{Item, parse},
    kind::Kind,
    shape::dimensions,
};

/// `array[i][j]`. None beyond the bounds, and when there are more or fewer subscripts than dimensions.
pub fn get(array: &str, kind: Kind, subscripts: &[i64]) -> Result<Option<Item>> {
    let items = parse(array, kind)?;
    let lengths = lengths(&items, kind);
    if lengths.len() != subscripts.len() {
        return Ok(None);
    }
    let mut items = items;
    let mut found = None;
    for subscript in subscripts {
        let Some(at) = index(*subscript, items.len()) else { return Ok(None) };
        match items.swap_remove(at) {
            Item::Array(inner) => items = inner,
            element => {
                found = Some(element);
                items = Vec::new();
            }
        }
    }
    Ok(found)
}

fn index(subscript: i64, length: usize) -> Option<usize> {
    usize::try_from(subscript).ok()?.checked_sub(1).filter(|at| *at < length)
}

/// The lengths of the dimensions. Documents have none of their own.
fn lengths(items: &[Item], kind: Kind) -> Vec<usize> {
    if kind.document().is_some() {
        vec![items.len(); usize::from(!items.is_empty())]
    } else {
        dimensions(items)
    }
}

/// `array[lower:upper]`, for each dimension; a bound that is None is that of the array. The result begins at 1.
pub fn slice(array: &str, kind: Kind, bounds: &[(Option<i64>, Option<i64>)]) -> Result<Vec<Item>> {
    let items = parse(array, kind)?;
    if bounds.len() > lengths(&items, kind).len() {
        return Ok(Vec::new());
    }
    let sliced = cut(items, bounds);
    Ok(sliced.unwrap_or_default())
}

/// The slice; None when it is empty in any dimension.
fn cut(items: Vec<Item>, bounds: &[(Option<i64>, Option<i64>)]) -> Option<Vec<Item>> {
    let Some(((lower, upper), inner)) = bounds.split_first() else { return Some(items) };
    let length = i64::try_from(items.len()).ok()?;
    let first = lower.unwrap_or(1).max(1);
    let last = upper.unwrap_or(length).min(length);
    let count = usize::try_from(last.checked_sub(first)?.checked_add(1)?).ok().filter(|count| *count > 0)?;
    let skipped = usize::try_from(first - 1).ok()?;
    items
        .into_iter()
        .skip(skipped)
        .take(count)
        .map(|item| match item {
            Item::Array(items) => cut(items, inner).map(Item::Array),
            element => Some(element),
        })
        .collect()
}

/// The length of a dimension, which counts from 1; None when there is no such one.
pub fn length(array: &str, kind: Kind, dimension: i64) -> Result<Option<i64>> {
    let lengths = lengths(&parse(array, kind)?, kind);
    let length = index(dimension, lengths.len()).map(|at| lengths[at]);
    Ok(length.and_then(|length| i64::try_from(length).ok()))
}

/// The number of dimensions; None of an empty array.
pub fn dimension_count(array: &str, kind: Kind) -> Result<Option<i64>> {
    let lengths = lengths(&parse(array, kind)?, kind);
    Ok(i64::try_from(lengths.len()).ok().filter(|count| *count > 0))
}

/// `array_dims`: `[1:2][1:3]`; None of an empty array.
pub fn bounds_text(array: &str, kind: Kind) -> Result<Option<String>> {
    let lengths = lengths(&parse(array, kind)?, kind);
    let text: String = lengths.iter().map(|length| format!("[1:{length}]")).collect();
    Ok((!text.is_empty()).then_some(text))
}

/// The number of elements in all dimensions.
pub fn cardinality(array: &str, kind: Kind) -> Result<i64> {
    let lengths = lengths(&parse(array, kind)?, kind);
    let count: usize = if lengths.is_empty() { 0 } else { lengths.iter().product() };
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}
