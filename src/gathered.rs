//! Calls to a server that JavaScript made in one turn of its event loop. Those that can, travel together.

use std::{cell::RefCell, mem, pin::Pin, rc::Rc, sync::Arc};

use phantomdb_protocol::{Call, CallContext, Result, TableName, Value};

use phantomdb_client::{Client, Item, MANY_MAX, Outcome};

use crate::{dialect::parse, event_loop::EventLoop, exchange::Ticket, translate::FindTemplate};

type Work = Pin<Box<dyn Future<Output = Result<String>>>>;

#[derive(Default)]
pub(crate) struct Gathered {
    alone: RefCell<Vec<(Ticket, Work)>>,
    /// By the database.
    queries: RefCell<Vec<(String, Vec<Query>)>>,
}

struct Query {
    ticket: Ticket,
    item: Item,
    /// What it is when nothing travels with it.
    find: Option<Find>,
}

/// A find call as JavaScript writes it.
pub(crate) struct Find {
    pub(crate) table_json: String,
    pub(crate) find_json: String,
}

impl Find {
    pub(crate) fn into_call(self, database: String, parameters_json: &str) -> Result<Call> {
        let table: TableName = parse("table", &self.table_json)?;
        let template: FindTemplate = parse("find", &self.find_json)?;
        let find = template.filled(&parse::<Vec<Value>>("parameters", parameters_json)?)?;
        Ok(Call::Find { database, table, find })
    }
}

impl Gathered {
    /// A call that travels by itself.
    pub(crate) fn alone(&self, ticket: Ticket, work: impl Future<Output = Result<String>> + 'static) {
        self.alone.borrow_mut().push((ticket, Box::pin(work)));
    }

    /// Answers the number of the ticket.
    pub(crate) fn query(&self, ticket: Ticket, database: String, item: Item) -> u32 {
        self.push(database, Query { ticket, item, find: None })
    }

    /// `item` is the statement that the find stands for. Answers the number of the ticket.
    pub(crate) fn find(&self, ticket: Ticket, database: String, item: Item, find: Find) -> u32 {
        self.push(database, Query { ticket, item, find: Some(find) })
    }

    fn push(&self, database: String, query: Query) -> u32 {
        let number = query.ticket.number();
        let mut queries = self.queries.borrow_mut();
        match queries.iter_mut().find(|(name, _)| *name == database) {
            Some((_, of_database)) => of_database.push(query),
            None => queries.push((database, vec![query])),
        }
        number
    }

    /// Begins all of them.
    pub(crate) fn send(&self, event_loop: &Rc<EventLoop>, client: &Arc<Client>) {
        for (ticket, work) in self.alone.take() {
            event_loop.spawn(async move { ticket.answer(work.await) });
        }
        for (database, mut queries) in self.queries.take() {
            while queries.len() > 1 {
                let rest = queries.split_off(queries.len().min(MANY_MAX));
                send_many(event_loop, client, database.clone(), mem::replace(&mut queries, rest));
            }
            if let Some(query) = queries.pop() {
                send_one(event_loop, Arc::clone(client), database, query);
            }
        }
    }
}

fn send_one(event_loop: &EventLoop, client: Arc<Client>, database: String, query: Query) {
    let Query { ticket, item, find } = query;
    let call = match find {
        Some(find) => find.into_call(database, item.parameters.get()).map(|call| {
            let context =
                CallContext { transaction: item.transaction, rows_as_arrays: true, ..CallContext::default() };
            (call, context)
        }),
        None => item.into_call(database),
    };
    event_loop.spawn(async move {
        let answer = match call {
            Ok((call, context)) => client.call(call, context).await,
            Err(error) => Err(error),
        };
        ticket.answer(answer);
    });
}

fn send_many(event_loop: &Rc<EventLoop>, client: &Arc<Client>, database: String, queries: Vec<Query>) {
    let (mut tickets, items): (Vec<_>, Vec<_>) =
        queries.into_iter().map(|query| (Some(query.ticket), query.item)).unzip();
    let client = Arc::clone(client);
    let on_loop = Rc::clone(event_loop);
    event_loop.spawn(async move {
        let tell = |index: usize, outcome| {
            let Some(ticket) = tickets.get_mut(index).and_then(Option::take) else { return };
            match outcome {
                Outcome::Answered(answer) => ticket.answer(answer),
                // The others do not wait for it.
                Outcome::Alone(item, again) => {
                    let (client, database) = (Arc::clone(&client), database.clone());
                    on_loop.spawn(async move {
                        ticket.answer(client.call_again(database, item, again).await);
                    });
                }
            }
        };
        client.call_many(&database, items, tell).await;
    });
}
