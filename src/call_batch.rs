//! Calls to a server that JavaScript makes in one turn of its event loop. Those that can, travel together.

use std::{cell::RefCell, mem, rc::Rc, sync::Arc};

use napi::{Env, bindgen_prelude::spawn};
use phantomdb_client::{Again, Client, Item, MANY_MAX, Outcome};
use phantomdb_protocol::{Call, Result, TableName, Value};

use super::begun::with_begun;
use crate::{
    json::parse,
    pending_calls::{PendingCalls, Ticket, Work},
    translate::find_template::FindTemplate,
};

/// The calls of this turn, by their numbers.
#[derive(Default)]
pub(crate) struct CallBatch {
    alone: RefCell<Vec<(u32, Work)>>,
    /// By the database.
    queries: RefCell<Vec<(String, Vec<Query>)>>,
}

/// A statement that can travel with others.
struct Query {
    number: u32,
    item: Item,
    /// The find call that it is when nothing travels with it.
    find: Option<FindText>,
}

/// A find call as JavaScript writes it.
pub(crate) struct FindText {
    pub(crate) table: String,
    pub(crate) find: String,
}

impl FindText {
    pub(crate) fn into_call(self, database: String, parameters: &str) -> Result<Call> {
        let table: TableName = parse("table", &self.table)?;
        let template: FindTemplate = parse("find", &self.find)?;
        let find = template.filled(&parse::<Vec<Value>>("parameters", parameters)?)?;
        Ok(Call::Find { database, table, find })
    }
}

impl CallBatch {
    /// Adds a call that travels by itself.
    pub(crate) fn add_alone(&self, number: u32, work: Work) {
        self.alone.borrow_mut().push((number, work));
    }

    /// Adds a statement, with the find call that it stands for if there is one.
    pub(crate) fn add(&self, number: u32, database: String, item: Item, find: Option<FindText>) {
        let query = Query { number, item, find };
        let mut queries = self.queries.borrow_mut();
        match queries.iter_mut().find(|(name, _)| *name == database) {
            Some((_, of_database)) => of_database.push(query),
            None => queries.push((database, vec![query])),
        }
    }

    /// Begins all of them.
    pub(crate) fn send(&self, env: &Env, calls: &PendingCalls, client: &Arc<Client>) -> napi::Result<()> {
        for (number, work) in self.alone.take() {
            calls.run(env, number, work)?;
        }
        for (database, mut queries) in self.queries.take() {
            while queries.len() > 1 {
                let rest = queries.split_off(queries.len().min(MANY_MAX));
                let queries = mem::replace(&mut queries, rest);
                run_many(env, calls, Arc::clone(client), database.clone(), queries)?;
            }
            if let Some(query) = queries.pop() {
                let work = Box::pin(send_one(Arc::clone(client), database, query.item, query.find));
                calls.run(env, query.number, work)?;
            }
        }
        Ok(())
    }
}

async fn send_one(
    client: Arc<Client>,
    database: String,
    item: Item,
    find: Option<FindText>,
) -> Result<String> {
    let begun = item.begun();
    let (call, context) = match find {
        Some(find) => {
            let call = find.into_call(database, item.parameters.get())?;
            (call, item.into_call(String::new())?.1)
        }
        None => item.into_call(database)?,
    };
    with_begun(client.call(call, context).await, begun)
}

fn run_many(
    env: &Env,
    calls: &PendingCalls,
    client: Arc<Client>,
    database: String,
    queries: Vec<Query>,
) -> napi::Result<()> {
    let (numbers, items): (Vec<u32>, Vec<Item>) =
        queries.into_iter().map(|query| (query.number, query.item)).unzip();
    let (to, name) = (Arc::clone(&client), database.clone());
    match calls {
        PendingCalls::OnLoop(calls) => {
            let tickets = numbers.into_iter().map(|number| calls.ticket(number)).collect();
            let event_loop = Rc::clone(calls.event_loop());
            let again = move |ticket, item, again| {
                event_loop.spawn(send_again(Arc::clone(&to), name.clone(), ticket, item, again));
            };
            calls.event_loop().spawn(send_many(client, database, tickets, items, again));
        }
        PendingCalls::OnRuntime(calls) => {
            let tickets = numbers
                .into_iter()
                .map(|number| calls.ticket(env, number))
                .collect::<napi::Result<Vec<_>>>()?;
            let again = move |ticket, item, again| {
                drop(spawn(send_again(Arc::clone(&to), name.clone(), ticket, item, again)));
            };
            spawn(send_many(client, database, tickets, items, again));
        }
    }
    Ok(())
}

/// `again` runs a call by itself that was one of many, so that the others do not wait for it.
async fn send_many<T: Ticket>(
    client: Arc<Client>,
    database: String,
    tickets: Vec<T>,
    items: Vec<Item>,
    again: impl Fn(T, Item, Again),
) {
    let mut tickets: Vec<_> = tickets.into_iter().zip(items.iter().map(Item::begun)).map(Some).collect();
    let settle = |index: usize, outcome| {
        let Some((ticket, begun)) = tickets.get_mut(index).and_then(Option::take) else { return };
        match outcome {
            Outcome::Answered(answer) => ticket.settle(with_begun(answer, begun)),
            Outcome::Alone(item, attempts) => again(ticket, item, attempts),
        }
    };
    client.call_many(&database, items, settle).await;
}

async fn send_again<T: Ticket>(client: Arc<Client>, database: String, ticket: T, item: Item, again: Again) {
    let begun = item.begun();
    ticket.settle(with_begun(client.call_again(database, item, again).await, begun));
}
