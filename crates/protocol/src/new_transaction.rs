//! The beginning of a transaction with its first call, which saves a round trip.

use std::{
    fmt::{self, Display, Formatter},
    sync::{Arc, OnceLock},
};

use schemars::JsonSchema;
use serde::{
    Deserialize, Serialize,
    de::{
        IntoDeserializer as _,
        value::{Error as ValueError, StringDeserializer},
    },
};

use crate::{BeginTransaction, Error, ErrorCode, IsolationLevel, Result};

/// The word that stands in place of an id.
const NEW: &str = "new";

const VALID: &str = "valid are `new` and, each after a semicolon, `isolation-level=LEVEL` (as in `read-committed`), \
                     `read-only`, `immediate` and `timeout=MILLISECONDS`";

/// A transaction that begins with the call.
#[derive(Debug, Clone, Default)]
pub struct NewTransaction {
    /// The database is that of the call.
    pub options: BeginTransaction,
    /// Set when the transaction has begun, whether the call itself succeeds or not.
    pub begun: Arc<OnceLock<BegunTransaction>>,
}

/// A transaction that began with a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BegunTransaction {
    /// The value of the header `PhantomDB-Transaction` for further calls in the transaction.
    pub id: String,
    /// The URL of the server that has the transaction, when there are several servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

/// The transaction of a call, as the header `PhantomDB-Transaction` names it.
#[derive(Debug, Clone)]
pub enum CallTransaction {
    /// The id of one that has begun.
    Open(String),
    /// `new`, and options: `new; isolation-level=serializable; read-only; timeout=5000`.
    New(Box<NewTransaction>),
}

impl CallTransaction {
    /// Fails with `BAD_REQUEST` for an option that a transaction does not have.
    pub fn parse(text: String) -> Result<Self> {
        let mut parts = text.split(';').map(str::trim);
        // An id has a dot, so it is never this word.
        if parts.next() != Some(NEW) {
            return Ok(Self::Open(text));
        }
        let mut options = BeginTransaction::default();
        for part in parts {
            let refused = || {
                Error::new(
                    ErrorCode::BadRequest,
                    format!("a new transaction has no option `{part}`; {VALID}"),
                )
            };
            match part.split_once('=') {
                None if part == "read-only" => options.read_only = true,
                None if part == "immediate" => options.immediate = true,
                Some(("isolation-level", level)) => {
                    options.isolation_level = Some(level_of(level).ok_or_else(refused)?);
                }
                Some(("timeout", time)) => options.timeout = Some(time.parse().map_err(|_| refused())?),
                _ => return Err(refused()),
            }
        }
        Ok(Self::New(Box::new(NewTransaction { options, begun: Arc::default() })))
    }

    /// The id of a transaction that has begun, and the transaction that begins.
    pub fn into_parts(self) -> (Option<String>, Option<Box<NewTransaction>>) {
        match self {
            Self::Open(id) => (Some(id), None),
            Self::New(new) => (None, Some(new)),
        }
    }
}

/// `read-committed` for `READ COMMITTED`.
fn level_of(text: &str) -> Option<IsolationLevel> {
    let name = text.replace('-', " ").to_ascii_uppercase();
    let deserializer: StringDeserializer<ValueError> = name.into_deserializer();
    IsolationLevel::deserialize(deserializer).ok()
}

/// Writes the value of the header, which [`CallTransaction::parse`] reads.
impl Display for NewTransaction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let BeginTransaction { database: _, isolation_level, read_only, immediate, timeout } = &self.options;
        f.write_str(NEW)?;
        if let Some(level) = isolation_level {
            let name = serde_json::to_value(level).map_err(|_| fmt::Error)?;
            let name = name.as_str().unwrap_or_default().replace(' ', "-").to_ascii_lowercase();
            write!(f, "; isolation-level={name}")?;
        }
        for (option, is_set) in [("read-only", read_only), ("immediate", immediate)] {
            if *is_set {
                write!(f, "; {option}")?;
            }
        }
        match timeout {
            Some(timeout) => write!(f, "; timeout={timeout}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> BeginTransaction {
        match CallTransaction::parse(text.to_owned()).unwrap() {
            CallTransaction::New(new) => new.options,
            CallTransaction::Open(id) => panic!("{id}"),
        }
    }

    #[test]
    fn it_reads_what_it_writes() {
        let all = BeginTransaction {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            read_only: true,
            immediate: true,
            timeout: Some(5000),
            ..BeginTransaction::default()
        };
        for (text, expected) in [
            ("new", BeginTransaction::default()),
            ("new; read-only", BeginTransaction { read_only: true, ..BeginTransaction::default() }),
            ("new; isolation-level=repeatable-read; read-only; immediate; timeout=5000", all),
        ] {
            assert_eq!(options(text), expected);
            let new = NewTransaction { options: expected, begun: Arc::default() };
            assert_eq!(new.to_string(), text);
        }
    }

    #[test]
    fn it_takes_any_other_text_for_an_id() {
        for text in ["", "newer", "x.YQ", "NEW"] {
            assert!(
                matches!(CallTransaction::parse(text.to_owned()), Ok(CallTransaction::Open(id)) if id == text)
            );
        }
    }

    #[test]
    fn it_refuses_an_option_by_its_name() {
        for option in ["isolation-level=chaos", "readonly", "timeout=soon", "timeout", "read-only=1", ""] {
            let refused = CallTransaction::parse(format!("new;{option}")).unwrap_err();
            assert_eq!(refused.code, ErrorCode::BadRequest);
            assert!(refused.message.contains(&format!("`{option}`")), "{}", refused.message);
        }
    }
}
