//! Reads the files of a connection directly, without SQLite's page cache, many pages at a time.

use std::ffi::c_int;
use std::marker::PhantomData;

use phantomdb_protocol::{Error, Result};
use rusqlite::{Connection, ffi};

const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The magic number of a write-ahead log. Its last bit is the byte order of the checksums.
const WAL_MAGIC: u32 = 0x377f_0682;

/// A file that a connection has open, read through SQLite's own handle. A second handle could not be used: closing it would
/// release the POSIX locks that SQLite holds on the file.
pub(super) struct DatabaseFile<'a> {
    file: *mut ffi::sqlite3_file,
    connection: PhantomData<&'a Connection>,
}

impl<'a> DatabaseFile<'a> {
    /// The main file.
    pub(super) fn database(connection: &'a Connection) -> Result<Self> {
        Self::of(connection, ffi::SQLITE_FCNTL_FILE_POINTER)
    }

    /// The write-ahead log. It is open once a transaction has begun.
    fn log(connection: &'a Connection) -> Result<Self> {
        Self::of(connection, ffi::SQLITE_FCNTL_JOURNAL_POINTER)
    }

    fn of(connection: &'a Connection, operation: c_int) -> Result<Self> {
        let mut file: *mut ffi::sqlite3_file = std::ptr::null_mut();
        // SAFETY: the handle is valid because the connection is open and borrowed, and the name is a static C string. For
        // the two operations that `database` and `log` pass, SQLite writes one `sqlite3_file` pointer to the argument,
        // which points to a variable of this type.
        let code = unsafe {
            ffi::sqlite3_file_control(
                connection.handle(),
                c"main".as_ptr(),
                operation,
                (&raw mut file).cast(),
            )
        };
        if code == ffi::SQLITE_OK && !file.is_null() {
            Ok(Self { file, connection: PhantomData })
        } else {
            Err(Error::internal("SQLite does not say which file the database is in"))
        }
    }

    /// Fills the buffer from the file. Bytes beyond the end of the file become zeros. Returns true when the file had all of
    /// the bytes.
    pub(super) fn read(&self, buffer: &mut [u8], offset: usize) -> Result<bool> {
        let failed = || Error::internal("the file of the database cannot be read");
        let (Ok(amount), Ok(offset)) = (c_int::try_from(buffer.len()), i64::try_from(offset)) else {
            return Err(failed());
        };
        // SAFETY: SQLite's file object lives as long as the connection, which `self` borrows. `pMethods` is null when the
        // file is not open, and otherwise points to the methods of its VFS. `xRead` gets a buffer of `amount` bytes. A
        // connection is used by one thread at a time, so no other method of the file runs meanwhile.
        let code = unsafe {
            match (*self.file).pMethods.as_ref().and_then(|methods| methods.xRead) {
                Some(read) => read(self.file, buffer.as_mut_ptr().cast(), amount, offset),
                None => {
                    buffer.fill(0);
                    ffi::SQLITE_IOERR_SHORT_READ
                }
            }
        };
        match code {
            ffi::SQLITE_OK => Ok(true),
            ffi::SQLITE_IOERR_SHORT_READ => Ok(false),
            _ => Err(failed()),
        }
    }
}

/// The two numbers (salts) in the header of a write-ahead log and in its frames. SQLite changes them when it restarts the
/// log.
pub(super) type Salts = [u8; 8];

/// The pages that may be in the write-ahead log. All others are in the database file. This holds during a transaction: SQLite
/// does not restart the log while a transaction uses it, and its frames follow each other with the salts of its header.
pub(super) struct LogPages {
    /// True at the index of each page that may be in the log.
    pub(super) pages: Vec<bool>,
    /// `None` when there is no log.
    pub(super) salts: Option<Salts>,
}

impl LogPages {
    pub(super) fn read(connection: &Connection, page_size: usize, count: usize) -> Result<Self> {
        let mut pages = vec![false; count];
        let log = DatabaseFile::log(connection)?;
        let salts = salts_of(&log)?;
        let Some(salts) = salts else { return Ok(Self { pages, salts }) };
        let mut frame = [0; FRAME_HEADER];
        let mut offset = WAL_HEADER;
        while log.read(&mut frame, offset)? && frame[8..16] == salts {
            let index = usize::try_from(number(&frame, 0)).ok().and_then(|page| page.checked_sub(1));
            if let Some(page) = index.and_then(|index| pages.get_mut(index)) {
                *page = true;
            }
            offset += FRAME_HEADER + page_size;
        }
        Ok(Self { pages, salts: Some(salts) })
    }
}

/// The salts of the current log, if there is one.
pub(super) fn log_salts(connection: &Connection) -> Result<Option<Salts>> {
    salts_of(&DatabaseFile::log(connection)?)
}

fn salts_of(log: &DatabaseFile<'_>) -> Result<Option<Salts>> {
    let mut header = [0; WAL_HEADER];
    if !log.read(&mut header, 0)? || number(&header, 0) & !1 != WAL_MAGIC {
        return Ok(None);
    }
    let mut salts = Salts::default();
    salts.copy_from_slice(&header[16..24]);
    Ok(Some(salts))
}

/// The big-endian number at an offset.
fn number(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}
