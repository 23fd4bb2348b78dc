//! Failures to reach a server, as errors that say what to do.

use std::{error::Error as StdError, io::ErrorKind, time::Duration};

use phantomdb_protocol::{Error, ErrorCode, UnreachableReason};
use phantomdb_tls::Problem;

use super::transport::TransportError;

/// A server that cannot be reached, with the reason in `details.reason`.
pub(super) fn unreachable(reason: UnreachableReason, message: impl Into<String>) -> Error {
    Error::new(ErrorCode::Unavailable, message).with_reason(reason)
}

/// The error of a call on a client that was closed.
pub(super) fn closed() -> Error {
    unreachable(UnreachableReason::Closed, "the connection to PhantomDB is closed: close() was called")
}

/// An attempt that did not bring the answer that was asked for.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// True when a later attempt may succeed.
    pub(super) passing: bool,
    /// The time that the server asked to wait before the next attempt.
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    /// An error that another attempt would only get again.
    pub(super) fn lasting(error: Error) -> Self {
        Self { error, passing: false, retry_after: None }
    }

    /// An error that the server has answered.
    pub(super) fn answered(error: Error) -> Self {
        let passing = matches!(error.code, ErrorCode::Unavailable | ErrorCode::TooManyRequests);
        Self { error, passing, retry_after: None }
    }

    /// True when nobody listens where the server should be, or soon nobody will.
    pub(super) fn is_away(&self) -> bool {
        use UnreachableReason::{Refused, Stopping};
        matches!(self.error.details.reason, Some(Refused | Stopping))
    }

    pub(super) fn of_transport(broken: TransportError, base: &str, timeout: Duration) -> Self {
        use UnreachableReason as Reason;
        let root: Option<&(dyn StdError + 'static)> = match &broken {
            TransportError::Connect(error) => Some(&**error),
            TransportError::Exchange(error) => Some(error),
            _ => None,
        };
        if let Some(problem) = root.and_then(Problem::of) {
            return Self::lasting(insecure(&problem, base));
        }
        let is_late = matches!(broken, TransportError::ConnectTimeout | TransportError::ResponseTimeout);
        let (reason, cause) = if is_late { (Reason::TimedOut, String::new()) } else { root_cause(root) };
        let connecting = match broken {
            TransportError::Unusable(error) => return Self::lasting(error),
            TransportError::Connect(_) | TransportError::ConnectTimeout => true,
            TransportError::Exchange(_) | TransportError::Incomplete | TransportError::ResponseTimeout => {
                false
            }
        };
        let message = match reason {
            Reason::Refused => {
                format!("{base} refused the connection; is a server running there (`npx phantomdb serve`)?")
            }
            Reason::HostNotFound => format!("the host of {base} was not found; check its name"),
            Reason::HostUnreachable => format!("the host of {base} cannot be reached; check the network"),
            Reason::TimedOut if connecting => {
                format!("connecting to {base} took too long; is the server up?")
            }
            Reason::TimedOut => {
                format!(
                    "{base} did not answer within {} ms; raise requestTimeoutMs if it needs longer",
                    timeout.as_millis()
                )
            }
            _ if connecting => format!("no connection to {base} could be made: {cause}"),
            _ => format!("{base} closed the connection before it answered: {cause}"),
        };
        Self {
            error: unreachable(reason, message),
            passing: matches!(reason, Reason::Refused | Reason::Closed)
                || (connecting && reason == Reason::TimedOut),
            retry_after: None,
        }
    }
}

/// A server with which no secure connection can be made, however often it is tried.
fn insecure(problem: &Problem, base: &str) -> Error {
    let advice = match problem {
        Problem::Untrusted => {
            "; give the certificate of its authority in the option `tls: { ca }` or in NODE_EXTRA_CA_CERTS"
                .into()
        }
        Problem::OtherName(names) if !names.is_empty() => {
            format!(" ({}); use that in the URL", names.join(", "))
        }
        Problem::OtherName(_) => "; use that in the URL".into(),
        Problem::NotTls => {
            "; begin the URL with http://, or start the server with --tls-cert and --tls-key".into()
        }
        _ => String::new(),
    };
    unreachable(
        UnreachableReason::Insecure,
        format!("no secure connection to {base} can be made: {problem}{advice}"),
    )
}

/// The reason that the chain of errors shows, and the message of the error at its root, which names no URL.
fn root_cause(error: Option<&(dyn StdError + 'static)>) -> (UnreachableReason, String) {
    let mut reason = UnreachableReason::Closed;
    let mut cause = String::from("the connection broke off");
    let mut source = error;
    while let Some(error) = source {
        cause = error.to_string();
        if cause.starts_with("dns error") || cause.starts_with("failed to lookup address") {
            reason = UnreachableReason::HostNotFound;
        }
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            match io.kind() {
                ErrorKind::ConnectionRefused => reason = UnreachableReason::Refused,
                ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                    reason = UnreachableReason::HostUnreachable;
                }
                ErrorKind::TimedOut => reason = UnreachableReason::TimedOut,
                _ => {}
            }
        }
        source = error.source();
    }
    (reason, cause)
}
