//! What happens on a connection, to tell when its caller keeps it for nothing.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use super::{
    connection_limits::ConnectionLimits,
    handed_out::{HandedOut, take_part},
};

/// How an HTTP/2 connection begins.
const HTTP2: &[u8] = b"PRI";

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has no request, and had none for long.
    Idle,
    /// A request has begun, and its headers do not end.
    SlowHeaders,
    /// An answer is ready, and its caller takes none of it.
    StalledAnswer,
}

/// Moments are in milliseconds after the connection was made, from 1; 0 stands for none.
#[derive(Debug)]
pub(super) struct Activity {
    start: Instant,
    /// The requests that are being answered.
    requests: AtomicUsize,
    idle_since: AtomicU64,
    headers_since: AtomicU64,
    write_waits_since: AtomicU64,
    last_write: AtomicU64,
    /// TLS keeps bytes that the caller does not take.
    flush_waits: AtomicBool,
    handed_out: HandedOut,
    has_read: AtomicBool,
    /// HTTP/2 has frames that are no part of a request.
    is_http2: AtomicBool,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            requests: AtomicUsize::new(0),
            idle_since: AtomicU64::new(1),
            headers_since: AtomicU64::new(0),
            write_waits_since: AtomicU64::new(0),
            last_write: AtomicU64::new(1),
            flush_waits: AtomicBool::new(false),
            handed_out: HandedOut::default(),
            has_read: AtomicBool::new(false),
            is_http2: AtomicBool::new(false),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// Records that a request is being answered, until the token is dropped.
    pub(super) fn request(self: &Arc<Self>) -> RequestToken {
        self.headers_since.store(0, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        RequestToken(Arc::clone(self))
    }

    /// Returns once the caller keeps the connection for nothing.
    pub(super) async fn verdict(&self, limits: &ConnectionLimits) -> Verdict {
        loop {
            let (verdict, moment) = self.next(limits, self.now());
            let moment = self.start + Duration::from_millis(moment);
            if moment <= Instant::now() {
                return verdict;
            }
            tokio::time::sleep_until(moment).await;
        }
    }

    /// Returns what will happen first if nothing does until then, and when. What waits for nothing is due a limit after `now`.
    fn next(&self, limits: &ConnectionLimits, now: u64) -> (Verdict, u64) {
        let read = |moment: &AtomicU64| moment.load(Ordering::Relaxed);
        let after = |moment: u64, limit: Duration| {
            let since = if moment == 0 { now } else { moment };
            since.saturating_add(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
        };
        let idle = if self.requests.load(Ordering::Relaxed) == 0 { read(&self.idle_since) } else { 0 };
        let (stalled, patience) =
            match (read(&self.write_waits_since), self.handed_out.oldest(limits.write_timeout)) {
                (0, None) => (0, limits.write_timeout),
                // What is written in HTTP/2 can be the answer to a PING, or belong to another answer.
                (0, Some((since, patience))) if self.is_http2.load(Ordering::Relaxed) => (since, patience),
                (0, Some((since, _))) => (since.max(read(&self.last_write)), limits.write_timeout),
                (since, _) => (since, limits.write_timeout),
            };
        let moments = [
            (Verdict::Idle, after(idle, limits.idle_timeout)),
            (Verdict::SlowHeaders, after(read(&self.headers_since), limits.header_timeout)),
            (Verdict::StalledAnswer, after(stalled, patience)),
        ];
        moments.into_iter().min_by_key(|(_, moment)| *moment).unwrap_or((Verdict::Idle, u64::MAX))
    }

    fn read(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if !self.has_read.swap(true, Ordering::Relaxed) {
            self.is_http2.store(bytes.starts_with(HTTP2), Ordering::Relaxed);
        }
        let between = self.requests.load(Ordering::Relaxed) == 0;
        if between
            && !self.is_http2.load(Ordering::Relaxed)
            && self.headers_since.load(Ordering::Relaxed) == 0
        {
            self.headers_since.store(self.now(), Ordering::Relaxed);
        }
    }

    fn wrote<T>(&self, outcome: &Poll<io::Result<T>>) {
        if outcome.is_ready() {
            self.write_waits_since.store(0, Ordering::Relaxed);
            self.last_write.store(self.now(), Ordering::Relaxed);
        } else if self.write_waits_since.load(Ordering::Relaxed) == 0 {
            self.write_waits_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// A flush that need not wait says nothing about a write that waits.
    fn flushed<T>(&self, outcome: &Poll<io::Result<T>>) {
        if self.flush_waits.swap(outcome.is_pending(), Ordering::Relaxed) || outcome.is_pending() {
            self.wrote(outcome);
        }
    }
}

/// A request that is being answered.
pub(super) struct RequestToken(Arc<Activity>);

impl Drop for RequestToken {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that records what is read and written.
pub(super) struct WatchedStream<S> {
    pub(super) stream: S,
    pub(super) activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.activity.read(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.activity.wrote(&outcome);
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.activity.flushed(&outcome);
        outcome
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.activity.wrote(&outcome);
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// The body of an answer. It records when a part of it is with the caller.
pub(super) struct WatchedBody {
    body: Body,
    request: RequestToken,
    /// The number of the answer while a part of it is with the caller.
    handed_out: Option<u64>,
    /// What is left of a part of the body that is handed out in several.
    rest: Bytes,
}

impl WatchedBody {
    pub(super) fn new(body: Body, request: RequestToken) -> Self {
        Self { body, request, handed_out: None, rest: Bytes::new() }
    }

    /// The time of the caller begins now, whenever the connection was last written to.
    fn hand_out(&mut self) {
        let activity = &self.request.0;
        self.handed_out = Some(activity.handed_out.add(activity.now()));
    }

    fn take_back(&mut self) {
        if let Some(number) = self.handed_out.take() {
            self.request.0.handed_out.remove(number);
        }
    }
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.take_back();
        if self.rest.is_empty() {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            let frame = match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => data,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            if !self.request.0.is_http2.load(Ordering::Relaxed) {
                self.hand_out();
                return Poll::Ready(Some(Ok(Frame::data(frame))));
            }
            self.rest = frame;
        }
        self.hand_out();
        Poll::Ready(Some(Ok(Frame::data(take_part(&mut self.rest)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, of_body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower().saturating_add(rest));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        self.take_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> ConnectionLimits {
        ConnectionLimits {
            idle_timeout: Duration::from_secs(100),
            header_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            ..ConnectionLimits::default()
        }
    }

    /// A moment at which no test is still running.
    const LATE: u64 = 1_000_000_000;

    /// Returns what becomes of the connection if nothing happens until late, and after how many seconds.
    fn verdict_of(activity: &Activity) -> (Verdict, u64) {
        let (verdict, moment) = activity.next(&limits(), LATE);
        (verdict, moment.saturating_sub(activity.now()).div_ceil(1000))
    }

    #[test]
    fn a_connection_without_a_request_is_idle() {
        assert_eq!(verdict_of(&Activity::new()), (Verdict::Idle, 100));
        let activity = Activity::new();
        activity.read(b"PRI * HTTP/2.0");
        assert_eq!(verdict_of(&activity), (Verdict::Idle, 100));
        drop(activity.request());
        assert_eq!(verdict_of(&activity), (Verdict::Idle, 100));
    }

    #[test]
    fn headers_end_in_time_or_never() {
        let activity = Activity::new();
        activity.read(b"GET / HTT");
        assert_eq!(verdict_of(&activity), (Verdict::SlowHeaders, 10));
        let _request = activity.request();
        let (_, moment) = activity.next(&limits(), LATE);
        assert!(moment > LATE, "a request that is being answered may take its time");
    }

    #[tokio::test]
    async fn a_verdict_comes_when_it_is_due() {
        let limits = ConnectionLimits { idle_timeout: Duration::from_millis(20), ..limits() };
        let activity = Activity::new();
        assert_eq!(activity.verdict(&limits).await, Verdict::Idle);
        assert!(activity.start.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn an_answer_is_taken_or_the_connection_ends() {
        let activity = Activity::new();
        let _request = activity.request();
        activity.wrote::<()>(&Poll::Pending);
        assert_eq!(verdict_of(&activity), (Verdict::StalledAnswer, 30));
        activity.wrote(&Poll::Ready(Ok(())));
        let mut body = WatchedBody::new(Body::from("text"), activity.request());
        body.hand_out();
        assert_eq!(verdict_of(&activity), (Verdict::StalledAnswer, 30));
    }

    #[test]
    fn an_answer_over_http2_is_taken_whatever_else_is_written() {
        let activity = Activity::new();
        activity.read(b"PRI * HTTP/2.0");
        let mut body = WatchedBody::new(Body::from("text"), activity.request());
        body.hand_out();
        let due = activity.next(&limits(), LATE);
        assert_eq!(due.0, Verdict::StalledAnswer);
        std::thread::sleep(Duration::from_millis(5));
        activity.wrote(&Poll::Ready(Ok(())));
        assert_eq!(activity.next(&limits(), LATE), due, "another write is no sign that the answer is taken");
        // Two answers share the connection, and its speed.
        let mut other = WatchedBody::new(Body::from("text"), activity.request());
        other.hand_out();
        assert_eq!(activity.next(&limits(), LATE), (Verdict::StalledAnswer, due.1 + 30_000));
    }

    #[tokio::test]
    async fn an_answer_over_http2_has_small_parts() {
        use http_body_util::BodyExt as _;

        for (beginning, parts) in [("PRI * HTTP/2.0", 4), ("GET / HTTP/1.1", 1)] {
            let activity = Activity::new();
            activity.read(beginning.as_bytes());
            let mut body = WatchedBody::new(Body::from(vec![7; 50_000]), activity.request());
            let mut lengths = Vec::new();
            while !body.is_end_stream() {
                assert_eq!(body.size_hint().exact(), Some(50_000 - lengths.iter().sum::<u64>()));
                lengths.push(body.frame().await.unwrap().unwrap().into_data().unwrap().len() as u64);
            }
            assert_eq!((lengths.len(), lengths.iter().sum::<u64>()), (parts, 50_000));
        }
    }
}
