//! Chooses the server that runs a read: a shared connection, a replica or the primary.

use futures_util::future::join;
use phantomdb_protocol::{Error, ErrorCode, Result, ResultSet, Statement};

use crate::{
    autocommit::run_statement,
    database::Database,
    plan_cache::Plan,
    wal_position::{self, WalPosition},
};

/// Up to where a caller has seen the database.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SeenPosition {
    /// It has written nothing that it knows of.
    Nothing,
    UpTo(WalPosition),
    /// It shows what this engine did not give: only the primary is sure to have it.
    Unknown,
}

/// How reading from a replica came out.
enum ReplicaRead {
    Answered(Result<ResultSet>),
    /// It has not come as far as it must.
    Behind,
    Lost,
    /// The primary may know better: a table that has just been made, or a query that replaying stopped.
    Refused(Error),
}

/// Runs a statement that only reads: on a replica when one is fit, else on the primary. When that is down, on any
/// replica that has all that the caller has seen.
pub(crate) async fn read(
    database: &Database,
    seen: SeenPosition,
    plan: &Plan,
    statement: &Statement,
) -> Result<ResultSet> {
    match seen {
        // The commonest case is a small future; see `once`.
        _ if !database.is_tracked() => {
            if let Some(pipeline) = &database.pipeline
                && let Some(answer) = pipeline.read(plan, statement).await
            {
                return answer;
            }
            on_primary(database, plan, statement).await
        }
        SeenPosition::Unknown => on_primary(database, plan, statement).await,
        SeenPosition::Nothing => Box::pin(on_some(database, None, plan, statement)).await,
        SeenPosition::UpTo(position) => Box::pin(on_some(database, Some(position), plan, statement)).await,
    }
}

/// Runs a statement that only reads.
async fn on_primary(database: &Database, plan: &Plan, statement: &Statement) -> Result<ResultSet> {
    let lease = database.lease().await?;
    let outcome = run_statement(&lease, plan, statement).await;
    if matches!(&outcome, Err(error) if error.code == ErrorCode::Unavailable) {
        lease.condemn();
    }
    lease.give_back();
    match outcome {
        // A server that was restarted has cut all connections; what only reads can be done again.
        Err(error) if error.code == ErrorCode::Unavailable => {
            database.primary.forget_idle();
            Box::pin(async {
                let lease = database.lease().await?;
                let outcome = run_statement(&lease, plan, statement).await;
                lease.give_back();
                outcome
            })
            .await
        }
        outcome => outcome,
    }
}

/// Reads on a replica that has come to the position, or on the primary.
async fn on_some(
    database: &Database,
    position: Option<WalPosition>,
    plan: &Plan,
    statement: &Statement,
) -> Result<ResultSet> {
    let down = database.replicas.primary_is_down();
    let mut refusal = None;
    match on_any(database, if down { None } else { position }, position, plan, statement).await {
        Some(ReplicaRead::Answered(answer)) => return answer,
        Some(ReplicaRead::Refused(error)) => refusal = Some(error),
        _ => {}
    }
    let answer = on_primary(database, plan, statement).await;
    match answer {
        Err(error) if error.code == ErrorCode::Unavailable => {
            // What was known of the replicas may be older than what they have.
            match on_any(database, None, position, plan, statement).await {
                Some(ReplicaRead::Answered(answer)) => answer,
                Some(ReplicaRead::Refused(refused)) => Err(refused),
                _ => Err(refusal.unwrap_or(error)),
            }
        }
        answer => answer,
    }
}

/// The first attempt that tells something. `known` is how far a replica must have come by the last look, `position`
/// how far it must have come when it reads.
async fn on_any(
    database: &Database,
    known: Option<WalPosition>,
    position: Option<WalPosition>,
    plan: &Plan,
    statement: &Statement,
) -> Option<ReplicaRead> {
    for index in database.replicas.usable(known) {
        match on_replica(database, index, position, plan, statement).await {
            ReplicaRead::Lost => database.replicas.lost(index),
            ReplicaRead::Behind => {}
            told => return Some(told),
        }
    }
    None
}

/// The replica is asked how far it has come on the very connection that reads: behind one address there may be several
/// servers, and one that was restarted may have come less far than before.
async fn on_replica(
    database: &Database,
    index: usize,
    position: Option<WalPosition>,
    plan: &Plan,
    statement: &Statement,
) -> ReplicaRead {
    let lease = match database.lease_of(index).await {
        Ok(lease) => lease,
        Err(error) if error.code == ErrorCode::Unavailable => return ReplicaRead::Lost,
        Err(error) => return ReplicaRead::Refused(error),
    };
    let (reached, outcome) = match position {
        None => (Ok(true), run_statement(&lease, plan, statement).await),
        Some(position) => {
            let (replayed, outcome) =
                join(wal_position::replica_position(&lease), run_statement(&lease, plan, statement)).await;
            (replayed.map(|replayed| replayed >= position), outcome)
        }
    };
    lease.give_back();
    match (reached, outcome) {
        (Err(_), _) => ReplicaRead::Lost,
        (Ok(false), _) => ReplicaRead::Behind,
        (Ok(true), Err(error)) if error.code == ErrorCode::Unavailable => ReplicaRead::Lost,
        // It took too long, and would again.
        (Ok(true), Err(error)) if error.code != ErrorCode::StatementTimeout => ReplicaRead::Refused(error),
        (Ok(true), outcome) => ReplicaRead::Answered(outcome),
    }
}
