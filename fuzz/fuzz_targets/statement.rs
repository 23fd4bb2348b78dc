//! Statements on a database in memory. Each is analysed, and one that reads is run, for 100 ms at most. No statement has
//! an INTERNAL error.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phantomdb_client::{Client, ClientOptions};
use phantomdb_protocol::{Call, CallContext, ErrorCode, Statement};
use tokio::runtime::Runtime;

const DATABASE: &str = "fuzz";
const TABLES: [&str; 3] = [
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATE, seen TIMESTAMPTZ, price DECIMAL(10,2), \
     ratio DOUBLE PRECISION, active BOOLEAN, tags TEXT[], about JSONB, photo BYTEA)",
    "CREATE TABLE pets (id BIGINT PRIMARY KEY, owner INTEGER REFERENCES people (id), kind TEXT, weight REAL)",
    "INSERT INTO people (id, name, price, about) VALUES (1, 'Ada', 9.50, '{\"a\": [1]}'), (2, 'Bo', NULL, NULL)",
];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let options = ClientOptions { create_database: true, ..ClientOptions::default() };
    let client = Client::new("memory:", options).expect("a client");
    for sql in TABLES {
        RUNTIME.block_on(client.call(query(sql), CallContext::default())).expect(sql);
    }
    client
});

fn query(sql: &str) -> Call {
    let statement = Statement { query: sql.to_owned(), ..Statement::default() };
    Call::Query { database: DATABASE.to_owned(), statement }
}

fn run(call: Call) {
    let context = CallContext { statement_timeout: Some(100), ..CallContext::default() };
    if let Err(error) = RUNTIME.block_on(CLIENT.call(call, context)) {
        assert!(error.code != ErrorCode::Internal, "{error:?}");
    }
}

fuzz_target!(|sql: &str| {
    LazyLock::force(&CLIENT);
    run(Call::DescribeStatement { database: DATABASE.to_owned(), query: sql.to_owned() });
    let first = sql.trim_start().get(..6).unwrap_or_default();
    if first.eq_ignore_ascii_case("select") || first.eq_ignore_ascii_case("values") {
        run(query(sql));
    }
});
