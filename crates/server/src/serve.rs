//! Serving until the process is asked to stop, and a graceful stop.

use std::{future::Future, io, sync::Arc, time::Duration};

use phantomdb_service::Service;
use tokio::sync::watch;

use crate::http::{HttpServer, Listener, PortUse, router};

/// How long connections may take to close once every call is answered. Two ends of HTTP/2 that close at the same moment can
/// wait for each other.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// Serves until `stop` is done. Then it refuses new calls, rolls back open transactions, waits for the calls that run, for
/// `grace` at most, and closes the engine.
pub(crate) async fn serve(
    listener: Listener,
    server: Arc<HttpServer>,
    service: Arc<Service>,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> io::Result<()> {
    let (stopping, mut stopped) = watch::channel(false);
    let (answered, mut all_answered) = watch::channel(false);
    let draining = Arc::clone(&server);
    let stop = async move {
        stop.await;
        // The receiver lives as long as this function.
        let _ = stopping.send(true);
        draining.drain().await;
        let _ = answered.send(true);
    };
    let calls = router(server).into_make_service_with_connect_info::<PortUse>();
    let serving = axum::serve(listener, calls).with_graceful_shutdown(stop);
    let overdue = async move {
        // An error means that `stop` was dropped, which is at the end of serving.
        let _ = stopped.wait_for(|stopped| *stopped).await;
        let closing = async {
            let _ = all_answered.wait_for(|answered| *answered).await;
            tokio::time::sleep(CLOSE_TIMEOUT).await;
        };
        tokio::time::timeout(grace, closing).await.is_ok()
    };
    let served = tokio::select! {
        served = serving.into_future() => served,
        answered = overdue => {
            if !answered {
                tracing::warn!("requests still ran after {} s and were cut off", grace.as_secs());
            }
            Ok(())
        }
    };
    if tokio::time::timeout(grace, service.close()).await.is_err() {
        tracing::warn!("the engine did not close within {} s", grace.as_secs());
    }
    served
}

/// Listens for Ctrl-C and SIGTERM. The future that it returns is done when one of them comes.
pub(crate) async fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    {
        Ok(async {
            if tokio::signal::ctrl_c().await.is_err() {
                // No signal can be listened for, so the process serves until it is killed.
                std::future::pending::<()>().await;
            }
        })
    }
}
