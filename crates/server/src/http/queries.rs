//! Many independent statements in one request. Each is a call as a lone one is, all are under way at the same time, and
//! each is answered with a line as soon as it is done.

use std::{
    convert::Infallible,
    io::Write as _,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use axum::{
    body::{Body as Answered, Bytes},
    extract::{FromRequestParts, State},
    response::Response,
};
use futures_util::{
    Stream, StreamExt as _,
    stream::{self, FuturesUnordered},
};
use http::{HeaderValue, StatusCode, request::Parts};
use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, IndependentQuery, Queries, Result, Statement};
use tokio::sync::mpsc;
use tokio_util::task::{AbortOnDropHandle, task_tracker::TaskTrackerToken};

use super::{
    HttpServer,
    answer::{HttpError, respond},
    extract::{Body, Caller, Names},
    guard::is_request_id,
    trace::TraceParent,
};
use phantomdb_service::{Reply, Service};

const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");

/// An engine may work on the thread that asks it. After so long the answers that are there go out first.
const TURN: Duration = Duration::from_millis(1);

/// An answer is asked for more only while the client takes it. Of a larger one than this the rest runs on a task of its
/// own, so that a client that reads slowly holds nobody's locks and connections.
const AT_HAND_MAX: usize = 64 * 1024;

/// Marks an answer that writes its own line in the log, when all of it is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoggedAtItsEnd;

/// When the request came, and the trace that it is part of.
pub(super) struct Origin {
    begun: Instant,
    trace: Option<TraceParent>,
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self { begun: Instant::now(), trace: TraceParent::of(&parts.headers) })
    }
}

pub(super) async fn queries(
    State(server): State<Arc<HttpServer>>,
    Names(database): Names<String>,
    Caller(context): Caller,
    origin: Origin,
    Body(Queries { queries }): Body<Queries>,
) -> Result<Response, HttpError> {
    if context.transaction.is_some() || context.idempotency_key.is_some() {
        let message = "PhantomDB-Transaction and Idempotency-Key are no headers of this call: each query has its own \
                       transaction and idempotencyKey";
        return Err(HttpError::new(ErrorCode::BadRequest, message));
    }
    server.service.refuse_too_many(queries.len())?;
    let count = queries.len();
    let running = queries.into_iter().enumerate().map(|(index, query)| {
        let (call, context) = call_of(&database, &context, query);
        run(Arc::clone(&server.service), index, call, context)
    });
    let lines = Lines {
        running: running.collect::<FuturesUnordered<_>>(),
        pausing: false,
        count,
        origin,
        span: tracing::Span::current(),
        _call: server.calls.token(),
    };
    let mut answer = Answer { lines: Some(lines), elsewhere: None, length: 0 };
    // The head alone would tell the client nothing, and wake it.
    let first = answer.next().await.unwrap_or_default();
    let body = match answer.is_over() {
        true => Answered::from(first),
        false => Answered::from_stream(stream::iter([first]).chain(answer).map(Ok::<_, Infallible>)),
    };
    let mut response = respond(StatusCode::OK, LINES, body);
    response.extensions_mut().insert(LoggedAtItsEnd);
    Ok(response)
}

/// The call that one of the queries is, and what it runs under.
fn call_of(database: &str, request: &CallContext, query: IndependentQuery) -> (Call, CallContext) {
    let IndependentQuery { query, parameters, native, read_only, transaction, idempotency_key, request_id } =
        query;
    let call =
        Call::Query { database: database.to_owned(), statement: Statement { query, parameters, native } };
    let context = CallContext {
        transaction,
        idempotency_key,
        request_id: request_id.filter(|id| is_request_id(id)),
        read_only,
        position: request.position.clone(),
        token: request.token.clone(),
        ..CallContext::default()
    };
    (call, context)
}

/// One of the queries, done.
struct Ended {
    index: usize,
    outcome: Result<Reply>,
}

async fn run(service: Arc<Service>, index: usize, call: Call, context: CallContext) -> Ended {
    Ended { index, outcome: service.call(call, context).await }
}

/// The queries that run. Gives the lines of all that ended meanwhile at once.
struct Lines<F> {
    running: FuturesUnordered<F>,
    /// It has been at work for long, and lets others on this thread go first.
    pausing: bool,
    count: usize,
    origin: Origin,
    span: tracing::Span,
    /// While it lives the server does not stop.
    _call: TaskTrackerToken,
}

impl<F: Future<Output = Ended>> Lines<F> {
    fn write(&self, chunk: &mut Vec<u8>, Ended { index, outcome }: Ended) {
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
                let _ = serde_json::to_writer(&mut *chunk, &self.told(error));
            }
        }
        chunk.extend_from_slice(b"}\n");
    }

    fn told(&self, mut error: Error) -> Error {
        if error.code == ErrorCode::Internal {
            let (query, code) = (error.request_id.as_deref(), error.code);
            tracing::error!(query, ?code, error.message, "failed");
        }
        error.trace_id = self.origin.trace.as_ref().map(|trace| trace.trace_id().to_owned());
        error
    }
}

impl<F: Future<Output = Ended>> Stream for Lines<F> {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let lines = self.get_mut();
        if mem::take(&mut lines.pausing) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let span = lines.span.clone();
        let _within = span.enter();
        let begun = Instant::now();
        let mut chunk = Vec::new();
        while let Poll::Ready(Some(ended)) = lines.running.poll_next_unpin(context) {
            lines.write(&mut chunk, ended);
            if begun.elapsed() >= TURN {
                lines.pausing = !lines.running.is_empty();
                break;
            }
        }
        match (chunk.is_empty(), lines.running.is_empty()) {
            (false, _) => Poll::Ready(Some(chunk.into())),
            (true, true) => Poll::Ready(None),
            (true, false) => Poll::Pending,
        }
    }
}

impl<F> Drop for Lines<F> {
    /// One line in the log for the request.
    fn drop(&mut self) {
        let (queries, unanswered) = (self.count, self.running.len());
        let took_ms = self.origin.begun.elapsed().as_secs_f64() * 1000.0;
        self.span.in_scope(|| match unanswered {
            0 => tracing::info!(status = StatusCode::OK.as_u16(), queries, took_ms, "answered"),
            _ => tracing::info!(queries, unanswered, took_ms, "given up by the caller"),
        });
    }
}

/// The lines on their way out.
struct Answer<F> {
    /// None once they are given elsewhere.
    lines: Option<Lines<F>>,
    elsewhere: Option<(mpsc::UnboundedReceiver<Bytes>, AbortOnDropHandle<()>)>,
    /// In bytes, so far.
    length: usize,
}

impl<F> Answer<F> {
    fn is_over(&self) -> bool {
        self.lines.as_ref().is_some_and(|lines| lines.running.is_empty())
    }
}

impl<F: Future<Output = Ended> + Send + 'static> Stream for Answer<F> {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let answer = self.get_mut();
        if let Some((chunks, _)) = &mut answer.elsewhere {
            return chunks.poll_recv(context);
        }
        let Some(lines) = &mut answer.lines else { return Poll::Ready(None) };
        let chunk = ready!(lines.poll_next_unpin(context));
        answer.length += chunk.as_ref().map_or(0, Bytes::len);
        if answer.length > AT_HAND_MAX && !answer.is_over() {
            answer.elsewhere = answer.lines.take().map(elsewhere);
        }
        Poll::Ready(chunk)
    }
}

/// Runs the queries whether their answers are taken or not, until nobody can take them any more.
fn elsewhere<F>(mut lines: Lines<F>) -> (mpsc::UnboundedReceiver<Bytes>, AbortOnDropHandle<()>)
where
    F: Future<Output = Ended> + Send + 'static,
{
    let (sender, chunks) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        while let Some(chunk) = lines.next().await {
            if sender.send(chunk).is_err() {
                break;
            }
        }
    });
    (chunks, AbortOnDropHandle::new(task))
}
