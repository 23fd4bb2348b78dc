//! The calls that carry SQL.

use phantomdb_protocol::{Apart, Batch, Error, ErrorCode, Result, ResultSet, Statement};
use phantomdb_sql::{
    cursor::{self, CursorStatement},
    script::{self, Part},
    unknown_function::located,
};

use crate::{
    context::{CallSession, ExecutionContext},
    reply::{batch_json, json},
    service::Service,
};

impl Service {
    pub(super) async fn query(
        &self,
        database: String,
        statement: Statement,
        context: &ExecutionContext,
    ) -> Result<String> {
        self.refuse_native(statement.native, context)?;
        if !statement.native && statement.query.contains(';') {
            // A text that cannot be split is refused as the statement that it is then, with its position.
            if let Ok(Some(parts)) = script::statements(&statement.query) {
                return Box::pin(self.script(&database, &statement, &parts, context)).await;
            }
        }
        if !statement.native && !context.is_in_transaction() && CursorStatement::is(&statement.query) {
            return Err(cursor::outside_transaction());
        }
        self.count_statements(1);
        let session = self.session(&database, context).await?;
        if statement.exact_types {
            let asked = about_types(&statement.query, statement.native);
            return json(&Box::pin(with_exact_types(&session, asked, session.execute(statement))).await?);
        }
        json(&session.execute(statement).await?)
    }

    /// Runs the statements of one text, all or nothing. The answer is that of the last.
    async fn script(
        &self,
        database: &str,
        text: &Statement,
        parts: &[Part<'_>],
        context: &ExecutionContext,
    ) -> Result<String> {
        if !text.parameters.is_empty() {
            let message = "a text of several statements takes no parameters, since each statement numbers its own from \
                           $1; send the statements one by one";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        self.refuse_too_many(parts.len())?;
        self.count_statements(parts.len());
        let session = self.session(database, context).await?;
        let statements =
            parts.iter().map(|part| Statement { query: part.sql.to_owned(), ..Statement::default() });
        let answers = session.execute_batch(statements.collect(), true).await;
        let mut answers = answers.map_err(|error| in_text(error, parts))?;
        let last = answers.pop().unwrap_or_else(|| Err(Error::internal("a text without a statement ran")));
        match parts.last().filter(|_| text.exact_types) {
            None => json(&last?),
            Some(part) => {
                let asked = about_types(part.sql, false);
                json(&with_exact_types(&session, asked, async { last }).await?)
            }
        }
    }

    pub(super) async fn describe_statement(
        &self,
        database: String,
        query: String,
        context: &ExecutionContext,
    ) -> Result<String> {
        json(&self.session(&database, context).await?.describe_statement(&query).await?)
    }

    pub(super) async fn batch(
        &self,
        database: String,
        batch: Batch,
        context: &ExecutionContext,
    ) -> Result<String> {
        let Batch { statements, atomic } = batch;
        let native = statements.iter().any(|Apart(read)| read.as_ref().is_ok_and(|read| read.native));
        self.refuse_native(native, context)?;
        self.refuse_too_many(statements.len())?;
        self.count_statements(statements.len());
        let session = self.session(&database, context).await?;
        let asked: Vec<Option<Statement>> = statements.iter().map(asked_types).collect();
        let mut results = if atomic {
            let statements = statements.into_iter().map(|Apart(read)| read).collect::<Result<_>>()?;
            session.execute_batch(statements, true).await?
        } else {
            run_each(&session, statements).await?
        };
        for (asked, result) in asked.into_iter().zip(&mut results) {
            if let (Some(asked), Ok(result)) = (asked, result) {
                session.add_exact_types(&asked, &mut result.columns).await?;
            }
        }
        batch_json(results)
    }

    fn refuse_native(&self, native: bool, context: &ExecutionContext) -> Result<()> {
        if !native {
            return Ok(());
        }
        context.grant.check_native()?;
        if self.options.allow_native {
            return Ok(());
        }
        let message =
            "this server takes PhantomDB SQL only; a statement in the engine's own SQL (native) is forbidden";
        Err(Error::new(ErrorCode::Forbidden, message))
    }
}

/// A statement whose types are asked for, without its values.
fn about_types(query: &str, native: bool) -> Statement {
    Statement { query: query.to_owned(), native, ..Statement::default() }
}

/// The statement of a batch whose types are asked for.
fn asked_types(Apart(read): &Apart<Statement>) -> Option<Statement> {
    let statement = read.as_ref().ok().filter(|statement| statement.exact_types)?;
    Some(about_types(&statement.query, statement.native))
}

/// The result of a statement, with the exact types of its columns.
async fn with_exact_types(
    session: &CallSession,
    asked: Statement,
    running: impl Future<Output = Result<ResultSet>> + Send,
) -> Result<ResultSet> {
    let mut result = running.await?;
    if !result.columns.is_empty() {
        session.add_exact_types(&asked, &mut result.columns).await?;
    }
    Ok(result)
}

/// Runs statements that stand each for itself. One that could not be read fails, and the others run.
async fn run_each(
    session: &CallSession,
    statements: Vec<Apart<Statement>>,
) -> Result<Vec<Result<ResultSet>>> {
    let mut results = Vec::with_capacity(statements.len());
    let mut readable = Vec::new();
    for Apart(read) in statements {
        match read {
            Ok(statement) => readable.push(statement),
            Err(error) => {
                results.append(&mut session.execute_batch(std::mem::take(&mut readable), false).await?);
                results.push(Err(error));
            }
        }
    }
    results.append(&mut session.execute_batch(readable, false).await?);
    Ok(results)
}

/// The error of one of several statements in a text, which says which, and has the position in the whole text.
fn in_text(error: Error, parts: &[Part<'_>]) -> Error {
    let Some((index, part)) = error.details.statement.and_then(|index| Some((index, parts.get(index)?)))
    else {
        return error;
    };
    let mut error = located(error, part.sql);
    error.message =
        format!("statement {} of {}: {}; none of them took effect", index + 1, parts.len(), error.message);
    error.details.position = error.details.position.map(|position| position + part.offset);
    error
}
