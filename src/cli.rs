//! The command line of the server, in the process of Node.

use phantomdb_protocol::{Error, Result};

/// The server has a runtime of its own, which may not be started from a thread of another one.
pub(crate) async fn run_cli(args: Vec<String>) -> Result<i32> {
    let (done, exit_code) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("phantomdb".to_owned())
        .spawn(move || {
            let args = std::iter::once("phantomdb".to_owned()).chain(args).collect();
            // Nobody waits any more when Node is on its way out.
            let _ = done.send(phantomdb_server::cli::run(args));
        })
        .map_err(|error| Error::internal(format!("the server's thread could not be started: {error}")))?;
    exit_code.await.map_err(|_| Error::internal("the server failed inside; its log says why"))
}
