//! A file on the heap: its bytes, its locks and its shared memory. Safe code but for the shared memory itself.

use std::cell::UnsafeCell;
use std::collections::TryReserveError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Files grow by this, so that a growing file is never copied as a whole.
pub(in super::super) const CHUNK: usize = 64 * 1024;

/// A part of a file, [`CHUNK`] bytes long. Files that began as one share what neither has written since.
pub(in super::super) type Chunk = Arc<Box<[u8]>>;

/// The locks of the WAL-index, as many as SQLite uses.
pub(super) const SHM_LOCKS: usize = 8;

/// One file. Whoever has it open holds an `Arc` of it, and so does the directory until the file is deleted.
#[derive(Default)]
pub(super) struct Node {
    content: RwLock<Content>,
    lock: Mutex<FileLock>,
    shared_memory: Mutex<SharedMemory>,
}

#[derive(Default)]
struct Content {
    chunks: Vec<Chunk>,
    length: usize,
}

/// How far a handle has locked a file, as SQLite's rollback journal protocol counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    #[default]
    None,
    Shared,
    Reserved,
    Pending,
    Exclusive,
}

#[derive(Default)]
struct FileLock {
    /// Handles that hold at least `Shared`.
    shared: usize,
    /// What the one handle above `Shared` holds.
    writer: Level,
}

#[derive(Default)]
struct SharedMemory {
    regions: Vec<Region>,
    /// Handles that have it mapped.
    users: usize,
    /// Each lock: -1 held exclusively, else the number of handles that share it.
    locks: [i32; SHM_LOCKS],
}

/// A part of the shared memory. SQLite reads and writes it from many threads, by its own locks and barriers.
struct Region(Box<[UnsafeCell<u64>]>);

// SAFETY: no reference to the content is ever made here; SQLite alone touches it, through the raw pointer, and it
// synchronises by the WAL-index locks and atomic operations as it does for memory mapped by several processes.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

/// What one handle holds of the shared memory; a bit for each lock.
#[derive(Debug, Default)]
pub(super) struct ShmHeld {
    mapped: bool,
    shared: u8,
    exclusive: u8,
}

/// A thread that panicked leaves these structures whole: they are never changed in more than one step.
fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    /// A file with that content; each chunk is copied when it is first written.
    pub(super) fn with_content(chunks: Vec<Chunk>, length: usize) -> Self {
        Self { content: RwLock::new(Content { chunks, length }), ..Self::default() }
    }

    /// Copies bytes out; what lies beyond the end is zeros. The answer is how many bytes were there.
    pub(super) fn read(&self, buffer: &mut [u8], offset: usize) -> usize {
        let content = self.content.read().unwrap_or_else(PoisonError::into_inner);
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
        let mut content = self.content.write().unwrap_or_else(PoisonError::into_inner);
        content.grow_to(offset + bytes.len())?;
        let mut position = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            let start = position % CHUNK;
            let (now, later) = rest.split_at(rest.len().min(CHUNK - start));
            own(&mut content.chunks[position / CHUNK])?[start..start + now.len()].copy_from_slice(now);
            position += now.len();
            rest = later;
        }
        Ok(())
    }

    pub(super) fn truncate(&self, length: usize) -> Result<(), TryReserveError> {
        let mut content = self.content.write().unwrap_or_else(PoisonError::into_inner);
        if length >= content.length {
            return Ok(());
        }
        content.chunks.truncate(length.div_ceil(CHUNK));
        content.length = length;
        // What a later write leaves between the old end and its own start must read as zeros.
        if let Some(last) = content.chunks.get_mut(length / CHUNK) {
            own(last)?[length % CHUNK..].fill(0);
        }
        Ok(())
    }

    pub(super) fn length(&self) -> usize {
        self.content.read().unwrap_or_else(PoisonError::into_inner).length
    }

    /// Raises the lock of a handle that holds `held`; false when another handle is in the way.
    pub(super) fn lock(&self, held: &mut Level, wanted: Level) -> bool {
        if *held >= wanted {
            return true;
        }
        let mut lock = guard(&self.lock);
        let other_writes = *held < Level::Reserved && lock.writer != Level::None;
        match wanted {
            Level::None => {}
            Level::Shared => {
                if lock.writer >= Level::Pending {
                    return false;
                }
                lock.shared += 1;
            }
            Level::Reserved | Level::Pending => {
                if other_writes {
                    return false;
                }
                lock.writer = wanted;
            }
            Level::Exclusive => {
                if other_writes {
                    return false;
                }
                // From here no new reader comes in, so that a waiting writer does not starve.
                lock.writer = Level::Pending;
                *held = Level::Pending;
                if lock.shared > 1 {
                    return false;
                }
                lock.writer = Level::Exclusive;
            }
        }
        *held = wanted;
        true
    }

    /// Lowers the lock of a handle to `Shared` or `None`.
    pub(super) fn unlock(&self, held: &mut Level, to: Level) {
        if *held <= to {
            return;
        }
        let mut lock = guard(&self.lock);
        if *held >= Level::Reserved && to < Level::Reserved {
            lock.writer = Level::None;
        }
        if *held >= Level::Shared && to == Level::None {
            lock.shared -= 1;
        }
        *held = to;
    }

    /// Whether any handle means to write.
    pub(super) fn is_reserved(&self) -> bool {
        guard(&self.lock).writer >= Level::Reserved
    }

    /// The address of a region of the shared memory, null when it is not there and is not to be made.
    pub(super) fn shm_map(
        &self,
        held: &mut ShmHeld,
        index: usize,
        size: usize,
        extend: bool,
    ) -> Result<*mut u8, TryReserveError> {
        let mut memory = guard(&self.shared_memory);
        if !held.mapped {
            held.mapped = true;
            memory.users += 1;
        }
        while extend && memory.regions.len() <= index {
            let mut words = Vec::new();
            words.try_reserve_exact(size.div_ceil(8))?;
            words.resize_with(size.div_ceil(8), || UnsafeCell::new(0_u64));
            memory.regions.push(Region(words.into_boxed_slice()));
        }
        // `UnsafeCell::raw_get` keeps the pointer good for writing although the region is only borrowed here.
        Ok(memory
            .regions
            .get(index)
            .map_or(std::ptr::null_mut(), |region| UnsafeCell::raw_get(region.0.as_ptr()).cast::<u8>()))
    }

    /// Takes the locks `first..first + count`; false when another handle is in the way of any of them.
    pub(super) fn shm_lock(&self, held: &mut ShmHeld, first: usize, count: usize, exclusive: bool) -> bool {
        let mut memory = guard(&self.shared_memory);
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

    /// Gives back whatever the handle holds of the locks `first..first + count`.
    pub(super) fn shm_unlock(&self, held: &mut ShmHeld, first: usize, count: usize) {
        let mut memory = guard(&self.shared_memory);
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

    /// The handle no longer uses the shared memory. The last one frees it: the next to come rebuilds it from the WAL.
    pub(super) fn shm_unmap(&self, held: &mut ShmHeld) {
        if !held.mapped {
            return;
        }
        self.shm_unlock(held, 0, SHM_LOCKS);
        held.mapped = false;
        let mut memory = guard(&self.shared_memory);
        memory.users -= 1;
        if memory.users == 0 {
            memory.regions.clear();
        }
    }
}

impl Content {
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

/// The bytes of a chunk to write to: a copy of its own when others have it too.
fn own(chunk: &mut Chunk) -> Result<&mut [u8], TryReserveError> {
    if Arc::get_mut(chunk).is_none() {
        let mut copy = Vec::new();
        copy.try_reserve_exact(chunk.len())?;
        copy.extend_from_slice(chunk);
        *chunk = Arc::new(copy.into_boxed_slice());
    }
    // It is nobody else's now, so nothing is copied again.
    let bytes: &mut Box<[u8]> = Arc::make_mut(chunk);
    Ok(bytes)
}

fn mask(first: usize, count: usize) -> u8 {
    u8::try_from(((1_u32 << count) - 1) << first & 0xff).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_was_written_across_chunks_and_zeros_elsewhere() {
        let node = Node::default();
        node.write(b"hello", CHUNK - 2).unwrap();
        let mut buffer = [1_u8; 10];
        assert_eq!(node.read(&mut buffer, CHUNK - 4), 7);
        assert_eq!(&buffer, b"\0\0hello\0\0\0");
        node.truncate(CHUNK - 1).unwrap();
        node.write(b"!", CHUNK + 1).unwrap();
        assert_eq!(node.read(&mut buffer, CHUNK - 2), 4);
        assert_eq!(&buffer[..4], b"h\0\0!");
    }

    #[test]
    fn it_copies_a_shared_chunk_before_it_writes_to_it_and_shares_the_others() {
        let node = Node::default();
        node.write(&[1; CHUNK * 2], 0).unwrap();
        let chunks = node.content.read().unwrap().chunks.clone();
        let other = Node::with_content(chunks.clone(), CHUNK * 2);
        other.write(b"hello", CHUNK).unwrap();
        let mut buffer = [0; 2];
        assert_eq!((node.read(&mut buffer, CHUNK), buffer), (2, [1, 1]));
        assert_eq!((other.read(&mut buffer, CHUNK), &buffer), (2, b"he"));
        let theirs = &other.content.read().unwrap().chunks;
        assert!(Arc::ptr_eq(&theirs[0], &chunks[0]) && !Arc::ptr_eq(&theirs[1], &chunks[1]));
    }

    #[test]
    fn it_lets_readers_in_beside_a_reserved_lock_and_keeps_new_ones_out_of_a_pending_one() {
        let node = Node::default();
        let (mut writer, mut reader, mut late) = (Level::None, Level::None, Level::None);
        assert!(node.lock(&mut writer, Level::Shared) && node.lock(&mut writer, Level::Reserved));
        assert!(node.lock(&mut reader, Level::Shared) && !node.lock(&mut reader, Level::Reserved));
        assert!(!node.lock(&mut writer, Level::Exclusive));
        assert_eq!(writer, Level::Pending);
        assert!(!node.lock(&mut late, Level::Shared));
        node.unlock(&mut reader, Level::None);
        assert!(node.lock(&mut writer, Level::Exclusive));
        node.unlock(&mut writer, Level::None);
        assert!(node.lock(&mut late, Level::Shared) && !node.is_reserved());
    }

    #[test]
    fn it_gives_an_exclusive_shared_memory_lock_to_one_handle_only() {
        let node = Node::default();
        let (mut one, mut two) = (ShmHeld::default(), ShmHeld::default());
        assert!(node.shm_lock(&mut one, 3, 1, false) && node.shm_lock(&mut two, 3, 1, false));
        assert!(node.shm_lock(&mut one, 0, 1, true));
        assert!(!node.shm_lock(&mut two, 0, 1, false) && !node.shm_lock(&mut two, 0, 8, true));
        node.shm_unlock(&mut one, 0, 8);
        node.shm_unlock(&mut two, 3, 1);
        assert!(node.shm_lock(&mut two, 0, 8, true));
    }
}
