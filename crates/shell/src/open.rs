//! Opens a place of databases for a command.

use std::{io::Write as _, time::Duration};

use clap::Args;
use phantomdb_protocol::ErrorCode;
use tokio::runtime::Handle;

use crate::{
    connection::{Connection, no_such_database},
    failure::{Failure, INTERRUPTED, Result, exit_code},
    format::harmless,
    interrupts::Interrupts,
    names::listed,
    place::Place,
};

/// The name of the database of `memory:` when the user names none.
const MEMORY_DATABASE: &str = "main";
/// The database of the locks, which migrations leave behind and no user has made. `driver/named-lock.js` names it too.
const LOCKS_DATABASE: &str = "phantomdb_locks";

/// Where the databases are.
#[derive(Debug, Clone, Args)]
pub(crate) struct UrlOption {
    /// Where the databases are: http://HOST:PORT, https://HOST, file:DIR or the path of a directory, memory:, or a URL
    /// that names the database too, like phantomdb://HOST:PORT/DATABASE. A server's token is taken from the environment
    /// variable PHANTOMDB_TOKEN, or from the place of the password in such a URL
    #[arg(env = "PHANTOMDB_URL", default_value = "http://localhost:8080", hide_env_values = true)]
    url: String,
}

impl UrlOption {
    pub(crate) fn place(&self) -> Result<Place> {
        Place::parse(&self.url)
    }
}

/// Where one database is.
#[derive(Debug, Clone, Args)]
pub(crate) struct DatabaseOption {
    #[command(flatten)]
    url: UrlOption,
    /// The database. It may be left out when there is only one, or when the URL names it
    #[arg(short, long, value_name = "NAME")]
    database: Option<String>,
}

impl DatabaseOption {
    /// Connects. The database is chosen when the user or the URL names one, or when there is only one.
    pub(crate) fn open(&self, runtime: &Handle, interrupts: &Interrupts) -> Result<Connection> {
        let place = self.url.place()?;
        let named = match (&self.database, &place.database) {
            (Some(given), Some(of_url)) if given != of_url => {
                return Err(Failure::misused(format!(
                    "the URL names the database \"{of_url}\", and --database says \"{given}\"; leave one out"
                )));
            }
            (given, of_url) => given.clone().or_else(|| of_url.clone()),
        };
        let connection = connect(&place, runtime, interrupts)?;
        if place.is_memory() {
            let name = named.unwrap_or_else(|| MEMORY_DATABASE.to_owned());
            match connection.create_database(&name) {
                Err(error) if error.code != ErrorCode::AlreadyExists => return Err(error.into()),
                _ => connection.set_database(Some(name)),
            }
            return Ok(connection);
        }
        let databases = connection.databases()?;
        match (named, made_by_users(&databases).as_slice()) {
            (Some(name), _) if databases.contains(&name) => connection.set_database(Some(name)),
            (Some(name), _) => {
                let message = no_such_database(&name, &databases, connection.url());
                let advice = "`phantomdb databases create` makes one";
                return Err(Failure::failed(format!("{message} ({advice})")));
            }
            (None, [only]) => connection.set_database(Some((*only).to_owned())),
            (None, _) => {}
        }
        Ok(connection)
    }

    /// Connects to one database, which must be known.
    pub(crate) fn open_one(&self, runtime: &Handle, interrupts: &Interrupts) -> Result<Connection> {
        let connection = self.open(runtime, interrupts)?;
        if connection.chosen().is_some() {
            return Ok(connection);
        }
        let databases = connection.databases()?;
        Err(Failure::misused(match made_by_users(&databases).as_slice() {
            [] => format!(
                "there is no database at {} yet; `phantomdb databases create NAME` makes one",
                connection.url()
            ),
            all => format!("name the database with --database; there are {}", listed(all.iter().copied())),
        }))
    }
}

/// The databases that users have made.
fn made_by_users(databases: &[String]) -> Vec<&str> {
    databases.iter().map(String::as_str).filter(|name| *name != LOCKS_DATABASE).collect()
}

/// Connects to a place, whose directory must be there.
pub(crate) fn connect(place: &Place, runtime: &Handle, interrupts: &Interrupts) -> Result<Connection> {
    place.check_directory()?;
    Connection::new(place, runtime.clone(), interrupts.clone())
}

/// How long a statement has to end after Ctrl-C before the command ends.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(1);

/// Whether Ctrl-C ends a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnCtrlC {
    /// It ends the command, also while that waits for input.
    End,
    /// It ends what the command is doing.
    GoOn,
}

/// Runs a command on a thread that may block. The command gets the runtime and Ctrl-C.
pub(crate) async fn on_own_thread<F>(on_ctrl_c: OnCtrlC, command: F) -> Result<()>
where
    F: FnOnce(Handle, Interrupts) -> Result<()> + Send + 'static,
{
    let runtime = Handle::current();
    let interrupts = Interrupts::listen();
    let heard = interrupts.clone();
    let running = tokio::task::spawn_blocking(move || command(runtime, interrupts));
    let interrupted = async {
        match on_ctrl_c {
            OnCtrlC::End => heard.next().await,
            OnCtrlC::GoOn => std::future::pending().await,
        }
        tokio::time::sleep(CANCEL_TIMEOUT).await;
    };
    tokio::select! {
        biased;
        outcome = running => outcome.unwrap_or_else(|_| Err(Failure::failed("the command failed inside"))),
        () = interrupted => Err(Failure::shown(INTERRUPTED)),
    }
}

/// Writes a line for the user to stderr.
pub(crate) fn say(message: &str) {
    // An error means that stderr is gone; nothing more can be done.
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// Closes the connection after a command, and keeps the command's own failure.
pub(crate) fn close(connection: Connection, outcome: Result<()>) -> Result<()> {
    let closed = connection.close();
    outcome?;
    match closed {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Failure { code: exit_code(&error), message: harmless(&error.message).into_owned() })
        }
    }
}
