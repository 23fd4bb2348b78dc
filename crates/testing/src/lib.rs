//! What the tests of every engine use: a directory, and statements in few words.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![allow(clippy::new_without_default, reason = "a test makes them on purpose")]

pub mod certificates;
pub mod namespace;
pub use phantomdb_engine::contract::numbers;
pub mod postgres;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

pub use phantomdb_engine::contract::session::*;

/// A number that no other place of this process has got.
pub fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A directory of its own, gone with the test.
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
