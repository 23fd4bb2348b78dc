//! Sends spans to a collector of OpenTelemetry, in batches of OTLP over HTTP.
//!
//! A thread of the SDK makes the batches. A request never waits for it: when the queue is full, a span is dropped, see
//! [`crate::span_queue`].

use std::{
    error::Error as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::body::Bytes;
use opentelemetry::{KeyValue, Value, trace::TracerProvider as _};
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracer, SdkTracerProvider},
};
use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_tls::Trust;
use tokio::runtime::Handle;

use crate::span_queue::{Batches, SpanQueue};

/// The path of a collector for spans.
const PATH: &str = "/v1/traces";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a collector may take to answer. The whole of an export has the time of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// An answer says which spans were refused; of a longer one nothing is read.
const ANSWER_MAX: usize = 64 * 1024;

/// The maker of spans, and the way to their collector.
#[derive(Debug, Clone)]
pub struct Traces {
    provider: SdkTracerProvider,
    pub(crate) tracer: SdkTracer,
    queue: Arc<SpanQueue>,
}

impl Traces {
    /// Sends spans to the collector at the URL, to which the path for spans is added. `server` names this server among
    /// several. The SDK reads further settings from the variables that OpenTelemetry defines (`OTEL_…`). Must be called
    /// in a runtime; fails with `BAD_REQUEST` when the URL or a variable cannot be used.
    pub fn to_collector(url: &str, server: Option<&str>) -> Result<Self> {
        let wrong = |why: String| Error::new(ErrorCode::BadRequest, why);
        let endpoint = endpoint(url).map_err(|why| wrong(format!("--otlp-endpoint {why}")))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(endpoint)
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(Collector::new()?)
            .build()
            .map_err(|error| wrong(format!("the export of spans cannot be set up: {error}")))?;
        let queue = Arc::new(SpanQueue::default());
        let provider = SdkTracerProvider::builder()
            .with_resource(resource(server))
            .with_span_processor(Batches::new(exporter, Arc::clone(&queue)))
            .build();
        let tracer = provider.tracer("phantomdb");
        Ok(Self { provider, tracer, queue })
    }

    /// The spans that were lost since the start.
    pub(crate) fn lost(&self) -> u64 {
        self.queue.lost()
    }

    /// Sends what waits to be sent, as far as the time allows. Spans that end later are dropped.
    pub(crate) async fn close(&self, timeout: Duration) {
        let provider = self.provider.clone();
        let closed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(timeout)).await;
        if let Ok(Err(error)) = closed {
            tracing::warn!(%error, "the last spans could not be sent");
        }
        self.queue.close();
    }
}

/// The URL that spans are sent to.
fn endpoint(url: &str) -> std::result::Result<String, String> {
    let parsed: http::Uri = url.parse().map_err(|error| format!("is not a URL: {error}"))?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) {
        return Err("must begin with http:// or https://, like http://127.0.0.1:4318".to_owned());
    }
    if parsed.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("must have no user and password; put them into OTEL_EXPORTER_OTLP_HEADERS".to_owned());
    }
    if parsed.query().is_some() {
        return Err(format!("must have no query parameters; {PATH} is added to it"));
    }
    Ok(format!("{}{PATH}", url.trim_end_matches('/')))
}

/// The attributes that all spans of the server have. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` go first.
fn resource(server: Option<&str>) -> Resource {
    let detected = Resource::builder().build();
    let is_given = |key: &'static str| match detected.get(&key.into()) {
        // The name that the SDK gives to a service without one.
        Some(Value::String(name)) => !name.as_str().starts_with("unknown_service"),
        given => given.is_some(),
    };
    let own = [
        ("service.name", Some("phantomdb")),
        ("service.version", Some(env!("CARGO_PKG_VERSION"))),
        ("service.instance.id", server),
    ];
    let own = own.into_iter().filter(|(key, _)| !is_given(key));
    let own = own.filter_map(|(key, value)| Some(KeyValue::new(key, value?.to_owned())));
    Resource::builder().with_attributes(own.collect::<Vec<_>>()).build()
}

/// The collector as the SDK sends to it.
#[derive(Debug)]
struct Collector {
    client: reqwest::Client,
    /// The thread of the SDK, on which batches are sent, has no runtime.
    runtime: Handle,
    /// True since it could not be reached, so that this is logged once.
    is_lost: AtomicBool,
}

impl Collector {
    fn new() -> Result<Self> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(Trust::System.client_config()?)
            .no_proxy()
            // The headers may have a key, which is for this collector.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(|_| Error::internal("the HTTP client for the collector could not be set up"))?;
        Ok(Self { client, runtime: Handle::current(), is_lost: AtomicBool::new(false) })
    }

    fn log(&self, failure: Option<&str>) {
        match (failure, self.is_lost.swap(failure.is_some(), Ordering::Relaxed)) {
            (Some(why), false) => {
                tracing::warn!(
                    why,
                    "the collector of --otlp-endpoint takes no spans; they are lost until it does"
                );
            }
            (None, true) => tracing::warn!("the collector of --otlp-endpoint takes spans again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> std::result::Result<Response<Bytes>, HttpError> {
        let sent = match reqwest::Request::try_from(request) {
            Ok(request) => self.runtime.spawn(send(self.client.clone(), request)).await?,
            Err(error) => Err(error),
        };
        match sent {
            Ok(response) => {
                let status = response.status();
                let failure = (!status.is_success()).then(|| format!("it answered {status}"));
                self.log(failure.as_deref());
                Ok(response)
            }
            Err(error) => {
                self.log(Some(&reasons(&error)));
                Err(error.into())
            }
        }
    }
}

async fn send(client: reqwest::Client, request: reqwest::Request) -> reqwest::Result<Response<Bytes>> {
    let mut answer = client.execute(request).await.map_err(reqwest::Error::without_url)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > ANSWER_MAX {
            body.clear();
            break;
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

/// The error and its causes. reqwest's own says only that a request failed.
fn reasons(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_adds_the_path_for_spans_to_the_url() {
        for url in ["http://127.0.0.1:4318", "http://127.0.0.1:4318/"] {
            assert_eq!(endpoint(url).unwrap(), "http://127.0.0.1:4318/v1/traces");
        }
        assert_eq!(endpoint("https://a.example/otlp").unwrap(), "https://a.example/otlp/v1/traces");
    }

    #[test]
    fn it_says_what_is_wrong_with_a_url() {
        for (url, why) in [
            ("127.0.0.1:4318", "begin with http://"),
            ("grpc://a.example:4317", "begin with http://"),
            ("http://", "not a URL"),
            ("http://user:password@a.example", "OTEL_EXPORTER_OTLP_HEADERS"),
            ("http://a.example/?key=1", "query parameters"),
        ] {
            let said = endpoint(url).unwrap_err();
            assert!(said.contains(why) && !said.contains("password@"), "{url}: {said}");
        }
    }
}
