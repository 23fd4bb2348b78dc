//! The tokens that callers show, and what each may do.
//!
//! A server knows its tokens by their SHA-256 only. They are long and random, so that a slow hash would add nothing. The
//! files that they are in are read again when they change.

mod failures;
pub(crate) mod known;
mod plain_file;
mod source;
mod store;

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use jiff::Timestamp;
use parking_lot::Mutex;
use phantomdb_service::Grant;
use subtle::ConstantTimeEq as _;
use tokio::time::MissedTickBehavior;

pub(crate) use self::failures::network;
pub use self::{
    failures::{Failure, Failures},
    plain_file::check_length,
    source::Source,
    store::{StoredToken, TokenStore, random_token},
};
pub use known::{KnownToken, TokenHash, hash, hex};

/// How often the files are read again. Their content is compared, not their times, which tell nothing when a link is changed
/// or a volume is swapped.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The grant of each caller of a server without tokens.
static EVERYTHING: LazyLock<Arc<Grant>> = LazyLock::new(|| Arc::new(Grant::everything()));

/// A caller who may go on.
#[derive(Debug, Clone)]
pub struct Identity {
    pub grant: Arc<Grant>,
    /// What the caller's transactions, keys and snapshots belong to; none when all callers are one.
    pub owner: Option<String>,
}

/// The tokens of a server. Without a source of tokens, every caller may do everything.
#[derive(Debug, Default)]
pub struct Tokens {
    sources: Vec<Source>,
    /// The tokens of each source, and a digest of what it was read from.
    current: Mutex<Vec<Read>>,
}

/// What a source had when it was read last.
#[derive(Debug, Clone)]
struct Read {
    tokens: Arc<Vec<KnownToken>>,
    content: TokenHash,
}

impl Tokens {
    /// Reads the tokens of these sources. Fails with a message that says what is wrong with which of them.
    pub fn read(sources: Vec<Source>) -> Result<Arc<Self>, String> {
        let read = sources.iter().map(|source| {
            let content = source.content()?;
            let tokens = Arc::new(source.parse(&content)?);
            Ok(Read { tokens, content: hash(&content) })
        });
        let current = Mutex::new(read.collect::<Result<_, String>>()?);
        Ok(Arc::new(Self { sources, current }))
    }

    /// Takes these tokens, each of which allows everything.
    pub fn of<T: Into<String>>(tokens: impl IntoIterator<Item = T>) -> Arc<Self> {
        let known = tokens.into_iter().map(|token| plain_file::known(&token.into())).collect();
        Self::known(known)
    }

    /// Takes these tokens.
    pub fn known(tokens: Vec<KnownToken>) -> Arc<Self> {
        let read = Read { tokens: Arc::new(tokens), content: TokenHash::default() };
        Arc::new(Self { sources: vec![Source::Given], current: Mutex::new(vec![read]) })
    }

    /// True when callers must show a token.
    pub fn are_needed(&self) -> bool {
        !self.sources.is_empty()
    }

    /// The caller who shows this token; none when it is not known or has expired. Each comparison takes the same time, so that
    /// it tells nothing about the other tokens.
    pub fn identify(&self, token: Option<&str>) -> Option<Identity> {
        if !self.are_needed() {
            return Some(Identity { grant: Arc::clone(&EVERYTHING), owner: None });
        }
        let shown = hash(token?);
        let grant = self.grant_of(|known| known.hash.ct_eq(&shown).into())?;
        Some(Identity { grant, owner: Some(hex(&shown)) })
    }

    /// Answers what a caller whom [`Self::identify`] let in may do now: nothing when the token has expired or was revoked since.
    pub fn present_grant(&self, owner: Option<&str>) -> Option<Arc<Grant>> {
        match owner {
            None => (!self.are_needed()).then(|| Arc::clone(&EVERYTHING)),
            Some(owner) => self.grant_of(|known| hex(&known.hash) == owner),
        }
    }

    /// The grant of the token that is meant, unless it has expired. It looks at all tokens, whichever is meant.
    fn grant_of(&self, is_meant: impl Fn(&KnownToken) -> bool) -> Option<Arc<Grant>> {
        let mut found = None;
        for read in self.current.lock().iter() {
            for known in read.tokens.iter() {
                if is_meant(known) {
                    found = Some(known.clone());
                }
            }
        }
        let known = found.filter(|known| known.expires.is_none_or(|expires| Timestamp::now() < expires))?;
        Some(known.grant)
    }

    /// Reads the files again, now and then and when it is asked to. The future never ends.
    pub async fn follow(self: Arc<Self>, mut asked: tokio::sync::watch::Receiver<()>) {
        let mut polls = tokio::time::interval(POLL_INTERVAL);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Ok(()) = asked.changed() => {}
                _ = polls.tick() => {}
            }
            let tokens = Arc::clone(&self);
            if let Err(error) = tokio::task::spawn_blocking(move || tokens.reload()).await {
                tracing::error!(%error, "the tokens could not be read again");
            }
        }
    }

    /// Reads each source that has changed. One that cannot be read keeps the tokens that it had.
    pub fn reload(&self) {
        for (index, source) in self.sources.iter().enumerate() {
            let Some(before) = self.current.lock().get(index).cloned() else { continue };
            let content = match source.content() {
                Ok(content) if hash(&content) == before.content => continue,
                content => content,
            };
            // What cannot be read is looked at once, and complained about once.
            let digest = content.as_ref().map_or_else(|why| hash(why), |content| hash(content));
            if digest == before.content {
                continue;
            }
            let tokens = match content.and_then(|content| source.parse(&content)) {
                Ok(tokens) => {
                    report_changes(&before.tokens, &tokens);
                    Arc::new(tokens)
                }
                Err(why) => {
                    tracing::error!("the tokens from before stay valid: {why}");
                    before.tokens
                }
            };
            if let Some(read) = self.current.lock().get_mut(index) {
                *read = Read { tokens, content: digest };
            }
        }
    }
}

/// Writes into the audit log which tokens came, went and changed.
fn report_changes(before: &[KnownToken], after: &[KnownToken]) {
    let name = |token: &KnownToken| token.grant.name().unwrap_or_default().to_owned();
    let find =
        |tokens: &[KnownToken], hash: &TokenHash| tokens.iter().find(|token| token.hash == *hash).cloned();
    for token in after {
        let event = match find(before, &token.hash) {
            None => "token added",
            Some(old) if old != *token => "token changed",
            Some(_) => continue,
        };
        let rights: Vec<_> = token.grant.rights().iter().map(|right| right.as_str()).collect();
        let databases: Vec<_> = token.grant.databases().iter().map(|pattern| pattern.as_str()).collect();
        tracing::info!(
            target: "audit",
            event,
            token = name(token),
            rights = rights.join(","),
            databases = databases.join(","),
            expires = token.expires.map(tracing::field::display),
        );
    }
    for token in before.iter().filter(|token| find(after, &token.hash).is_none()) {
        tracing::info!(target: "audit", event = "token removed", token = name(token));
    }
}

#[cfg(test)]
mod tests {
    use phantomdb_service::Rights;

    use super::*;

    fn known(token: &str, expires: Option<Timestamp>) -> KnownToken {
        KnownToken {
            hash: hash(token),
            grant: Arc::new(Grant::new(token, Rights::all(), Vec::new())),
            expires,
        }
    }

    #[test]
    fn it_knows_a_caller_by_a_token_that_has_not_expired() {
        let past = Timestamp::now() - jiff::SignedDuration::from_secs(1);
        let future = Timestamp::now() + jiff::SignedDuration::from_secs(60);
        let tokens = Tokens::known(vec![known("a", None), known("b", Some(past)), known("c", Some(future))]);
        let name = |token| tokens.identify(token)?.grant.name().map(str::to_owned);
        assert_eq!(name(Some("a")).as_deref(), Some("a"));
        assert_eq!(name(Some("c")).as_deref(), Some("c"));
        for unknown in [None, Some(""), Some("b"), Some("A"), Some("a ")] {
            assert!(tokens.identify(unknown).is_none(), "{unknown:?}");
        }
    }

    #[test]
    fn without_a_source_every_caller_may_do_everything() {
        let open = Tokens::default();
        assert_eq!(*open.identify(None).unwrap().grant, Grant::everything());
        // An empty source is one.
        assert!(Tokens::known(Vec::new()).identify(None).is_none());
    }

    #[test]
    fn it_reads_a_file_again_and_keeps_its_tokens_while_it_cannot_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokens");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        let (one, two) = ("a-token-of-16-chars", "another-token-of-16");
        write(one);
        let tokens = Tokens::read(vec![Source::PlainFile(path.clone())]).unwrap();
        assert!(tokens.identify(Some(one)).is_some() && tokens.identify(Some(two)).is_none());
        write("short");
        tokens.reload();
        assert!(tokens.identify(Some(one)).is_some());
        write(two);
        tokens.reload();
        assert!(tokens.identify(Some(one)).is_none() && tokens.identify(Some(two)).is_some());
        std::fs::remove_file(&path).unwrap();
        tokens.reload();
        assert!(tokens.identify(Some(two)).is_some());
    }
}
