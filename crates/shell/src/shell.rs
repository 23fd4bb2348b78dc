//! Runs statements and commands and shows their outcome, for the prompt and for scripts alike.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    time::Instant,
};

use phantomdb_protocol::{Error, ResultSet, TableName, ViewDefinition};
use phantomdb_sql::views;

use crate::{
    commands::{self, Command},
    connection::{Connection, is_cancelled},
    describe, export,
    failure::{FAILED, Failure, INTERRUPTED, Result, exit_code, output_failed},
    format::{self, Format, Pages, Whole, harmless},
    last_result::{LastResult, Recorder},
    listing::listing,
    names::{matches, table_as_sql, table_name},
    open::say,
    output::{Output, Screen},
    report,
    run::Answer,
    schema::{read_schemas, sql_text},
    splitter::Splitter,
    style,
};

/// How deep files may run other files with `.read`.
const READ_DEPTH_MAX: usize = 16;

/// Whether the shell goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Continue,
    Quit,
}

/// The text that statements come from, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin<'a> {
    /// The prompt, or an argument of the command line.
    Typed,
    Stdin,
    File(&'a Path),
}

impl Origin<'_> {
    fn place(self, line: usize) -> Option<String> {
        match self {
            Self::Typed => None,
            Self::Stdin => Some(format!("line {line}")),
            Self::File(path) => Some(format!("{}:{line}", path.display())),
        }
    }
}

pub(crate) struct Shell {
    pub(crate) connection: Connection,
    pub(crate) screen: Screen,
    pub(crate) format: Format,
    is_interactive: bool,
    shows_time: bool,
    uses_pager: bool,
    last_result: LastResult,
    depth: usize,
}

impl Shell {
    pub(crate) fn new(connection: Connection, format: Format, is_interactive: bool) -> Self {
        Self {
            connection,
            screen: Screen::of_stdout(),
            format,
            is_interactive,
            shows_time: false,
            uses_pager: is_interactive,
            last_result: LastResult::None,
            depth: 0,
        }
    }

    /// Runs the statements and the commands of a text, and stops at the first error. The error is shown already.
    pub(crate) fn run_text(&mut self, text: &str, origin: Origin<'_>) -> Result<Next> {
        self.run_lines(text.as_bytes(), origin)
    }

    /// Does the same for a text that is read line by line.
    pub(crate) fn run_lines(&mut self, mut text: impl BufRead, origin: Origin<'_>) -> Result<Next> {
        let mut splitter = Splitter::default();
        let mut line = Vec::new();
        let mut number = 0;
        loop {
            line.clear();
            number += 1;
            let read = text.read_until(b'\n', &mut line);
            let length =
                read.map_err(|error| Failure::failed(format!("the statements cannot be read: {error}")))?;
            if length == 0 {
                break;
            }
            let text = std::str::from_utf8(&line).map_err(|_| {
                Failure::failed(format!(
                    "line {number} of the statements is not UTF-8; nothing of it was run"
                ))
            })?;
            let text = if number == 1 { text.trim_start_matches('\u{feff}') } else { text };
            let next = if !splitter.is_open() && commands::is_command(text) {
                // The splitter counts the lines.
                splitter.push("\n");
                while splitter.next_statement().is_some() {}
                self.run_command(text)?
            } else if splitter.is_within_sql() && commands::is_certainly_command(text, self.is_interactive) {
                self.run_within_statement(text)?
            } else {
                splitter.push(text);
                while let Some(piece) = splitter.next_statement() {
                    self.run_statement(&piece.sql, origin.place(piece.line).as_deref())?;
                }
                Next::Continue
            };
            if next == Next::Quit {
                return Ok(Next::Quit);
            }
        }
        if let Some(piece) = splitter.last_statement() {
            self.run_statement(&piece.sql, origin.place(piece.line).as_deref())?;
        }
        Ok(Next::Continue)
    }

    /// Runs one statement and shows its result.
    fn run_statement(&mut self, sql: &str, place: Option<&str>) -> Result<()> {
        let begun = Instant::now();
        let answer = match self.connection.run(sql) {
            Ok(answer) => answer,
            Err(error) => return Err(self.show_error(&error, sql, place)),
        };
        let mut taken = begun.elapsed();
        match answer {
            Answer::Done(words) => self.remark(words),
            Answer::Changed(count) => self.remark(&outcome(sql, count)),
            Answer::Rows(mut rows) => {
                let mut recorder = Recorder::new(&mut rows);
                let shown = self.show_pages(&mut recorder, sql, place);
                self.last_result = recorder.finish();
                shown?;
                taken = rows.taken();
            }
        }
        if self.shows_time {
            let text = format!("Time: {:.3} ms", taken.as_secs_f64() * 1_000.0);
            if self.is_interactive { self.remark(&text) } else { say(&text) }
        }
        Ok(())
    }

    /// Shows the error of a statement, and returns it as the end of a script.
    fn show_error(&self, error: &Error, sql: &str, place: Option<&str>) -> Failure {
        let has_colours = style::has_colours(&io::stderr());
        say(&report::text(&self.connection, error, sql, place, has_colours));
        Failure::shown(if is_cancelled(error) { INTERRUPTED } else { exit_code(error) })
    }

    /// Shows a line about what was done, where somebody looks at it: a script has its exit code.
    fn remark(&self, text: &str) {
        if self.screen.is_terminal() && !self.format.is_for_programs() {
            // An error means that the terminal is gone; the next result says so.
            let _ = writeln!(io::stdout(), "{}", harmless(text));
        }
    }

    /// Shows a list of the shell's own.
    fn show(&self, listing: &ResultSet) -> Result<()> {
        self.show_pages(&mut Whole::new(std::slice::from_ref(listing)), "", None)
    }

    /// Shows the rows of a statement. The error of a page comes after the rows before it.
    fn show_pages(&self, pages: &mut dyn Pages, sql: &str, place: Option<&str>) -> Result<()> {
        let (format, terminal) = (self.format, self.screen.terminal());
        let mut failed = None;
        let written = self.write(|out| {
            format::write(out, pages, format, terminal).map_err(|error| match database_error(error) {
                Ok(error) => {
                    failed = Some(error);
                    io::ErrorKind::Other.into()
                }
                Err(error) => error,
            })
        });
        match failed {
            Some(error) => Err(self.show_error(&error, sql, place)),
            None => written,
        }
    }

    /// Writes to stdout, through the pager if it is long.
    fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        let mut output = Output::new(self.screen, self.uses_pager, self.connection.interrupts());
        let written = write(&mut output);
        match output.finish(written) {
            Err(error) if self.is_interactive && crate::output::is_interrupted(&error) => {
                say("");
                Ok(())
            }
            outcome => outcome.map_err(|error| output_failed(&error)),
        }
    }

    /// Leaves, or says why another command does not run within a statement that lacks its end.
    fn run_within_statement(&self, line: &str) -> Result<Next> {
        let command = line.split_whitespace().next().unwrap_or_default();
        match Command::parse(line) {
            Ok(Command::Quit) if self.is_interactive => Ok(Next::Quit),
            _ => Err(Failure::failed(format!(
                "the statement before {command} has no ; at its end, so neither was run"
            ))),
        }
    }

    /// Runs a command of the shell.
    pub(crate) fn run_command(&mut self, line: &str) -> Result<Next> {
        let command = Command::parse(line).map_err(Failure::failed)?;
        match command {
            Command::Quit => return Ok(Next::Quit),
            Command::Help => self.write(|out| out.write_all(commands::help().as_bytes()))?,
            Command::Tables(pattern) => self.show_tables(pattern.as_deref())?,
            Command::Databases => self.show_databases()?,
            Command::Describe(table) => self.describe(&table)?,
            Command::Schema(table) => self.show_schema(table.as_deref())?,
            Command::Indexes(table) => {
                let schemas = self.schemas(table.as_deref())?;
                self.show(&describe::indexes(&schemas, self.format.is_for_programs()))?;
            }
            Command::Use(name) => self.choose(&name)?,
            Command::Read(path) => return self.read_file(&path),
            Command::Timer(on) => {
                self.shows_time = on.unwrap_or(!self.shows_time);
                self.remark(if self.shows_time { "The time is shown." } else { "The time is not shown." });
            }
            Command::Pager(on) => {
                self.uses_pager = on.unwrap_or(!self.uses_pager);
                self.remark(if self.uses_pager { "The pager is used." } else { "The pager is not used." });
            }
            Command::Mode(Some(format)) => self.format = format,
            Command::Vertical(on) => {
                let on = on.unwrap_or(self.format != Format::Vertical);
                self.format = if on { Format::Vertical } else { Format::Auto };
                self.remark(&format!("The mode is {}.", self.format.name()));
            }
            Command::Mode(None) => self.remark(&format!("The mode is {}.", self.format.name())),
            Command::Export(file, what) => self.export(&file, what.as_deref())?,
            Command::Status => self.show_status()?,
        }
        Ok(Next::Continue)
    }

    fn show_tables(&self, pattern: Option<&str>) -> Result<()> {
        let is_wanted = |table: &TableName| {
            pattern
                .is_none_or(|pattern| matches(pattern, &table.name) || matches(pattern, &table.to_string()))
        };
        let mut tables = self.connection.tables()?;
        tables.retain(is_wanted);
        let mut views: Vec<TableName> = self.connection.views()?.iter().map(views::name).collect();
        views.retain(is_wanted);
        // A program compares names, and a person copies them into a statement.
        let shown = |table: &TableName| match (table.is_of_console(), self.format.is_for_programs()) {
            (_, true) => table.to_string(),
            (true, false) => table.label(),
            (false, false) => table_as_sql(table),
        };
        // Most databases have no views, and need no column that says so.
        if views.is_empty() {
            let rows: Vec<_> = tables.iter().map(|table| [Some(shown(table))]).collect();
            self.show(&listing(["table"], &rows))?;
        } else {
            let of_kind = |kind: &'static str| move |table| [Some(shown(table)), Some(kind.to_owned())];
            let rows: Vec<_> =
                tables.iter().map(of_kind("table")).chain(views.iter().map(of_kind("view"))).collect();
            self.show(&listing(["table", "kind"], &rows))?;
        }
        if let Some(pattern) = pattern.filter(|_| tables.is_empty() && views.is_empty()) {
            say(&format!("no table is named {}; * and ? stand for other text", harmless(pattern)));
        }
        Ok(())
    }

    fn show_databases(&self) -> Result<()> {
        let rows: Vec<_> = self.connection.databases()?.into_iter().map(|name| [Some(name)]).collect();
        self.show(&listing(["database"], &rows))
    }

    fn describe(&self, name: &str) -> Result<()> {
        let schema = self.schemas(Some(name))?.remove(0);
        if self.format.is_for_programs() || self.format == Format::Markdown {
            return self.show(&describe::columns(&schema));
        }
        let references = read_schemas(&self.connection, |_| true)?;
        let terminal = self.screen.terminal();
        let view = self.view(&schema.table)?;
        self.write(|out| describe::write(out, &schema, view.as_ref(), &references, terminal))
    }

    /// The view of this name; none for a table.
    fn view(&self, name: &TableName) -> Result<Option<ViewDefinition>> {
        Ok(self.connection.views()?.into_iter().find(|view| views::name(view) == *name))
    }

    fn show_schema(&self, table: Option<&str>) -> Result<()> {
        let schemas = self.schemas(table)?;
        let text = match schemas.as_slice() {
            [schema] if table.is_some() => match self.view(&schema.table)? {
                Some(view) => views::sql_text(&[view]),
                None => sql_text(&schemas)?,
            },
            _ => sql_text(&schemas)? + &views::sql_text(&self.connection.views()?),
        };
        let is_terminal = self.screen.is_terminal();
        self.write(|out| {
            let text = if is_terminal { format::harmless_lines(&text) } else { text.as_str().into() };
            out.write_all(text.as_bytes())
        })
    }

    /// The descriptions of all tables, or of one.
    fn schemas(&self, table: Option<&str>) -> Result<Vec<phantomdb_protocol::TableSchema>> {
        let Some(name) = table else { return Ok(read_schemas(&self.connection, |_| true)?) };
        let wanted = table_name(name)
            .ok_or_else(|| Failure::failed(format!("{name} is no name of a table; write \"…\" around it")))?;
        let schema = self.connection.describe(&wanted).map_err(|error| self.show_error(&error, "", None))?;
        Ok(vec![schema])
    }

    fn choose(&self, name: &str) -> Result<()> {
        let bare = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
        self.connection.choose(bare)?;
        self.remark(&format!("The database is \"{bare}\"."));
        Ok(())
    }

    /// Runs the statements of a file.
    pub(crate) fn read_file(&mut self, path: &Path) -> Result<Next> {
        if self.depth >= READ_DEPTH_MAX {
            let message = format!("{} is read by a file that it reads itself", path.display());
            return Err(Failure::failed(message));
        }
        let file = File::open(path)
            .map_err(|error| Failure::failed(format!("{} cannot be read: {error}", path.display())))?;
        self.depth += 1;
        let outcome = self.run_lines(BufReader::new(file), Origin::File(path));
        self.depth -= 1;
        outcome
    }

    fn export(&self, path: &Path, what: Option<&str>) -> Result<()> {
        let format = export::format(path)?;
        match what {
            Some(what) => {
                let query = export::query(what)?;
                let written = match self.connection.run(&query) {
                    Ok(Answer::Rows(mut rows)) => export::write(path, &mut rows, format),
                    Ok(_) => return Err(Failure::failed("the statement answers no rows")),
                    Err(error) => Err(export::NotWritten::Database(error)),
                };
                written.map_err(|not| match not {
                    export::NotWritten::Database(error) => self.show_error(&error, &query, None),
                    export::NotWritten::File(failure) => failure,
                })?;
            }
            None => {
                let mut pages = Whole::new(self.last_result.pages()?);
                export::write(path, &mut pages, format).map_err(export::NotWritten::into_failure)?;
            }
        }
        self.remark(&format!("Written to {}.", path.display()));
        Ok(())
    }

    fn show_status(&self) -> Result<()> {
        let info = self.connection.info()?;
        let text = |text: &str| Some(text.to_owned());
        let rows = [
            [text("version"), text(&info.version)],
            [text("engine"), Some(format!("{} {}", info.engine.name, info.engine.version))],
            [text("url"), text(self.connection.url())],
            [text("database"), self.connection.chosen()],
            [text("transaction"), text(if self.connection.has_transaction() { "open" } else { "none" })],
            [text("mode"), Some(self.format.name())],
        ];
        self.show(&listing(["what", "value"], &rows))
    }

    /// Rolls back what is open and closes the database, at the end of a script.
    pub(crate) fn finish_script(self, outcome: Result<Next>) -> Result<()> {
        let closed = self.connection.close();
        outcome?;
        if closed? {
            say("phantomdb: the transaction was still open, and was rolled back; COMMIT keeps its changes");
            return Err(Failure::shown(FAILED));
        }
        Ok(())
    }
}

/// The error of the database because of which rows could not be written; or else that of the output.
fn database_error(error: io::Error) -> Result<Error, io::Error> {
    error.downcast::<Error>()
}

/// What a statement without rows did: `2 rows inserted`, `CREATE TABLE`.
fn outcome(sql: &str, count: u64) -> String {
    let words: Vec<String> = first_words(sql);
    let verb = match words.first().map(String::as_str) {
        Some("INSERT") => "inserted",
        Some("UPDATE") => "updated",
        Some("DELETE") => "deleted",
        Some("WITH") => "changed",
        _ => return words.join(" "),
    };
    if count == 1 { format!("1 row {verb}") } else { format!("{count} rows {verb}") }
}

/// The first word of a statement in upper case; two for a statement that changes the schema. Comments count for none.
fn first_words(sql: &str) -> Vec<String> {
    let mut rest = sql.trim_start();
    loop {
        let end = if rest.starts_with("--") {
            rest.find('\n').map(|at| at + 1)
        } else if rest.starts_with("/*") {
            rest.find("*/").map(|at| at + 2)
        } else {
            break;
        };
        rest = end.map_or("", |end| &rest[end..]).trim_start();
    }
    let words = rest.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.take(2).map(str::to_ascii_uppercase).collect();
    let takes_two = matches!(words.first().map(String::as_str), Some("CREATE" | "DROP" | "ALTER"));
    words.into_iter().take(if takes_two { 2 } else { 1 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_a_statement_did() {
        for (sql, count, expected) in [
            ("INSERT INTO t VALUES (1)", 1, "1 row inserted"),
            ("-- all\n/* of */ delete from t", 0, "0 rows deleted"),
            ("UPDATE t SET a = 1", 3, "3 rows updated"),
            ("create table t (a INTEGER)", 0, "CREATE TABLE"),
            ("SAVEPOINT a", 0, "SAVEPOINT"),
        ] {
            assert_eq!(outcome(sql, count), expected);
        }
    }
}
