//! The methods SQLite calls on an open file.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::Arc;

use rusqlite::ffi;

use super::node::{Level, Node, ShmHeld};

/// What SQLite allocates for an open file of this VFS; it knows the first field only.
#[repr(C)]
pub(super) struct Handle {
    base: ffi::sqlite3_file,
    open: *mut Open,
}

struct Open {
    node: Arc<Node>,
    level: Level,
    shared_memory: ShmHeld,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Makes `file` a handle on `node`.
///
/// # Safety
/// `file` points to `size_of::<Handle>()` bytes that SQLite allocated for it.
pub(super) unsafe fn open(file: *mut ffi::sqlite3_file, node: Arc<Node>) {
    let open = Box::new(Open { node, level: Level::None, shared_memory: ShmHeld::default() });
    let handle =
        Handle { base: ffi::sqlite3_file { pMethods: &raw const METHODS }, open: Box::into_raw(open) };
    // SAFETY: the caller's promise; the memory is not initialised, so nothing is dropped.
    unsafe { file.cast::<Handle>().write(handle) };
}

/// What is behind a file that SQLite passes to a method.
///
/// # Safety
/// `file` was filled by [`open`] and is not closed. SQLite calls the methods of one file from one thread at a
/// time (a connection is used by one thread at a time), so the reference is the only one.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Open {
    // SAFETY: the caller's promise.
    unsafe { &mut *(*file.cast::<Handle>()).open }
}

fn to_size(n: impl TryInto<usize>) -> usize {
    n.try_into().unwrap_or(0)
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite passes a file that is open, and never uses it again; `open` came from `Box::into_raw`.
    let mut open = unsafe { Box::from_raw((*file.cast::<Handle>()).open) };
    let node = Arc::clone(&open.node);
    node.shm_unmap(&mut open.shared_memory);
    node.unlock(&mut open.level, Level::None);
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    buffer: *mut c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes an open file and a buffer of `amount` bytes.
    let (open, buffer) =
        unsafe { (opened(file), std::slice::from_raw_parts_mut(buffer.cast::<u8>(), to_size(amount))) };
    if open.node.read(buffer, to_size(offset)) < buffer.len() {
        return ffi::SQLITE_IOERR_SHORT_READ;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes an open file and `amount` bytes.
    let (open, bytes) =
        unsafe { (opened(file), std::slice::from_raw_parts(bytes.cast::<u8>(), to_size(amount))) };
    open.node.write(bytes, to_size(offset)).map_or(ffi::SQLITE_FULL, |()| ffi::SQLITE_OK)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite passes an open file.
    let truncated = unsafe { opened(file) }.node.truncate(to_size(size));
    truncated.map_or(ffi::SQLITE_IOERR_NOMEM, |()| ffi::SQLITE_OK)
}

/// The memory of a process has nothing to be written through to.
unsafe extern "C" fn sync(_file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite passes an open file and a place for the answer.
    unsafe { *size = i64::try_from(opened(file).node.length()).unwrap_or(i64::MAX) };
    ffi::SQLITE_OK
}

fn level(lock: c_int) -> Level {
    match lock {
        ffi::SQLITE_LOCK_SHARED => Level::Shared,
        ffi::SQLITE_LOCK_RESERVED => Level::Reserved,
        ffi::SQLITE_LOCK_PENDING => Level::Pending,
        ffi::SQLITE_LOCK_EXCLUSIVE => Level::Exclusive,
        _ => Level::None,
    }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: SQLite passes an open file.
    let open = unsafe { opened(file) };
    if open.node.lock(&mut open.level, level(wanted)) { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, to: c_int) -> c_int {
    // SAFETY: SQLite passes an open file.
    let open = unsafe { opened(file) };
    open.node.unlock(&mut open.level, level(to));
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, answer: *mut c_int) -> c_int {
    // SAFETY: SQLite passes an open file and a place for the answer.
    unsafe { *answer = c_int::from(opened(file).node.is_reserved()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(
    _file: *mut ffi::sqlite3_file,
    _operation: c_int,
    _argument: *mut c_void,
) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    4096
}

/// A write that was interrupted by the end of the process leaves no file behind at all.
unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_ATOMIC
        | ffi::SQLITE_IOCAP_SAFE_APPEND
        | ffi::SQLITE_IOCAP_SEQUENTIAL
        | ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    address: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite passes an open file.
    let open = unsafe { opened(file) };
    let mapped = open.node.shm_map(&mut open.shared_memory, to_size(region), to_size(size), extend != 0);
    // SAFETY: SQLite passes a place for the answer.
    unsafe { *address = mapped.as_ref().map_or(ptr::null_mut(), |region| region.cast()) };
    mapped.map_or(ffi::SQLITE_IOERR_NOMEM, |_| ffi::SQLITE_OK)
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: SQLite passes an open file.
    let open = unsafe { opened(file) };
    let (first, count) = (to_size(first), to_size(count));
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        open.node.shm_unlock(&mut open.shared_memory, first, count);
        return ffi::SQLITE_OK;
    }
    let exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    if open.node.shm_lock(&mut open.shared_memory, first, count, exclusive) {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_BUSY
    }
}

unsafe extern "C" fn shm_barrier(_file: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _delete: c_int) -> c_int {
    // SAFETY: SQLite passes an open file.
    let open = unsafe { opened(file) };
    open.node.shm_unmap(&mut open.shared_memory);
    ffi::SQLITE_OK
}
