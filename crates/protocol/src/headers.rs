//! The HTTP headers and media types of the contract.

/// A header of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// In lower case, as HTTP/2 sends it.
    pub name: &'static str,
    /// The spelling in documents.
    pub title: &'static str,
}

/// The transaction that the call is part of: its id, or `new` for one that begins with the call. The answer to such a call
/// has the id.
pub const TRANSACTION: Header = Header { name: "phantomdb-transaction", title: "PhantomDB-Transaction" };
/// The URL of the server that has the transaction which began with the call, when there are several servers.
pub const SERVER: Header = Header { name: "phantomdb-server", title: "PhantomDB-Server" };
/// The position in the history of the database up to which the caller has seen it.
pub const POSITION: Header = Header { name: "phantomdb-position", title: "PhantomDB-Position" };
/// The key under which a write runs once.
pub const IDEMPOTENCY_KEY: Header = Header { name: "idempotency-key", title: "Idempotency-Key" };
/// The most milliseconds that the statements of the call may take, of those that the server gives.
pub const STATEMENT_TIMEOUT: Header =
    Header { name: "phantomdb-statement-timeout", title: "PhantomDB-Statement-Timeout" };
/// The id under which errors and the logs of both sides know the request.
pub const REQUEST_ID: Header = Header { name: "x-request-id", title: "X-Request-Id" };
/// The caller's span, of W3C Trace Context.
pub const TRACEPARENT: Header = Header { name: "traceparent", title: "traceparent" };
/// The state that the caller's tracing system adds to its span.
pub const TRACESTATE: Header = Header { name: "tracestate", title: "tracestate" };
/// Marks a call that another server has passed on.
pub const FORWARDED: Header = Header { name: "phantomdb-forwarded", title: "PhantomDB-Forwarded" };

/// Every header that the contract adds to those of HTTP, in the order of this file.
pub const HEADERS: &[Header] = &[
    TRANSACTION,
    SERVER,
    POSITION,
    IDEMPOTENCY_KEY,
    STATEMENT_TIMEOUT,
    REQUEST_ID,
    TRACEPARENT,
    TRACESTATE,
    FORWARDED,
];

/// The usual body of requests and answers.
pub const JSON: &str = "application/json";
/// In `Accept`, it makes a find answer a result set instead of records.
pub const ROWS: &str = "application/vnd.phantomdb.rows+json";
/// A JSON document on each line.
pub const LINES: &str = "application/x-ndjson";
/// A database as a file of SQLite.
pub const SQLITE_FILE: &str = "application/vnd.sqlite3";
/// The checksum of such a file, as RFC 9530 writes it: `sha-256=:BASE64:`.
pub const REPR_DIGEST: &str = "repr-digest";
/// The text format of OpenMetrics, which Prometheus reads.
pub const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_title_is_the_name_in_other_letters() {
        for header in HEADERS {
            assert_eq!(header.title.to_ascii_lowercase(), header.name);
        }
    }
}
