//! The routing of calls when there are several servers: the server that has a transaction, and the position that a server must
//! have reached.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;
use phantomdb_protocol::{Call, CallContext, TransactionBegun};
use url::Url;

use crate::transport::Origin;

/// The most transactions whose server is remembered. A transaction that is never ended is forgotten in time.
const TRANSACTIONS_MAX: usize = 10_000;
/// A longer text is not a position.
const POSITION_LENGTH_MAX: usize = 64;

/// The routing that a client has learned from answers.
#[derive(Default)]
pub(crate) struct Route {
    table: Mutex<RoutingTable>,
}

#[derive(Default)]
struct RoutingTable {
    /// The servers of open transactions, where it is another one than the client's own.
    servers: HashMap<String, Arc<Origin>>,
    /// The ids of these transactions, the oldest first. Ended ones stay until they are the oldest.
    order: VecDeque<String>,
    /// The newest position that the answer to a write has named.
    position: Option<String>,
}

impl Route {
    /// The server that has the transaction of the call, when it is not the client's own.
    pub(crate) fn server(&self, call: &Call, context: &CallContext) -> Option<Arc<Origin>> {
        let id = context.transaction.as_ref().or_else(|| ended_transaction(call))?;
        self.server_of(id)
    }

    /// The server that has a transaction, when it is not the client's own.
    pub(crate) fn server_of(&self, id: &str) -> Option<Arc<Origin>> {
        self.table.lock().servers.get(id).cloned()
    }

    /// The position that a call must send, so that it reads what this client wrote.
    pub(crate) fn position(&self) -> Option<String> {
        self.table.lock().position.clone()
    }

    /// Learns from an answer and its position. `base` is the URL of the client's own server.
    pub(crate) fn learn(&self, call: &Call, answer: &str, position: Option<&str>, base: &str) {
        if let Some(position) = position {
            self.reach(position);
        }
        if let Some(id) = ended_transaction(call) {
            self.table.lock().servers.remove(id);
        }
        if matches!(call, Call::BeginTransaction(_))
            && let Ok(TransactionBegun { transaction_id, timeout: _, server }) = serde_json::from_str(answer)
        {
            self.begin(&transaction_id, server.as_deref(), base);
        }
    }

    /// Learns which server has a transaction that has begun.
    pub(crate) fn begin(&self, id: &str, server: Option<&str>, base: &str) {
        if let Some(server) = server.and_then(|server| trusted(server, base)) {
            self.pin(id.to_owned(), server);
        }
    }

    /// Keeps the newer position. Answers come in any order; the greater of two positions, as text, is the newer one.
    pub(crate) fn reach(&self, position: &str) {
        let mut table = self.table.lock();
        if position.len() <= POSITION_LENGTH_MAX
            && table.position.as_deref().is_none_or(|newest| newest < position)
        {
            table.position = Some(position.to_owned());
        }
    }

    fn pin(&self, id: String, server: Arc<Origin>) {
        let mut table = self.table.lock();
        if table.order.len() >= TRANSACTIONS_MAX
            && let Some(oldest) = table.order.pop_front()
        {
            table.servers.remove(&oldest);
        }
        table.order.push_back(id.clone());
        table.servers.insert(id, server);
    }
}

/// The transaction that the call ends.
fn ended_transaction(call: &Call) -> Option<&String> {
    match call {
        Call::CommitTransaction { id } | Call::RollbackTransaction { id } => Some(id),
        _ => None,
    }
}

/// Another server, if the token may be sent there. Its URL must have the same scheme, so that an encrypted connection is not
/// followed by an unencrypted one.
fn trusted(server: &str, base: &str) -> Option<Arc<Origin>> {
    let (url, own) = (Url::parse(server).ok()?, Url::parse(base).ok()?);
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let server = server.trim_end_matches('/');
    if is_plain && url.scheme() == own.scheme() && server != base {
        Origin::new(server).ok().map(Arc::new)
    } else {
        None
    }
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
        for number in 0..=TRANSACTIONS_MAX {
            route.pin(number.to_string(), Arc::clone(&server));
        }
        let known = |id: &str| route.table.lock().servers.contains_key(id);
        assert!(!known("0") && known("1") && known(&TRANSACTIONS_MAX.to_string()));
    }
}
