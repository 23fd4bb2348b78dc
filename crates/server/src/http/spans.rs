//! The spans of a request and of its calls, as the semantic conventions of OpenTelemetry for HTTP and for databases have
//! them. Like logs they have no values, and of a statement only its kind and its digest.

use std::{
    pin::Pin,
    task::{Context as TaskContext, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    response::Response,
};
use http::{HeaderValue, Method, StatusCode, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use opentelemetry::{
    Context, KeyValue, Value,
    trace::{Span as _, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _},
};
use opentelemetry_sdk::trace::Span;
use phantomdb_protocol::{API_PREFIX, CallContext, Error, ErrorCode, Route, headers};

use super::{listener::Peer, trace::TraceParent};
use crate::otlp::Traces;

/// The methods that have a name of their own in spans.
const METHODS: [Method; 9] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
    Method::CONNECT,
    Method::TRACE,
];

/// The first words of statements that a span is named after. Anything else a caller writes is not for a span.
const OPERATIONS: [&str; 22] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "WITH",
    "VALUES",
    "TABLE",
    "MERGE",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "COMMENT",
    "EXPLAIN",
    "DECLARE",
    "FETCH",
    "CLOSE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "PRAGMA",
];

/// The span of a request. It ends when it is dropped.
pub(super) struct RequestSpan(Span);

impl RequestSpan {
    /// Begins the span, and makes it the parent that the headers name, for whatever the request becomes. `None` when
    /// there is no collector.
    pub(super) fn begin(
        traces: Option<&Traces>,
        request: &mut Request,
        caller: Option<&TraceParent>,
        route: Option<&Route>,
    ) -> Option<Self> {
        let traces = traces?;
        let method = request.method();
        let is_known = METHODS.contains(method);
        let method = if is_known { method.as_str() } else { "HTTP" };
        let name = match route {
            Some(route) => format!("{method} {}", route.path),
            None => method.to_owned(),
        };
        let state = request.headers().get(headers::TRACESTATE.name).and_then(|state| state.to_str().ok());
        let parent = parent(caller, state, true);
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server);
        let mut span = traces.tracer.build_with_context(builder, &parent);
        if span.is_recording() {
            span.set_attributes(request_attributes(request, route, is_known));
        }
        let own = TraceParent::of_span(span.span_context());
        let map = request.headers_mut();
        if let Ok(own) = HeaderValue::from_str(own.as_str()) {
            map.insert(headers::TRACEPARENT.name, own);
        }
        if caller.is_none() {
            // It belongs to the trace of the caller, which is not known.
            map.remove(headers::TRACESTATE.name);
        }
        Some(Self(span))
    }

    pub(super) fn trace_parent(&self) -> TraceParent {
        TraceParent::of_span(self.0.span_context())
    }

    /// Adds what the guard knows of a request, and how it was answered.
    pub(super) fn answered(
        &mut self,
        id: &HeaderValue,
        peer: Option<Peer>,
        status: StatusCode,
        code: Option<ErrorCode>,
    ) {
        if !self.0.is_recording() {
            return;
        }
        let mut add = |key: &'static str, value: Value| self.0.set_attribute(KeyValue::new(key, value));
        add("phantomdb.request_id", text(id.to_str().unwrap_or_default()));
        if let Some(peer) = peer {
            add("network.peer.address", text(&peer.address.ip().to_string()));
            add("network.peer.port", Value::I64(peer.address.port().into()));
        }
        add("http.response.status_code", Value::I64(status.as_u16().into()));
        if let Some(code) = code {
            add("phantomdb.error_code", text(&name_of(code)));
        }
        // A mistake of the caller is no failure of the server's span.
        if status.is_server_error() {
            add("error.type", text(&code.map_or_else(|| status.as_str().to_owned(), name_of)));
            self.0.set_status(Status::error(""));
        }
    }

    /// The answer, with whose last byte the span ends.
    pub(super) fn within(self, response: Response) -> Response {
        if !self.0.is_recording() {
            return response;
        }
        response.map(|body| Body::new(SpannedBody { body, _span: self }))
    }
}

fn request_attributes(request: &Request, route: Option<&Route>, is_known: bool) -> Vec<KeyValue> {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let version = match request.version() {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    };
    let mut attributes = vec![
        KeyValue::new("http.request.method", if is_known { text(method) } else { text("_OTHER") }),
        // Without the query parameters, in which the values are.
        KeyValue::new("url.path", text(path)),
        KeyValue::new("network.protocol.version", version),
    ];
    if !is_known {
        attributes.push(KeyValue::new("http.request.method_original", text(method)));
    }
    if let Some(route) = route {
        attributes.push(KeyValue::new("http.route", text(route.path)));
        attributes.push(KeyValue::new("phantomdb.route", text(route.name)));
        let path = path.strip_prefix(API_PREFIX).unwrap_or(path);
        if let (true, Some(segments)) = (route.path.contains("{db}"), route.segments_of(path)) {
            let database = segments.first().copied().unwrap_or_default();
            attributes.push(KeyValue::new("db.namespace", text(database)));
        }
    }
    attributes
}

/// An answer whose span ends with it.
struct SpannedBody {
    body: Body,
    _span: RequestSpan,
}

impl HttpBody for SpannedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A call as its span shows it.
pub(super) struct CallDescription<'a> {
    pub(super) route: &'static str,
    pub(super) database: Option<&'a str>,
    /// The number of its statements.
    pub(super) count: usize,
    /// The only statement, and its digest.
    pub(super) statement: Option<(&'a str, &'a str)>,
}

/// The span of what a database system does for a call.
pub(super) struct CallSpan {
    span: Span,
    has_ended: bool,
}

impl CallSpan {
    /// Begins the span as a part of the request's. `None` when there is no collector, or when the trace is not sampled.
    pub(super) fn begin(traces: Option<&Traces>, engine: &str, context: &CallContext) -> Option<Self> {
        let traces = traces?;
        let parent_id = context.traceparent.as_deref().and_then(TraceParent::parse);
        let parent = parent(parent_id.as_ref(), context.tracestate.as_deref(), false);
        // SQLite runs in this process, PostgreSQL does not.
        let (kind, system) = match engine {
            "postgres" => (SpanKind::Client, "postgresql"),
            _ => (SpanKind::Internal, "sqlite"),
        };
        let mut span =
            traces.tracer.build_with_context(SpanBuilder::from_name("call").with_kind(kind), &parent);
        if !span.is_recording() {
            return None;
        }
        span.set_attribute(KeyValue::new("db.system.name", system));
        Some(Self { span, has_ended: false })
    }

    pub(super) fn describe(&mut self, call: &CallDescription<'_>) {
        let operation = call.statement.and_then(|(sql, _)| operation_of(sql)).unwrap_or(call.route);
        let mut add = |key: &'static str, value: Value| self.span.set_attribute(KeyValue::new(key, value));
        add("db.operation.name", text(operation));
        if call.count > 1 {
            add("db.operation.batch.size", Value::I64(i64::try_from(call.count).unwrap_or(i64::MAX)));
        }
        if let Some((_, digest)) = call.statement {
            add("phantomdb.statement", text(digest));
        }
        if let Some(database) = call.database {
            add("db.namespace", text(database));
            self.span.update_name(format!("{operation} {database}"));
        } else {
            self.span.update_name(operation.to_owned());
        }
    }

    pub(super) fn end(mut self, error: Option<&Error>) {
        self.has_ended = true;
        if let Some(error) = error {
            let code = name_of(error.code);
            self.span.set_attribute(KeyValue::new("db.response.status_code", text(&code)));
            self.fail(&code);
        }
    }

    /// The message of an error may have the caller's data, so a span has none.
    fn fail(&mut self, kind: &str) {
        self.span.set_attribute(KeyValue::new("error.type", text(kind)));
        self.span.set_status(Status::error(""));
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        if !self.has_ended {
            // The caller has gone away, or the server stops.
            self.fail("cancelled");
        }
    }
}

fn parent(parent: Option<&TraceParent>, state: Option<&str>, is_remote: bool) -> Context {
    let none = Context::new();
    match parent {
        Some(parent) => none.with_remote_span_context(parent.span_context(state, is_remote)),
        None => none,
    }
}

fn operation_of(sql: &str) -> Option<&'static str> {
    let sql = sql.trim_start();
    let end = sql.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(sql.len());
    OPERATIONS.into_iter().find(|operation| operation.eq_ignore_ascii_case(&sql[..end]))
}

fn name_of(code: ErrorCode) -> String {
    let name = serde_json::to_value(code).ok();
    name.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned().into())
}
