//! The limits of `phantomdb serve`. `phantomdb_engine::limits` has the table of all, and what each is for.

use std::{num::NonZeroU32, time::Duration};

use clap::Args;
use phantomdb_engine::{BytesInFlight, ResultLimits};
use phantomdb_engine_postgres::PostgresOptions;
use phantomdb_engine_sqlite::SqliteOptions;
use phantomdb_service::ServiceOptions;
use phantomdb_sql::SizeLimits;

use super::cluster::duration;
use crate::{
    http::{ConnectionLimits, HttpOptions},
    open_files::{self, FileShares},
};

/// The most transactions, and the most connections, however many files the process may have open.
const SHARE_MAX: usize = 10_000;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitOptions {
    /// How long the statements of one call may take, like 30s; 0 for no limit. A caller can ask for less. Beyond it
    /// the call fails with STATEMENT_TIMEOUT.
    #[arg(long, env = "PHANTOMDB_STATEMENT_TIMEOUT", default_value = "30s", value_name = "DURATION", value_parser = duration)]
    statement_timeout: Duration,
    /// The most reads that run in one SQLite database at the same time. The default is twice the number of cores, and 4 at
    /// least.
    #[arg(long, env = "PHANTOMDB_READS_MAX", value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    reads_max: Option<u32>,
    /// How long a read waits until fewer than these run, like 10s.
    #[arg(long, env = "PHANTOMDB_READ_WAIT_TIMEOUT", default_value = "10s", value_name = "DURATION", value_parser = duration)]
    read_wait_timeout: Duration,
    /// The most words and signs of a statement.
    #[arg(long, env = "PHANTOMDB_STATEMENT_TOKENS_MAX", default_value_t = SizeLimits::DEFAULT.tokens, value_name = "COUNT")]
    statement_tokens_max: usize,
    /// The most words and signs of a statement between two commas, with those around open parentheses.
    #[arg(long, env = "PHANTOMDB_STATEMENT_CHAIN_MAX", default_value_t = SizeLimits::DEFAULT.chain, value_name = "COUNT")]
    statement_chain_max: usize,
    /// The most rows of one result; 0 for no limit.
    #[arg(long, env = "PHANTOMDB_RESULT_ROWS_MAX", default_value_t = 0, value_name = "COUNT")]
    result_rows_max: u64,
    /// The most bytes of one result as JSON; 0 for no limit.
    #[arg(long, env = "PHANTOMDB_RESULT_BYTES_MAX", default_value_t = 128 << 20, value_name = "BYTES")]
    result_bytes_max: usize,
    /// The longest request body that is accepted, in bytes.
    #[arg(long, env = "PHANTOMDB_BODY_MAX", default_value_t = HttpOptions::default().body_max, value_name = "BYTES")]
    body_max: usize,
    /// The most bytes of all bodies and results in memory at the same time.
    #[arg(long, env = "PHANTOMDB_BYTES_IN_FLIGHT_MAX", default_value_t = 1 << 30, value_name = "BYTES")]
    bytes_in_flight_max: usize,
    /// The most memory that SQLite uses for all databases, in bytes; 0 for no limit. The content of databases in memory
    /// does not count.
    #[arg(long, env = "PHANTOMDB_SQLITE_HEAP_MAX", default_value_t = 1 << 30, value_name = "BYTES")]
    sqlite_heap_max: u64,
    /// The number of files and connections that the process may have open. The default is what the system allows at most.
    #[arg(long, env = "PHANTOMDB_OPEN_FILES", value_name = "COUNT")]
    open_files: Option<u64>,
    /// The most connections of callers at the same time. The default is half of --open-files, and 10000 at most.
    #[arg(long, env = "PHANTOMDB_CONNECTIONS_MAX", value_name = "COUNT")]
    connections_max: Option<usize>,
    /// Close a connection when the headers of a request take longer to arrive, like 10s.
    #[arg(long, env = "PHANTOMDB_HEADER_TIMEOUT", default_value = "10s", value_name = "DURATION", value_parser = duration)]
    header_timeout: Duration,
    /// The longest headers of a request, its URL included, in bytes.
    #[arg(long, env = "PHANTOMDB_HEADER_BYTES_MAX", default_value_t = ConnectionLimits::default().header_bytes_max, value_name = "BYTES")]
    header_bytes_max: usize,
    /// How long the body of a request may take to arrive, like 10s.
    #[arg(long, env = "PHANTOMDB_BODY_TIMEOUT", default_value = "1m", value_name = "DURATION", value_parser = duration)]
    body_timeout: Duration,
    /// Close a connection when its caller takes no byte of an answer for so long.
    #[arg(long, env = "PHANTOMDB_WRITE_TIMEOUT", default_value = "30s", value_name = "DURATION", value_parser = duration)]
    write_timeout: Duration,
    /// Close a connection that had no request for so long.
    #[arg(long, env = "PHANTOMDB_IDLE_TIMEOUT", default_value = "2m", value_name = "DURATION", value_parser = duration)]
    idle_timeout: Duration,
    /// The most requests in a second for each token, or for each address when the server has no tokens; 0 for no limit.
    #[arg(long, env = "PHANTOMDB_RATE_LIMIT", default_value_t = 0, value_name = "COUNT")]
    rate_limit: u32,
    /// The most transactions that may be open at once. The server refuses the next with TOO_MANY_REQUESTS until another
    /// ends. The default is a tenth of --open-files, and 10000 at most.
    #[arg(long, env = "PHANTOMDB_TRANSACTIONS_MAX", value_name = "COUNT")]
    transactions_max: Option<usize>,
    /// Roll back a transaction that is open for so long; 0 for no limit.
    #[arg(
        long,
        env = "PHANTOMDB_TRANSACTION_AGE_MAX",
        default_value = "60m",
        value_name = "DURATION",
        value_parser = duration
    )]
    transaction_age_max: Duration,
    /// Roll back a transaction that holds a database's write lock and runs no statement for so long
    /// while others wait for the lock.
    #[arg(long, env = "PHANTOMDB_LOCK_IDLE_TIMEOUT", default_value = "5s", value_name = "DURATION", value_parser = duration)]
    lock_idle_timeout: Duration,
    /// Close the connections to an SQLite database that no call used for so long; 0 to keep them.
    #[arg(
        long,
        env = "PHANTOMDB_DATABASE_IDLE_TIMEOUT",
        default_value = "5m",
        value_name = "DURATION",
        value_parser = duration
    )]
    database_idle_timeout: Duration,
}

/// The limits in effect, once the process has asked for its files.
#[derive(Debug)]
pub(super) struct Limits {
    options: LimitOptions,
    files: FileShares,
    results: ResultLimits,
}

fn unless_zero<T: Default + PartialEq>(number: T) -> Option<T> {
    (number != T::default()).then_some(number)
}

impl LimitOptions {
    /// Makes the limits that are for the whole process.
    pub(super) fn take_effect(&self) -> Limits {
        let files = FileShares::of(open_files::raise(self.open_files));
        SizeLimits { tokens: self.statement_tokens_max, chain: self.statement_chain_max }.set();
        phantomdb_engine_sqlite::limit_heap(unless_zero(self.sqlite_heap_max));
        let results = ResultLimits {
            rows: unless_zero(self.result_rows_max),
            bytes: unless_zero(self.result_bytes_max),
            in_flight: Some(BytesInFlight::new(self.bytes_in_flight_max)),
        };
        Limits { options: self.clone(), files, results }
    }
}

impl Limits {
    fn statement_timeout(&self) -> Option<Duration> {
        unless_zero(self.options.statement_timeout)
    }

    pub(super) fn service(&self) -> ServiceOptions {
        ServiceOptions {
            statement_timeout: self.statement_timeout(),
            transactions_max: self.options.transactions_max.unwrap_or(self.files.transactions.min(SHARE_MAX)),
            transaction_age_max: unless_zero(self.options.transaction_age_max),
            ..ServiceOptions::default()
        }
    }

    pub(super) fn sqlite(&self) -> SqliteOptions {
        let defaults = SqliteOptions::default();
        SqliteOptions {
            lock_idle_timeout: self.options.lock_idle_timeout,
            reads_max: self.options.reads_max.map_or(defaults.reads_max, |reads| reads as usize),
            read_wait_timeout: self.options.read_wait_timeout,
            results: self.results.clone(),
            database_idle_timeout: unless_zero(self.options.database_idle_timeout),
            ..defaults
        }
    }

    pub(super) fn postgres(&self) -> PostgresOptions {
        PostgresOptions { results: self.results.clone(), ..PostgresOptions::default() }
    }

    pub(super) fn http(&self) -> HttpOptions {
        let options = &self.options;
        HttpOptions {
            body_max: options.body_max,
            body_timeout: options.body_timeout,
            bytes_in_flight: self.results.in_flight.clone(),
            rate_limit: NonZeroU32::new(options.rate_limit),
            connections: ConnectionLimits {
                max: options.connections_max.unwrap_or(self.files.connections.min(SHARE_MAX)),
                idle_timeout: options.idle_timeout,
                header_timeout: options.header_timeout,
                header_bytes_max: options.header_bytes_max,
                write_timeout: options.write_timeout,
            },
            ..HttpOptions::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command};
    use phantomdb_engine::limits::LIMITS;

    use super::*;

    fn arguments() -> Vec<Arg> {
        LimitOptions::augment_args(Command::new("serve")).get_arguments().cloned().collect()
    }

    fn default_of(argument: &Arg) -> String {
        match argument.get_default_values() {
            [] => "see below".to_owned(),
            [value] if value == "0" => "none".to_owned(),
            [value] => value.to_string_lossy().into_owned(),
            more => format!("{more:?}"),
        }
    }

    #[test]
    fn each_limit_is_an_option_with_a_variable() {
        let arguments = arguments();
        let flags: Vec<_> = arguments.iter().filter_map(Arg::get_long).collect();
        assert_eq!(flags, LIMITS.iter().map(|limit| limit.flag).collect::<Vec<_>>());
        for (argument, limit) in arguments.iter().zip(LIMITS) {
            assert_eq!(argument.get_env().unwrap().to_str(), Some(limit.variable().as_str()));
        }
    }

    /// With `PHANTOMDB_WRITE_DOCS` set, the table is written into the document.
    #[test]
    fn the_documents_list_the_limits() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/server.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let mut table = String::from(
            "| option | limits | default | beyond it | what to do |\n| --- | --- | --- | --- | --- |\n",
        );
        for (argument, limit) in arguments().iter().zip(LIMITS) {
            let code = match limit.code.map(|code| serde_json::to_value(code).unwrap()) {
                Some(code) => format!("`{}`", code.as_str().unwrap()),
                None => "closed".to_owned(),
            };
            let name = match limit.option {
                Some(option) => format!("`--{}`, embedded `{option}`", limit.flag),
                None => format!("`--{}`", limit.flag),
            };
            table += &format!(
                "| {name} | {} | {} | {code} | {} |\n",
                limit.limits,
                default_of(argument),
                limit.remedy
            );
        }
        const BEGIN: &str = "<!-- limits -->\n";
        const END: &str = "<!-- /limits -->";
        let start = text.find(BEGIN).unwrap() + BEGIN.len();
        let end = text.find(END).unwrap();
        if std::env::var_os("PHANTOMDB_WRITE_DOCS").is_some() {
            std::fs::write(&path, format!("{}\n{table}\n{}", &text[..start], &text[end..])).unwrap();
            return;
        }
        let normal = |text: &str| {
            text.split_whitespace().collect::<Vec<_>>().join(" ").replace("---", "-").replace("--", "-")
        };
        let documented = normal(&text[start..end]).replace('-', "");
        assert!(
            documented == normal(&table).replace('-', ""),
            "docs/server.md is out of date: run the tests with PHANTOMDB_WRITE_DOCS=1"
        );
    }
}
