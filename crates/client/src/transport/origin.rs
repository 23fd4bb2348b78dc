//! Requests, and the server they go to.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header::HOST};
use http_body_util::Full;
use phantomdb_protocol::{Error, Result};

use super::error::TransportError;

/// The server that requests go to.
#[derive(Debug)]
pub(crate) struct Origin {
    /// The URL, without a slash at the end.
    pub(crate) base: String,
    pub(super) uri: Uri,
    host: HeaderValue,
    /// The path of the URL, which every request's path begins with.
    prefix: String,
}

impl Origin {
    /// `base` is the URL of a server, already checked.
    pub(crate) fn new(base: &str) -> Result<Self> {
        let parse = || {
            let uri: Uri = base.parse().ok()?;
            let host = HeaderValue::from_str(uri.authority()?.as_str()).ok()?;
            let prefix = uri.path().trim_end_matches('/').to_owned();
            Some(Self { base: base.to_owned(), uri, host, prefix })
        };
        parse().ok_or_else(|| Error::internal("the URL of the server cannot be used"))
    }
}

/// A request that can be sent more than once.
#[derive(Clone)]
pub(crate) struct OutgoingRequest {
    pub(crate) method: Method,
    /// The path below the URL of the server.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl OutgoingRequest {
    pub(super) fn to(self, origin: &Origin) -> Result<Request<Full<Bytes>>, TransportError> {
        let mut request = Request::new(Full::new(self.body));
        *request.method_mut() = self.method;
        *request.headers_mut() = self.headers;
        request.headers_mut().insert(HOST, origin.host.clone());
        let uri = match origin.prefix.as_str() {
            "" => self.path.parse(),
            prefix => [prefix, &self.path].concat().parse(),
        };
        *request.uri_mut() =
            uri.map_err(|error: http::uri::InvalidUri| TransportError::Connect(error.into()))?;
        Ok(request)
    }
}
