//! A cursor: a statement that reads, some of whose rows are yet to be read.
//!
//! rusqlite's own statements borrow their connection, so that a transaction could not keep one beside the connection that
//! it owns. A cursor holds SQLite's handle instead, and whoever keeps it sees to it that it is dropped before the
//! connection.

use std::ffi::{CStr, c_int};
use std::ptr::{self, NonNull};

use phantomdb_engine::{Deadline, ResultLimits};
use phantomdb_protocol::{Column, Error, ErrorCode, Result, ResultSet};
use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
use rusqlite::{Connection, ffi};

use crate::database::Lease;
use crate::error;
use crate::rows::{RowWriter, Stored};

pub(super) struct Cursor {
    statement: NonNull<ffi::sqlite3_stmt>,
    columns: Vec<Column>,
    stored: Vec<Option<Stored>>,
    position: Position,
    /// The connection of the cursor, when it has one of its own.
    pub(super) lease: Option<Lease>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// SQLite has a row that was not read yet.
    AtRow,
    /// SQLite has to look for the next row.
    BeforeRow,
    Over,
}

// SAFETY: a statement of SQLite may be used by any thread, but, as its connection, by one at a time. The transaction that
// keeps the cursor is locked while either is used.
unsafe impl Send for Cursor {}

impl Cursor {
    /// Opens a cursor at the first row, so that it reads the state of this moment.
    ///
    /// # Safety
    ///
    /// The cursor must be dropped before the connection is closed. No other thread may use either while this one uses the
    /// other.
    pub(super) unsafe fn open(
        connection: &Connection,
        sql: &str,
        parameters: &[ToSqlOutput<'_>],
        columns: Vec<Column>,
        stored: Vec<Option<Stored>>,
    ) -> Result<Self> {
        let length = c_int::try_from(sql.len())
            .map_err(|_| Error::new(ErrorCode::TooLarge, "the statement is too long"))?;
        let mut statement = ptr::null_mut();
        // SAFETY: the connection is open, and the text has this length. SQLite needs no more of it after the call.
        let code = unsafe {
            ffi::sqlite3_prepare_v3(
                connection.handle(),
                sql.as_ptr().cast(),
                length,
                ffi::SQLITE_PREPARE_PERSISTENT,
                &raw mut statement,
                ptr::null_mut(),
            )
        };
        let Some(statement) = NonNull::new(statement) else {
            // SAFETY: the connection is open.
            return Err(unsafe { failure(connection.handle(), code) });
        };
        let mut cursor = Self { statement, columns, stored, position: Position::BeforeRow, lease: None };
        for (index, value) in parameters.iter().enumerate() {
            cursor.bind(index + 1, value)?;
        }
        cursor.step()?;
        Ok(cursor)
    }

    fn bind(&self, number: usize, value: &ToSqlOutput<'_>) -> Result<()> {
        let value = match value {
            ToSqlOutput::Borrowed(value) => *value,
            ToSqlOutput::Owned(Owned::Text(text)) => ValueRef::Text(text.as_bytes()),
            _ => return Err(Error::internal("a parameter has a form that is not known")),
        };
        let (statement, index) = (self.statement.as_ptr(), c_int::try_from(number).unwrap_or(c_int::MAX));
        // SAFETY: the statement is open. SQLite copies texts and blobs before the call ends.
        let code = unsafe {
            match value {
                ValueRef::Null => ffi::sqlite3_bind_null(statement, index),
                ValueRef::Integer(integer) => ffi::sqlite3_bind_int64(statement, index, integer),
                ValueRef::Real(float) => ffi::sqlite3_bind_double(statement, index, float),
                ValueRef::Text(text) => ffi::sqlite3_bind_text64(
                    statement,
                    index,
                    text.as_ptr().cast(),
                    text.len() as u64,
                    ffi::SQLITE_TRANSIENT(),
                    ffi::SQLITE_UTF8 as u8,
                ),
                ValueRef::Blob(bytes) => ffi::sqlite3_bind_blob64(
                    statement,
                    index,
                    bytes.as_ptr().cast(),
                    bytes.len() as u64,
                    ffi::SQLITE_TRANSIENT(),
                ),
            }
        };
        if code == ffi::SQLITE_OK { Ok(()) } else { Err(self.failure(code)) }
    }

    /// Reads as many rows as there are, `count` at most. After an error the cursor is over.
    pub(super) fn fetch(&mut self, count: u64, limits: &ResultLimits) -> Result<ResultSet> {
        let mut writer = RowWriter::new(&self.stored, limits);
        while writer.rows() < count {
            if self.position == Position::BeforeRow {
                Deadline::check()?;
                self.step()?;
            }
            if self.position == Position::Over {
                break;
            }
            writer.push_values(&self.columns, |index| Ok(self.value(index)))?;
            self.position = Position::BeforeRow;
        }
        Ok(ResultSet { columns: self.columns.clone(), rows: writer.finish()?, affected_rows: 0 })
    }

    fn step(&mut self) -> Result<()> {
        // SAFETY: the statement is open, and nothing refers to the values of its row.
        let code = unsafe { ffi::sqlite3_step(self.statement.as_ptr()) };
        self.position = if code == ffi::SQLITE_ROW { Position::AtRow } else { Position::Over };
        match code {
            ffi::SQLITE_ROW | ffi::SQLITE_DONE => Ok(()),
            code => Err(self.failure(code)),
        }
    }

    /// A value of the row at which SQLite is. It is valid until the next step.
    fn value(&self, index: usize) -> ValueRef<'_> {
        let (statement, column) = (self.statement.as_ptr(), c_int::try_from(index).unwrap_or(c_int::MAX));
        // SAFETY: the statement is at a row. Its texts and blobs have the lengths that SQLite says, and stay until the next
        // step, which needs the cursor for itself. A pointer to no bytes may be null.
        unsafe {
            let bytes = |pointer: *const u8| match ffi::sqlite3_column_bytes(statement, column) {
                length if length > 0 && !pointer.is_null() => {
                    std::slice::from_raw_parts(pointer, usize::try_from(length).unwrap_or_default())
                }
                _ => &[],
            };
            match ffi::sqlite3_column_type(statement, column) {
                ffi::SQLITE_INTEGER => ValueRef::Integer(ffi::sqlite3_column_int64(statement, column)),
                ffi::SQLITE_FLOAT => ValueRef::Real(ffi::sqlite3_column_double(statement, column)),
                ffi::SQLITE_TEXT => ValueRef::Text(bytes(ffi::sqlite3_column_text(statement, column))),
                ffi::SQLITE_BLOB => ValueRef::Blob(bytes(ffi::sqlite3_column_blob(statement, column).cast())),
                _ => ValueRef::Null,
            }
        }
    }

    fn failure(&self, code: c_int) -> Error {
        // SAFETY: the statement is open, and so is its connection.
        unsafe { failure(ffi::sqlite3_db_handle(self.statement.as_ptr()), code) }
    }
}

/// # Safety
///
/// The connection must be open.
unsafe fn failure(connection: *mut ffi::sqlite3, code: c_int) -> Error {
    // SAFETY: the caller vouches for the connection. SQLite gives a text that ends with a zero.
    let message = unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(connection)) }.to_string_lossy().into_owned();
    error::from_sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(message)))
}

impl Drop for Cursor {
    fn drop(&mut self) {
        // SAFETY: the statement is open, and nothing uses it after this. Its connection is open: that of the cursor is
        // dropped after this, and whoever keeps the cursor drops it before another.
        unsafe { ffi::sqlite3_finalize(self.statement.as_ptr()) };
    }
}
