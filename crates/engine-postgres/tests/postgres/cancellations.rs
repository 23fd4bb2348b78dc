//! Requests to cancel that PostgreSQL takes late: a proxy before it holds them back.

use std::{sync::Arc, time::Duration};

use phantomdb_engine::{Deadline, Engine as _, Transaction, deadline::within};
use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};
use phantomdb_protocol::{BeginTransaction, Statement};
use phantomdb_testing::{ask, ok, postgres::postgres_url};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use crate::fixture::Fixture;

/// How much later the server takes a request to cancel.
const LATE: Duration = Duration::from_millis(400);
/// The code of such a request, after its length.
const CANCEL: [u8; 8] = [0, 0, 0, 16, 4, 210, 22, 46];

async fn pass_on(mut client: TcpStream, server: String) -> std::io::Result<()> {
    let mut first = [0; 8];
    client.read_exact(&mut first).await?;
    if first == CANCEL {
        sleep(LATE).await;
    }
    let mut server = TcpStream::connect(server).await?;
    server.write_all(&first).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// An engine with one connection to the database, through the proxy.
async fn through_the_proxy() -> PostgresEngine {
    let url = postgres_url();
    let (before, after) = url.split_once('@').unwrap();
    let (server, rest) = after.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxied = format!("{before}@{}/{rest}", listener.local_addr().unwrap());
    let separator = if rest.contains('?') { '&' } else { '?' };
    let server = server.to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass_on(client, server.clone()));
        }
    });
    let options = PostgresOptions { connections: 1, ..PostgresOptions::default() };
    PostgresEngine::open(&format!("{proxied}{separator}sslmode=disable"), options).unwrap()
}

fn sleeping(seconds: f64) -> Statement {
    Statement { query: format!("SELECT pg_sleep({seconds})"), ..Statement::default() }
}

/// Runs a statement whose caller goes away before its end.
async fn abort(transaction: &Arc<dyn Transaction>) {
    let running = transaction.execute(sleeping(0.15));
    assert!(timeout(Duration::from_millis(100), running).await.is_err());
}

/// Runs a statement whose time is over before its end.
fn overdue(transaction: &Arc<dyn Transaction>) -> impl Future<Output = ()> {
    let deadline = Deadline::new(None, Some(Duration::from_millis(100)));
    within(deadline, async move {
        // It ends by itself before the server is told.
        let _ = transaction.execute(sleeping(0.15)).await;
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_cancellation_never_hits_the_next_statement() {
    let fixture = Fixture::new().await;
    let engine = through_the_proxy().await;
    let session = engine.database(&fixture.database).await.unwrap();
    for ending in ["abort", "time-out", "time-out and abort", "two aborts", "time-out and commit"] {
        println!("{ending}");
        let options = BeginTransaction { database: fixture.database.clone(), ..BeginTransaction::default() };
        let transaction = engine.begin(&options).await.unwrap();
        ok(&*transaction, "SELECT 1", &[]).await;
        match ending {
            "abort" => abort(&transaction).await,
            "time-out and abort" => {
                let both = timeout(Duration::from_millis(120), overdue(&transaction));
                assert!(both.await.is_err());
            }
            "two aborts" => {
                abort(&transaction).await;
                abort(&transaction).await;
            }
            _ => overdue(&transaction).await,
        }
        if ending != "time-out and commit" {
            transaction.execute(sleeping(0.6)).await.unwrap();
            assert_eq!(ask(&*transaction, "SELECT 2").await, "2");
        }
        transaction.commit().await.unwrap();
        // Another caller, who gets the same connection.
        session.execute(sleeping(0.6)).await.unwrap();
    }
    engine.close().await.unwrap();
    fixture.end().await;
}
