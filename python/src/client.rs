//! The client of one connection string, which the connections of an engine share.

use std::{mem::ManuallyDrop, path::PathBuf, sync::Arc};

use phantomdb_client::{ClientOptions, HeldSnapshot};
use phantomdb_protocol::{Error, ErrorCode};
use pyo3::prelude::*;

use crate::{
    error::{raise, to_python},
    runtime::block_on,
    session::Session,
};

/// The client of one connection string. Nothing is opened before the first call.
#[pyclass(frozen, module = "phantomdb._native")]
pub(crate) struct Client(Arc<phantomdb_client::Client>);

#[pymethods]
impl Client {
    /// `options` is the JSON of the client's options.
    #[new]
    fn new(py: Python<'_>, connection_string: &str, options: &str) -> PyResult<Self> {
        let options: ClientOptions = serde_json::from_str(options)
            .map_err(|error| raise(py, "ProgrammingError", format!("an option is wrong: {error}")))?;
        let client = phantomdb_client::Client::new(connection_string, options)
            .map_err(|error| to_python(py, &error))?;
        Ok(Self(Arc::new(client)))
    }

    /// The connection string, which holds no secret.
    #[getter]
    fn url(&self) -> &str {
        self.0.url()
    }

    /// True when the databases are on a server.
    #[getter]
    fn is_remote(&self) -> bool {
        self.0.is_remote()
    }

    /// A session in the database of that name.
    #[pyo3(signature = (database, autocommit=false))]
    fn session(&self, database: &str, autocommit: bool) -> Session {
        Session::new(Arc::clone(&self.0), database.to_owned(), autocommit)
    }

    /// Writes a snapshot that this process keeps to a file, as a database of SQLite.
    fn save_snapshot(&self, py: Python<'_>, id: String, path: PathBuf) -> PyResult<()> {
        if self.0.is_remote() {
            let message = "a server keeps its snapshots; save those of a database in this process";
            return Err(to_python(py, &Error::new(ErrorCode::Unsupported, message)));
        }
        // The snapshot goes on to be known by its id.
        let snapshot = ManuallyDrop::new(HeldSnapshot::new(id)).snapshot();
        let saved = snapshot.and_then(|snapshot| py.detach(|| snapshot.save(&path)));
        saved.map_err(|error| to_python(py, &error))
    }

    /// Closes what the client has opened. Later calls of its sessions fail.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let client = Arc::clone(&self.0);
        let closed = block_on(py, async move { client.close().await })?;
        closed.map_err(|error| to_python(py, &error))
    }
}
