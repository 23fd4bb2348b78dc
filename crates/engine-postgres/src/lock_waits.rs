//! The statements that wait for a lock, as the server lists them.

use std::time::Duration;

use phantomdb_engine::LockWait;
use phantomdb_protocol::{Error, Result};
use tokio_postgres::Row;

use crate::{connection::Connection, error};

/// Only a session that waits is asked who blocks it, because the answer needs all of the server's locks for a moment.
const WAITS: &str = "SELECT datname::text, pid, pg_catalog.pg_blocking_pids(pid), \
     GREATEST(0, EXTRACT(EPOCH FROM clock_timestamp() - query_start) * 1000)::bigint \
     FROM pg_catalog.pg_stat_activity \
     WHERE wait_event_type = 'Lock' AND datname IS NOT NULL ORDER BY query_start";

/// The statements that wait in any database of the server, the one that was sent first first. A transaction has the number of its
/// server process. A role that is no superuser sees the waits of its own sessions only.
pub(crate) async fn list(connection: &Connection) -> Result<Vec<LockWait>> {
    // Databases that only speak PostgreSQL's protocol do not say who waits.
    if !connection.traits.is_postgresql() {
        return Ok(Vec::new());
    }
    let rows = connection.client().query_typed(WAITS, &[]).await.map_err(|error| error::explain(&error))?;
    rows.iter()
        .map(read)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| Error::internal(format!("the list of waiting statements cannot be read: {error}")))
}

fn read(row: &Row) -> std::result::Result<LockWait, tokio_postgres::Error> {
    let waited: i64 = row.try_get::<_, Option<i64>>(3)?.unwrap_or_default();
    let holders: Vec<i32> = row.try_get(2)?;
    Ok(LockWait {
        database: row.try_get(0)?,
        waiter: number(row.try_get(1)?),
        holders: holders.into_iter().map(number).collect(),
        waited_for: Duration::from_millis(u64::try_from(waited).unwrap_or_default()),
    })
}

/// The number of a server process. A prepared transaction, which has none, counts as process 0.
fn number(process: i32) -> Option<u64> {
    u64::try_from(process).ok().filter(|&process| process > 0)
}
