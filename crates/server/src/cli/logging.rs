//! The options of the log, and its start.

use std::{io::IsTerminal as _, time::Duration};

use clap::{Args, ValueEnum};
use tracing_subscriber::{EnvFilter, fmt};

use super::error::CommandError;

#[derive(Debug, Args)]
pub(super) struct LogOptions {
    /// The level of the log on stderr: error, warn, info, debug or trace, or directives with commas between them, like
    /// `warn,audit=info`. The target `audit` has changes of schemas and tokens, and refusals.
    #[arg(long, env = "PHANTOMDB_LOG_LEVEL", default_value = "warn", value_name = "LEVEL")]
    pub(super) log_level: String,
    /// The form of the log: lines for people, or a JSON object on each line.
    #[arg(long, env = "PHANTOMDB_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub(super) log_format: LogFormat,
    /// Write calls that take this many milliseconds or longer into the log, with their statements without literals.
    #[arg(long, env = "PHANTOMDB_LOG_SLOW", value_name = "MILLISECONDS")]
    log_slow: Option<u64>,
}

impl LogOptions {
    pub(super) fn slow_after(&self) -> Option<Duration> {
        self.log_slow.map(Duration::from_millis)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

/// Crates that log statements with their literals, and parameters. They are silent unless a directive names them: no level by
/// itself may put values into the log.
const WITH_VALUES: &str = "sqlparser=off,tokio_postgres=off,mysql_async=off";

/// Starts the log of the process on stderr.
pub(super) fn start(level: &str, format: LogFormat) -> Result<(), CommandError> {
    let filter = EnvFilter::try_new(format!("{WITH_VALUES},{level}"))
        .map_err(|error| CommandError::misused(format!("--log-level cannot be read: {error}")))?;
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that the process has a logger already, which stays.
    let _ = match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).try_init(),
    };
    Ok(())
}
