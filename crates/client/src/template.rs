//! The template of databases that are created on first use.

use std::path::PathBuf;

use phantomdb_protocol::Result;
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::embedded::{HeldSnapshot, hold_file};

/// The content that a new database starts with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TemplateOption {
    /// A file that holds a snapshot.
    Path(PathBuf),
    /// The id of a snapshot.
    Snapshot(String),
}

pub(crate) struct Template {
    option: TemplateOption,
    loaded: OnceCell<HeldSnapshot>,
}

impl Template {
    pub(crate) fn new(option: TemplateOption) -> Self {
        Self { option, loaded: OnceCell::new() }
    }

    /// The id of the snapshot. A file is read when the first database is created, and not again.
    pub(crate) async fn id(&self) -> Result<String> {
        let path = match &self.option {
            TemplateOption::Snapshot(id) => return Ok(id.clone()),
            TemplateOption::Path(path) => path.clone(),
        };
        Ok(self.loaded.get_or_try_init(|| hold_file(path)).await?.id().to_owned())
    }
}
