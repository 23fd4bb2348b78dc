//! The line editor: history, completion, and statements of several lines.

use std::{borrow::Cow, cell::RefCell, collections::HashMap, fs, io::stdout, path::PathBuf};

use phantomdb_protocol::TableName;
use rustyline::{
    CompletionType, Config, Context, Editor, Helper,
    completion::{Completer, FilenameCompleter, Pair},
    error::ReadlineError,
    highlight::Highlighter,
    hint::{Hint, Hinter},
    history::FileHistory,
    validate::{ValidationContext, ValidationResult, Validator},
};

use super::completion::Names;
use crate::{
    commands,
    complete::complete,
    connection::Connection,
    format::harmless,
    splitter::Splitter,
    style::{DIM, has_colours, paint},
};

const HISTORY_MAX: usize = 5_000;

/// What the user did.
pub(crate) enum Input {
    Text(String),
    /// Ctrl-C, which empties the line.
    Interrupted,
    /// Ctrl-D on an empty line.
    End,
}

pub(crate) struct LineEditor {
    editor: Editor<Assistant, FileHistory>,
    history: Option<PathBuf>,
}

impl LineEditor {
    /// Fails when the terminal cannot be used.
    pub(crate) fn new(connection: &Connection) -> Result<Self, String> {
        let failed = |error: ReadlineError| format!("the terminal cannot be used: {error}");
        let config = Config::builder()
            .max_history_size(HISTORY_MAX)
            .map_err(failed)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .build();
        let mut editor = Editor::with_config(config).map_err(failed)?;
        editor.set_helper(Some(Assistant {
            names: CachedNames { connection: connection.clone(), cache: RefCell::default() },
            files: FilenameCompleter::new(),
            has_colours: has_colours(&stdout()),
        }));
        let history = history_file();
        if let Some(path) = &history
            && path.exists()
            && let Err(error) = editor.load_history(path)
        {
            // The shell is as useful without its past.
            eprintln!("the history {} cannot be read: {error}", path.display());
        }
        Ok(Self { editor, history })
    }

    pub(crate) fn read(&mut self, prompt: &str) -> Result<Input, String> {
        match self.editor.readline(prompt) {
            Ok(text) => {
                self.remember(&text);
                Ok(Input::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Input::Interrupted),
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(error) => Err(format!("the terminal cannot be read: {error}")),
        }
    }

    /// Writes each line at once, so that it is kept however the shell ends.
    fn remember(&mut self, text: &str) {
        let text = text.trim_end();
        if text.is_empty() || !matches!(self.editor.add_history_entry(text), Ok(true)) {
            return;
        }
        let Some(path) = &self.history else { return };
        let written =
            if path.exists() { self.editor.append_history(path) } else { self.editor.save_history(path) };
        if let Err(error) = written {
            eprintln!("the history {} cannot be written: {error}", path.display());
            self.history = None;
        }
    }
}

/// The file of the history, whose directory is there. None when the user wants none, or has no home.
fn history_file() -> Option<PathBuf> {
    if let Some(file) = std::env::var_os("PHANTOMDB_HISTORY") {
        return (!file.is_empty()).then(|| PathBuf::from(file));
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        variable("XDG_STATE_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/state")))
    }?;
    let directory = state.join("phantomdb");
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if let Err(error) = builder.create(&directory) {
        eprintln!("there is no history, because {} cannot be made: {error}", directory.display());
        return None;
    }
    Some(directory.join("history"))
}

/// What the editor asks while the user types.
struct Assistant {
    names: CachedNames,
    files: FilenameCompleter,
    has_colours: bool,
}

impl Helper for Assistant {}

impl Highlighter for Assistant {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        paint(hint, DIM, self.has_colours)
    }
}

/// Says how to go on in a statement of several lines.
struct Unfinished;

impl Hint for Unfinished {
    fn display(&self) -> &str {
        "  ; ends the statement, Ctrl-C drops it"
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for Assistant {
    type Hint = Unfinished;

    /// Enter only begins another line while a statement has no end, which nobody sees without a word.
    fn hint(&self, line: &str, position: usize, _: &Context<'_>) -> Option<Unfinished> {
        let is_new_line = position == line.len() && line.ends_with('\n');
        (is_new_line && !is_whole(line)).then_some(Unfinished)
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let is_whole = is_whole(context.input());
        Ok(if is_whole { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

/// True for a text that is ready to run: a command, or statements that each end with a semicolon.
fn is_whole(text: &str) -> bool {
    if commands::is_command(text) {
        return true;
    }
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let mut splitter = Splitter::default();
    splitter.push(before);
    while splitter.next_statement().is_some() {}
    if splitter.is_within_sql() && commands::is_certainly_command(last, true) {
        return true;
    }
    splitter.push(&text[before.len()..]);
    while splitter.next_statement().is_some() {}
    !splitter.is_open()
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = line.get(..position).unwrap_or(line);
        if commands::is_before_file(before) {
            return self.files.complete(line, position, context);
        }
        let completion = complete(before, line, &self.names);
        // A name that would command the terminal is not for typing.
        let candidates = completion.candidates.into_iter().filter(|name| harmless(name) == *name);
        let pairs = candidates.map(|name| Pair { display: name.clone(), replacement: name });
        Ok((completion.start, pairs.collect()))
    }
}

/// The names of the database, which are read again after a statement ran.
struct CachedNames {
    connection: Connection,
    cache: RefCell<Cache>,
}

#[derive(Default)]
struct Cache {
    /// The number of statements and the database when it was filled.
    key: (u64, Option<String>),
    tables: Option<Vec<TableName>>,
    columns: HashMap<TableName, Vec<String>>,
}

impl CachedNames {
    fn with_cache<T>(&self, read: impl FnOnce(&mut Cache) -> T) -> T {
        let key = (self.connection.statements(), self.connection.chosen());
        let mut cache = self.cache.borrow_mut();
        if cache.key != key {
            *cache = Cache { key, ..Cache::default() };
        }
        read(&mut cache)
    }
}

impl Names for CachedNames {
    fn tables(&self) -> Vec<TableName> {
        self.with_cache(|cache| {
            let read = || self.connection.look_up_relations().unwrap_or_default();
            cache.tables.get_or_insert_with(read).clone()
        })
    }

    fn columns(&self, table: &TableName) -> Vec<String> {
        self.with_cache(|cache| {
            let read = || {
                let schema = self.connection.look_up_table(table);
                schema.map(|schema| schema.columns.into_iter().map(|column| column.name).collect())
            };
            cache.columns.entry(table.clone()).or_insert_with(|| read().unwrap_or_default()).clone()
        })
    }

    fn databases(&self) -> Vec<String> {
        self.connection.look_up_databases().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn enter_runs_what_is_whole_and_continues_what_is_not() {
        for text in [
            "",
            "  ",
            "SELECT 1;",
            "SELECT 1; -- one",
            ".tables",
            "\\q",
            "exit",
            "-- nothing",
            "SELECT 1\n.quit",
        ] {
            assert!(is_whole(text), "{text}");
        }
        for text in ["SELECT 1", "SELECT ';", "/* ;", "SELECT 1; SELECT", "SELECT t\n.id", "SELECT '\n.quit"]
        {
            assert!(!is_whole(text), "{text}");
        }
    }
}
