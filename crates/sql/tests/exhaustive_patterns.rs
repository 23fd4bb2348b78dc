//! Every field of the syntax tree is used or refused: a pattern names all fields, so that the compiler asks about a field
//! that a new version of the parser adds.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own sources has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The code with comments and the insides of strings as blanks, byte for byte.
fn without_texts(code: &str) -> Vec<u8> {
    let mut bytes = code.as_bytes().to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = if bytes[at..].starts_with(b"//") {
            at + bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at)
        } else if bytes[at..].starts_with(b"r#\"") {
            at + 5 + bytes[at + 3..].windows(2).position(|pair| pair == b"\"#").unwrap()
        } else if bytes[at..].starts_with(b"r\"") {
            at + 3 + bytes[at + 2..].iter().position(|byte| *byte == b'"').unwrap()
        } else if bytes[at..].starts_with(b"'\"'") {
            at + 3
        } else if bytes[at] == b'"' {
            let mut end = at + 1;
            while bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            end + 1
        } else {
            at += 1;
            continue;
        };
        for byte in &mut bytes[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    bytes
}

/// The lines with a `..` that stands for the fields or elements that a pattern does not name.
fn rest_patterns(code: &str) -> Vec<usize> {
    let code = without_texts(code);
    let is_rest = |at: &usize| {
        let before = code[..*at].iter().rfind(|byte| !byte.is_ascii_whitespace());
        let after = code[at + 2..].iter().find(|byte| !byte.is_ascii_whitespace());
        match (before, after) {
            (Some(b'['), Some(b']')) => false,
            (Some(b',' | b'(' | b'{' | b'['), Some(b')' | b'}' | b']')) => true,
            _ => false,
        }
    };
    (0..code.len().saturating_sub(2))
        .filter(|at| code[*at..].starts_with(b".."))
        .filter(is_rest)
        .map(|at| code[..at].iter().filter(|byte| **byte == b'\n').count() + 1)
        .collect()
}

#[test]
fn no_pattern_leaves_out_fields() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut found = Vec::new();
    for file in files {
        let lines = rest_patterns(&fs::read_to_string(&file).unwrap());
        found.extend(lines.into_iter().map(|line| format!("{}:{line}", file.display())));
    }
    assert!(found.is_empty(), "these patterns leave out fields; name each of them:\n{}", found.join("\n"));
}

#[test]
fn a_rest_pattern_is_told_from_a_range_and_from_an_update() {
    let code = "let A { b, .. } = a;\nlet [c, ..] = d;\nlet E(..) = e;\nlet f = &g[..];\nlet h = &g[1..];\n\
                let i = J { k, ..J::default() };\n// L { .. }\nlet m = \"N { .. }\";\nlet O {\n    p,\n    ..\n} = q;\n";
    assert_eq!(rest_patterns(code), [1, 2, 3, 11]);
}
