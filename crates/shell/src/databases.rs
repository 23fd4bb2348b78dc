//! `phantomdb databases`: lists, makes and drops databases.

use std::io::{BufRead as _, IsTerminal as _, Write as _, stdin, stdout};

use clap::{Args, Subcommand};
use tokio::runtime::Handle;

use crate::{
    connection::{Connection, no_such_database},
    failure::{Failure, Result, output_failed},
    format::{self, Format, Whole},
    interrupts::Interrupts,
    listing::listing,
    open::{OnCtrlC, UrlOption, close, connect, on_own_thread},
    output::Screen,
    place::Place,
};

#[derive(Debug, Args)]
pub struct DatabasesOptions {
    #[command(subcommand)]
    command: DatabasesCommand,
}

#[derive(Debug, Subcommand)]
enum DatabasesCommand {
    /// List the databases
    List(ListOptions),
    /// Make an empty database
    Create(NameOptions),
    /// Drop a database with all that is in it
    Drop(DropOptions),
}

#[derive(Debug, Args)]
struct ListOptions {
    #[command(flatten)]
    url: UrlOption,
    /// The form of the list. The default is one name on each line
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
}

#[derive(Debug, Args)]
struct NameOptions {
    /// The name of the database
    name: String,
    #[command(flatten)]
    url: UrlOption,
}

#[derive(Debug, Args)]
struct DropOptions {
    #[command(flatten)]
    name: NameOptions,
    /// Drop it without asking
    #[arg(short, long)]
    yes: bool,
}

/// Runs `phantomdb databases`.
pub async fn databases(options: DatabasesOptions) -> Result<()> {
    on_own_thread(OnCtrlC::End, move |runtime, interrupts| run(options.command, &runtime, &interrupts)).await
}

fn run(command: DatabasesCommand, runtime: &Handle, interrupts: &Interrupts) -> Result<()> {
    let url = match &command {
        DatabasesCommand::List(options) => &options.url,
        DatabasesCommand::Create(options) => &options.url,
        DatabasesCommand::Drop(options) => &options.name.url,
    };
    let place = url.place()?;
    if place.is_memory() {
        return Err(Failure::misused(
            "the databases of memory: are gone when the command ends; name a directory or a server",
        ));
    }
    let connection = match &command {
        // The first database makes the directory.
        DatabasesCommand::Create(_) => Connection::new(&place, runtime.clone(), interrupts.clone())?,
        _ => connect(&place, runtime, interrupts)?,
    };
    let outcome = match command {
        DatabasesCommand::List(options) => list(&connection, options.format),
        DatabasesCommand::Create(options) => connection.create_database(&options.name).map_err(Failure::from),
        DatabasesCommand::Drop(options) => drop_database(&connection, &place, &options),
    };
    close(connection, outcome)
}

fn list(connection: &Connection, format: Option<Format>) -> Result<()> {
    let names = connection.databases()?;
    let mut out = stdout().lock();
    let written = match format {
        None => names.iter().try_for_each(|name| writeln!(out, "{}", format::harmless(name))),
        Some(format) => {
            let rows: Vec<_> = names.into_iter().map(|name| [Some(name)]).collect();
            format::write(
                &mut out,
                &mut Whole::new(&[listing(["database"], &rows)]),
                format,
                Screen::of_stdout().terminal(),
            )
        }
    };
    written.and_then(|()| out.flush()).map_err(|error| output_failed(&error))
}

fn drop_database(connection: &Connection, place: &Place, options: &DropOptions) -> Result<()> {
    let name = &options.name.name;
    let databases = connection.databases()?;
    if !databases.contains(name) {
        return Err(Failure::failed(no_such_database(name, &databases, &place.url)));
    }
    if !options.yes && !agrees(name, &place.url)? {
        return Err(Failure::failed("nothing was dropped"));
    }
    connection.drop_database(name).map_err(Failure::from)
}

/// Asks whether to drop a database.
fn agrees(name: &str, url: &str) -> Result<bool> {
    if !stdin().is_terminal() {
        return Err(Failure::misused(
            "nobody can be asked, because stdin is no terminal; --yes drops without asking",
        ));
    }
    let mut answer = String::new();
    print!("Drop the database \"{}\" at {url} with all that is in it? [y/N] ", format::harmless(name));
    let asked = stdout().flush().and_then(|()| stdin().lock().read_line(&mut answer));
    asked.map_err(|error| Failure::failed(format!("the terminal cannot be read: {error}")))?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}
