//! The commands of the shell that are not SQL: `.tables`, and what psql calls `\dt`.

use std::path::PathBuf;

use super::completion::{Completion, Names};
use crate::{
    format::Format,
    names::{nearest, table_as_sql},
};

/// A command of the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    /// With a pattern of `*` and `?`.
    Tables(Option<String>),
    Schema(Option<String>),
    Describe(String),
    Indexes(Option<String>),
    Databases,
    Use(String),
    Read(PathBuf),
    /// None asks for the other way than now.
    Timer(Option<bool>),
    /// None asks which one it is.
    Mode(Option<Format>),
    /// None asks for the other way than now.
    Pager(Option<bool>),
    /// Vertical or auto; none asks for the other one.
    Vertical(Option<bool>),
    /// A file, and the table or the SELECT to write; none for the last result.
    Export(PathBuf, Option<String>),
    Status,
    Quit,
}

/// What an argument is, for completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Argument {
    None,
    Table,
    Database,
    File,
    Format,
    Switch,
}

/// A command with its names. The first is the one that the help shows; others are those of psql and sqlite3.
struct Entry {
    names: &'static [&'static str],
    usage: &'static str,
    help: &'static str,
    argument: Argument,
}

const ENTRIES: &[Entry] = &[
    entry(
        &[".tables", "\\dt"],
        "[PATTERN]",
        "List tables and views; * and ? stand for other text",
        Argument::Table,
    ),
    entry(&[".describe", "\\d"], "TABLE", "Show the columns, keys and indexes of a table", Argument::Table),
    entry(&[".schema"], "[TABLE]", "Show the SQL that makes the tables and views", Argument::Table),
    entry(&[".indexes", "\\di"], "[TABLE]", "List the indexes", Argument::Table),
    entry(&[".databases", "\\l"], "", "List the databases", Argument::None),
    entry(&[".use", "\\c"], "DATABASE", "Choose another database", Argument::Database),
    entry(&[".mode"], "[FORMAT]", "Show results in this form, or say which it is", Argument::Format),
    entry(&["\\x"], "[on|off]", "Change between vertical and auto", Argument::Switch),
    entry(&[".timer", "\\timing"], "[on|off]", "Show how long each statement takes", Argument::Switch),
    entry(&[".pager"], "[on|off]", "Show long results in the program of $PAGER", Argument::Switch),
    entry(&[".read", "\\i"], "FILE", "Run the statements of a file", Argument::File),
    entry(
        &[".export"],
        "FILE [WHAT]",
        "Write the last result, a table or a SELECT to a file",
        Argument::File,
    ),
    entry(&[".status", "\\conninfo"], "", "Show server, database and transaction", Argument::None),
    entry(&[".help", "\\?", "\\h"], "", "Show this help", Argument::None),
    entry(&[".quit", "\\q", ".exit"], "", "Leave, as Ctrl-D does", Argument::None),
];

const fn entry(
    names: &'static [&'static str],
    usage: &'static str,
    help: &'static str,
    argument: Argument,
) -> Entry {
    Entry { names, usage, help, argument }
}

/// True for a line that is a command and not SQL.
pub(crate) fn is_command(line: &str) -> bool {
    let line = line.trim();
    line.starts_with(['.', '\\']) || ["exit", "quit", "help"].contains(&line.trim_end_matches(';'))
}

/// True for a line of an unfinished statement that is a command all the same: SQL may go on with a dot, as in `t` and `.id` on two
/// lines, but hardly with one of these names. A person who types `exit` there wants to leave.
pub(crate) fn is_certainly_command(line: &str, is_interactive: bool) -> bool {
    let name = line.split_whitespace().next().unwrap_or_default();
    let is_word = is_interactive && ["exit", "quit"].contains(&line.trim());
    is_word || ENTRIES.iter().any(|entry| entry.names.contains(&name.trim_end_matches(';')))
}

impl Command {
    /// Reads a line. The error says what is wrong with it.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim().trim_end_matches(';');
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let argument = (!rest.is_empty()).then(|| rest.to_owned());
        let missing = |what: &str| format!("{name} needs {what}");
        let needed = |what: &str| argument.clone().ok_or_else(|| missing(what));
        Ok(match name {
            ".help" | "\\?" | "\\h" | "help" => Self::Help,
            ".tables" | "\\dt" => Self::Tables(argument),
            ".schema" => Self::Schema(argument),
            "\\d" if argument.is_none() => Self::Tables(None),
            ".describe" | "\\d" => Self::Describe(needed("the name of a table")?),
            ".indexes" | "\\di" => Self::Indexes(argument),
            ".databases" | "\\l" => Self::Databases,
            ".use" | "\\c" => Self::Use(needed("the name of a database")?),
            ".read" | "\\i" => Self::Read(whole_path(&needed("the path of a file")?)),
            ".timer" | "\\timing" => Self::Timer(switch(name, argument.as_deref())?),
            ".pager" => Self::Pager(switch(name, argument.as_deref())?),
            ".mode" => Self::Mode(argument.map(|format| format_named(&format)).transpose()?),
            "\\x" => Self::Vertical(switch(name, argument.as_deref())?),
            ".export" => {
                let whole = needed("the path of a file")?;
                let (file, what) = file_and_rest(&whole);
                Self::Export(path(file), (!what.is_empty()).then(|| what.to_owned()))
            }
            ".status" | "\\conninfo" => Self::Status,
            ".quit" | "\\q" | ".exit" | "exit" | "quit" => Self::Quit,
            _ => return Err(unknown(name)),
        })
    }
}

/// Commands of other shells, and how the same is done here.
const INSTEAD: &[(&[&str], &str)] = &[
    (&[".dump"], ".schema shows the SQL of the tables, and `phantomdb export` writes the rows too"),
    (&[".headers", ".header", ".separator", ".width", ".nullvalue"], ".mode chooses the form of results"),
    (&["\\a", "\\t", "\\pset", "\\H"], ".mode chooses the form of results"),
    (
        &[".output", ".once", "\\o", "\\g", "\\gx"],
        ".export writes a result to a file, and .mode chooses its form",
    ),
    (&[".import", "\\copy"], ".export writes a table to a file, and .read runs the statements of one"),
    (&[".open", ".connect", "\\connect"], ".use chooses another database of the same place"),
    (&["\\dv"], ".tables lists the views too"),
    (&["\\e", ".edit"], "the arrow up brings a statement back, to change it"),
];

fn unknown(name: &str) -> String {
    if let Some((_, how)) = INSTEAD.iter().find(|(names, _)| names.contains(&name)) {
        return format!("there is no command {name}; {how}");
    }
    let names = ENTRIES.iter().flat_map(|entry| entry.names.iter().copied());
    match nearest(name, names) {
        Some(nearest) => format!("there is no command {name}; did you mean {nearest}?"),
        None => format!("there is no command {name}; .help lists them"),
    }
}

fn switch(name: &str, argument: Option<&str>) -> Result<Option<bool>, String> {
    match argument {
        None => Ok(None),
        Some("on") => Ok(Some(true)),
        Some("off") => Ok(Some(false)),
        Some(_) => Err(format!("{name} takes on or off")),
    }
}

fn format_named(name: &str) -> Result<Format, String> {
    Format::named(name)
        .ok_or_else(|| format!("there is no mode {name}; there are {}", Format::names().join(", ")))
}

/// A path, perhaps in quotes because it has spaces, and what follows it.
fn file_and_rest(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some((file, rest)) = text.strip_prefix(quote).and_then(|text| text.split_once(quote)) {
            return (file, rest.trim());
        }
    }
    text.split_once(char::is_whitespace).map_or((text, ""), |(file, rest)| (file, rest.trim()))
}

/// A path that is all of a text, perhaps in quotes; without them it may have spaces too.
fn whole_path(text: &str) -> PathBuf {
    match file_and_rest(text) {
        (file, "") => path(file),
        _ => path(text),
    }
}

/// A path, in which `~` is the home directory, as it is for a shell.
fn path(text: &str) -> PathBuf {
    let within_home = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() => Some(rest),
        Some(rest) => rest.strip_prefix(std::path::is_separator),
        None => None,
    };
    match (within_home, std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => text.into(),
    }
}

/// The lines of the help.
pub(crate) fn help() -> String {
    let usages: Vec<String> = ENTRIES
        .iter()
        .map(|entry| format!("{} {}", entry.names[0], entry.usage).trim_end().to_owned())
        .collect();
    let widest = usages.iter().map(|usage| usage.chars().count()).max().unwrap_or_default();
    let mut text = String::from("A statement ends with ; and may have several lines. Tab completes.\n\n");
    for (usage, entry) in usages.iter().zip(ENTRIES) {
        let others = match &entry.names[1..] {
            [] => String::new(),
            names => format!(" ({})", names.join(", ")),
        };
        let space = " ".repeat(widest - usage.chars().count());
        text.push_str(&format!("{usage}{space}  {}{others}\n", entry.help));
    }
    text.push_str(
        "\nThe modes are auto, table, vertical, csv, json and markdown. The file of .export\n\
         ends in .csv, .json, .md or .txt. Ctrl-C stops the statement that runs, or\n\
         empties the line. BEGIN, COMMIT, ROLLBACK and SAVEPOINT work as in psql; the\n\
         prompt shows an open transaction as *.\n",
    );
    text
}

/// The completions of a command or of its argument. None for SQL.
pub(crate) fn complete(text: &str, names: &dyn Names) -> Option<Completion> {
    let line = text.trim_start();
    if !line.starts_with(['.', '\\']) {
        return None;
    }
    let Some((command, argument)) = line.split_once(char::is_whitespace) else {
        let all = ENTRIES.iter().flat_map(|entry| entry.names.iter());
        let candidates = all.filter(|name| name.starts_with(line)).map(|name| (*name).to_owned()).collect();
        return Some(Completion { start: text.len() - line.len(), candidates });
    };
    let entry = ENTRIES.iter().find(|entry| entry.names.contains(&command))?;
    let argument = argument.trim_start();
    let all: Vec<String> = match entry.argument {
        Argument::Table => names.tables().iter().map(table_as_sql).collect(),
        Argument::Database => names.databases(),
        Argument::Format => Format::names(),
        Argument::Switch => vec!["on".to_owned(), "off".to_owned()],
        Argument::None | Argument::File => Vec::new(),
    };
    let typed = argument.trim_start_matches('"').to_lowercase();
    let begins = |name: &String| name.trim_start_matches('"').to_lowercase().starts_with(&typed);
    let candidates = all.into_iter().filter(begins).collect();
    Some(Completion { start: text.len() - argument.len(), candidates })
}

/// The path that is typed as the argument of a command, for the completion of files.
pub(crate) fn is_before_file(text: &str) -> bool {
    let line = text.trim_start();
    line.split_once(char::is_whitespace).is_some_and(|(command, _)| {
        ENTRIES.iter().any(|entry| entry.argument == Argument::File && entry.names.contains(&command))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_the_commands_of_sqlite_and_of_psql() {
        let some = |text: &str| Some(text.to_owned());
        for (line, command) in [
            (".tables", Command::Tables(None)),
            ("\\dt us*", Command::Tables(some("us*"))),
            ("\\d", Command::Tables(None)),
            ("\\d users;", Command::Describe("users".into())),
            (".describe \"User Orders\"", Command::Describe("\"User Orders\"".into())),
            ("\\l", Command::Databases),
            ("\\timing", Command::Timer(None)),
            (".timer on", Command::Timer(Some(true))),
            (".mode json", Command::Mode(Some(Format::Json))),
            ("\\x", Command::Vertical(None)),
            ("\\x off", Command::Vertical(Some(false))),
            (".export a.csv", Command::Export("a.csv".into(), None)),
            (".export 'my file.csv' SELECT 1", Command::Export("my file.csv".into(), some("SELECT 1"))),
            ("exit;", Command::Quit),
        ] {
            assert!(is_command(line), "{line}");
            assert_eq!(Command::parse(line), Ok(command), "{line}");
        }
        assert!(!is_command("SELECT 1"));
        for (line, is_typed, expected) in
            [(".quit\n", false, true), ("\\q;", true, true), ("exit", true, true), ("exit", false, false)]
        {
            assert_eq!(is_certainly_command(line, is_typed), expected, "{line}");
        }
        for line in [".id", "exit;", ", quit", "\\z"] {
            assert!(!is_certainly_command(line, true), "{line}");
        }
    }

    #[test]
    fn it_says_what_is_wrong_with_a_command() {
        for (line, message) in [
            (".tabels", "there is no command .tabels; did you mean .tables?"),
            (".zzzzz", "there is no command .zzzzz; .help lists them"),
            (".headers on", "there is no command .headers; .mode chooses the form of results"),
            ("\\dv", "there is no command \\dv; .tables lists the views too"),
            (".mode xml", "there is no mode xml; there are auto, table, vertical, csv, json, markdown"),
            (".timer maybe", ".timer takes on or off"),
            (".use", ".use needs the name of a database"),
        ] {
            assert_eq!(Command::parse(line), Err(message.to_owned()));
        }
    }

    #[test]
    fn a_path_may_have_quotes_and_begin_with_the_home_directory() {
        let home = std::env::home_dir().unwrap();
        for (line, file) in [
            (".read a b.sql", PathBuf::from("a b.sql")),
            (".read \"a b.sql\"", "a b.sql".into()),
            ("\\i 'a b.sql'", "a b.sql".into()),
            (".read ~/x.sql", home.join("x.sql")),
            (".read \"~/a b.sql\"", home.join("a b.sql")),
            (".read ~x/x.sql", "~x/x.sql".into()),
        ] {
            assert_eq!(Command::parse(line), Ok(Command::Read(file)), "{line}");
        }
        let export = Command::parse(".export ~/x.csv users");
        assert_eq!(export, Ok(Command::Export(home.join("x.csv"), Some("users".into()))));
    }

    #[test]
    fn every_command_of_the_help_is_known() {
        for name in ENTRIES.iter().flat_map(|entry| entry.names) {
            let line = format!("{name} on");
            let read = Command::parse(&line).or_else(|_| Command::parse(name));
            let read = read.or_else(|_| Command::parse(&format!("{name} json")));
            assert!(read.is_ok(), "{read:?}");
            assert!(help().contains(name), "{name}");
        }
        assert!(help().lines().all(|line| line.chars().count() <= 80));
    }
}
