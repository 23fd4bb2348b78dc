//! The client of PhantomDB: it sends the calls of the contract (`phantomdb_protocol::Call`) to a server over HTTP, or, with the
//! feature `embedded`, to a database in this process. The answer is the same either way. It is made for adapters: a driver or an
//! ORM of another language links it, and gets connections, retries, idempotency keys, batches and TLS with it.
//!
//! ```no_run
//! use phantomdb_client::{Client, ClientOptions};
//! use phantomdb_protocol::{
//!     BeginTransaction, Call, CallContext, ResultSet, Statement, TransactionBegun, Value,
//! };
//!
//! fn query(sql: &str, parameters: Vec<Value>) -> Call {
//!     let statement = Statement { query: sql.into(), parameters, ..Statement::default() };
//!     Call::Query { database: "app".into(), statement }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Nothing is connected before the first call. `memory:` and `file:./data` need the feature `embedded`.
//! let client = Client::new("http://localhost:8080", ClientOptions::default())?;
//!
//! // A statement that is known to read is sent again when its answer was lost.
//! let reading = CallContext { read_only: true, rows_as_arrays: true, ..CallContext::default() };
//! let answer = client.call(query("SELECT $1 + 1 AS two", vec![Value::Integer(1)]), reading).await?;
//! let result: ResultSet = serde_json::from_str(&answer)?;
//! assert_eq!(result.rows.get(), "[[2]]");
//!
//! // A transaction is known by its id, which the calls in it carry.
//! let begin = BeginTransaction { database: "app".into(), ..BeginTransaction::default() };
//! let answer = client.call(Call::BeginTransaction(begin), CallContext::default()).await?;
//! let TransactionBegun { transaction_id: id, .. } = serde_json::from_str(&answer)?;
//! let within = CallContext { transaction: Some(id.clone()), ..CallContext::default() };
//! client.call(query("INSERT INTO notes (text) VALUES ('first')", vec![]), within).await?;
//! client.call(Call::CommitTransaction { id }, CallContext::default()).await?;
//!
//! client.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A call fails with a `phantomdb_protocol::Error`, whose `code` an adapter turns into its own class of error.
//!
//! # Where it runs
//!
//! The futures of a client run on tokio. A host program that has an event loop of its own can hand it in instead, so that no
//! other thread takes part in a call: see [`event_loop`]. A program of many threads that each wait for their calls can do the
//! same with a runtime for each of them: see [`Connections`].
//!
//! # Features
//!
//! `embedded` adds the connection strings `memory:`, `memory:NAME` and `file:PATH`, and with them the SQLite engine. Without
//! it the crate depends on no engine and no server.

mod connection;
#[cfg_attr(not(feature = "embedded"), path = "without_embedded.rs")]
mod embedded;
mod embedded_options;
pub mod event_loop;
mod failure;
mod http;
mod many;
mod request;
mod retry;
mod route;
mod runtime;
mod template;
mod transport;

use std::{sync::atomic::AtomicU32, time::Duration};

use parking_lot::Mutex;
use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, Result};
use phantomdb_tls::Trust;
use serde::Deserialize;

pub use self::embedded::HeldSnapshot;
pub use self::many::{Item, MANY_MAX, Outcome};
pub use self::retry::Again;
pub use self::template::TemplateOption;
pub use self::transport::Connections;
use self::{connection::ConnectionString, embedded::Embedded, http::HttpClient, template::Template};
use embedded_options::EmbeddedOptions;

/// The options of a client. Times are in milliseconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ClientOptions {
    /// The bearer token for a server. The default is the environment variable `PHANTOMDB_TOKEN`.
    pub token: Option<String>,
    /// The time to connect to a server.
    pub connect_timeout_ms: u64,
    /// The time for one call, with all its retries.
    pub request_timeout_ms: u64,
    /// How often a call is sent again when the server cannot be reached or is too busy. Only calls that may be repeated are.
    pub retries: u32,
    /// True to create the database of a call when it does not exist.
    pub create_database: bool,
    /// The content that such a database starts with. By default it is empty.
    pub template: Option<TemplateOption>,
    /// The time after which a transaction is rolled back that holds the write lock of a database and runs no statement,
    /// while others wait for the lock. It is for embedded databases; a server has its own option for it.
    pub lock_idle_timeout_ms: Option<u64>,
    /// How long the statements of a call may take. A server may give them less time.
    pub statement_timeout_ms: Option<u64>,
    /// The most rows of a result. It is for embedded databases, as the next option is.
    pub result_rows_max: Option<u64>,
    /// The most bytes of a result as JSON.
    pub result_bytes_max: Option<usize>,
    /// The TLS options for a server with `https://`.
    pub tls: Option<TlsOptions>,
}

/// How the certificate of a server is verified.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsOptions {
    /// The certificates of the trusted authorities, in PEM. They replace those that the system (and Node) trusts.
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
            statement_timeout_ms: None,
            result_rows_max: None,
            result_bytes_max: None,
            tls: None,
        }
    }
}

impl ClientOptions {
    /// An option that is set and is for embedded databases only, and the flag that a server has for it.
    fn embedded_only(&self) -> Option<(&'static str, &'static str)> {
        [
            (self.lock_idle_timeout_ms.is_some(), "lockIdleTimeoutMs", "lock-idle-timeout"),
            (self.result_rows_max.is_some(), "resultRowsMax", "result-rows-max"),
            (self.result_bytes_max.is_some(), "resultBytesMax", "result-bytes-max"),
        ]
        .into_iter()
        .find_map(|(is_set, option, flag)| is_set.then_some((option, flag)))
    }
}

/// A client for one connection string. Nothing is opened or connected before the first call.
pub struct Client {
    url: String,
    create_database: bool,
    /// The databases that this client has created because they were missing when they were first used.
    created: Mutex<Vec<String>>,
    template: Option<Template>,
    /// How many milliseconds the statements of a call may take.
    statement_timeout: Option<u64>,
    backend: Backend,
}

enum Backend {
    Http(Box<HttpClient>),
    Embedded(Box<Embedded>),
}

impl Client {
    /// Fails with `BAD_REQUEST` for an invalid connection string; the message lists the valid ones.
    pub fn new(connection_string: &str, options: ClientOptions) -> Result<Self> {
        let create_database = options.create_database;
        let embedded_only = options.embedded_only();
        let template = options.template;
        let statement_timeout = options.statement_timeout_ms;
        let backend = match ConnectionString::parse(connection_string)? {
            ConnectionString::Server(_) if matches!(template, Some(TemplateOption::Path(_))) => {
                return Err(Error::new(
                    ErrorCode::BadRequest,
                    "a server does not read the template from a file of its caller's; give a snapshot of the same \
                     server, or use memory: or file:",
                ));
            }
            ConnectionString::Server(_) if embedded_only.is_some() => {
                let (option, flag) = embedded_only.unwrap_or_default();
                let message =
                    format!("{option} is for memory: and file:; start a server with --{flag} instead");
                return Err(Error::new(ErrorCode::BadRequest, message));
            }
            ConnectionString::Server(base) => {
                let trust = trust(options.tls.as_ref(), &base)?;
                let environment = || std::env::var("PHANTOMDB_TOKEN").ok();
                let token = options.token.or_else(environment).filter(|token| !token.is_empty());
                Backend::Http(Box::new(HttpClient::new(
                    &base,
                    trust,
                    token.as_deref(),
                    Duration::from_millis(options.connect_timeout_ms),
                    Duration::from_millis(options.request_timeout_ms),
                    options.retries,
                    statement_timeout,
                )?))
            }
            ConnectionString::Embedded(_) if options.tls.is_some() => return Err(not_https()),
            ConnectionString::Embedded(storage) => {
                let options = EmbeddedOptions {
                    lock_idle_timeout: options.lock_idle_timeout_ms.map(Duration::from_millis),
                    result_rows_max: options.result_rows_max,
                    result_bytes_max: options.result_bytes_max,
                };
                Backend::Embedded(Box::new(Embedded::new(storage, create_database, options)?))
            }
        };
        let template = template.map(Template::new);
        let created = Mutex::default();
        Ok(Self {
            url: connection_string.to_owned(),
            create_database,
            created,
            template,
            statement_timeout,
            backend,
        })
    }

    /// The connection string. It holds no secret, as a connection string with credentials is refused.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// True when the databases are on a server.
    pub fn is_remote(&self) -> bool {
        matches!(&self.backend, Backend::Http(_))
    }

    /// True when the databases are in the memory of this process.
    pub fn is_in_memory(&self) -> bool {
        matches!(&self.backend, Backend::Embedded(embedded) if embedded.is_in_memory())
    }

    /// The databases that did not exist when they were first used, and that this client has therefore created. A name
    /// among them may be a misspelt one.
    pub fn created_databases(&self) -> Vec<String> {
        self.created.lock().clone()
    }

    /// Why calls wait at present: the server answered before and cannot be reached now, and the client takes it to be
    /// restarting.
    pub fn waits_because(&self) -> Option<String> {
        match &self.backend {
            Backend::Http(client) => client.waits_because(),
            Backend::Embedded(_) => None,
        }
    }

    /// Runs a call. Returns the body of the answer as JSON text, which is empty for a call without an answer.
    pub async fn call(&self, call: Call, context: CallContext) -> Result<String> {
        self.call_counted(call, context, &AtomicU32::new(0)).await
    }

    /// Does the same as [`Self::call`], and counts how often the call was sent again.
    pub async fn call_counted(
        &self,
        call: Call,
        context: CallContext,
        retries: &AtomicU32,
    ) -> Result<String> {
        let creates = self.create_database && context.transaction.is_none();
        match &self.backend {
            Backend::Http(client) => self.call_server(client, call, context, retries, None).await,
            Backend::Embedded(embedded) => {
                // The engine consumes the call, so the database is looked up first: a copy of every call would cost more.
                if creates
                    && let Some(name) = call.database()
                    && !embedded.has_database(name).await?
                {
                    Box::pin(self.create(name, retries)).await?;
                }
                embedded.call(call, self.limited(context)).await
            }
        }
    }

    /// True when a statement can be one of [`Self::call_many`]: the server must take several in one request, and the
    /// transaction must not be on another server.
    pub fn takes_many(&self, transaction: Option<&str>) -> bool {
        match &self.backend {
            Backend::Http(client) => client.takes(transaction),
            Backend::Embedded(_) => false,
        }
    }

    /// Sends statements to a server in one request. Calls `report` with the index and the outcome of each as soon as its
    /// answer arrives. A statement with [`Outcome::Alone`] is then sent by itself, with [`Self::call_again`].
    pub async fn call_many(&self, database: &str, items: Vec<Item>, report: impl FnMut(usize, Outcome)) {
        if let Backend::Http(client) = &self.backend {
            client.call_many(database, items, report).await;
        }
    }

    /// Continues a statement of [`Self::call_many`] in a request of its own.
    pub async fn call_again(&self, database: String, item: Item, again: Again) -> Result<String> {
        let (call, context) = item.into_call(database)?;
        let retries = AtomicU32::new(0);
        match &self.backend {
            Backend::Http(client) => self.call_server(client, call, context, &retries, Some(again)).await,
            Backend::Embedded(embedded) => embedded.call(call, self.limited(context)).await,
        }
    }

    /// The context of a call, whose statements have the time that the options give them.
    fn limited(&self, context: CallContext) -> CallContext {
        CallContext { statement_timeout: context.statement_timeout.or(self.statement_timeout), ..context }
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

    /// Creates the database of a call, unless another client has just created it.
    async fn create(&self, name: &str, retries: &AtomicU32) -> Result<()> {
        let template = match &self.template {
            Some(template) => Some(template.id().await?),
            None => None,
        };
        let create = Call::CreateDatabase { name: name.to_owned(), if_not_exists: true, template };
        let context = CallContext::default();
        let created = match &self.backend {
            Backend::Http(client) => client.call(&create, &context, retries, None).await,
            Backend::Embedded(embedded) => embedded.call(create, context).await,
        };
        created?;
        let mut names = self.created.lock();
        if !names.iter().any(|created| created == name) {
            names.push(name.to_owned());
        }
        Ok(())
    }

    /// The service of an embedded database, for a program that offers its databases in another way too; none where they are
    /// on a server. Whoever has it must let go of it before the client is closed.
    #[cfg(feature = "embedded")]
    pub async fn embedded_service(&self) -> Result<Option<std::sync::Arc<phantomdb_service::Service>>> {
        match &self.backend {
            Backend::Http(_) => Ok(None),
            Backend::Embedded(embedded) => embedded.service(self.create_database).await.map(Some),
        }
    }

    /// Closes the connections and, when no other client uses it, the engine. Open transactions of this client are rolled
    /// back; over HTTP the server does so once they have been idle for their time-out. Later calls fail.
    pub async fn close(&self) -> Result<()> {
        match &self.backend {
            Backend::Http(client) => {
                client.close();
                Ok(())
            }
            Backend::Embedded(embedded) => embedded.close().await,
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

/// A caller who sets TLS options expects an encrypted connection, so a connection string without TLS is refused.
fn not_https() -> Error {
    Error::new(
        ErrorCode::BadRequest,
        "the option tls is for a server with https://, and the connection string is another",
    )
}
