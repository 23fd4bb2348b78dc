//! `phantomdb token`: makes, lists and removes the tokens of a server.

use std::{
    io::{ErrorKind, Write as _},
    path::PathBuf,
};

use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use phantomdb_protocol::Right;

use super::error::{CommandError, complain};
use crate::tokens::{StoredToken, TokenStore};

#[derive(Debug, Args)]
pub(super) struct TokenOptions {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and write it to stdout. It is shown this once: the file has its hash only.
    Create(CreateOptions),
    /// List the tokens with their rights.
    List(StoreOption),
    /// Remove a token. Servers refuse it within seconds.
    Revoke(RevokeOptions),
}

#[derive(Debug, Args)]
struct StoreOption {
    /// The file of the tokens, which servers are given with --token-store as well.
    #[arg(long = "token-store", env = "PHANTOMDB_TOKEN_STORE", value_name = "FILE")]
    path: PathBuf,
}

#[derive(Debug, Args)]
struct CreateOptions {
    #[command(flatten)]
    store: StoreOption,
    /// The name of the token, for logs and for `phantomdb token revoke`.
    name: String,
    /// What the token allows: read; write (rows), which includes read; schema (tables), which includes write; admin
    /// (databases as a whole, native statements, metrics). Put commas between several.
    #[arg(long, value_name = "RIGHTS", value_delimiter = ',', required = true)]
    rights: Vec<RightOption>,
    /// The databases that the token is for: names, with * for any text in them. Put commas between several.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required = true)]
    databases: Vec<String>,
    /// When the token ends to be valid: after a time like 12h, 90d or 1y, or at a time like 2030-01-31T00:00:00Z. By
    /// default it stays valid until it is revoked.
    #[arg(long, value_name = "TIME", value_parser = expiry)]
    expires: Option<Timestamp>,
}

#[derive(Debug, Args)]
struct RevokeOptions {
    #[command(flatten)]
    store: StoreOption,
    /// The name of the token.
    name: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RightOption {
    Read,
    Write,
    Schema,
    Admin,
}

impl From<RightOption> for Right {
    fn from(option: RightOption) -> Self {
        match option {
            RightOption::Read => Self::Read,
            RightOption::Write => Self::Write,
            RightOption::Schema => Self::Schema,
            RightOption::Admin => Self::Admin,
        }
    }
}

pub(super) fn run(options: TokenOptions) -> Result<(), CommandError> {
    match options.command {
        TokenCommand::Create(options) => create(options),
        TokenCommand::List(store) => list(&TokenStore::new(store.path)),
        TokenCommand::Revoke(options) => {
            TokenStore::new(options.store.path).remove(&options.name).map_err(CommandError::failed)
        }
    }
}

fn create(options: CreateOptions) -> Result<(), CommandError> {
    let rights = options.rights.into_iter().map(Right::from).collect();
    let (token, secret) = StoredToken::new(options.name, rights, options.databases, options.expires)
        .map_err(CommandError::misused)?;
    TokenStore::new(options.store.path).add(token).map_err(CommandError::failed)?;
    complain("keep the token now, it is not shown again:");
    print(&secret)
}

fn list(store: &TokenStore) -> Result<(), CommandError> {
    let now = Timestamp::now();
    for token in store.tokens().map_err(CommandError::failed)? {
        let rights: Vec<_> = token.rights.iter().map(|right| right.as_str()).collect();
        let expiry = match token.expires {
            None => "no expiry".to_owned(),
            Some(time) if time <= now => format!("expired {time:.0}"),
            Some(time) => format!("expires {time:.0}"),
        };
        print(&format!(
            "{}\t{}\t{}\tcreated {:.0}\t{expiry}",
            token.name,
            rights.join(","),
            token.databases.join(","),
            token.created
        ))?;
    }
    Ok(())
}

/// Writes a line to stdout. A reader that reads no further, such as `head`, has what it wanted.
fn print(line: &str) -> Result<(), CommandError> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::failed(format!("stdout cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Reads a time from now on, or a point in time.
fn expiry(text: &str) -> Result<Timestamp, String> {
    let wrong = || "it is written like 12h, 90d, 1y or 2030-01-31T00:00:00Z".to_owned();
    const HOUR: i64 = 3600;
    let unit = match text.chars().last() {
        Some('h') => HOUR,
        Some('d') => 24 * HOUR,
        Some('y') => 365 * 24 * HOUR,
        _ => return text.parse().map_err(|_| wrong()),
    };
    let count: i64 = text[..text.len() - 1].parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
    let seconds = count.checked_mul(unit).ok_or_else(wrong)?;
    Timestamp::now().checked_add(SignedDuration::from_secs(seconds)).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_times_and_durations() {
        let in_days =
            |text| expiry(text).map(|time| time.duration_since(Timestamp::now()).as_hours().div_euclid(23));
        assert_eq!(
            expiry("2030-01-31T00:00:00Z").map(|time| time.to_string()).as_deref(),
            Ok("2030-01-31T00:00:00Z")
        );
        assert_eq!((in_days("24h"), in_days("1d")), (Ok(1), Ok(1)));
        for wrong in ["", "d", "0d", "-1d", "1.5h", "5", "tomorrow", "99999999999999999y", "é"] {
            assert!(expiry(wrong).is_err(), "{wrong}");
        }
    }
}
