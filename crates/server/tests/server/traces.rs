//! Spans, as a collector of OpenTelemetry receives them from a real server.

use std::{
    collections::HashMap,
    io::Read as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode as SpanStatus},
};
use prost::Message as _;
use serde_json::json;

use super::common::process::{Served, serve_in};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// The spans that a collector has received.
#[derive(Default)]
struct Received {
    headers: Vec<HeaderMap>,
    resource: HashMap<String, String>,
    spans: Vec<Span>,
}

type Store = Arc<Mutex<Received>>;

async fn collect(State(store): State<Store>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut store = store.lock().unwrap();
    store.headers.push(headers);
    for of_resource in request.resource_spans {
        store.resource = attributes(&of_resource.resource.unwrap().attributes);
        store.spans.extend(of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
    StatusCode::OK
}

/// Starts a collector.
async fn collector() -> (SocketAddr, Store) {
    let store = Store::default();
    let router = Router::new().route("/v1/traces", post(collect)).with_state(Arc::clone(&store));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, store)
}

fn serve_with_spans(collector: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Served {
    let all = [&[("PHANTOMDB_OTLP_ENDPOINT", collector)], environment].concat();
    serve_in(&all, &[&["--memory"], arguments].concat())
}

/// How many spans were lost, as the metrics say.
async fn lost_spans(served: &Served) -> u64 {
    let metrics = served.caller.get("/metrics").await.text;
    let lost = metrics.lines().find_map(|line| line.strip_prefix("phantomdb_spans_lost_total "));
    lost.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

/// Stops the server, which sends what it has, and returns what it wrote into its log and how long it took.
async fn stop(mut served: Served) -> (String, Duration) {
    let start = Instant::now();
    served.signal("-TERM");
    let ended = tokio::task::spawn_blocking(move || {
        assert_eq!(served.exit_code(Duration::from_secs(15)), Some(0));
        let took = start.elapsed();
        let mut log = String::new();
        served.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (log, took)
    });
    ended.await.unwrap()
}

fn attributes(list: &[KeyValue]) -> HashMap<String, String> {
    let text = |value: &AnyValue| match value.value.as_ref().unwrap() {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    list.iter().map(|pair| (pair.key.clone(), text(pair.value.as_ref().unwrap()))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Received {
    /// The only span of this name, and its attributes.
    #[track_caller]
    fn span(&self, name: &str) -> (&Span, HashMap<String, String>) {
        let found: Vec<_> = self.spans.iter().filter(|span| span.name == name).collect();
        let names: Vec<_> = self.spans.iter().map(|span| &span.name).collect();
        assert_eq!(found.len(), 1, "{name} in {names:?}");
        (found[0], attributes(&found[0].attributes))
    }
}

#[track_caller]
fn has(attributes: &HashMap<String, String>, expected: &[(&str, &str)]) {
    for (key, value) in expected {
        assert_eq!(attributes.get(*key).map(String::as_str), Some(*value), "{key} of {attributes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_its_statement_are_spans_of_the_callers_trace() {
    let (address, store) = collector().await;
    let environment = [
        ("OTEL_SERVICE_NAME", "shop-database"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
    ];
    let served = serve_with_spans(&format!("http://{address}"), &environment, &["--server-name", "a"]);
    served.caller.send("POST", "/databases", json!({ "name": "shop" })).await.ok(201);
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let headers =
        [("traceparent", traceparent.as_str()), ("tracestate", "vendor=1"), ("x-request-id", "id-1")];
    let query = json!({ "query": "SELECT 'secret-literal' || $1", "parameters": ["secret-parameter"] });
    served.caller.send_with("POST", "/databases/shop/query", &headers, query).await.ok(200);
    let wrong = json!({ "query": "DELETE FROM missing WHERE a = 'secret-literal'" });
    let answer = served.caller.send_with("POST", "/databases/shop/query", &headers[..1], wrong).await;
    answer.refused_with(404, "UNKNOWN_TABLE");
    assert_eq!(answer.json()["traceId"], TRACE);
    served.caller.get("/databases/shop/tables/secret-free?where=secret-condition").await;
    stop(served).await;

    let received = store.lock().unwrap();
    shows_the_service_and_no_secrets(&received);
    let (create, _) = received.span("POST /databases");
    assert!(create.parent_span_id.is_empty());
    let requests = received.spans.iter().filter(|span| span.name == "POST /databases/{db}/query");
    let [good, bad] = requests.collect::<Vec<_>>()[..] else { panic!("{:?}", received.spans) };
    for request in [good, bad] {
        assert_eq!((hex(&request.trace_id).as_str(), hex(&request.parent_span_id).as_str()), (TRACE, PARENT));
        assert_eq!(request.kind, SpanKind::Server as i32);
        // A mistake of the caller is no failure of the server.
        assert_ne!(request.status.as_ref().unwrap().code, SpanStatus::Error as i32);
    }
    assert_eq!(good.trace_state, "vendor=1");
    has(
        &attributes(&good.attributes),
        &[
            ("http.request.method", "POST"),
            ("http.route", "/databases/{db}/query"),
            ("url.path", "/databases/shop/query"),
            ("http.response.status_code", "200"),
            ("network.protocol.version", "1.1"),
            ("network.peer.address", "127.0.0.1"),
            ("db.namespace", "shop"),
            ("phantomdb.request_id", "id-1"),
        ],
    );
    let of_bad = attributes(&bad.attributes);
    has(&of_bad, &[("http.response.status_code", "404"), ("phantomdb.error_code", "UNKNOWN_TABLE")]);

    let (select, of_select) = received.span("SELECT shop");
    assert_eq!(hex(&select.parent_span_id), hex(&good.span_id));
    assert_eq!((hex(&select.trace_id).as_str(), select.kind), (TRACE, SpanKind::Internal as i32));
    assert!(select.start_time_unix_nano >= good.start_time_unix_nano);
    assert!(select.end_time_unix_nano <= good.end_time_unix_nano);
    has(
        &of_select,
        &[("db.system.name", "sqlite"), ("db.namespace", "shop"), ("db.operation.name", "SELECT")],
    );
    assert_eq!(of_select["phantomdb.statement"].len(), 16);
    let (delete, of_delete) = received.span("DELETE shop");
    assert_eq!(delete.status.as_ref().unwrap().code, SpanStatus::Error as i32);
    has(&of_delete, &[("error.type", "UNKNOWN_TABLE"), ("db.response.status_code", "UNKNOWN_TABLE")]);
}

fn shows_the_service_and_no_secrets(received: &Received) {
    has(
        &received.resource,
        &[
            ("service.name", "shop-database"),
            ("service.instance.id", "a"),
            ("deployment.environment.name", "test"),
        ],
    );
    assert!(received.headers.iter().all(|headers| headers["x-key"] == "secret"));
    let all = format!("{:?}", received.spans);
    for secret in ["secret-literal", "secret-parameter", "secret-condition"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_queries_is_a_span_within_the_request() {
    let (address, store) = collector().await;
    let served = serve_with_spans(&format!("http://{address}"), &[], &[]);
    served.caller.send("POST", "/databases", json!({ "name": "shop" })).await.ok(201);
    let queries =
        json!({ "queries": [{ "query": "SELECT 1" }, { "query": "SELECT 2" }, { "query": "VALUES (3)" }] });
    served.caller.send("POST", "/databases/shop/queries", queries).await;
    stop(served).await;
    let received = store.lock().unwrap();
    has(&received.resource, &[("service.name", "phantomdb"), ("service.version", env!("CARGO_PKG_VERSION"))]);
    let (request, _) = received.span("POST /databases/{db}/queries");
    let children = received.spans.iter().filter(|span| span.parent_span_id == request.span_id);
    let mut names: Vec<_> = children
        .inspect(|child| assert!(child.end_time_unix_nano <= request.end_time_unix_nano))
        .map(|child| child.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["SELECT shop", "SELECT shop", "VALUES shop"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_that_is_not_sampled_has_no_spans() {
    let (address, store) = collector().await;
    let served = serve_with_spans(&format!("http://{address}"), &[], &[]);
    let traceparent = format!("00-{TRACE}-{PARENT}-00");
    served.caller.raw("GET", "/databases", &[("traceparent", &traceparent)], vec![]).await.ok(200);
    // Without a trace of the caller's, and with one that cannot be read, a request begins one.
    served
        .caller
        .raw("GET", "/", &[("traceparent", "00-nonsense"), ("tracestate", "a=1")], vec![])
        .await
        .ok(200);
    served.caller.raw("GET", "/no-such-path", &[], vec![]).await.refused_with(404, "NOT_FOUND");
    served.caller.raw("BREW", "/databases", &[], vec![]).await.refused_with(405, "BAD_REQUEST");
    stop(served).await;
    let received = store.lock().unwrap();
    let mut names: Vec<_> = received.spans.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["GET", "GET /", "HTTP", "serverInfo"]);
    let (begun, _) = received.span("GET /");
    assert!(begun.parent_span_id.is_empty() && begun.trace_state.is_empty());
    let (_, brew) = received.span("HTTP");
    has(&brew, &[("http.request.method", "_OTHER"), ("http.request.method_original", "BREW")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_how_many_spans_were_lost_when_the_collector_is_back() {
    let (address, store) = collector().await;
    let environment = [("OTEL_BSP_SCHEDULE_DELAY", "20")];
    // The way to the collector is closed at first.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let way = closed.local_addr().unwrap();
    drop(closed);
    let served = serve_with_spans(&format!("http://{way}"), &environment, &[]);
    let start = Instant::now();
    while lost_spans(&served).await == 0 {
        assert!(start.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let listener = tokio::net::TcpListener::bind(way).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let mut to = tokio::net::TcpStream::connect(address).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut from, &mut to).await });
        }
    });
    served.caller.get("/databases").await.ok(200);
    let (log, _) = stop(served).await;
    for line in ["takes no spans", "takes spans again", "spans were lost while"] {
        assert_eq!(log.matches(line).count(), 1, "{line}: {log}");
    }
    store.lock().unwrap().span("GET /databases");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_forwarded_is_a_span_on_both_servers() {
    let (address, store) = collector().await;
    let collector = format!("http://{address}");
    let a = serve_with_spans(&collector, &[], &["--server-name", "a"]);
    let peer = format!("a=http://{}", a.caller.address);
    let b = serve_with_spans(&collector, &[], &["--server-name", "b", "--peer", &peer]);
    a.caller.send("POST", "/databases", json!({ "name": "app" })).await.ok(201);
    let id = a.caller.begin(json!({})).await;
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let headers = [
        ("phantomdb-transaction", id.as_str()),
        ("traceparent", traceparent.as_str()),
        ("tracestate", "vendor=1"),
        ("x-request-id", "id-1"),
    ];
    let query = json!({ "query": "SELECT 1" });
    b.caller.send_with("POST", "/databases/app/query", &headers, query).await.ok(200);
    // It is not sampled, so the other server must make no spans either.
    let unsampled = format!("00-{TRACE}-{PARENT}-00");
    let headers = [("phantomdb-transaction", id.as_str()), ("traceparent", unsampled.as_str())];
    b.caller
        .send_with("POST", "/databases/app/query", &headers, json!({ "query": "VALUES (1)" }))
        .await
        .ok(200);
    stop(b).await;
    stop(a).await;

    let received = store.lock().unwrap();
    let requests = received.spans.iter().filter(|span| span.name == "POST /databases/{db}/query");
    let mut requests: Vec<_> = requests.collect();
    requests.sort_by_key(|span| hex(&span.parent_span_id) != PARENT);
    let [of_b, of_a] = requests[..] else { panic!("{:?}", received.spans) };
    assert_eq!(hex(&of_b.parent_span_id), PARENT);
    assert_eq!(hex(&of_a.parent_span_id), hex(&of_b.span_id));
    for request in [of_b, of_a] {
        assert_eq!((hex(&request.trace_id).as_str(), request.trace_state.as_str()), (TRACE, "vendor=1"));
        assert_eq!(request.kind, SpanKind::Server as i32);
        has(
            &attributes(&request.attributes),
            &[
                ("http.response.status_code", "200"),
                ("phantomdb.request_id", "id-1"),
                ("db.namespace", "app"),
            ],
        );
    }
    assert!(of_a.start_time_unix_nano >= of_b.start_time_unix_nano);
    assert!(of_a.end_time_unix_nano <= of_b.end_time_unix_nano);
    // The statement runs on one of them.
    let (select, _) = received.span("SELECT app");
    assert_eq!((hex(&select.parent_span_id), hex(&select.trace_id).as_str()), (hex(&of_a.span_id), TRACE));
    assert!(!received.spans.iter().any(|span| span.name.starts_with("VALUES")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_or_deaf_costs_a_line_of_the_log_and_no_request() {
    let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let deaf = deaf.local_addr().map(|address| (deaf, address)).unwrap();
    for (collector, lines) in [("http://127.0.0.1:1".to_owned(), 1), (format!("http://{}", deaf.1), 0)] {
        // A queue of a few spans, which is full after a few requests.
        let environment = [
            ("OTEL_BSP_SCHEDULE_DELAY", "20"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "8"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4"),
        ];
        let served = serve_with_spans(&collector, &environment, &["--grace", "3s"]);
        let start = Instant::now();
        for _ in 0..30 {
            served.caller.get("/databases").await.ok(200);
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let lost = lost_spans(&served).await;
        let (log, took) = stop(served).await;
        assert!(took < Duration::from_secs(4), "{took:?}");
        assert_eq!(log.matches("takes no spans").count(), lines, "{log}");
        // Each request is two spans, of which a few wait, or are on their way.
        assert!(lost > 40, "{lost}");
        if lines == 0 {
            assert_eq!(log.matches("spans are dropped, because").count(), 1, "{log}");
        }
        assert_eq!(log.matches("spans were lost before the server stopped").count(), 1, "{log}");
    }
}

#[test]
fn a_wrong_collector_ends_the_start() {
    for (url, why) in [("localhost:4318", "http://"), ("http://a:b@c", "OTEL_EXPORTER_OTLP_HEADERS")] {
        let mut command = super::common::process::phantomdb(&["serve", "--memory", "--otlp-endpoint", url]);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(why), "{said}");
    }
}
