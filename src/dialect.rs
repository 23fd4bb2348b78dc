//! `NativeDialect`: one connection string, and everything that is asked over it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::Either;
use napi_derive::napi;
use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, Find, Result, Statement, TableName, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::TranslatedStatement;
use crate::client::{Client, ClientOptions};
use crate::error::{Failure, bad_request, outcome, thrown};
use crate::translate::sql::Mode;

/// What the JavaScript class `PhantomDBDialect` holds. Nothing is opened before the first call.
#[napi]
pub struct NativeDialect {
    client: Client,
    /// The calls that are watched, by the number JavaScript knows them by.
    watched: Mutex<HashMap<u32, Arc<Watched>>>,
    next: AtomicU32,
}

/// A call that can be cancelled, and whose retries are counted.
#[derive(Default)]
struct Watched {
    cancelled: CancellationToken,
    retries: AtomicU32,
}

/// What goes with a call. All is optional.
#[napi(object)]
pub struct CallOptions {
    /// What `watch()` answered.
    pub number: Option<u32>,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    /// Under which a write is run once, however often it is sent.
    pub idempotency_key: Option<String>,
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
}

#[napi]
impl NativeDialect {
    /// Throws `BAD_REQUEST` for a connection string or options that are wrong, naming what is.
    #[napi(constructor, catch_unwind)]
    pub fn new(connection_string: String, options_json: String) -> napi::Result<Self, String> {
        let open = || {
            let options: ClientOptions = parse("options", &options_json)?;
            Client::new(&connection_string, options)
        };
        Ok(Self { client: open().map_err(thrown)?, watched: Mutex::default(), next: AtomicU32::new(0) })
    }

    /// The connection string, without a password.
    #[napi(getter, catch_unwind)]
    pub fn url(&self) -> String {
        self.client.url().to_owned()
    }

    /// A number for one call that is to be watched, until `unwatch`.
    #[napi(catch_unwind)]
    pub fn watch(&self) -> u32 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.watched().insert(number, Arc::default());
        number
    }

    /// Gives a watched call up: its statement is stopped.
    #[napi(catch_unwind)]
    pub fn cancel(&self, number: u32) {
        if let Some(watched) = self.watched().get(&number) {
            watched.cancelled.cancel();
        }
    }

    /// Ends the watch over a call. Answers how often it was sent again.
    #[napi(catch_unwind)]
    pub fn unwatch(&self, number: u32) -> u32 {
        self.watched().remove(&number).map_or(0, |watched| watched.retries.load(Ordering::Relaxed))
    }

    /// Any call of the contract: `kind` is its name (`createDatabase`), `body_json` its fields. Answers JSON text,
    /// empty where the contract has no body.
    #[napi]
    pub async fn call(
        &self,
        kind: String,
        body_json: String,
        context_json: String,
        options: Option<CallOptions>,
    ) -> napi::Result<Either<String, Failure>> {
        let call = || {
            let call = parse_call(&kind, &body_json)?;
            let context: Context = parse("context", &context_json)?;
            Ok((call, context.into()))
        };
        Ok(outcome(self.send(call, options).await))
    }

    /// One statement: the hot path of `call('query', …)`. Answers the JSON text of a result set. With `read_only`
    /// the caller vouches that it only reads, so that it may be repeated when its answer was lost.
    #[napi]
    #[expect(
        clippy::too_many_arguments,
        reason = "an object for them would be read field by field on the hot path"
    )]
    pub async fn query(
        &self,
        database: String,
        sql: String,
        parameters_json: String,
        transaction: Option<String>,
        native: bool,
        read_only: Option<bool>,
        options: Option<CallOptions>,
    ) -> napi::Result<Either<String, Failure>> {
        let call = || {
            let parameters: Vec<Value> = parse("parameters", &parameters_json)?;
            let statement = Statement { query: sql, parameters, native };
            let context = CallContext { read_only: read_only == Some(true), ..in_transaction(transaction) };
            Ok((Call::Query { database, statement }, context))
        };
        Ok(outcome(self.send(call, options).await))
    }

    /// Rows of one table: the hot path of `call('find', …)`. Answers the JSON text of a result set.
    #[napi]
    pub async fn find(
        &self,
        database: String,
        table_json: String,
        find_json: String,
        transaction: Option<String>,
        options: Option<CallOptions>,
    ) -> napi::Result<Either<String, Failure>> {
        let call = || {
            let table: TableName = parse("table", &table_json)?;
            let find: Find = parse("find", &find_json)?;
            Ok((Call::Find { database, table, find }, in_transaction(transaction)))
        };
        Ok(outcome(self.send(call, options).await))
    }

    /// Rolls back what is open and lets go of every connection; a memory database without a name is gone then.
    /// Answers the failure, or nothing.
    #[napi]
    pub async fn close(&self) -> napi::Result<Either<(), Failure>> {
        Ok(outcome(self.client.close().await))
    }
}

impl NativeDialect {
    fn watched(&self) -> MutexGuard<'_, HashMap<u32, Arc<Watched>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a call, and lets go of it when it is cancelled, which stops its statement.
    async fn send(
        &self,
        call: impl FnOnce() -> Result<(Call, CallContext)>,
        options: Option<CallOptions>,
    ) -> Result<String> {
        let (call, context) = call()?;
        let Some(options) = options else { return self.client.call(call, context).await };
        let watched = match options.number {
            None => Arc::default(),
            // It was given up, and nobody watches any more, before it began.
            Some(number) => self.watched().get(&number).cloned().ok_or_else(cancelled)?,
        };
        let sent = self.client.call_counted(call, with(context, options), &watched.retries);
        let answer = watched.cancelled.run_until_cancelled(sent).await;
        answer.unwrap_or_else(|| Err(cancelled()))
    }
}

fn cancelled() -> Error {
    Error::new(ErrorCode::StatementTimeout, "the call was cancelled")
}

fn with(context: CallContext, options: CallOptions) -> CallContext {
    CallContext {
        request_id: options.request_id,
        idempotency_key: options.idempotency_key.or(context.idempotency_key),
        traceparent: options.traceparent,
        tracestate: options.tracestate,
        ..context
    }
}

/// What travels beside a call, as JavaScript writes it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Context {
    transaction: Option<String>,
    idempotency_key: Option<String>,
    rows_as_arrays: bool,
    read_only: bool,
}

impl From<Context> for CallContext {
    fn from(context: Context) -> Self {
        Self {
            transaction: context.transaction,
            idempotency_key: context.idempotency_key,
            rows_as_arrays: context.rows_as_arrays,
            read_only: context.read_only,
            ..Self::default()
        }
    }
}

fn in_transaction(transaction: Option<String>) -> CallContext {
    CallContext { transaction, rows_as_arrays: true, ..CallContext::default() }
}

pub(crate) fn translate(kind: &str, plan: &str, inline: bool, before: u32) -> Result<TranslatedStatement> {
    let mode = if inline { Mode::Inline } else { Mode::Bound };
    let before = usize::try_from(before).map_err(|_| Error::internal("there are too many parameters"))?;
    let translated = crate::translate::translate_after(kind, plan, mode, before)?;
    let find = translated.find.map(|find| to_json(&find)).transpose()?;
    Ok(TranslatedStatement { sql: translated.sql, parameters: to_json(&translated.parameters)?, find })
}

/// The server has a runtime of its own, which may not be started from a thread of another one.
pub(crate) async fn run_cli(args: Vec<String>) -> Result<i32> {
    let (done, exit_code) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("phantomdb".to_owned())
        .spawn(move || {
            let args = std::iter::once("phantomdb".to_owned()).chain(args).collect();
            // Nobody waits any more when Node is on its way out.
            let _ = done.send(phantomdb_server::cli::run(args));
        })
        .map_err(|error| Error::internal(format!("the server's thread could not be started: {error}")))?;
    exit_code.await.map_err(|_| Error::internal("the server failed inside; its log says why"))
}

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal(error.to_string()))
}

fn parse_call(kind: &str, body: &str) -> Result<Call> {
    if !kind.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(bad_request(format!("'{kind}' is not a call")));
    }
    parse(kind, &format!("{{\"{kind}\":{body}}}"))
}

fn parse<T: DeserializeOwned>(what: &str, json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| bad_request(format!("{what}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use phantomdb_protocol::{BeginTransaction, IsolationLevel};

    #[test]
    fn it_reads_every_kind_of_call_by_its_camel_case_name() {
        assert_eq!(parse_call("listDatabases", "null").unwrap(), Call::ListDatabases);
        assert_eq!(
            parse_call("createDatabase", r#"{"name":"a","ifNotExists":true}"#).unwrap(),
            Call::CreateDatabase { name: "a".into(), if_not_exists: true }
        );
        assert_eq!(
            parse_call("beginTransaction", r#"{"database":"a","isolationLevel":"SERIALIZABLE"}"#).unwrap(),
            Call::BeginTransaction(BeginTransaction {
                database: "a".into(),
                isolation_level: Some(IsolationLevel::Serializable),
                ..BeginTransaction::default()
            })
        );
    }

    #[test]
    fn it_refuses_a_call_it_does_not_know_and_one_that_is_not_a_name() {
        assert_eq!(parse_call("launch", "{}").unwrap_err().code, ErrorCode::BadRequest);
        assert_eq!(parse_call(r#"a":1,"b"#, "{}").unwrap_err().code, ErrorCode::BadRequest);
    }
}
