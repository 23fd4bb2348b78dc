//! How a command fails: the message for the user, and the exit code.

use phantomdb_protocol::{Error, ErrorCode};

/// The exit code of a command that failed, or whose statement failed.
pub const FAILED: i32 = 1;
/// The exit code of a command line that is wrong.
pub const MISUSED: i32 = 2;
/// The exit code when the server cannot be reached.
pub const UNREACHABLE: i32 = 3;
/// The exit code when the server refuses the token, or the token lacks a right.
pub const REFUSED: i32 = 4;
/// The exit code after Ctrl-C, as shells have it.
pub const INTERRUPTED: i32 = 130;

/// Where a command takes its token from, for the message of a server that speaks of headers.
const TOKEN_ADVICE: &str = "; a command takes the token from the environment variable PHANTOMDB_TOKEN";

/// Why a command ended. An empty message means that the user has seen the error already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub code: i32,
    pub message: String,
}

pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: FAILED, message: message.into() }
    }

    pub fn misused(message: impl Into<String>) -> Self {
        Self { code: MISUSED, message: message.into() }
    }

    /// An error that the user has seen already.
    pub(crate) fn shown(code: i32) -> Self {
        Self { code, message: String::new() }
    }
}

/// The exit code for an error of the contract.
pub(crate) fn exit_code(error: &Error) -> i32 {
    match error.code {
        ErrorCode::Unavailable => UNREACHABLE,
        ErrorCode::Unauthorized | ErrorCode::Forbidden => REFUSED,
        _ => FAILED,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let advice = match error.code {
            ErrorCode::Unauthorized => TOKEN_ADVICE,
            _ => "",
        };
        Self { code: exit_code(&error), message: error.message + advice }
    }
}

/// Output that cannot be written. When its reader has gone away, as `head` does, nothing failed.
pub(crate) fn output_failed(error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::shown(0),
        _ if crate::output::is_interrupted(error) => Failure::shown(INTERRUPTED),
        std::io::ErrorKind::InvalidInput => Failure::failed(error.to_string()),
        _ => Failure::failed(format!("the output cannot be written: {error}")),
    }
}
