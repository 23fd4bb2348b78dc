//! Helpers that the tests of several crates share: temporary directories, servers, certificates, and short ways to run a
//! statement.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]
#![allow(
    clippy::new_without_default,
    reason = "new() here starts servers and makes directories, which a default should not"
)]

pub mod certificates;
pub mod namespace;
pub use phantomdb_contract::numbers;
pub mod postgres;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

pub use phantomdb_contract::session::*;

/// A number that is unique in this process.
pub fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The path of a temporary directory, which is removed on drop. The directory itself is created by its user.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Self {
        let name = format!("phantomdb-test-{}-{}", std::process::id(), next_number());
        let path = std::env::temp_dir().join(name);
        std::fs::remove_dir_all(&path).ok();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}
