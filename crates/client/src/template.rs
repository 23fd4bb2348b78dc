//! What databases begin as that are made when they are first used.

use std::path::PathBuf;

use phantomdb_protocol::Result;
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::embedded::{Held, hold_file};

/// What a new database begins as.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TemplateOption {
    /// A file that a snapshot was saved to.
    Path(PathBuf),
    /// The id of a snapshot.
    Snapshot(String),
}

pub(super) struct Template {
    option: TemplateOption,
    loaded: OnceCell<Held>,
}

impl Template {
    pub(super) fn new(option: TemplateOption) -> Self {
        Self { option, loaded: OnceCell::new() }
    }

    /// The id of the snapshot. The file is read when the first database is made, and not again.
    pub(super) async fn id(&self) -> Result<String> {
        let path = match &self.option {
            TemplateOption::Snapshot(id) => return Ok(id.clone()),
            TemplateOption::Path(path) => path.clone(),
        };
        Ok(self.loaded.get_or_try_init(|| hold_file(path)).await?.id().to_owned())
    }
}
