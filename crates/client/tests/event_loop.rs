//! The client on an event loop that was handed in, without N-API.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{
    cell::Cell,
    io,
    net::{self, SocketAddr},
    rc::Rc,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use phantomdb_client::{
    Client, ClientOptions,
    event_loop::{AsyncStream, EventLoop, Task, set_current},
};
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_protocol::{Call, CallContext, ErrorCode, Result, Statement};
use phantomdb_server::http::{HttpOptions, HttpServer, router};
use phantomdb_service::{Service, ServiceOptions};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Handle, Runtime},
    task::{LocalSet, spawn_local},
    time::sleep_until,
};

/// A loop that counts what the client asks of it.
struct CountingLoop {
    runtime: Handle,
    tasks: Cell<u32>,
    streams: Cell<u32>,
    sleeps: Cell<u32>,
}

fn count(counter: &Cell<u32>) {
    counter.set(counter.get() + 1);
}

impl EventLoop for CountingLoop {
    fn spawn(&self, task: Task) {
        count(&self.tasks);
        spawn_local(task);
    }

    fn adopt(&self, stream: net::TcpStream) -> io::Result<Box<dyn AsyncStream>> {
        count(&self.streams);
        Ok(Box::new(TcpStream::from_std(stream)?))
    }

    fn sleep_until(&self, time: Instant) -> Task {
        count(&self.sleeps);
        Box::pin(sleep_until(time.into()))
    }

    fn tokio_runtime(&self) -> Handle {
        self.runtime.clone()
    }
}

/// A server on a runtime of its own.
fn server(runtime: &Runtime) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let service = Service::new(Arc::new(SqliteEngine::memory()), ServiceOptions::default());
    let routes = router(HttpServer::new(service, HttpOptions::default()));
    runtime.spawn(async move { axum::serve(listener, routes).await });
    address
}

/// Runs the work on a thread that has a loop, and returns the loop.
fn on_loop(runtime: &Runtime, work: impl Future<Output = ()>) -> Rc<CountingLoop> {
    let (tasks, streams, sleeps) = Default::default();
    let counting = Rc::new(CountingLoop { runtime: runtime.handle().clone(), tasks, streams, sleeps });
    set_current(Some(Rc::clone(&counting) as Rc<dyn EventLoop>));
    let own = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    own.block_on(LocalSet::new().run_until(work));
    set_current(None);
    counting
}

async fn select(client: &Client) -> Result<String> {
    let statement = Statement { query: "SELECT 1 AS one".into(), parameters: vec![], ..Statement::default() };
    client.call(Call::Query { database: "app".into(), statement }, CallContext::default()).await
}

#[test]
fn a_client_connects_reads_and_waits_on_the_event_loop_of_its_thread() {
    let runtime = Runtime::new().unwrap();
    let client = Client::new(&format!("http://{}", server(&runtime)), ClientOptions::default()).unwrap();
    let counting = on_loop(&runtime, async {
        for _ in 0..3 {
            assert!(select(&client).await.unwrap().contains("[[1]]"));
        }
    });
    // The calls share one connection.
    assert_eq!((counting.streams.get(), counting.tasks.get()), (1, 1));
    assert!(counting.sleeps.get() >= 3);
}

#[test]
fn a_call_times_out_by_the_timer_of_the_event_loop() {
    let runtime = Runtime::new().unwrap();
    let silent = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let options = ClientOptions { request_timeout_ms: 100, retries: 0, ..ClientOptions::default() };
    let client = Client::new(&format!("http://{}", silent.local_addr().unwrap()), options).unwrap();
    let start = Instant::now();
    on_loop(&runtime, async {
        assert_eq!(select(&client).await.unwrap_err().code, ErrorCode::Unavailable);
    });
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_client_that_an_event_loop_has_used_also_runs_on_tokio() {
    let runtime = Runtime::new().unwrap();
    let url = format!("http://{}", server(&runtime));
    let client = Arc::new(Client::new(&url, ClientOptions::default()).unwrap());
    let counting = on_loop(&runtime, async { drop(select(&client).await.unwrap()) });
    let streams = counting.streams.get();
    let elsewhere = Arc::clone(&client);
    let answer = thread::spawn(move || Runtime::new().unwrap().block_on(select(&elsewhere)));
    assert!(answer.join().unwrap().unwrap().contains("[[1]]"));
    assert_eq!(counting.streams.get(), streams);
}
