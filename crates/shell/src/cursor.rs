//! The rows of a statement, which a cursor of the database reads a page at a time: a result may be larger than the memory, and
//! its first rows are shown while the next are read.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use phantomdb_protocol::{
    Apart, Batch, BeginTransaction, Call, CallContext, Column, Error, ErrorCode, NewTransaction, Result,
    ResultSet, Statement,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{connection::Connection, format::Pages};

/// The most rows of a page. The first one is there with the first answer, and most results have fewer rows.
const PAGE_ROWS: u64 = 250;
/// The bytes of text that a page has at most, if the rows are like those before.
const PAGE_BYTES: u64 = 1 << 20;
/// How long a page may lie in a pager before the next one is asked for, in milliseconds. The server allows no more.
const PAGE_TIMEOUT: u64 = 600_000;

/// The words with which a statement begins that a cursor can be for.
const READING_WORDS: [&str; 4] = ["select", "values", "with", "table"];

/// The result of a statement that has rows.
pub(crate) struct Rows {
    columns: Vec<Column>,
    /// The first page, until it was taken.
    first: Option<ResultSet>,
    /// Reads the other pages.
    cursor: Option<Cursor>,
    /// The time in which the database was at work.
    taken: Duration,
}

struct Cursor {
    connection: Connection,
    name: String,
    /// The transaction of the cursor. None once it has ended, as far as the cursor needs it.
    transaction: Option<String>,
    /// True when the transaction ends with the cursor.
    is_own: bool,
    /// The rows of the next page.
    page: u64,
}

/// The outcomes of the statements that declare a cursor and read its first page. The rows of a result are kept as text, which
/// a list of results and errors cannot hold.
#[derive(Deserialize)]
struct Outcomes {
    results: [Box<RawValue>; 2],
}

fn result_of(outcome: &RawValue) -> Result<ResultSet> {
    #[derive(Deserialize)]
    struct Failure {
        error: Error,
    }
    if let Ok(Failure { error }) = serde_json::from_str(outcome.get()) {
        return Err(error);
    }
    serde_json::from_str(outcome.get())
        .map_err(|error| Error::internal(format!("the answer cannot be read: {error}")))
}

impl Rows {
    /// The rows of a result that is there as a whole.
    pub(crate) fn whole(result: ResultSet, taken: Duration) -> Self {
        Self { columns: result.columns.clone(), first: Some(result), cursor: None, taken }
    }

    /// Runs a statement that reads. `None` for another statement, which was not run.
    pub(crate) fn open(connection: &Connection, sql: &str) -> Result<Option<Self>> {
        let word = sql.trim_start_matches(['(', ' ', '\n', '\t']);
        let word = word.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        if !READING_WORDS.iter().any(|reading| reading.eq_ignore_ascii_case(word)) {
            return Ok(None);
        }
        let begun_at = Instant::now();
        let name = format!("phantomdb_shell_{}", connection.statements());
        let declare = format!("DECLARE {name} NO SCROLL CURSOR FOR ");
        let offset = declare.chars().count() as u64;
        let statements = [declare + sql, fetch(&name, PAGE_ROWS)];
        let statements = statements.map(|query| Apart(Ok(Statement { query, ..Statement::default() })));
        let batch = Batch { statements: statements.into(), atomic: false };
        let database = connection.database()?;
        let context = connection.within();
        let new = context.transaction.is_none().then(|| {
            let options = BeginTransaction { timeout: Some(PAGE_TIMEOUT), ..BeginTransaction::default() };
            NewTransaction { options, begun: Arc::default() }
        });
        let begun = new.as_ref().map(|new| Arc::clone(&new.begun));
        let open = context.transaction.clone();
        let context = CallContext { new_transaction: new.map(Box::new), ..context };
        let answer: Result<Outcomes> = connection.ask(Call::Batch { database, batch }, context);
        let is_own = open.is_none();
        let transaction = open.or_else(|| begun.and_then(|begun| begun.get().map(|begun| begun.id.clone())));
        // From here on a transaction of its own ends with the cursor.
        let cursor = transaction.map(|transaction| Cursor {
            connection: connection.clone(),
            name,
            transaction: Some(transaction),
            is_own,
            page: PAGE_ROWS,
        });
        let Outcomes { results: [declared, first] } = answer?;
        if let Err(mut error) = result_of(&declared) {
            if let Some(cursor) = cursor {
                cursor.give_up();
            }
            if error.code == ErrorCode::Unsupported {
                return Ok(None);
            }
            error.details.position = error.details.position.map(|place| place.saturating_sub(offset));
            return Err(error);
        }
        let first = result_of(&first)?;
        let mut rows =
            Self { columns: first.columns.clone(), first: None, cursor, taken: Duration::default() };
        rows.sort_out(&first)?;
        rows.first = Some(first);
        rows.taken = begun_at.elapsed();
        Ok(Some(rows))
    }

    /// The time in which the database was at work so far.
    pub(crate) const fn taken(&self) -> Duration {
        self.taken
    }

    /// Ends the cursor after its last page, and sets the size of the next one otherwise.
    fn sort_out(&mut self, page: &ResultSet) -> Result<()> {
        let Some(cursor) = &mut self.cursor else { return Ok(()) };
        let count = crate::format::count(page);
        if count < cursor.page {
            return self.cursor.take().map_or(Ok(()), Cursor::end);
        }
        let bytes = page.rows.get().len() as u64 / count.max(1);
        cursor.page = (PAGE_BYTES / bytes.max(1)).clamp(1, PAGE_ROWS);
        Ok(())
    }

    fn read_page(&mut self) -> Result<Option<ResultSet>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let page = cursor.ask(fetch(&cursor.name, cursor.page))?;
        self.sort_out(&page)?;
        Ok(Some(page))
    }
}

impl Pages for Rows {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn next_page(&mut self) -> io::Result<Option<ResultSet>> {
        if self.first.is_some() {
            return Ok(self.first.take());
        }
        let begun_at = Instant::now();
        let page = self.read_page();
        self.taken += begun_at.elapsed();
        page.map_err(io::Error::other)
    }
}

fn fetch(name: &str, count: u64) -> String {
    format!("FETCH {count} FROM {name}")
}

impl Cursor {
    fn ask(&self, query: String) -> Result<ResultSet> {
        let statement = Statement { query, ..Statement::default() };
        let context = CallContext {
            transaction: self.transaction.clone(),
            rows_as_arrays: true,
            ..CallContext::default()
        };
        self.connection.ask(Call::Query { database: self.connection.database()?, statement }, context)
    }

    fn close(&self) -> Result<()> {
        self.ask(format!("CLOSE {}", self.name)).map(drop)
    }

    /// Ends the cursor after its last page. A transaction of its own is committed, since a function in the statement may have
    /// changed something.
    fn end(mut self) -> Result<()> {
        let outcome = match self.transaction.clone().filter(|_| self.is_own) {
            Some(id) => {
                self.connection.call(Call::CommitTransaction { id }, CallContext::default()).map(drop)
            }
            None => self.close(),
        };
        self.transaction = None;
        outcome
    }

    /// Ends a cursor that could not be declared, of which only its own transaction is left.
    fn give_up(mut self) {
        if !self.is_own {
            self.transaction = None;
        }
    }
}

impl Drop for Cursor {
    /// Ends a cursor whose rows nobody reads any more.
    fn drop(&mut self) {
        let Some(id) = self.transaction.clone() else { return };
        let ended = if self.is_own {
            self.connection.call(Call::RollbackTransaction { id }, CallContext::default()).map(drop)
        } else {
            self.close()
        };
        // The database ends it when nobody calls for some time.
        drop(ended);
    }
}
