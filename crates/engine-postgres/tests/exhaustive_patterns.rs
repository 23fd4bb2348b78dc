//! The adapter names every field of the parser's nodes, so that a field that a new version adds does not compile before
//! somebody has decided what becomes of it. A rest pattern would drop the field without a word.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The files that look at the tree, within `src`.
const CHECKED: [&str; 3] = ["adapt", "catalog/expression.rs", "alter/mod.rs"];

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut found: Vec<PathBuf> =
        fs::read_dir(path).unwrap().flat_map(|entry| files(&entry.unwrap().path())).collect();
    found.sort();
    found
}

/// The code with comments, strings and characters blanked out, so that only code is searched.
fn code(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => {
                at + source[at..].find('\n').unwrap_or(source.len() - at)
            }
            b'"' => {
                let raw = at > 0 && bytes[at - 1] == b'r';
                let mut end = at + 1;
                while bytes[end] != b'"' {
                    end += if bytes[end] == b'\\' && !raw { 2 } else { 1 };
                }
                end + 1
            }
            // A character, not a lifetime.
            b'\'' if bytes.get(at + 1) == Some(&b'\\') => at + 2 + source[at + 2..].find('\'').unwrap() + 1,
            b'\'' if bytes.get(at + 2) == Some(&b'\'') => at + 3,
            _ => {
                at += 1;
                continue;
            }
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(code).unwrap()
}

/// The lines with a rest pattern: `..` after a `{`, a `(` or a comma, and before the `}` or the `)` that closes it. A
/// struct update has an expression after `..`, a range has one on a side of it, and a slice pattern is in brackets.
fn rest_patterns(source: &str) -> Vec<usize> {
    let code = code(source);
    let mut lines = Vec::new();
    for (at, _) in code.match_indices("..") {
        let head = code[..at].trim_end();
        let before = head.chars().next_back();
        // `drain(..)` calls a function with a range; the name of a pattern begins with a capital letter.
        let name = head
            .strip_suffix('(')
            .and_then(|head| head.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next());
        if name.is_some_and(|name| name.starts_with(char::is_lowercase)) {
            continue;
        }
        let after = code[at + 2..].trim_start().chars().next();
        if matches!(before, Some('{' | '(' | ',')) && matches!(after, Some('}' | ')' | ',')) {
            lines.push(code[..at].matches('\n').count() + 1);
        }
    }
    lines
}

#[test]
fn the_adapter_names_every_field_of_the_tree() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for file in CHECKED.iter().flat_map(|part| files(&src.join(part))) {
        let source = fs::read_to_string(&file).unwrap();
        // A unit test may look at one field only.
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        found.extend(rest_patterns(source).into_iter().map(|line| format!("{}:{line}", file.display())));
    }
    assert!(found.is_empty(), "name the fields instead of `..`:\n{}", found.join("\n"));
}

#[test]
fn it_tells_rest_patterns_from_updates_ranges_and_slices() {
    for pattern in ["Foo { a, .. }", "Foo(..)", "Foo(a, ..)", "Foo(.., a)", "Foo {\n    a,\n    ..\n}"] {
        assert_eq!(rest_patterns(pattern).len(), 1, "{pattern}");
    }
    for other in [
        "Foo { a, ..Foo::new() }",
        "list.drain(..)",
        "&a[1..]",
        "f(..9)",
        "(0..n)",
        "[first, ..]",
        "\"Foo(..)\"",
        "// (..)",
    ] {
        assert!(rest_patterns(other).is_empty(), "{other}");
    }
}
