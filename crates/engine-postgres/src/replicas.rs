//! The replicas of the primary server, and which of them serve reads.
//!
//! The lag of a replica is measured by this process's clock alone. The primary is asked for its position in the log
//! again and again, and a replica that has replayed the log up to an answer shows all that was committed when the
//! primary was asked. So an idle primary leaves no replica behind, and the clocks of the servers do not matter.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Once, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use parking_lot::Mutex;
use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    connection::Connection,
    options::{PostgresOptions, Target},
    pool::Pool,
    tls,
    wal_position::{self, WalPosition},
};

/// The smallest lag that can be told from the pause between two probes.
const MAX_LAG_MIN: Duration = Duration::from_millis(50);
/// The number of probes within the longest lag that is allowed.
const PROBES_PER_LAG: u32 = 4;
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A server that has not answered a probe by then counts as down.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// The number of remembered positions of the primary. They span the longest lag.
const SAMPLES_MAX: usize = 4 * PROBES_PER_LAG as usize;

/// The address of a server, for probes.
struct ServerAddress {
    config: Config,
    tls: MakeRustlsConnect,
}

impl ServerAddress {
    fn new(target: &Target) -> Result<Self> {
        Ok(Self { config: target.config.clone(), tls: tls::connector(target)? })
    }
}

struct Replica {
    address: ServerAddress,
    /// The position at the last probe; none when the replica did not answer.
    replayed: Mutex<Option<WalPosition>>,
}

/// The last known state of the primary.
#[derive(Default)]
struct PrimaryStatus {
    /// Positions that the primary had reached when it was asked, the oldest first.
    samples: VecDeque<(Instant, WalPosition)>,
    is_down: bool,
}

/// The replicas of an engine.
pub(crate) struct Replicas {
    list: Vec<Replica>,
    max_lag: Duration,
    options: Arc<PostgresOptions>,
    primary: Mutex<PrimaryStatus>,
    home: ServerAddress,
    next: AtomicUsize,
    watched: Once,
}

impl Replicas {
    /// `BAD_REQUEST` for a URL that cannot be read, or a lag that is too small to be measured.
    pub(crate) fn new(home: &Target, options: &Arc<PostgresOptions>) -> Result<Self> {
        if options.max_lag < MAX_LAG_MIN {
            let message = format!("a replica cannot be held to less than {} ms", MAX_LAG_MIN.as_millis());
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        let replica = |url: &String| {
            let address = ServerAddress::new(&Target::parse(url, options.connect_timeout)?)?;
            Ok(Replica { address, replayed: Mutex::default() })
        };
        Ok(Self {
            list: options.replicas.iter().map(replica).collect::<Result<_>>()?,
            max_lag: options.max_lag,
            options: Arc::clone(options),
            primary: Mutex::default(),
            home: ServerAddress::new(home)?,
            next: AtomicUsize::new(0),
            watched: Once::new(),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Makes a pool of connections to one database for each replica.
    pub(crate) fn pools(&self, database: &str) -> Result<Vec<Pool>> {
        let pool = |replica: &Replica| {
            let mut config = replica.address.config.clone();
            config.dbname(database);
            Pool::new(config, replica.address.tls.clone(), &self.options)
        };
        self.list.iter().map(pool).collect()
    }

    /// Probes the servers from now on, as long as the engine lives.
    pub(crate) fn watch(self: &Arc<Self>) {
        if !self.is_empty() {
            self.watched.call_once(|| drop(tokio::spawn(watch(Arc::downgrade(self)))));
        }
    }

    pub(crate) fn primary_is_down(&self) -> bool {
        self.primary.lock().is_down
    }

    /// The replicas that are not too far behind, in the order in which they are to be tried. They take turns in being
    /// the first. With a position, only the replicas that have reached it.
    pub(crate) fn usable(&self, seen: Option<WalPosition>) -> Vec<usize> {
        let count = self.list.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut order: Vec<usize> = (0..count).map(|turn| first.wrapping_add(turn) % count).collect();
        let primary = self.primary.lock();
        order.retain(|&index| {
            let replayed = *self.list[index].replayed.lock();
            let Some(replayed) = replayed.filter(|replayed| seen.is_none_or(|seen| *replayed >= seen)) else {
                return false;
            };
            primary.lag_of(replayed).is_some_and(|lag| lag <= self.max_lag)
        });
        order
    }

    /// Leaves a replica out that did not answer, until a probe reaches it again.
    pub(crate) fn mark_lost(&self, index: usize) {
        *self.list[index].replayed.lock() = None;
    }

    fn pause(&self) -> Duration {
        (self.max_lag / PROBES_PER_LAG).min(PAUSE_MAX)
    }

    async fn probe(&self, connections: &mut ProbeConnections) {
        let asked_at = Instant::now();
        let written = connections.primary.ask(&self.home, &self.options, Role::Primary).await;
        self.primary.lock().record(asked_at, written);
        let probes =
            self.list.iter().zip(&mut connections.replicas).map(|(replica, connection)| async move {
                let replayed = connection.ask(&replica.address, &self.options, Role::Replica).await;
                *replica.replayed.lock() = replayed;
            });
        join_all(probes).await;
    }
}

impl PrimaryStatus {
    fn record(&mut self, asked_at: Instant, written: Option<WalPosition>) {
        self.is_down = written.is_none();
        let Some(written) = written else { return };
        // After a fail-over the log continues from the position of the new primary.
        self.samples.retain(|(_, position)| *position <= written);
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back((asked_at, written));
    }

    /// The lag of a replica that has replayed the log up to this position. It stands still while the primary is down.
    fn lag_of(&self, replayed: WalPosition) -> Option<Duration> {
        let now = if self.is_down { self.samples.back()?.0 } else { Instant::now() };
        let shown = self.samples.iter().rev().find(|(_, position)| *position <= replayed)?;
        Some(now.saturating_duration_since(shown.0))
    }
}

#[derive(Clone, Copy)]
enum Role {
    Primary,
    Replica,
}

/// The connection that a server is probed on.
#[derive(Default)]
struct ProbeConnection(Option<Connection>);

struct ProbeConnections {
    primary: ProbeConnection,
    replicas: Vec<ProbeConnection>,
}

impl ProbeConnection {
    async fn ask(
        &mut self,
        address: &ServerAddress,
        options: &PostgresOptions,
        role: Role,
    ) -> Option<WalPosition> {
        let connection = self.0.take().filter(Connection::is_usable);
        let asking = async {
            let connection = match connection {
                Some(connection) => connection,
                None => Connection::open(&address.config, address.tls.clone(), options).await?,
            };
            let position = match role {
                Role::Primary => wal_position::primary_position(&connection).await?,
                Role::Replica => wal_position::replica_position(&connection).await?,
            };
            Ok::<_, Error>((connection, position))
        };
        match tokio::time::timeout(PROBE_TIMEOUT, asking).await {
            Ok(Ok((connection, position))) => {
                self.0 = Some(connection);
                Some(position)
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "a look at a server failed");
                None
            }
            Err(_) => None,
        }
    }
}

async fn watch(replicas: Weak<Replicas>) {
    let Some(count) = replicas.upgrade().map(|replicas| replicas.list.len()) else { return };
    let mut connections = ProbeConnections {
        primary: ProbeConnection::default(),
        replicas: (0..count).map(|_| ProbeConnection::default()).collect(),
    };
    loop {
        let Some(replicas) = replicas.upgrade() else { return };
        replicas.probe(&mut connections).await;
        let pause = replicas.pause();
        drop(replicas);
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn primary(samples: &[(u64, u64)]) -> PrimaryStatus {
        let mut primary = PrimaryStatus::default();
        for (age, position) in samples {
            let asked_at = Instant::now().checked_sub(Duration::from_millis(*age)).unwrap();
            primary.record(asked_at, Some(WalPosition(*position)));
        }
        primary
    }

    #[test]
    fn it_measures_the_lag_of_a_replica() {
        let primary = primary(&[(3_000, 10), (2_000, 20), (1_000, 30)]);
        let lag = |position| primary.lag_of(WalPosition(position)).map(|lag| lag.as_millis() / 500);
        assert_eq!((lag(30), lag(29), lag(10), lag(9)), (Some(2), Some(4), Some(6), None));
    }

    #[test]
    fn no_replica_falls_behind_an_idle_primary() {
        let idle = primary(&[(3_000, 10), (2_000, 10), (0, 10)]);
        assert!(idle.lag_of(WalPosition(10)).unwrap() < Duration::from_secs(1));
    }

    #[test]
    fn the_lag_stands_still_while_the_primary_is_down() {
        let mut down = primary(&[(60_000, 10), (59_000, 20)]);
        assert!(down.lag_of(WalPosition(20)).unwrap() > Duration::from_secs(50));
        down.record(Instant::now(), None);
        assert_eq!(down.lag_of(WalPosition(20)), Some(Duration::ZERO));
        assert_eq!(down.lag_of(WalPosition(10)).map(|lag| lag.as_secs()), Some(1));
    }

    #[test]
    fn the_lag_follows_the_new_log_after_a_fail_over() {
        let mut primary = primary(&[(2_000, 10), (1_000, 40)]);
        primary.record(Instant::now(), Some(WalPosition(30)));
        assert!(primary.lag_of(WalPosition(30)).unwrap() < Duration::from_millis(500));
    }
}
