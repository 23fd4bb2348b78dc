//! Time, by the clock of whatever a call runs on.

use std::{
    future::poll_fn,
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use crate::event_loop::{EventLoop, Expiry};

/// What the future answers, or None when it takes longer.
pub(in crate::client) async fn within<T>(deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
    if EventLoop::current().is_none() {
        return tokio::time::timeout_at(deadline.into(), future).await.ok();
    }
    let mut future = pin!(future);
    let mut expiry = Expiry::new(deadline);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => expiry.poll(cx).map(|()| None),
    })
    .await
}

pub(in crate::client) async fn pause(duration: Duration) {
    let end = Instant::now() + duration;
    if EventLoop::current().is_none() {
        return tokio::time::sleep_until(end.into()).await;
    }
    Expiry::new(end).wait().await;
}
