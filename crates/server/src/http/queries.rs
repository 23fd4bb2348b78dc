//! Many independent statements in one request. Each is a call as a lone one is, all run at the same time, and each is
//! answered with a line as soon as it is done.

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
    body::{Body, Bytes},
    extract::{FromRequestParts, Request, State},
    response::Response,
};
use futures_util::{
    Stream, StreamExt as _,
    stream::{self, FuturesUnordered},
};
use http::{HeaderValue, StatusCode, request::Parts};
use phantomdb_protocol::{
    Apart, Call, CallContext, Error, ErrorCode, IndependentQuery, Queries, Result, Statement, headers,
    read_body,
};
use phantomdb_service::{Reply, Service};
use tokio::sync::mpsc;
use tokio_util::task::{AbortOnDropHandle, task_tracker::TaskTrackerToken};

use super::{
    answer::{HttpError, LogsItself, respond},
    body,
    extract::{Caller, Segments},
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
    Caller(context): Caller,
    arrival: Arrival,
    request: Request,
) -> Result<Response, HttpError> {
    let Queries { queries } = {
        let body = body::read(request.into_body(), server.options.body_max).await?;
        read_body(&body)?
    };
    let database = segments.into_iter().next().unwrap_or_default();
    if context.transaction.is_some() || context.idempotency_key.is_some() {
        let message = "PhantomDB-Transaction and Idempotency-Key are no headers of this call: each query has its own \
                       transaction and idempotencyKey";
        return Err(HttpError::new(ErrorCode::BadRequest, message));
    }
    server.service.refuse_too_many(queries.len())?;
    let count = queries.len();
    let running = queries.into_iter().enumerate().map(|(index, Apart(query))| {
        let call = query.map(|query| call_of(&database, &context, query)).map_err(|mut error| {
            error.request_id.clone_from(&context.request_id);
            error
        });
        run(Arc::clone(&server.service), index, call)
    });
    let lines = Lines {
        running: running.collect::<FuturesUnordered<_>>(),
        yields: false,
        count,
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
fn call_of(database: &str, request: &CallContext, query: IndependentQuery) -> (Call, CallContext) {
    let IndependentQuery {
        query,
        parameters,
        native,
        rows,
        read_only,
        transaction,
        idempotency_key,
        request_id,
    } = query;
    let call = Call::Query {
        database: database.to_owned(),
        statement: Statement { query, parameters, native, rows },
    };
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

/// The outcome of one query.
struct Finished {
    index: usize,
    outcome: Result<Reply>,
}

/// Runs a query, unless it could not be read.
async fn run(service: Arc<Service>, index: usize, call: Result<(Call, CallContext)>) -> Finished {
    let outcome = match call {
        Ok((call, context)) => service.call(call, context).await,
        Err(error) => Err(error),
    };
    Finished { index, outcome }
}

/// The queries that run. Each item is the lines of all that have ended since the item before.
struct Lines<F> {
    running: FuturesUnordered<F>,
    /// Set after a turn that took long, so that other tasks on this thread go first.
    yields: bool,
    count: usize,
    arrival: Arrival,
    span: tracing::Span,
    /// Keeps the server from stopping.
    _call: TaskTrackerToken,
}

impl<F: Future<Output = Finished>> Lines<F> {
    fn write(&self, chunk: &mut Vec<u8>, Finished { index, outcome }: Finished) {
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
        chunk.extend_from_slice(b"}\n");
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
            (false, _) => Poll::Ready(Some(chunk.into())),
            (true, true) => Poll::Ready(None),
            (true, false) => Poll::Pending,
        }
    }
}

impl<F> Drop for Lines<F> {
    /// Writes the line of the request in the log.
    fn drop(&mut self) {
        let (queries, unanswered) = (self.count, self.running.len());
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
    background: Option<(mpsc::UnboundedReceiver<Bytes>, AbortOnDropHandle<()>)>,
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
        if let Some((chunks, _)) = &mut answer.background {
            return chunks.poll_recv(context);
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

/// Runs the queries whether their answers are taken or not, until the client is gone.
fn run_in_background<F>(mut lines: Lines<F>) -> (mpsc::UnboundedReceiver<Bytes>, AbortOnDropHandle<()>)
where
    F: Future<Output = Finished> + Send + 'static,
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
