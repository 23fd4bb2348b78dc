//! How a command fails.

use std::io::Write as _;

/// The exit code of a command that failed.
pub(super) const FAILED: i32 = 1;
/// The exit code of a command line that is wrong, as clap has it.
pub(super) const MISUSED: i32 = 2;

/// Why a command ended, in a message that says what to do.
#[derive(Debug)]
pub(super) struct CommandError {
    pub(super) code: i32,
    pub(super) message: String,
}

impl CommandError {
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self { code: FAILED, message: message.into() }
    }

    pub(super) fn misused(message: impl Into<String>) -> Self {
        Self { code: MISUSED, message: message.into() }
    }
}

impl From<phantomdb_shell::Failure> for CommandError {
    fn from(failure: phantomdb_shell::Failure) -> Self {
        Self { code: failure.code, message: failure.message }
    }
}

/// Writes a message for the user to stderr; none when the user has seen it already.
pub(super) fn complain(message: &str) {
    if message.is_empty() {
        return;
    }
    // An error means that stderr is gone; nothing more can be done.
    let _ = writeln!(std::io::stderr(), "phantomdb: {message}");
}
