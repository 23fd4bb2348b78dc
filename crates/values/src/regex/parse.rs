//! Reads a pattern.

use std::rc::Rc;

use phantomdb_protocol::Result;

use super::{
    class,
    error::{malformed, too_complex},
    lex::{Cursor, Escape, escape},
    options::Options,
    syntax::{Assertion, Ast, Branch, MOST_REPETITIONS, Piece, Preference, Quantifier},
};
use crate::text::property::CharacterSet;

/// The most groups within one another.
const DEEPEST: usize = 100;

/// The most characters of a pattern.
const LONGEST: usize = 50_000;
/// The most parts that must be told apart: groups, back references, and quantifiers that prefer the shorter match.
const MOST_PARTS: usize = 300;

/// A pattern that was read.
pub(super) struct Parsed {
    pub(super) ast: Ast,
    /// The number of groups that capture.
    pub(super) groups: usize,
    pub(super) ignores_case: bool,
}

pub(super) fn parse(pattern: &str, mut options: Options) -> Result<Parsed> {
    if pattern.chars().nth(LONGEST).is_some() {
        return Err(too_complex());
    }
    let characters: Vec<char> = pattern.chars().collect();
    let mut cursor = Cursor { characters: &characters, at: 0 };
    director(&mut cursor, &mut options)?;
    let mut parser =
        Parser { cursor, options, groups: 0, languages: vec![None], depth: 0, parts: 0, in_look: false };
    let ast = if options.literal {
        parser.literal()
    } else {
        let ast = parser.branches()?;
        if parser.cursor.peek().is_some() {
            return Err(malformed("it closes a parenthesis that it does not open"));
        }
        ast
    };
    Ok(Parsed { ast, groups: parser.groups, ignores_case: options.ignores_case })
}

/// Reads `***=`, `***:` and `(?flags)` at the beginning.
fn director(cursor: &mut Cursor<'_>, options: &mut Options) -> Result<()> {
    if options.literal {
        return Ok(());
    }
    if cursor.eat("***") {
        match cursor.next() {
            Some('=') => {
                options.literal = true;
                return Ok(());
            }
            Some(':') => {}
            _ => return Err(malformed("*** at the beginning must be ***: or ***=")),
        }
    }
    let embeds = cursor.peek() == Some('(')
        && cursor.peek_after(1) == Some('?')
        && cursor.peek_after(2).is_some_and(char::is_alphabetic);
    if embeds {
        cursor.at += 2;
        let letters: String = std::iter::from_fn(|| cursor.next().filter(|c| c.is_alphabetic())).collect();
        if cursor.characters.get(cursor.at.wrapping_sub(1)) != Some(&')') {
            return Err(malformed("its options (?…) are not closed"));
        }
        options.embedded(&letters)?;
    }
    Ok(())
}

pub(super) struct Parser<'p> {
    pub(super) cursor: Cursor<'p>,
    pub(super) options: Options,
    pub(super) groups: usize,
    /// What each group may match, once the group is closed.
    languages: Vec<Option<Rc<Ast>>>,
    depth: usize,
    parts: usize,
    /// Within lookaround nothing captures.
    in_look: bool,
}

impl Parser<'_> {
    fn literal(&mut self) -> Ast {
        let mut branch = Branch::new();
        while let Some(c) = self.cursor.next() {
            branch.push(Piece { atom: self.character(c), quantifier: Quantifier::ONCE });
        }
        Ast::Branches(vec![branch])
    }

    fn branches(&mut self) -> Result<Ast> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(too_complex());
        }
        let mut branches = vec![self.branch()?];
        while self.cursor.eat("|") {
            branches.push(self.branch()?);
        }
        self.depth -= 1;
        Ok(Ast::Branches(branches))
    }

    fn count_part(&mut self) -> Result<()> {
        self.parts += 1;
        if self.parts > MOST_PARTS { Err(too_complex()) } else { Ok(()) }
    }

    fn branch(&mut self) -> Result<Branch> {
        let mut branch = Branch::new();
        loop {
            self.skip();
            match self.cursor.peek() {
                None | Some('|') => return Ok(branch),
                Some(')') if self.depth > 1 => return Ok(branch),
                Some(_) => {}
            }
            let atom = self.atom()?;
            self.skip();
            // A condition is not repeated.
            let quantifier =
                if matches!(atom, Ast::Assert(_)) { Quantifier::ONCE } else { self.quantifier()? };
            let is_part = matches!(atom, Ast::Group { .. } | Ast::BackReference { .. })
                || quantifier.preference == Preference::Shorter;
            if is_part {
                self.count_part()?;
            }
            branch.push(Piece { atom, quantifier });
        }
    }

    /// Skips comments, and blanks in the expanded syntax.
    fn skip(&mut self) {
        loop {
            match self.cursor.peek() {
                Some(c) if self.options.expanded && c.is_whitespace() => self.cursor.at += 1,
                Some('#') if self.options.expanded => {
                    while self.cursor.peek().is_some_and(|c| c != '\n') {
                        self.cursor.at += 1;
                    }
                }
                Some('(')
                    if self.cursor.peek_after(1) == Some('?') && self.cursor.peek_after(2) == Some('#') =>
                {
                    while self.cursor.next().is_some_and(|c| c != ')') {}
                }
                _ => return,
            }
        }
    }

    fn atom(&mut self) -> Result<Ast> {
        let anchored_at_lines = self.options.anchors_at_lines;
        match self.cursor.next() {
            Some('^') if anchored_at_lines => Ok(Ast::Assert(Assertion::LineStart)),
            Some('^') => Ok(Ast::Assert(Assertion::TextStart)),
            Some('$') if anchored_at_lines => Ok(Ast::Assert(Assertion::LineEnd)),
            Some('$') => Ok(Ast::Assert(Assertion::TextEnd)),
            Some('.') => {
                let newline = self.options.stops_at_lines.then_some(('\n', '\n'));
                Ok(set(CharacterSet::new(newline).complement()))
            }
            Some('[') => self.bracket(),
            Some('(') => self.group(),
            Some(')') => Err(malformed("it closes a parenthesis that it does not open")),
            Some('\\') => self.escaped(),
            Some('*' | '+' | '?') => Err(malformed("a quantifier stands where there is nothing to repeat")),
            Some('{') if self.cursor.peek().is_some_and(|c| c.is_ascii_digit()) => {
                Err(malformed("a bound {…} stands where there is nothing to repeat"))
            }
            Some(c) => Ok(self.character(c)),
            None => Err(malformed("it ends too early")),
        }
    }

    fn character(&self, c: char) -> Ast {
        set(CharacterSet::new(class::character(c, self.options.ignores_case)))
    }

    fn escaped(&mut self) -> Result<Ast> {
        Ok(match escape(&mut self.cursor, self.groups)? {
            Escape::Character(c) => self.character(c),
            Escape::Class { name, negated } => set(self.class(name, negated)?),
            Escape::Constraint(c) => Ast::Assert(match c {
                'A' => Assertion::TextStart,
                'm' => Assertion::WordStart,
                'M' => Assertion::WordEnd,
                'y' => Assertion::WordBoundary,
                'Y' => Assertion::NoWordBoundary,
                _ => Assertion::TextEnd,
            }),
            Escape::BackReference(group) => {
                let language = self.languages.get(group).cloned().flatten().filter(|_| !self.in_look);
                let language =
                    language.ok_or_else(|| malformed("it refers back to a group that is not there"))?;
                Ast::BackReference { group, language }
            }
        })
    }

    pub(super) fn class(&self, name: &str, negated: bool) -> Result<CharacterSet> {
        let class = class::named(name, self.options.ignores_case)
            .ok_or_else(|| malformed("it names a class of characters that there is not"))?;
        Ok(if negated { class.complement() } else { class.clone() })
    }

    fn group(&mut self) -> Result<Ast> {
        if self.cursor.peek() != Some('?') {
            let number = if self.in_look { 0 } else { self.open_group() };
            let inner = Rc::new(self.group_body()?);
            if let Some(slot) = self.languages.get_mut(number).filter(|_| number > 0) {
                *slot = Some(Rc::clone(&inner));
            }
            return Ok(Ast::Group { number, inner });
        }
        let look = [("?=", false, false), ("?!", false, true), ("?<=", true, false), ("?<!", true, true)];
        for (spelling, behind, negated) in look {
            if self.cursor.eat(spelling) {
                let outer = std::mem::replace(&mut self.in_look, true);
                let inner = Rc::new(self.group_body()?);
                self.in_look = outer;
                return Ok(Ast::Assert(Assertion::Look { behind, negated, inner }));
            }
        }
        if self.cursor.eat("?:") {
            return Ok(Ast::Group { number: 0, inner: Rc::new(self.group_body()?) });
        }
        Err(malformed("(? is followed by something unknown"))
    }

    fn open_group(&mut self) -> usize {
        self.groups += 1;
        self.languages.push(None);
        self.groups
    }

    fn group_body(&mut self) -> Result<Ast> {
        let body = self.branches()?;
        if self.cursor.eat(")") { Ok(body) } else { Err(malformed("a parenthesis is not closed")) }
    }

    fn quantifier(&mut self) -> Result<Quantifier> {
        let (least, most) = match self.cursor.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') if self.cursor.peek_after(1).is_some_and(|c| c.is_ascii_digit()) => {
                return self.bound();
            }
            _ => return Ok(Quantifier::ONCE),
        };
        self.cursor.at += 1;
        Ok(Quantifier { least, most, preference: self.preference() })
    }

    fn preference(&mut self) -> Preference {
        if self.cursor.eat("?") { Preference::Shorter } else { Preference::Longer }
    }

    fn bound(&mut self) -> Result<Quantifier> {
        self.cursor.at += 1;
        let least = self.number()?;
        let (most, fixed) = if self.cursor.eat(",") {
            let open = !self.cursor.peek().is_some_and(|c| c.is_ascii_digit());
            (if open { None } else { Some(self.number()?) }, false)
        } else {
            (Some(least), true)
        };
        if most.is_some_and(|most| most < least) || !self.cursor.eat("}") {
            return Err(malformed("a bound {…} is not valid"));
        }
        // `{m}` prefers what its operand prefers.
        let preference = match self.preference() {
            _ if fixed => Preference::None,
            preference => preference,
        };
        Ok(Quantifier { least, most, preference })
    }

    fn number(&mut self) -> Result<u32> {
        let mut number = 0_u32;
        while let Some(digit) = self.cursor.peek().and_then(|c| c.to_digit(10)) {
            number = number * 10 + digit;
            self.cursor.at += 1;
            if number > MOST_REPETITIONS {
                return Err(malformed("a bound {…} must not be more than 255"));
            }
        }
        Ok(number)
    }
}

pub(super) fn set(set: CharacterSet) -> Ast {
    Ast::Set(Rc::new(set))
}
