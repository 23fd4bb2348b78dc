//! Which type converts to which, and when: PostgreSQL's table of casts and its rules for CASE, UNION and the like.

use super::data_type::{Category, Type};

/// When a conversion is made without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Anywhere.
    Implicit,
    /// When a value is assigned to a column.
    Assignment,
    /// Only by CAST.
    Explicit,
}

/// The weakest request for which a value of one type converts to the other; None when it never does.
pub fn strength(from: Type, to: Type) -> Option<Strength> {
    use Strength::{Assignment, Explicit, Implicit};
    use Type::{
        BigInt, Boolean, Bytea, Char, CiText, Date, Double, Enum, Integer, Interval, Json, Jsonb, Numeric,
        Real, SmallInt, Text, Time, Timestamp, TimestampTz, Unknown, Varchar,
    };
    if from == to || from == Unknown {
        return Some(Implicit);
    }
    if let (Type::Array(from), Type::Array(to)) = (from, to) {
        return strength(*from, *to);
    }
    Some(match (from, to) {
        (SmallInt, Integer | BigInt | Numeric | Real | Double)
        | (Integer, BigInt | Numeric | Real | Double)
        | (BigInt, Numeric | Real | Double)
        | (Numeric, Real | Double)
        | (Real, Double) => Implicit,
        (Integer, SmallInt)
        | (BigInt, SmallInt | Integer)
        | (Numeric, SmallInt | Integer | BigInt)
        | (Real | Double, SmallInt | Integer | BigInt | Numeric)
        | (Double, Real) => Assignment,
        (Integer, Boolean) | (Boolean, Integer) => Explicit,
        (Varchar | Char, Text) | (Text | Char, Varchar) | (Text | Varchar, Char) => Implicit,
        (CiText, Text | Varchar) => Implicit,
        (CiText, Char) | (Text | Varchar | Char, CiText) => Assignment,
        (Date, Timestamp | TimestampTz) | (Timestamp, TimestampTz) | (Time, Interval) => Implicit,
        (Timestamp | TimestampTz, Date | Time)
        | (TimestampTz, Timestamp)
        | (Interval, Time)
        | (Jsonb, Json) => Assignment,
        // A column of documents and a cast to one are `jsonb`, so what gives `json` must go with them.
        (Json, Jsonb) => Implicit,
        (Jsonb, Boolean | SmallInt | Integer | BigInt | Numeric | Real | Double) => Explicit,
        (Bytea, SmallInt | Integer | BigInt) | (SmallInt | Integer | BigInt, Bytea) => Explicit,
        (Enum, Text | Varchar | Char) => Implicit,
        (Text | Varchar | Char, Enum) => Implicit,
        // A type that is not known may be text as well as any other.
        (Type::Other, _) | (_, Type::Other) => Implicit,
        // Every value can be written as text on assignment, and read from text when that is asked for.
        (_, Text | Varchar | Char | CiText) => Assignment,
        (Text | Varchar | Char | CiText, _) if to.category() != Category::Pseudo => Explicit,
        _ => return None,
    })
}

/// Returns whether a value of one type may stand where the other one is wanted.
pub fn is_implicit(from: Type, to: Type) -> bool {
    strength(from, to) == Some(Strength::Implicit)
}

/// Returns whether a foreign key of a column of the first type may reference a column of the second.
///
/// PostgreSQL wants an operator that compares the two by the index of the referenced column, or else an implicit conversion
/// to the type of that index.
pub fn makes_key(from: Type, to: Type) -> bool {
    use Type::{BigInt, CiText, Date, Double, Integer, Real, SmallInt, Timestamp, TimestampTz};
    let same_family = |family: &[Type]| family.contains(&from) && family.contains(&to);
    from == to
        || [from, to].contains(&Type::Other)
        || same_family(&[SmallInt, Integer, BigInt])
        || same_family(&[Real, Double])
        || same_family(&[Date, Timestamp, TimestampTz])
        || (from.is_text() && to.is_text() && to != CiText)
        || is_implicit(from, to)
}

/// The one type for the members of CASE, UNION, COALESCE, GREATEST, ARRAY and VALUES. None when there is none, which is an
/// error.
///
/// Source: PostgreSQL's manual, "UNION, CASE, and Related Constructs".
pub fn common_type(members: &[Type]) -> Option<Type> {
    let mut known = members.iter().copied().filter(|member| *member != Type::Unknown);
    let Some(mut chosen) = known.next() else { return Some(Type::Text) };
    for member in known {
        if member == chosen || member == Type::Other {
            continue;
        }
        if chosen == Type::Other {
            chosen = member;
            continue;
        }
        if let (Type::Array(a), Type::Array(b)) = (chosen, member) {
            chosen = common_type(&[*a, *b])?.array()?;
            continue;
        }
        let has_enum = member == Type::Enum || chosen == Type::Enum;
        if member.category() != chosen.category() && !(has_enum && is_implicit(member, chosen)) {
            return None;
        }
        if is_implicit(chosen, member)
            && !(chosen.is_preferred() && member.category() == chosen.category())
            && !(is_implicit(member, chosen) && chosen.category() == Category::String)
        {
            chosen = member;
        }
    }
    members.iter().all(|member| is_implicit(*member, chosen) || *member == chosen).then_some(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_two_categories_have_no_type_in_common() {
        assert_eq!(common_type(&[Type::Time, Type::Interval]), None);
        assert_eq!(common_type(&[Type::Date, Type::TimestampTz]), Some(Type::TimestampTz));
        assert!(common_type(&[Type::Enum, Type::Text]).is_some());
    }

    #[test]
    fn a_key_needs_types_that_are_compared() {
        for (from, to, expected) in [
            (Type::Integer, Type::BigInt, true),
            (Type::BigInt, Type::SmallInt, true),
            (Type::Integer, Type::Numeric, true),
            (Type::Numeric, Type::Integer, false),
            (Type::Integer, Type::Double, true),
            (Type::Double, Type::Integer, false),
            (Type::Text, Type::Integer, false),
            (Type::Integer, Type::Text, false),
            (Type::Varchar, Type::Text, true),
            (Type::Text, Type::CiText, false),
            (Type::CiText, Type::Text, true),
            (Type::Text, Type::Uuid, false),
            (Type::Uuid, Type::Text, false),
            (Type::TimestampTz, Type::Date, true),
            (Type::Time, Type::TimestampTz, false),
            (Type::Boolean, Type::Integer, false),
        ] {
            assert_eq!(makes_key(from, to), expected, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn a_type_that_is_not_known_may_be_any() {
        for known in [Type::Text, Type::Varchar, Type::Bytea, Type::Integer] {
            assert!(is_implicit(Type::Other, known) && is_implicit(known, Type::Other), "{known:?}");
        }
    }
}
