//! A copy of a database to keep elsewhere.

use std::io::{self, Write};

/// A database as it was when the backup began, while others go on to read and write it.
pub trait Backup: Send {
    /// The size in bytes.
    fn bytes(&self) -> u64;

    /// The SHA-256 of everything that [`Self::write_to`] writes.
    fn sha256(&self) -> [u8; 32];

    /// Writes the backup in parts, and waits for the disk meanwhile. The outcome of a second call is the same.
    fn write_to(&mut self, out: &mut dyn Write) -> io::Result<()>;
}
