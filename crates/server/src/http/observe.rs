//! What the logs have about calls: the database and the digest of the statement, slow calls, changes of schemas and rights,
//! and refusals.
//!
//! A statement stands in logs without its literals, which may be somebody's data, and under a digest that is the same for
//! all statements that differ in their literals only.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use phantomdb_protocol::{Apart, Call, CallContext, Error, ErrorCode, Result, Right};
use phantomdb_service::{Grant, Reply};
use phantomdb_sql::fingerprint::{changes_schema, without_literals};

use super::{
    server::HttpServer,
    slow_calls::CallDescription,
    spans::{CallDescription as SpanDescription, CallSpan},
};
use crate::tokens::known::{hash, hex};

/// The most characters of a statement in a log.
const TEXT_MAX: usize = 2000;

/// The most bytes of a statement that is copied for the case that it is slow.
const KEPT_TEXT_MAX: usize = 10_000;

/// The targets of logs that are switched on and off by themselves, see `--log-level`.
pub(crate) const AUDIT: &str = "audit";
pub(crate) const SLOW: &str = "slow";

/// Runs a call, and writes what the logs have about it.
pub(super) async fn call(
    server: &HttpServer,
    call: Call,
    context: CallContext,
    grant: Arc<Grant>,
) -> Result<Reply> {
    let traces = server.options.traces.as_ref();
    let mut span = CallSpan::begin(traces, server.service.engine_name(), &context);
    let observed = Observed::of(server, &call, &context, &grant, span.is_some());
    if let Some(span) = &mut span {
        span.describe(&observed.for_span(&call));
    }
    let start = Instant::now();
    let reply = server.service.call(call, context, grant).await;
    if let Some(span) = span {
        span.end(reply.as_ref().err());
    }
    observed.report(server, start.elapsed(), &reply);
    reply
}

/// Writes a refusal into the audit log.
pub(super) fn refusal(error: &Error) {
    if matches!(error.code, ErrorCode::Unauthorized | ErrorCode::Forbidden) {
        tracing::info!(target: AUDIT, event = "refused", code = ?error.code, why = error.message);
    }
}

/// What is known of a call before it runs.
struct Observed {
    route: &'static str,
    database: Option<String>,
    grant: Arc<Grant>,
    request_id: Option<String>,
    statements: Statements,
    /// True when a call that succeeds has changed a schema, or a database as a whole.
    is_audited: bool,
}

/// The statements of a call, copied once: the call itself does not outlive its run.
enum Statements {
    /// As the caller wrote the first of them, when nothing is written about the call unless it is slow.
    Raw(Option<String>),
    /// Without their literals, with their digests.
    Read(Vec<ObservedStatement>),
}

struct ObservedStatement {
    digest: String,
    text: String,
    is_audited: bool,
}

impl Statements {
    fn read(&self) -> &[ObservedStatement] {
        match self {
            Self::Raw(_) => &[],
            Self::Read(statements) => statements,
        }
    }

    /// The text without its literals; none for a call without statements, and for a text that cannot be read.
    fn text(&self) -> Option<String> {
        let text = match self {
            Self::Raw(first) => without_literals(first.as_deref()?)?,
            Self::Read(statements) => {
                joined(statements.iter().map(|statement| statement.text.as_str()), "; ")
            }
        };
        (!text.is_empty()).then(|| shortened(text))
    }
}

impl Observed {
    fn of(
        server: &HttpServer,
        call: &Call,
        context: &CallContext,
        grant: &Arc<Grant>,
        is_traced: bool,
    ) -> Self {
        let is_logged = tracing::enabled!(tracing::Level::INFO);
        let audits = tracing::enabled!(target: AUDIT, tracing::Level::INFO);
        let statements = if is_logged || is_traced || audits || server.options.slow_after.is_some() {
            let read = statements_of(call).map(|(sql, native)| ObservedStatement::of(sql, native, audits));
            Statements::Read(read.collect())
        } else {
            let first = statements_of(call).map(|(sql, _)| sql).next();
            Statements::Raw(first.filter(|text| text.len() <= KEPT_TEXT_MAX).map(str::to_owned))
        };
        let observed = Self {
            route: call.route().name,
            database: call.named_database().map(str::to_owned),
            grant: Arc::clone(grant),
            request_id: context.request_id.clone(),
            is_audited: audits
                && (matches!(call.route().needs, Some(Right::Schema | Right::Admin))
                    || statements.read().iter().any(|statement| statement.is_audited)),
            statements,
        };
        if is_logged {
            let span = tracing::Span::current();
            if let Some(database) = &observed.database {
                span.record("database", database);
            }
            if let [statement] = observed.statements.read() {
                span.record("statement", &statement.digest);
            }
        }
        observed
    }

    /// The call as its span shows it.
    fn for_span<'a>(&'a self, call: &'a Call) -> SpanDescription<'a> {
        let read = self.statements.read();
        let statement = match read {
            [statement] => statements_of(call).next().map(|(sql, _)| (sql, statement.digest.as_str())),
            _ => None,
        };
        SpanDescription {
            route: self.route,
            database: self.database.as_deref(),
            count: read.len(),
            statement,
        }
    }

    fn report(self, server: &HttpServer, took: Duration, reply: &Result<Reply>) {
        let (route, database, token) = (self.route, self.database.as_deref(), self.grant.name());
        let request = self.request_id.as_deref();
        let read = self.statements.read();
        if server.options.slow_after.is_some_and(|slow_after| took >= slow_after) {
            let took_ms = took.as_secs_f64() * 1000.0;
            let digests = shortened(joined(read.iter().map(|statement| statement.digest.as_str()), " "));
            let text = self.statements.text().unwrap_or_default();
            let code = reply.as_ref().err().map(|error| tracing::field::debug(error.code));
            tracing::warn!(target: SLOW, route, database, token, request, took_ms, code, statement = digests, text);
        }
        if self.is_audited && reply.is_ok() {
            let audited = read.iter().filter(|statement| statement.is_audited);
            let text = joined(audited.map(|statement| statement.text.as_str()), "; ");
            let text = (!text.is_empty()).then(|| shortened(text));
            tracing::info!(target: AUDIT, event = "changed", route, database, token, request, text);
        }
        server.slow_calls.record(took, reply.as_ref().err(), || CallDescription {
            route: self.route,
            text: self.statements.text(),
            token: self.grant.name().map(str::to_owned),
            database: self.database,
        });
    }
}

fn joined<'a>(texts: impl Iterator<Item = &'a str>, separator: &str) -> String {
    texts.collect::<Vec<_>>().join(separator)
}

impl ObservedStatement {
    fn of(sql: &str, native: bool, audits: bool) -> Self {
        // A text that cannot be read may be anything, so only its digest is shown.
        let text = without_literals(sql);
        let digest = hex(&hash(text.as_deref().unwrap_or(sql))[..8]);
        let is_audited = audits && (native || changes_schema(sql));
        Self { digest, text: text.unwrap_or_default(), is_audited }
    }
}

/// The statements in a call, and whether each is in the engine's own SQL.
fn statements_of(call: &Call) -> Box<dyn Iterator<Item = (&str, bool)> + '_> {
    match call {
        Call::Query { database: _, statement } => {
            Box::new(std::iter::once((statement.query.as_str(), statement.native)))
        }
        Call::Batch { database: _, batch } => {
            let readable = batch.statements.iter().filter_map(|Apart(read)| read.as_ref().ok());
            Box::new(readable.map(|statement| (statement.query.as_str(), statement.native)))
        }
        _ => Box::new(std::iter::empty()),
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
