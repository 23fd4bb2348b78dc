//! Calls of the contract, over HTTP or straight into an engine in this process.

use phantomdb_protocol::{Call, CallContext, Error, Result};

#[derive(serde::Deserialize)]
pub struct ClientOptions {}

pub struct Client {
    url: String,
}

impl Client {
    pub fn new(connection_string: &str, _options: ClientOptions) -> Result<Client> {
        Ok(Self { url: connection_string.to_owned() })
    }

    pub async fn call(&self, _call: Call, _context: CallContext) -> Result<String> {
        Err(Error::unsupported("there is no client"))
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn close(&self) -> Result<()> {
        Ok(())
    }
}
