//! The functions and operators of PhantomDB SQL, one row each, and how SQLite computes them.
//!
//! The rows are in the files of `rows/`, one file for each family. A row reads
//!
//! ```text
//! split_part(text, text, int4) -> text := phantomdb_split_part
//! int4 + int4 -> int4 := phantomdb_int4_add
//! - numeric -> numeric := phantomdb_numeric_negate
//! sum(int4) -> int8, aggregate := phantomdb_sum_integer
//! ```
//!
//! After `:=` stands what SQLite runs: a function, which gets the arguments in their order, or an expression in which `$1`,
//! `$2`, … are the arguments, and `$element` is the short name of the type that `anyelement` or `anycompatible` stands for
//! in the call, as a string ([`super::resolve::Resolved::body`]). An argument may be `variadic TYPE` (the last one, once or more often) or `TYPE = DEFAULT`.
//! The arguments after `;` stand behind WITHIN GROUP. Flags follow the result: `aggregate`, `window`, `set` (returns rows),
//! `volatile` (its result changes from call to call), `notnull` (never NULL), `callednull` (called though an argument is
//! NULL). The columns of a function that returns several are `-> record(key text, value jsonb)`, and the name of a single column
//! is `-> only(value jsonb)`.

use std::{collections::HashMap, sync::LazyLock};

use super::data_type::Type;

/// What a signature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Scalar,
    Aggregate,
    /// A function that needs OVER.
    Window,
    /// A function that returns rows.
    Set,
    /// An operator with one operand, behind it.
    Prefix,
    /// An operator with two operands.
    Infix,
}

/// A function or an operator for arguments of certain types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub name: &'static str,
    pub kind: Kind,
    pub arguments: Vec<Type>,
    /// The SQL of the arguments that may be left out, for the last arguments.
    pub defaults: Vec<&'static str>,
    /// True when the last argument may be given any number of times, but once at least.
    pub variadic: bool,
    /// The arguments behind WITHIN GROUP; they are the last ones of `arguments`.
    pub ordered: usize,
    pub result: Type,
    /// The names and types of the result's columns, of a function that returns rows with several.
    pub columns: Vec<(&'static str, Type)>,
    pub volatile: bool,
    pub not_null: bool,
    pub called_on_null: bool,
    /// What SQLite runs.
    pub sqlite: &'static str,
    /// The name of the family, as the documents have it.
    pub family: &'static str,
}

/// The rows of each family.
const FAMILIES: [(&str, &str); 7] = [
    ("Numbers", include_str!("rows/numbers.txt")),
    ("Text", include_str!("rows/text.txt")),
    ("Dates and times", include_str!("rows/times.txt")),
    ("Documents", include_str!("rows/documents.txt")),
    ("Arrays", include_str!("rows/arrays.txt")),
    ("Aggregates and windows", include_str!("rows/aggregates.txt")),
    ("Others", include_str!("rows/others.txt")),
];

/// Functions that PostgreSQL has and SQLite cannot run here, with the reason or what to use.
const UNSUPPORTED: &str = include_str!("rows/unsupported.txt");

struct Table {
    all: Vec<Signature>,
    functions: HashMap<&'static str, Vec<usize>>,
    operators: HashMap<&'static str, Vec<usize>>,
    unsupported: HashMap<&'static str, &'static str>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        all: Vec::new(),
        functions: HashMap::new(),
        operators: HashMap::new(),
        unsupported: HashMap::new(),
    };
    for (family, rows) in FAMILIES {
        for row in lines(rows) {
            // A test reads every row, so that none is missing here.
            let Some(signature) = parse(family, row) else { continue };
            let index = table.all.len();
            let names = match signature.kind {
                Kind::Prefix | Kind::Infix => &mut table.operators,
                Kind::Scalar | Kind::Aggregate | Kind::Window | Kind::Set => &mut table.functions,
            };
            names.entry(signature.name).or_default().push(index);
            table.all.push(signature);
        }
    }
    for row in lines(UNSUPPORTED) {
        let (name, reason) = row.split_once(':').unwrap_or((row, ""));
        table.unsupported.insert(name.trim(), reason.trim());
    }
    table
});

fn lines(rows: &'static str) -> impl Iterator<Item = &'static str> {
    rows.lines().map(str::trim).filter(|row| !row.is_empty() && !row.starts_with('#'))
}

/// Every signature, by family.
pub fn all() -> &'static [Signature] {
    &TABLE.all
}

/// The functions of that name, in lower case.
pub fn functions(name: &str) -> impl Iterator<Item = &'static Signature> {
    let table = &*TABLE;
    table.functions.get(name).into_iter().flatten().map(|index| &table.all[*index])
}

/// The operators of that name.
pub fn operators(name: &str) -> impl Iterator<Item = &'static Signature> {
    let table = &*TABLE;
    table.operators.get(name).into_iter().flatten().map(|index| &table.all[*index])
}

/// The names of all functions.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    TABLE.functions.keys().copied()
}

/// Why a function of PostgreSQL is not there on SQLite, or what to use; None when PostgreSQL has no such function.
pub fn unsupported(name: &str) -> Option<&'static str> {
    TABLE.unsupported.get(name).copied()
}

/// The functions of PostgreSQL that are not there on SQLite, by name, each with why, or with what to use.
pub fn unsupported_functions() -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<_> = TABLE.unsupported.iter().map(|(name, reason)| (*name, *reason)).collect();
    all.sort_unstable();
    all
}

/// Reads a row. None when it is malformed.
fn parse(family: &'static str, row: &'static str) -> Option<Signature> {
    let (head, sqlite) = row.split_once(" := ")?;
    // The last arrow: `->` is an operator too.
    let (left, result) = head.rsplit_once(" -> ")?;
    let (name, mut kind, arguments) = call(left.trim()).or_else(|| operator(left.trim()))?;
    let (result, columns, flags) = results(result.trim())?;
    let mut signature = Signature {
        name,
        kind,
        arguments: Vec::new(),
        defaults: Vec::new(),
        variadic: false,
        ordered: 0,
        result,
        columns,
        volatile: false,
        not_null: false,
        called_on_null: false,
        sqlite: sqlite.trim(),
        family,
    };
    for flag in flags {
        match flag {
            "aggregate" => kind = Kind::Aggregate,
            "window" => kind = Kind::Window,
            "set" => kind = Kind::Set,
            "volatile" => signature.volatile = true,
            "notnull" => signature.not_null = true,
            "callednull" => signature.called_on_null = true,
            _ => return None,
        }
    }
    signature.kind = kind;
    for (group, list) in arguments.iter().enumerate() {
        for argument in list.split(',').map(str::trim).filter(|argument| !argument.is_empty()) {
            let (declared, default) = match argument.split_once(" = ") {
                Some((declared, default)) => (declared, Some(default)),
                None => (argument, None),
            };
            let declared = match declared.strip_prefix("variadic ") {
                Some(declared) => {
                    signature.variadic = true;
                    declared
                }
                None => declared,
            };
            signature.arguments.push(Type::from_short_name(declared.trim())?);
            signature.defaults.extend(default);
            signature.ordered += usize::from(group > 0);
        }
    }
    Some(signature)
}

type Head = (&'static str, Kind, Vec<&'static str>);

/// `name(arguments)`, `name(arguments; arguments)`.
fn call(left: &'static str) -> Option<Head> {
    let (name, rest) = left.split_once('(')?;
    let arguments = rest.strip_suffix(')')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then(|| (name, Kind::Scalar, arguments.split(';').collect()))
}

/// `type operator type`, `operator type`.
fn operator(left: &'static str) -> Option<Head> {
    let words: Vec<&'static str> = left.split(' ').collect();
    match words.as_slice() {
        [first, name, second] => Some((*name, Kind::Infix, vec![*first, *second])),
        [name, only] => Some((*name, Kind::Prefix, vec![*only])),
        _ => None,
    }
    .map(|(name, kind, arguments)| {
        // Operands are separate lists to the reader of arguments, and none of them is behind WITHIN GROUP.
        (name, kind, vec![Box::leak(arguments.join(",").into_boxed_str()) as &'static str])
    })
}

type Results = (Type, Vec<(&'static str, Type)>, Vec<&'static str>);

/// `type, flag, …`, `record(name type, …), flag, …`, `only(name type), flag, …`.
fn results(text: &'static str) -> Option<Results> {
    if let Some(rest) = text.strip_prefix("only(") {
        let (column, flags) = rest.split_once(')')?;
        let (name, declared) = column.trim().split_once(' ')?;
        let declared = Type::from_short_name(declared.trim())?;
        return Some((declared, vec![(name, declared)], flags_of(flags)));
    }
    if let Some(rest) = text.strip_prefix("record(") {
        let (columns, flags) = rest.split_once(')')?;
        let columns = columns
            .split(',')
            .map(|column| {
                let (name, declared) = column.trim().split_once(' ')?;
                Some((name, Type::from_short_name(declared.trim())?))
            })
            .collect::<Option<Vec<_>>>()?;
        return Some((Type::Record, columns, flags_of(flags)));
    }
    let (result, flags) = text.split_once(',').unwrap_or((text, ""));
    Some((Type::from_short_name(result.trim())?, Vec::new(), flags_of(flags)))
}

fn flags_of(text: &'static str) -> Vec<&'static str> {
    text.split(',').map(str::trim).filter(|flag| !flag.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        for (family, rows) in FAMILIES {
            for row in lines(rows) {
                assert!(parse(family, row).is_some(), "{family}: {row}");
            }
        }
    }

    #[test]
    fn no_two_rows_have_the_same_arguments() {
        let mut seen = std::collections::HashSet::new();
        for signature in all() {
            let infix = matches!(signature.kind, Kind::Infix | Kind::Prefix);
            assert!(
                seen.insert((signature.name, infix, signature.arguments.clone(), signature.variadic)),
                "{signature:?}"
            );
        }
    }

    #[test]
    fn a_row_has_its_arguments_flags_and_columns() {
        let row = "f(text, variadic any) -> record(key text, value jsonb), set, volatile := phantomdb_f";
        let signature = parse("", row).unwrap();
        assert_eq!(signature.arguments, [Type::Text, Type::Any]);
        assert!(signature.variadic && signature.volatile && signature.kind == Kind::Set);
        assert_eq!(signature.columns, [("key", Type::Text), ("value", Type::Jsonb)]);
        let row = "percentile_cont(float8; float8) -> float8, aggregate := phantomdb_percentile_cont";
        assert_eq!(parse("", row).unwrap().ordered, 1);
        let row = "round(numeric, int4 = 0) -> numeric := phantomdb_round";
        assert_eq!(parse("", row).unwrap().defaults, ["0"]);
        assert_eq!(parse("", "int4 + int4 -> int4 := add").unwrap().arguments.len(), 2);
        assert_eq!(parse("", "- int4 -> int4 := negate").unwrap().kind, Kind::Prefix);
        let arrow = parse("", "json -> text -> json := get").unwrap();
        assert_eq!((arrow.name, arrow.arguments.len(), arrow.result), ("->", 2, Type::Json));
    }
}
