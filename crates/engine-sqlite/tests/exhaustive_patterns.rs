//! No pattern of the adapter leaves fields out.
//!
//! A part of a statement that nobody looked at would be dropped, and the statement would mean something else. So each pattern
//! names every field, with `_` where a field changes nothing, and a new field of the parser does not compile.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Replaces comments, strings and characters by spaces, so that every other character keeps its place.
fn code_only(source: &str) -> Vec<char> {
    let characters: Vec<char> = source.chars().collect();
    let mut code = characters.clone();
    let mut at = 0;
    while at < characters.len() {
        let end = match (characters[at], characters.get(at + 1)) {
            ('/', Some('/')) => end_of_line(&characters, at),
            ('"', _) => end_of_string(&characters, at),
            ('r', Some('"' | '#')) => end_of_raw_string(&characters, at).unwrap_or(at),
            ('\'', _) => end_of_character(&characters, at).unwrap_or(at),
            _ => at,
        };
        for blank in &mut code[at..end] {
            if *blank != '\n' {
                *blank = ' ';
            }
        }
        at = end.max(at + 1);
    }
    code
}

fn end_of_line(characters: &[char], start: usize) -> usize {
    characters[start..].iter().position(|c| *c == '\n').map_or(characters.len(), |length| start + length)
}

fn end_of_string(characters: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < characters.len() && characters[at] != '"' {
        at += if characters[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(characters.len())
}

fn end_of_raw_string(characters: &[char], start: usize) -> Option<usize> {
    let hashes = characters[start + 1..].iter().take_while(|c| **c == '#').count();
    let open = start + 1 + hashes;
    (characters.get(open) == Some(&'"')).then_some(())?;
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let length = characters[open + 1..].windows(close.len()).position(|window| window == close)?;
    Some(open + 1 + length + close.len())
}

/// The end of a character literal; none when the quote begins a lifetime.
fn end_of_character(characters: &[char], start: usize) -> Option<usize> {
    let close = if characters.get(start + 1) == Some(&'\\') {
        let length = characters.get(start + 3..)?.iter().take(8).position(|c| *c == '\'')?;
        start + 3 + length
    } else {
        start + 2
    };
    (characters.get(close) == Some(&'\'')).then_some(close + 1)
}

/// The lines with a rest pattern: `..` between an opening brace, parenthesis or comma and a closing one or a comma. A rest
/// pattern of a slice is fine, and so are ranges and `..base` in the value of a struct.
fn rest_patterns(source: &str) -> Vec<usize> {
    let code = code_only(source);
    let mut lines = Vec::new();
    let mut open = Vec::new();
    let mut line = 1;
    let mut before = ' ';
    for at in 0..code.len() {
        let character = code[at];
        match character {
            '\n' => line += 1,
            '(' | '[' | '{' => open.push(character),
            ')' | ']' | '}' => drop(open.pop()),
            '.' if code.get(at + 1) == Some(&'.') && before != '.' => {
                let after = code[at + 2..].iter().find(|c| !c.is_whitespace());
                let rest = matches!(before, '(' | '{' | ',') && matches!(after, Some(')' | '}' | ','));
                if rest && open.last() != Some(&'[') {
                    lines.push(line);
                }
            }
            _ => {}
        }
        if !character.is_whitespace() {
            before = character;
        }
    }
    lines
}

fn sources(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[test]
fn the_adapter_names_every_field_of_a_pattern() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adapt");
    let files = sources(&folder).unwrap();
    assert!(files.len() > 10, "the sources of the adapter are not in {}", folder.display());
    let mut found = Vec::new();
    for file in files {
        let lines = rest_patterns(&fs::read_to_string(&file).unwrap());
        found.extend(lines.into_iter().map(|line| format!("{}:{line}", file.display())));
    }
    assert!(
        found.is_empty(),
        "these patterns leave fields out; name each field, and use or refuse it:\n{}",
        found.join("\n")
    );
}

#[test]
fn a_rest_pattern_is_found_in_every_form() {
    for pattern in [
        "let Query { body, .. } = query;",
        "let Query { .. } = query;",
        "Expr::IsDistinctFrom(..) => {}",
        "Value::Number(text, ..) => {}",
        "Pair(.., last) => {}",
        "matches!(expr, Expr::Case { .. })",
        "let Query {\n    body,\n    ..\n} = query;",
        "let [Pair(a, ..), b] = pairs;",
        "let '\\'' = c else { return }; let Query { .. } = query;",
    ] {
        assert_eq!(rest_patterns(pattern).len(), 1, "{pattern}");
    }
    assert_eq!(rest_patterns("let a = 1;\nlet Query {\n    body,\n    ..\n} = query;"), [4]);
}

#[test]
fn slices_ranges_bases_and_texts_are_not_rest_patterns() {
    for code in [
        "let [first, ..] = list;",
        "let [first, .., last] = list;",
        "Typed { nullable, ..Typed::UNKNOWN }",
        "for index in (0..length).rev() {}",
        "let tail = &text[end..];",
        "text.get(end + 1..)",
        "text.get(..5)",
        "for index in 0..=9 {}",
        "// Query { body, .. }",
        "\"Query { body, .. }\"",
        "r#\"Query { \"body\", .. }\"#",
    ] {
        assert_eq!(rest_patterns(code), Vec::<usize>::new(), "{code}");
    }
}
