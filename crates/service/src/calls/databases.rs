//! The calls on databases as a whole.

use phantomdb_protocol::{Databases, ErrorCode, Named, Result};

use crate::{context::ExecutionContext, reply::json, service::Service};

impl Service {
    pub(super) async fn list_databases(&self) -> Result<String> {
        json(&Databases { databases: self.engine.databases().await? })
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

    /// Drops the database and, where snapshots are limited, its snapshots.
    pub(super) async fn drop_database(&self, name: String, context: &ExecutionContext) -> Result<String> {
        context.refuse_in_transaction()?;
        self.engine.drop_database(&name).await?;
        self.snapshots.forget_database(&name);
        Ok(String::new())
    }
}
