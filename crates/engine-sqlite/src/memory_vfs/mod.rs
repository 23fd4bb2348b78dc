//! A file system (VFS) for SQLite on the heap of this process.
//!
//! With SQLite's own `:memory:`, each connection has its own database, or, with a shared cache, readers wait for the writer.
//! In this file system many connections share a database in WAL mode, as they would on disk: readers see what is committed
//! while a transaction is open.

mod heap_file;
mod io_methods;

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use phantomdb_protocol::{Error, Result};
use rusqlite::ffi;

use heap_file::HeapFile;
pub(super) use heap_file::{CHUNK, Chunk};

/// The name of this file system in SQLite.
pub(super) const NAME: &CStr = c"phantomdb-memory";

const LONGEST_PATH: c_int = 512;

/// The files by path. A deleted file is freed when nobody has it open any more.
static FILES: Mutex<Option<HashMap<String, Arc<HeapFile>>>> = Mutex::new(None);

/// A database in memory. When this is dropped, its files are deleted; they are freed when the last connection closes.
#[derive(Debug)]
pub(super) struct MemoryFile {
    path: String,
}

impl MemoryFile {
    /// Creates an empty database with a new path.
    pub(super) fn new() -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        register()?;
        Ok(Self { path: format!("/phantomdb/{}", NEXT.fetch_add(1, Ordering::Relaxed)) })
    }

    /// Creates a database with this content. The chunks are shared until they are written to.
    pub(super) fn with_content(chunks: Vec<Chunk>, length: usize) -> Result<Self> {
        let file = Self::new()?;
        let content = Arc::new(HeapFile::with_content(chunks, length));
        FILES.lock().get_or_insert_default().insert(file.path.clone(), content);
        Ok(file)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        if let Some(files) = FILES.lock().as_mut() {
            for suffix in ["", "-wal", "-journal"] {
                files.remove(&format!("{}{suffix}", self.path));
            }
        }
    }
}

/// Registers the file system in SQLite, once in the life of the process.
fn register() -> Result<()> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = *REGISTERED.get_or_init(|| {
        // SAFETY: the function may be called at any time and from any thread. Null asks for the default VFS.
        let default = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
        if default.is_null() {
            return false;
        }
        let vfs = Box::into_raw(Box::new(vfs(default)));
        // SAFETY: the function may be called at any time and from any thread. SQLite uses the VFS until the process ends,
        // so it is leaked.
        let code = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
        code == ffi::SQLITE_OK
    });
    if registered { Ok(()) } else { Err(Error::internal("SQLite refused the memory file system")) }
}

/// The description of the file system. `default` provides what does not concern files: time, sleep and randomness.
fn vfs(default: *mut ffi::sqlite3_vfs) -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: c_int::try_from(size_of::<io_methods::FileHandle>()).unwrap_or(c_int::MAX),
        mxPathname: LONGEST_PATH,
        pNext: std::ptr::null_mut(),
        zName: NAME.as_ptr(),
        pAppData: default.cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        // Only loading an extension needs these, which the engine never allows.
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

/// A path that SQLite passes. `None` for null and for a path that is not UTF-8.
///
/// # Safety
/// `path` must be null or point to a C string that lives for `'a`.
unsafe fn path_text<'a>(path: *const c_char) -> Option<&'a str> {
    if path.is_null() {
        return None;
    }
    // SAFETY: the caller promises a C string that lives for `'a`.
    unsafe { CStr::from_ptr(path) }.to_str().ok()
}

/// Opens a file, or creates it when the flags ask for it.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_vfs` for `xOpen`.
unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    handle: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes null for a temporary file, and otherwise a path that lives until the file is closed.
    let content = match unsafe { path_text(name) } {
        None => Arc::default(),
        Some(path) => {
            let mut files = FILES.lock();
            let files = files.get_or_insert_default();
            match files.get(path) {
                Some(content) => Arc::clone(content),
                None if flags & ffi::SQLITE_OPEN_CREATE != 0 => {
                    let content = Arc::<HeapFile>::default();
                    files.insert(path.to_owned(), Arc::clone(&content));
                    content
                }
                None => {
                    // SAFETY: `handle` points to `szOsFile` bytes that SQLite has allocated. SQLite does not close a file
                    // without methods.
                    unsafe { (*handle).pMethods = std::ptr::null() };
                    return ffi::SQLITE_CANTOPEN;
                }
            }
        }
    };
    // SAFETY: `handle` points to `szOsFile` bytes that SQLite has allocated, which is the size of `FileHandle`.
    unsafe { io_methods::open(handle, content) };
    if !out_flags.is_null() {
        // SAFETY: the pointer is not null, so it points to a variable for the flags.
        unsafe { *out_flags = flags };
    }
    ffi::SQLITE_OK
}

/// Deletes a file. Handles that have it open can go on using it.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_vfs` for `xDelete`.
unsafe extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, name: *const c_char, _sync: c_int) -> c_int {
    // SAFETY: SQLite passes a path that lives during the call.
    let removed = unsafe { path_text(name) }.and_then(|path| FILES.lock().as_mut()?.remove(path));
    if removed.is_some() { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_DELETE_NOENT }
}

/// Reports whether a file exists.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_vfs` for `xAccess`.
unsafe extern "C" fn access(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    result: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a path that lives during the call.
    let path = unsafe { path_text(name) };
    let exists = path.is_some_and(|path| FILES.lock().as_ref().is_some_and(|files| files.contains_key(path)));
    // SAFETY: SQLite passes a pointer to a variable for the result.
    unsafe { *result = c_int::from(exists) };
    ffi::SQLITE_OK
}

/// Copies the path, because every path of this file system is absolute.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_vfs` for `xFullPathname`.
unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    size: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a path that lives during the call.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if name.len() > usize::try_from(size).unwrap_or(0) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: SQLite passes a buffer of `size` bytes, and the path is not longer. They do not overlap.
    unsafe { std::ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len()) };
    ffi::SQLITE_OK
}

/// The default VFS of the process.
///
/// # Safety
/// `vfs` must point to a VFS that the function [`vfs`] made.
unsafe fn default_vfs(vfs: *mut ffi::sqlite3_vfs) -> *mut ffi::sqlite3_vfs {
    // SAFETY: the caller promises a VFS of this module, which lives as long as the process. Its `pAppData` is the default
    // VFS.
    unsafe { (*vfs).pAppData.cast() }
}

/// Fills a buffer with random bytes from the default VFS.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_vfs` for `xRandomness`.
unsafe extern "C" fn randomness(vfs: *mut ffi::sqlite3_vfs, count: c_int, out: *mut c_char) -> c_int {
    // SAFETY: SQLite passes the VFS that was registered here. The default VFS gets its own pointer and SQLite's other
    // arguments unchanged.
    unsafe {
        let default = default_vfs(vfs);
        (*default).xRandomness.map_or(0, |f| f(default, count, out))
    }
}

/// Sleeps with the default VFS.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_vfs` for `xSleep`.
unsafe extern "C" fn sleep(vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    // SAFETY: SQLite passes the VFS that was registered here. The default VFS gets its own pointer and SQLite's other
    // argument unchanged.
    unsafe {
        let default = default_vfs(vfs);
        (*default).xSleep.map_or(0, |f| f(default, microseconds))
    }
}

/// The time from the default VFS.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_vfs` for `xCurrentTime`.
unsafe extern "C" fn current_time(vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: SQLite passes the VFS that was registered here. The default VFS gets its own pointer and SQLite's other
    // argument unchanged.
    unsafe {
        let default = default_vfs(vfs);
        (*default).xCurrentTime.map_or(ffi::SQLITE_ERROR, |f| f(default, out))
    }
}

/// The time in milliseconds from the default VFS.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_vfs` for `xCurrentTimeInt64`.
unsafe extern "C" fn current_time_int64(vfs: *mut ffi::sqlite3_vfs, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite passes the VFS that was registered here. The default VFS gets its own pointer and SQLite's other
    // argument unchanged.
    unsafe {
        let default = default_vfs(vfs);
        (*default).xCurrentTimeInt64.map_or(ffi::SQLITE_ERROR, |f| f(default, out))
    }
}

#[cfg(test)]
mod tests;
