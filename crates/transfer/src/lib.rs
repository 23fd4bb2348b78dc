//! `phantomdb import` and `phantomdb export`, which copy databases from and to other systems, and `phantomdb backup`,
//! `restore` and `check`.

mod backup;
mod compact;
mod confirm;
mod dry_run;
mod endpoint;
mod export;
mod import;
mod model;
mod progress;
mod report;
mod rewrite;
mod script;
mod script_import;
mod server_database;
mod source;
mod target;
mod type_inference;

use phantomdb_protocol::{Error, ErrorCode};
use phantomdb_sql::{ddl, table_order};

pub use backup::{BackupOptions, CheckOptions, RestoreOptions, backup, check, restore};
pub use compact::{CompactOptions, compact};
pub use export::{ExportOptions, export};
pub use import::{ImportOptions, import};

/// Prints a line for the user to stdout.
fn say(text: &str) {
    // When stdout is closed, the message is lost; the work goes on.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
}

/// The error of a file that is there before it is written. No command overwrites one.
fn file_exists(path: &std::path::Path) -> Error {
    Error::new(ErrorCode::AlreadyExists, format!("there is a file {} already; name another", path.display()))
}
