//! The runtime of one session, which runs on the thread that waits for a call, and only while it waits. So a call to a server
//! is sent and its answer is read on that thread. Waking another thread in between takes as long as a short call itself.

use phantomdb_client::Connections;
use pyo3::{exceptions::PyRuntimeError, prelude::*};
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
};

use crate::runtime::block_on_runtime;

/// The runtime of a session with a server, and the connections whose tasks it runs.
pub(crate) struct OwnRuntime {
    /// Taken when it is dropped.
    runtime: Option<Runtime>,
    connections: Connections,
    process: u32,
}

impl OwnRuntime {
    pub(crate) fn new() -> PyResult<Self> {
        let made = Builder::new_current_thread().enable_io().enable_time().build();
        let made =
            made.map_err(|error| PyRuntimeError::new_err(format!("no event loop for the client: {error}")))?;
        Ok(Self { runtime: Some(made), connections: Connections::default(), process: std::process::id() })
    }

    /// Waits for the future without the GIL: see [`crate::runtime::block_on`].
    pub(crate) fn block_on<T: Send>(
        &self,
        py: Python<'_>,
        future: impl Future<Output = T> + Send,
    ) -> PyResult<T> {
        let Some(runtime) = &self.runtime else {
            return Err(PyRuntimeError::new_err("the connection is closed"));
        };
        let work = async {
            // Nothing ran since the last call. The tasks of the connections see first whether the server has closed them.
            yield_now().await;
            self.connections.scope(future).await
        };
        block_on_runtime(py, runtime, work)
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        if self.process == std::process::id() {
            // It does not wait for a look-up of a name, and may be dropped anywhere.
            runtime.shutdown_background();
        } else {
            // A process that was forked shares the poll of its parent. Taking the sockets out of it would leave the parent
            // waiting for ever.
            std::mem::forget(runtime);
        }
    }
}
