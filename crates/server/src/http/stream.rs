//! The rows of one statement as they are read: each line of the answer is a page of them. The next page is read when the
//! caller has taken the one before, so that neither side has more than a few pages in memory.

use std::{convert::Infallible, mem, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use futures_util::{StreamExt as _, stream};
use http::{HeaderValue, StatusCode};
use phantomdb_engine::BytesInFlight;
use phantomdb_protocol::{
    BeginTransaction, Call, CallContext, Error, ErrorCode, IsolationLevel, NewTransaction, Result, Statement,
    headers, read_body,
};
use phantomdb_service::Grant;
use phantomdb_sql::script;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::runtime::Handle;

use super::{
    answer::{HttpError, respond, set_begun},
    body,
    extract::{Caller, Segments},
    held, observe,
    server::HttpServer,
};

const LINES: HeaderValue = HeaderValue::from_static(headers::LINES);

/// The rows of a line.
const PAGE: u64 = 250;

/// The name of the cursor.
const CURSOR: &str = "phantomdb_stream";

/// How long a caller may leave a page lying, in milliseconds. The service allows no more.
const PAGE_TIMEOUT: u64 = 600_000;

pub(super) async fn stream(
    State(server): State<Arc<HttpServer>>,
    Segments(segments): Segments,
    Caller { context, grant }: Caller,
    request: Request,
) -> Result<Response, HttpError> {
    let database = segments.into_iter().next().unwrap_or_default();
    let statement: Statement = {
        let body = body::read(request.into_body(), &server.options).await?;
        read_body(&body)?
    };
    let begun = context.new_transaction.as_ref().map(|new| Arc::clone(&new.begun));
    let opened = Cursor::open(&server, database, statement, context, grant).await;
    let mut response = match opened {
        Ok(cursor) => respond(StatusCode::OK, LINES, body_of(cursor, server.options.bytes_in_flight.clone())),
        Err(error) => HttpError::from(error).into_response(),
    };
    if let Some(begun) = begun.as_ref().and_then(|begun| begun.get()) {
        set_begun(&mut response, begun);
    }
    Ok(response)
}

fn body_of(cursor: Cursor, in_flight: Option<Arc<BytesInFlight>>) -> Body {
    let lines = stream::unfold(Some(cursor), move |cursor| {
        let in_flight = in_flight.clone();
        async move {
            let (line, cursor) = cursor?.next().await;
            Some((held::answer(line, in_flight.as_ref()), cursor))
        }
    });
    Body::from_stream(lines.map(Ok::<Bytes, Infallible>))
}

/// A cursor in a transaction of the caller's, or in one of its own.
struct Cursor {
    server: Arc<HttpServer>,
    database: String,
    grant: Arc<Grant>,
    /// That of each call on the cursor.
    context: CallContext,
    name: String,
    /// True when the transaction ends with the cursor.
    is_own: bool,
    /// True once nothing is left to close.
    is_closed: bool,
}

impl Cursor {
    async fn open(
        server: &Arc<HttpServer>,
        database: String,
        statement: Statement,
        context: CallContext,
        grant: Arc<Grant>,
    ) -> Result<Self> {
        let Statement { query, parameters, native, rows, new_values, exact_types } = statement;
        if native || exact_types || new_values || !rows.is_empty() || context.idempotency_key.is_some() {
            let message = "a stream takes a statement of PhantomDB SQL that reads: without native, rows, newValues, exactTypes and Idempotency-Key";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        if let Ok(Some(_)) = script::statements(&query) {
            let message = "a stream takes one statement; send the others to /query";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        let is_own = context.transaction.is_none() && context.new_transaction.is_none();
        let new = if is_own { Some(Box::new(reading())) } else { context.new_transaction.clone() };
        // In a transaction of the caller's other streams may be open. Elsewhere the text is the same each time, as the caches of
        // statements and the digests in the logs want it.
        let name = if is_own { CURSOR.to_owned() } else { format!("{CURSOR}_{}", uuid::Uuid::new_v4()) };
        let declare = format!("DECLARE \"{name}\" NO SCROLL CURSOR FOR ");
        let offset = declare.chars().count() as u64;
        let first = Statement { query: declare + &query, parameters, ..Statement::default() };
        let first_context = CallContext { new_transaction: new.clone(), ..context.clone() };
        let call = Call::Query { database: database.clone(), statement: first };
        let declared = observe::call(server, call, first_context, Arc::clone(&grant)).await;
        let id = new.and_then(|new| new.begun.get().map(|begun| begun.id.clone()));
        let context =
            CallContext { transaction: id.or(context.transaction), new_transaction: None, ..context };
        let is_closed = declared.is_err() && !is_own;
        let server = Arc::clone(server);
        // From here on a transaction of its own is rolled back with the cursor.
        let cursor = Self { server, database, grant, context, name, is_own, is_closed };
        match declared {
            Ok(_) => Ok(cursor),
            Err(mut error) => {
                // The caller counts from the beginning of its own text.
                error.details.position =
                    error.details.position.map(|position| position.saturating_sub(offset));
                Err(error)
            }
        }
    }

    /// The next line, and the cursor unless it was the last one.
    async fn next(mut self) -> (Vec<u8>, Option<Self>) {
        match self.page().await {
            Ok(page) => {
                if has_rows(&page) {
                    return ([b"{\"result\":", page.as_bytes(), b"}\n"].concat(), Some(self));
                }
                self.close().await;
                (b"{\"end\":true}\n".to_vec(), None)
            }
            Err(mut error) => {
                observe::refusal(&error);
                error.request_id.clone_from(&self.context.request_id);
                let error = serde_json::to_string(&error).unwrap_or_default();
                self.close().await;
                (format!("{{\"error\":{error}}}\n").into_bytes(), None)
            }
        }
    }

    /// The next rows, if the caller's token still allows to read them.
    async fn page(&mut self) -> Result<String> {
        let owner = self.context.token.as_deref();
        let Some(grant) = self.server.options.tokens.present_grant(owner) else {
            let message = "the token has expired or was revoked while the rows were read";
            return Err(Error::new(ErrorCode::Unauthorized, message));
        };
        self.grant = grant;
        self.query(format!("FETCH {PAGE} FROM \"{}\"", self.name)).await
    }

    async fn query(&self, query: String) -> Result<String> {
        let statement = Statement { query, ..Statement::default() };
        let call = Call::Query { database: self.database.clone(), statement };
        let (context, grant) = (self.context.clone(), Arc::clone(&self.grant));
        self.server.service.call(call, context, grant).await.map(|reply| reply.body)
    }

    /// Closes the cursor, and ends a transaction of its own.
    async fn close(&mut self) {
        if mem::replace(&mut self.is_closed, true) {
            return;
        }
        let closed = match (&self.context.transaction, self.is_own) {
            (Some(id), true) => {
                let call = Call::RollbackTransaction { id: id.clone() };
                let context = CallContext { transaction: None, ..self.context.clone() };
                self.server.service.call(call, context, Arc::clone(&self.grant)).await.map(drop)
            }
            (Some(_), false) => self.query(format!("CLOSE \"{}\"", self.name)).await.map(drop),
            (None, _) => Ok(()),
        };
        if let Err(error) = closed {
            // It is gone with its transaction.
            tracing::debug!(code = ?error.code, "the cursor of a stream could not be closed");
        }
    }
}

impl Drop for Cursor {
    /// Closes the cursor of a caller who went away.
    fn drop(&mut self) {
        if self.is_closed {
            return;
        }
        let mut cursor = Self {
            server: Arc::clone(&self.server),
            database: mem::take(&mut self.database),
            grant: Arc::clone(&self.grant),
            context: self.context.clone(),
            name: mem::take(&mut self.name),
            is_own: self.is_own,
            is_closed: mem::replace(&mut self.is_closed, true),
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move { cursor.close().await })),
            // Without a runtime the service is about to end, and its transactions with it.
            Err(_) => cursor.is_closed = true,
        }
    }
}

/// True when a page has a row: the result set as the service writes it is not parsed for more.
fn has_rows(page: &str) -> bool {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        rows: &'a RawValue,
    }
    serde_json::from_str(page).is_ok_and(|Page { rows }| rows.get() != "[]")
}

/// A transaction that reads one state.
fn reading() -> NewTransaction {
    let options = BeginTransaction {
        isolation_level: Some(IsolationLevel::RepeatableRead),
        read_only: true,
        timeout: Some(PAGE_TIMEOUT),
        ..BeginTransaction::default()
    };
    NewTransaction { options, begun: Arc::default() }
}
