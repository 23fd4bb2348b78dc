//! The replies to writes by their idempotency key, so that a write that is sent again does not run again.
//!
//! Replies, errors among them, are kept here in memory, for ten minutes and within a bound. The engine commits the reply
//! with the write, so that a server that was restarted since does not run the write again either: see
//! [`IdempotentCall`].

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use phantomdb_engine::{Digest, IdempotentCall};
use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, Result};
use sha2::{Digest as _, Sha256};
use tokio::{runtime::Handle, sync::watch};
use tokio_util::sync::CancellationToken;

use super::reply::Reply;

const KEPT_FOR: Duration = Duration::from_secs(600);
const KEPT_MAX: usize = 20_000;
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;
pub const KEY_LENGTH_MAX: usize = 255;

type SharedReply = Result<Arc<Reply>>;

/// The progress of the call with a key.
#[derive(Clone)]
enum Progress {
    Running,
    Done(SharedReply),
    /// The call was stopped because nobody waited for it, and left nothing behind. The next caller runs it.
    Withdrawn,
}

/// The call that a key was first used for.
struct KeyedCall {
    call: Digest,
    progress: watch::Sender<Progress>,
}

#[derive(Default)]
struct ReplyCache {
    by_key: HashMap<Digest, KeyedCall>,
    /// The keys with the sizes of their replies, the oldest first. It also holds keys that were removed, until they are
    /// old.
    ages: VecDeque<(Instant, Digest, usize)>,
    bytes: usize,
}

impl ReplyCache {
    fn remove_old(&mut self) {
        let now = Instant::now();
        while let Some((when, _, _)) = self.ages.front() {
            let fits = self.ages.len() <= KEPT_MAX && self.bytes <= KEPT_BYTES_MAX;
            if fits && now.duration_since(*when) < KEPT_FOR {
                break;
            }
            if let Some((_, key, size)) = self.ages.pop_front() {
                self.bytes -= size;
                self.by_key.remove(&key);
            }
        }
    }
}

#[derive(Default)]
pub(super) struct Idempotency {
    cache: Arc<Mutex<ReplyCache>>,
}

/// The result of claiming a key.
enum Claim {
    /// The caller is the first: it runs the call.
    Granted(watch::Sender<Progress>),
    /// The call runs already, or is done.
    Taken(watch::Receiver<Progress>),
}

/// A call that runs, and whose reply goes into the cache.
struct RunningCall {
    cache: Arc<Mutex<ReplyCache>>,
    call: IdempotentCall,
    progress: watch::Sender<Progress>,
}

impl RunningCall {
    /// Runs the call to its end, and cancels it when nobody waits for it any more.
    async fn finish(self, mut running: impl Future<Output = Result<Reply>> + Unpin) {
        let reply = tokio::select! {
            reply = &mut running => reply,
            () = self.progress.closed() => {
                self.call.cancelled.cancel();
                running.await
            }
        };
        self.set_reply(reply);
    }

    /// Puts the reply into the cache and wakes the callers that wait for it.
    fn set_reply(&self, reply: Result<Reply>) {
        let reply = reply.map(Arc::new);
        let mut cache = self.cache.lock();
        let is_retryable = reply.as_ref().is_err_and(|error| is_retryable(error.code));
        if is_retryable {
            cache.by_key.remove(&self.call.key);
        } else {
            let size = reply.as_ref().map_or(0, |reply| reply.body.len());
            cache.bytes += size;
            cache.ages.push_back((Instant::now(), self.call.key, size));
        }
        drop(cache);
        let is_withdrawn = is_retryable && self.call.cancelled.is_cancelled();
        self.progress.send_replace(if is_withdrawn { Progress::Withdrawn } else { Progress::Done(reply) });
    }
}

/// A call that its caller polls. When the caller goes away, the call goes on by itself on a task of its own.
struct CallerPolled<F: Future<Output = Result<Reply>> + Send + 'static> {
    /// `None` once the call is done.
    running: Option<(RunningCall, Pin<Box<F>>)>,
}

impl<F: Future<Output = Result<Reply>> + Send + 'static> Future for CallerPolled<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some((_, future)) = &mut self.running else { return Poll::Ready(()) };
        let reply = ready!(future.as_mut().poll(context));
        if let Some((call, _)) = self.running.take() {
            call.set_reply(reply);
        }
        Poll::Ready(())
    }
}

impl<F: Future<Output = Result<Reply>> + Send + 'static> Drop for CallerPolled<F> {
    fn drop(&mut self) {
        if let Some((call, future)) = self.running.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(call.finish(future));
        }
    }
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        if matches!(*self.progress.borrow(), Progress::Running) {
            self.set_reply(Err(Error::internal("the call broke off; whether it took effect is not known")));
        }
    }
}

/// The call with its key, as the engine knows it. Callers with different tokens can use the same key without seeing each
/// other's replies.
pub(super) fn idempotent_call(key: &str, call: &Call, context: &CallContext) -> Result<IdempotentCall> {
    if key.is_empty() || key.len() > KEY_LENGTH_MAX {
        let message = format!("an idempotency key has 1 to {KEY_LENGTH_MAX} characters");
        return Err(Error::new(ErrorCode::BadRequest, message));
    }
    struct Hashed(Sha256);
    impl std::fmt::Write for Hashed {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.update(text.as_bytes());
            Ok(())
        }
    }
    let digest = |parts: std::fmt::Arguments<'_>| {
        let mut hashed = Hashed(Sha256::new());
        // Hashing cannot fail.
        let _ = std::fmt::write(&mut hashed, parts);
        hashed.0.finalize().into()
    };
    Ok(IdempotentCall {
        key: digest(format_args!("{:?} {key:?}", context.token)),
        call: digest(format_args!("{call:?} {:?}", context.transaction)),
        cancelled: CancellationToken::new(),
    })
}

impl Idempotency {
    /// Returns the first reply to this key: it runs the call, waits while the call runs, or takes the reply from the cache.
    /// When the caller goes away, the call goes on and its reply is kept. The engine then stops a write if it can; the
    /// write has taken effect as a whole or not at all.
    pub(super) async fn run_once<F>(
        &self,
        call: &IdempotentCall,
        run: impl Fn(IdempotentCall) -> F,
    ) -> SharedReply
    where
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        loop {
            let mut progress = match self.claim(call)? {
                Claim::Taken(progress) => progress,
                Claim::Granted(sender) => {
                    let progress = sender.subscribe();
                    let call = IdempotentCall { cancelled: CancellationToken::new(), ..call.clone() };
                    let future = Box::pin(run(call.clone()));
                    let running = RunningCall { cache: Arc::clone(&self.cache), call, progress: sender };
                    CallerPolled { running: Some((running, future)) }.await;
                    progress
                }
            };
            let end = progress.wait_for(|progress| !matches!(progress, Progress::Running)).await;
            match end.as_deref() {
                Ok(Progress::Done(reply)) => return reply.clone(),
                Ok(Progress::Withdrawn) => {}
                _ => return Err(Error::internal("the answer to the call was lost")),
            }
        }
    }

    /// Claims the key for a call. Fails when the key was used for a different call.
    fn claim(&self, call: &IdempotentCall) -> Result<Claim> {
        let mut cache = self.cache.lock();
        cache.remove_old();
        if let Some(keyed) = cache.by_key.get(&call.key) {
            if keyed.call == call.call {
                return Ok(Claim::Taken(keyed.progress.subscribe()));
            }
            let message = "this idempotency key was used for a different call; each call needs a fresh one";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        let (progress, _) = watch::channel(Progress::Running);
        cache.by_key.insert(call.key, KeyedCall { call: call.call, progress: progress.clone() });
        Ok(Claim::Granted(progress))
    }
}

/// True for errors that left nothing behind and may not come again. The key is free for the next attempt then.
const fn is_retryable(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Unavailable
            | ErrorCode::Forbidden
            | ErrorCode::TooManyRequests
            | ErrorCode::LockTimeout
            | ErrorCode::StatementTimeout
            | ErrorCode::SerializationFailure
            | ErrorCode::Deadlock
            | ErrorCode::UnknownDatabase
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn call(name: &str) -> Call {
        Call::CreateDatabase { name: name.into(), if_not_exists: false, template: None }
    }

    fn keyed(key: &str, call: &Call, token: Option<&str>) -> IdempotentCall {
        let context = CallContext { token: token.map(str::to_owned), ..CallContext::default() };
        idempotent_call(key, call, &context).unwrap()
    }

    /// Counts its runs; each takes this many milliseconds.
    async fn count(runs: Arc<AtomicU32>, milliseconds: u64) -> Result<Reply> {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok(reply(runs.fetch_add(1, Ordering::SeqCst)))
    }

    fn reply(run: u32) -> Reply {
        Reply { body: run.to_string(), position: Some(format!("after {run}")) }
    }

    #[tokio::test]
    async fn it_answers_a_repeated_key_with_the_first_reply_while_the_call_runs_and_after() {
        let (replies, runs) = (Idempotency::default(), Arc::new(AtomicU32::new(0)));
        let keyed_call = keyed("k", &CALL, None);
        let run = || replies.run_once(&keyed_call, |_| count(Arc::clone(&runs), 20));
        let (a, b) = tokio::join!(run(), run());
        let c = run().await;
        for answer in [a, b, c] {
            assert_eq!(*answer.unwrap(), reply(0));
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }

    static CALL: Call = Call::ListDatabases;

    #[tokio::test]
    async fn it_finishes_a_call_that_cannot_be_cancelled_when_its_caller_goes_away() {
        let (replies, runs) = (Idempotency::default(), Arc::new(AtomicU32::new(0)));
        let keyed_call = keyed("k", &CALL, None);
        let run = || replies.run_once(&keyed_call, |_| count(Arc::clone(&runs), 30));
        assert!(tokio::time::timeout(Duration::from_millis(5), run()).await.is_err());
        assert_eq!(*run().await.unwrap(), reply(0));
    }

    #[tokio::test]
    async fn it_cancels_a_call_that_nobody_waits_for_and_runs_it_for_the_next_caller() {
        let (replies, runs) = (Idempotency::default(), Arc::new(AtomicU32::new(0)));
        let keyed_call = keyed("k", &CALL, None);
        let run = || {
            replies.run_once(&keyed_call, |call| {
                let runs = Arc::clone(&runs);
                async move {
                    let run = runs.fetch_add(1, Ordering::SeqCst);
                    let work = tokio::time::sleep(Duration::from_millis(if run == 0 { 60_000 } else { 1 }));
                    let stopped = call.cancelled.run_until_cancelled(work).await.is_none();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    if stopped { Err(Error::new(ErrorCode::StatementTimeout, "")) } else { Ok(reply(run)) }
                }
            })
        };
        assert!(tokio::time::timeout(Duration::from_millis(5), run()).await.is_err());
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(*run().await.unwrap(), reply(1));
        assert_eq!(*run().await.unwrap(), reply(1));
    }

    #[tokio::test]
    async fn it_refuses_a_key_that_was_used_for_another_call() {
        let replies = Idempotency::default();
        let run = |_| async { Ok(Reply::default()) };
        replies.run_once(&keyed("k", &call("a"), None), run).await.unwrap();
        let other = replies.run_once(&keyed("k", &call("b"), None), run).await;
        assert_eq!(other.unwrap_err().code, ErrorCode::BadRequest);
        replies.run_once(&keyed("k", &call("b"), Some("token")), run).await.unwrap();
    }

    #[tokio::test]
    async fn it_keeps_final_errors_and_no_retryable_ones() {
        let replies = Idempotency::default();
        for (code, second) in [(ErrorCode::UniqueViolation, false), (ErrorCode::LockTimeout, true)] {
            let keyed_call = keyed(&format!("{code:?}"), &CALL, None);
            let first =
                replies.run_once(&keyed_call, move |_| async move { Err(Error::new(code, "")) }).await;
            assert_eq!(first.unwrap_err().code, code);
            let again = replies.run_once(&keyed_call, |_| async { Ok(Reply::default()) }).await;
            assert_eq!(again.is_ok(), second);
        }
    }
}
