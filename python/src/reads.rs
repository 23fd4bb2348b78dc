//! Reads outside of transactions that the tasks of an event loop make in one turn. They travel to the server in one request.

use std::{
    mem,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use phantomdb_client::{Client, Item, MANY_MAX, Outcome as Reported};
use phantomdb_protocol::{Error, Result};
use tokio::{
    runtime::{Handle, Runtime},
    sync::OwnedMutexGuard,
};

use super::{
    letters::{Letters, Ticket, guard},
    state::State,
};
use crate::operation::Outcome;

use super::held::{Held, Request};

/// The reads of an event loop.
pub(crate) struct Reads {
    letters: Arc<Letters>,
    /// Those that are yet to be sent.
    waiting: Mutex<Vec<Read>>,
    requests: Arc<AtomicUsize>,
}

/// A statement that reads.
struct Read {
    client: Arc<Client>,
    database: String,
    /// Taken when it is sent.
    item: Option<Item>,
    reply: Reply,
}

/// The way back of one read.
struct Reply {
    letters: Arc<Letters>,
    /// Taken when it is answered.
    ticket: Option<Arc<Ticket>>,
}

impl Reply {
    fn answer(mut self, answer: Result<String>) {
        self.send(answer);
    }

    fn send(&mut self, answer: Result<String>) {
        if let Some(ticket) = self.ticket.take() {
            let held = guard(&ticket.held).take();
            if let Some(held) = held {
                held.end(false);
            }
            self.letters.push(ticket, answer.map(Outcome::ResultSet));
        }
    }

    fn is_given_up(&self) -> bool {
        self.ticket.as_ref().is_none_or(|ticket| ticket.is_given_up())
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.send(Err(Error::internal("the call broke off inside the package")));
    }
}

/// Counts a request for as long as it is under way.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Reads {
    pub(crate) fn new(letters: Arc<Letters>) -> Self {
        Self { letters, waiting: Mutex::default(), requests: Arc::default() }
    }

    /// Adds a read of a session. While no other is under way it is sent at once; otherwise it waits for [`Self::flush`].
    /// Returns true for the first that waits.
    pub(crate) fn add(
        &self,
        runtime: &Runtime,
        (client, database): (Arc<Client>, String),
        item: Item,
        session: OwnedMutexGuard<State>,
    ) -> (Arc<Ticket>, bool) {
        let ticket = Arc::<Ticket>::default();
        *guard(&ticket.held) = Some(Held { _session: session, request: None });
        let reply = Reply { letters: Arc::clone(&self.letters), ticket: Some(Arc::clone(&ticket)) };
        let read = Read { client, database, item: Some(item), reply };
        let mut waiting = guard(&self.waiting);
        if waiting.is_empty() && self.requests.load(Ordering::SeqCst) == 0 {
            drop(waiting);
            self.send(runtime, vec![read]);
            return (ticket, false);
        }
        waiting.push(read);
        let is_first = waiting.len() == 1;
        (ticket, is_first)
    }

    /// Sends the reads that wait, those of a database together.
    pub(crate) fn flush(&self, runtime: &Runtime) {
        let mut waiting = mem::take(&mut *guard(&self.waiting));
        waiting.retain(|read| !read.reply.is_given_up());
        while let Some(first) = waiting.first() {
            let (client, database) = (Arc::clone(&first.client), first.database.clone());
            let is_beside = |read: &Read| Arc::ptr_eq(&read.client, &client) && read.database == database;
            let (mut together, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_beside);
            waiting = others;
            while !together.is_empty() {
                let rest = together.split_off(together.len().min(MANY_MAX));
                self.send(runtime, mem::replace(&mut together, rest));
            }
        }
    }

    /// Sends reads of one database.
    fn send(&self, runtime: &Runtime, reads: Vec<Read>) {
        let Some(first) = reads.first() else { return };
        let (client, database) = (Arc::clone(&first.client), first.database.clone());
        let request = Arc::new(Request { wanted: AtomicUsize::new(reads.len()), ..Request::default() });
        let (mut items, mut replies) = (Vec::with_capacity(reads.len()), Vec::with_capacity(reads.len()));
        for Read { item, reply, .. } in reads {
            if let Some(held) = reply.ticket.as_ref().map(|ticket| guard(&ticket.held)).as_deref_mut()
                && let Some(held) = held
            {
                held.request = Some(Arc::clone(&request));
            }
            items.extend(item);
            replies.push(Some(reply));
        }
        self.requests.fetch_add(1, Ordering::SeqCst);
        let counted = Counted(Arc::clone(&self.requests));
        let task = runtime.spawn(async move {
            exchange(&client, database, items, replies).await;
            drop(counted);
        });
        let _ = request.task.set(task.abort_handle());
    }
}

async fn exchange(
    client: &Arc<Client>,
    database: String,
    mut items: Vec<Item>,
    mut replies: Vec<Option<Reply>>,
) {
    if items.len() == 1
        && let (Some(item), Some(reply)) = (items.pop(), replies.pop().flatten())
    {
        let answer = match item.into_call(database) {
            Ok((call, context)) => client.call(call, context).await,
            Err(error) => Err(error),
        };
        return reply.answer(answer);
    }
    let report = |index: usize, outcome| {
        let Some(reply) = replies.get_mut(index).and_then(Option::take) else { return };
        match outcome {
            Reported::Answered(answer) => reply.answer(answer),
            Reported::Alone(item, again) => {
                // By itself, so that the others do not wait for it.
                let (client, database) = (Arc::clone(client), database.clone());
                Handle::current()
                    .spawn(async move { reply.answer(client.call_again(database, item, again).await) });
            }
        }
    };
    client.call_many(&database, items, report).await;
}
