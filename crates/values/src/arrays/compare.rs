//! The order of arrays and of their elements.

use std::{cmp::Ordering, collections::BTreeSet};

use super::{
    item::{Item, parse},
    kind::Kind,
    shape::{dimensions, flat},
};
use crate::{
    documents::{self, is_number},
    times::Interval,
};

/// Orders two elements that are not NULL.
pub fn compare(left: &Item, right: &Item, kind: Kind) -> Ordering {
    match (left, right) {
        (Item::Text(a), Item::Text(b)) if kind == Kind::Numeric => numbers(a, b),
        (Item::Text(a), Item::Text(b)) if kind == Kind::Interval => {
            let read = |text: &str| Interval::read(text).ok();
            read(a).partial_cmp(&read(b)).unwrap_or_else(|| a.cmp(b))
        }
        (Item::Document(a), Item::Document(b)) => documents::compare_texts(a, b),
        (Item::Text(a), Item::Text(b)) => a.cmp(b),
        (Item::Boolean(a), Item::Boolean(b)) => a.cmp(b),
        (Item::Integer(a), Item::Integer(b)) => a.cmp(b),
        (Item::Integer(a), Item::Text(b)) if kind == Kind::Numeric => numbers(&a.to_string(), b),
        (Item::Text(a), Item::Integer(b)) if kind == Kind::Numeric => numbers(a, &b.to_string()),
        (Item::Array(a), Item::Array(b)) => lists(a, b, kind),
        _ => match (float(left), float(right)) {
            (Some(a), Some(b)) => floats(a, b),
            _ => rank(left).cmp(&rank(right)),
        },
    }
}

/// Orders by value; NaN is the greatest and equals itself.
fn floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// The element as a float: a number, or the text of one that JSON has no number for.
fn float(item: &Item) -> Option<f64> {
    match item {
        #[expect(clippy::cast_precision_loss, reason = "as PostgreSQL compares an integer with a float")]
        Item::Integer(integer) => Some(*integer as f64),
        Item::Float(float) => Some(*float),
        Item::Text(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn numbers(a: &str, b: &str) -> Ordering {
    let rank = |text: &str| match text {
        "-Infinity" => 0,
        "Infinity" => 2,
        "NaN" => 3,
        _ => 1,
    };
    rank(a)
        .cmp(&rank(b))
        .then_with(|| if is_number(a) && is_number(b) { documents::compare_numbers(a, b) } else { a.cmp(b) })
}

const fn rank(item: &Item) -> u8 {
    match item {
        Item::Boolean(_) => 0,
        Item::Integer(_) | Item::Float(_) => 1,
        Item::Text(_) => 2,
        Item::Document(_) => 3,
        Item::Array(_) => 4,
        Item::Null => 5,
    }
}

/// Returns whether two elements are equal; NULL equals nothing.
pub fn equal(left: &Item, right: &Item, kind: Kind) -> bool {
    !matches!(left, Item::Null) && !matches!(right, Item::Null) && compare(left, right, kind).is_eq()
}

/// As [`equal`], but NULL equals NULL.
pub fn same(left: &Item, right: &Item, kind: Kind) -> bool {
    matches!((left, right), (Item::Null, Item::Null)) || equal(left, right, kind)
}

/// Orders two elements, NULL as the greatest.
pub fn compare_nullable(left: &Item, right: &Item, kind: Kind) -> Ordering {
    match (left, right) {
        (Item::Null, Item::Null) => Ordering::Equal,
        (Item::Null, _) => Ordering::Greater,
        (_, Item::Null) => Ordering::Less,
        _ => compare(left, right, kind),
    }
}

fn lists(left: &[Item], right: &[Item], kind: Kind) -> Ordering {
    let pairs = left.iter().zip(right);
    pairs
        .map(|(a, b)| compare_nullable(a, b, kind))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// Orders two arrays: by their elements, then by the number of elements, then by their dimensions.
pub fn arrays(left: &[Item], right: &[Item], kind: Kind) -> Ordering {
    let (a, b) = (dimensions(left), dimensions(right));
    if a.len() <= 1 && b.len() <= 1 {
        return lists(left, right, kind);
    }
    lists(&flat(left.to_vec()), &flat(right.to_vec()), kind)
        .then_with(|| a.len().cmp(&b.len()))
        .then_with(|| a.cmp(&b))
}

/// Orders the texts of two arrays. A text that is no array comes after all arrays.
pub fn texts(left: &str, right: &str, kind: Kind) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    match (parse(left, kind), parse(right, kind)) {
        (Ok(a), Ok(b)) => arrays(&a, &b, kind),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}

/// An element that is not NULL, in the order of its kind.
struct Element {
    item: Item,
    kind: Kind,
}

impl Ord for Element {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.item, &other.item, self.kind)
    }
}

impl PartialOrd for Element {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Element {}

/// The elements of an array, whatever its dimensions; `None` for NULL, which equals nothing.
fn elements(array: Vec<Item>, kind: Kind) -> impl Iterator<Item = Option<Element>> {
    flat(array).into_iter().map(move |item| (item != Item::Null).then_some(Element { item, kind }))
}

/// The different elements of an array. To look in it for each element of another takes a time that grows with both lengths,
/// and not with their product.
fn set_of(array: Vec<Item>, kind: Kind) -> BTreeSet<Element> {
    elements(array, kind).flatten().collect()
}

/// `left @> right`: each element of the right array is in the left one.
pub fn contains(left: Vec<Item>, right: Vec<Item>, kind: Kind) -> bool {
    let left = set_of(left, kind);
    elements(right, kind).all(|wanted| wanted.is_some_and(|wanted| left.contains(&wanted)))
}

/// `left && right`: an element is in both arrays.
pub fn overlaps(left: Vec<Item>, right: Vec<Item>, kind: Kind) -> bool {
    let left = set_of(left, kind);
    elements(right, kind).flatten().any(|wanted| left.contains(&wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_ordered_as_in_postgresql() {
        let ordered = ["[]", "[1]", "[1,2]", "[1,10]", "[[1],[10]]", "[1,null]", "[2]", "[null]"];
        for (index, left) in ordered.iter().enumerate() {
            for (other, right) in ordered.iter().enumerate() {
                assert_eq!(texts(left, right, Kind::Integer(32)), index.cmp(&other), "{left} {right}");
            }
        }
        assert_eq!(texts(r#"["10.0"]"#, r#"["9"]"#, Kind::Numeric), Ordering::Greater);
        assert_eq!(texts(r#"["1.50"]"#, r#"["1.5"]"#, Kind::Numeric), Ordering::Equal);
        assert_eq!(texts(r#"["9007199254740993"]"#, "[5]", Kind::Numeric), Ordering::Greater);
        assert_eq!(texts(r#"["NaN"]"#, "[1e300]", Kind::Double), Ordering::Greater);
    }

    #[test]
    fn an_array_is_searched_by_the_values_of_its_elements() {
        let both = |left: &str, right: &str, kind| {
            let read = |text| parse(text, kind).unwrap();
            (contains(read(left), read(right), kind), overlaps(read(left), read(right), kind))
        };
        assert_eq!(both("[1,2,null]", "[2,1,2]", Kind::Integer(32)), (true, true));
        assert_eq!(both("[1,null]", "[null]", Kind::Integer(32)), (false, false));
        assert_eq!(both("[[1],[2]]", "[2,3]", Kind::Integer(32)), (false, true));
        assert_eq!(both("[1]", "[]", Kind::Integer(32)), (true, false));
        assert_eq!(both(r#"["1.50"]"#, r#"["1.5"]"#, Kind::Numeric), (true, true));
        assert_eq!(both(r#"["NaN",1]"#, r#"["NaN"]"#, Kind::Double), (true, true));
        assert_eq!(
            both("[9007199254740993,9007199254740992]", "[9007199254740992.0]", Kind::Double),
            (true, true)
        );
    }

    #[test]
    fn long_arrays_are_compared_soon() {
        let numbers = |from: i64| (from..from + 100_000).map(Item::Integer).collect::<Vec<_>>();
        assert!(!overlaps(numbers(0), numbers(100_000), Kind::Integer(32)));
        assert!(contains(numbers(0), numbers(0), Kind::Integer(32)));
    }
}
