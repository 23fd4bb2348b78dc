//! Arrays made of arrays and elements.

use std::cmp::Ordering;

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    compare::{compare, compare_nullable, same},
    item::Item,
    kind::Kind,
    shape::{check, check_length, dimensions, flat, refused},
};

fn one_dimension(items: &[Item]) -> Result<()> {
    if dimensions(items).len() > 1 {
        return Err(refused(
            "an element can be added to an array of one dimension only; join arrays with ||",
        ));
    }
    Ok(())
}

/// `array_append`.
pub fn append(mut items: Vec<Item>, element: Item) -> Result<Vec<Item>> {
    one_dimension(&items)?;
    items.push(element);
    Ok(items)
}

/// `array_prepend`.
pub fn prepend(element: Item, mut items: Vec<Item>) -> Result<Vec<Item>> {
    one_dimension(&items)?;
    items.insert(0, element);
    Ok(items)
}

/// `array_cat`: joins arrays of the same dimensions, or adds an array to one that has a dimension more.
pub fn concat(mut left: Vec<Item>, mut right: Vec<Item>) -> Result<Vec<Item>> {
    let (a, b) = (dimensions(&left), dimensions(&right));
    if a.is_empty() {
        return Ok(right);
    }
    if b.is_empty() {
        return Ok(left);
    }
    let joined = if a.len() == b.len() && a[1..] == b[1..] {
        left.append(&mut right);
        left
    } else if a.len() == b.len() + 1 && a[1..] == b[..] {
        left.push(Item::Array(right));
        left
    } else if a.len() + 1 == b.len() && a[..] == b[1..] {
        right.insert(0, Item::Array(left));
        right
    } else {
        return Err(refused("arrays with different dimensions cannot be joined"));
    };
    check_length(joined.len())?;
    check(joined)
}

/// `array_remove`: without the elements that equal one.
pub fn remove(mut items: Vec<Item>, element: &Item, kind: Kind) -> Result<Vec<Item>> {
    if dimensions(&items).len() > 1 {
        return Err(Error::unsupported("elements can be removed from an array of one dimension only"));
    }
    items.retain(|item| !same(item, element, kind));
    Ok(items)
}

/// `array_replace`: with another element in the place of each that equals one.
pub fn replace(items: Vec<Item>, from: &Item, to: &Item, kind: Kind) -> Vec<Item> {
    items
        .into_iter()
        .map(|item| match item {
            Item::Array(inner) => Item::Array(replace(inner, from, to, kind)),
            item if same(&item, from, kind) => to.clone(),
            item => item,
        })
        .collect()
}

fn searchable(items: &[Item]) -> Result<()> {
    if dimensions(items).len() > 1 {
        return Err(Error::unsupported("elements can be searched in an array of one dimension only"));
    }
    Ok(())
}

/// `array_position`: the first subscript from `start` on at which the element is.
pub fn position(items: &[Item], element: &Item, start: Option<i64>, kind: Kind) -> Result<Option<i64>> {
    searchable(items)?;
    if items.is_empty() || (*element == Item::Null && !items.contains(&Item::Null)) {
        return Ok(None);
    }
    let start = start.ok_or_else(|| refused("the subscript at which the search begins must not be NULL"))?;
    let found = (1_i64..).zip(items).find(|(at, item)| *at >= start && same(item, element, kind));
    Ok(found.map(|(at, _)| at))
}

/// `array_positions`: all subscripts at which the element is.
pub fn positions(items: &[Item], element: &Item, kind: Kind) -> Result<Vec<Item>> {
    searchable(items)?;
    let found = (1_i64..).zip(items).filter(|(_, item)| same(item, element, kind));
    Ok(found.map(|(at, _)| Item::Integer(at)).collect())
}

/// `width_bucket`: how many of the ascending thresholds are not above the element.
pub fn bucket(element: &Item, thresholds: &[Item], kind: Kind) -> Result<i64> {
    searchable(thresholds)?;
    if thresholds.contains(&Item::Null) {
        return Err(refused("the thresholds must be a list without NULL"));
    }
    // PostgreSQL halves so, which decides about thresholds that do not ascend.
    let (mut low, mut high) = (0, thresholds.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if compare(element, &thresholds[middle], kind) == Ordering::Less {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(i64::try_from(low).unwrap_or(i64::MAX))
}

/// `trim_array`: without the last `count` elements.
pub fn trim(mut items: Vec<Item>, count: i64) -> Result<Vec<Item>> {
    let kept = usize::try_from(count).ok().and_then(|count| items.len().checked_sub(count));
    let kept = kept.ok_or_else(|| {
        refused(format!("{count} elements cannot be taken from an array of {}", items.len()))
    })?;
    items.truncate(kept);
    Ok(items)
}

/// `array_fill`: an array with those lengths, full of one element.
pub fn fill(element: &Item, lengths: &[Item]) -> Result<Vec<Item>> {
    let lengths = lengths
        .iter()
        .map(|length| match length {
            Item::Integer(length) => usize::try_from(*length).map_err(|_| {
                Error::new(ErrorCode::TooLarge, "the length of a dimension must not be negative")
            }),
            _ => Err(refused("the length of a dimension must not be NULL")),
        })
        .collect::<Result<Vec<usize>>>()?;
    super::shape::check_depth(lengths.len())?;
    // The product of the first lengths has to fit, whatever follows: {42,2147483647,0} is too large.
    let times = |product: usize, length: &usize| {
        product.checked_mul(*length).filter(|product| i32::try_from(*product).is_ok())
    };
    let count = lengths.iter().try_fold(1_usize, times);
    // The number after the last subscript has to be an integer.
    let has_end = |length: &usize| length.checked_add(1).is_some_and(|end| i32::try_from(end).is_ok());
    let count = count.filter(|_| lengths.iter().all(has_end));
    check_length(count.unwrap_or(usize::MAX))?;
    if lengths.is_empty() || lengths.contains(&0) {
        return Ok(Vec::new());
    }
    let mut filled = element.clone();
    for length in lengths.iter().rev() {
        filled = Item::Array(vec![filled; *length]);
    }
    Ok(match filled {
        Item::Array(items) => items,
        _ => Vec::new(),
    })
}

/// `array_sort`: the outermost dimension in order.
pub fn sort(mut items: Vec<Item>, descending: bool, nulls_first: bool, kind: Kind) -> Vec<Item> {
    items.sort_by(|a, b| match (a, b) {
        (Item::Null, Item::Null) => Ordering::Equal,
        (Item::Null, _) | (_, Item::Null) => {
            let order = compare_nullable(a, b, kind);
            if nulls_first { order.reverse() } else { order }
        }
        _ => {
            let order = compare_nullable(a, b, kind);
            if descending { order.reverse() } else { order }
        }
    });
    items
}

/// `array_to_string`: the texts of all elements, with a separator between them. NULL is left out, or written as `null`.
pub fn to_string(items: Vec<Item>, separator: &str, null: Option<&str>, kind: Kind) -> String {
    let texts =
        flat(items).into_iter().filter_map(|item| item.text(kind).or_else(|| null.map(str::to_owned)));
    texts.collect::<Vec<String>>().join(separator)
}

/// `string_to_array`: without a separator, each character is an element. A part that is `null` becomes NULL.
/// Fails with `TOO_LARGE` before it makes more elements than an array can have.
pub fn of_string(text: &str, separator: Option<&str>, null: Option<&str>) -> Result<Vec<Item>> {
    let element = |part: &str| {
        if null == Some(part) { Item::Null } else { Item::Text(part.to_owned()) }
    };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    check_length(match separator {
        None => text.chars().count(),
        Some("") => 1,
        Some(separator) => text.matches(separator).count() + 1,
    })?;
    Ok(match separator {
        None => text.chars().map(|c| element(c.encode_utf8(&mut [0; 4]))).collect(),
        Some("") => vec![element(text)],
        Some(separator) => text.split(separator).map(element).collect(),
    })
}
