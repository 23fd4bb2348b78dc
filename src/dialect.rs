//! `NativeDialect`: one connection string, and everything that is asked over it.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context as TaskContext, Poll, Waker};

use napi::bindgen_prelude::{
    Either4, FnArgs, Function, JsValue as _, PromiseRaw, within_runtime_if_available,
};
use napi::{Either, Env};
use napi_derive::napi;
use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, Result, Statement, Value};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use crate::error::{Failure, bad_request, outcome, thrown};
use crate::event_loop::EventLoop;
use crate::exchange::Exchange;
use crate::gathered::{Find, Gathered};
use phantomdb_client::{Client, ClientOptions, Item};

/// What the JavaScript class `PhantomDBDialect` holds. Nothing is opened before the first call.
#[napi]
pub struct NativeDialect {
    client: Arc<Client>,
    /// Where the calls to a server are answered; none for an engine in this process.
    exchange: OnceCell<Rc<Exchange>>,
    /// Calls to a server that are yet to be sent.
    gathered: Gathered,
    /// The calls that are watched, by the number JavaScript knows them by.
    watched: RefCell<HashMap<u32, Arc<Watched>>>,
    next: Cell<u32>,
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

/// Calls that are short whatever they are given, so that they are answered at once where a short statement is.
const SHORT: [&str; 5] = ["beginTransaction", "createTable", "describeTable", "dropTable", "listTables"];

/// The JSON text of an answer or what went wrong: at once, by a promise, or by the number under which the function that
/// was given to `listen` is told.
type Answer<'env> = Either4<String, Failure, PromiseRaw<'env, Either<String, Failure>>, u32>;

/// Is told the number of a call, and the JSON text of its answer or the failure.
type Settle<'scope> = Function<'scope, FnArgs<(u32, Either<String, Failure>)>, ()>;

#[napi]
impl NativeDialect {
    /// Throws `BAD_REQUEST` for a connection string or options that are wrong, naming what is.
    #[napi(constructor, catch_unwind)]
    pub fn new(connection_string: String, options_json: String) -> napi::Result<Self, String> {
        let open = || {
            let options: ClientOptions = parse("options", &options_json)?;
            Client::new(&connection_string, options)
        };
        let client = Arc::new(open().map_err(thrown)?);
        let (exchange, gathered, watched, next) = Default::default();
        Ok(Self { client, exchange, gathered, watched, next })
    }

    /// Has the calls to a server answered by a function: it is given the number of the call, and the JSON text of the answer
    /// or the failure. The caller keeps the function. Throws `UNSUPPORTED` where there is no libuv to run them on.
    #[napi(catch_unwind, ts_args_type = "settle: (number: number, answer: string | Failure) => void")]
    pub fn listen(&self, env: &Env, settle: Settle<'_>) -> napi::Result<(), String> {
        let listen = || {
            let event_loop = EventLoop::of(env.raw())?;
            // The function and the thread are those of the environment that calls.
            unsafe { Exchange::new(event_loop, env.raw(), settle.raw()) }
        };
        let exchange = listen().ok_or_else(|| {
            let message =
                "calls to a server need Node's event loop (libuv), which this runtime does not have";
            thrown(Error::new(ErrorCode::Unsupported, message))
        })?;
        // The first stays.
        let _ = self.exchange.set(exchange);
        Ok(())
    }

    /// Sends the calls to a server that were made since the last time.
    #[napi(catch_unwind)]
    pub fn flush(&self) {
        let Some(exchange) = self.exchange.get() else { return };
        self.gathered.send(exchange.event_loop(), &self.client);
        exchange.event_loop().turn();
    }

    /// The connection string, without a password.
    #[napi(getter, catch_unwind)]
    pub fn url(&self) -> String {
        self.client.url().to_owned()
    }

    /// A number for one call that is to be watched, until `unwatch`.
    #[napi(catch_unwind)]
    pub fn watch(&self) -> u32 {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        self.watched.borrow_mut().insert(number, Arc::default());
        number
    }

    /// Gives a watched call up: its statement is stopped.
    #[napi(catch_unwind)]
    pub fn cancel(&self, number: u32) {
        let watched = self.watched.borrow().get(&number).cloned();
        if let Some(watched) = watched {
            watched.cancelled.cancel();
        }
    }

    /// Ends the watch over a call. Answers how often it was sent again.
    #[napi(catch_unwind)]
    pub fn unwatch(&self, number: u32) -> u32 {
        self.watched.borrow_mut().remove(&number).map_or(0, |watched| watched.retries.load(Ordering::Relaxed))
    }

    /// Any call of the contract: `kind` is its name (`createDatabase`), `body_json` its fields. Answers JSON text,
    /// empty where the contract has no body.
    #[napi(catch_unwind)]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        kind: String,
        body_json: String,
        context_json: String,
        options: Option<CallOptions>,
    ) -> napi::Result<Answer<'env>> {
        let context = parse::<Context>("context", &context_json);
        let at_once = Some(SHORT.contains(&kind.as_str()));
        match context {
            Ok(context) => self.answer(env, at_once, parse_call(&kind, &body_json), context.into(), options),
            Err(error) => Ok(Either4::B(error.into())),
        }
    }

    /// One statement: the hot path of `call('query', …)`. Answers the JSON text of a result set. With `read_only`
    /// the caller vouches that it only reads, so that it may be repeated when its answer was lost. With `at_once` a
    /// statement on a database in this process's memory that is done in the time of a look-up is answered without a
    /// promise.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments)]
    pub fn query<'env>(
        &self,
        env: &'env Env,
        database: String,
        sql: String,
        parameters_json: String,
        transaction: Option<String>,
        native: bool,
        read_only: Option<bool>,
        at_once: Option<bool>,
        options: Option<CallOptions>,
    ) -> napi::Result<Answer<'env>> {
        if let Some(exchange) = self.exchange.get()
            && goes_with_others(options.as_ref())
            && self.client.takes_many(transaction.as_deref())
        {
            let item = item(sql, parameters_json, native, read_only == Some(true), transaction, options);
            return Ok(match item {
                Ok(item) => Either4::D(self.gathered.query(exchange.ticket(), database, item)),
                Err(error) => Either4::B(error.into()),
            });
        }
        let statement = parse("parameters", &parameters_json).map(|parameters: Vec<Value>| Statement {
            query: sql,
            parameters,
            native,
        });
        let context = CallContext { read_only: read_only == Some(true), ..in_transaction(transaction) };
        let call = statement.map(|statement| Call::Query { database, statement });
        self.answer(env, at_once, call, context, options)
    }

    /// Rows of one table: the hot path of `call('find', …)`. `find_json` is what `translate` gave, or `{"find": …}`;
    /// the parameters are those of its condition. Answers the JSON text of a result set; `at_once` as in
    /// [`Self::query`]. With the statement `sql` that it stands for, it can travel with other calls.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments)]
    pub fn find<'env>(
        &self,
        env: &'env Env,
        database: String,
        table_json: String,
        find_json: String,
        parameters_json: String,
        transaction: Option<String>,
        at_once: Option<bool>,
        options: Option<CallOptions>,
        sql: Option<String>,
    ) -> napi::Result<Answer<'env>> {
        if let (Some(exchange), Some(sql)) = (self.exchange.get(), sql)
            && goes_with_others(options.as_ref())
            && self.client.takes_many(transaction.as_deref())
        {
            let item = item(sql, parameters_json, false, true, transaction, options);
            let by_itself = Find { table_json, find_json };
            return Ok(match item {
                Ok(item) => Either4::D(self.gathered.find(exchange.ticket(), database, item, by_itself)),
                Err(error) => Either4::B(error.into()),
            });
        }
        let call = Find { table_json, find_json }.into_call(database, &parameters_json);
        self.answer(env, at_once, call, in_transaction(transaction), options)
    }

    /// Rolls back what is open and lets go of every connection; a memory database without a name is gone then.
    /// Answers the failure, or nothing.
    #[napi(catch_unwind)]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Either<(), Failure>>> {
        let client = Arc::clone(&self.client);
        env.spawn_future(async move { Ok(outcome(client.close().await)) })
    }

    /// Two hand-overs between threads cost more than most statements on memory take. So the work is begun on the
    /// calling thread where it waits for nothing; what is not done when it first has to wait goes on elsewhere.
    fn answer<'env>(
        &self,
        env: &'env Env,
        at_once: Option<bool>,
        call: Result<Call>,
        context: CallContext,
        options: Option<CallOptions>,
    ) -> napi::Result<Answer<'env>> {
        let call = match call {
            Ok(call) => call,
            Err(error) => return Ok(Either4::B(Failure::from(error))),
        };
        let number = options.as_ref().and_then(|options| options.number);
        let watched = number.and_then(|number| self.watched.borrow().get(&number).cloned());
        let context = with(context, options);
        if let Some(exchange) = self.exchange.get() {
            let ticket = exchange.ticket();
            let number = ticket.number();
            self.gathered.alone(ticket, run(Arc::clone(&self.client), call, context, watched));
            return Ok(Either4::D(number));
        }
        let mut work = Box::pin(run(Arc::clone(&self.client), call, context, watched));
        if at_once == Some(true) && self.client.is_in_memory() {
            let mut nobody = TaskContext::from_waker(Waker::noop());
            if let Poll::Ready(done) = within_runtime_if_available(|| work.as_mut().poll(&mut nobody)) {
                return Ok(match done {
                    Ok(text) => Either4::A(text),
                    Err(error) => Either4::B(Failure::from(error)),
                });
            }
        }
        // Whoever polls next leaves a waker of its own.
        env.spawn_future(async move { Ok(outcome(work.await)) }).map(Either4::C)
    }
}

/// Makes a call, and lets go of it when it is cancelled, which stops its statement.
async fn run(
    client: Arc<Client>,
    call: Call,
    context: CallContext,
    watched: Option<Arc<Watched>>,
) -> Result<String> {
    let Some(watched) = watched else { return client.call(call, context).await };
    let sent = client.call_counted(call, context, &watched.retries);
    watched
        .cancelled
        .run_until_cancelled(sent)
        .await
        .unwrap_or_else(|| Err(Error::new(ErrorCode::StatementTimeout, "the call was cancelled")))
}

/// Whether nothing goes with the call but what each of many can have.
fn goes_with_others(options: Option<&CallOptions>) -> bool {
    options.is_none_or(|options| {
        options.number.is_none() && options.request_id.is_none() && options.traceparent.is_none()
    })
}

fn item(
    query: String,
    parameters: String,
    native: bool,
    read_only: bool,
    transaction: Option<String>,
    options: Option<CallOptions>,
) -> Result<Item> {
    let parameters =
        RawValue::from_string(parameters).map_err(|error| bad_request(format!("parameters: {error}")))?;
    let idempotency_key = options.and_then(|options| options.idempotency_key);
    Ok(Item { query, parameters, native, read_only, transaction, idempotency_key })
}

fn with(context: CallContext, options: Option<CallOptions>) -> CallContext {
    let Some(options) = options else { return context };
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

fn parse_call(kind: &str, body: &str) -> Result<Call> {
    if !kind.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(bad_request(format!("'{kind}' is not a call")));
    }
    parse(kind, &format!("{{\"{kind}\":{body}}}"))
}

pub(crate) fn parse<T: DeserializeOwned>(what: &str, json: &str) -> Result<T> {
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
}
