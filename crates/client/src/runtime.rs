//! Time-outs and pauses, on the event loop of the thread or on tokio.

use std::{
    future::poll_fn,
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use crate::event_loop::current;

/// What the future answers, or None when it takes longer.
pub(crate) async fn within<T>(deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
    let Some(timer) = current().map(|event_loop| event_loop.sleep_until(deadline)) else {
        return tokio::time::timeout_at(deadline.into(), future).await.ok();
    };
    let (mut future, mut timer) = (pin!(future), timer);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
    })
    .await
}

pub(crate) async fn pause(duration: Duration) {
    let end = Instant::now() + duration;
    let timer = current().map(|event_loop| event_loop.sleep_until(end));
    match timer {
        Some(timer) => timer.await,
        None => tokio::time::sleep_until(end.into()).await,
    }
}
