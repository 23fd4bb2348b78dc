//! Calls for transactions of other servers, which are passed on to them.
//!
//! A call is passed on to a server that this one was started with, and to no other, after its token was checked; the
//! other server checks it again. A call that was passed on is not passed on once more.

use std::{collections::HashMap, time::Duration};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, header, request::Parts};
use phantomdb_protocol::{CallContext, Error, ErrorCode, Result};

use super::{answer::HttpError, extract, guard};
use phantomdb_protocol::transaction_id::server_of;
use phantomdb_tls::{Problem, Trust};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Marks a call that was passed on.
const FORWARDED: HeaderName = HeaderName::from_static("phantomdb-forwarded");
/// What travels on with a call.
const ASKED: [&str; 8] = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    guard::POSITION,
    guard::TRANSACTION,
    "traceparent",
    "tracestate",
];
/// What comes back with an answer.
const ANSWERED: [&str; 4] = ["content-type", guard::POSITION, "retry-after", "www-authenticate"];

/// The other servers over the same databases.
#[derive(Debug, Clone, Default)]
pub struct Peers {
    /// By their names.
    urls: HashMap<String, String>,
    client: Option<reqwest::Client>,
}

impl Peers {
    /// A URL without a slash at the end by the name of each. `INTERNAL` when no client for them can be set up.
    pub fn new(urls: HashMap<String, String>) -> Result<Self> {
        if urls.is_empty() {
            return Ok(Self::default());
        }
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(Trust::System.client_config()?)
            .http1_only()
            .tcp_nodelay(true)
            .no_proxy()
            // A token is for the server it was given for.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|_| Error::internal("the HTTP client for the other servers could not be set up"))?;
        Ok(Self { urls, client: Some(client) })
    }

    /// Where to pass a call on to, if it is one for a transaction of another server.
    pub(super) fn target(&self, request: &Request, context: &CallContext) -> Option<Target> {
        let client = self.client.as_ref()?;
        if request.headers().contains_key(FORWARDED) {
            return None;
        }
        let id = context.transaction.as_deref().or_else(|| ended(request.uri().path()))?;
        let url = self.urls.get(server_of(id)?)?;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let request_id = context.request_id.clone().unwrap_or_default();
        Some(Target { client: client.clone(), url: [url, path].concat(), request_id })
    }
}

/// The transaction that is committed or rolled back.
fn ended(path: &str) -> Option<&str> {
    let (before, id) = path.rsplit_once('/')?.0.rsplit_once('/')?;
    before.ends_with("/transactions").then_some(id)
}

/// Another server, and what to ask of it.
pub(super) struct Target {
    client: reqwest::Client,
    url: String,
    /// Under which both servers know the call.
    request_id: String,
}

/// How passing a call on came out.
pub(super) enum Passed {
    Answered(Response),
    /// Nobody is there, so it has not run; here it is again.
    Unreached(Request),
}

impl Target {
    pub(super) async fn pass(self, request: Request, body_max: usize) -> Passed {
        let (parts, body) = request.into_parts();
        let body = match extract::read(body, body_max).await {
            Ok(body) => body,
            Err(refused) => return Passed::Answered(refused.into_response()),
        };
        match self.ask(&parts, body.clone()).await {
            Err(error) if error.is_connect() => {
                let why = Problem::of(&error).map(|problem| problem.to_string());
                tracing::warn!(why, "another server, whose transaction a call is for, cannot be reached");
                Passed::Unreached(Request::from_parts(parts, Body::from(body)))
            }
            Err(error) => {
                tracing::warn!(%error, "the answer of another server was lost");
                let message = "the server of this transaction was lost before it answered";
                Passed::Answered(HttpError::new(ErrorCode::Unavailable, message).into_response())
            }
            Ok(response) => Passed::Answered(response),
        }
    }

    async fn ask(&self, parts: &Parts, body: Vec<u8>) -> reqwest::Result<Response> {
        let mut asking = self.client.request(parts.method.clone(), &self.url).body(body);
        for name in ASKED {
            if let Some(value) = parts.headers.get(name) {
                asking = asking.header(name, value);
            }
        }
        let asking = asking.header("x-request-id", &self.request_id);
        let answer = asking.header(FORWARDED, HeaderValue::from_static("1")).send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = Response::new(Body::from(answer.bytes().await?));
        *response.status_mut() = status;
        for name in ANSWERED {
            if let Some(value) = headers.get(name) {
                response.headers_mut().insert(HeaderName::from_static(name), value.clone());
            }
        }
        if let Some(length) = headers.get(header::CONTENT_LENGTH) {
            response.headers_mut().insert(header::CONTENT_LENGTH, length.clone());
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers() -> Peers {
        Peers::new(HashMap::from([("b".to_owned(), "http://127.0.0.1:1".to_owned())])).unwrap()
    }

    fn target(path: &str, transaction: Option<&str>, forwarded: bool) -> Option<String> {
        let mut request = Request::builder().uri(path);
        if forwarded {
            request = request.header(FORWARDED, "1");
        }
        let context = CallContext { transaction: transaction.map(str::to_owned), ..CallContext::default() };
        peers().target(&request.body(Body::empty()).unwrap(), &context).map(|target| target.url)
    }

    #[test]
    fn it_passes_on_what_is_of_a_server_it_knows_and_nothing_else() {
        let query = "/databases/app/query";
        let url = |path: &str| Some(format!("http://127.0.0.1:1{path}"));
        assert_eq!(target(query, Some("x.YQ.b"), false), url(query));
        let commit = "/api/v1/transactions/x.YQ.b/commit";
        assert_eq!(target(commit, None, false), url(commit));
        for id in ["x.YQ", "x.YQ.a", "x", "x.YQ.http://evil.example", ""] {
            assert_eq!(target(query, Some(id), false), None, "{id}");
        }
        assert_eq!(target(query, None, false), None);
        assert_eq!(target("/databases/x.YQ.b/tables", None, false), None);
    }

    #[test]
    fn it_passes_nothing_on_twice() {
        assert_eq!(target("/databases/app/query", Some("x.YQ.b"), true), None);
    }
}
