//! The calls that begin and end transactions.

use std::{sync::Arc, time::Duration};

use phantomdb_protocol::{
    BeginTransaction, Error, ErrorCode, Result, TransactionBegun, transaction_id::database_of,
};
use tokio::task::JoinError;

use crate::{context::ExecutionContext, reply::json, service::Service};

impl Service {
    pub(super) async fn begin_transaction(
        &self,
        options: BeginTransaction,
        context: &ExecutionContext,
    ) -> Result<String> {
        context.refuse_in_transaction()?;
        let timeout = options.timeout.map_or(self.options.transaction_timeout, Duration::from_millis);
        let timeout = timeout.clamp(Duration::from_millis(1), self.options.transaction_timeout_max);
        let slot = self.transactions.reserve()?;
        let transaction = self.engine.begin(&options).await?;
        let id = self.transactions.add(slot, transaction, options, context.token.clone(), timeout);
        json(&TransactionBegun {
            transaction_id: id,
            timeout: milliseconds(timeout),
            server: self.options.advertise.clone(),
        })
    }

    pub(super) async fn commit_transaction(&self, id: String, context: &ExecutionContext) -> Result<String> {
        context.refuse_in_transaction()?;
        let (transactions, owner) = (Arc::clone(&self.transactions), context.token.clone());
        let idempotent_call = context.idempotent_call.clone();
        let database = database_of(&id);
        // The commit runs on a task of its own, so that a caller who goes away does not leave it half done.
        let committing = tokio::spawn(async move {
            transactions.commit(&id, owner.as_deref(), idempotent_call.as_ref()).await
        });
        match (committing.await.unwrap_or_else(broken_off), database) {
            (Ok(session), _) => {
                context.set_session(&session);
                Ok(String::new())
            }
            // A server that stopped before it could answer may have made the commit.
            (Err(error), Some(database)) if is_outcome_unknown(&error) => {
                let session = self.session(&database, context).await;
                if matches!(session, Ok(session) if session.has_run().await?) {
                    Ok(String::new())
                } else {
                    Err(error)
                }
            }
            (Err(error), _) => Err(error),
        }
    }

    pub(super) async fn rollback_transaction(
        &self,
        id: String,
        context: &ExecutionContext,
    ) -> Result<String> {
        context.refuse_in_transaction()?;
        let (transactions, owner) = (Arc::clone(&self.transactions), context.token.clone());
        // It runs on a task of its own, like a commit.
        let rolling_back = tokio::spawn(async move { transactions.rollback(&id, owner.as_deref()).await });
        rolling_back.await.unwrap_or_else(broken_off)?;
        Ok(String::new())
    }
}

fn broken_off<T>(_: JoinError) -> Result<T> {
    Err(Error::internal("the end of the transaction broke off"))
}

/// True when this server does not know how the transaction ended.
fn is_outcome_unknown(error: &Error) -> bool {
    matches!(error.code, ErrorCode::TransactionExpired | ErrorCode::WrongServer)
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
