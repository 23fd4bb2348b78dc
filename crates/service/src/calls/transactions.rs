//! The calls that begin and end transactions.

use std::{
    future::poll_fn,
    sync::{Arc, atomic::AtomicBool},
    task::Poll,
    time::Duration,
};

use phantomdb_protocol::{
    BeginTransaction, BegunTransaction, Error, ErrorCode, NewTransaction, Result, TransactionBegun,
    transaction_id::database_of,
};

use crate::{
    context::{ExecutionContext, UnansweredTransaction},
    milliseconds::milliseconds,
    open_transactions::{Owner, TransactionTurn},
    reply::json,
    service::Service,
};

impl Service {
    pub(super) async fn begin_transaction(
        &self,
        options: BeginTransaction,
        context: &ExecutionContext,
    ) -> Result<String> {
        context.refuse_in_transaction()?;
        json(&self.begin(options, context).await?)
    }

    /// Begins a transaction with its first call, and returns the turn of that call in it.
    pub(crate) async fn begin_with_call(
        &self,
        database: &str,
        new: &NewTransaction,
        context: &ExecutionContext,
    ) -> Result<TransactionTurn> {
        let options = BeginTransaction { database: database.to_owned(), ..new.options.clone() };
        let begun = self.begin(options, context).await?;
        let (id, owner) = (begun.transaction_id.clone(), context.token.as_deref());
        context.set_begun(UnansweredTransaction {
            transactions: Arc::clone(&self.transactions),
            id: id.clone(),
            owner: owner.map(str::to_owned),
            is_answered: AtomicBool::new(false),
        });
        new.begun.get_or_init(|| BegunTransaction { id: id.clone(), server: begun.server });
        self.transactions.turn(&id, owner, database, context.grant.access(database)?).await
    }

    async fn begin(&self, options: BeginTransaction, context: &ExecutionContext) -> Result<TransactionBegun> {
        let timeout = options.timeout.map_or(self.options.transaction_timeout, Duration::from_millis);
        let timeout = timeout.clamp(Duration::from_millis(1), self.options.transaction_timeout_max);
        let slot = self.transactions.reserve()?;
        let access = context.grant.access(&options.database)?;
        let transaction = self.engine.begin_with(&options, access).await?;
        let owner = Owner { token: context.token.clone(), name: context.grant.name().map(str::to_owned) };
        let id = self.transactions.add(slot, transaction, options, (owner, access), timeout);
        Ok(TransactionBegun {
            transaction_id: id,
            timeout: milliseconds(timeout),
            server: self.options.advertise.clone(),
        })
    }

    pub(super) async fn commit_transaction(&self, id: String, context: &ExecutionContext) -> Result<String> {
        context.refuse_in_transaction()?;
        let (transactions, owner) = (Arc::clone(&self.transactions), context.token.clone());
        let idempotent_call = context.idempotent_call.clone();
        let (database, grant) = (database_of(&id), Arc::clone(&context.grant));
        let committing = async move {
            let access = |database: &str| grant.access(database);
            transactions.commit(&id, owner.as_deref(), access, idempotent_call.as_ref()).await
        };
        match (to_its_end(committing).await, database) {
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
        to_its_end(async move { transactions.rollback(&id, owner.as_deref()).await }).await?;
        Ok(String::new())
    }
}

/// Ends a transaction. When that has to wait it goes on in a task of its own, so that a caller who goes away does not leave
/// it half done.
async fn to_its_end<T: Send + 'static>(end: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let mut end = Box::pin(end);
    match poll_fn(|context| Poll::Ready(end.as_mut().poll(context))).await {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => tokio::spawn(end)
            .await
            .unwrap_or_else(|_| Err(Error::internal("the end of the transaction broke off"))),
    }
}

/// True when this server does not know how the transaction ended.
fn is_outcome_unknown(error: &Error) -> bool {
    matches!(error.code, ErrorCode::TransactionExpired | ErrorCode::WrongServer)
}
