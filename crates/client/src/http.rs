//! Calls over HTTP/1.1 to a server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
    response::Parts,
};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use phantomdb_protocol::{
    BegunTransaction, Call, CallContext, Error, ErrorCode, Result, ResultSet, UnreachableReason,
    headers::{self, Header},
    records,
};
use phantomdb_tls::Trust;

use super::{
    failure::{Failure, closed, unreachable},
    request::{Request, request_of},
    retry::{Again, Attempts, Repeat},
    route::Route,
    runtime::{sleep, timeout_at},
    transport::{Origin, OutgoingRequest, Transport, TransportError},
};

const JSON: HeaderValue = HeaderValue::from_static(headers::JSON);
const ROWS: HeaderValue = HeaderValue::from_static(headers::ROWS);

/// An answer of the server.
struct Answer {
    text: String,
    /// The position in the history of the database after what the call wrote.
    position: Option<String>,
}

pub(super) struct HttpClient {
    pub(super) origin: Arc<Origin>,
    pub(super) transport: Transport,
    authorization: Option<HeaderValue>,
    pub(super) timeout: Duration,
    retries: u32,
    /// The value of the header `PhantomDB-Statement-Timeout`.
    statement_timeout: Option<HeaderValue>,
    /// True once the server has answered.
    pub(super) reached: AtomicBool,
    /// True unless the server is known to take one query at a time.
    pub(super) takes_many: AtomicBool,
    pub(super) route: Route,
    /// The failure of the calls that wait for a server which has answered before.
    away: Mutex<Option<String>>,
}

impl HttpClient {
    pub(super) fn new(
        base: &str,
        trust: Trust,
        token: Option<&str>,
        connect_timeout: Duration,
        timeout: Duration,
        retries: u32,
        statement_timeout: Option<u64>,
    ) -> Result<Self> {
        let authorization = token
            .map(|token| {
                let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
                    Error::new(ErrorCode::BadRequest, "the token must not hold control characters")
                })?;
                value.set_sensitive(true);
                Ok(value)
            })
            .transpose()?;
        Ok(Self {
            origin: Arc::new(Origin::new(base)?),
            transport: Transport::new(trust, connect_timeout),
            authorization,
            timeout,
            retries,
            statement_timeout: statement_timeout.map(HeaderValue::from),
            reached: AtomicBool::new(false),
            takes_many: AtomicBool::new(true),
            route: Route::default(),
            away: Mutex::default(),
        })
    }

    pub(super) fn close(&self) {
        self.transport.close();
    }

    pub(super) fn attempts(&self, repeat: Repeat) -> Attempts {
        Attempts::new(repeat, self.retries, self.timeout)
    }

    pub(super) fn waits_because(&self) -> Option<String> {
        self.away.lock().clone()
    }

    fn set_away(&self, why: Option<String>) {
        *self.away.lock() = why;
    }

    /// An error carries the id under which the server knows the request, also when no answer came.
    pub(super) async fn call(
        &self,
        call: &Call,
        context: &CallContext,
        retries: &AtomicU32,
        again: Option<Again>,
    ) -> Result<String> {
        let request_id = match &context.request_id {
            Some(id) => id.clone(),
            None => uuid::Uuid::new_v4().to_string(),
        };
        self.call_as(&request_id, call, context, retries, again).await.map_err(|mut error| {
            error.request_id.get_or_insert(request_id);
            error
        })
    }

    async fn call_as(
        &self,
        request_id: &str,
        call: &Call,
        context: &CallContext,
        retries: &AtomicU32,
        again: Option<Again>,
    ) -> Result<String> {
        if self.transport.is_closed() {
            return Err(closed());
        }
        let request = request_of(call, context.rows_as_arrays)?;
        let repeat = Repeat::of(call, context);
        let headers = self.headers(request_id, context, &request, repeat)?;
        let origin = self.route.server(call, context).unwrap_or_else(|| Arc::clone(&self.origin));
        let records_wanted = request.records_wanted;
        let outgoing = OutgoingRequest {
            method: request.method,
            path: request.path,
            headers,
            body: request.body.unwrap_or_default().into(),
        };
        let (mut attempts, mut earlier_failure) = match again {
            Some(Again { attempts, failure }) => (attempts, failure),
            None => (self.attempts(repeat), None),
        };
        loop {
            let attempt = match earlier_failure.take() {
                Some(failure) => Err(failure),
                None => self.attempt(&origin, outgoing.clone(), context, attempts.deadline()).await,
            };
            let failure = match attempt {
                Ok(answer) => {
                    if retries.load(Ordering::Relaxed) > 0 {
                        self.set_away(None);
                    }
                    self.route.learn(call, &answer.text, answer.position.as_deref(), &self.origin.base);
                    return if records_wanted { as_records(&answer.text) } else { Ok(answer.text) };
                }
                Err(failure) => failure,
            };
            let reached = self.reached.load(Ordering::Relaxed);
            // The transaction that began with the call goes on after its failure.
            let pauses = !context.has_begun();
            let Some(time) = attempts.pause_after(&failure, reached).filter(|_| pauses) else {
                self.set_away(None);
                return Err(failure.error);
            };
            if reached && failure.is_away() {
                self.set_away(Some(failure.error.message));
            }
            sleep(time).await;
            retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn attempt(
        &self,
        origin: &Origin,
        outgoing: OutgoingRequest,
        context: &CallContext,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let base = origin.base.as_str();
        let transport = |broken| Failure::of_transport(broken, base, self.timeout);
        let exchange = async {
            let (response, sender) = self.transport.send(origin, outgoing).await?.into_parts();
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(TransportError::Exchange)?.to_bytes();
            self.transport.keep(origin, sender);
            Ok((head, body))
        };
        let exchanged = timeout_at(deadline, exchange).await.unwrap_or(Err(TransportError::ResponseTimeout));
        let (head, body) = exchanged.map_err(transport)?;
        self.reached.store(true, Ordering::Relaxed);
        if let Some(new) = &context.new_transaction
            && let Some(begun) = begun(&head)
        {
            self.route.begin(&begun.id, begun.server.as_deref(), &self.origin.base);
            new.begun.get_or_init(|| begun);
        }
        if !head.status.is_success() || !(is_json(&head) || body.is_empty()) {
            return Err(failure_of(base, &head, &body));
        }
        let position = text_of(&head, headers::POSITION);
        String::from_utf8(body.into())
            .map(|text| Answer { text, position })
            .map_err(|_| Failure::lasting(Error::internal("the server's answer is not UTF-8")))
    }

    /// The headers of a request with many queries. What a lone call has in its headers, each query has beside it.
    pub(super) fn headers_of_many(&self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(4);
        map.insert(CONTENT_TYPE, JSON);
        self.limit(&mut map);
        if let Some(authorization) = &self.authorization {
            map.insert(AUTHORIZATION, authorization.clone());
        }
        if let Some(position) = self.route.position().and_then(|text| HeaderValue::from_str(&text).ok()) {
            map.insert(headers::POSITION.name, position);
        }
        map
    }

    /// Adds the time that the statements of a call may take.
    fn limit(&self, map: &mut HeaderMap) {
        if let Some(timeout) = &self.statement_timeout {
            map.insert(headers::STATEMENT_TIMEOUT.name, timeout.clone());
        }
    }

    fn headers(
        &self,
        request_id: &str,
        context: &CallContext,
        request: &Request,
        repeat: Repeat,
    ) -> Result<HeaderMap> {
        let value = |name: &str, text: &str| {
            HeaderValue::from_str(text)
                .map_err(|_| Error::new(ErrorCode::BadRequest, format!("the {name} must be printable ASCII")))
        };
        let mut map = HeaderMap::with_capacity(8);
        map.insert(ACCEPT, if request.rows_as_arrays { ROWS } else { JSON });
        if request.body.is_some() {
            map.insert(CONTENT_TYPE, JSON);
        }
        if let Some(authorization) = &self.authorization {
            map.insert(AUTHORIZATION, authorization.clone());
        }
        self.limit(&mut map);
        map.insert(headers::REQUEST_ID.name, value("request id", request_id)?);
        // In a transaction everything is read where it is written.
        let is_within = context.transaction.is_some() || context.new_transaction.is_some();
        let position = if is_within { None } else { self.route.position() };
        let new_transaction = context.new_transaction.as_ref().map(ToString::to_string);
        for (header, name, text) in [
            (
                headers::TRANSACTION,
                "transaction id",
                context.transaction.as_ref().or(new_transaction.as_ref()),
            ),
            (headers::POSITION, "position", position.as_ref()),
            (headers::TRACEPARENT, "traceparent", context.traceparent.as_ref()),
            (headers::TRACESTATE, "tracestate", context.tracestate.as_ref()),
        ] {
            if let Some(text) = text {
                map.insert(header.name, value(name, text)?);
            }
        }
        let key = match &context.idempotency_key {
            Some(key) => Some(value("idempotency key", key)?),
            None if repeat == Repeat::WithKey => {
                Some(value("idempotency key", &uuid::Uuid::new_v4().to_string())?)
            }
            None => None,
        };
        if let Some(key) = key {
            map.insert(headers::IDEMPOTENCY_KEY.name, key);
        }
        Ok(map)
    }
}

fn text_of(head: &Parts, header: Header) -> Option<String> {
    head.headers.get(header.name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The transaction that began with a call.
fn begun(head: &Parts) -> Option<BegunTransaction> {
    let id = text_of(head, headers::TRANSACTION)?;
    Some(BegunTransaction { id, server: text_of(head, headers::SERVER) })
}

fn is_json(head: &Parts) -> bool {
    head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(headers::JSON.as_bytes()))
}

/// The failure that an answer other than a success stands for.
pub(super) fn failure_of(base: &str, head: &Parts, body: &[u8]) -> Failure {
    let retry_after = retry_after(&head.headers);
    let decoded: Option<Error> = if is_json(head) { serde_json::from_slice(body).ok() } else { None };
    match decoded {
        Some(error) if is_misdirected(&error) => {
            Failure::lasting(unreachable(UnreachableReason::InvalidUrl, format!("{base}: {}", error.message)))
        }
        Some(error) => Failure { retry_after, ..Failure::answered(error) },
        None => not_an_answer(base, head.status, retry_after),
    }
}

/// The failure when a proxy answered, or something that is no PhantomDB server.
fn not_an_answer(base: &str, status: StatusCode, retry_after: Option<Duration>) -> Failure {
    let passing = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    );
    let message = format!(
        "{} answered with status {} and not as PhantomDB does; check the URL, and the proxy if there is one",
        base,
        status.as_u16()
    );
    Failure { error: Error::new(ErrorCode::Unavailable, message), passing, retry_after }
}

/// True when the server says that its URL is another one.
fn is_misdirected(error: &Error) -> bool {
    error.code == ErrorCode::BadRequest && error.details.reason == Some(UnreachableReason::InvalidUrl)
}

/// The header `Retry-After` in seconds. A date is ignored, so that the client's own back-off decides.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn as_records(text: &str) -> Result<String> {
    let result: ResultSet = serde_json::from_str(text)
        .map_err(|_| Error::internal("the server's answer to a query is not a result set"))?;
    records(&result)
}
