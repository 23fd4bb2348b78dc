//! docs/cli.md shows what a terminal shows: these tests run it.

use std::process::Command;

use super::{common::process::Directory, outcome, prompt::at_terminal, run};

const PAGE: &str = include_str!("../../../../docs/cli.md");

/// The blocks of code of a kind.
fn blocks(kind: &str) -> Vec<&'static str> {
    PAGE.split("\n```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n'))
        .collect()
}

/// Splits a block into what is typed after each mark, and what is shown then.
fn exchanges<'a>(
    block: &'a str,
    is_typed: impl Fn(&'a str) -> Option<&'a str>,
) -> Vec<(String, Vec<&'a str>)> {
    let mut exchanges: Vec<(String, Vec<&str>)> = Vec::new();
    for line in block.lines() {
        match is_typed(line) {
            Some(typed) => exchanges.push((typed.to_owned(), Vec::new())),
            None => exchanges.last_mut().unwrap().1.push(line),
        }
    }
    exchanges
}

#[test]
fn each_command_shows_what_the_page_says() {
    let directory = Directory::new("docs-cli");
    std::fs::create_dir_all(directory.path()).unwrap();
    std::fs::write(directory.0.join("shop.sql"), blocks("sql")[0]).unwrap();
    let bin = directory.0.join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_phantomdb"), bin.join("phantomdb")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut count = 0;
    for block in blocks("console") {
        for (command, shown) in exchanges(block, |line| line.strip_prefix("$ ")) {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("{command} 2>&1")]).env("PATH", &path).current_dir(directory.path());
            let answer = outcome(&mut shell, "");
            let lines: Vec<&str> = answer.stdout.trim_end().lines().collect();
            assert_eq!(lines, shown, "{command}");
            count += 1;
        }
    }
    assert!(count >= 8, "the page has its examples");
}

#[test]
fn the_session_at_the_prompt_goes_as_the_page_says() {
    let directory = Directory::new("docs-prompt");
    let state = Directory::new("docs-prompt-state");
    assert_eq!(run(&["databases", "create", "shop", directory.path()], "").code, Some(0));
    assert_eq!(run(&["sql", directory.path()], blocks("sql")[0]).code, Some(0));
    let mut session = at_terminal(&[directory.path()], &state);
    session.exp_string("A statement ends with ;").unwrap();
    let mut count = 0;
    for block in blocks("text").into_iter().filter(|block| block.starts_with("shop> ")) {
        let is_typed =
            |line: &'static str| line.strip_prefix("shop> ").or_else(|| line.strip_prefix("shop*> "));
        for (typed, shown) in exchanges(block, is_typed) {
            session.send_line(&typed).unwrap();
            for line in shown {
                // The session takes each byte for a character.
                let bytes: String = line.trim_end().bytes().map(char::from).collect();
                session.exp_string(&bytes).unwrap_or_else(|error| panic!("{typed}: {line:?}: {error}"));
            }
            count += 1;
        }
    }
    assert!(count >= 5, "the page has its session");
    session.send_line(".quit").unwrap();
    session.exp_eof().unwrap();
}
