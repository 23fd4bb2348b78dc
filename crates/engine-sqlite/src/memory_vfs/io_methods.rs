//! The methods that SQLite calls on an open file.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::Arc;

use rusqlite::ffi;

use super::heap_file::{HeapFile, LockLevel, ShmHandle};

/// An open file of this VFS, in memory that SQLite allocates. SQLite uses the first field only.
#[repr(C)]
pub(super) struct FileHandle {
    base: ffi::sqlite3_file,
    open: *mut OpenFile,
}

struct OpenFile {
    file: Arc<HeapFile>,
    level: LockLevel,
    shared_memory: ShmHandle,
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

/// Initializes `handle` as an open handle of `file`.
///
/// # Safety
/// `handle` must point to `size_of::<FileHandle>()` bytes that are aligned for it and not initialized.
pub(super) unsafe fn open(handle: *mut ffi::sqlite3_file, file: Arc<HeapFile>) {
    let open = Box::new(OpenFile { file, level: LockLevel::None, shared_memory: ShmHandle::default() });
    let opened =
        FileHandle { base: ffi::sqlite3_file { pMethods: &raw const METHODS }, open: Box::into_raw(open) };
    // SAFETY: the caller promises memory for a handle. `write` does not drop the old content.
    unsafe { handle.cast::<FileHandle>().write(opened) };
}

/// The open file of a handle.
///
/// # Safety
/// `file` must be a handle that [`open`] initialized and that is not closed, and no other reference to its open file may
/// exist. SQLite guarantees both for the handle that it passes to a method: it calls the methods of one file from one thread
/// at a time, because a connection is used by one thread at a time.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a mut OpenFile {
    // SAFETY: the caller promises an open handle, whose `open` came from `Box::into_raw`, and that nobody else uses it.
    unsafe { &mut *(*file.cast::<FileHandle>()).open }
}

/// A size or an offset, which SQLite never passes as a negative number.
fn to_size(n: impl TryInto<usize>) -> usize {
    n.try_into().unwrap_or(0)
}

/// Closes the handle and releases what it holds.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xClose`.
unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite passes an open handle and does not use it after this call. Its `open` came from `Box::into_raw`.
    let mut open = unsafe { Box::from_raw((*file.cast::<FileHandle>()).open) };
    let file = Arc::clone(&open.file);
    file.shm_unmap(&mut open.shared_memory);
    file.unlock(&mut open.level, LockLevel::None);
    ffi::SQLITE_OK
}

/// Reads bytes. Bytes beyond the end of the file become zeros.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xRead`.
unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    buffer: *mut c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes an open handle and a buffer of `amount` bytes, which nobody else uses during the call.
    let (open, buffer) =
        unsafe { (opened(file), std::slice::from_raw_parts_mut(buffer.cast::<u8>(), to_size(amount))) };
    if open.file.read(buffer, to_size(offset)) < buffer.len() {
        return ffi::SQLITE_IOERR_SHORT_READ;
    }
    ffi::SQLITE_OK
}

/// Writes bytes.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xWrite`.
unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes an open handle and `amount` bytes, which nobody changes during the call.
    let (open, bytes) =
        unsafe { (opened(file), std::slice::from_raw_parts(bytes.cast::<u8>(), to_size(amount))) };
    open.file.write(bytes, to_size(offset)).map_or(ffi::SQLITE_FULL, |()| ffi::SQLITE_OK)
}

/// Shortens the file.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xTruncate`.
unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite passes an open handle.
    let truncated = unsafe { opened(file) }.file.truncate(to_size(size));
    truncated.map_or(ffi::SQLITE_IOERR_NOMEM, |()| ffi::SQLITE_OK)
}

/// Does nothing, because there is no disk to write to.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xSync`.
unsafe extern "C" fn sync(_file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    ffi::SQLITE_OK
}

/// Reports the size of the file.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xFileSize`.
unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite passes an open handle and a pointer to a variable for the result.
    unsafe { *size = i64::try_from(opened(file).file.length()).unwrap_or(i64::MAX) };
    ffi::SQLITE_OK
}

fn level(lock: c_int) -> LockLevel {
    match lock {
        ffi::SQLITE_LOCK_SHARED => LockLevel::Shared,
        ffi::SQLITE_LOCK_RESERVED => LockLevel::Reserved,
        ffi::SQLITE_LOCK_PENDING => LockLevel::Pending,
        ffi::SQLITE_LOCK_EXCLUSIVE => LockLevel::Exclusive,
        _ => LockLevel::None,
    }
}

/// Raises the lock of the handle.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xLock`.
unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: SQLite passes an open handle.
    let open = unsafe { opened(file) };
    if open.file.lock(&mut open.level, level(wanted)) { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
}

/// Lowers the lock of the handle.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xUnlock`.
unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, to: c_int) -> c_int {
    // SAFETY: SQLite passes an open handle.
    let open = unsafe { opened(file) };
    open.file.unlock(&mut open.level, level(to));
    ffi::SQLITE_OK
}

/// Reports whether a handle has announced that it will write.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xCheckReservedLock`.
unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, result: *mut c_int) -> c_int {
    // SAFETY: SQLite passes an open handle and a pointer to a variable for the result.
    unsafe { *result = c_int::from(opened(file).file.is_reserved()) };
    ffi::SQLITE_OK
}

/// Knows no operations of its own.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xFileControl`.
unsafe extern "C" fn file_control(
    _file: *mut ffi::sqlite3_file,
    _operation: c_int,
    _argument: *mut c_void,
) -> c_int {
    ffi::SQLITE_NOTFOUND
}

/// The unit in which a disk would write. Its value does not matter in memory.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xSectorSize`.
unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    4096
}

/// Claims every guarantee: the end of the process interrupts no write half-way, because the file ends with it.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xDeviceCharacteristics`.
unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_ATOMIC
        | ffi::SQLITE_IOCAP_SAFE_APPEND
        | ffi::SQLITE_IOCAP_SEQUENTIAL
        | ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

/// Maps a region of the shared memory.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xShmMap`.
unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    address: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite passes an open handle.
    let open = unsafe { opened(file) };
    let mapped = open.file.shm_map(&mut open.shared_memory, to_size(region), to_size(size), extend != 0);
    // SAFETY: SQLite passes a pointer to a variable for the address.
    unsafe { *address = mapped.as_ref().map_or(ptr::null_mut(), |region| region.cast()) };
    mapped.map_or(ffi::SQLITE_IOERR_NOMEM, |_| ffi::SQLITE_OK)
}

/// Takes or releases locks of the shared memory.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xShmLock`.
unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: SQLite passes an open handle.
    let open = unsafe { opened(file) };
    let (first, count) = (to_size(first), to_size(count));
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        open.file.shm_unlock(&mut open.shared_memory, first, count);
        return ffi::SQLITE_OK;
    }
    let exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    if open.file.shm_lock(&mut open.shared_memory, first, count, exclusive) {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_BUSY
    }
}

/// Orders accesses to the shared memory.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xShmBarrier`.
unsafe extern "C" fn shm_barrier(_file: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

/// Ends the use of the shared memory.
///
/// # Safety
/// The caller must be SQLite and follow the rules of `sqlite3_io_methods` for `xShmUnmap`.
unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _delete: c_int) -> c_int {
    // SAFETY: SQLite passes an open handle.
    let open = unsafe { opened(file) };
    open.file.shm_unmap(&mut open.shared_memory);
    ffi::SQLITE_OK
}
