//! The pipeline: a few connections on which the reads of many callers are sent one after the other, without a wait for
//! the results before. It saves most of what a short read costs, because both ends wake up once for many reads.
//!
//! A read must not hold up those behind it. So the server cancels a read that takes longer than [`READ_TIMEOUT`],
//! waiting for locks included, and it runs again on a connection of its own. A read that has waited for [`WAIT_MAX`]
//! runs again as well. A statement that was slow is excluded from the pipeline for a while, and nothing is sent to a
//! connection that makes no progress.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hashlink::LruCache;
use parking_lot::Mutex;
use phantomdb_protocol::{ErrorCode, Result, ResultSet, Statement};
use phantomdb_sql::Kind;
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    autocommit::run_statement, connection::Connection, options::PostgresOptions, plan_cache::Plan, prepare,
};

/// The time after which the server cancels a read.
const READ_TIMEOUT: Duration = Duration::from_millis(20);

/// How long a read waits for its result, and for the reads before it.
const WAIT_MAX: Duration = Duration::from_millis(30);

/// A connection that owes results and has sent none for this long gets no more reads.
const STALL: Duration = Duration::from_millis(5);

/// A statement that takes longer is slow: several of them are done sooner side by side than one after the other.
const SLOW_AFTER: Duration = Duration::from_millis(1);

/// A statement is excluded after it was slow this often in a row. On a busy computer any statement is slow now and
/// then, but not each time.
const SLOW_RUNS: u32 = 8;

/// How long a statement is excluded the first time. The time doubles each time that it happens again.
const EXCLUDED_MIN: Duration = Duration::from_millis(250);

/// How long a statement is excluded at most.
const EXCLUDED_MAX: Duration = Duration::from_secs(10);

/// After it was fast this often in a row, the next exclusion of a statement counts as the first one.
const FAST_RUNS: u32 = 32;

/// The most reads on one connection at a time.
const DEPTH_MAX: usize = 16;

/// The number of statements whose cost is remembered.
const COSTS_MAX: usize = 2_000;

/// How long the read that opens a connection waits for it.
const OPEN_TIMEOUT: Duration = Duration::from_secs(1);

/// The pause after a connection could not be opened.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// The pipelined connections to one database. They are opened when there are reads to share them.
pub(crate) struct Pipeline {
    config: Config,
    tls: MakeRustlsConnect,
    options: PostgresOptions,
    max: usize,
    state: Mutex<PipelineState>,
}

struct PipelineState {
    connections: Vec<PipelinedConnection>,
    costs: LruCache<u64, StatementCost>,
    next: u64,
    opening: Opening,
}

/// The state of opening another connection.
#[derive(Clone, Copy)]
enum Opening {
    From(Instant),
    InProgress,
    Closed,
}

/// A connection, and the number of reads that wait for its results.
struct PipelinedConnection {
    id: u64,
    connection: Arc<Connection>,
    waiting: usize,
    /// The time of the last result, or of the first read after a time without reads.
    last_progress: Instant,
    /// Until then no read is sent: a caller went away, and the server may be busy with its read.
    paused_until: Instant,
}

impl PipelinedConnection {
    fn is_free(&self, now: Instant) -> bool {
        let moves = self.waiting == 0 || now.duration_since(self.last_progress) < STALL;
        moves && self.waiting < DEPTH_MAX && self.paused_until <= now
    }
}

/// The measured cost of a statement.
#[derive(Default)]
struct StatementCost {
    /// How often in a row the statement was slow, and how often it was fast.
    slow_runs: u32,
    fast_runs: u32,
    /// When the statement was last excluded, and for how long.
    excluded: Option<(Instant, Duration)>,
}

impl StatementCost {
    fn is_excluded(&self, now: Instant) -> bool {
        self.excluded.is_some_and(|(since, length)| now.duration_since(since) < length)
    }

    fn record_fast(&mut self) {
        (self.slow_runs, self.fast_runs) = (0, self.fast_runs.saturating_add(1));
        if self.fast_runs >= FAST_RUNS {
            self.excluded = None;
        }
    }

    fn record_slow(&mut self, now: Instant) {
        (self.slow_runs, self.fast_runs) = (self.slow_runs + 1, 0);
        if self.slow_runs >= SLOW_RUNS {
            self.exclude(now);
        }
    }

    fn exclude(&mut self, now: Instant) {
        // Each of several slow reads in the pipeline reports it, but only the first one counts.
        if !self.is_excluded(now) {
            let length = self.excluded.map_or(EXCLUDED_MIN, |(_, length)| EXCLUDED_MAX.min(length * 2));
            *self = Self { excluded: Some((now, length)), ..Self::default() };
        }
    }
}

/// The outcome of a read in the pipeline.
enum ReadOutcome {
    Abandoned,
    /// The statement had to be prepared, so the time tells nothing about its cost.
    Prepared,
    Answered,
    /// The server cancelled it.
    Stopped,
}

/// Where a read runs.
enum Placement<'a> {
    Slot(ReadSlot<'a>),
    /// On a connection of its own, because the statement is slow.
    OwnConnection,
    /// No connection of the pipeline is free.
    NoneFree,
}

/// The place of a read on a pipelined connection.
struct ReadSlot<'a> {
    pipeline: &'a Pipeline,
    pipelined: u64,
    plan: u64,
    connection: Arc<Connection>,
    /// True when no other read is before it.
    is_first: bool,
    sent: Instant,
    end: ReadOutcome,
}

impl Drop for ReadSlot<'_> {
    fn drop(&mut self) {
        let mut state = self.pipeline.state.lock();
        let now = Instant::now();
        let mut started = self.sent;
        if let Some(pipelined) = state.connections.iter_mut().find(|pipelined| pipelined.id == self.pipelined)
        {
            pipelined.waiting -= 1;
            started = started.max(pipelined.last_progress);
            pipelined.last_progress = now;
            if matches!(self.end, ReadOutcome::Abandoned) {
                pipelined.paused_until = now + READ_TIMEOUT;
            }
        }
        let is_long = now.duration_since(started) > SLOW_AFTER;
        let cost = state.costs.entry(self.plan).or_insert_with(StatementCost::default);
        match self.end {
            ReadOutcome::Stopped => cost.exclude(now),
            ReadOutcome::Answered | ReadOutcome::Abandoned if is_long => cost.record_slow(now),
            ReadOutcome::Answered => cost.record_fast(),
            ReadOutcome::Abandoned | ReadOutcome::Prepared => {}
        }
    }
}

/// How many of the connections to a database are pipelined.
pub(crate) const fn pipelined_connections(connections: usize) -> usize {
    let share = connections / 5;
    if share < 4 { share } else { 4 }
}

/// Sets the timeout in the options of the connection instead of with SET: a pooler that lends one session to many
/// clients would leave the setting to the others. A pooler that does not pass the options on refuses the connection,
/// and nothing is pipelined then.
fn with_statement_timeout(mut config: Config, timeout: Duration) -> Config {
    let limit = format!("-c statement_timeout={}", timeout.as_millis());
    let options = match config.get_options() {
        Some(own) => format!("{own} {limit}"),
        None => limit,
    };
    config.options(options);
    config
}

impl Pipeline {
    pub(crate) fn new(config: Config, tls: MakeRustlsConnect, options: &PostgresOptions) -> Self {
        let timeout = options.statement_timeout.map_or(READ_TIMEOUT, |timeout| timeout.min(READ_TIMEOUT));
        let config = with_statement_timeout(config, timeout);
        let state = PipelineState {
            connections: Vec::new(),
            costs: LruCache::new(COSTS_MAX),
            next: 0,
            opening: Opening::From(Instant::now()),
        };
        Self {
            config,
            tls,
            options: PostgresOptions { statement_timeout: None, ..options.clone() },
            max: pipelined_connections(options.connections),
            state: Mutex::new(state),
        }
    }

    /// Runs a read in the pipeline. Gives none when the read is to run on a connection of its own.
    pub(crate) async fn read(&self, plan: &Plan, statement: &Statement) -> Option<Result<ResultSet>> {
        if self.max == 0 || plan.preparable().is_none() || plan.adapted.kind != Kind::Read || statement.native
        {
            return None;
        }
        let mut slot = match self.slot(plan.id) {
            Placement::Slot(slot) => slot,
            Placement::OwnConnection => return None,
            Placement::NoneFree => {
                Box::pin(self.open_another()).await;
                let Placement::Slot(slot) = self.slot(plan.id) else { return None };
                slot
            }
        };
        let is_known = prepare::find_prepared(&slot.connection, plan.id, &statement.parameters).is_some();
        let reading = run_statement(&slot.connection, plan, statement);
        let answer = if slot.is_first {
            // The server limits the time of the read itself, and a timer costs a system call.
            reading.await
        } else {
            tokio::time::timeout(WAIT_MAX, reading).await.ok()?
        };
        slot.end = if is_known { ReadOutcome::Answered } else { ReadOutcome::Prepared };
        match answer.as_ref().err().map(|error| error.code) {
            Some(ErrorCode::Unavailable) => {
                slot.connection.mark_unusable();
                None
            }
            Some(ErrorCode::StatementTimeout | ErrorCode::LockTimeout) => {
                slot.end = ReadOutcome::Stopped;
                None
            }
            _ => Some(answer),
        }
    }

    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.opening = Opening::Closed;
        state.connections.clear();
    }

    /// Reserves a place on the first connection that is free, so that as many reads as possible share one.
    fn slot(&self, plan: u64) -> Placement<'_> {
        let now = Instant::now();
        let mut state = self.state.lock();
        if state.costs.get(&plan).is_some_and(|cost| cost.is_excluded(now)) {
            return Placement::OwnConnection;
        }
        state.connections.retain(|pipelined| pipelined.connection.is_usable());
        let Some(pipelined) = state.connections.iter_mut().find(|pipelined| pipelined.is_free(now)) else {
            return Placement::NoneFree;
        };
        let is_first = pipelined.waiting == 0;
        if is_first {
            pipelined.last_progress = now;
        }
        pipelined.waiting += 1;
        let connection = Arc::clone(&pipelined.connection);
        Placement::Slot(ReadSlot {
            pipeline: self,
            pipelined: pipelined.id,
            plan,
            connection,
            is_first,
            sent: now,
            end: ReadOutcome::Abandoned,
        })
    }

    /// Opens one more connection, if there is room for it and nobody else is opening one.
    async fn open_another(&self) {
        let Some(mut slot) = self.begin_opening() else { return };
        let opening = Connection::open(&self.config, self.tls.clone(), &self.options);
        slot.connection = tokio::time::timeout(OPEN_TIMEOUT, opening).await.ok().and_then(Result::ok);
    }

    fn begin_opening(&self) -> Option<OpeningConnection<'_>> {
        let mut state = self.state.lock();
        let may = matches!(state.opening, Opening::From(when) if when <= Instant::now());
        if !may || state.connections.len() >= self.max {
            return None;
        }
        state.opening = Opening::InProgress;
        Some(OpeningConnection { pipeline: self, connection: None })
    }
}

/// A connection that is being opened. Dropped without it, after a failure or when the caller went away, nothing is
/// added.
struct OpeningConnection<'a> {
    pipeline: &'a Pipeline,
    connection: Option<Connection>,
}

impl Drop for OpeningConnection<'_> {
    fn drop(&mut self) {
        let (mut state, now) = (self.pipeline.state.lock(), Instant::now());
        if matches!(state.opening, Opening::Closed) {
            return;
        }
        let Some(connection) = self.connection.take() else {
            state.opening = Opening::From(now + RETRY_AFTER);
            return;
        };
        state.opening = Opening::From(now);
        let id = state.next;
        state.next += 1;
        let connection = Arc::new(connection);
        state.connections.push(PipelinedConnection {
            id,
            connection,
            waiting: 0,
            last_progress: now,
            paused_until: now,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(cost: &mut StatementCost, slow: bool, count: u32, now: Instant) {
        for _ in 0..count {
            if slow { cost.record_slow(now) } else { cost.record_fast() }
        }
    }

    #[test]
    fn a_statement_that_is_always_slow_is_excluded_for_longer_each_time() {
        let (mut cost, mut now) = (StatementCost::default(), Instant::now());
        for length in [EXCLUDED_MIN, EXCLUDED_MIN * 2, EXCLUDED_MIN * 4] {
            runs(&mut cost, true, SLOW_RUNS - 1, now);
            assert!(!cost.is_excluded(now));
            cost.record_slow(now);
            assert!(cost.is_excluded(now + length / 2));
            now += length;
            assert!(!cost.is_excluded(now));
        }
        runs(&mut cost, false, FAST_RUNS, now);
        cost.exclude(now);
        assert!(cost.is_excluded(now) && !cost.is_excluded(now + EXCLUDED_MIN));
    }

    #[test]
    fn a_statement_that_is_slow_now_and_then_stays_in_the_pipeline() {
        let (mut cost, now) = (StatementCost::default(), Instant::now());
        for _ in 0..100 {
            runs(&mut cost, true, SLOW_RUNS - 1, now);
            runs(&mut cost, false, 1, now);
            assert!(!cost.is_excluded(now));
        }
    }

    #[test]
    fn a_fifth_of_the_connections_is_pipelined_and_four_at_most() {
        assert_eq!([1, 4, 5, 20, 100].map(pipelined_connections), [0, 0, 1, 4, 4]);
    }
}
