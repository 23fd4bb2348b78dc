//! A session: one database, and at most one open transaction in it. A transaction begins with the first statement that
//! may have an effect; the reads before it mean the same outside of it.

use std::sync::{Arc, Mutex as SyncMutex};

use phantomdb_client::Item;
use phantomdb_protocol::{
    BeginTransaction, Call, CallContext, Cell, Error, ErrorCode, IsolationLevel, NewTransaction, Result,
    Statement, TransactionBegun,
};
use pyo3::{prelude::*, types::PyList};
use serde_json::value::to_raw_value;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{
    error::{raise, refused},
    mailbox::{Mailbox, Running},
    operation::{Mode, Operation, Outcome, convert},
    own_runtime::OwnRuntime,
    runtime::{poll_or_block_on, runtime},
    statement::Analysis,
};

use super::state::{State, Work};

/// The longest time that a transaction may be idle, which is what a program wants that holds one open.
const IDLE_MS: u64 = 600_000;

/// What runs the operations of a session, one at a time.
pub(crate) struct Runner {
    client: Arc<phantomdb_client::Client>,
    database: String,
    state: Arc<Mutex<State>>,
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
                let call = Call::Query { database: self.database.clone(), statement };
                let answer = if only_reads && !has_snapshot(state.mode) {
                    self.call(&state, call, true).await
                } else {
                    self.call_in_transaction(&mut state, call).await
                };
                answer.map(Outcome::ResultSet)
            }
            Operation::Batch(statements) => {
                let statements =
                    statements.into_iter().map(|statement| phantomdb_protocol::Apart(Ok(statement)));
                let batch = phantomdb_protocol::Batch { statements: statements.collect(), atomic: true };
                let call = Call::Batch { database: self.database.clone(), batch };
                self.call_in_transaction(&mut state, call).await.map(Outcome::Batch)
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
                let changes =
                    !call.only_reads() && call.database().is_some() && !is_about_whole_database(&call);
                let answer = if changes {
                    self.call_in_transaction(&mut state, call).await
                } else {
                    self.call(&state, call, false).await
                };
                answer.map(Outcome::Text)
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

    /// Makes a call that may have an effect. A transaction begins with it, unless one is open or each statement commits by
    /// itself. It goes on when the call fails.
    async fn call_in_transaction(&self, state: &mut State, call: Call) -> Result<String> {
        if state.mode.autocommit || state.transaction.is_some() {
            return self.call(state, call, false).await;
        }
        let new = Box::new(NewTransaction { options: self.options(state.mode), begun: Arc::default() });
        let begun = Arc::clone(&new.begun);
        let context =
            CallContext { new_transaction: Some(new), rows_as_arrays: true, ..CallContext::default() };
        let answer = self.client.call(call, context).await;
        state.transaction = begun.get().map(|begun| begun.id.clone());
        answer
    }

    fn options(&self, mode: Mode) -> BeginTransaction {
        BeginTransaction {
            database: self.database.clone(),
            isolation_level: mode.isolation,
            read_only: mode.read_only,
            immediate: false,
            timeout: Some(IDLE_MS),
        }
    }

    async fn begin(&self, state: &mut State) -> Result<()> {
        let begin = Call::BeginTransaction(self.options(state.mode));
        let answer = self.client.call(begin, CallContext::default()).await?;
        let begun: TransactionBegun = serde_json::from_str(&answer)
            .map_err(|_| Error::new(ErrorCode::Internal, "the server began a transaction without an id"))?;
        state.transaction = Some(begun.transaction_id);
        Ok(())
    }

    /// The state of the session, when a statement that reads can be one of several in a request.
    fn ready_to_read(&self) -> Option<OwnedMutexGuard<State>> {
        let state = Arc::clone(&self.state).try_lock_owned().ok()?;
        let is_ready = !state.closed && state.transaction.is_none() && !has_snapshot(state.mode);
        (is_ready && self.client.takes_many(None)).then_some(state)
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
/// Each method waits for its outcome and returns it. With the `mailbox` of an event loop it returns its outcome when it is known
/// at once, and otherwise a `Running`, whose future the mailbox settles.
#[pyclass(frozen, module = "phantomdb._native")]
pub(crate) struct Session {
    runner: Arc<Runner>,
    /// Where a thread waits for a server.
    own: SyncMutex<Option<OwnRuntime>>,
    /// The process that opened it. The threads and the sockets of the client did not come with a fork.
    process: u32,
}

impl Session {
    pub(crate) fn new(client: Arc<phantomdb_client::Client>, database: String, autocommit: bool) -> Self {
        let mode = Mode { autocommit, isolation: None, read_only: false };
        let state = Arc::new(Mutex::new(State { transaction: None, mode, closed: false }));
        let runner = Arc::new(Runner { client, database, state });
        Self { runner, own: SyncMutex::default(), process: std::process::id() }
    }

    fn perform(
        &self,
        py: Python<'_>,
        operation: Operation,
        mailbox: Option<&Bound<'_, Mailbox>>,
    ) -> PyResult<Py<PyAny>> {
        self.check_process(py)?;
        let Some(mailbox) = mailbox else { return self.wait(py, operation) };
        let at_once = match operation {
            // Most often there is no transaction to end.
            Operation::Commit | Operation::Rollback | Operation::SetMode(_) => true,
            // A statement in memory that takes longer goes on elsewhere by itself.
            Operation::Execute { .. } | Operation::Begin => self.runner.client.is_in_memory(),
            Operation::Batch(_) | Operation::Call(_) | Operation::Close => false,
        };
        mailbox.get().begin(py, self.work(operation), at_once)
    }

    fn check_process(&self, py: Python<'_>) -> PyResult<()> {
        if self.process == std::process::id() {
            return Ok(());
        }
        let message = "the connection was opened before the process was forked; open another in this process";
        Err(raise(py, "InterfaceError", message.to_owned()))
    }

    fn work(&self, operation: Operation) -> Work {
        let runner = Arc::clone(&self.runner);
        Box::pin(async move { runner.run(operation).await })
    }

    fn wait(&self, py: Python<'_>, operation: Operation) -> PyResult<Py<PyAny>> {
        let closes = matches!(operation, Operation::Close);
        let work = self.work(operation);
        // Another thread that uses the session at the same time waits on the runtime of the process.
        let own = if self.runner.client.is_remote() { self.own.try_lock().ok() } else { None };
        let Some(mut own) = own else {
            let outcome = poll_or_block_on(py, work)?;
            return convert(py, outcome);
        };
        let runtime = match &mut *own {
            Some(runtime) => runtime,
            none => none.insert(OwnRuntime::new()?),
        };
        let outcome = runtime.block_on(py, work)?;
        if closes {
            own.take();
        }
        convert(py, outcome)
    }

    /// Begins a read that may travel with others. Returns nothing when it cannot.
    fn read(
        &self,
        py: Python<'_>,
        statement: &Statement,
        mailbox: &Bound<'_, Mailbox>,
    ) -> PyResult<Option<Py<PyAny>>> {
        let runner = &self.runner;
        if !runner.client.is_remote() || statement.exact_types {
            return Ok(None);
        }
        let Some(state) = runner.ready_to_read() else { return Ok(None) };
        let parameters = to_raw_value(&statement.parameters)
            .map_err(|error| raise(py, "ProgrammingError", format!("a parameter cannot be sent: {error}")))?;
        let item = Item {
            query: statement.query.clone(),
            parameters,
            native: false,
            rows: None,
            new_values: false,
            read_only: true,
            transaction: None,
            idempotency_key: None,
        };
        let target = (Arc::clone(&runner.client), runner.database.clone());
        let (ticket, is_first) = mailbox.get().reads.add(runtime()?, target, item, state);
        Ok(Some(Py::new(py, Running { ticket, is_first })?.into_any()))
    }
}

#[pymethods]
impl Session {
    /// Runs a statement. Its outcome is `(columns, rows, affected)`. With `exact` the columns have their exact types.
    #[pyo3(signature = (sql, parameters=None, mailbox=None, exact=false))]
    fn execute(
        &self,
        py: Python<'_>,
        sql: &str,
        parameters: Option<&Bound<'_, PyAny>>,
        mailbox: Option<&Bound<'_, Mailbox>>,
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
        if analysis.only_reads
            && let Some(mailbox) = mailbox
        {
            self.check_process(py)?;
            if let Some(running) = self.read(py, &statement, mailbox)? {
                return Ok(running);
            }
        }
        self.perform(py, Operation::Execute { statement, only_reads: analysis.only_reads }, mailbox)
    }

    /// Runs a statement for each of several lists of parameters, all or nothing. Its outcome is that of `execute` where all
    /// of them are rows of one INSERT, and a list of such outcomes otherwise.
    #[pyo3(signature = (sql, lists, mailbox=None))]
    fn execute_many(
        &self,
        py: Python<'_>,
        sql: &str,
        lists: &Bound<'_, PyList>,
        mailbox: Option<&Bound<'_, Mailbox>>,
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
        self.perform(py, operation, mailbox)
    }

    #[pyo3(signature = (mailbox=None))]
    fn begin(&self, py: Python<'_>, mailbox: Option<&Bound<'_, Mailbox>>) -> PyResult<Py<PyAny>> {
        self.perform(py, Operation::Begin, mailbox)
    }

    #[pyo3(signature = (mailbox=None))]
    fn commit(&self, py: Python<'_>, mailbox: Option<&Bound<'_, Mailbox>>) -> PyResult<Py<PyAny>> {
        self.perform(py, Operation::Commit, mailbox)
    }

    #[pyo3(signature = (mailbox=None))]
    fn rollback(&self, py: Python<'_>, mailbox: Option<&Bound<'_, Mailbox>>) -> PyResult<Py<PyAny>> {
        self.perform(py, Operation::Rollback, mailbox)
    }

    /// Sets how the next transactions begin. `isolation` is a level of SQL, or None for the default.
    #[pyo3(signature = (autocommit, isolation=None, read_only=false, mailbox=None))]
    fn set_mode(
        &self,
        py: Python<'_>,
        autocommit: bool,
        isolation: Option<&str>,
        read_only: bool,
        mailbox: Option<&Bound<'_, Mailbox>>,
    ) -> PyResult<Py<PyAny>> {
        let isolation = isolation.map(|name| {
            let level = serde_json::from_value(serde_json::Value::from(name));
            level.map_err(|_| raise(py, "ProgrammingError", format!("there is no isolation level {name:?}")))
        });
        let mode = Mode { autocommit, isolation: isolation.transpose()?, read_only };
        self.perform(py, Operation::SetMode(mode), mailbox)
    }

    /// Makes a call of the contract: the JSON of `phantomdb_protocol::Call`. Its outcome is the JSON of the answer.
    #[pyo3(signature = (call, mailbox=None))]
    fn call(&self, py: Python<'_>, call: &str, mailbox: Option<&Bound<'_, Mailbox>>) -> PyResult<Py<PyAny>> {
        let call = serde_json::from_str(call)
            .map_err(|error| raise(py, "ProgrammingError", format!("there is no such call: {error}")))?;
        self.perform(py, Operation::Call(call), mailbox)
    }

    /// True while a transaction is open, as far as is known without waiting.
    fn in_transaction(&self) -> bool {
        self.runner.state.try_lock().is_ok_and(|state| state.transaction.is_some())
    }

    /// Rolls back and closes. A second time it does nothing.
    #[pyo3(signature = (mailbox=None))]
    fn close(&self, py: Python<'_>, mailbox: Option<&Bound<'_, Mailbox>>) -> PyResult<Py<PyAny>> {
        self.perform(py, Operation::Close, mailbox)
    }

    /// Closes without waiting. What is open is rolled back.
    fn terminate(&self, py: Python<'_>) -> PyResult<()> {
        self.check_process(py)?;
        runtime()?.spawn(self.work(Operation::Close));
        Ok(())
    }
}
