//! The option for spans.

use clap::Args;

use super::error::CommandError;
use crate::otlp::Traces;

#[derive(Debug, Args)]
pub(super) struct TraceOptions {
    /// Send a span for each request, and one for each of its statements, to this collector of OpenTelemetry, in OTLP
    /// over HTTP: http://127.0.0.1:4318, to which /v1/traces is added. OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_HEADERS,
    /// OTEL_TRACES_SAMPLER and the like are heeded.
    #[arg(long, env = "PHANTOMDB_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<String>,
}

impl TraceOptions {
    /// The maker of the spans of the server; `None` when they go nowhere.
    pub(super) fn traces(&self, server: Option<String>) -> Result<Option<Traces>, CommandError> {
        let Some(url) = &self.otlp_endpoint else { return Ok(None) };
        let traces = Traces::to_collector(url, server.as_deref());
        traces.map(Some).map_err(|error| CommandError::misused(error.message))
    }
}
