//! Sets of characters, and the sets that Unicode's properties are.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, ClassUnicode, HirKind};

/// A set of characters, as sorted ranges.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CharacterSet {
    ranges: Vec<(char, char)>,
    ascii: u128,
}

impl CharacterSet {
    /// The set of those ranges, in any order; their ends belong to them.
    pub fn new(ranges: impl IntoIterator<Item = (char, char)>) -> Self {
        let class = ClassUnicode::new(
            ranges.into_iter().map(|(from, to)| regex_syntax::hir::ClassUnicodeRange::new(from, to)),
        );
        Self::from_class(&class)
    }

    fn from_class(class: &ClassUnicode) -> Self {
        let ranges: Vec<(char, char)> =
            class.ranges().iter().map(|range| (range.start(), range.end())).collect();
        let within_ascii = ranges.iter().take_while(|(from, _)| from.is_ascii());
        let codes = within_ascii.flat_map(|(from, to)| u32::from(*from)..=u32::from(*to).min(127));
        let ascii = codes.fold(0, |bits, code| bits | 1_u128 << code);
        Self { ranges, ascii }
    }

    /// The set that a pattern of the crate `regex` such as `\p{Nd}` means; empty when it means none.
    fn named(pattern: &str) -> Self {
        match regex_syntax::parse(pattern).map(regex_syntax::hir::Hir::into_kind) {
            Ok(HirKind::Class(Class::Unicode(class))) => Self::from_class(&class),
            _ => Self::default(),
        }
    }

    pub fn ranges(&self) -> &[(char, char)] {
        &self.ranges
    }

    pub fn contains(&self, c: char) -> bool {
        let code = u32::from(c);
        if code < 128 {
            return self.ascii >> code & 1 == 1;
        }
        let index = self.ranges.partition_point(|(_, to)| *to < c);
        self.ranges.get(index).is_some_and(|(from, _)| *from <= c)
    }

    /// The characters that are not in the set.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut class = ClassUnicode::new(
            self.ranges.iter().map(|(from, to)| regex_syntax::hir::ClassUnicodeRange::new(*from, *to)),
        );
        class.negate();
        Self::from_class(&class)
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

macro_rules! properties {
    ($($(#[$doc:meta])* $name:ident = $pattern:literal;)+) => {
        $($(#[$doc])* pub static $name: LazyLock<CharacterSet> = LazyLock::new(|| CharacterSet::named($pattern));)+

        #[cfg(test)]
        fn all() -> Vec<(&'static str, &'static CharacterSet)> {
            vec![$((stringify!($name), &*$name)),+]
        }
    };
}

properties! {
    CASED = r"\p{Cased}";
    CASE_IGNORABLE = r"\p{Case_Ignorable}";
    /// Letters and decimal digits.
    ALNUM = r"[\p{Alphabetic}\p{Nd}]";
    ALPHA = r"\p{Alphabetic}";
    DIGIT = r"\p{Nd}";
    UPPER = r"\p{Uppercase}";
    LOWER = r"\p{Lowercase}";
    SPACE = r"\p{White_Space}";
    BLANK = r"[\t ]";
    PUNCT = r"\p{P}";
    CONTROL = r"\p{Cc}";
    GRAPH = r"[^\p{White_Space}\p{Cc}\p{Cn}]";
    PRINT = r"[\p{Zs}[^\p{White_Space}\p{Cc}\p{Cn}]]";
    HEX_DIGIT = r"[0-9A-Fa-f]";
    /// What a word consists of.
    WORD = r"[\p{Alphabetic}\p{Nd}_]";
    ASCII = r"[\x00-\x7F]";
    ASSIGNED = r"\P{Cn}";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_is_one_that_unicode_has() {
        for (name, set) in all() {
            assert!(!set.is_empty(), "{name}");
        }
    }

    #[test]
    fn it_contains_what_is_in_its_ranges() {
        let set = CharacterSet::new([('x', 'z'), ('a', 'c'), ('б', 'г'), ('b', 'd')]);
        assert_eq!(set.ranges(), [('a', 'd'), ('x', 'z'), ('б', 'г')]);
        for (c, expected) in [('a', true), ('d', true), ('e', false), ('б', true), ('д', false), ('€', false)]
        {
            assert_eq!((set.contains(c), set.complement().contains(c)), (expected, !expected), "{c}");
        }
    }
}
