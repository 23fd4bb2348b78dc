//! Where results go: stdout, and a pager for what is longer than the screen.

use std::{
    io::{self, IsTerminal as _, Write},
    process::{Child, Command, Stdio},
};

use crate::{format::terminal::Terminal, interrupts::Interrupts, style};

/// The pager when the environment names none. `less` then ends by itself for what fits, shows colours, and scrolls to the right
/// of a table that is wider than the screen instead of wrapping its lines.
const PAGER: &str = "less";
const LESS: &str = "FRSX";

/// What stdout is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// Columns and rows; none when stdout is no terminal.
    size: Option<(usize, usize)>,
    has_colours: bool,
}

impl Screen {
    pub(crate) fn of_stdout() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let size = is_terminal.then(|| {
            terminal_size::terminal_size()
                .map_or((80, 24), |(width, height)| (usize::from(width.0), usize::from(height.0)))
        });
        Self { size, has_colours: style::has_colours(&io::stdout()) }
    }

    pub(crate) fn is_terminal(self) -> bool {
        self.size.is_some()
    }

    pub(crate) fn terminal(self) -> Terminal {
        Terminal { width: self.size.map(|(width, _)| width), has_colours: self.has_colours }
    }
}

/// Writes to stdout, through a pager once it is more than the screen shows.
pub(crate) struct Output {
    screen: Screen,
    /// What is written, until it is known whether it fits on the screen.
    held: Vec<u8>,
    lines: usize,
    sink: Sink,
    interrupts: Interrupts,
    /// How often Ctrl-C was pressed before the output began.
    interrupted: u64,
}

enum Sink {
    Undecided,
    Stdout(io::BufWriter<io::Stdout>),
    Pager(Child),
}

impl Output {
    pub(crate) fn new(screen: Screen, uses_pager: bool, interrupts: &Interrupts) -> Self {
        let uses_pager = uses_pager && screen.is_terminal();
        let sink = if uses_pager { Sink::Undecided } else { Sink::Stdout(io::BufWriter::new(io::stdout())) };
        Self {
            screen,
            held: Vec::new(),
            lines: 0,
            sink,
            interrupts: interrupts.clone(),
            interrupted: interrupts.count(),
        }
    }

    /// Counts the lines of the screen that a text takes. A line that is too long takes several.
    fn count(&mut self, bytes: &[u8]) {
        let columns = self.screen.size.map_or(80, |(width, _)| width.max(1));
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_whole = line.last() == Some(&b'\n');
            self.lines += line.len() / columns + usize::from(is_whole);
        }
    }

    fn fits(&self) -> bool {
        // The next prompt takes a line too.
        self.screen.size.is_none_or(|(_, height)| self.lines + 2 < height)
    }

    fn start(&mut self) -> io::Result<()> {
        self.sink = match pager() {
            Some(child) => Sink::Pager(child),
            None => Sink::Stdout(io::BufWriter::new(io::stdout())),
        };
        let held = std::mem::take(&mut self.held);
        self.pass(&held)
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.sink {
            Sink::Undecided => {
                self.held.extend_from_slice(bytes);
                Ok(())
            }
            Sink::Stdout(out) => out.write_all(bytes),
            Sink::Pager(child) => match &mut child.stdin {
                Some(stdin) => stdin.write_all(bytes),
                None => Ok(()),
            },
        }
    }

    fn write_held(&mut self) -> io::Result<()> {
        if matches!(self.sink, Sink::Undecided) {
            let held = std::mem::take(&mut self.held);
            self.sink = Sink::Stdout(io::BufWriter::new(io::stdout()));
            self.pass(&held)?;
        }
        self.flush()
    }

    /// Writes what is left and waits for the user to leave the pager. `written` is the outcome of writing: somebody who
    /// leaves the pager before the end has seen enough.
    pub(crate) fn finish(mut self, written: io::Result<()>) -> io::Result<()> {
        let outcome = match written {
            Err(error) if is_interrupted(&error) => Err(error),
            // The pager also shows the rows that came before an error.
            written => self.write_held().and(written),
        };
        match self.sink {
            Sink::Pager(mut child) => {
                drop(child.stdin.take());
                child.wait()?;
                outcome.or_else(|error| match error.kind() {
                    io::ErrorKind::BrokenPipe => Ok(()),
                    _ => Err(error),
                })
            }
            _ => outcome,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.interrupts.count() != self.interrupted && !matches!(self.sink, Sink::Pager(_)) {
            // `write_all` would try again after `Interrupted`.
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "interrupted"));
        }
        if matches!(self.sink, Sink::Undecided) {
            self.count(bytes);
            if !self.fits() {
                self.start()?;
            }
        }
        self.pass(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Undecided => Ok(()),
            Sink::Stdout(out) => out.flush(),
            Sink::Pager(child) => child.stdin.as_mut().map_or(Ok(()), Write::flush),
        }
    }
}

/// True for the error of an output that Ctrl-C ended.
pub(crate) fn is_interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionAborted
}

/// Starts the pager of the environment, or `less`. None when there is none, or when the user wants none.
fn pager() -> Option<Child> {
    let named = std::env::var("PHANTOMDB_PAGER").or_else(|_| std::env::var("PAGER"));
    let program = named.unwrap_or_else(|_| PAGER.to_owned());
    if program.trim().is_empty() || program.trim() == "cat" {
        return None;
    }
    let mut command = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    command.args([if cfg!(windows) { "/C" } else { "-c" }, &*program]);
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", LESS);
    }
    // A shell starts even when the program is not there, so the program is looked for first.
    let first = program.split_whitespace().next()?;
    if !is_there(first) {
        return None;
    }
    show_where_this_shows(&mut command);
    command.stdin(Stdio::piped()).spawn().ok()
}

/// Gives a program copies of this one's output. Node closes its own in every program that it does not start itself, so that
/// a pager would have nowhere to write.
#[cfg(unix)]
fn show_where_this_shows(command: &mut Command) {
    use std::os::fd::AsFd as _;
    let (stdout, stderr) =
        (io::stdout().as_fd().try_clone_to_owned(), io::stderr().as_fd().try_clone_to_owned());
    if let (Ok(stdout), Ok(stderr)) = (stdout, stderr) {
        command.stdout(stdout).stderr(stderr);
    }
}

#[cfg(not(unix))]
fn show_where_this_shows(_: &mut Command) {}

fn is_there(program: &str) -> bool {
    if cfg!(windows) || program.contains('/') || program.contains('=') {
        return true;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}
