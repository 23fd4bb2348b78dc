//! The way from the addon to the databases: over HTTP, or into an engine in this process. Whichever way a call
//! goes, its answer is the same.

mod connection;
#[cfg_attr(not(feature = "embedded"), path = "without_embedded.rs")]
mod embedded;
pub mod event_loop;
mod failure;
mod http;
mod many;
mod request;
mod retry;
mod route;
mod template;
mod transport;

use std::{sync::atomic::AtomicU32, time::Duration};

use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, Result};
use phantomdb_tls::Trust;
use serde::Deserialize;

pub use self::embedded::Held;
pub use self::many::{Again, Item, MANY_MAX, Outcome};
pub use self::template::TemplateOption;
use self::{connection::Connection, embedded::Embedded, http::HttpClient, template::Template};

/// How the client behaves. Times are in milliseconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ClientOptions {
    /// Sent to a server as a bearer token; without it the environment variable `PHANTOMDB_TOKEN` is.
    pub token: Option<String>,
    /// Time to connect to a server.
    pub connect_timeout_ms: u64,
    /// Time for the answer to one call, with all its retries.
    pub request_timeout_ms: u64,
    /// How often a call that may be repeated is, when the server cannot be reached or is too busy.
    pub retries: u32,
    /// Make the database of a call when there is none of that name.
    pub create_database: bool,
    /// What such a database begins as; else it is empty.
    pub template: Option<TemplateOption>,
    /// Embedded: a transaction that holds a database's write lock and runs no statement for so long, while others wait
    /// for the lock, is rolled back. A server has an option of its own for it.
    pub lock_idle_timeout_ms: Option<u64>,
    /// For a server that is reached over `https://`.
    pub tls: Option<TlsOptions>,
}

/// How a server's certificate is judged.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsOptions {
    /// The certificates of the authorities to trust, PEM, instead of those that the system and Node are told to.
    pub ca: Vec<String>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            token: None,
            connect_timeout_ms: 5_000,
            request_timeout_ms: 60_000,
            retries: 4,
            create_database: true,
            template: None,
            lock_idle_timeout_ms: None,
            tls: None,
        }
    }
}

/// A connection string that was understood. Nothing is opened or connected before the first call.
pub struct Client {
    url: String,
    create_database: bool,
    template: Option<Template>,
    way: Way,
}

enum Way {
    Http(Box<HttpClient>),
    Embedded(Embedded),
}

impl Client {
    /// Fails with `BAD_REQUEST` on a connection string that names nothing; the message lists those that do.
    pub fn new(connection_string: &str, options: ClientOptions) -> Result<Self> {
        let create_database = options.create_database;
        let template = options.template;
        let way = match Connection::parse(connection_string)? {
            Connection::Server(_) if matches!(template, Some(TemplateOption::Path(_))) => {
                return Err(Error::new(
                    ErrorCode::BadRequest,
                    "a server does not read the template from a file of its caller's; give a snapshot of the same \
                     server, or use memory: or file:",
                ));
            }
            Connection::Server(_) if options.lock_idle_timeout_ms.is_some() => {
                return Err(Error::new(
                    ErrorCode::BadRequest,
                    "lockIdleTimeoutMs is for memory: and file:; start a server with --lock-idle-timeout instead",
                ));
            }
            Connection::Server(base) => {
                let trust = trust(options.tls.as_ref(), &base)?;
                let environment = || std::env::var("PHANTOMDB_TOKEN").ok();
                let token = options.token.or_else(environment).filter(|token| !token.is_empty());
                Way::Http(Box::new(HttpClient::new(
                    &base,
                    trust,
                    token.as_deref(),
                    Duration::from_millis(options.connect_timeout_ms),
                    Duration::from_millis(options.request_timeout_ms),
                    options.retries,
                )?))
            }
            Connection::Embedded(_) if options.tls.is_some() => return Err(not_https()),
            Connection::Embedded(place) => {
                let lock_idle_timeout = options.lock_idle_timeout_ms.map(Duration::from_millis);
                Way::Embedded(Embedded::new(place, lock_idle_timeout)?)
            }
        };
        let template = template.map(Template::new);
        Ok(Self { url: connection_string.to_owned(), create_database, template, way })
    }

    /// The connection string. It holds no secret: one that does is refused.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// True when the databases are on a server.
    pub fn is_remote(&self) -> bool {
        matches!(&self.way, Way::Http(_))
    }

    /// Whether the databases are in the memory of this process.
    pub fn is_in_memory(&self) -> bool {
        matches!(&self.way, Way::Embedded(embedded) if embedded.is_in_memory())
    }

    /// The body of the answer as JSON text, empty when there is nothing to say.
    pub async fn call(&self, call: Call, context: CallContext) -> Result<String> {
        self.call_counted(call, context, &AtomicU32::new(0)).await
    }

    /// The same, and counts how often the call was sent again.
    pub async fn call_counted(
        &self,
        call: Call,
        context: CallContext,
        retries: &AtomicU32,
    ) -> Result<String> {
        let creates = self.create_database && context.transaction.is_none();
        match &self.way {
            Way::Http(client) => self.call_server(client, call, context, retries, None).await,
            Way::Embedded(embedded) => {
                // Asked before, for the engine uses the call up: to keep a copy of each would cost far more.
                if creates
                    && let Some(name) = call.database()
                    && !embedded.has_database(name).await?
                {
                    Box::pin(self.create(name, retries)).await?;
                }
                embedded.call(call, context).await
            }
        }
    }

    /// Whether a statement can be one of [`Self::call_many`]: not where the server takes one at a time, nor in a transaction
    /// that another server has.
    pub fn takes_many(&self, transaction: Option<&str>) -> bool {
        match &self.way {
            Way::Http(client) => client.takes(transaction),
            Way::Embedded(_) => false,
        }
    }

    /// Sends statements to a server in one request, and tells of each, by its place among them, what became of it as soon as
    /// that is known. Those that are to be sent by themselves are for [`Self::call_again`].
    pub async fn call_many(&self, database: &str, items: Vec<Item>, tell: impl FnMut(usize, Outcome)) {
        if let Way::Http(client) = &self.way {
            client.call_many(database, items, tell).await;
        }
    }

    /// A call that was one of many goes on by itself.
    pub async fn call_again(&self, database: String, item: Item, again: Again) -> Result<String> {
        let (call, context) = item.into_call(database)?;
        let retries = AtomicU32::new(0);
        match &self.way {
            Way::Http(client) => self.call_server(client, call, context, &retries, Some(again)).await,
            Way::Embedded(embedded) => embedded.call(call, context).await,
        }
    }

    async fn call_server(
        &self,
        client: &HttpClient,
        call: Call,
        context: CallContext,
        retries: &AtomicU32,
        again: Option<Again>,
    ) -> Result<String> {
        let creates = self.create_database && context.transaction.is_none();
        match client.call(&call, &context, retries, again).await {
            Err(error) if creates && error.code == ErrorCode::UnknownDatabase => {
                if let Some(name) = call.database() {
                    Box::pin(self.create(name, retries)).await?;
                }
                Box::pin(client.call(&call, &context, retries, None)).await
            }
            answer => answer,
        }
    }

    /// Makes the database of a call, unless somebody else just did.
    async fn create(&self, name: &str, retries: &AtomicU32) -> Result<()> {
        let template = match &self.template {
            Some(template) => Some(template.id().await?),
            None => None,
        };
        let create = Call::CreateDatabase { name: name.to_owned(), if_not_exists: true, template };
        let context = CallContext::default();
        let created = match &self.way {
            Way::Http(client) => client.call(&create, &context, retries, None).await,
            Way::Embedded(embedded) => embedded.call(create, context).await,
        };
        created.map(drop)
    }

    /// Lets go of connections and, when nobody else uses it, of the engine. Open transactions of this client are
    /// rolled back; over HTTP the server does so when they have been idle for their time-out. Calls after this fail.
    pub async fn close(&self) -> Result<()> {
        match &self.way {
            Way::Http(client) => {
                client.close();
                Ok(())
            }
            Way::Embedded(embedded) => embedded.close().await,
        }
    }
}

fn trust(tls: Option<&TlsOptions>, base: &str) -> Result<Trust> {
    match tls {
        None => Ok(Trust::System),
        Some(tls) if base.starts_with("https:") => Trust::authorities("the option tls.ca", &tls.ca),
        Some(_) => Err(not_https()),
    }
}

/// Who says how a certificate is judged takes the connection for a secure one.
fn not_https() -> Error {
    Error::new(
        ErrorCode::BadRequest,
        "the option tls is for a server with https://, and the connection string is another",
    )
}

fn closed() -> Error {
    failure::unreachable("closed", "the connection to PhantomDB is closed: close() was called")
}
