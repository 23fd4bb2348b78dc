//! Calls for transactions of other servers, which are forwarded to them.
//!
//! A call is forwarded only to a server that this one was started with, and only after its token was checked; the other
//! server checks it again. A call that was forwarded is not forwarded once more.

use std::{collections::HashMap, time::Duration};

use axum::extract::Request;
use phantomdb_protocol::{
    API_PREFIX, CallContext, Error, ROUTES, Result, headers, transaction_id::server_of,
};
use phantomdb_tls::Trust;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The other servers over the same databases.
#[derive(Debug, Clone, Default)]
pub struct Peers {
    /// The URL of each, by its name.
    urls: HashMap<String, String>,
    client: Option<reqwest::Client>,
}

impl Peers {
    /// Takes the URL of each server, without a slash at the end, by its name. Fails with `INTERNAL` when no client for them
    /// can be set up.
    pub fn new(urls: HashMap<String, String>) -> Result<Self> {
        if urls.is_empty() {
            return Ok(Self::default());
        }
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(Trust::System.client_config()?)
            .http1_only()
            .tcp_nodelay(true)
            .no_proxy()
            // The token is for the server that it was sent to.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|_| Error::internal("the HTTP client for the other servers could not be set up"))?;
        Ok(Self { urls, client: Some(client) })
    }

    /// The way of a call to another server, if its transaction is one of that server.
    pub(super) fn forwarding(&self, request: &Request, context: &CallContext) -> Option<Forwarding> {
        let client = self.client.as_ref()?;
        if request.headers().contains_key(headers::FORWARDED.name) {
            return None;
        }
        let id = context.transaction.as_deref().or_else(|| transaction_in(request.uri().path()))?;
        let url = self.urls.get(server_of(id)?)?;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let request_id = context.request_id.clone().unwrap_or_default();
        Some(Forwarding { client: client.clone(), url: [url, path].concat(), request_id })
    }
}

/// The transaction that the path names: the one that the call commits or rolls back.
fn transaction_in(path: &str) -> Option<&str> {
    let path = path.strip_prefix(API_PREFIX).unwrap_or(path);
    let routes = ROUTES.iter().filter(|route| route.path.starts_with("/transactions/{id}/"));
    routes.filter_map(|route| route.segments_of(path)).find_map(|segments| segments.first().copied())
}

/// The way of a call to another server.
pub(super) struct Forwarding {
    pub(super) client: reqwest::Client,
    pub(super) url: String,
    /// The id under which both servers know the call.
    pub(super) request_id: String,
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn peers() -> Peers {
        Peers::new(HashMap::from([("b".to_owned(), "http://127.0.0.1:1".to_owned())])).unwrap()
    }

    fn url_of(path: &str, transaction: Option<&str>, forwarded: bool) -> Option<String> {
        let mut request = Request::builder().uri(path);
        if forwarded {
            request = request.header(headers::FORWARDED.name, "1");
        }
        let context = CallContext { transaction: transaction.map(str::to_owned), ..CallContext::default() };
        let forwarding = peers().forwarding(&request.body(Body::empty()).unwrap(), &context);
        forwarding.map(|forwarding| forwarding.url)
    }

    #[test]
    fn it_forwards_calls_for_transactions_of_its_peers_and_nothing_else() {
        let query = "/databases/app/query";
        let url = |path: &str| Some(format!("http://127.0.0.1:1{path}"));
        assert_eq!(url_of(query, Some("x.YQ.b"), false), url(query));
        let commit = "/api/v1/transactions/x.YQ.b/commit";
        assert_eq!(url_of(commit, None, false), url(commit));
        for id in ["x.YQ", "x.YQ.a", "x", "x.YQ.http://evil.example", ""] {
            assert_eq!(url_of(query, Some(id), false), None, "{id}");
        }
        assert_eq!(url_of(query, None, false), None);
        assert_eq!(url_of("/databases/x.YQ.b/tables", None, false), None);
    }

    #[test]
    fn it_forwards_nothing_twice() {
        assert_eq!(url_of("/databases/app/query", Some("x.YQ.b"), true), None);
    }
}
