//! Many independent statements in one request: the statements that callers send at the same time travel together, and each
//! is answered as soon as the server has its answer.

use std::{
    sync::{Arc, OnceLock, atomic::Ordering},
    time::Instant,
};

use bytes::BytesMut;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use phantomdb_protocol::{
    BegunTransaction, Call, CallContext, CallTransaction, Error, ErrorCode, Result, ServerEndpoint,
    Statement, transaction_id::server_of,
};
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{
    failure::Failure,
    http::{HttpClient, failure_of},
    retry::{Again, Attempts, Repeat},
    runtime::timeout_at,
    transport::{OutgoingRequest, TransportError},
};

/// Statements in one request.
pub const MANY_MAX: usize = 128;

/// A statement that can travel with others.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    pub query: String,
    /// A JSON array.
    pub parameters: Box<RawValue>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub native: bool,
    /// The rows of an INSERT, a JSON array of arrays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Box<RawValue>>,
    /// The answer may leave out what the rows have, see [`phantomdb_protocol::Statement`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub new_values: bool,
    /// The caller vouches that it only reads.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// The transaction that the statement is part of, or begins.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "header_text")]
    pub transaction: Option<CallTransaction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// The outcome of one statement of a request.
pub enum Outcome {
    Answered(Result<String>),
    /// The statement is to be sent by itself.
    Alone(Item, Again),
}

#[derive(Serialize)]
struct Many<'a> {
    queries: &'a [Option<Item>],
}

/// A line of the answer.
#[derive(Deserialize)]
struct Line<'a> {
    index: usize,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Error>,
    position: Option<String>,
    transaction: Option<BegunTransaction>,
}

/// Writes a transaction as the header of a lone call has it.
fn header_text<S: Serializer>(
    transaction: &Option<CallTransaction>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match transaction {
        Some(CallTransaction::Open(id)) => serializer.serialize_str(id),
        Some(CallTransaction::New(new)) => serializer.collect_str(new),
        None => serializer.serialize_none(),
    }
}

impl Item {
    /// The call of this statement when it is sent by itself.
    pub fn into_call(self, database: String) -> Result<(Call, CallContext)> {
        let parameters = read("parameters", &self.parameters)?;
        let rows = self.rows.map(|rows| read("rows", &rows)).transpose()?.unwrap_or_default();
        let statement = Statement {
            query: self.query,
            parameters,
            native: self.native,
            rows,
            new_values: self.new_values,
            ..Statement::default()
        };
        let (transaction, new_transaction) =
            self.transaction.map(CallTransaction::into_parts).unwrap_or_default();
        let context = CallContext {
            transaction,
            new_transaction,
            idempotency_key: self.idempotency_key,
            read_only: self.read_only,
            rows_as_arrays: true,
            ..CallContext::default()
        };
        Ok((Call::Query { database, statement }, context))
    }

    fn repeat(&self) -> Repeat {
        let (is_within, begins) = match &self.transaction {
            Some(CallTransaction::Open(_)) => (true, false),
            Some(CallTransaction::New(_)) => (false, true),
            None => (false, false),
        };
        Repeat::of_statement(is_within, self.read_only || begins)
    }

    /// The cell that gets the transaction which begins with the statement, if one does.
    pub fn begun(&self) -> Option<Arc<OnceLock<BegunTransaction>>> {
        match &self.transaction {
            Some(CallTransaction::New(new)) => Some(Arc::clone(&new.begun)),
            _ => None,
        }
    }
}

fn read<T: DeserializeOwned>(what: &str, json: &RawValue) -> Result<T> {
    serde_json::from_str(json.get())
        .map_err(|error| Error::new(ErrorCode::BadRequest, format!("{what}: {error}")))
}

/// A request that is under way.
struct PendingItems<F> {
    /// In their order; `None` where the answer has come.
    items: Vec<Option<Item>>,
    attempts: Attempts,
    /// Takes the outcome of each item, by its place among them.
    report: F,
}

impl HttpClient {
    /// True when a statement, of this transaction if there is one, can travel with others.
    pub(super) fn takes(&self, transaction: Option<&str>) -> bool {
        self.takes_many.load(Ordering::Relaxed)
            && !self.transport.is_closed()
            // Behind one URL there can be several servers, and only the one that has the transaction takes its statements.
            && transaction.is_none_or(|id| server_of(id).is_none() && self.route.server_of(id).is_none())
    }

    /// Sends items to a database and reports the outcome of each, by its place among them. No outcome waits for another.
    pub(super) async fn call_many(
        &self,
        database: &str,
        mut items: Vec<Item>,
        report: impl FnMut(usize, Outcome),
    ) {
        for item in &mut items {
            if item.idempotency_key.is_none() && item.repeat() == Repeat::WithKey {
                item.idempotency_key = Some(uuid::Uuid::new_v4().to_string());
            }
        }
        let items = items.into_iter().map(Some).collect();
        let mut pending = PendingItems { items, attempts: self.attempts(Repeat::Freely), report };
        let failure = self.exchange_many(database, &mut pending).await.err();
        pending.fail(failure);
    }

    /// Succeeds when every item has its answer, or is to be sent alone.
    async fn exchange_many<F: FnMut(usize, Outcome)>(
        &self,
        database: &str,
        pending: &mut PendingItems<F>,
    ) -> Result<(), Failure> {
        let body = serde_json::to_vec(&Many { queries: &pending.items });
        let body = body.map_err(|_| Failure::lasting(Error::internal("the queries could not be written")))?;
        let outgoing = OutgoingRequest {
            method: Method::POST,
            path: ServerEndpoint::Queries.route().path_of(&[database]),
            headers: self.headers_of_many(),
            body: body.into(),
        };
        let deadline = pending.attempts.deadline();
        let transport = |broken| Failure::of_transport(broken, &self.origin.base, self.timeout);
        let sending = timeout_at(deadline, self.transport.send(&self.origin, outgoing)).await;
        let (response, sender) =
            sending.unwrap_or(Err(TransportError::ResponseTimeout)).map_err(transport)?.into_parts();
        self.reached.store(true, Ordering::Relaxed);
        let (head, mut body) = response.into_parts();
        if head.status != StatusCode::OK {
            let body = timeout_at(deadline, body.collect())
                .await
                .ok_or(TransportError::ResponseTimeout)
                .map_err(transport)?;
            let body = body.map_err(|error| transport(TransportError::Exchange(error)))?.to_bytes();
            self.transport.keep(&self.origin, sender);
            if matches!(head.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
                // A server of an older version, or a proxy that knows its calls.
                self.takes_many.store(false, Ordering::Relaxed);
            }
            let are_too_many = head.status == StatusCode::PAYLOAD_TOO_LARGE;
            if are_too_many || !self.takes(None) {
                return Ok(());
            }
            return Err(failure_of(&self.origin.base, &head, &body));
        }
        let mut lines = BytesMut::new();
        // A long line comes in many pieces, and each is searched once.
        let mut searched = 0;
        while let Some(chunk) = next(&mut body, deadline).await.map_err(transport)? {
            lines.extend_from_slice(&chunk);
            while let Some(end) = lines[searched..].iter().position(|&byte| byte == b'\n') {
                let line = lines.split_to(searched + end + 1);
                searched = 0;
                self.read(&line, pending).ok_or_else(|| {
                    Failure::lasting(Error::internal("a line of the server's answer cannot be read"))
                })?;
            }
            searched = lines.len();
        }
        self.transport.keep(&self.origin, sender);
        if pending.items.iter().any(Option::is_some) {
            return Err(transport(TransportError::Incomplete));
        }
        Ok(())
    }

    fn read<F: FnMut(usize, Outcome)>(&self, line: &[u8], pending: &mut PendingItems<F>) -> Option<()> {
        let Line { index, result, error, position, transaction } = serde_json::from_slice(line).ok()?;
        if let Some(begun) = transaction
            && let Some(slot) = pending.items.get(index).and_then(Option::as_ref).and_then(Item::begun)
        {
            self.route.begin(&begun.id, begun.server.as_deref(), &self.origin.base);
            slot.get_or_init(|| begun);
        }
        if let Some(position) = position {
            self.route.reach(&position);
        }
        match (result, error) {
            (Some(result), None) => pending.answer(index, Ok(result.get().to_owned())),
            (None, Some(error)) => pending.refused(index, Failure::answered(error)),
            _ => None,
        }
    }
}

/// The next piece of a body.
async fn next(body: &mut Incoming, deadline: Instant) -> Result<Option<bytes::Bytes>, TransportError> {
    loop {
        match timeout_at(deadline, body.frame()).await.ok_or(TransportError::ResponseTimeout)? {
            None => return Ok(None),
            Some(Err(error)) => return Err(TransportError::Exchange(error)),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

impl<F: FnMut(usize, Outcome)> PendingItems<F> {
    fn take(&mut self, index: usize) -> Option<Item> {
        self.items.get_mut(index)?.take()
    }

    fn answer(&mut self, index: usize, answer: Result<String>) -> Option<()> {
        self.take(index)?;
        (self.report)(index, Outcome::Answered(answer));
        Some(())
    }

    /// Reports the failure of an item, or, if it may succeed later, that it is to be sent by itself.
    fn refused(&mut self, index: usize, failure: Failure) -> Option<()> {
        let item = self.take(index)?;
        // A call that is sent alone makes the database when there is none of that name, and is passed on to another server.
        let has_begun = item.begun().is_some_and(|begun| begun.get().is_some());
        let untried = matches!(failure.error.code, ErrorCode::UnknownDatabase | ErrorCode::WrongServer);
        let goes_on = !has_begun && (failure.passing || untried);
        let outcome = if goes_on {
            let attempts = self.attempts.of(item.repeat());
            let failure = failure.passing.then_some(failure);
            Outcome::Alone(item, Again { attempts, failure })
        } else {
            let mut error = failure.error;
            error.request_id.get_or_insert_with(|| uuid::Uuid::new_v4().to_string());
            Outcome::Answered(Err(error))
        };
        (self.report)(index, outcome);
        Some(())
    }

    /// Reports the items that are left: with the failure of the request, or, without one, as to be sent by themselves.
    fn fail(&mut self, failure: Option<Failure>) {
        for index in 0..self.items.len() {
            match &failure {
                Some(failure) => {
                    let _ = self.refused(index, failure.clone());
                }
                None => {
                    if let Some(item) = self.take(index) {
                        let again = Again { attempts: self.attempts.of(item.repeat()), failure: None };
                        (self.report)(index, Outcome::Alone(item, again));
                    }
                }
            }
        }
    }
}
