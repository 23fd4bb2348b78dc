//! The order of JSONB's btree, and containment.

use std::{cmp::Ordering, collections::BTreeSet};

use phantomdb_protocol::{Error, ErrorCode, Result};

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

/// `left @> right`. At the top, an array contains a scalar that is one of its elements. Fails with `TOO_LARGE` when arrays of
/// arrays or objects would have to be compared each with each for long, because nothing can interrupt a function.
pub fn contains(left: &Document, right: &Document) -> Result<bool> {
    match (left, right) {
        (Document::Array(elements), scalar) if scalar.is_scalar() => {
            Ok(elements.iter().any(|element| equal(element, scalar)))
        }
        _ => contains_inside(left, right, &mut Steps(COMPARED_MAX)),
    }
}

/// The most elements and members that are compared with others. It takes some seconds.
const COMPARED_MAX: usize = 20_000_000;

/// The comparisons that are left.
struct Steps(usize);

impl Steps {
    fn take(&mut self, count: usize) -> Result<()> {
        self.0 = self.0.checked_sub(count).ok_or_else(|| {
            let message =
                "the documents have too many arrays and objects to look for each of one in the other";
            Error::new(ErrorCode::TooLarge, message)
        })?;
        Ok(())
    }
}

/// A scalar in the order of [`compare`].
#[derive(Clone, Copy)]
struct Scalar<'a>(&'a Document);

impl Ord for Scalar<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        inner(self.0, other.0)
    }
}

impl PartialOrd for Scalar<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scalar<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scalar<'_> {}

fn contains_inside(left: &Document, right: &Document, steps: &mut Steps) -> Result<bool> {
    match (left, right) {
        (Document::Object(members), Document::Object(wanted)) => {
            steps.take(1 + wanted.len())?;
            for (key, value) in wanted {
                let Ok(index) = find_key(members, key) else { return Ok(false) };
                if !contains_inside(&members[index].1, value, steps)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Document::Array(elements), Document::Array(wanted)) => array_contains(elements, wanted, steps),
        _ => {
            steps.take(1)?;
            Ok(equal(left, right))
        }
    }
}

fn array_contains(elements: &[Document], wanted: &[Document], steps: &mut Steps) -> Result<bool> {
    steps.take(1 + elements.len() + wanted.len())?;
    let scalars = |documents| scalars(documents).map(Scalar);
    if scalars(wanted).next().is_some() {
        let present: BTreeSet<_> = scalars(elements).collect();
        if !scalars(wanted).all(|scalar| present.contains(&scalar)) {
            return Ok(false);
        }
    }
    for container in wanted.iter().filter(|wanted| !wanted.is_scalar()) {
        let mut is_found = false;
        for element in elements.iter().filter(|element| !element.is_scalar()) {
            is_found = contains_inside(element, container, steps)?;
            if is_found {
                break;
            }
        }
        if !is_found {
            return Ok(false);
        }
    }
    Ok(true)
}

fn scalars(documents: &[Document]) -> impl Iterator<Item = &Document> {
    documents.iter().filter(|document| document.is_scalar())
}

/// Returns whether a string is a key of the object, an element of the array, or the string itself.
pub fn has_key(document: &Document, key: &str) -> bool {
    match document {
        Document::Object(members) => find_key(members, key).is_ok(),
        _ => own_keys(document).any(|own| own == key),
    }
}

/// The strings for which [`has_key`] is true.
pub fn own_keys(document: &Document) -> Box<dyn Iterator<Item = &str> + '_> {
    match document {
        Document::Object(members) => Box::new(members.iter().map(|(key, _)| key.as_str())),
        Document::Array(elements) => Box::new(elements.iter().filter_map(text)),
        scalar => Box::new(text(scalar).into_iter()),
    }
}

fn text(document: &Document) -> Option<&str> {
    match document {
        Document::String(text) => Some(text.as_str()),
        _ => None,
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

    #[test]
    fn an_array_is_searched_for_scalars_and_for_documents() {
        let contains = |left: &str, right: &str| {
            contains(&Document::parse(left).unwrap(), &Document::parse(right).unwrap())
        };
        for (left, right, expected) in [
            ("[1, 2.0, \"a\", null, true]", "[2, null, \"a\", 2]", true),
            ("[1, [2, 3]]", "[[3]]", true),
            ("[1, [2, 3]]", "[3]", false),
            (r#"[{"a": [1, 2]}, 5]"#, r#"[5, {"a": [2]}]"#, true),
            (r#"[{"a": 1}]"#, r#"[{"a": 1, "b": 2}]"#, false),
            ("[1, 2]", "2", true),
            ("[[1]]", "[]", true),
            ("{}", "[]", false),
        ] {
            assert_eq!(contains(left, right), Ok(expected), "{left} {right}");
        }
        let long = |from: i32| {
            format!("[{}]", (from..from + 100_000).map(|i| i.to_string()).collect::<Vec<_>>().join(","))
        };
        assert_eq!(contains(&long(0), &long(0)), Ok(true));
        let nested = |what: &str| Document::parse(&format!("[{}]", vec![what; 100].join(","))).unwrap();
        let with_steps = |steps| contains_inside(&nested("[1]"), &nested("[2]"), &mut Steps(steps));
        assert_eq!(with_steps(10_000), Ok(false));
        assert_eq!(with_steps(100).unwrap_err().code, ErrorCode::TooLarge);
    }
}
