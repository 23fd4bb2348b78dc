//! `NativeDialect`: one connection string, and everything that is asked over it.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context as TaskContext, Poll, Waker},
};

use napi::{
    Either, Env,
    bindgen_prelude::{PromiseRaw, within_runtime_if_available},
};
use napi_derive::napi;
use phantomdb_client::{Client, ClientOptions, Item};
use phantomdb_protocol::{Call, CallContext, CallTransaction, Error, ErrorCode, Result, Statement, Value};
use phantomdb_sql::database_statement::DatabaseStatement;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use crate::{
    call_batch::{CallBatch, FindText},
    error::{Failure, bad_request, outcome, thrown},
    event_loop::EventLoop,
    json::parse,
    pending_calls::{PendingCalls, Settle, Work},
    studio::StudioSlot,
};

use super::begun::with_begun;

/// The addon's side of the JavaScript class `Connection`. Nothing is opened before the first call.
///
/// JavaScript gives each call a number. A method that makes a call returns its outcome, JSON text or a failure, when that
/// is known at once. Otherwise it returns nothing, and `settle` is called later with the number and the outcome.
#[napi]
pub struct NativeDialect {
    client: Arc<Client>,
    studio: Arc<StudioSlot>,
    pending: PendingCalls,
    /// Calls to a server that are yet to be sent.
    batch: CallBatch,
    /// The calls that are watched, by their numbers.
    watched: RefCell<HashMap<u32, Arc<Watched>>>,
}

/// A call that can be cancelled, and whose retries are counted.
#[derive(Default)]
struct Watched {
    cancelled: CancellationToken,
    retries: AtomicU32,
}

/// Options of a call. Most calls to memory have none, which matters: each field that is looked for takes a tenth of a
/// microsecond.
#[derive(Default)]
#[napi(object, object_to_js = false)]
pub struct CallOptions {
    /// As the header `PhantomDB-Transaction`: an id, or `new` for a transaction that begins with the call. Its id then comes
    /// with the outcome: before the text, on a line of its own, or in the failure.
    pub transaction: Option<String>,
    /// The statement is the engine's own SQL.
    pub native: Option<bool>,
    /// The rows of an INSERT, a JSON array of arrays.
    pub rows: Option<String>,
    /// The answer may leave out the columns whose values all are those of the rows.
    pub new_values: Option<bool>,
    /// The caller vouches that the statement only reads, so that it may be repeated when its answer was lost.
    pub read_only: Option<bool>,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    /// Under which a write is run once, however often it is sent.
    pub idempotency_key: Option<String>,
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
}

/// Rows of one table.
#[napi(object, object_to_js = false)]
pub struct FindRequest {
    /// The number of the call.
    pub number: u32,
    pub database: String,
    /// The table, as JSON.
    pub table: String,
    /// A find call that `translate` wrote, or `{"find": …}`.
    pub find: String,
    /// The parameters of the condition, a JSON array.
    pub parameters: String,
    /// The statement that the call stands for. With it the call can travel with others.
    pub query: Option<String>,
    pub options: Option<CallOptions>,
}

/// Any call of the contract.
#[napi(object, object_to_js = false)]
pub struct CallRequest {
    /// The number of the call.
    pub number: u32,
    /// The name of the call, for example `createDatabase`.
    pub kind: String,
    /// The fields of the call, as JSON.
    pub body: String,
    pub options: Option<CallOptions>,
}

/// Calls that are short, or go on elsewhere by themselves, so that they are begun at once where a short statement is.
const SHORT: [&str; 7] = [
    "beginTransaction",
    "commitTransaction",
    "createTable",
    "describeTable",
    "dropTable",
    "listTables",
    "rollbackTransaction",
];

/// The outcome of a call, when it is known already.
type Outcome = Option<Either<String, Failure>>;

#[napi]
impl NativeDialect {
    /// Throws `BAD_REQUEST` for a connection string or options that are wrong, naming what is. `settle` must not hold this
    /// object. With `on_event_loop` calls to a server run on Node's event loop, where there is libuv.
    #[napi(
        constructor,
        catch_unwind,
        ts_args_type = "connectionString: string, optionsJson: string, \
                        settle: (number: number, answer: string | Failure) => void, onEventLoop: boolean"
    )]
    pub fn new(
        env: &Env,
        connection_string: String,
        options_json: String,
        settle: Settle<'_>,
        on_event_loop: bool,
    ) -> napi::Result<Self, String> {
        let open = || {
            let options: ClientOptions = parse("options", &options_json)?;
            Client::new(&connection_string, options)
        };
        let client = open().map_err(thrown)?;
        let event_loop = if client.is_remote() && on_event_loop { EventLoop::of(env.raw()) } else { None };
        let pending = PendingCalls::new(env, &settle, event_loop)
            .map_err(|error| thrown(Error::internal(error.reason.clone())))?;
        Ok(Self {
            client: Arc::new(client),
            studio: Arc::default(),
            pending,
            batch: CallBatch::default(),
            watched: RefCell::default(),
        })
    }

    /// The connection string, which holds no secret.
    #[napi(getter, catch_unwind)]
    pub fn url(&self) -> String {
        self.client.url().to_owned()
    }

    /// True when the databases are on a server. The calls to it are sent by `flush`.
    #[napi(getter, catch_unwind)]
    pub fn is_remote(&self) -> bool {
        self.client.is_remote()
    }

    /// True when the databases are in the memory of this process, where most calls are done at once.
    #[napi(getter, catch_unwind)]
    pub fn is_in_memory(&self) -> bool {
        self.client.is_in_memory()
    }

    /// The databases that were missing when they were first used, and that were therefore made.
    #[napi(catch_unwind)]
    pub fn created_databases(&self) -> Vec<String> {
        self.client.created_databases()
    }

    /// Why calls wait at present, when they wait for a server that answered before to come back.
    #[napi(getter, catch_unwind)]
    pub fn waits_because(&self) -> Option<String> {
        self.client.waits_because()
    }

    /// Sends the calls to a server that were made since the last time.
    #[napi(catch_unwind)]
    pub fn flush(&self, env: &Env) -> napi::Result<()> {
        self.batch.send(env, &self.pending, &self.client)?;
        if let PendingCalls::OnLoop(calls) = &self.pending {
            calls.event_loop().turn();
        }
        Ok(())
    }

    /// Watches the call of this number, which is yet to be made, until `unwatch`.
    #[napi(catch_unwind)]
    pub fn watch(&self, number: u32) {
        self.watched.borrow_mut().insert(number, Arc::default());
    }

    /// Gives a watched call up: its statement is stopped.
    #[napi(catch_unwind)]
    pub fn cancel(&self, number: u32) {
        if let Some(watched) = self.watched_call(number) {
            watched.cancelled.cancel();
        }
    }

    /// Ends the watch over a call. Returns how often the call was sent again.
    #[napi(catch_unwind)]
    pub fn unwatch(&self, number: u32) -> u32 {
        self.watched.borrow_mut().remove(&number).map_or(0, |watched| watched.retries.load(Ordering::Relaxed))
    }

    /// Makes any call of the contract. Its answer is JSON text, empty where the contract has no body.
    #[napi(catch_unwind, ts_return_type = "string | Failure | null")]
    pub fn call(&self, env: &Env, request: CallRequest) -> napi::Result<Outcome> {
        let CallRequest { number, kind, body, options } = request;
        let call = match parse_call(&kind, &body) {
            Ok(call) => call,
            Err(error) => return Ok(done(Err(error))),
        };
        let context = match context(options) {
            Ok(context) => context,
            Err(error) => return Ok(done(Err(error))),
        };
        let work = self.work(number, call, context);
        self.begin(env, number, SHORT.contains(&kind.as_str()), work)
    }

    /// Runs one statement with parameters that are a JSON array: the hot path of `call({ kind: 'query' })`. Its answer is
    /// the JSON text of a result set.
    #[napi(catch_unwind, ts_return_type = "string | Failure | null")]
    pub fn query(
        &self,
        env: &Env,
        number: u32,
        database: String,
        query: String,
        parameters: String,
        options: Option<CallOptions>,
    ) -> napi::Result<Outcome> {
        let mut options = options.unwrap_or_default();
        let native = options.native == Some(true);
        if !native
            && parameters == "[]"
            && let Some(statement) = DatabaseStatement::read(&query)
        {
            let context = match context(Some(options)) {
                Ok(context) => context,
                Err(error) => return Ok(done(Err(error))),
            };
            let work = self.work_on_database(number, statement, context);
            return self.begin(env, number, false, work);
        }
        if self.travels_with_others(number, &options) {
            return Ok(match item(query, parameters, options) {
                Ok(item) => self.add_to_batch(number, database, item, None),
                Err(error) => done(Err(error)),
            });
        }
        let parameters: Vec<Value> = match parse("parameters", &parameters) {
            Ok(parameters) => parameters,
            Err(error) => return Ok(done(Err(error))),
        };
        let new_values = options.new_values == Some(true);
        let rows = match options.rows.take().map(|rows| parse("rows", &rows)).transpose() {
            Ok(rows) => rows.unwrap_or_default(),
            Err(error) => return Ok(done(Err(error))),
        };
        let call = Call::Query {
            database,
            statement: Statement { query, parameters, native, rows, new_values, ..Statement::default() },
        };
        let context = match context(Some(options)) {
            Ok(context) => CallContext { rows_as_arrays: true, ..context },
            Err(error) => return Ok(done(Err(error))),
        };
        let work = self.work(number, call, context);
        self.begin(env, number, true, work)
    }

    /// Finds rows of one table: the hot path of `call({ kind: 'find' })`. Its answer is the JSON text of a result set.
    #[napi(catch_unwind, ts_return_type = "string | Failure | null")]
    pub fn find(&self, env: &Env, request: FindRequest) -> napi::Result<Outcome> {
        let FindRequest { number, database, table, find, parameters, query, options } = request;
        let options = options.unwrap_or_default();
        let text = FindText { table, find };
        if let Some(query) = query
            && self.travels_with_others(number, &options)
        {
            let options = CallOptions { native: None, read_only: Some(true), ..options };
            return Ok(match item(query, parameters, options) {
                Ok(item) => self.add_to_batch(number, database, item, Some(text)),
                Err(error) => done(Err(error)),
            });
        }
        let call = match text.into_call(database, &parameters) {
            Ok(call) => call,
            Err(error) => return Ok(done(Err(error))),
        };
        let context = match context(Some(options)) {
            Ok(context) => CallContext { rows_as_arrays: true, ..context },
            Err(error) => return Ok(done(Err(error))),
        };
        let work = self.work(number, call, context);
        self.begin(env, number, true, work)
    }

    /// Rolls back open transactions and closes every connection; a memory database without a name is gone then.
    /// Resolves to the failure, or to nothing.
    #[napi(catch_unwind)]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Either<(), Failure>>> {
        let (studio, client) = (Arc::clone(&self.studio), Arc::clone(&self.client));
        env.spawn_future(async move { Ok(outcome(studio.close(client).await)) })
    }

    /// Serves the console of an embedded database until `close`. Resolves to its URL, or to the failure.
    #[napi(catch_unwind)]
    pub fn studio<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Either<String, Failure>>> {
        let (studio, client) = (Arc::clone(&self.studio), Arc::clone(&self.client));
        env.spawn_future(async move { Ok(outcome(studio.url(&client).await)) })
    }

    fn watched_call(&self, number: u32) -> Option<Arc<Watched>> {
        let watched = self.watched.borrow();
        // Nothing is watched as a rule, and then there is nothing to hash.
        if watched.is_empty() { None } else { watched.get(&number).cloned() }
    }

    /// True when a statement can be one of many in a request: nothing goes with it but what each of many can have.
    fn travels_with_others(&self, number: u32, options: &CallOptions) -> bool {
        self.client.takes_many(options.transaction.as_deref())
            && options.request_id.is_none()
            && options.traceparent.is_none()
            && !self.watched.borrow().contains_key(&number)
    }

    fn add_to_batch(&self, number: u32, database: String, item: Item, find: Option<FindText>) -> Outcome {
        self.batch.add(number, database, item, find);
        None
    }

    /// A call as a future. It is large, and is boxed where it is made so that it is not copied from hand to hand.
    fn work(&self, number: u32, call: Call, context: CallContext) -> Work {
        Box::pin(run(Arc::clone(&self.client), call, context, self.watched_call(number)))
    }

    fn work_on_database(&self, number: u32, statement: DatabaseStatement, context: CallContext) -> Work {
        let (client, watched) = (Arc::clone(&self.client), self.watched_call(number));
        Box::pin(async move {
            let answer = run(client, statement.call.clone(), context, watched).await;
            statement.answer(answer)
        })
    }

    /// Begins a call. Two hand-overs between threads cost more than most statements take. So a call to an embedded database
    /// is begun on the calling thread, and goes on elsewhere when it has to wait or takes longer than a moment.
    fn begin(&self, env: &Env, number: u32, at_once: bool, mut work: Work) -> napi::Result<Outcome> {
        if self.client.is_remote() {
            self.batch.add_alone(number, work);
            return Ok(None);
        }
        if at_once {
            let mut nobody = TaskContext::from_waker(Waker::noop());
            if let Poll::Ready(answer) = within_runtime_if_available(|| work.as_mut().poll(&mut nobody)) {
                return Ok(done(answer));
            }
        }
        // The runtime polls it again, with a waker of its own.
        self.pending.run(env, number, work)?;
        Ok(None)
    }
}

fn done(answer: Result<String>) -> Outcome {
    Some(outcome(answer))
}

/// Makes a call, and drops it when it is cancelled, which stops its statement.
async fn run(
    client: Arc<Client>,
    call: Call,
    context: CallContext,
    watched: Option<Arc<Watched>>,
) -> Result<String> {
    let begun = context.new_transaction.as_ref().map(|new| Arc::clone(&new.begun));
    let Some(watched) = watched else { return with_begun(client.call(call, context).await, begun) };
    let sent = client.call_counted(call, context, &watched.retries);
    match watched.cancelled.run_until_cancelled(sent).await {
        Some(answer) => with_begun(answer, begun),
        // The transaction that began with it ends with it.
        None => Err(Error::new(ErrorCode::StatementTimeout, "the call was cancelled")),
    }
}

fn item(query: String, parameters: String, options: CallOptions) -> Result<Item> {
    let CallOptions { transaction, native, rows, new_values, read_only, idempotency_key, .. } = options;
    let transaction = transaction.map(CallTransaction::parse).transpose()?;
    let parameters = raw("parameters", parameters)?;
    let rows = rows.map(|rows| raw("rows", rows)).transpose()?;
    let [native, new_values, read_only] = [native, new_values, read_only].map(|flag| flag == Some(true));
    Ok(Item { query, parameters, native, rows, new_values, read_only, transaction, idempotency_key })
}

fn raw(what: &str, json: String) -> Result<Box<RawValue>> {
    RawValue::from_string(json).map_err(|error| bad_request(format!("{what}: {error}")))
}

fn context(options: Option<CallOptions>) -> Result<CallContext> {
    let Some(options) = options else { return Ok(CallContext::default()) };
    let transaction = options.transaction.map(CallTransaction::parse).transpose()?;
    let (transaction, new_transaction) = transaction.map(CallTransaction::into_parts).unwrap_or_default();
    Ok(CallContext {
        transaction,
        new_transaction,
        request_id: options.request_id,
        idempotency_key: options.idempotency_key,
        traceparent: options.traceparent,
        tracestate: options.tracestate,
        read_only: options.read_only == Some(true),
        ..CallContext::default()
    })
}

fn parse_call(kind: &str, body: &str) -> Result<Call> {
    if !kind.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(bad_request(format!("'{kind}' is not a call")));
    }
    parse(kind, &format!("{{\"{kind}\":{body}}}"))
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
            Call::CreateDatabase { name: "a".into(), if_not_exists: true, template: None }
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

    #[test]
    fn it_refuses_a_field_that_the_call_does_not_have() {
        for (kind, body) in [
            ("createDatabase", r#"{"name":"a","ifNotExist":true}"#),
            ("dropTable", r#"{"database":"a","table":{"name":"t"},"cascade":true}"#),
            ("find", r#"{"database":"a","table":{"name":"t"},"find":{"where":"id = 1"}}"#),
        ] {
            let error = parse_call(kind, body).unwrap_err();
            assert_eq!(error.code, ErrorCode::BadRequest);
            assert!(error.message.contains("unknown field"), "{}", error.message);
        }
    }
}
