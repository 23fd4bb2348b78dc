//! The options that say who may call the server.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use clap::Args;
use http::HeaderValue;

use super::error::CommandError;
use crate::{
    http::{WebAccess, host_name, origin},
    tokens::{Source, Tokens},
};

#[derive(Debug, Args)]
pub(super) struct AccessOptions {
    /// A file with the tokens that callers may show, one on each line, each of 16 characters or more. Each allows
    /// everything. A line that begins with # is a comment. The server reads the file again when it changes. Without
    /// this option the token is the value of the environment variable PHANTOMDB_TOKEN.
    #[arg(long, env = "PHANTOMDB_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A file of tokens with names, rights and databases, which `phantomdb token` makes and changes. The server reads
    /// the file again when it changes.
    #[arg(long, env = "PHANTOMDB_TOKEN_STORE", value_name = "FILE")]
    token_store: Option<PathBuf>,
    /// A host name under which the server is called, beside localhost: that of a reverse proxy, for example. A server
    /// without tokens answers to no other name, so that web pages cannot reach it. You can give the option several
    /// times; in the environment variable, put spaces between the names.
    #[arg(
        long = "allow-host",
        env = "PHANTOMDB_ALLOW_HOST",
        value_name = "NAME",
        value_delimiter = ' ',
        value_parser = host_name
    )]
    hosts: Vec<String>,
    /// The origin of web pages that may call the server, like https://app.example.org. Browsers keep the pages of all
    /// other origins out. You can give the option several times; in the environment variable, put spaces between the
    /// origins.
    #[arg(
        long = "allow-origin",
        env = "PHANTOMDB_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ' ',
        value_parser = origin
    )]
    origins: Vec<HeaderValue>,
}

impl AccessOptions {
    /// Reads the tokens, and checks that a server that others can reach has some.
    pub(super) fn tokens(&self, listen: &str, addresses: &[SocketAddr]) -> Result<Arc<Tokens>, CommandError> {
        let sources = self.sources(std::env::var("PHANTOMDB_TOKEN").ok());
        let tokens = Tokens::read(sources).map_err(CommandError::misused)?;
        if tokens.are_needed() || addresses.iter().all(|address| address.ip().is_loopback()) {
            return Ok(tokens);
        }
        Err(CommandError::misused(format!(
            "--listen {listen} can be reached from other computers, so callers must show a token: make one with `phantomdb \
             token create` and give its file with --token-store FILE, or put one in a file and give it with --token-file \
             FILE, or in the environment variable PHANTOMDB_TOKEN; or listen on 127.0.0.1"
        )))
    }

    fn sources(&self, variable: Option<String>) -> Vec<Source> {
        let mut sources: Vec<_> = self.token_store.iter().cloned().map(Source::Store).collect();
        let variable = variable.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        match (&self.token_file, variable) {
            (Some(file), _) => sources.push(Source::PlainFile(file.clone())),
            (None, Some(token)) => sources.push(Source::Variable(token)),
            (None, None) => {}
        }
        sources
    }

    /// True when the server is called by other names than those of this computer, so through a proxy.
    pub(super) const fn has_host_names(&self) -> bool {
        !self.hosts.is_empty()
    }

    /// The web pages that may call, and the names of a server that listens at `listen`.
    pub(super) fn web(&self, tokens: &Tokens, listen: &str, console: bool) -> WebAccess {
        let web = if tokens.are_needed() && self.hosts.is_empty() {
            WebAccess::any_host()
        } else {
            let own = listen.rsplit_once(':').and_then(|(host, _)| host_name(host).ok());
            WebAccess::hosts(self.hosts.iter().cloned().chain(own))
        };
        let web = web.with_origins(self.origins.iter().cloned());
        if console { web.with_own_pages() } else { web }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(file: Option<&str>, variable: Option<&str>) -> String {
        let options = AccessOptions {
            token_file: file.map(PathBuf::from),
            token_store: None,
            hosts: Vec::new(),
            origins: Vec::new(),
        };
        format!("{:?}", options.sources(variable.map(str::to_owned)))
    }

    #[test]
    fn it_takes_the_token_of_the_environment_unless_a_file_is_given() {
        assert_eq!(sources(None, Some(" t ")), "[Variable(\"t\")]");
        assert_eq!(sources(None, Some("  ")), "[]");
        assert_eq!(sources(Some("f"), Some("t")), "[PlainFile(\"f\")]");
    }
}
