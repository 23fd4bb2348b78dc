//! A few connections on which the reads of many callers travel together, one behind the other and without a wait in
//! between. That saves most of what a short read costs: both ends are woken for many of them at once.
//!
//! What a read must not do is hold back those behind it. So one that takes long, or waits for a lock, is stopped by the
//! server after [`ALONE_MAX`] and runs again on a connection of its own, as does every one that has waited for
//! [`PATIENCE`]; what was seen to take long is kept apart for a while, and nothing is sent after what has not moved.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use hashlink::LruCache;
use phantomdb_protocol::{ErrorCode, Result, ResultSet, Statement};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    connection::{Connection, guard},
    options::PostgresOptions,
    plan::Plan,
    prepare,
    session::once,
};
use phantomdb_sql::Kind;

/// What one read may take before the server stops it.
const ALONE_MAX: Duration = Duration::from_millis(20);
/// How long a read waits for its answer, and for those before it.
const PATIENCE: Duration = Duration::from_millis(30);
/// A connection that has answered nothing for so long, and should have, is sent nothing more.
const STALL: Duration = Duration::from_millis(5);
/// A statement that takes more is kept apart: side by side such reads are done sooner.
const SHORT_MAX: Duration = Duration::from_millis(1);
/// That it does so has to be seen so often in a row. On a busy computer any statement takes that long now and then, but not
/// each time.
const LONG_RUNS: u32 = 8;
/// For how long at first, and at most, when it happens again before it was short for so often in a row.
const APART_MIN: Duration = Duration::from_millis(250);
const APART_MAX: Duration = Duration::from_secs(10);
const SHORT_RUNS: u32 = 32;
/// Reads on one connection at a time.
const DEPTH_MAX: usize = 16;
/// Statements of which is known what they take.
const KNOWN_MAX: usize = 2_000;
/// How long the read that makes a connection waits for that, and when the next one tries if it was in vain.
const MAKE_MAX: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_secs(10);

/// The shared connections to one database, which are made when there is something to share.
pub(super) struct Shared {
    config: Config,
    tls: MakeRustlsConnect,
    options: PostgresOptions,
    max: usize,
    state: Mutex<State>,
}

struct State {
    lines: Vec<Line>,
    costs: LruCache<u64, Cost>,
    next: u64,
    making: Making,
}

/// Whether another connection may be made.
#[derive(Clone, Copy)]
enum Making {
    From(Instant),
    UnderWay,
    Closed,
}

/// One connection, and those who wait for its answers.
struct Line {
    id: u64,
    connection: Arc<Connection>,
    waiting: usize,
    /// When it last answered, or was last sent something while nobody waited.
    moved: Instant,
    /// Somebody has given up waiting: until then it may be busy with what nobody wants.
    rests_until: Instant,
}

impl Line {
    fn is_free(&self, now: Instant) -> bool {
        let moves = self.waiting == 0 || now.duration_since(self.moved) < STALL;
        moves && self.waiting < DEPTH_MAX && self.rests_until <= now
    }
}

/// What a statement was seen to take.
#[derive(Default)]
struct Cost {
    /// How often in a row it took long, and how often it did not.
    long: u32,
    short: u32,
    /// When it was last kept apart, and for how long.
    apart: Option<(Instant, Duration)>,
}

impl Cost {
    fn is_apart(&self, now: Instant) -> bool {
        self.apart.is_some_and(|(since, length)| now.duration_since(since) < length)
    }

    fn was_short(&mut self) {
        (self.long, self.short) = (0, self.short.saturating_add(1));
        if self.short >= SHORT_RUNS {
            self.apart = None;
        }
    }

    fn was_long(&mut self, now: Instant) {
        (self.long, self.short) = (self.long + 1, 0);
        if self.long >= LONG_RUNS {
            self.keep_apart(now);
        }
    }

    fn keep_apart(&mut self, now: Instant) {
        // Of several that travelled together each one says so.
        if !self.is_apart(now) {
            let length = self.apart.map_or(APART_MIN, |(_, length)| APART_MAX.min(length * 2));
            *self = Self { apart: Some((now, length)), ..Self::default() };
        }
    }
}

/// How a read on a shared connection ended.
enum End {
    GivenUp,
    /// It took the time of one that has to be prepared, which says nothing.
    Prepared,
    Answered,
    /// The server stopped it.
    Stopped,
}

/// Where a read may go.
enum Place<'a> {
    At(Turn<'a>),
    /// To a connection of its own: it takes long.
    Apart,
    /// There is no connection that it would not wait for.
    NoneFree,
}

/// A read's place on a connection.
struct Turn<'a> {
    shared: &'a Shared,
    line: u64,
    plan: u64,
    connection: Arc<Connection>,
    /// Nobody is before it.
    is_first: bool,
    sent: Instant,
    end: End,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = guard(&self.shared.state);
        let now = Instant::now();
        let mut begun = self.sent;
        if let Some(line) = state.lines.iter_mut().find(|line| line.id == self.line) {
            line.waiting -= 1;
            begun = begun.max(line.moved);
            line.moved = now;
            if matches!(self.end, End::GivenUp) {
                line.rests_until = now + ALONE_MAX;
            }
        }
        let is_long = now.duration_since(begun) > SHORT_MAX;
        let cost = state.costs.entry(self.plan).or_insert_with(Cost::default);
        match self.end {
            End::Stopped => cost.keep_apart(now),
            End::Answered | End::GivenUp if is_long => cost.was_long(now),
            End::Answered => cost.was_short(),
            End::GivenUp | End::Prepared => {}
        }
    }
}

/// How many of so many connections to a database are shared.
pub(super) const fn share_of(connections: usize) -> usize {
    let share = connections / 5;
    if share < 4 { share } else { 4 }
}

/// The limit is a part of how the connection is made, not set on it afterwards: a pooler that lends one session to many
/// would leave it to others. One that does not pass it on refuses, and nothing is shared then.
fn limited(mut config: Config, timeout: Duration) -> Config {
    let limit = format!("-c statement_timeout={}", timeout.as_millis());
    let options = match config.get_options() {
        Some(own) => format!("{own} {limit}"),
        None => limit,
    };
    config.options(options);
    config
}

impl Shared {
    pub(super) fn new(config: Config, tls: MakeRustlsConnect, options: &PostgresOptions) -> Self {
        let timeout = options.statement_timeout.map_or(ALONE_MAX, |timeout| timeout.min(ALONE_MAX));
        let config = limited(config, timeout);
        let state = State {
            lines: Vec::new(),
            costs: LruCache::new(KNOWN_MAX),
            next: 0,
            making: Making::From(Instant::now()),
        };
        Self {
            config,
            tls,
            options: PostgresOptions { statement_timeout: None, ..options.clone() },
            max: share_of(options.connections),
            state: Mutex::new(state),
        }
    }

    /// None when the read is to be run on a connection of its own.
    pub(super) async fn read(&self, plan: &Plan, statement: &Statement) -> Option<Result<ResultSet>> {
        if self.max == 0 || plan.single().is_none() || plan.adapted.kind != Kind::Read || statement.native {
            return None;
        }
        let mut turn = match self.turn(plan.id) {
            Place::At(turn) => turn,
            Place::Apart => return None,
            Place::NoneFree => {
                Box::pin(self.make_another()).await;
                let Place::At(turn) = self.turn(plan.id) else { return None };
                turn
            }
        };
        let is_known = prepare::known(&turn.connection, plan.id, &statement.parameters).is_some();
        let reading = once(&turn.connection, plan, statement);
        let answer = if turn.is_first {
            // What it takes itself the server limits, and a timer costs a system call.
            reading.await
        } else {
            tokio::time::timeout(PATIENCE, reading).await.ok()?
        };
        turn.end = if is_known { End::Answered } else { End::Prepared };
        match answer.as_ref().err().map(|error| error.code) {
            Some(ErrorCode::Unavailable) => {
                turn.connection.condemn();
                None
            }
            Some(ErrorCode::StatementTimeout | ErrorCode::LockTimeout) => {
                turn.end = End::Stopped;
                None
            }
            _ => Some(answer),
        }
    }

    pub(super) fn close(&self) {
        let mut state = guard(&self.state);
        state.making = Making::Closed;
        state.lines.clear();
    }

    /// A place on the first connection that has one, so that as many as possible travel together.
    fn turn(&self, plan: u64) -> Place<'_> {
        let now = Instant::now();
        let mut state = guard(&self.state);
        if state.costs.get(&plan).is_some_and(|cost| cost.is_apart(now)) {
            return Place::Apart;
        }
        state.lines.retain(|line| line.connection.can_be_used());
        let Some(line) = state.lines.iter_mut().find(|line| line.is_free(now)) else {
            return Place::NoneFree;
        };
        let is_first = line.waiting == 0;
        if is_first {
            line.moved = now;
        }
        line.waiting += 1;
        let connection = Arc::clone(&line.connection);
        Place::At(Turn {
            shared: self,
            line: line.id,
            plan,
            connection,
            is_first,
            sent: now,
            end: End::GivenUp,
        })
    }

    /// Makes one more connection, if there is room for it and nobody else is about it.
    async fn make_another(&self) {
        let Some(mut made) = self.begin_to_make() else { return };
        let opening = Connection::open(&self.config, self.tls.clone(), &self.options);
        made.connection = tokio::time::timeout(MAKE_MAX, opening).await.ok().and_then(Result::ok);
    }

    fn begin_to_make(&self) -> Option<Made<'_>> {
        let mut state = guard(&self.state);
        let may = matches!(state.making, Making::From(when) if when <= Instant::now());
        if !may || state.lines.len() >= self.max {
            return None;
        }
        state.making = Making::UnderWay;
        Some(Made { shared: self, connection: None })
    }
}

/// What comes of making a connection; nothing, when whoever made it has gone away.
struct Made<'a> {
    shared: &'a Shared,
    connection: Option<Connection>,
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        let (mut state, now) = (guard(&self.shared.state), Instant::now());
        if matches!(state.making, Making::Closed) {
            return;
        }
        let Some(connection) = self.connection.take() else {
            state.making = Making::From(now + PAUSE);
            return;
        };
        state.making = Making::From(now);
        let id = state.next;
        state.next += 1;
        let connection = Arc::new(connection);
        state.lines.push(Line { id, connection, waiting: 0, moved: now, rests_until: now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(cost: &mut Cost, long: bool, count: u32, now: Instant) {
        for _ in 0..count {
            if long { cost.was_long(now) } else { cost.was_short() }
        }
    }

    #[test]
    fn it_keeps_apart_what_takes_long_each_time_and_for_longer_when_it_still_does() {
        let (mut cost, mut now) = (Cost::default(), Instant::now());
        for length in [APART_MIN, APART_MIN * 2, APART_MIN * 4] {
            runs(&mut cost, true, LONG_RUNS - 1, now);
            assert!(!cost.is_apart(now));
            cost.was_long(now);
            assert!(cost.is_apart(now + length / 2));
            now += length;
            assert!(!cost.is_apart(now));
        }
        runs(&mut cost, false, SHORT_RUNS, now);
        cost.keep_apart(now);
        assert!(cost.is_apart(now) && !cost.is_apart(now + APART_MIN));
    }

    #[test]
    fn it_shares_what_takes_long_now_and_then() {
        let (mut cost, now) = (Cost::default(), Instant::now());
        for _ in 0..100 {
            runs(&mut cost, true, LONG_RUNS - 1, now);
            runs(&mut cost, false, 1, now);
            assert!(!cost.is_apart(now));
        }
    }

    #[test]
    fn it_shares_a_fifth_of_the_connections_and_four_at_most() {
        assert_eq!([1, 4, 5, 20, 100].map(share_of), [0, 0, 1, 4, 4]);
    }
}
