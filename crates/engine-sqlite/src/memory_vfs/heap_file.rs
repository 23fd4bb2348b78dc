//! A file on the heap: its content, its locks and its shared memory. Only the shared memory needs unsafe code.

use std::cell::UnsafeCell;
use std::collections::TryReserveError;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

/// The size of a chunk in bytes. Files grow by whole chunks, so that a growing file is never copied.
pub(crate) const CHUNK: usize = 64 * 1024;

/// A part of a file, [`CHUNK`] bytes long. Files that were created from the same content share it until one writes to it.
pub(crate) type Chunk = Arc<Box<[u8]>>;

/// The number of locks of the WAL-index.
pub(super) const SHM_LOCKS: usize = 8;

/// A file. Each open handle has an `Arc` of it, and so has the table of files until the file is deleted.
#[derive(Default)]
pub(super) struct HeapFile {
    content: RwLock<FileContent>,
    lock: Mutex<FileLock>,
    shared_memory: Mutex<SharedMemory>,
}

#[derive(Default)]
struct FileContent {
    chunks: Vec<Chunk>,
    length: usize,
}

/// How a handle has locked a file: the lock states of SQLite's rollback journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LockLevel {
    #[default]
    None,
    Shared,
    Reserved,
    Pending,
    Exclusive,
}

#[derive(Default)]
struct FileLock {
    /// The number of handles that hold at least `Shared`.
    shared: usize,
    /// The level of the one handle that holds more than `Shared`.
    writer: LockLevel,
}

#[derive(Default)]
struct SharedMemory {
    regions: Vec<SharedRegion>,
    /// The number of handles that have the shared memory mapped.
    users: usize,
    /// The state of each lock: -1 when it is held exclusively, otherwise the number of handles that share it.
    locks: [i32; SHM_LOCKS],
}

/// A part of the shared memory. SQLite reads and writes it from many threads, with its own locks and barriers.
struct SharedRegion(Box<[UnsafeCell<u64>]>);

// SAFETY: the memory is owned by the box and not bound to a thread. This module never makes a reference to the content;
// SQLite alone uses it, through the raw pointer from `shm_map`.
unsafe impl Send for SharedRegion {}
// SAFETY: this module never makes a reference to the content. SQLite alone uses it, through the raw pointer from `shm_map`,
// and synchronizes with the WAL-index locks and atomic operations, as it does for memory that several processes map.
unsafe impl Sync for SharedRegion {}

/// How one handle uses the shared memory. The locks that it holds are bit sets.
#[derive(Debug, Default)]
pub(super) struct ShmHandle {
    mapped: bool,
    shared: u8,
    exclusive: u8,
}

impl HeapFile {
    /// A file with this content. A chunk that others share is copied before it is written to.
    pub(super) fn with_content(chunks: Vec<Chunk>, length: usize) -> Self {
        Self { content: RwLock::new(FileContent { chunks, length }), ..Self::default() }
    }

    /// Fills the buffer from the file. Bytes beyond the end of the file become zeros. Returns the number of bytes that the
    /// file had.
    pub(super) fn read(&self, buffer: &mut [u8], offset: usize) -> usize {
        let content = self.content.read();
        let available = content.length.saturating_sub(offset).min(buffer.len());
        let (wanted, beyond) = buffer.split_at_mut(available);
        let mut position = offset;
        let mut rest = wanted;
        while !rest.is_empty() {
            let start = position % CHUNK;
            let (now, later) = rest.split_at_mut(rest.len().min(CHUNK - start));
            now.copy_from_slice(&content.chunks[position / CHUNK][start..start + now.len()]);
            position += now.len();
            rest = later;
        }
        beyond.fill(0);
        available
    }

    pub(super) fn write(&self, bytes: &[u8], offset: usize) -> Result<(), TryReserveError> {
        let mut content = self.content.write();
        content.grow_to(offset + bytes.len())?;
        let mut position = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            let start = position % CHUNK;
            let (now, later) = rest.split_at(rest.len().min(CHUNK - start));
            unshared(&mut content.chunks[position / CHUNK])?[start..start + now.len()].copy_from_slice(now);
            position += now.len();
            rest = later;
        }
        Ok(())
    }

    pub(super) fn truncate(&self, length: usize) -> Result<(), TryReserveError> {
        let mut content = self.content.write();
        if length >= content.length {
            return Ok(());
        }
        content.chunks.truncate(length.div_ceil(CHUNK));
        content.length = length;
        // A later write beyond the end leaves a gap, which must read as zeros.
        if let Some(last) = content.chunks.get_mut(length / CHUNK) {
            unshared(last)?[length % CHUNK..].fill(0);
        }
        Ok(())
    }

    pub(super) fn length(&self) -> usize {
        self.content.read().length
    }

    /// Raises the lock of a handle from `held` to `wanted`. Returns false when a lock of another handle prevents it.
    pub(super) fn lock(&self, held: &mut LockLevel, wanted: LockLevel) -> bool {
        if *held >= wanted {
            return true;
        }
        let mut lock = self.lock.lock();
        let other_writes = *held < LockLevel::Reserved && lock.writer != LockLevel::None;
        match wanted {
            LockLevel::None => {}
            LockLevel::Shared => {
                if lock.writer >= LockLevel::Pending {
                    return false;
                }
                lock.shared += 1;
            }
            LockLevel::Reserved | LockLevel::Pending => {
                if other_writes {
                    return false;
                }
                lock.writer = wanted;
            }
            LockLevel::Exclusive => {
                if other_writes {
                    return false;
                }
                // From now on no new reader gets a lock, so that a waiting writer does not starve.
                lock.writer = LockLevel::Pending;
                *held = LockLevel::Pending;
                if lock.shared > 1 {
                    return false;
                }
                lock.writer = LockLevel::Exclusive;
            }
        }
        *held = wanted;
        true
    }

    /// Lowers the lock of a handle to `Shared` or `None`.
    pub(super) fn unlock(&self, held: &mut LockLevel, to: LockLevel) {
        if *held <= to {
            return;
        }
        let mut lock = self.lock.lock();
        if *held >= LockLevel::Reserved && to < LockLevel::Reserved {
            lock.writer = LockLevel::None;
        }
        if *held >= LockLevel::Shared && to == LockLevel::None {
            lock.shared -= 1;
        }
        *held = to;
    }

    /// True when a handle has announced that it will write.
    pub(super) fn is_reserved(&self) -> bool {
        self.lock.lock().writer >= LockLevel::Reserved
    }

    /// The address of a region of the shared memory. Null when the region does not exist and `extend` is not set.
    pub(super) fn shm_map(
        &self,
        held: &mut ShmHandle,
        index: usize,
        size: usize,
        extend: bool,
    ) -> Result<*mut u8, TryReserveError> {
        let mut memory = self.shared_memory.lock();
        if !held.mapped {
            held.mapped = true;
            memory.users += 1;
        }
        while extend && memory.regions.len() <= index {
            let mut words = Vec::new();
            words.try_reserve_exact(size.div_ceil(8))?;
            words.resize_with(size.div_ceil(8), || UnsafeCell::new(0_u64));
            memory.regions.push(SharedRegion(words.into_boxed_slice()));
        }
        // `UnsafeCell::raw_get` gives a pointer that may be written through, although the region is borrowed immutably.
        Ok(memory
            .regions
            .get(index)
            .map_or(std::ptr::null_mut(), |region| UnsafeCell::raw_get(region.0.as_ptr()).cast::<u8>()))
    }

    /// Takes the locks `first..first + count`. Returns false, and takes none, when another handle prevents one of them.
    pub(super) fn shm_lock(&self, held: &mut ShmHandle, first: usize, count: usize, exclusive: bool) -> bool {
        let mut memory = self.shared_memory.lock();
        let Some(locks) = memory.locks.get_mut(first..first + count) else { return false };
        let mask = mask(first, count);
        if exclusive {
            if locks.iter().any(|lock| *lock != 0) {
                return false;
            }
            locks.fill(-1);
            held.exclusive |= mask;
        } else if held.shared & mask != mask {
            if locks.iter().any(|lock| *lock < 0) {
                return false;
            }
            for lock in locks {
                *lock += 1;
            }
            held.shared |= mask;
        }
        true
    }

    /// Releases the locks `first..first + count` that the handle holds.
    pub(super) fn shm_unlock(&self, held: &mut ShmHandle, first: usize, count: usize) {
        let mut memory = self.shared_memory.lock();
        for index in first..(first + count).min(SHM_LOCKS) {
            let bit = mask(index, 1);
            if held.exclusive & bit != 0 {
                memory.locks[index] = 0;
            } else if held.shared & bit != 0 {
                memory.locks[index] -= 1;
            }
        }
        held.exclusive &= !mask(first, count);
        held.shared &= !mask(first, count);
    }

    /// Ends the handle's use of the shared memory. The last handle frees it; the next one rebuilds it from the WAL.
    pub(super) fn shm_unmap(&self, held: &mut ShmHandle) {
        if !held.mapped {
            return;
        }
        self.shm_unlock(held, 0, SHM_LOCKS);
        held.mapped = false;
        let mut memory = self.shared_memory.lock();
        memory.users -= 1;
        if memory.users == 0 {
            memory.regions.clear();
        }
    }
}

impl FileContent {
    fn grow_to(&mut self, length: usize) -> Result<(), TryReserveError> {
        if length <= self.length {
            return Ok(());
        }
        let wanted = length.div_ceil(CHUNK);
        self.chunks.try_reserve(wanted.saturating_sub(self.chunks.len()))?;
        while self.chunks.len() < wanted {
            let mut chunk = Vec::new();
            chunk.try_reserve_exact(CHUNK)?;
            chunk.resize(CHUNK, 0);
            self.chunks.push(Arc::new(chunk.into_boxed_slice()));
        }
        self.length = length;
        Ok(())
    }
}

/// The bytes of a chunk to write to. A chunk that is shared is copied first.
fn unshared(chunk: &mut Chunk) -> Result<&mut [u8], TryReserveError> {
    if Arc::get_mut(chunk).is_none() {
        let mut copy = Vec::new();
        copy.try_reserve_exact(chunk.len())?;
        copy.extend_from_slice(chunk);
        *chunk = Arc::new(copy.into_boxed_slice());
    }
    // The chunk is not shared any more, so `make_mut` does not copy it.
    let bytes: &mut Box<[u8]> = Arc::make_mut(chunk);
    Ok(bytes)
}

/// The bit set of the locks `first..first + count`.
fn mask(first: usize, count: usize) -> u8 {
    u8::try_from(((1_u32 << count) - 1) << first & 0xff).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_was_written_across_chunks_and_zeros_elsewhere() {
        let file = HeapFile::default();
        file.write(b"hello", CHUNK - 2).unwrap();
        let mut buffer = [1_u8; 10];
        assert_eq!(file.read(&mut buffer, CHUNK - 4), 7);
        assert_eq!(&buffer, b"\0\0hello\0\0\0");
        file.truncate(CHUNK - 1).unwrap();
        file.write(b"!", CHUNK + 1).unwrap();
        assert_eq!(file.read(&mut buffer, CHUNK - 2), 4);
        assert_eq!(&buffer[..4], b"h\0\0!");
    }

    #[test]
    fn it_copies_a_shared_chunk_before_it_writes_to_it_and_shares_the_others() {
        let file = HeapFile::default();
        file.write(&[1; CHUNK * 2], 0).unwrap();
        let chunks = file.content.read().chunks.clone();
        let other = HeapFile::with_content(chunks.clone(), CHUNK * 2);
        other.write(b"hello", CHUNK).unwrap();
        let mut buffer = [0; 2];
        assert_eq!((file.read(&mut buffer, CHUNK), buffer), (2, [1, 1]));
        assert_eq!((other.read(&mut buffer, CHUNK), &buffer), (2, b"he"));
        let copied = &other.content.read().chunks;
        assert!(Arc::ptr_eq(&copied[0], &chunks[0]) && !Arc::ptr_eq(&copied[1], &chunks[1]));
    }

    #[test]
    fn it_lets_readers_in_beside_a_reserved_lock_and_keeps_new_ones_out_of_a_pending_one() {
        let file = HeapFile::default();
        let (mut writer, mut reader, mut late) = (LockLevel::None, LockLevel::None, LockLevel::None);
        assert!(file.lock(&mut writer, LockLevel::Shared) && file.lock(&mut writer, LockLevel::Reserved));
        assert!(file.lock(&mut reader, LockLevel::Shared) && !file.lock(&mut reader, LockLevel::Reserved));
        assert!(!file.lock(&mut writer, LockLevel::Exclusive));
        assert_eq!(writer, LockLevel::Pending);
        assert!(!file.lock(&mut late, LockLevel::Shared));
        file.unlock(&mut reader, LockLevel::None);
        assert!(file.lock(&mut writer, LockLevel::Exclusive));
        file.unlock(&mut writer, LockLevel::None);
        assert!(file.lock(&mut late, LockLevel::Shared) && !file.is_reserved());
    }

    #[test]
    fn it_gives_an_exclusive_shared_memory_lock_to_one_handle_only() {
        let file = HeapFile::default();
        let (mut first, mut second) = (ShmHandle::default(), ShmHandle::default());
        assert!(file.shm_lock(&mut first, 3, 1, false) && file.shm_lock(&mut second, 3, 1, false));
        assert!(file.shm_lock(&mut first, 0, 1, true));
        assert!(!file.shm_lock(&mut second, 0, 1, false) && !file.shm_lock(&mut second, 0, 8, true));
        file.shm_unlock(&mut first, 0, 8);
        file.shm_unlock(&mut second, 3, 1);
        assert!(file.shm_lock(&mut second, 0, 8, true));
    }
}
