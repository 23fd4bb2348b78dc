//! The answers to writes by their idempotency key, so that a write that is sent again is not run again.
//!
//! They are kept in memory, for ten minutes and within a bound, and so do not outlive the server: a client whose
//! server was restarted between its two tries cannot be told the first answer.

use std::{
    collections::{HashMap, VecDeque},
    future::{Future, poll_fn},
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

use phantomdb_protocol::{Call, Error, ErrorCode, Result};
use tokio::sync::watch;

const KEPT_FOR: Duration = Duration::from_secs(600);
const KEPT_MAX: usize = 20_000;
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;
pub const KEY_LENGTH_MAX: usize = 255;

type Answer = Result<Arc<str>>;
/// The token and the key: two clients that hit on the same key do not see each other's answers.
type Key = (Option<String>, String);

struct Kept {
    fingerprint: u64,
    answer: watch::Receiver<Option<Answer>>,
}

#[derive(Default)]
struct Answers {
    by_key: HashMap<Key, Kept>,
    /// Keys with their answers' sizes, the oldest first; those of forgotten answers too, until they are old.
    ages: VecDeque<(Instant, Key, usize)>,
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

pub(super) struct Idempotency {
    answers: Arc<Mutex<Answers>>,
    hash: RandomState,
}

/// Whose call it is to run.
enum Claim {
    Free(watch::Sender<Option<Answer>>, watch::Receiver<Option<Answer>>),
    Taken(watch::Receiver<Option<Answer>>),
}

/// Where the answer to a call goes.
struct Keep {
    answers: Arc<Mutex<Answers>>,
    key: Key,
    sender: watch::Sender<Option<Answer>>,
}

impl Keep {
    /// Keeps the answer, and tells it those who wait.
    fn answer(self, answer: Result<String>) -> Answer {
        let answer = answer.map(Arc::<str>::from);
        let mut answers = lock(&self.answers);
        if answer.as_ref().is_err_and(|error| may_be_tried_again(error.code)) {
            answers.by_key.remove(&self.key);
        } else {
            let size = answer.as_ref().map_or(0, |text| text.len());
            answers.bytes += size;
            answers.ages.push_back((Instant::now(), self.key, size));
        }
        drop(answers);
        // An error means that nobody waits any more.
        let _ = self.sender.send(Some(answer.clone()));
        answer
    }
}

fn lock(answers: &Mutex<Answers>) -> MutexGuard<'_, Answers> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Idempotency {
    pub(super) fn new() -> Self {
        Self { answers: Arc::default(), hash: RandomState::new() }
    }

    /// The first answer to this key: run now, still running, or kept. A call that has to wait goes on on a task of
    /// its own, so that it comes to its end, and its answer is kept, also when the caller goes away.
    pub(super) async fn once<F>(
        &self,
        key: &str,
        token: Option<&str>,
        call: &Call,
        transaction: Option<&str>,
        run: impl FnOnce() -> F,
    ) -> Answer
    where
        F: Future<Output = Result<String>> + Send + 'static,
    {
        if key.is_empty() || key.len() > KEY_LENGTH_MAX {
            let message = format!("an idempotency key has 1 to {KEY_LENGTH_MAX} characters");
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        let key = (token.map(str::to_owned), key.to_owned());
        let fingerprint = self.fingerprint(call, transaction);
        let mut answer = match self.claim(&key, fingerprint)? {
            Claim::Taken(answer) => answer,
            Claim::Free(sender, answer) => {
                let keep = Keep { answers: Arc::clone(&self.answers), key, sender };
                let mut running = Box::pin(run());
                // Most calls are done without a wait, and need no task of their own.
                match poll_fn(|context| Poll::Ready(running.as_mut().poll(context))).await {
                    Poll::Ready(done) => return keep.answer(done),
                    Poll::Pending => drop(tokio::spawn(async move { keep.answer(running.await) })),
                }
                answer
            }
        };
        let answered = answer.wait_for(Option::is_some).await;
        match answered.as_deref() {
            Ok(Some(answer)) => answer.clone(),
            _ => Err(Error::internal("the call broke off; whether it took effect is not known")),
        }
    }

    /// The answer that is kept or under way, or else the right to give it.
    fn claim(&self, key: &Key, fingerprint: u64) -> Result<Claim> {
        let mut answers = lock(&self.answers);
        answers.forget_old();
        if let Some(kept) = answers.by_key.get(key) {
            if kept.fingerprint == fingerprint {
                return Ok(Claim::Taken(kept.answer.clone()));
            }
            let message = "this idempotency key was used for a different call; each call needs a fresh one";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        let (sender, answer) = watch::channel(None);
        answers.by_key.insert(key.clone(), Kept { fingerprint, answer: answer.clone() });
        Ok(Claim::Free(sender, answer))
    }

    fn fingerprint(&self, call: &Call, transaction: Option<&str>) -> u64 {
        struct Hashed<H>(H);
        impl<H: Hasher> std::fmt::Write for Hashed<H> {
            fn write_str(&mut self, text: &str) -> std::fmt::Result {
                self.0.write(text.as_bytes());
                Ok(())
            }
        }
        let mut hashed = Hashed(self.hash.build_hasher());
        // Hashing cannot fail.
        let _ = std::fmt::write(&mut hashed, format_args!("{call:?} {transaction:?}"));
        hashed.0.finish()
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

    #[tokio::test]
    async fn it_answers_a_repeated_key_with_the_first_answer_while_and_after_it_runs() {
        let (kept, runs) = (Idempotency::new(), Arc::new(AtomicU32::new(0)));
        let go = || {
            let runs = Arc::clone(&runs);
            kept.once("k", None, &CALL, None, move || async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(runs.fetch_add(1, Ordering::SeqCst).to_string())
            })
        };
        let (a, b) = tokio::join!(go(), go());
        let c = go().await;
        assert_eq!((&*a.unwrap(), &*b.unwrap(), &*c.unwrap()), ("0", "0", "0"));
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }

    static CALL: Call = Call::ListDatabases;

    #[tokio::test]
    async fn it_finishes_a_call_whose_caller_went_away() {
        let (kept, runs) = (Idempotency::new(), Arc::new(AtomicU32::new(0)));
        let go = || {
            let runs = Arc::clone(&runs);
            kept.once("k", None, &CALL, None, move || async move {
                tokio::time::sleep(Duration::from_millis(30)).await;
                Ok(runs.fetch_add(1, Ordering::SeqCst).to_string())
            })
        };
        assert!(tokio::time::timeout(Duration::from_millis(5), go()).await.is_err());
        assert_eq!(&*go().await.unwrap(), "0");
    }

    #[tokio::test]
    async fn it_refuses_a_key_that_was_used_for_another_call() {
        let kept = Idempotency::new();
        kept.once("k", None, &call("a"), None, || async { Ok(String::new()) }).await.unwrap();
        let other = kept.once("k", None, &call("b"), None, || async { Ok(String::new()) }).await;
        assert_eq!(other.unwrap_err().code, ErrorCode::BadRequest);
        kept.once("k", Some("token"), &call("b"), None, || async { Ok(String::new()) }).await.unwrap();
    }

    #[tokio::test]
    async fn it_keeps_lasting_errors_and_forgets_passing_ones() {
        let kept = Idempotency::new();
        for (code, second) in [(ErrorCode::UniqueViolation, false), (ErrorCode::LockTimeout, true)] {
            let key = format!("{code:?}");
            let first =
                kept.once(&key, None, &CALL, None, move || async move { Err(Error::new(code, "")) }).await;
            assert_eq!(first.unwrap_err().code, code);
            let again = kept.once(&key, None, &CALL, None, || async { Ok(String::new()) }).await;
            assert_eq!(again.is_ok(), second);
        }
    }
}
