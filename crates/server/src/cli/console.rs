//! The options of the console, and whether it is served.

use std::net::SocketAddr;

use clap::Args;

use super::{access::AccessOptions, error::CommandError};
use crate::tokens::Tokens;

#[derive(Debug, Args)]
pub(super) struct ConsoleOptions {
    /// Serve the console at /console/: a page to look into the databases with a browser. A server that only callers on
    /// this computer reach serves it without this option. One that others reach needs the option, and a token.
    #[arg(long, env = "PHANTOMDB_CONSOLE", conflicts_with = "no_console")]
    console: bool,
    /// Serve no console.
    #[arg(long, env = "PHANTOMDB_NO_CONSOLE")]
    no_console: bool,
}

impl ConsoleOptions {
    /// True when the server serves the console. Fails when it is asked for where everybody could use it.
    pub(super) fn is_served(
        &self,
        access: &AccessOptions,
        tokens: &Tokens,
        addresses: &[SocketAddr],
    ) -> Result<bool, CommandError> {
        let is_local = !access.has_host_names() && addresses.iter().all(|address| address.ip().is_loopback());
        if self.console && !is_local && !tokens.are_needed() {
            return Err(CommandError::misused(
                "--console with --allow-host shows the databases to everybody who reaches that host: set a token, with \
                 --token-store FILE or --token-file FILE, or leave one of the two options out",
            ));
        }
        Ok(!self.no_console && (self.console || is_local))
    }

    /// Where the console of the server at `url` is, or why there is none. Completes "the console …".
    pub(super) fn described(&self, is_served: bool, url: &str) -> String {
        match (is_served, self.no_console) {
            (true, _) if self.console => format!("is at {url}/console/"),
            (true, _) => format!("is at {url}/console/, because only this computer can reach the server"),
            (false, true) => "is off, because of --no-console".to_owned(),
            (false, false) => "is off, because others can reach the server; --console turns it on".to_owned(),
        }
    }
}
