//! Where a call goes when there are several servers, and what it has to show there.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use phantomdb_protocol::{Call, CallContext};
use url::Url;

use super::transport::Origin;
use serde::Deserialize;

/// Transactions whose server is remembered; those that are never ended are forgotten at last.
const REMEMBERED_MAX: usize = 10_000;
/// A longer one is not a position.
const POSITION_LENGTH_MAX: usize = 64;

/// What a client has learned from answers.
#[derive(Default)]
pub(super) struct Route {
    learned: Mutex<Learned>,
}

#[derive(Default)]
struct Learned {
    /// The servers of open transactions that are not the one this client was given.
    servers: HashMap<String, Arc<Origin>>,
    /// Their transactions, the oldest first; ended ones too, until they are old.
    order: VecDeque<String>,
    /// How far this client has seen the databases: the newest that a write answered.
    position: Option<String>,
}

/// The answer to the begin of a transaction.
#[derive(Deserialize)]
struct Begun {
    transaction_id: String,
    server: Option<String>,
}

impl Route {
    fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server that has the transaction of the call, when it is not the usual one.
    pub(super) fn server(&self, call: &Call, context: &CallContext) -> Option<Arc<Origin>> {
        let id = context.transaction.as_ref().or_else(|| ended(call))?;
        self.server_of(id)
    }

    /// The server of a transaction, likewise.
    pub(super) fn server_of(&self, id: &str) -> Option<Arc<Origin>> {
        self.learned().servers.get(id).cloned()
    }

    /// What a call must show, so that it reads what this client wrote.
    pub(super) fn position(&self) -> Option<String> {
        self.learned().position.clone()
    }

    /// Learns from an answer and the position it came with. `base` is the URL of the usual server.
    pub(super) fn learn(&self, call: &Call, answer: &str, position: Option<&str>, base: &str) {
        if let Some(position) = position {
            self.reach(position);
        }
        if let Some(id) = ended(call) {
            self.learned().servers.remove(id);
        }
        if matches!(call, Call::BeginTransaction(_))
            && let Ok(Begun { transaction_id, server: Some(server) }) = serde_json::from_str(answer)
            && let Some(server) = trusted(&server, base)
        {
            self.pin(transaction_id, server);
        }
    }

    /// Answers come in any order; of two positions the greater text is the later one.
    pub(super) fn reach(&self, position: &str) {
        let mut learned = self.learned();
        if position.len() <= POSITION_LENGTH_MAX
            && learned.position.as_deref().is_none_or(|known| known < position)
        {
            learned.position = Some(position.to_owned());
        }
    }

    fn pin(&self, id: String, server: Arc<Origin>) {
        let mut learned = self.learned();
        if learned.order.len() >= REMEMBERED_MAX
            && let Some(oldest) = learned.order.pop_front()
        {
            learned.servers.remove(&oldest);
        }
        learned.order.push_back(id.clone());
        learned.servers.insert(id, server);
    }
}

/// The transaction that the call ends.
fn ended(call: &Call) -> Option<&String> {
    match call {
        Call::CommitTransaction { id } | Call::RollbackTransaction { id } => Some(id),
        _ => None,
    }
}

/// The URL of another server, if the token may go there: it must be reached as the usual one is, so that what was
/// encrypted stays so.
fn trusted(server: &str, base: &str) -> Option<Arc<Origin>> {
    let (url, usual) = (Url::parse(server).ok()?, Url::parse(base).ok()?);
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let server = server.trim_end_matches('/');
    let leads_there = plain && url.scheme() == usual.scheme() && server != base;
    if leads_there { Origin::new(server).ok().map(Arc::new) } else { None }
}

#[cfg(test)]
mod tests {
    use phantomdb_protocol::BeginTransaction;

    use super::*;

    const BASE: &str = "http://balancer:8080";

    fn begun(server: &str) -> Route {
        let route = Route::default();
        let answer = format!(r#"{{"transaction_id":"t","timeout":1,"server":"{server}"}}"#);
        route.learn(&Call::BeginTransaction(BeginTransaction::default()), &answer, None, BASE);
        route
    }

    fn within() -> CallContext {
        CallContext { transaction: Some("t".into()), ..CallContext::default() }
    }

    #[test]
    fn it_sends_the_calls_of_a_transaction_to_its_server_until_it_ends() {
        let route = begun("http://10.0.0.2:8080/");
        let commit = Call::CommitTransaction { id: "t".into() };
        let server = |call: &Call, context: &CallContext| {
            route.server(call, context).map(|origin| origin.base.clone())
        };
        let pinned = Some("http://10.0.0.2:8080".to_owned());
        assert_eq!(server(&Call::ListDatabases, &within()), pinned);
        assert_eq!(server(&commit, &CallContext::default()), pinned);
        assert_eq!(server(&Call::ListDatabases, &CallContext::default()), None);
        route.learn(&commit, "", None, BASE);
        assert_eq!(server(&Call::ListDatabases, &within()), None);
    }

    #[test]
    fn it_follows_no_server_to_where_a_token_must_not_go() {
        for server in ["https://h", "http://u:p@h", "ftp://h", "h", BASE] {
            assert!(begun(server).server(&Call::ListDatabases, &within()).is_none(), "{server}");
        }
    }

    #[test]
    fn it_keeps_the_newest_position() {
        let route = Route::default();
        for position in ["0000000000000005", "0000000000000009", "0000000000000007"] {
            route.learn(&Call::ListDatabases, "", Some(position), BASE);
        }
        assert_eq!(route.position().as_deref(), Some("0000000000000009"));
    }

    #[test]
    fn it_forgets_transactions_that_were_never_ended_at_last() {
        let (route, server) = (Route::default(), Arc::new(Origin::new("http://h").unwrap()));
        for number in 0..=REMEMBERED_MAX {
            route.pin(number.to_string(), Arc::clone(&server));
        }
        let known = |id: &str| route.learned().servers.contains_key(id);
        assert!(!known("0") && known("1") && known(&REMEMBERED_MAX.to_string()));
    }
}
