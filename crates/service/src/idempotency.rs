//! The answers to writes by their idempotency key, so that a write that is sent again is not run again.
//!
//! Here they are kept in memory, for ten minutes and within a bound, the errors among them too. That a write which
//! took effect is not run again by a server that was restarted since is up to the engine, which commits the answer
//! with the write: see [`IdempotentCall`].

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, Result};
use sha2::{Digest as _, Sha256};
use tokio::{runtime::Handle, sync::watch};
use tokio_util::sync::CancellationToken;

use super::Reply;
use phantomdb_engine::{Digest, IdempotentCall};

const KEPT_FOR: Duration = Duration::from_secs(600);
const KEPT_MAX: usize = 20_000;
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;
pub const KEY_LENGTH_MAX: usize = 255;

type Answer = Result<Arc<Reply>>;

/// How far the call with a key has come.
#[derive(Clone)]
enum Progress {
    Running,
    Answered(Answer),
    /// It was stopped since nobody waited for it, and left nothing behind: whoever asks for it now may run it.
    Withdrawn,
}

struct Kept {
    call: Digest,
    progress: watch::Sender<Progress>,
}

#[derive(Default)]
struct Answers {
    by_key: HashMap<Digest, Kept>,
    /// Keys with their answers' sizes, the oldest first; those of forgotten answers too, until they are old.
    ages: VecDeque<(Instant, Digest, usize)>,
    bytes: usize,
}

impl Answers {
    fn forget_old(&mut self) {
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
    answers: Arc<Mutex<Answers>>,
}

/// Whose call it is to run.
enum Claim {
    Free(watch::Sender<Progress>),
    Taken(watch::Receiver<Progress>),
}

/// Where the answer to a call goes.
struct Keep {
    answers: Arc<Mutex<Answers>>,
    once: IdempotentCall,
    progress: watch::Sender<Progress>,
}

impl Keep {
    /// Runs the call to its end. It is told to stop when nobody waits for it any more.
    async fn finish(self, mut running: impl Future<Output = Result<Reply>> + Unpin) {
        let answer = tokio::select! {
            answer = &mut running => answer,
            () = self.progress.closed() => {
                self.once.cancelled.cancel();
                running.await
            }
        };
        self.answer(answer);
    }

    /// Keeps the answer, and tells it those who wait.
    fn answer(&self, answer: Result<Reply>) {
        let answer = answer.map(Arc::new);
        let mut answers = lock(&self.answers);
        let passing = answer.as_ref().is_err_and(|error| may_be_tried_again(error.code));
        if passing {
            answers.by_key.remove(&self.once.key);
        } else {
            let size = answer.as_ref().map_or(0, |reply| reply.body.len());
            answers.bytes += size;
            answers.ages.push_back((Instant::now(), self.once.key, size));
        }
        drop(answers);
        let withdrawn = passing && self.once.cancelled.is_cancelled();
        self.progress.send_replace(if withdrawn { Progress::Withdrawn } else { Progress::Answered(answer) });
    }
}

/// A call that its caller runs, and that comes to its end on a task of its own when the caller goes away.
struct InPlace<F: Future<Output = Result<Reply>> + Send + 'static> {
    going: Option<(Keep, Pin<Box<F>>)>,
}

impl<F: Future<Output = Result<Reply>> + Send + 'static> Future for InPlace<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some((_, running)) = &mut self.going else { return Poll::Ready(()) };
        let answer = ready!(running.as_mut().poll(context));
        if let Some((keep, _)) = self.going.take() {
            keep.answer(answer);
        }
        Poll::Ready(())
    }
}

impl<F: Future<Output = Result<Reply>> + Send + 'static> Drop for InPlace<F> {
    fn drop(&mut self) {
        if let Some((keep, running)) = self.going.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(keep.finish(running));
        }
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        if matches!(*self.progress.borrow(), Progress::Running) {
            self.answer(Err(Error::internal("the call broke off; whether it took effect is not known")));
        }
    }
}

fn lock(answers: &Mutex<Answers>) -> MutexGuard<'_, Answers> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The call under its key. Two callers that hit on the same key do not see each other's answers.
pub(super) fn once_of(key: &str, call: &Call, context: &CallContext) -> Result<IdempotentCall> {
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
    /// The first answer to this key: run now, still running, or kept. A call comes to its end, and its answer is kept, also
    /// when the caller goes away; one that writes is then stopped where the engine can, and either took effect as a
    /// whole or not at all.
    pub(super) async fn once<F>(&self, once: &IdempotentCall, run: impl Fn(IdempotentCall) -> F) -> Answer
    where
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        loop {
            let mut progress = match self.claim(once)? {
                Claim::Taken(progress) => progress,
                Claim::Free(sender) => {
                    let progress = sender.subscribe();
                    let once = IdempotentCall { cancelled: CancellationToken::new(), ..once.clone() };
                    let running = Box::pin(run(once.clone()));
                    let keep = Keep { answers: Arc::clone(&self.answers), once, progress: sender };
                    InPlace { going: Some((keep, running)) }.await;
                    progress
                }
            };
            let reached = progress.wait_for(|progress| !matches!(progress, Progress::Running)).await;
            match reached.as_deref() {
                Ok(Progress::Answered(answer)) => return answer.clone(),
                Ok(Progress::Withdrawn) => {}
                _ => return Err(Error::internal("the answer to the call was lost")),
            }
        }
    }

    /// The answer that is kept or under way, or else the right to give it.
    fn claim(&self, once: &IdempotentCall) -> Result<Claim> {
        let mut answers = lock(&self.answers);
        answers.forget_old();
        if let Some(kept) = answers.by_key.get(&once.key) {
            if kept.call == once.call {
                return Ok(Claim::Taken(kept.progress.subscribe()));
            }
            let message = "this idempotency key was used for a different call; each call needs a fresh one";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        let (progress, _) = watch::channel(Progress::Running);
        answers.by_key.insert(once.key, Kept { call: once.call, progress: progress.clone() });
        Ok(Claim::Free(progress))
    }
}

/// Failures that left nothing behind and may go otherwise the next time: the key stays free for it.
const fn may_be_tried_again(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Unavailable
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
        once_of(key, call, &context).unwrap()
    }

    /// Counts its runs, and takes so long for each.
    async fn count(runs: Arc<AtomicU32>, milliseconds: u64) -> Result<Reply> {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok(reply(runs.fetch_add(1, Ordering::SeqCst)))
    }

    fn reply(run: u32) -> Reply {
        Reply { body: run.to_string(), position: Some(format!("after {run}")) }
    }

    #[tokio::test]
    async fn it_answers_a_repeated_key_with_the_first_answer_while_and_after_it_runs() {
        let (kept, runs) = (Idempotency::default(), Arc::new(AtomicU32::new(0)));
        let once = keyed("k", &CALL, None);
        let go = || kept.once(&once, |_| count(Arc::clone(&runs), 20));
        let (a, b) = tokio::join!(go(), go());
        let c = go().await;
        for answer in [a, b, c] {
            assert_eq!(*answer.unwrap(), reply(0));
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }

    static CALL: Call = Call::ListDatabases;

    #[tokio::test]
    async fn it_finishes_a_call_whose_caller_went_away_when_it_does_not_heed_that() {
        let (kept, runs) = (Idempotency::default(), Arc::new(AtomicU32::new(0)));
        let once = keyed("k", &CALL, None);
        let go = || kept.once(&once, |_| count(Arc::clone(&runs), 30));
        assert!(tokio::time::timeout(Duration::from_millis(5), go()).await.is_err());
        assert_eq!(*go().await.unwrap(), reply(0));
    }

    #[tokio::test]
    async fn it_stops_a_call_that_nobody_waits_for_and_runs_it_for_who_comes_back() {
        let (kept, runs) = (Idempotency::default(), Arc::new(AtomicU32::new(0)));
        let once = keyed("k", &CALL, None);
        let go = || {
            kept.once(&once, |once| {
                let runs = Arc::clone(&runs);
                async move {
                    let run = runs.fetch_add(1, Ordering::SeqCst);
                    let work = tokio::time::sleep(Duration::from_millis(if run == 0 { 60_000 } else { 1 }));
                    let stopped = once.cancelled.run_until_cancelled(work).await.is_none();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    if stopped { Err(Error::new(ErrorCode::StatementTimeout, "")) } else { Ok(reply(run)) }
                }
            })
        };
        assert!(tokio::time::timeout(Duration::from_millis(5), go()).await.is_err());
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(*go().await.unwrap(), reply(1));
        assert_eq!(*go().await.unwrap(), reply(1));
    }

    #[tokio::test]
    async fn it_refuses_a_key_that_was_used_for_another_call() {
        let kept = Idempotency::default();
        let run = |_| async { Ok(Reply::default()) };
        kept.once(&keyed("k", &call("a"), None), run).await.unwrap();
        let other = kept.once(&keyed("k", &call("b"), None), run).await;
        assert_eq!(other.unwrap_err().code, ErrorCode::BadRequest);
        kept.once(&keyed("k", &call("b"), Some("token")), run).await.unwrap();
    }

    #[tokio::test]
    async fn it_keeps_lasting_errors_and_forgets_passing_ones() {
        let kept = Idempotency::default();
        for (code, second) in [(ErrorCode::UniqueViolation, false), (ErrorCode::LockTimeout, true)] {
            let once = keyed(&format!("{code:?}"), &CALL, None);
            let first = kept.once(&once, move |_| async move { Err(Error::new(code, "")) }).await;
            assert_eq!(first.unwrap_err().code, code);
            let again = kept.once(&once, |_| async { Ok(Reply::default()) }).await;
            assert_eq!(again.is_ok(), second);
        }
    }
}
