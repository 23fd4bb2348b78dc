//! Locks that stay usable after a panic.
//!
//! The standard library poisons a lock when a thread panics while it holds it, so that nobody reads data that was left
//! half changed. What PhantomDB keeps behind these locks is changed in one step (an insertion, a removal, an
//! assignment), so it is whole at any moment, and one failed request must not make every later one fail.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Locks a mutex, even one whose last holder panicked.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for reading, even after a writer panicked.
pub fn read<T: ?Sized>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for writing, even after another writer panicked.
pub fn write<T: ?Sized>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_locks_after_a_panic() {
        let mutex = Mutex::new(1);
        let rw_lock = RwLock::new(2);
        std::thread::scope(|scope| {
            let panicked = scope.spawn(|| {
                let _guards = (mutex.lock(), rw_lock.write());
                panic!("poisons both locks");
            });
            assert!(panicked.join().is_err());
        });
        assert!(mutex.is_poisoned() && rw_lock.is_poisoned());
        assert_eq!(*lock(&mutex), 1);
        assert_eq!(*read(&rw_lock), 2);
        assert_eq!(*write(&rw_lock), 2);
    }
}
