//! A session: one database, and at most one open transaction in it. A transaction begins with the first statement that
//! may have an effect; the reads before it mean the same outside of it.

use std::sync::Arc;

use phantomdb_protocol::{
    BeginTransaction, Call, CallContext, Cell, Error, ErrorCode, IsolationLevel, Result, Statement,
    TransactionBegun,
};
use pyo3::{prelude::*, types::PyList};
use tokio::sync::Mutex;

use crate::{
    error::{raise, refused},
    operation::{Mode, Operation, Outcome, convert},
    runtime::{block_on, spawn},
    statement::Analysis,
};

/// The longest time that a transaction may be idle, which is what a program wants that holds one open.
const IDLE_MS: u64 = 600_000;

/// The state of a session.
struct State {
    /// The id of the open transaction.
    transaction: Option<String>,
    mode: Mode,
    closed: bool,
}

/// What runs the operations of a session, one at a time.
pub(crate) struct Runner {
    client: Arc<phantomdb_client::Client>,
    database: String,
    state: Mutex<State>,
}

impl Runner {
    async fn run(&self, operation: Operation) -> Result<Outcome> {
        let mut state = self.state.lock().await;
        if state.closed {
            return match operation {
                Operation::Close => Ok(Outcome::Nothing),
                _ => Err(Error::new(ErrorCode::Unavailable, "the connection is closed")),
            };
        }
        match operation {
            Operation::Execute { statement, only_reads } => {
                if !only_reads || has_snapshot(state.mode) {
                    self.begin_unless_autocommit(&mut state).await?;
                }
                let call = Call::Query { database: self.database.clone(), statement };
                self.call(&state, call, only_reads).await.map(Outcome::ResultSet)
            }
            Operation::Batch(statements) => {
                self.begin_unless_autocommit(&mut state).await?;
                let statements =
                    statements.into_iter().map(|statement| phantomdb_protocol::Apart(Ok(statement)));
                let batch = phantomdb_protocol::Batch { statements: statements.collect(), atomic: true };
                let call = Call::Batch { database: self.database.clone(), batch };
                self.call(&state, call, false).await.map(Outcome::Batch)
            }
            Operation::Begin => {
                if state.transaction.is_some() {
                    return Err(refused("a transaction is open; end it before another begins"));
                }
                self.begin(&mut state).await?;
                Ok(Outcome::Nothing)
            }
            Operation::Commit => self.commit(&mut state).await,
            Operation::Rollback => self.rollback(&mut state).await,
            Operation::SetMode(mode) => {
                if state.transaction.is_some() {
                    return Err(refused(
                        "a transaction is open; commit or roll back before its mode changes",
                    ));
                }
                state.mode = mode;
                Ok(Outcome::Nothing)
            }
            Operation::Call(call) => {
                if !call.only_reads() && call.database().is_some() && !is_about_whole_database(&call) {
                    self.begin_unless_autocommit(&mut state).await?;
                }
                self.call(&state, call, false).await.map(Outcome::Text)
            }
            Operation::Close => {
                state.closed = true;
                self.rollback(&mut state).await
            }
        }
    }

    async fn call(&self, state: &State, call: Call, read_only: bool) -> Result<String> {
        let alone = is_about_whole_database(&call);
        let transaction = if alone { None } else { state.transaction.clone() };
        let context = CallContext { transaction, read_only, rows_as_arrays: true, ..CallContext::default() };
        self.client.call(call, context).await
    }

    async fn begin_unless_autocommit(&self, state: &mut State) -> Result<()> {
        if state.mode.autocommit || state.transaction.is_some() {
            return Ok(());
        }
        self.begin(state).await
    }

    async fn begin(&self, state: &mut State) -> Result<()> {
        let begin = Call::BeginTransaction(BeginTransaction {
            database: self.database.clone(),
            isolation_level: state.mode.isolation,
            read_only: state.mode.read_only,
            immediate: false,
            timeout: Some(IDLE_MS),
        });
        let answer = self.client.call(begin, CallContext::default()).await?;
        let begun: TransactionBegun = serde_json::from_str(&answer)
            .map_err(|_| Error::new(ErrorCode::Internal, "the server began a transaction without an id"))?;
        state.transaction = Some(begun.transaction_id);
        Ok(())
    }

    async fn commit(&self, state: &mut State) -> Result<Outcome> {
        let Some(id) = state.transaction.take() else { return Ok(Outcome::Nothing) };
        self.client.call(Call::CommitTransaction { id }, CallContext::default()).await?;
        Ok(Outcome::Nothing)
    }

    /// A transaction that has ended already is rolled back.
    async fn rollback(&self, state: &mut State) -> Result<Outcome> {
        let Some(id) = state.transaction.take() else { return Ok(Outcome::Nothing) };
        match self.client.call(Call::RollbackTransaction { id }, CallContext::default()).await {
            Err(error) if error.code == ErrorCode::TransactionExpired => Ok(Outcome::Nothing),
            Err(error) => Err(error),
            Ok(_) => Ok(Outcome::Nothing),
        }
    }
}

/// True when all reads of a transaction must see one state, so that the first one begins it.
fn has_snapshot(mode: Mode) -> bool {
    mode.read_only
        || matches!(mode.isolation, Some(IsolationLevel::RepeatableRead | IsolationLevel::Serializable))
}

/// True for a call that cannot be part of a transaction.
fn is_about_whole_database(call: &Call) -> bool {
    matches!(
        call,
        Call::CreateSnapshot { .. }
            | Call::RestoreSnapshot { .. }
            | Call::CompactDatabase { .. }
            | Call::ServerInfo
            | Call::ListDatabases
            | Call::CreateDatabase { .. }
            | Call::DropDatabase { .. }
            | Call::DropSnapshot { .. }
    )
}

/// One database, and at most one open transaction in it.
///
/// Each method waits for its outcome and returns it; with `done` it returns a `Running` at once, and calls `done` on another
/// thread with the outcome and an exception, one of which is None.
#[pyclass(frozen, module = "phantomdb._native")]
pub(crate) struct Session {
    runner: Arc<Runner>,
    /// The process that opened it. The threads and the sockets of the client did not come with a fork.
    process: u32,
}

impl Session {
    pub(crate) fn new(client: Arc<phantomdb_client::Client>, database: String, autocommit: bool) -> Self {
        let mode = Mode { autocommit, isolation: None, read_only: false };
        let state = Mutex::new(State { transaction: None, mode, closed: false });
        Self { runner: Arc::new(Runner { client, database, state }), process: std::process::id() }
    }

    fn perform(&self, py: Python<'_>, operation: Operation, done: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        if self.process != std::process::id() {
            let message =
                "the connection was opened before the process was forked; open another in this process";
            return Err(raise(py, "InterfaceError", message.to_owned()));
        }
        let runner = Arc::clone(&self.runner);
        match done {
            None => {
                let outcome = block_on(py, async move { runner.run(operation).await })?;
                convert(py, outcome)
            }
            Some(done) => {
                let running = spawn(async move { runner.run(operation).await }, done, convert)?;
                Ok(Py::new(py, running)?.into_any())
            }
        }
    }
}

#[pymethods]
impl Session {
    /// Runs a statement. Its outcome is `(columns, rows, affected)`. With `exact` the columns have their exact types.
    #[pyo3(signature = (sql, parameters=None, done=None, exact=false))]
    fn execute(
        &self,
        py: Python<'_>,
        sql: &str,
        parameters: Option<&Bound<'_, PyAny>>,
        done: Option<Py<PyAny>>,
        exact: bool,
    ) -> PyResult<Py<PyAny>> {
        let analysis = Analysis::of(sql);
        let (sent, values) = analysis.bind(parameters)?;
        let statement = Statement {
            query: sent.to_owned(),
            parameters: values,
            exact_types: exact,
            ..Statement::default()
        };
        self.perform(py, Operation::Execute { statement, only_reads: analysis.only_reads }, done)
    }

    /// Runs a statement for each of several lists of parameters, all or nothing. Its outcome is that of `execute` where all
    /// of them are rows of one INSERT, and a list of such outcomes otherwise.
    #[pyo3(signature = (sql, lists, done=None))]
    fn execute_many(
        &self,
        py: Python<'_>,
        sql: &str,
        lists: &Bound<'_, PyList>,
        done: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let analysis = Analysis::of(sql);
        let mut sent = None;
        let mut rows = Vec::with_capacity(lists.len());
        for list in lists.iter() {
            let (text, values) = analysis.bind(Some(&list))?;
            sent.get_or_insert(text);
            rows.push(values);
        }
        let sent = sent.unwrap_or(sql);
        let operation = if analysis.takes_rows(sent) {
            let rows = rows.into_iter().map(|row| row.into_iter().map(Cell::from).collect());
            let statement =
                Statement { query: sent.to_owned(), rows: rows.collect(), ..Statement::default() };
            Operation::Execute { statement, only_reads: false }
        } else {
            let statements = rows.into_iter().map(|parameters| Statement {
                query: sent.to_owned(),
                parameters,
                ..Statement::default()
            });
            Operation::Batch(statements.collect())
        };
        self.perform(py, operation, done)
    }

    #[pyo3(signature = (done=None))]
    fn begin(&self, py: Python<'_>, done: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        self.perform(py, Operation::Begin, done)
    }

    #[pyo3(signature = (done=None))]
    fn commit(&self, py: Python<'_>, done: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        self.perform(py, Operation::Commit, done)
    }

    #[pyo3(signature = (done=None))]
    fn rollback(&self, py: Python<'_>, done: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        self.perform(py, Operation::Rollback, done)
    }

    /// Sets how the next transactions begin. `isolation` is a level of SQL, or None for the default.
    #[pyo3(signature = (autocommit, isolation=None, read_only=false, done=None))]
    fn set_mode(
        &self,
        py: Python<'_>,
        autocommit: bool,
        isolation: Option<&str>,
        read_only: bool,
        done: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let isolation = isolation.map(|name| {
            let level = serde_json::from_value(serde_json::Value::from(name));
            level.map_err(|_| raise(py, "ProgrammingError", format!("there is no isolation level {name:?}")))
        });
        let mode = Mode { autocommit, isolation: isolation.transpose()?, read_only };
        self.perform(py, Operation::SetMode(mode), done)
    }

    /// Makes a call of the contract: the JSON of `phantomdb_protocol::Call`. Its outcome is the JSON of the answer.
    #[pyo3(signature = (call, done=None))]
    fn call(&self, py: Python<'_>, call: &str, done: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let call = serde_json::from_str(call)
            .map_err(|error| raise(py, "ProgrammingError", format!("there is no such call: {error}")))?;
        self.perform(py, Operation::Call(call), done)
    }

    /// True while a transaction is open, as far as is known without waiting.
    fn in_transaction(&self) -> bool {
        self.runner.state.try_lock().is_ok_and(|state| state.transaction.is_some())
    }

    /// Rolls back and closes. A second time it does nothing.
    #[pyo3(signature = (done=None))]
    fn close(&self, py: Python<'_>, done: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        self.perform(py, Operation::Close, done)
    }
}
