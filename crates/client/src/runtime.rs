//! Tasks, time-outs and sleeps: on the event loop of the current thread if it has one, else on tokio.

use std::{
    future::poll_fn,
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use crate::event_loop::current;

/// Runs a future in the background.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    match current() {
        Some(event_loop) => event_loop.spawn(Box::pin(future)),
        None => drop(tokio::spawn(future)),
    }
}

/// The output of the future, or `None` if it is not ready by the deadline.
pub(crate) async fn timeout_at<T>(deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
    let Some(timer) = current().map(|event_loop| event_loop.sleep_until(deadline)) else {
        return tokio::time::timeout_at(deadline.into(), future).await.ok();
    };
    let (mut future, mut timer) = (pin!(future), timer);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
    })
    .await
}

pub(crate) async fn sleep(duration: Duration) {
    let end = Instant::now() + duration;
    let timer = current().map(|event_loop| event_loop.sleep_until(end));
    match timer {
        Some(timer) => timer.await,
        None => tokio::time::sleep_until(end.into()).await,
    }
}
