//! Finding matches of a regular expression.

use std::fmt::Write as _;

use phantomdb_protocol::Result;

use super::{
    dissect::{Dissection, Span},
    options::Options,
    parse::{Parsed, parse},
    plan::plan,
    program::{Node, NodeKind, Program, compile},
    scan::Scan,
    syntax::{Assertion, Ast, Branch},
};

/// A compiled regular expression.
#[derive(Debug)]
pub struct Regex {
    program: Program,
    groups: usize,
    ignores_case: bool,
    refers_back: bool,
    /// The same pattern for the crate `regex`, which finds out faster whether and where there is a match. None for a pattern
    /// that the crate cannot have.
    fast: Option<regex::Regex>,
}

/// A match: where it and its groups begin and end, in characters. A group that took no part is None.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub span: Span,
    pub groups: Vec<Option<Span>>,
}

impl Regex {
    /// Compiles a pattern. Fails when it is malformed or too complex.
    pub fn new(pattern: &str, options: Options) -> Result<Self> {
        let Parsed { ast, groups, ignores_case } = parse(pattern, options)?;
        let program = compile(&plan(&ast))?;
        let refers_back = refers_back(&program.root);
        let mut spelling = String::new();
        let fast = spell(&ast, &mut spelling).and_then(|()| regex::Regex::new(&spelling).ok());
        Ok(Self { program, groups, ignores_case, refers_back, fast })
    }

    /// The number of groups that capture.
    pub const fn groups(&self) -> usize {
        self.groups
    }

    pub fn is_match(&self, text: &str) -> Result<bool> {
        match &self.fast {
            Some(fast) => Ok(fast.is_match(text)),
            None => {
                let characters: Vec<char> = text.chars().collect();
                Ok(Matches::new(self, text, &characters).find(0)?.is_some())
            }
        }
    }
}

/// The search of one text.
pub struct Matches<'a> {
    regex: &'a Regex,
    text: &'a str,
    scan: Scan<'a>,
    /// The byte at which each character begins; empty when the text is ASCII.
    offsets: Vec<usize>,
}

impl<'a> Matches<'a> {
    /// Begins to search a text. The text comes as characters, too.
    pub fn new(regex: &'a Regex, text: &'a str, characters: &'a [char]) -> Self {
        let offsets = if text.is_ascii() || regex.fast.is_none() {
            Vec::new()
        } else {
            text.char_indices().map(|(index, _)| index).chain([text.len()]).collect()
        };
        Self { regex, text, scan: Scan::new(&regex.program, characters), offsets }
    }

    /// The first match that begins at or behind a position.
    pub fn find(&mut self, from: usize) -> Result<Option<Match>> {
        if self.regex.refers_back {
            return self.find_checked(from);
        }
        let Some((begin, end)) = self.first(from)? else { return Ok(None) };
        Ok(self.divide(begin, end)?.map(|groups| Match { span: (begin, end), groups }))
    }

    /// The automaton takes a back reference for whatever its group may match, so each match is checked.
    /// Source: `cfindloop` in PostgreSQL's `regexec.c`.
    fn find_checked(&mut self, from: usize) -> Result<Option<Match>> {
        let root = &self.regex.program.root;
        let limit = self.scan.text.len();
        let mut from = from;
        loop {
            let Some((open, close)) = self.scan.first_end(root.part, from)? else { return Ok(None) };
            for begin in open..=close {
                let mut ends = self.scan.ends(root.part, begin, limit)?;
                if !root.prefers_shorter {
                    ends.reverse();
                }
                for end in ends {
                    if let Some(groups) = self.divide(begin, end)? {
                        return Ok(Some(Match { span: (begin, end), groups }));
                    }
                }
            }
            // After a failure PostgreSQL does not look at the end of the text any more: `'a' ~ '$()|^\1'` is false.
            from = close + 1;
            if from >= limit {
                return Ok(None);
            }
        }
    }

    fn first(&mut self, from: usize) -> Result<Option<Span>> {
        let root = &self.regex.program.root;
        let Some(fast) = &self.regex.fast else {
            return self.scan.find(root.part, from, root.prefers_shorter);
        };
        let Some(found) = self.byte(from).and_then(|byte| fast.find_at(self.text, byte)) else {
            return Ok(None);
        };
        let begin = self.character(found.start());
        let limit = self.scan.text.len();
        let end = if root.prefers_shorter {
            self.scan.shortest(root.part, begin, begin, limit)?
        } else {
            self.scan.longest(root.part, begin, limit)?
        };
        Ok(end.map(|end| (begin, end)))
    }

    fn byte(&self, character: usize) -> Option<usize> {
        if self.offsets.is_empty() {
            (character <= self.text.len()).then_some(character)
        } else {
            self.offsets.get(character).copied()
        }
    }

    fn character(&self, byte: usize) -> usize {
        if self.offsets.is_empty() { byte } else { self.offsets.partition_point(|offset| *offset < byte) }
    }

    /// What the groups of a match are; None when the match is none after all.
    fn divide(&mut self, begin: usize, end: usize) -> Result<Option<Vec<Option<Span>>>> {
        let groups = self.regex.groups;
        if groups == 0 && !self.regex.refers_back {
            return Ok(Some(Vec::new()));
        }
        let spans = vec![None; groups + 1];
        let ignores_case = self.regex.ignores_case;
        let mut dissection = Dissection { scan: &mut self.scan, spans, ignores_case };
        let fits = dissection.divide(&self.regex.program.root, begin, end)?;
        let mut spans = dissection.spans;
        Ok(fits.then(|| spans.split_off(1)))
    }
}

fn refers_back(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Whole => false,
        NodeKind::BackReference { .. } => true,
        NodeKind::Concatenation(left, right) => refers_back(left) || refers_back(right),
        NodeKind::Alternatives(members) => members.iter().any(refers_back),
        NodeKind::Wrapper(child) | NodeKind::Iteration { child, .. } => refers_back(child),
    }
}

/// Writes the pattern in the syntax of the crate `regex`. None when it has no such thing.
fn spell(ast: &Ast, spelling: &mut String) -> Option<()> {
    match ast {
        Ast::Set(set) if set.is_empty() => spelling.push_str(r"[^\x{0}-\x{10FFFF}]"),
        Ast::Set(set) => {
            spelling.push('[');
            for (from, to) in set.ranges() {
                write!(spelling, r"\x{{{:X}}}-\x{{{:X}}}", u32::from(*from), u32::from(*to)).ok()?;
            }
            spelling.push(']');
        }
        Ast::Assert(assertion) => spelling.push_str(match assertion {
            Assertion::TextStart => r"\A",
            Assertion::TextEnd => r"\z",
            Assertion::LineStart => "(?m:^)",
            Assertion::LineEnd => "(?m:$)",
            Assertion::WordStart
            | Assertion::WordEnd
            | Assertion::WordBoundary
            | Assertion::NoWordBoundary
            | Assertion::Look { .. } => return None,
        }),
        Ast::BackReference { .. } => return None,
        Ast::Group { number: _, inner } => spell(inner, spelling)?,
        Ast::Branches(branches) => {
            spelling.push_str("(?:");
            for (index, branch) in branches.iter().enumerate() {
                spelling.push_str(if index == 0 { "" } else { "|" });
                spell_branch(branch, spelling)?;
            }
            spelling.push(')');
        }
    }
    Some(())
}

fn spell_branch(branch: &Branch, spelling: &mut String) -> Option<()> {
    for piece in branch {
        let (least, most) = (piece.quantifier.least, piece.quantifier.most);
        if (least, most) == (1, Some(1)) {
            spell(&piece.atom, spelling)?;
            continue;
        }
        spelling.push_str("(?:");
        spell(&piece.atom, spelling)?;
        match most {
            Some(most) => write!(spelling, "){{{least},{most}}}").ok()?,
            None => write!(spelling, "){{{least},}}").ok()?,
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(pattern: &str, flags: &str, text: &str) -> Option<Vec<Option<String>>> {
        let regex = Regex::new(pattern, Options::parse(flags).unwrap()).unwrap();
        let characters: Vec<char> = text.chars().collect();
        let matched = Matches::new(&regex, text, &characters).find(0).unwrap()?;
        let cut = |(from, to): Span| characters[from..to].iter().collect::<String>();
        let groups = matched.groups.iter().map(|group| group.map(cut));
        Some([Some(cut(matched.span))].into_iter().chain(groups).collect())
    }

    /// A pattern, its flags, a text, and the match with its groups; PostgreSQL's answers.
    const CASES: &[(&str, &str, &str, &[Option<&str>])] = &[
        ("o|oo", "", "foobar", &[Some("oo")]),
        ("X*(a|ab)(c|bcd)(d*)", "", "abcd", &[Some("abcd"), Some("ab"), Some("c"), Some("d")]),
        ("(a+?)(.*)", "", "aab", &[Some("a"), Some("a"), Some("")]),
        ("(?:a|ab)(c|bcd)?", "", "abcd", &[Some("abcd"), Some("bcd")]),
        (r"(\d+)-(\d+)", "", "tel 12-345", &[Some("12-345"), Some("12"), Some("345")]),
        (r"(a*)(b|ab)", "", "aab", &[Some("aab"), Some("aa"), Some("b")]),
        ("(a|b)*", "", "abab", &[Some("abab"), Some("b")]),
        ("(?:(a)|b)*", "", "ab", &[Some("ab"), None]),
        (r"(.)\1", "", "hello", &[Some("ll"), Some("l")]),
        ("foo(?=bar)", "", "foobaz foobar", &[Some("foo")]),
        (r"(?<!x)a\y", "", "xa a", &[Some("a")]),
        (r"\mfoo\M", "", "afoo foo", &[Some("foo")]),
        ("É", "i", "aé", &[Some("é")]),
        ("^b$", "n", "a\nb\nc", &[Some("b")]),
        ("a b # no\n c", "x", "abc", &[Some("abc")]),
        ("a.c", "q", "abc a.c", &[Some("a.c")]),
        ("***=a.c", "", "abc a.c", &[Some("a.c")]),
        ("(?i)A[[:upper:]]", "", "ab", &[Some("ab")]),
        (r"[[:alpha:]\d_-]+", "", "  aé1_-!", &[Some("aé1_-")]),
        ("[]a-]+", "", "x]a-", &[Some("]a-")]),
        ("a{2}", "", "aaa", &[Some("aa")]),
        ("a{1,}?", "", "aaa", &[Some("a")]),
        ("a{,3}", "", "a{,3}", &[Some("a{,3}")]),
        (r"\u00e9\x41\101", "", "éAA", &[Some("éAA")]),
    ];

    #[test]
    fn it_finds_what_postgresql_finds() {
        for (pattern, flags, text, expected) in CASES {
            let expected: Vec<Option<String>> =
                expected.iter().map(|group| group.map(str::to_owned)).collect();
            assert_eq!(found(pattern, flags, text), Some(expected), "{pattern} {text}");
        }
        assert_eq!(found("a$", "", "a\n"), None);
        for pattern in [r"(a)\1", r"^((.)\2|..)\2", r"^(.)\1|\1."] {
            assert_eq!(found(pattern, "", "abadef"), None, "{pattern}");
        }
        for (pattern, text, is_found) in [
            (r"$()|^\1", "a", false),
            (r"$()|^\1", "ab", true),
            (r"$()|^\1", "", true),
            (r"$()|^a\1", "ab", false),
            (r"$()|^ab\1", "ab", true),
            (r"()$|b\1|a\1", "ab", false),
        ] {
            assert_eq!(found(pattern, "", text).is_some(), is_found, "{pattern} {text}");
        }
    }

    #[test]
    fn it_refuses_what_is_malformed() {
        for pattern in [
            "(",
            ")",
            "[",
            "*a",
            "a**",
            "a{2,1}",
            "a{256}",
            "[b-a]",
            r"\9",
            r"\",
            r"\q",
            "(?<a>b)",
            "a{1",
            "^*",
            "[[:foo:]]",
            "(?=a)*",
            "***",
            "(?k)a",
            "a{1,2",
            r"(?=\1)",
            "[a-\\w]",
        ] {
            assert!(Regex::new(pattern, Options::default()).is_err(), "{pattern}");
        }
        assert!(Regex::new(&"(".repeat(100_000), Options::default()).is_err());
        assert!(Regex::new(&"(a)".repeat(100_000), Options::default()).is_err());
        assert!(Regex::new("((((a{99}){99}){99}){99}){99}", Options::default()).is_err());
        assert!(Regex::new("(((((){255}){255}){255}){255}){255}", Options::default()).is_err());
        let doubled: String = (1..60).map(|group| format!(r"(\{group}\{group})")).collect();
        assert!(Regex::new(&format!("(){doubled}"), Options::default()).is_err());
        assert!(Options::parse("iz").is_err());
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let text = "a".repeat(200);
        for pattern in
            ["(a*)*b", "(a|aa)+$", r"(a*)(a*)(a*)\1b", "(?=(a+)+b)a", "(a?){200}a{200}", "(x+x+)+y"]
        {
            let regex = Regex::new(pattern, Options::default()).unwrap();
            let characters: Vec<char> = text.chars().collect();
            // It finds a match, none, or gives up; it does not go on for hours.
            drop(Matches::new(&regex, &text, &characters).find(0));
        }
    }

    proptest! {
        #[test]
        fn the_two_automata_agree(pattern in "[ab]([ab.|*?]|\\(a\\|b\\)){0,6}[ab]", text in "[abc]{0,10}") {
            let Ok(regex) = Regex::new(&pattern, Options::default()) else { return Ok(()) };
            let characters: Vec<char> = text.chars().collect();
            let root = &regex.program.root;
            let slow = Scan::new(&regex.program, &characters).find(root.part, 0, root.prefers_shorter).unwrap();
            let quick = Matches::new(&regex, &text, &characters).find(0).unwrap();
            prop_assert_eq!(slow, quick.map(|matched| matched.span));
        }
    }
}
