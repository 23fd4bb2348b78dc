//! The calls on databases as a whole.

use phantomdb_protocol::{Databases, ErrorCode, Named, Result};

use crate::{context::ExecutionContext, reply::json, service::Service};

impl Service {
    /// Lists the databases that the caller may use.
    pub(super) async fn list_databases(&self, context: &ExecutionContext) -> Result<String> {
        let mut databases = self.engine.databases().await?;
        databases.retain(|name| context.grant.covers(name));
        json(&Databases { databases })
    }

    pub(super) async fn create_database(
        &self,
        name: String,
        if_not_exists: bool,
        template: Option<String>,
        context: &ExecutionContext,
    ) -> Result<String> {
        context.refuse_in_transaction()?;
        let created = match template {
            None => self.engine.create_database(&name).await,
            Some(template) => self.create_database_from(&name, &template, context).await,
        };
        match created {
            Err(error) if if_not_exists && error.code == ErrorCode::AlreadyExists => {}
            created => created?,
        }
        json(&Named { name })
    }

    pub(super) async fn compact_database(
        &self,
        database: String,
        context: &ExecutionContext,
    ) -> Result<String> {
        context.refuse_in_transaction()?;
        self.engine.compact(&database).await?;
        Ok(String::new())
    }

    /// Drops the database and, where snapshots are limited, its snapshots.
    pub(super) async fn drop_database(&self, name: String, context: &ExecutionContext) -> Result<String> {
        context.refuse_in_transaction()?;
        self.engine.drop_database(&name).await?;
        self.snapshots.forget_database(&name);
        Ok(String::new())
    }
}
