//! The order of JSONB's btree, and containment.

use std::cmp::Ordering;

use super::{
    document::{Document, find_key},
    number,
};

/// Orders two documents as PostgreSQL's indexes do.
pub fn compare(left: &Document, right: &Document) -> Ordering {
    // An empty array at the top comes before every scalar, unlike any other array.
    match (left, right) {
        (Document::Array(elements), scalar) if elements.is_empty() && scalar.is_scalar() => Ordering::Less,
        (scalar, Document::Array(elements)) if elements.is_empty() && scalar.is_scalar() => Ordering::Greater,
        _ => inner(left, right),
    }
}

fn inner(left: &Document, right: &Document) -> Ordering {
    match (left, right) {
        (Document::String(a), Document::String(b)) => a.cmp(b),
        (Document::Number(a), Document::Number(b)) => number::compare(a, b),
        (Document::Boolean(a), Document::Boolean(b)) => a.cmp(b),
        (Document::Array(a), Document::Array(b)) => a.len().cmp(&b.len()).then_with(|| {
            let pairs = a.iter().zip(b);
            pairs.map(|(a, b)| inner(a, b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        }),
        (Document::Object(a), Document::Object(b)) => a.len().cmp(&b.len()).then_with(|| {
            let pairs = a.iter().zip(b);
            pairs
                .map(|((key, value), (other_key, other))| {
                    key.cmp(other_key).then_with(|| inner(value, other))
                })
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        }),
        _ => rank(left).cmp(&rank(right)),
    }
}

const fn rank(document: &Document) -> u8 {
    match document {
        Document::Null => 0,
        Document::String(_) => 1,
        Document::Number(_) => 2,
        Document::Boolean(_) => 3,
        Document::Array(_) => 4,
        Document::Object(_) => 5,
    }
}

/// Orders two texts of documents. A text that is no document comes after all documents.
///
/// A column may hold texts that were stored before JSONB was written in one form.
pub fn compare_texts(left: &str, right: &str) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    match (Document::parse(left), Document::parse(right)) {
        (Ok(a), Ok(b)) => compare(&a, &b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}

/// Returns whether two documents are equal; `1.0` equals `1`.
pub fn equal(left: &Document, right: &Document) -> bool {
    inner(left, right).is_eq()
}

/// `left @> right`. At the top, an array contains a scalar that is one of its elements.
pub fn contains(left: &Document, right: &Document) -> bool {
    match (left, right) {
        (Document::Array(elements), scalar) if scalar.is_scalar() => {
            elements.iter().any(|element| equal(element, scalar))
        }
        _ => contains_inside(left, right),
    }
}

fn contains_inside(left: &Document, right: &Document) -> bool {
    match (left, right) {
        (Document::Object(members), Document::Object(wanted)) => wanted.iter().all(|(key, value)| {
            find_key(members, key).is_ok_and(|index| contains_inside(&members[index].1, value))
        }),
        (Document::Array(elements), Document::Array(wanted)) => {
            wanted.iter().all(|value| elements.iter().any(|element| contains_inside(element, value)))
        }
        _ => equal(left, right),
    }
}

/// Returns whether a string is a key of the object, an element of the array, or the string itself.
pub fn has_key(document: &Document, key: &str) -> bool {
    let is_key = |value: &Document| matches!(value, Document::String(text) if text == key);
    match document {
        Document::Object(members) => find_key(members, key).is_ok(),
        Document::Array(elements) => elements.iter().any(is_key),
        scalar => is_key(scalar),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_ordered_as_in_an_index_of_postgresql() {
        let ordered = [
            "[]",
            "null",
            r#""""#,
            r#""a""#,
            "-1",
            "1",
            "1.5",
            "false",
            "true",
            "[null]",
            "[1]",
            "[1, 2]",
            "{}",
            r#"{"a": 1}"#,
            r#"{"a": 2}"#,
            r#"{"b": 0}"#,
            r#"{"a": 0, "b": 0}"#,
        ];
        for (index, left) in ordered.iter().enumerate() {
            for (other, right) in ordered.iter().enumerate() {
                assert_eq!(compare_texts(left, right), index.cmp(&other), "{left} {right}");
            }
        }
        assert_eq!(compare_texts(r#"{"b":1.0,"a":2}"#, r#"{"a": 2, "b": 1}"#), Ordering::Equal);
    }
}
