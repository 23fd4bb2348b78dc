//! The console of a dialect's databases.

use std::sync::Arc;

use phantomdb_client::Client;
use phantomdb_protocol::{Error, Result};
use phantomdb_server::studio::Studio;
use tokio::sync::Mutex;

/// The console of one dialect, while it is served.
#[derive(Default)]
pub(crate) struct StudioSlot(Mutex<Option<Studio>>);

impl StudioSlot {
    /// The URL of the console of an embedded database, which is served from now on.
    pub(crate) async fn url(&self, client: &Client) -> Result<String> {
        let mut slot = self.0.lock().await;
        if let Some(studio) = &*slot {
            return Ok(studio.url().to_owned());
        }
        let service = client.embedded_service().await?;
        let service =
            service.ok_or_else(|| Error::internal("the server of the databases has its own console"))?;
        let studio = slot.insert(Studio::start(service).await?);
        Ok(studio.url().to_owned())
    }

    /// Closes the client, and before it the console, which uses its databases.
    pub(crate) async fn close(self: Arc<Self>, client: Arc<Client>) -> Result<()> {
        let studio = self.0.lock().await.take();
        if let Some(studio) = studio {
            studio.stop().await;
        }
        client.close().await
    }
}
