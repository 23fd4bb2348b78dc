//! The reasons why no secure connection was made.

use std::{error::Error as StdError, fmt, io};

use rustls::{CertificateError, Error as TlsError, InvalidMessage};

/// Why no secure connection was made. The text follows the name of the other side: `its certificate has expired`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// No trusted authority has signed the certificate.
    Untrusted,
    /// The certificate is for other names, which are listed.
    OtherName(Vec<String>),
    Expired,
    NotValidYet,
    /// The certificate is that of an authority, which cannot be a server's as well.
    Authority,
    /// The other side does not speak TLS.
    NotTls,
    /// Another problem, with the message of the TLS library, which names no host.
    Other(String),
}

impl Problem {
    /// The problem at the root of an error, if TLS is what failed.
    pub fn of(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut current = Some(error);
        while let Some(error) = current {
            if let Some(found) = error.downcast_ref::<TlsError>() {
                return Some(Self::from(found));
            }
            // `source()` of an I/O error skips the error that it wraps, so that one is checked here.
            let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if let Some(found) = held.and_then(|held| Self::of(held)) {
                return Some(found);
            }
            current = error.source();
        }
        None
    }
}

impl From<&TlsError> for Problem {
    fn from(error: &TlsError) -> Self {
        let TlsError::InvalidCertificate(certificate) = error else {
            return match error {
                TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NotTls,
                other => Self::Other(other.to_string()),
            };
        };
        match certificate {
            CertificateError::UnknownIssuer => Self::Untrusted,
            CertificateError::NotValidForName => Self::OtherName(Vec::new()),
            CertificateError::NotValidForNameContext { presented, .. } => Self::OtherName(presented.clone()),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotValidYet,
            // rustls has no name of its own for this one.
            CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => Self::Authority,
            other => Self::Other(TlsError::InvalidCertificate(other.clone()).to_string()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untrusted => "its certificate is signed by nobody who is trusted here",
            Self::OtherName(_) => "its certificate is for another name",
            Self::Expired => "its certificate has expired",
            Self::NotValidYet => "its certificate is not valid yet",
            Self::Authority => {
                "its certificate is one of an authority, not of a server (make it with CA:FALSE)"
            }
            Self::NotTls => "it does not speak TLS",
            Self::Other(words) => words,
        })
    }
}
