//! The offsets of fields in the header of a database file, which is the beginning of page 1.

use std::ops::Range;

pub(super) const LENGTH: usize = 100;
/// The file format versions for writing and reading; 2 means a write-ahead log.
pub(super) const JOURNAL: Range<usize> = 18..20;
/// The number of unused bytes at the end of each page.
pub(super) const RESERVED: usize = 20;
/// Counts the transactions that have written.
pub(super) const CHANGE_COUNTER: Range<usize> = 24..28;
/// Counts the changes of the schema.
pub(super) const SCHEMA_COOKIE: Range<usize> = 40..44;
pub(super) const AUTO_VACUUM: Range<usize> = 52..56;
/// The change counter for which the stored size is valid, and the version of SQLite that wrote it.
pub(super) const VALID_FOR: Range<usize> = 92..100;
