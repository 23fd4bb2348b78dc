//! Callers that drive a runtime of their own, and only while they wait for a call.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::serve::ListenerExt as _;
use phantomdb_client::{Client, ClientOptions, Connections};
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_protocol::{Call, CallContext, Result, Statement};
use phantomdb_server::http::{HttpOptions, HttpServer, router};
use phantomdb_service::{Service, ServiceOptions};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    task::yield_now,
    time::timeout,
};

/// The URL of a server on a runtime of its own, and the number of connections that were made to it.
fn server(runtime: &Runtime) -> (String, Arc<AtomicU32>) {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = Service::new(Arc::new(SqliteEngine::memory()), ServiceOptions::default());
    let routes = router(HttpServer::new(service, HttpOptions::default()));
    let connections = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&connections);
    let listener = listener.tap_io(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    runtime.spawn(async move { axum::serve(listener, routes).await });
    (url, connections)
}

async fn select(client: &Client) -> Result<String> {
    let statement = Statement { query: "SELECT 1 AS one".into(), parameters: vec![], ..Statement::default() };
    client.call(Call::Query { database: "app".into(), statement }, CallContext::default()).await
}

/// A caller that waits on a runtime of its own.
struct Caller {
    runtime: Runtime,
    connections: Connections,
}

impl Caller {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, connections: Connections::default() }
    }

    fn select(&self, client: &Client) -> String {
        self.runtime.block_on(async {
            // The tasks of the connections go on where the last call left them.
            yield_now().await;
            let call = self.connections.scope(select(client));
            timeout(Duration::from_secs(10), call).await.unwrap().unwrap()
        })
    }
}

#[test]
fn each_caller_keeps_a_connection_that_its_own_runtime_drives() {
    let runtime = Runtime::new().unwrap();
    let (url, connections) = server(&runtime);
    let client = Client::new(&url, ClientOptions::default()).unwrap();
    let callers = [Caller::new(), Caller::new()];
    for _ in 0..5 {
        for caller in &callers {
            assert!(caller.select(&client).contains("[[1]]"));
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    // The callers without connections of their own share others.
    for _ in 0..3 {
        assert!(runtime.block_on(select(&client)).unwrap().contains("[[1]]"));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}
