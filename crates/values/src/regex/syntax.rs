//! The tree of a pattern as it was read.

use std::rc::Rc;

use crate::text::property::CharacterSet;

/// The most repetitions that a bound may name.
pub(super) const MOST_REPETITIONS: u32 = 255;

/// A part of a pattern.
#[derive(Debug, Clone)]
pub(super) enum Ast {
    /// Any character of a set.
    Set(Rc<CharacterSet>),
    Assert(Assertion),
    /// What a group matched before. The language of that group comes with it.
    BackReference {
        group: usize,
        language: Rc<Self>,
    },
    /// A group in parentheses; one with a number captures.
    Group {
        number: usize,
        inner: Rc<Self>,
    },
    /// Alternatives; one at least.
    Branches(Vec<Branch>),
}

/// Parts in a row, each with its quantifier.
pub(super) type Branch = Vec<Piece>;

#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) atom: Ast,
    pub(super) quantifier: Quantifier,
}

/// How often a part may occur; without `most` any number of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quantifier {
    pub(super) least: u32,
    pub(super) most: Option<u32>,
    pub(super) preference: Preference,
}

impl Quantifier {
    pub(super) const ONCE: Self = Self { least: 1, most: Some(1), preference: Preference::None };
}

/// What a quantifier prefers among matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preference {
    None,
    Longer,
    Shorter,
}

/// A condition on a position.
#[derive(Debug, Clone)]
pub(super) enum Assertion {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    WordStart,
    WordEnd,
    WordBoundary,
    NoWordBoundary,
    Look { behind: bool, negated: bool, inner: Rc<Ast> },
}
