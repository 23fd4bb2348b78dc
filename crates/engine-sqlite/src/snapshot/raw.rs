//! A connection's files, read past SQLite's page cache, many pages at a time.

use std::ffi::c_int;
use std::marker::PhantomData;

use phantomdb_protocol::{Error, Result};
use rusqlite::{Connection, ffi};

const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The last bit says in which order the checksums are counted.
const WAL_MAGIC: u32 = 0x377f_0682;

/// A file that a connection has open. SQLite's own handle of it is used: closing another one would let go of the
/// locks that SQLite holds on the file.
pub(super) struct RawFile<'a> {
    file: *mut ffi::sqlite3_file,
    connection: PhantomData<&'a Connection>,
}

impl<'a> RawFile<'a> {
    pub(super) fn database(connection: &'a Connection) -> Result<Self> {
        Self::of(connection, ffi::SQLITE_FCNTL_FILE_POINTER)
    }

    /// The write-ahead log; there is one once a transaction has begun.
    fn log(connection: &'a Connection) -> Result<Self> {
        Self::of(connection, ffi::SQLITE_FCNTL_JOURNAL_POINTER)
    }

    fn of(connection: &'a Connection, which: c_int) -> Result<Self> {
        let mut file: *mut ffi::sqlite3_file = std::ptr::null_mut();
        // SAFETY: the connection is open, and for these two operations SQLite writes one pointer to the argument. The
        // file lives as long as the connection, which is borrowed.
        let code = unsafe {
            ffi::sqlite3_file_control(connection.handle(), c"main".as_ptr(), which, (&raw mut file).cast())
        };
        if code == ffi::SQLITE_OK && !file.is_null() {
            Ok(Self { file, connection: PhantomData })
        } else {
            Err(Error::internal("SQLite does not say which file the database is in"))
        }
    }

    /// Fills the buffer; what lies beyond the end of the file is zeros. True when all of it was there.
    pub(super) fn read(&self, buffer: &mut [u8], offset: usize) -> Result<bool> {
        let failed = || Error::internal("the file of the database cannot be read");
        let (Ok(amount), Ok(offset)) = (c_int::try_from(buffer.len()), i64::try_from(offset)) else {
            return Err(failed());
        };
        // SAFETY: SQLite's file is valid while its connection is, see `of`; one that is not open has no methods. The
        // connection is used by this thread only, so nobody else is in a method of this file.
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

/// The two numbers in the header of a write-ahead log and of its frames. The log that follows it has others.
pub(super) type Salts = [u8; 8];

/// Which pages the write-ahead log may hold; the others the database file does. Sound in a transaction: the log is not
/// begun anew as long as there is one that needs it, and its frames follow each other under the salts of its header.
pub(super) struct Log {
    /// By the index of the page.
    pub(super) pages: Vec<bool>,
    /// None when there is no log.
    pub(super) salts: Option<Salts>,
}

impl Log {
    pub(super) fn read(connection: &Connection, page_size: usize, count: usize) -> Result<Self> {
        let mut pages = vec![false; count];
        let log = RawFile::log(connection)?;
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

/// The salts of the log as it is now, if there is one.
pub(super) fn salts(connection: &Connection) -> Result<Option<Salts>> {
    salts_of(&RawFile::log(connection)?)
}

fn salts_of(log: &RawFile<'_>) -> Result<Option<Salts>> {
    let mut header = [0; WAL_HEADER];
    if !log.read(&mut header, 0)? || number(&header, 0) & !1 != WAL_MAGIC {
        return Ok(None);
    }
    let mut salts = Salts::default();
    salts.copy_from_slice(&header[16..24]);
    Ok(Some(salts))
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}
