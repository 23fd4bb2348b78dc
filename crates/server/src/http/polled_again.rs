//! A future that wakes itself while it is polled, polled again at once.
//!
//! hyper's body wakes the task of its connection when a handler asks for the body, and both are one task. tokio puts a task
//! that woke itself at the end of its queue and wakes another thread to help, which finds nothing to do: two switches between
//! threads for each request, on the processor that the caller needs to read its answer. docs/measurements.md has the figures.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;

/// How often the future is polled in a row before other tasks get their turn.
const ROUNDS: usize = 2;

/// Nobody polls the future: a wake concerns its task.
const WAITING: u8 = 0;
/// The future is polled.
const POLLED: u8 = 1;
/// The future is polled, and has been woken since.
const WOKEN: u8 = 2;

/// A future that is polled again when it was woken while it was polled.
pub(super) struct PolledAgain<F> {
    future: Pin<Box<F>>,
    own: Arc<OwnWaker>,
    waker: Waker,
}

struct OwnWaker {
    state: AtomicU8,
    task: AtomicWaker,
}

impl Wake for OwnWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let woken = |state| (state == POLLED).then_some(WOKEN);
        if self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, woken) == Err(WAITING) {
            self.task.wake();
        }
    }
}

impl<F: Future> PolledAgain<F> {
    pub(super) fn new(future: F) -> Self {
        let own = Arc::new(OwnWaker { state: AtomicU8::new(WAITING), task: AtomicWaker::new() });
        Self { future: Box::pin(future), waker: Arc::clone(&own).into(), own }
    }
}

impl<F: Future> Future for PolledAgain<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        this.own.task.register(context.waker());
        for _ in 0..ROUNDS {
            this.own.state.store(POLLED, Ordering::Release);
            let outcome = this.future.as_mut().poll(&mut Context::from_waker(&this.waker));
            let was_woken = this.own.state.swap(WAITING, Ordering::AcqRel) == WOKEN;
            if outcome.is_ready() || !was_woken {
                return outcome;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, sync::atomic::AtomicUsize, time::Duration};

    use super::*;

    /// Counts the wakes of a task.
    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls once. Returns whether the future is ready, and how often its task was woken.
    fn poll_once<F: Future>(future: &mut PolledAgain<F>) -> (bool, usize) {
        let counter = Arc::new(Counter::default());
        let waker = Arc::clone(&counter).into();
        let outcome = Pin::new(future).poll(&mut Context::from_waker(&waker));
        (outcome.is_ready(), counter.0.load(Ordering::Relaxed))
    }

    /// Is ready at the poll after this many, and wakes itself in each before.
    fn ready_after(mut polls: usize) -> impl Future<Output = ()> {
        poll_fn(move |context| match polls.checked_sub(1) {
            None => Poll::Ready(()),
            Some(left) => {
                polls = left;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        })
    }

    #[test]
    fn a_future_that_wakes_itself_is_polled_again_without_a_wake_of_its_task() {
        assert_eq!(poll_once(&mut PolledAgain::new(ready_after(0))), (true, 0));
        assert_eq!(poll_once(&mut PolledAgain::new(ready_after(1))), (true, 0));
    }

    #[test]
    fn one_that_wakes_itself_in_every_poll_lets_other_tasks_go_first() {
        let mut future = PolledAgain::new(ready_after(5));
        assert_eq!(poll_once(&mut future), (false, 1));
        assert_eq!(poll_once(&mut future), (false, 1));
        assert_eq!(poll_once(&mut future), (true, 0));
    }

    #[test]
    fn one_that_waits_without_a_wake_is_polled_once() {
        let polls = AtomicUsize::new(0);
        let mut future = PolledAgain::new(poll_fn(|_| {
            polls.fetch_add(1, Ordering::Relaxed);
            Poll::<()>::Pending
        }));
        assert_eq!(poll_once(&mut future), (false, 0));
        assert_eq!(polls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_wake_of_another_thread_is_lost() {
        for _ in 0..2_000 {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let waiting = tokio::spawn(PolledAgain::new(async {
                ready_after(1).await;
                receiver.await
            }));
            let sending = tokio::spawn(async move { sender.send(7) });
            let received = tokio::time::timeout(Duration::from_secs(60), waiting).await;
            assert_eq!(received.unwrap().unwrap(), Ok(7));
            sending.await.unwrap().unwrap();
        }
    }
}
