//! Chooses the server that runs a read: a shared connection, a replica or the primary.

use std::sync::Arc;

use futures_util::future::join;
use phantomdb_engine::Access;
use phantomdb_protocol::{Error, ErrorCode, Result, ResultSet, Statement};

use crate::{
    autocommit::run_statement,
    connection::Connection,
    database::Database,
    limited_access,
    plan_cache::Plan,
    wal_position::{self, WalPosition},
};

/// The position of the log up to which a caller has seen the database.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SeenPosition {
    /// The caller has seen no write.
    Nothing,
    UpTo(WalPosition),
    /// The caller shows a position that is not this engine's. Only the primary certainly has it.
    Unknown,
}

/// The caller of a read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadingCaller {
    pub(crate) seen: SeenPosition,
    pub(crate) access: Access,
}

impl ReadingCaller {
    /// Runs a read on a connection. What a caller runs who can only read is in a transaction that cannot write.
    async fn run(
        self,
        connection: &Connection,
        plan: &Arc<Plan>,
        statement: &Statement,
    ) -> Result<ResultSet> {
        if self.access.only_reads() {
            Box::pin(limited_access::read(connection, self.access, plan, statement)).await
        } else {
            run_statement(connection, plan, statement).await
        }
    }
}

/// The outcome of a read on a replica.
enum ReplicaRead {
    Answered(Result<ResultSet>),
    /// The replica has not reached the position.
    Behind,
    Lost,
    /// The primary may be able to answer: the table is new, or the replay of the log cancelled the query.
    Refused(Error),
}

/// Runs a read on a replica that is close enough to the primary, else on the primary. When the primary is down, any
/// replica that has all that the caller has seen will do.
pub(crate) async fn read(
    database: &Database,
    caller: ReadingCaller,
    plan: &Arc<Plan>,
    statement: &Statement,
) -> Result<ResultSet> {
    match caller.seen {
        // Without replicas the future stays small; see `run_statement`.
        _ if !database.is_tracked() => {
            if let Some(pipeline) = database.pipeline()
                && !caller.access.only_reads()
                && let Some(answer) = pipeline.read(plan, statement).await
            {
                return answer;
            }
            read_from_primary(database, caller, plan, statement).await
        }
        SeenPosition::Unknown => read_from_primary(database, caller, plan, statement).await,
        // A replica may lack what an unknown function needs.
        _ if !plan.adapted.pure => read_from_primary(database, caller, plan, statement).await,
        SeenPosition::Nothing => {
            Box::pin(read_from_replica_or_primary(database, caller, None, plan, statement)).await
        }
        SeenPosition::UpTo(position) => {
            Box::pin(read_from_replica_or_primary(database, caller, Some(position), plan, statement)).await
        }
    }
}

/// Runs a read on the primary.
async fn read_from_primary(
    database: &Database,
    caller: ReadingCaller,
    plan: &Arc<Plan>,
    statement: &Statement,
) -> Result<ResultSet> {
    let lease = database.lease().await?;
    let outcome = caller.run(&lease, plan, statement).await;
    if matches!(&outcome, Err(error) if error.code == ErrorCode::Unavailable) {
        lease.mark_unusable();
    }
    lease.give_back();
    match outcome {
        // A server that was restarted has closed all connections. A read can be repeated.
        Err(error) if error.code == ErrorCode::Unavailable => {
            database.primary.forget_idle();
            Box::pin(async {
                let lease = database.lease().await?;
                let outcome = caller.run(&lease, plan, statement).await;
                lease.give_back();
                outcome
            })
            .await
        }
        outcome => outcome,
    }
}

/// Runs a read on a replica that has reached the position, else on the primary.
async fn read_from_replica_or_primary(
    database: &Database,
    caller: ReadingCaller,
    position: Option<WalPosition>,
    plan: &Arc<Plan>,
    statement: &Statement,
) -> Result<ResultSet> {
    let down = database.replicas.primary_is_down();
    let mut refusal = None;
    let known = if down { None } else { position };
    match try_replicas(database, caller, (known, position), plan, statement).await {
        Some(ReplicaRead::Answered(answer)) => return answer,
        Some(ReplicaRead::Refused(error)) => refusal = Some(error),
        _ => {}
    }
    let answer = read_from_primary(database, caller, plan, statement).await;
    match answer {
        Err(error) if error.code == ErrorCode::Unavailable => {
            // The last probe of the replicas may be older than what they have by now.
            match try_replicas(database, caller, (None, position), plan, statement).await {
                Some(ReplicaRead::Answered(answer)) => answer,
                Some(ReplicaRead::Refused(refused)) => Err(refused),
                _ => Err(refusal.unwrap_or(error)),
            }
        }
        answer => answer,
    }
}

/// Tries the usable replicas, and gives the first attempt with an outcome. `known` is the position that a replica had
/// to have reached at the last probe, `position` the one that it must have reached when it reads.
async fn try_replicas(
    database: &Database,
    caller: ReadingCaller,
    (known, position): (Option<WalPosition>, Option<WalPosition>),
    plan: &Arc<Plan>,
    statement: &Statement,
) -> Option<ReplicaRead> {
    for index in database.replicas.usable(known) {
        match try_replica(database, caller, (index, position), plan, statement).await {
            ReplicaRead::Lost => database.replicas.mark_lost(index),
            ReplicaRead::Behind => {}
            outcome => return Some(outcome),
        }
    }
    None
}

/// Runs a read on one replica. The connection that reads is also asked for its position: one address may stand for
/// several servers, and a server that was restarted may have lost ground.
async fn try_replica(
    database: &Database,
    caller: ReadingCaller,
    (index, position): (usize, Option<WalPosition>),
    plan: &Arc<Plan>,
    statement: &Statement,
) -> ReplicaRead {
    let lease = match database.lease_replica(index).await {
        Ok(lease) => lease,
        Err(error) if error.code == ErrorCode::Unavailable => return ReplicaRead::Lost,
        Err(error) => return ReplicaRead::Refused(error),
    };
    let (reached, outcome) = match position {
        None => (Ok(true), caller.run(&lease, plan, statement).await),
        Some(position) => {
            let (replayed, outcome) =
                join(wal_position::replica_position(&lease), caller.run(&lease, plan, statement)).await;
            (replayed.map(|replayed| replayed >= position), outcome)
        }
    };
    lease.give_back();
    match (reached, outcome) {
        (Err(_), _) => ReplicaRead::Lost,
        (Ok(false), _) => ReplicaRead::Behind,
        (Ok(true), Err(error)) if error.code == ErrorCode::Unavailable => ReplicaRead::Lost,
        // A query that took too long here would take too long on the primary too.
        (Ok(true), Err(error)) if error.code != ErrorCode::StatementTimeout => ReplicaRead::Refused(error),
        (Ok(true), outcome) => ReplicaRead::Answered(outcome),
    }
}
