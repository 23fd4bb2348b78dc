//! The call that describes the server.

use phantomdb_protocol::{EngineInfo, Limits, Result, ServerInfo};

use crate::{milliseconds::milliseconds, reply::json, service::Service};

impl Service {
    pub(super) async fn server_info(&self) -> Result<String> {
        let limits = Limits {
            transaction_timeout: milliseconds(self.options.transaction_timeout),
            transaction_timeout_max: milliseconds(self.options.transaction_timeout_max),
            transactions: self.options.transactions_max,
            batch_statements: self.options.batch_max,
            snapshots: if self.options.allow_snapshots { self.options.snapshots.count } else { 0 },
            snapshot_bytes: self.options.snapshots.bytes,
        };
        json(&ServerInfo {
            name: "phantomdb".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            engine: EngineInfo { name: self.engine.name().to_owned(), version: self.engine.version().await? },
            limits,
        })
    }
}
