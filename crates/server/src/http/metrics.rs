//! Counters in the text format of Prometheus.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
};

use http::StatusCode;
use phantomdb_service::Service;

/// The statuses of HTTP.
const STATUSES: std::ops::Range<u16> = 100..600;

pub(super) struct Metrics {
    by_status: Vec<AtomicU64>,
}

impl Metrics {
    pub(super) fn new() -> Self {
        Self { by_status: STATUSES.map(|_| AtomicU64::new(0)).collect() }
    }

    pub(super) fn count(&self, status: StatusCode) {
        let index = usize::from(status.as_u16().saturating_sub(STATUSES.start));
        if let Some(counter) = self.by_status.get(index) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn text(&self, service: &Service) -> String {
        let mut text = String::from(
            "# HELP phantomdb_requests_total Requests answered, by HTTP status.\n\
             # TYPE phantomdb_requests_total counter\n",
        );
        for (status, counter) in STATUSES.zip(&self.by_status) {
            let count = counter.load(Ordering::Relaxed);
            if count > 0 {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "phantomdb_requests_total{{code=\"{status}\"}} {count}");
            }
        }
        let _ = write!(
            text,
            "# HELP phantomdb_statements_total Statements run.\n\
             # TYPE phantomdb_statements_total counter\n\
             phantomdb_statements_total {}\n\
             # HELP phantomdb_open_transactions Transactions open now.\n\
             # TYPE phantomdb_open_transactions gauge\n\
             phantomdb_open_transactions {}\n",
            service.statement_count(),
            service.open_transaction_count()
        );
        text
    }
}
