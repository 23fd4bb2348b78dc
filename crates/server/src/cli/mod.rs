//! The command line: `phantomdb serve`, the commands that look into, copy and check databases, and
//! what belongs to a command line: tokens, completions, man pages.

mod access;
mod cluster;
mod config;
mod console;
mod documents;
mod error;
mod limits;
mod logging;
mod postgres;
mod serve;
mod tls;
mod token;
mod traces;

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::available_parallelism,
};

use clap::{CommandFactory as _, Parser, Subcommand};
use phantomdb_shell::{
    DatabasesOptions, SchemaOptions, SqlOptions, StatusOptions, databases, schema, sql, status,
};
use phantomdb_transfer::{
    BackupOptions, CheckOptions, CompactOptions, ExportOptions, ImportOptions, RestoreOptions, backup, check,
    compact, export, import, restore,
};

use self::{
    documents::{CompletionsOptions, ManOptions},
    error::{CommandError, complain},
    logging::LogFormat,
    serve::ServeOptions,
    token::TokenOptions,
};
use crate::serve::stop_signal;

/// PhantomDB: a SQL database over REST.
#[derive(Debug, Parser)]
#[command(
    name = "phantomdb",
    version,
    max_term_width = 80,
    after_help = "With npx there are also `phantomdb init`, which writes a configuration and a first model into a project, \
                  `phantomdb models`, which writes Sequelize models for the tables of a database, and `phantomdb studio`, \
                  which opens the console in a browser."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve databases over HTTP until Ctrl-C or SIGTERM.
    Serve(Box<ServeOptions>),
    /// Ask a database in SQL: at a prompt, or with statements from the command line or a file.
    Sql(SqlOptions),
    /// List, make and drop databases.
    Databases(DatabasesOptions),
    /// Write the tables of a database as SQL, as Sequelize models or as a diagram.
    Schema(SchemaOptions),
    /// Show what is at a URL, and whether it answers.
    Status(StatusOptions),
    /// Copy a SQLite file, or a PostgreSQL, MySQL or MariaDB database, into a new database.
    Import(ImportOptions),
    /// Write a database as a plain SQLite file or as SQL.
    Export(ExportOptions),
    /// Copy a database as it is at this moment into a file, once or on a schedule.
    Backup(BackupOptions),
    /// Make a database of a backup.
    Restore(RestoreOptions),
    /// Check a backup or a database: its structure, its constraints and its checksum.
    Check(CheckOptions),
    /// Give the space of deleted rows of a database back to the system.
    Compact(CompactOptions),
    /// Make, list and revoke the tokens of a server, with rights and databases.
    Token(TokenOptions),
    /// Write the completions for a shell: bash, zsh or fish.
    Completions(CompletionsOptions),
    /// Write the man page of the program or of one of its commands.
    Man(ManOptions),
}

/// Runs the command line and returns the exit code. `args` begins with the name of the program. The command has a runtime of
/// its own, so this can be called from any thread that is not part of one.
pub fn run(args: Vec<String>) -> i32 {
    let args = match config::with_file(args, &serve_command(), |name| std::env::var_os(name)) {
        Ok(args) => args,
        Err(failure) => {
            complain(&failure.message);
            return failure.code;
        }
    };
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // An error means that the terminal is gone; nothing more can be done.
            let _ = error.print();
            return error.exit_code();
        }
    };
    let started = match &cli.command {
        Command::Serve(options) => logging::start(&options.log.log_level, options.log.log_format),
        _ => logging::start("warn", LogFormat::Text),
    };
    let outcome = started.and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads(&cli.command).get())
            .enable_all()
            .build()
            .map_err(|error| CommandError::failed(format!("the runtime could not be started: {error}")))?;
        let outcome = runtime.block_on(command(cli.command));
        // A statement that is still running must not hold the process.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => 0,
        Err(failure) => {
            complain(&failure.message);
            failure.code
        }
    }
}

fn threads(command: &Command) -> NonZeroUsize {
    let cores = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    match command {
        Command::Serve(options) => options.threads.unwrap_or(if options.uses_postgres() {
            NonZeroUsize::new(cores.get() / 2).unwrap_or(NonZeroUsize::MIN)
        } else {
            cores
        }),
        _ => cores,
    }
}

async fn command(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Serve(options) => serve::run(*options).await,
        Command::Import(options) => until_stopped(|stop| import(options, stop)).await,
        Command::Export(options) => until_stopped(|stop| export(options, stop)).await,
        Command::Backup(options) => until_stopped(|stop| backup(options, stop)).await,
        Command::Restore(options) => until_stopped(|stop| restore(options, stop)).await,
        Command::Check(options) => until_stopped(|stop| check(options, stop)).await,
        Command::Compact(options) => until_stopped(|_| compact(options)).await,
        Command::Token(options) => token::run(options),
        Command::Sql(options) => sql(options).await.map_err(CommandError::from),
        Command::Databases(options) => databases(options).await.map_err(CommandError::from),
        Command::Schema(options) => schema(options).await.map_err(CommandError::from),
        Command::Status(options) => status(options).await.map_err(CommandError::from),
        Command::Completions(options) => documents::completions(&options, Cli::command()),
        Command::Man(options) => documents::man(&options, Cli::command()),
    }
}

/// Runs work that ends by itself, and cleans up, when its flag is set.
async fn until_stopped<W>(work: impl FnOnce(Arc<AtomicBool>) -> W) -> Result<(), CommandError>
where
    W: Future<Output = phantomdb_protocol::Result<()>>,
{
    let stop_signal = stop_signal()
        .await
        .map_err(|error| CommandError::failed(format!("signals cannot be listened for: {error}")))?;
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let listener = tokio::spawn(async move {
        stop_signal.await;
        flag.store(true, Ordering::Relaxed);
    });
    let outcome = work(stop).await.map_err(|error| {
        let phantomdb_shell::Failure { message, code: _ } = error.into();
        CommandError::failed(message)
    });
    listener.abort();
    outcome
}

/// The options of `phantomdb serve`.
fn serve_command() -> clap::Command {
    let cli = Cli::command();
    let serve = cli.find_subcommand("serve").cloned();
    serve.unwrap_or_else(|| clap::Command::new("serve"))
}

#[cfg(test)]
mod tests {
    use super::{error::MISUSED, *};

    #[test]
    fn it_exits_with_2_for_a_wrong_command_line_and_with_0_for_help() {
        let run = |args: &[&str]| run(args.iter().map(|arg| (*arg).to_owned()).collect());
        assert_eq!(run(&["phantomdb", "sing"]), MISUSED);
        assert_eq!(run(&["phantomdb", "--help"]), 0);
        assert_eq!(run(&["phantomdb", "serve", "--listen", "0.0.0.0:0", "--memory"]), MISUSED);
        assert_eq!(run(&["phantomdb", "serve", "--listen", "nonsense", "--memory"]), MISUSED);
    }
}
