//! Chooses the function or operator for arguments of certain types.
//!
//! Source: PostgreSQL's manual, chapter "Type Conversion", sections "Operators" and "Functions".

use std::borrow::Cow;

use super::{
    conversion::{common_type, is_implicit},
    data_type::{Category, Type},
    signature::Signature,
};

/// A signature that was chosen, with the types that its arguments and its result have in this call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub signature: &'static Signature,
    /// One type for each argument that was given.
    pub arguments: Vec<Type>,
    pub result: Type,
    /// What `anyelement` or `anycompatible` stands for in this call.
    pub element: Option<Type>,
}

impl Resolved {
    /// What SQLite runs, with the name of the elements' type in the place of `$element`.
    pub fn body(&self) -> Cow<'static, str> {
        let body = self.signature.sqlite;
        if !body.contains("$element") {
            return Cow::Borrowed(body);
        }
        let name = self.element.unwrap_or(Type::Text).short_name();
        Cow::Owned(body.replace("$element", &format!("'{name}'")))
    }
}

/// Why no signature was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unresolved {
    /// None takes such arguments.
    NoMatch,
    /// Several do, and none better than the others.
    Ambiguous,
}

/// Chooses among candidates of one name.
pub fn resolve(
    candidates: impl Iterator<Item = &'static Signature>,
    arguments: &[Type],
    is_operator: bool,
) -> Result<Resolved, Unresolved> {
    let mut matching: Vec<(&'static Signature, Vec<Type>)> =
        candidates.filter_map(|signature| Some((signature, formal(signature, arguments.len())?))).collect();
    // An operator with one unknown side is first tried with the type of the other side.
    if let (true, [a, b]) = (is_operator, arguments) {
        let same = match (*a, *b) {
            (Type::Unknown, known) | (known, Type::Unknown) if known != Type::Unknown => Some(known),
            _ => None,
        };
        if let Some(same) = same
            && let Some((signature, _)) =
                matching.iter().find(|(_, formal)| formal.iter().all(|formal| is_just(*formal, same)))
        {
            return finish(signature, &[same, same]);
        }
    }
    if let Some((signature, _)) = matching.iter().find(|(_, formal)| formal == arguments) {
        return finish(signature, arguments);
    }
    matching.retain(|(_, formal)| {
        arguments.iter().zip(formal).all(|(actual, formal)| accepts(*formal, *actual, is_operator))
            && elements(formal, arguments).is_ok()
    });
    match matching.as_slice() {
        [] => return Err(Unresolved::NoMatch),
        [(signature, _)] => return finish(signature, arguments),
        _ => {}
    }
    keep_best(&mut matching, |formal| {
        arguments.iter().zip(formal).filter(|(actual, formal)| actual == formal).count()
    });
    keep_best(&mut matching, |formal| {
        let pairs = arguments.iter().zip(formal);
        pairs
            .filter(|(actual, formal)| {
                **actual != Type::Unknown
                    && (actual == formal || (formal.is_preferred() && formal.category() == actual.category()))
            })
            .count()
    });
    if let [(signature, _)] = matching.as_slice() {
        return finish(signature, arguments);
    }
    if arguments.contains(&Type::Unknown) {
        by_category_of_unknowns(&mut matching, arguments);
        if let [(signature, _)] = matching.as_slice() {
            return finish(signature, arguments);
        }
        // If the known arguments have one type, the unknown ones are taken to have it too.
        let known: Vec<Type> =
            arguments.iter().copied().filter(|argument| *argument != Type::Unknown).collect();
        if let Some(first) = known.first()
            && known.iter().all(|other| other == first)
        {
            let assumed = vec![*first; arguments.len()];
            matching.retain(|(_, formal)| {
                assumed.iter().zip(formal).all(|(actual, formal)| accepts(*formal, *actual, is_operator))
            });
        }
    }
    match matching.as_slice() {
        [(signature, _)] => finish(signature, arguments),
        // Several took the arguments, and none of them after the assumption.
        _ => Err(Unresolved::Ambiguous),
    }
}

/// The types of the arguments when that many are given; None when the signature takes another number.
fn formal(signature: &Signature, given: usize) -> Option<Vec<Type>> {
    let declared = &signature.arguments;
    if signature.variadic {
        let last = *declared.last()?;
        return (given >= declared.len()).then(|| {
            let mut formal = declared.clone();
            formal.resize(given, last);
            formal
        });
    }
    let least = declared.len() - signature.defaults.len();
    (least..=declared.len()).contains(&given).then(|| declared[..given].to_vec())
}

/// Returns whether a parameter is of that type, or an array of any type when the type is an array.
fn is_just(formal: Type, same: Type) -> bool {
    let any_array = matches!(formal, Type::AnyArray | Type::AnyCompatibleArray);
    formal == same || (any_array && matches!(same, Type::Array(_)))
}

fn accepts(formal: Type, actual: Type, is_operator: bool) -> bool {
    match formal {
        // `anynonarray`: an array beside text is joined as an array.
        Type::AnyText if is_operator => !matches!(actual, Type::Array(_)),
        Type::Any | Type::AnyText | Type::AnyJson | Type::AnyElement | Type::AnyCompatible => true,
        Type::AnyArray | Type::AnyCompatibleArray => {
            matches!(actual, Type::Array(_) | Type::Unknown | Type::Other)
        }
        _ => is_implicit(actual, formal),
    }
}

fn keep_best(matching: &mut Vec<(&'static Signature, Vec<Type>)>, score: impl Fn(&[Type]) -> usize) {
    let best = matching.iter().map(|(_, formal)| score(formal)).max().unwrap_or(0);
    matching.retain(|(_, formal)| score(formal) == best);
}

/// Unknown arguments are taken for text where a candidate takes text there, and otherwise for the one category that all
/// candidates agree on, and in it for the preferred type. When they agree on none for one of the arguments, nothing is
/// decided.
fn by_category_of_unknowns(matching: &mut Vec<(&'static Signature, Vec<Type>)>, arguments: &[Type]) {
    let unknown = arguments.iter().enumerate().filter(|(_, actual)| **actual == Type::Unknown);
    let mut wanted = Vec::new();
    for (index, _) in unknown {
        let categories = || matching.iter().map(|(_, formal)| formal[index].category());
        let Some(first) = categories().next() else { return };
        let category = if categories().any(|category| category == Category::String) {
            Category::String
        } else if categories().all(|category| category == first) {
            first
        } else {
            return;
        };
        let prefers = matching
            .iter()
            .any(|(_, formal)| formal[index].category() == category && formal[index].is_preferred());
        wanted.push((index, category, prefers));
    }
    let kept: Vec<_> = matching
        .iter()
        .filter(|(_, formal)| {
            wanted.iter().all(|&(index, category, prefers)| {
                formal[index].category() == category && (!prefers || formal[index].is_preferred())
            })
        })
        .cloned()
        .collect();
    if !kept.is_empty() {
        *matching = kept;
    }
}

/// Puts the types of this call in the place of pseudo-types.
fn finish(signature: &'static Signature, actual: &[Type]) -> Result<Resolved, Unresolved> {
    let formal = formal(signature, actual.len()).ok_or(Unresolved::NoMatch)?;
    let (element, compatible) = elements(&formal, actual)?;
    let array_of = |element: Option<Type>| element.and_then(Type::array).ok_or(Unresolved::NoMatch);
    let concrete = |declared: Type, actual: Option<Type>| -> Result<Type, Unresolved> {
        Ok(match declared {
            Type::Any | Type::AnyText | Type::AnyJson => actual.unwrap_or(Type::Unknown),
            Type::AnyElement => element.unwrap_or(Type::Text),
            Type::AnyCompatible => compatible.unwrap_or(Type::Text),
            Type::AnyArray => array_of(element)?,
            Type::AnyCompatibleArray => array_of(compatible)?,
            other => other,
        })
    };
    let arguments = formal
        .iter()
        .zip(actual)
        .map(|(declared, actual)| concrete(*declared, Some(*actual)))
        .collect::<Result<_, _>>()?;
    let result = concrete(signature.result, None)?;
    Ok(Resolved { signature, arguments, result, element: element.or(compatible) })
}

/// What `anyelement` and `anycompatible` stand for in this call.
fn elements(formal: &[Type], actual: &[Type]) -> Result<(Option<Type>, Option<Type>), Unresolved> {
    let element = bound(formal, actual, Type::AnyElement, Type::AnyArray, false)?;
    let compatible = bound(formal, actual, Type::AnyCompatible, Type::AnyCompatibleArray, true)?;
    Ok((element, compatible))
}

/// The type that a pseudo-type stands for in this call; None when it does not occur.
fn bound(
    formal: &[Type],
    actual: &[Type],
    single: Type,
    array: Type,
    convert: bool,
) -> Result<Option<Type>, Unresolved> {
    let mut members = Vec::new();
    for (declared, actual) in formal.iter().zip(actual) {
        if *declared == single {
            members.push(*actual);
        } else if *declared == array {
            members.push(actual.element().unwrap_or(Type::Unknown));
        }
    }
    if members.is_empty() {
        return Ok(None);
    }
    let known: Vec<Type> = members.iter().copied().filter(|member| *member != Type::Unknown).collect();
    if !convert && !known.windows(2).all(|pair| is_one_element(pair[0], pair[1])) {
        return Err(Unresolved::NoMatch);
    }
    common_type(&members).map(Some).ok_or(Unresolved::NoMatch)
}

/// True for elements that arrays of one type have: `text[]` and `varchar[]` are not converted to each other. A column of
/// `CHAR` is known as one of `varchar` here, and an enumeration as text.
pub fn is_one_element(a: Type, b: Type) -> bool {
    let known_as = |element: Type| match element {
        Type::Char => Type::Varchar,
        Type::Enum => Type::Text,
        other => other,
    };
    known_as(a) == known_as(b)
}
