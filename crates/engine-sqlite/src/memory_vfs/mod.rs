//! A file system for SQLite on the heap of this process.
//!
//! SQLite's own `:memory:` gives each connection a database of its own, or, shared, makes readers wait for the
//! writer. Here many connections share one database in WAL mode, as they would on disk: readers see what is
//! committed while a transaction is open.

mod file;
mod node;

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use phantomdb_protocol::{Error, Result};
use rusqlite::ffi;

use node::Node;
pub(super) use node::{CHUNK, Chunk};

/// The name SQLite knows this file system by.
pub(super) const NAME: &CStr = c"phantomdb-memory";

const LONGEST_PATH: c_int = 512;

/// The files that have a name. A deleted one lives on for those who have it open.
static FILES: Mutex<Option<HashMap<String, Arc<Node>>>> = Mutex::new(None);

fn files() -> MutexGuard<'static, Option<HashMap<String, Arc<Node>>>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of one database in memory. Dropped, its files are deleted, and freed when the last connection closes.
#[derive(Debug)]
pub(super) struct MemoryFile {
    path: String,
}

impl MemoryFile {
    /// A database of its own, empty.
    pub(super) fn new() -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        register()?;
        Ok(Self { path: format!("/phantomdb/{}", NEXT.fetch_add(1, Ordering::Relaxed)) })
    }

    /// A database that begins as these bytes, which it shares until it writes to them.
    pub(super) fn with_content(chunks: Vec<Chunk>, length: usize) -> Result<Self> {
        let file = Self::new()?;
        let node = Arc::new(Node::with_content(chunks, length));
        files().get_or_insert_default().insert(file.path.clone(), node);
        Ok(file)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        if let Some(files) = files().as_mut() {
            for suffix in ["", "-wal", "-journal"] {
                files.remove(&format!("{}{suffix}", self.path));
            }
        }
    }
}

/// Makes the file system known to SQLite, once in the life of the process.
fn register() -> Result<()> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = *REGISTERED.get_or_init(|| {
        // SAFETY: both calls may be made at any time; a VFS must live as long as the process, so it is leaked.
        unsafe {
            let default = ffi::sqlite3_vfs_find(std::ptr::null());
            !default.is_null()
                && ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs(default))), 0) == ffi::SQLITE_OK
        }
    });
    if registered { Ok(()) } else { Err(Error::internal("SQLite refused the memory file system")) }
}

/// `default` lends what has nothing to do with files: time, sleep and chance.
fn vfs(default: *mut ffi::sqlite3_vfs) -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: c_int::try_from(size_of::<file::Handle>()).unwrap_or(c_int::MAX),
        mxPathname: LONGEST_PATH,
        pNext: std::ptr::null_mut(),
        zName: NAME.as_ptr(),
        pAppData: default.cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        // SQLite loads an extension only where that was switched on, which this engine never does.
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: None,
        xCurrentTimeInt64: Some(current_time_int64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

/// A path as SQLite passes it.
///
/// # Safety
/// `path` is null or a C string that lives as long as the answer is used.
unsafe fn text<'a>(path: *const c_char) -> Option<&'a str> {
    // SAFETY: the caller's promise.
    if path.is_null() { None } else { unsafe { CStr::from_ptr(path) }.to_str().ok() }
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    handle: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes null, for a file of its own, or a path.
    let node = match unsafe { text(name) } {
        None => Arc::default(),
        Some(path) => {
            let mut files = files();
            let files = files.get_or_insert_default();
            match files.get(path) {
                Some(node) => Arc::clone(node),
                None if flags & ffi::SQLITE_OPEN_CREATE != 0 => {
                    let node = Arc::<Node>::default();
                    files.insert(path.to_owned(), Arc::clone(&node));
                    node
                }
                None => {
                    // SAFETY: SQLite passes memory for a file; without methods it does not close it.
                    unsafe { (*handle).pMethods = std::ptr::null() };
                    return ffi::SQLITE_CANTOPEN;
                }
            }
        }
    };
    // SAFETY: SQLite passes `szOsFile` bytes for the file, and null or a place for the flags.
    unsafe {
        file::open(handle, node);
        if !out_flags.is_null() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, name: *const c_char, _sync: c_int) -> c_int {
    // SAFETY: SQLite passes a path.
    let removed = unsafe { text(name) }.and_then(|path| files().as_mut()?.remove(path));
    if removed.is_some() { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_DELETE_NOENT }
}

unsafe extern "C" fn access(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    answer: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a path and a place for the answer.
    unsafe {
        let there = text(name).is_some_and(|path| files().as_ref().is_some_and(|f| f.contains_key(path)));
        *answer = c_int::from(there);
    }
    ffi::SQLITE_OK
}

/// A path of this file system is full as it is.
unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    size: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a path and `size` bytes for the answer; both are looked at within their bounds.
    unsafe {
        let name = CStr::from_ptr(name).to_bytes_with_nul();
        if name.len() > usize::try_from(size).unwrap_or(0) {
            return ffi::SQLITE_CANTOPEN;
        }
        std::ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len());
    }
    ffi::SQLITE_OK
}

/// The process's usual file system.
///
/// # Safety
/// `vfs` is the one made by [`vfs`], whose `pAppData` SQLite registered for the life of the process.
unsafe fn default(vfs: *mut ffi::sqlite3_vfs) -> *mut ffi::sqlite3_vfs {
    // SAFETY: the caller's promise.
    unsafe { (*vfs).pAppData.cast() }
}

unsafe extern "C" fn randomness(vfs: *mut ffi::sqlite3_vfs, count: c_int, out: *mut c_char) -> c_int {
    // SAFETY: the arguments are passed on as they came, to the file system they are meant for.
    unsafe {
        let default = default(vfs);
        (*default).xRandomness.map_or(0, |f| f(default, count, out))
    }
}

unsafe extern "C" fn sleep(vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    // SAFETY: as in `randomness`.
    unsafe {
        let default = default(vfs);
        (*default).xSleep.map_or(0, |f| f(default, microseconds))
    }
}

unsafe extern "C" fn current_time(vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: as in `randomness`.
    unsafe {
        let default = default(vfs);
        (*default).xCurrentTime.map_or(ffi::SQLITE_ERROR, |f| f(default, out))
    }
}

unsafe extern "C" fn current_time_int64(vfs: *mut ffi::sqlite3_vfs, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: as in `randomness`.
    unsafe {
        let default = default(vfs);
        (*default).xCurrentTimeInt64.map_or(ffi::SQLITE_ERROR, |f| f(default, out))
    }
}

#[cfg(test)]
mod tests;
