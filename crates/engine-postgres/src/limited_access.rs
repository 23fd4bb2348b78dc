//! Statements of callers who may not do everything.
//!
//! Who can only read runs each statement in a READ ONLY transaction: PostgreSQL itself refuses to write, however the
//! statement is written, in the functions that it calls too. What such a transaction still allows, because it is no
//! change of rows (notifications, locks that outlast the transaction, large objects before PostgreSQL 16, other
//! connections), are functions of the server or of an extension in C, which PostgreSQL lists as volatile. They are
//! refused.

use std::sync::Arc;

use phantomdb_engine::Access;
use phantomdb_protocol::{Error, ErrorCode, Result, ResultSet, Statement};
use tokio_postgres::types::Type;

use crate::{
    batch::{self, Mode},
    connection::Connection,
    error,
    plan_cache::Plan,
    rows::empty_result,
};

/// A function in another language is made of statements, which the transaction stops when they write.
const VOLATILE: &str = "SELECT p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
     WHERE pg_catalog.lower(p.proname) = ANY ($1) AND p.provolatile = 'v' AND l.lanname IN ('internal', 'c') LIMIT 1";

/// Fails with `FORBIDDEN` for a statement that needs more than the access allows.
pub(crate) fn check_plan(access: Access, plan: &Plan, statement: &Statement) -> Result<()> {
    if statement.native { access.check_native() } else { access.check(&plan.adapted.kind) }
}

/// Runs one statement that cannot write.
pub(crate) async fn read(
    connection: &Connection,
    access: Access,
    plan: &Arc<Plan>,
    statement: &Statement,
) -> Result<ResultSet> {
    let (plans, statements) = ([Arc::clone(plan)], [statement.clone()]);
    let answers = read_all(connection, access, &plans, &statements).await;
    let without_place = |mut error: Error| {
        error.details.statement = None;
        error
    };
    Ok(answers.map_err(without_place)?.pop().unwrap_or_else(empty_result))
}

/// Runs statements that cannot write, on one snapshot each.
pub(crate) async fn read_all(
    connection: &Connection,
    access: Access,
    plans: &[Arc<Plan>],
    statements: &[Statement],
) -> Result<Vec<ResultSet>> {
    for (index, plan) in plans.iter().enumerate() {
        refuse_functions(connection, plan).await.map_err(|error| error.in_statement(index))?;
    }
    let answers = batch::run_and_commit(connection, Mode::ReadOnly, plans, statements).await;
    answers.map_err(|error| explain(access, error))
}

/// Fails with `FORBIDDEN` when the statement calls a function that can change something in a READ ONLY transaction.
pub(crate) async fn refuse_functions(connection: &Connection, plan: &Plan) -> Result<()> {
    if plan.adapted.unknown_functions.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = plan.adapted.unknown_functions.iter().map(|name| name.to_lowercase()).collect();
    let found = connection.client().query_typed_opt(VOLATILE, &[(&names, Type::TEXT_ARRAY)]).await;
    let found = found.map_err(|error| error::explain(&error))?;
    let Some(name) = found.and_then(|row| row.try_get::<_, String>(0).ok()) else { return Ok(()) };
    let message =
        format!("the function {name} can do more than read, which the token may not in this database");
    Err(Error::new(ErrorCode::Forbidden, message))
}

/// The error of a statement that PostgreSQL refused because its transaction cannot write.
pub(crate) fn explain(access: Access, error: Error) -> Error {
    if access.only_reads() && error::is_read_only(&error) {
        let mut forbidden = access.forbids();
        forbidden.details = error.details;
        return forbidden;
    }
    error
}
