//! Many independent statements in one request. Each is a call as a lone one is, all run at the same time, and each is
//! answered with a line as soon as it is done.

use std::{
    convert::Infallible,
    io::Write as _,
    mem,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Request, State},
    response::Response,
};
use futures_util::{
    Stream, StreamExt as _,
    stream::{self, FuturesUnordered},
};
use http::{HeaderValue, StatusCode, request::Parts};
use phantomdb_engine::BytesInFlight;
use phantomdb_protocol::{
    Apart, BegunTransaction, Call, CallContext, CallTransaction, Error, ErrorCode, IndependentQuery, Queries,
    Result, Statement, headers, read_body,
};
use phantomdb_service::{Grant, Reply};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::{AbortOnDropHandle, task_tracker::TaskTrackerToken};

use super::{
    answer::{HttpError, LogsItself, respond},
    body,
    extract::{Caller, Segments},
    held, observe,
    request_id::is_request_id,
    server::HttpServer,
    trace::TraceParent,
};

const LINES: HeaderValue = HeaderValue::from_static(headers::LINES);

/// An engine may work on the thread that polls it. After this long the answers that are there are sent first.
const TURN: Duration = Duration::from_millis(1);

/// An answer is produced only as fast as the client takes it, up to this size. The rest of a larger one runs on a task of
/// its own, so that a client that reads slowly holds nobody's locks and connections.
const BUFFERED_MAX: usize = 64 * 1024;

/// The answers that wait for a client that reads slowly, in bytes.
const QUEUED_MAX: usize = 32 << 20;

/// How long a client may read nothing once so many answers wait for it. Then the queries that still run are stopped, because
/// they hold locks and connections.
const STALLED_AFTER: Duration = Duration::from_secs(5);

/// When the request came, and the trace that it is part of.
pub(super) struct Arrival {
    time: Instant,
    trace: Option<TraceParent>,
}

impl<S: Send + Sync> FromRequestParts<S> for Arrival {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self { time: Instant::now(), trace: TraceParent::of(&parts.headers) })
    }
}

pub(super) async fn queries(
    State(server): State<Arc<HttpServer>>,
    Segments(segments): Segments,
    Caller { context, grant }: Caller,
    arrival: Arrival,
    request: Request,
) -> Result<Response, HttpError> {
    let database = segments.into_iter().next().unwrap_or_default();
    let Queries { queries } = {
        let body = body::read(request.into_body(), &server.options).await?;
        read_body(&body)?
    };
    if context.transaction.is_some() || context.new_transaction.is_some() || context.idempotency_key.is_some()
    {
        let message = "PhantomDB-Transaction and Idempotency-Key are no headers of this call: each query has its own \
                       transaction and idempotencyKey";
        return Err(HttpError::new(ErrorCode::BadRequest, message));
    }
    server.service.refuse_too_many(queries.len())?;
    let count = queries.len();
    let running = queries.into_iter().enumerate().map(|(index, Apart(query))| {
        let call = query.and_then(|query| call_of(&database, &context, query)).map_err(|mut error| {
            error.request_id.clone_from(&context.request_id);
            error
        });
        run(Arc::clone(&server), index, call, Arc::clone(&grant))
    });
    let lines = Lines {
        running: running.collect::<FuturesUnordered<_>>(),
        yields: false,
        is_answered: vec![false; count],
        in_flight: server.options.bytes_in_flight.clone(),
        arrival,
        span: tracing::Span::current(),
        _call: server.calls.token(),
    };
    let mut answer = AnswerStream { lines: Some(lines), background: None, length: 0 };
    // Headers without a line would only wake the client.
    let first = answer.next().await.unwrap_or_default();
    let body = match answer.is_complete() {
        true => Body::from(first),
        false => Body::from_stream(stream::iter([first]).chain(answer).map(Ok::<_, Infallible>)),
    };
    let mut response = respond(StatusCode::OK, LINES, body);
    response.extensions_mut().insert(LogsItself);
    Ok(response)
}

/// The call that one of the queries is, and its context.
fn call_of(database: &str, request: &CallContext, query: IndependentQuery) -> Result<(Call, CallContext)> {
    let IndependentQuery {
        query,
        parameters,
        native,
        rows,
        new_values,
        exact_types,
        read_only,
        transaction,
        idempotency_key,
        request_id,
    } = query;
    let call = Call::Query {
        database: database.to_owned(),
        statement: Statement { query, parameters, native, rows, new_values, exact_types },
    };
    let transaction = transaction.map(CallTransaction::parse).transpose()?;
    let (transaction, new_transaction) = transaction.map(CallTransaction::into_parts).unwrap_or_default();
    let context = CallContext {
        transaction,
        new_transaction,
        idempotency_key,
        request_id: request_id.filter(|id| is_request_id(id)),
        read_only,
        position: request.position.clone(),
        statement_timeout: request.statement_timeout,
        token: request.token.clone(),
        traceparent: request.traceparent.clone(),
        tracestate: request.tracestate.clone(),
        ..CallContext::default()
    };
    Ok((call, context))
}

/// The outcome of one query.
struct Finished {
    index: usize,
    outcome: Result<Reply>,
    /// The transaction that began with it.
    begun: Option<Arc<OnceLock<BegunTransaction>>>,
}

/// Runs a query, unless it could not be read.
async fn run(
    server: Arc<HttpServer>,
    index: usize,
    call: Result<(Call, CallContext)>,
    grant: Arc<Grant>,
) -> Finished {
    let (outcome, begun) = match call {
        Ok((call, context)) => {
            let begun = context.new_transaction.as_ref().map(|new| Arc::clone(&new.begun));
            (observe::call(&server, call, context, grant).await, begun)
        }
        Err(error) => (Err(error), None),
    };
    if let Err(error) = &outcome {
        observe::refusal(error);
    }
    Finished { index, outcome, begun }
}

/// The queries that run. Each item is the lines of all that have ended since the item before.
struct Lines<F> {
    running: FuturesUnordered<F>,
    /// Set after a turn that took long, so that other tasks on this thread go first.
    yields: bool,
    /// For each query, whether its answer is written.
    is_answered: Vec<bool>,
    in_flight: Option<Arc<BytesInFlight>>,
    arrival: Arrival,
    span: tracing::Span,
    /// Keeps the server from stopping.
    _call: TaskTrackerToken,
}

impl<F: Future<Output = Finished>> Lines<F> {
    fn write(&mut self, chunk: &mut Vec<u8>, Finished { index, outcome, begun }: Finished) {
        if let Some(is_answered) = self.is_answered.get_mut(index) {
            *is_answered = true;
        }
        // Writing to memory cannot fail.
        let _ = write!(chunk, "{{\"index\":{index},");
        match outcome {
            Ok(Reply { body, position }) => {
                chunk.extend_from_slice(b"\"result\":");
                chunk.extend_from_slice(body.as_bytes());
                if let Some(position) = position {
                    chunk.extend_from_slice(b",\"position\":");
                    let _ = serde_json::to_writer(&mut *chunk, &position);
                }
            }
            Err(error) => {
                chunk.extend_from_slice(b"\"error\":");
                let _ = serde_json::to_writer(&mut *chunk, &self.traced(error));
            }
        }
        if let Some(begun) = begun.as_ref().and_then(|begun| begun.get()) {
            chunk.extend_from_slice(b",\"transaction\":");
            let _ = serde_json::to_writer(&mut *chunk, begun);
        }
        chunk.extend_from_slice(b"}\n");
    }

    /// Stops the queries that still run, and answers each with an error.
    fn give_up(&mut self) -> Bytes {
        self.running.clear();
        let waiting = (0..self.is_answered.len()).filter(|index| !self.is_answered[*index]);
        let mut chunk = Vec::new();
        for index in waiting.collect::<Vec<_>>() {
            let message = format!(
                "the query was stopped, because the answers of this request were not read for {} s; read them as they \
                 come, or send fewer queries at a time",
                STALLED_AFTER.as_secs()
            );
            let outcome = Err(Error::new(ErrorCode::Unavailable, message));
            self.write(&mut chunk, Finished { index, outcome, begun: None });
        }
        held::answer(chunk, self.in_flight.as_ref())
    }

    fn traced(&self, mut error: Error) -> Error {
        if error.code == ErrorCode::Internal {
            let (query, code) = (error.request_id.as_deref(), error.code);
            tracing::error!(query, ?code, error.message, "failed");
        }
        error.trace_id = self.arrival.trace.as_ref().map(|trace| trace.trace_id().to_owned());
        error
    }
}

impl<F: Future<Output = Finished>> Stream for Lines<F> {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let lines = self.get_mut();
        if mem::take(&mut lines.yields) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let span = lines.span.clone();
        let _within = span.enter();
        let start = Instant::now();
        let mut chunk = Vec::new();
        while let Poll::Ready(Some(finished)) = lines.running.poll_next_unpin(context) {
            lines.write(&mut chunk, finished);
            if start.elapsed() >= TURN {
                lines.yields = !lines.running.is_empty();
                break;
            }
        }
        match (chunk.is_empty(), lines.running.is_empty()) {
            (false, _) => Poll::Ready(Some(held::answer(chunk, lines.in_flight.as_ref()))),
            (true, true) => Poll::Ready(None),
            (true, false) => Poll::Pending,
        }
    }
}

impl<F> Drop for Lines<F> {
    /// Writes the line of the request in the log.
    fn drop(&mut self) {
        let (queries, unanswered) = (self.is_answered.len(), self.running.len());
        let took_ms = self.arrival.time.elapsed().as_secs_f64() * 1000.0;
        self.span.in_scope(|| match unanswered {
            0 => tracing::info!(status = StatusCode::OK.as_u16(), queries, took_ms, "answered"),
            _ => tracing::info!(queries, unanswered, took_ms, "given up by the caller"),
        });
    }
}

/// The body of the answer.
struct AnswerStream<F> {
    /// `None` once the queries run in the background.
    lines: Option<Lines<F>>,
    background: Option<Background>,
    /// In bytes, so far.
    length: usize,
}

impl<F> AnswerStream<F> {
    fn is_complete(&self) -> bool {
        self.lines.as_ref().is_some_and(|lines| lines.running.is_empty())
    }
}

impl<F: Future<Output = Finished> + Send + 'static> Stream for AnswerStream<F> {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let answer = self.get_mut();
        if let Some(background) = &mut answer.background {
            let chunk = ready!(background.chunks.poll_recv(context));
            background.room.add_permits(chunk.as_ref().map_or(0, room_for));
            return Poll::Ready(chunk);
        }
        let Some(lines) = &mut answer.lines else { return Poll::Ready(None) };
        let chunk = ready!(lines.poll_next_unpin(context));
        answer.length += chunk.as_ref().map_or(0, Bytes::len);
        if answer.length > BUFFERED_MAX && !answer.is_complete() {
            answer.background = answer.lines.take().map(run_in_background);
        }
        Poll::Ready(chunk)
    }
}

/// Queries that run whether their answers are taken or not, up to a limit.
struct Background {
    chunks: mpsc::UnboundedReceiver<Bytes>,
    /// The bytes that may still wait for the client.
    room: Arc<Semaphore>,
    _task: AbortOnDropHandle<()>,
}

/// The room that a chunk takes. One that is larger than all room takes all.
fn room_for(chunk: &Bytes) -> usize {
    chunk.len().min(QUEUED_MAX)
}

/// Runs the queries until the client is gone, or reads nothing for too long.
fn run_in_background<F>(mut lines: Lines<F>) -> Background
where
    F: Future<Output = Finished> + Send + 'static,
{
    let (sender, chunks) = mpsc::unbounded_channel();
    let room = Arc::new(Semaphore::new(QUEUED_MAX));
    let taken = Arc::clone(&room);
    let task = tokio::spawn(async move {
        while let Some(chunk) = lines.next().await {
            let needed = u32::try_from(room_for(&chunk)).unwrap_or(u32::MAX);
            let is_stalled = match tokio::time::timeout(STALLED_AFTER, taken.acquire_many(needed)).await {
                Ok(Ok(room)) => {
                    room.forget();
                    false
                }
                Ok(Err(_)) | Err(_) => true,
            };
            if sender.send(chunk).is_err() {
                break;
            }
            if is_stalled {
                // An error means that the client is gone.
                let _ = sender.send(lines.give_up());
                break;
            }
        }
    });
    Background { chunks, room, _task: AbortOnDropHandle::new(task) }
}
