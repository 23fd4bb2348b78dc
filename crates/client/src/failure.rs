//! Failures to reach a server, as errors that say what to do.

use std::{error::Error as StdError, io::ErrorKind, time::Duration};

use phantomdb_protocol::{Error, ErrorCode, ErrorDetails};
use phantomdb_tls::Problem;

use super::transport::TransportError;

/// The kind of failure when nobody listens.
const REFUSED: &str = "refused";
/// What a server says that is about to stop.
const STOPPING: &str = "stopping";
/// The kind when the server is another one than the URL says, or none at all.
pub(super) const INVALID_URL: &str = "invalid_url";

/// A server that cannot be reached; `kind` travels in `details.value`.
pub(super) fn unreachable(kind: &str, message: impl Into<String>) -> Error {
    let mut error = Error::new(ErrorCode::Unavailable, message);
    *error.details = ErrorDetails { value: Some(kind.to_owned()), ..ErrorDetails::default() };
    error
}

/// The error of a call on a client that was closed.
pub(super) fn closed() -> Error {
    unreachable("closed", "the connection to PhantomDB is closed: close() was called")
}

/// An attempt that brought no answer.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// A later attempt may succeed.
    pub(super) passing: bool,
    /// What the server asked to wait before the next attempt.
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    /// An error that another attempt would only get again.
    pub(super) fn lasting(error: Error) -> Self {
        Self { error, passing: false, retry_after: None }
    }

    /// What the server has answered.
    pub(super) fn answered(error: Error) -> Self {
        let passing = matches!(error.code, ErrorCode::Unavailable | ErrorCode::TooManyRequests);
        Self { error, passing, retry_after: None }
    }

    /// Nobody listens where the server should be, or will soon.
    pub(super) fn is_away(&self) -> bool {
        matches!(self.error.details.value.as_deref(), Some(REFUSED | STOPPING))
    }

    pub(super) fn of_transport(broken: TransportError, base: &str, timeout: Duration) -> Self {
        let root: Option<&(dyn StdError + 'static)> = match &broken {
            TransportError::Connect(error) => Some(&**error),
            TransportError::Exchange(error) => Some(error),
            _ => None,
        };
        if let Some(problem) = root.and_then(Problem::of) {
            return Self::lasting(insecure(&problem, base));
        }
        let is_late = matches!(broken, TransportError::ConnectTimeout | TransportError::ResponseTimeout);
        let (kind, why) = if is_late { ("timed_out", String::new()) } else { kind(root) };
        let connecting = match broken {
            TransportError::Unusable(error) => return Self::lasting(error),
            TransportError::Connect(_) | TransportError::ConnectTimeout => true,
            TransportError::Exchange(_) | TransportError::Incomplete | TransportError::ResponseTimeout => {
                false
            }
        };
        let message = match kind {
            REFUSED => {
                format!("{base} refused the connection; is a server running there (`npx phantomdb serve`)?")
            }
            "host_not_found" => format!("the host of {base} was not found; check its name"),
            "host_unreachable" => format!("the host of {base} cannot be reached; check the network"),
            "timed_out" if connecting => format!("connecting to {base} took too long; is the server up?"),
            "timed_out" => {
                format!(
                    "{base} did not answer within {} ms; raise requestTimeoutMs if it needs longer",
                    timeout.as_millis()
                )
            }
            _ if connecting => format!("no connection to {base} could be made: {why}"),
            _ => format!("{base} closed the connection before it answered: {why}"),
        };
        Self {
            error: unreachable(kind, message),
            passing: matches!(kind, REFUSED | "closed") || (connecting && kind == "timed_out"),
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
    unreachable("insecure", format!("no secure connection to {base} can be made: {problem}{advice}"))
}

/// The kind of failure by what lies at its root, and the words of that root, which name no URL.
fn kind(error: Option<&(dyn StdError + 'static)>) -> (&'static str, String) {
    let mut kind = "closed";
    let mut why = String::from("the connection broke off");
    let mut source = error;
    while let Some(cause) = source {
        why = cause.to_string();
        if why.starts_with("dns error") || why.starts_with("failed to lookup address") {
            kind = "host_not_found";
        }
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            match io.kind() {
                ErrorKind::ConnectionRefused => kind = REFUSED,
                ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => kind = "host_unreachable",
                ErrorKind::TimedOut => kind = "timed_out",
                _ => {}
            }
        }
        source = cause.source();
    }
    (kind, why)
}
