//! `phantomdb sql`: a prompt, or statements from the command line, a file or stdin.

use std::{
    io::{IsTerminal as _, stdin, stdout},
    path::PathBuf,
};

use clap::Args;
use tokio::runtime::Handle;

use crate::{
    editor::{Input, LineEditor},
    failure::{Failure, INTERRUPTED, Result, UNREACHABLE},
    format::{Format, harmless},
    interrupts::Interrupts,
    open::{DatabaseOption, OnCtrlC, close, on_own_thread, say},
    shell::{Next, Origin, Shell},
};

#[derive(Debug, Args)]
pub struct SqlOptions {
    #[command(flatten)]
    place: DatabaseOption,
    /// Run these statements and exit, instead of asking. May be given more than once
    #[arg(short, long, value_name = "SQL")]
    command: Vec<String>,
    /// Run the statements of this file and exit. May be given more than once; they run after those of --command
    #[arg(short, long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// The form of results. On a terminal the default is auto, elsewhere table
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
}

/// Runs the shell. Without a terminal it runs the statements of stdin.
pub async fn sql(options: SqlOptions) -> Result<()> {
    let asks = options.command.is_empty() && options.file.is_empty();
    let is_interactive = asks && stdin().is_terminal() && stdout().is_terminal();
    let on_ctrl_c = if is_interactive { OnCtrlC::GoOn } else { OnCtrlC::End };
    on_own_thread(on_ctrl_c, move |runtime, interrupts| run(&options, is_interactive, &runtime, &interrupts))
        .await
}

fn run(options: &SqlOptions, is_interactive: bool, runtime: &Handle, interrupts: &Interrupts) -> Result<()> {
    let default = if stdout().is_terminal() { Format::Auto } else { Format::Table };
    let format = options.format.unwrap_or(default);
    if is_interactive {
        let connection = options.place.open(runtime, interrupts)?;
        return interact(Shell::new(connection, format, true));
    }
    let connection = options.place.open_one(runtime, interrupts)?;
    let mut shell = Shell::new(connection, format, false);
    let outcome = run_script(&mut shell, options);
    shell.finish_script(outcome)
}

fn run_script(shell: &mut Shell, options: &SqlOptions) -> Result<Next> {
    for text in &options.command {
        if shell.run_text(text, Origin::Typed)? == Next::Quit {
            return Ok(Next::Quit);
        }
    }
    for path in &options.file {
        if shell.read_file(path)? == Next::Quit {
            return Ok(Next::Quit);
        }
    }
    if options.command.is_empty() && options.file.is_empty() {
        return shell.run_lines(stdin().lock(), Origin::Stdin);
    }
    Ok(Next::Continue)
}

/// Asks until the user leaves.
fn interact(mut shell: Shell) -> Result<()> {
    let mut editor = LineEditor::new(&shell.connection).map_err(Failure::failed)?;
    greet(&shell)?;
    let outcome = loop {
        let text = match editor.read(&prompt(&shell)) {
            Ok(Input::Text(text)) => text,
            Ok(Input::Interrupted) => continue,
            Ok(Input::End) => break Ok(()),
            Err(message) => break Err(Failure::failed(message)),
        };
        match shell.run_text(&text, Origin::Typed) {
            Ok(Next::Continue) => {}
            Ok(Next::Quit) => break Ok(()),
            Err(failure) => show(&failure),
        }
    };
    if shell.connection.has_transaction() {
        say("The open transaction is rolled back.");
    }
    close(shell.connection, outcome)
}

/// Shows a failure that does not end the shell.
fn show(failure: &Failure) {
    match (failure.message.as_str(), failure.code) {
        ("", _) => {}
        (message, UNREACHABLE | INTERRUPTED) => say(&harmless(message)),
        (message, _) => say(&format!("error: {}", harmless(message))),
    }
}

fn greet(shell: &Shell) -> Result<()> {
    let info = shell.connection.info()?;
    let url = harmless(shell.connection.url()).into_owned();
    say(&format!("PhantomDB {} ({} {}) at {url}", info.version, info.engine.name, info.engine.version));
    say(match shell.connection.chosen() {
        Some(_) => "A statement ends with ; and .help lists the commands.",
        None => "No database is chosen: .databases lists them, .use NAME chooses one, .help says more.",
    });
    Ok(())
}

/// The name of the database, with a star while a transaction is open.
fn prompt(shell: &Shell) -> String {
    let name = shell.connection.chosen();
    let name = name.as_deref().map_or("(no database)".into(), harmless);
    let star = if shell.connection.has_transaction() { "*" } else { "" };
    format!("{name}{star}> ")
}
