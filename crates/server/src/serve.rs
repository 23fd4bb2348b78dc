//! Serving until the process is asked to stop, and a graceful stop.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use phantomdb_service::Service;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::http::{HttpServer, Listener, router, serve_connections};

/// How long connections may take to close once every call is answered. Two ends of HTTP/2 that close at the same moment can
/// wait for each other.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// The parts of the grace.
struct Deadlines {
    /// When the calls that still run are interrupted.
    cut_off: Instant,
    /// The rest: for their ends, and for the engine to close.
    reserve: Duration,
}

impl Deadlines {
    fn of(grace: Duration) -> Self {
        let reserve = (grace / 3).min(Duration::from_secs(2));
        Self { cut_off: Instant::now() + (grace - reserve), reserve }
    }
}

/// Serves until `stop` is done. Then it refuses new calls, rolls back open transactions, waits for the calls that run,
/// interrupts those that run for too long, and closes the engine: all of it within `grace`.
pub(crate) async fn serve(
    listener: Listener,
    server: Arc<HttpServer>,
    service: Arc<Service>,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) {
    let (stopping, mut stopped) = watch::channel(false);
    let (answered, mut all_answered) = watch::channel(false);
    let (draining, cutting_off) = (Arc::clone(&server), Arc::clone(&server));
    let connections = CancellationToken::new();
    let close = connections.clone();
    let stop = async move {
        stop.await;
        // The receiver lives as long as this function.
        let _ = stopping.send(true);
        draining.drain().await;
        close.cancel();
        let _ = answered.send(true);
    };
    let limits = server.options().connections.clone();
    let traces = server.options().traces.clone();
    let serving = async {
        tokio::join!(serve_connections(listener, router(server), limits, connections), stop);
    };
    let mut begun = stopped.clone();
    let overdue = async move {
        // An error means that `stop` was dropped, which is at the end of serving.
        let _ = stopped.wait_for(|stopped| *stopped).await;
        let deadlines = Deadlines::of(grace);
        let answered = async {
            let _ = all_answered.wait_for(|answered| *answered).await;
        };
        let mut answered = pin!(answered);
        if tokio::time::timeout_at(deadlines.cut_off, &mut answered).await.is_err() {
            tracing::warn!("requests that still ran after {:?} are cut off", grace - deadlines.reserve);
            cutting_off.cut_off();
            // Not only until they are answered: their connections have to write the answers, and end `serving` then.
            tokio::time::sleep_until(deadlines.cut_off + deadlines.reserve / 2).await;
        } else {
            tokio::time::sleep(CLOSE_TIMEOUT.min(deadlines.reserve)).await;
        }
    };
    // The time of the stop, for what is left of the grace when serving ends.
    let stopped_at = tokio::spawn(async move {
        let _ = begun.wait_for(|stopped| *stopped).await;
        Instant::now()
    });
    tokio::select! {
        () = serving => {}
        () = overdue => {}
    }
    service.interrupt();
    let end = match stopped_at.await {
        Ok(stopped_at) => stopped_at + grace,
        Err(_) => Instant::now() + grace,
    };
    let closing = async {
        if tokio::time::timeout_at(end, service.close()).await.is_err() {
            tracing::warn!("the engine did not close within {grace:?}");
        }
    };
    let sending = async {
        if let Some(traces) = traces {
            traces.close(end.saturating_duration_since(Instant::now())).await;
        }
    };
    tokio::join!(closing, sending);
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

/// Listens for SIGHUP, with which a terminal or a tool for logs would end the process. Each one changes the value.
pub(crate) fn hang_ups() -> io::Result<watch::Receiver<()>> {
    let (sender, receiver) = watch::channel(());
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while hang_up.recv().await.is_some() {
                tracing::info!("SIGHUP: tokens and certificates are read again");
                sender.send_replace(());
            }
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move { sender.closed().await });
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::body::Body;
    use http::Request;
    use hyper_util::{client::legacy::Client, rt::TokioExecutor};
    use phantomdb_engine_sqlite::SqliteEngine;
    use phantomdb_protocol::{Call, CallContext, ErrorCode, Statement};
    use phantomdb_service::{Grant, ServiceOptions};
    use tokio::{net::TcpListener, sync::oneshot};

    use super::*;
    use crate::http::HttpOptions;

    const RUNAWAY: &str =
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT 1 FROM c) SELECT count(*) FROM c";

    /// A service with the database "app".
    async fn service() -> (Arc<Service>, Arc<Grant>) {
        let service = Service::new(Arc::new(SqliteEngine::memory()), ServiceOptions::default());
        let create = Call::CreateDatabase { name: "app".into(), if_not_exists: false, template: None };
        let grant = Arc::new(Grant::everything());
        service.call(create, CallContext::default(), Arc::clone(&grant)).await.unwrap();
        (service, grant)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn statements_that_run_for_ever_do_not_hold_up_the_end() {
        let (service, grant) = service().await;
        let server = HttpServer::new(Arc::clone(&service), HttpOptions::default());
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // Nobody drops this call, as nobody drops a write with an idempotency key.
        let running = Arc::clone(&service);
        let running = tokio::spawn(async move {
            let statement = Statement { query: RUNAWAY.into(), ..Statement::default() };
            let call = Call::Query { database: "app".into(), statement };
            running.call(call, CallContext::default(), grant).await
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = Instant::now();
        let grace = Duration::from_millis(300);
        serve(Listener::plain(port), server, service, async {}, grace).await;
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        assert_eq!(running.await.unwrap().unwrap_err().code, ErrorCode::StatementTimeout);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn each_caller_who_is_cut_off_gets_an_answer() {
        const CALLERS: usize = 32;
        for _ in 0..3 {
            let (service, _) = service().await;
            let server = HttpServer::new(Arc::clone(&service), HttpOptions::default());
            let calls = server.calls.clone();
            let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/databases/app/query", port.local_addr().unwrap());
            let (stop, stopped) = oneshot::channel::<()>();
            let stopped = async {
                let _ = stopped.await;
            };
            // Long enough for a machine that is busy to write the answers in half of a third of it.
            let grace = Duration::from_secs(3);
            let serving = tokio::spawn(serve(Listener::plain(port), server, service, stopped, grace));
            // Over HTTP/2 an answer goes through another task before it is written.
            let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
            let callers: Vec<_> = (0..CALLERS)
                .map(|_| {
                    let body = format!("{{\"query\":\"{RUNAWAY}\"}}");
                    let request = Request::post(&url).header("content-type", "application/json");
                    tokio::spawn(client.request(request.body(Body::from(body)).unwrap()))
                })
                .collect();
            while calls.len() < CALLERS {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            stop.send(()).unwrap();
            for caller in callers {
                assert_eq!(caller.await.unwrap().unwrap().status(), 503);
            }
            serving.await.unwrap();
        }
    }
}
