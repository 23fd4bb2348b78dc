//! What can run in a transaction, and be undone when it fails.

use std::{future::Future, sync::Arc};

use phantomdb_protocol::{AlterOperation, Result, ResultSet, Statement, TableName, TableSchema};

use super::{
    alter, catalog,
    connection::Connection,
    group,
    plan::Plan,
    run::{Failure, Ready},
};

pub(super) trait Work: Sync {
    type Answer: Send;

    /// Runs it in the transaction that is open; after an error the caller rolls back.
    fn run(&self, connection: &Connection) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

/// Sees that what it sends is received.
pub(super) struct Nothing;

impl Work for Nothing {
    type Answer = ();

    async fn run(&self, _: &Connection) -> Result<(), Failure> {
        Ok(())
    }
}

impl Work for Ready<'_> {
    type Answer = ResultSet;

    async fn run(&self, connection: &Connection) -> Result<ResultSet, Failure> {
        self.send(connection).await
    }
}

/// A statement that may have to be prepared.
pub(super) struct One<'a>(pub(super) &'a Plan, pub(super) &'a Statement);

impl Work for One<'_> {
    type Answer = ResultSet;

    async fn run(&self, connection: &Connection) -> Result<ResultSet, Failure> {
        group::in_open(connection, self.0, self.1).await
    }
}

/// Statements in order.
pub(super) struct All<'a>(pub(super) &'a [Arc<Plan>], pub(super) &'a [Statement]);

impl Work for All<'_> {
    type Answer = Vec<ResultSet>;

    async fn run(&self, connection: &Connection) -> Result<Vec<ResultSet>, Failure> {
        group::in_order(connection, self.0, self.1).await
    }
}

pub(super) struct Tables;

impl Work for Tables {
    type Answer = Vec<TableName>;

    async fn run(&self, connection: &Connection) -> Result<Vec<TableName>, Failure> {
        Ok(catalog::tables(connection).await?)
    }
}

pub(super) struct Describe<'a>(pub(super) &'a TableName);

impl Work for Describe<'_> {
    type Answer = TableSchema;

    async fn run(&self, connection: &Connection) -> Result<TableSchema, Failure> {
        Ok(catalog::describe(connection, self.0).await?)
    }
}

pub(super) struct Alter<'a>(pub(super) &'a TableName, pub(super) &'a [AlterOperation]);

impl Work for Alter<'_> {
    type Answer = ();

    async fn run(&self, connection: &Connection) -> Result<(), Failure> {
        Ok(alter::alter(connection, self.0, self.1).await?)
    }
}
