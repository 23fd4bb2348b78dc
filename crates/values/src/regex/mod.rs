//! PostgreSQL's regular expressions ("advanced regular expressions"), with its rule for which match counts.
//!
//! The crate `regex` takes the first alternative that matches, as Perl does. PostgreSQL takes the longest match, or the
//! shortest one when the expression prefers that, and divides it among the parts by the preference of each part. So the same
//! pattern can match other text: `substring('foobar', 'o|oo')` is `oo`. The rules are those of the manual, section "Regular
//! Expression Matching Rules"; the shape of the tree is that of Henry Spencer's package, which PostgreSQL uses.
//!
//! `parse` reads a pattern, `plan` decides which parts must be told apart, `program` makes one automaton of all, `scan` runs
//! it in a time that grows with the length of the text, and `dissect` finds what the groups matched.

mod bracket;
mod class;
mod dissect;
mod error;
mod lex;
mod parse;
mod plan;
mod program;
mod scan;
mod syntax;

pub mod find;
pub mod options;
pub mod replace;
pub mod similar;

pub use find::{Match, Matches, Regex};
pub use options::Options;
