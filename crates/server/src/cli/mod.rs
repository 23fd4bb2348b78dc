//! The command line: `phantomdb serve`, `import` and `export`.

mod cluster;
mod error;
mod serve;
mod tls;

use std::{
    io::IsTerminal as _,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::available_parallelism,
};

use clap::{Parser, Subcommand};
use phantomdb_transfer::{ExportOptions, ImportOptions, export, import};

use self::{
    error::{CommandError, complain},
    serve::ServeOptions,
};
use crate::serve::stop_signal;

/// PhantomDB: a SQL database over REST.
#[derive(Debug, Parser)]
#[command(
    name = "phantomdb",
    version,
    after_help = "With npx there is also `phantomdb models`, which writes Sequelize models for the tables of a database."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve databases over HTTP until Ctrl-C or SIGTERM.
    Serve(Box<ServeOptions>),
    /// Copy a SQLite file, or a PostgreSQL, MySQL or MariaDB database, into a new database.
    Import(ImportOptions),
    /// Write a database as a plain SQLite file or as SQL.
    Export(ExportOptions),
}

/// Runs the command line and returns the exit code. `args` begins with the name of the program. The command has a runtime of
/// its own, so this can be called from any thread that is not part of one.
pub fn run(args: Vec<String>) -> i32 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // An error means that the terminal is gone; nothing more can be done.
            let _ = error.print();
            return error.exit_code();
        }
    };
    let log_level = match &cli.command {
        Command::Serve(options) => options.log_level.clone(),
        Command::Import(_) | Command::Export(_) => "warn".into(),
    };
    let outcome = start_logging(&log_level).and_then(|()| {
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
        Command::Serve(options) => options.threads.unwrap_or(match options.engine {
            Some(_) => NonZeroUsize::new(cores.get() / 2).unwrap_or(NonZeroUsize::MIN),
            None => cores,
        }),
        Command::Import(_) | Command::Export(_) => cores,
    }
}

async fn command(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Serve(options) => serve::run(*options).await,
        Command::Import(options) => until_stopped(|stop| import(options, stop)).await,
        Command::Export(options) => until_stopped(|stop| export(options, stop)).await,
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
    let outcome = work(stop).await.map_err(|error| CommandError::failed(error.message));
    listener.abort();
    outcome
}

fn start_logging(level: &str) -> Result<(), CommandError> {
    let filter = tracing_subscriber::EnvFilter::try_new(level)
        .map_err(|error| CommandError::misused(format!("--log-level cannot be read: {error}")))?;
    // An error means that the process has a logger already, which stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
    Ok(())
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
