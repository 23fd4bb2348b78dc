//! The metrics of a server, in the text format of OpenMetrics, which Prometheus reads.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use http::StatusCode;
use parking_lot::Mutex;
use phantomdb_engine::EngineStatistics;
use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_service::Service;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text::encode},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::ConstGauge,
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};

/// From half a millisecond to half a minute, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabel {
    code: String,
}

pub(super) struct Metrics {
    registry: Registry,
    requests: Family<StatusLabel, Counter>,
    durations: Family<RouteLabels, Histogram>,
    errors: Family<ErrorLabel, Counter>,
    state: std::sync::Arc<State>,
}

/// What is asked for when the metrics are read.
#[derive(Debug, Default)]
struct State {
    statements: AtomicU64,
    open_transactions: AtomicU64,
    /// The number of lost spans; none when the server has no collector.
    lost_spans: Mutex<Option<u64>>,
    engine: Mutex<EngineStatistics>,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("phantomdb");
        let requests = Family::default();
        registry.register("requests", "Requests answered, by HTTP status", requests.clone());
        let durations = Family::<RouteLabels, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        registry.register_with_unit(
            "request_duration",
            "The time until the head of the answer, by route and HTTP status",
            Unit::Seconds,
            durations.clone(),
        );
        let errors = Family::default();
        registry.register("errors", "Errors answered, by their code", errors.clone());
        let state = std::sync::Arc::new(State::default());
        registry.register_collector(Box::new(StateCollector(std::sync::Arc::clone(&state))));
        Self { registry, requests, durations, errors, state }
    }

    /// Counts a request. A path that is no route has no name.
    pub(super) fn record(
        &self,
        route: Option<&'static str>,
        status: StatusCode,
        error: Option<ErrorCode>,
        took: Duration,
    ) {
        let code = status.as_u16();
        self.requests.get_or_create(&StatusLabel { code }).inc();
        self.durations
            .get_or_create(&RouteLabels { route: route.unwrap_or("none"), code })
            .observe(took.as_secs_f64());
        if let Some(error) = error {
            let code = serde_json::to_value(error).ok().and_then(|name| name.as_str().map(str::to_owned));
            self.errors.get_or_create(&ErrorLabel { code: code.unwrap_or_default() }).inc();
        }
    }

    pub(super) async fn text(&self, service: &Service, lost_spans: Option<u64>) -> Result<String> {
        self.state.statements.store(service.statement_count(), Ordering::Relaxed);
        self.state.open_transactions.store(service.open_transaction_count() as u64, Ordering::Relaxed);
        *self.state.lost_spans.lock() = lost_spans;
        let statistics = service.engine_statistics().await;
        *self.state.engine.lock() = statistics;
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|_| Error::internal("the metrics could not be written"))?;
        Ok(text)
    }
}

#[derive(Debug)]
struct StateCollector(std::sync::Arc<State>);

impl Collector for StateCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let state = &self.0;
        let engine = state.engine.lock().clone();
        let (waits, waited) = engine.lock_waits.unzip();
        let counters = [
            ("statements", "Statements run", Some(state.statements.load(Ordering::Relaxed))),
            ("lock_waits", "Waits for the write lock of a database", waits),
            ("spans_lost", "Spans that the collector did not get", *state.lost_spans.lock()),
        ];
        for (name, help, value) in counters {
            if let Some(value) = value {
                let metric = ConstCounter::new(value);
                metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
            }
        }
        if let Some(waited) = waited {
            let metric = ConstCounter::new(waited.as_secs_f64());
            let help = "The time of all waits for the write lock of a database";
            let descriptor =
                encoder.encode_descriptor("lock_wait", help, Some(&Unit::Seconds), metric.metric_type())?;
            metric.encode(descriptor)?;
        }
        let open_transactions = Some(state.open_transactions.load(Ordering::Relaxed));
        let gauges = [
            ("open_transactions", "Transactions open now", open_transactions),
            ("databases_in_use", "Databases that have been used and are open", engine.databases_in_use),
            ("connections", "Connections to databases, in use and idle", engine.connections),
            ("connections_idle", "Connections to databases that nobody uses", engine.idle_connections),
            ("connections_awaited", "Callers that wait for a connection", engine.waiting_for_connections),
            ("reads_running", "Reads that run outside of transactions", engine.running_reads),
            ("data_bytes", "The size of all databases with their logs", engine.bytes),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                let metric = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
                metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
            }
        }
        Ok(())
    }
}
