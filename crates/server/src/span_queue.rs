//! The queue of spans that wait for their batch. The SDK drops a span in silence when its queue is full; here the spans that are
//! lost are counted, and the log says that there are some.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor},
};
use parking_lot::Mutex;

/// The variable for the length of the queue, and its default, as OpenTelemetry defines them.
const LENGTH_VARIABLE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
const LENGTH_DEFAULT: usize = 2048;

/// While spans are dropped, the log has a line so often.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Counts the spans that wait, and those that are lost.
#[derive(Debug, Default)]
pub(crate) struct SpanQueue {
    waiting: AtomicUsize,
    lost: AtomicU64,
    log: Mutex<Log>,
}

/// Counts the losses that the log does not name yet.
#[derive(Debug, Default)]
struct Log {
    /// Spans that were dropped because the queue was full.
    dropped: u64,
    last_line: Option<Instant>,
    /// Spans that could not be sent since the collector took some.
    unsent: u64,
}

impl SpanQueue {
    /// The spans that were lost since the start.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Writes into the log what is not there yet.
    pub(crate) fn close(&self) {
        let log = std::mem::take(&mut *self.log.lock());
        let lost = log.dropped + log.unsent;
        if lost > 0 {
            tracing::warn!(lost, "spans were lost before the server stopped");
        }
    }

    /// A place for one more span. False when there is none.
    fn take_place(&self, length: usize) -> bool {
        let more = |waiting: usize| (waiting < length).then_some(waiting + 1);
        self.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    fn drop_one(&self, now: Instant) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        let mut log = self.log.lock();
        log.dropped += 1;
        if log.last_line.is_none_or(|last| now.duration_since(last) >= LOG_INTERVAL) {
            let dropped = std::mem::take(&mut log.dropped);
            log.last_line = Some(now);
            tracing::warn!(
                dropped,
                "spans are dropped, because as many wait for the collector as {LENGTH_VARIABLE} allows"
            );
        }
    }

    fn sent(&self, count: usize, succeeded: bool) {
        let mut log = self.log.lock();
        if succeeded {
            let lost = std::mem::take(&mut log.unsent);
            if lost > 0 {
                tracing::warn!(lost, "spans were lost while the collector took none");
            }
        } else {
            self.lost.fetch_add(count as u64, Ordering::Relaxed);
            log.unsent += count as u64;
        }
    }
}

/// Makes batches of the spans, and lets no more wait than the queue of the SDK has room for.
#[derive(Debug)]
pub(crate) struct Batches {
    inner: BatchSpanProcessor,
    length: usize,
    queue: Arc<SpanQueue>,
}

impl Batches {
    pub(crate) fn new(exporter: impl SpanExporter + 'static, queue: Arc<SpanQueue>) -> Self {
        let given = std::env::var(LENGTH_VARIABLE).ok().and_then(|text| text.parse().ok());
        let length = given.unwrap_or(LENGTH_DEFAULT);
        let config = BatchConfigBuilder::default().with_max_queue_size(length).build();
        let exporter = Counted { inner: exporter, queue: Arc::clone(&queue) };
        let inner = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
        Self { inner, length, queue }
    }
}

impl SpanProcessor for Batches {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.queue.take_place(self.length) {
            self.inner.on_end(span);
        } else {
            self.queue.drop_one(Instant::now());
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Sends batches, and counts what becomes of them.
#[derive(Debug)]
struct Counted<E> {
    inner: E,
    queue: Arc<SpanQueue>,
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        // The SDK has taken them out of its queue.
        self.queue.waiting.fetch_sub(count, Ordering::AcqRel);
        let result = self.inner.export(batch).await;
        self.queue.sent(count, result.is_ok());
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_as_many_places_as_it_is_long() {
        let queue = SpanQueue::default();
        assert!(queue.take_place(2) && queue.take_place(2) && !queue.take_place(2));
        queue.waiting.fetch_sub(1, Ordering::AcqRel);
        assert!(queue.take_place(2) && !queue.take_place(2));
    }

    #[test]
    fn it_counts_the_spans_that_are_lost_and_logs_them_now_and_then() {
        let (queue, start) = (SpanQueue::default(), Instant::now());
        let unlogged = || queue.log.lock().dropped;
        (0..5).for_each(|_| queue.drop_one(start));
        assert_eq!((queue.lost(), unlogged()), (5, 4));
        queue.drop_one(start + LOG_INTERVAL);
        assert_eq!((queue.lost(), unlogged()), (6, 0));
        queue.sent(3, false);
        assert_eq!((queue.lost(), queue.log.lock().unsent), (9, 3));
        queue.sent(2, true);
        assert_eq!((queue.lost(), queue.log.lock().unsent), (9, 0));
    }
}
