//! A connection to one place of databases, with at most one open transaction.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use phantomdb_client::{Client, ClientOptions};
use phantomdb_protocol::{
    Call, CallContext, Databases, Error, ErrorCode, Result, ServerInfo, TableName, TableSchema, Tables,
    ViewDefinition, Views,
};
use phantomdb_sql::views;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use crate::{
    failure::{self, Failure},
    interrupts::Interrupts,
    place::Place,
};

/// A statement may run for as long as the server lets it; Ctrl-C cancels it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// The most bytes of one result of an embedded database, which is what a server allows by default.
const RESULT_BYTES_MAX: usize = 128 << 20;

/// The time for a look-up while the user types.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(2);

/// Its clones are the same connection.
#[derive(Clone)]
pub(crate) struct Connection {
    client: Arc<Client>,
    runtime: Handle,
    interrupts: Interrupts,
    url: Rc<str>,
    state: Rc<State>,
}

#[derive(Default)]
struct State {
    /// The name of the database that statements run in.
    database: RefCell<Option<String>>,
    /// The id of the open transaction.
    transaction: RefCell<Option<String>>,
    /// How many statements ran.
    statements: Cell<u64>,
}

impl Connection {
    /// Makes a connection. Nothing is opened before the first call. Call it on a thread that may block.
    pub(crate) fn new(place: &Place, runtime: Handle, interrupts: Interrupts) -> failure::Result<Self> {
        let is_embedded = place.is_memory() || place.directory().is_some();
        let options = ClientOptions {
            token: place.token.clone(),
            request_timeout_ms: u64::try_from(REQUEST_TIMEOUT.as_millis()).unwrap_or(u64::MAX),
            // Somebody waits at the keyboard, and can try again.
            retries: 1,
            create_database: place.is_memory(),
            result_bytes_max: is_embedded.then_some(RESULT_BYTES_MAX),
            ..ClientOptions::default()
        };
        let client = Client::new(&place.url, options).map_err(|error| Failure::misused(error.message))?;
        let url = Rc::from(place.url.as_str());
        Ok(Self { client: Arc::new(client), runtime, interrupts, url, state: Rc::default() })
    }

    pub(crate) fn interrupts(&self) -> &Interrupts {
        &self.interrupts
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn has_transaction(&self) -> bool {
        self.state.transaction.borrow().is_some()
    }

    pub(crate) fn transaction(&self) -> Option<String> {
        self.state.transaction.borrow().clone()
    }

    /// Records the transaction in which statements run from now on.
    pub(crate) fn set_transaction(&self, id: Option<String>) {
        self.state.transaction.replace(id);
    }

    /// Counts a statement that is about to run.
    pub(crate) fn count_statement(&self) {
        self.state.statements.set(self.statements() + 1);
    }

    /// How many statements ran. What was known about the tables may be wrong when the number has changed.
    pub(crate) fn statements(&self) -> u64 {
        self.state.statements.get()
    }

    /// Makes a call, and cancels it on Ctrl-C.
    pub(crate) fn call(&self, call: Call, context: CallContext) -> Result<String> {
        let interrupts = self.interrupts.clone();
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                answer = self.client.call(call, context) => answer,
                () = interrupts.next() => Err(cancelled()),
            }
        })
    }

    pub(crate) fn ask<T: DeserializeOwned>(&self, call: Call, context: CallContext) -> Result<T> {
        let answer = self.call(call, context)?;
        serde_json::from_str(&answer)
            .map_err(|error| Error::internal(format!("the answer cannot be read: {error}")))
    }

    pub(crate) fn within(&self) -> CallContext {
        CallContext { transaction: self.transaction(), rows_as_arrays: true, ..CallContext::default() }
    }

    pub(crate) fn info(&self) -> Result<ServerInfo> {
        self.ask(Call::ServerInfo, CallContext::default())
    }

    pub(crate) fn databases(&self) -> Result<Vec<String>> {
        let Databases { mut databases } = self.ask(Call::ListDatabases, CallContext::default())?;
        databases.sort();
        Ok(databases)
    }

    pub(crate) fn create_database(&self, name: &str) -> Result<()> {
        let call = Call::CreateDatabase { name: name.to_owned(), if_not_exists: false, template: None };
        self.call(call, CallContext::default()).map(drop)
    }

    pub(crate) fn drop_database(&self, name: &str) -> Result<()> {
        self.call(Call::DropDatabase { name: name.to_owned() }, CallContext::default()).map(drop)
    }

    /// The tables of the database, in alphabetical order, those of the default schema first.
    pub(crate) fn tables(&self) -> Result<Vec<TableName>> {
        let call = Call::ListTables { database: self.database()? };
        let Tables { mut tables } = self.ask(call, self.within())?;
        tables.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        Ok(tables)
    }

    /// The views of the database, in the order of `tables`.
    pub(crate) fn views(&self) -> Result<Vec<ViewDefinition>> {
        let call = Call::ListViews { database: self.database()? };
        let Views { mut views } = self.ask(call, self.within())?;
        views.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        Ok(views)
    }

    /// The tables, and after them the views: a statement can read from both.
    pub(crate) fn relations(&self) -> Result<Vec<TableName>> {
        let views = self.views()?;
        Ok(self.tables()?.into_iter().chain(views.iter().map(views::name)).collect())
    }

    pub(crate) fn describe(&self, table: &TableName) -> Result<TableSchema> {
        self.ask(Call::DescribeTable { database: self.database()?, table: table.clone() }, self.within())
    }

    /// The tables and views of the database for completion, which must not wait for long.
    pub(crate) fn look_up_relations(&self) -> Option<Vec<TableName>> {
        let Tables { tables } = self.look_up(Call::ListTables { database: self.chosen()? })?;
        let Views { views } = self.look_up(Call::ListViews { database: self.chosen()? })?;
        Some(tables.into_iter().chain(views.iter().map(views::name)).collect())
    }

    /// The description of a table for completion.
    pub(crate) fn look_up_table(&self, table: &TableName) -> Option<TableSchema> {
        self.look_up(Call::DescribeTable { database: self.chosen()?, table: table.clone() })
    }

    /// The names of the databases for completion.
    pub(crate) fn look_up_databases(&self) -> Option<Vec<String>> {
        let Databases { databases } = self.look_up(Call::ListDatabases)?;
        Some(databases)
    }

    fn look_up<T: DeserializeOwned>(&self, call: Call) -> Option<T> {
        let asked =
            async { tokio::time::timeout(LOOK_UP_TIMEOUT, self.client.call(call, self.within())).await };
        let answer = self.runtime.block_on(asked).ok()?.ok()?;
        serde_json::from_str(&answer).ok()
    }

    /// The name of the database that is chosen.
    pub(crate) fn chosen(&self) -> Option<String> {
        self.state.database.borrow().clone()
    }

    /// Chooses a database that is known to exist.
    pub(crate) fn set_database(&self, name: Option<String>) {
        self.state.database.replace(name);
    }

    /// The name of the database, or an error that says how to choose one.
    pub(crate) fn database(&self) -> Result<String> {
        self.chosen().ok_or_else(|| {
            let message = "no database is chosen; .databases lists them, .use NAME chooses one, and CREATE \
                           DATABASE NAME makes one";
            Error::new(ErrorCode::BadRequest, message)
        })
    }

    /// Chooses another database. The open transaction belongs to the present one, so there must be none.
    pub(crate) fn choose(&self, name: &str) -> Result<()> {
        if self.has_transaction() {
            return Err(misplaced(
                "COMMIT or ROLLBACK the open transaction before you choose another database",
            ));
        }
        let databases = self.databases()?;
        if databases.iter().any(|database| database == name) {
            self.set_database(Some(name.to_owned()));
            return Ok(());
        }
        let message = no_such_database(name, &databases, &self.url);
        Err(Error::new(ErrorCode::UnknownDatabase, message))
    }

    /// Rolls back what is open and closes the database. Returns whether a transaction was open.
    pub(crate) fn close(self) -> Result<bool> {
        let was_open = self.has_transaction();
        let rolled_back = match self.state.transaction.take() {
            Some(id) => self.call(Call::RollbackTransaction { id }, CallContext::default()).map(drop),
            None => Ok(()),
        };
        self.runtime.block_on(self.client.close())?;
        rolled_back.map(|()| was_open)
    }
}

pub(crate) fn misplaced(message: &str) -> Error {
    Error::new(ErrorCode::BadRequest, message)
}

/// The error of a statement that Ctrl-C cancelled. No engine answers this code and this message.
fn cancelled() -> Error {
    Error::new(ErrorCode::StatementTimeout, CANCELLED)
}

const CANCELLED: &str = "the statement was cancelled";

/// True for the error of a statement that Ctrl-C cancelled.
pub(crate) fn is_cancelled(error: &Error) -> bool {
    error.code == ErrorCode::StatementTimeout && error.message == CANCELLED
}

/// Says that a database does not exist, and which ones do.
pub(crate) fn no_such_database(name: &str, databases: &[String], url: &str) -> String {
    let rest = match databases {
        [] => "; there is none yet".to_owned(),
        databases => match crate::names::nearest(name, databases.iter().map(String::as_str)) {
            Some(nearest) => format!("; did you mean \"{nearest}\"?"),
            None => format!("; there are {}", crate::names::listed(databases.iter().map(String::as_str))),
        },
    };
    format!("there is no database \"{name}\" at {url}{rest}")
}
