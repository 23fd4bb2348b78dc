//! The shape of errors from the engine to JavaScript: a code that is the contract, a message for people, and the names of
//! what was at fault.

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IntoDeserializer, value::Error as ValueError},
};

use crate::UnreachableReason;

/// Writes the enum of codes and everything that depends on the code alone, so that each code has one row.
macro_rules! error_codes {
    ($($code:ident => $status:literal $class:ident),+ $(,)?) => {
        /// The code of an error. The codes are the contract; see `docs/errors.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub enum ErrorCode {
            $($code,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// The HTTP status this code travels with.
            pub const fn http_status(self) -> u16 {
                match self {
                    $(Self::$code => $status,)+
                }
            }

            /// The name of the class that a Sequelize application gets for it. An `UNAVAILABLE` with a reason gets the
            /// class of its reason, see [`UnreachableReason::sequelize_class`].
            pub const fn sequelize_class(self) -> &'static str {
                match self {
                    $(Self::$code => stringify!($class),)+
                }
            }
        }
    };
}

/// A side of a foreign key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ForeignKeySide {
    /// The table that the key refers to: other rows still refer to a row that was changed or deleted.
    Parent,
    /// The table that has the key: a row refers to a row that does not exist.
    Child,
}

impl ForeignKeySide {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Child => "child",
        }
    }
}

error_codes! {
    UniqueViolation => 409 UniqueConstraintError,
    ForeignKeyViolation => 409 ForeignKeyConstraintError,
    NotNullViolation => 422 DatabaseError,
    CheckViolation => 422 DatabaseError,
    ExclusionViolation => 409 ExclusionConstraintError,
    SyntaxError => 400 DatabaseError,
    UnknownFunction => 400 DatabaseError,
    UnknownTable => 404 DatabaseError,
    UnknownColumn => 404 DatabaseError,
    UnknownDatabase => 404 DatabaseError,
    UnknownConstraint => 404 UnknownConstraintError,
    AlreadyExists => 409 DatabaseError,
    TypeMismatch => 400 DatabaseError,
    OutOfRange => 400 DatabaseError,
    SerializationFailure => 409 DatabaseError,
    Deadlock => 409 DatabaseError,
    LockTimeout => 409 TimeoutError,
    StatementTimeout => 503 TimeoutError,
    TransactionExpired => 409 DatabaseError,
    WrongServer => 421 DatabaseError,
    Unsupported => 422 DatabaseError,
    Unauthorized => 401 AccessDeniedError,
    Forbidden => 403 AccessDeniedError,
    NotFound => 404 DatabaseError,
    BadRequest => 400 DatabaseError,
    TooLarge => 413 DatabaseError,
    TooManyRequests => 429 DatabaseError,
    StorageFull => 507 DatabaseError,
    Unavailable => 503 ConnectionError,
    Internal => 500 DatabaseError,
}

/// Reads a name, and takes one that this version does not know for none: a newer server may say more.
fn known<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<T>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    Ok(name.and_then(|name| T::deserialize(IntoDeserializer::<ValueError>::into_deserializer(name)).ok()))
}

/// The names of what was at fault, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// The table that a violated foreign key refers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referenced_table: Option<String>,
    /// The side of a violated foreign key that the statement changed.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "known")]
    pub side: Option<ForeignKeySide>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Character offset in the statement, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The number of the row at fault among those of an INSERT, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Why the server could not be reached.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "known")]
    pub reason: Option<UnreachableReason>,
    /// The row that broke a check, to find the value in it. It does not travel.
    #[serde(skip)]
    pub failing_row: Option<String>,
    /// The unknown function that is called, to find its position in the statement. It does not travel.
    #[serde(skip)]
    pub function: Option<String>,
    /// The id of the transaction that began with the call, which goes on after the error. It does not travel here.
    #[serde(skip)]
    pub begun: Option<String>,
    /// The place of the statement in its batch, from 0. It does not travel.
    #[serde(skip)]
    pub statement: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct Error {
    pub code: ErrorCode,
    pub message: String,
    #[serde(default)]
    pub details: Box<ErrorDetails>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The id of the caller's trace (W3C Trace Context), when the request was part of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Box::default(), request_id: None, trace_id: None }
    }

    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unsupported, what)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, message)
    }

    /// The error in a longer text, in which the statement begins at this character, from 0.
    #[must_use]
    pub fn moved_by(mut self, offset: u64) -> Self {
        self.details.position = self.details.position.map(|position| position + offset);
        self
    }

    #[must_use]
    pub fn with_table(mut self, table: impl Into<String>) -> Self {
        self.details.table = Some(table.into());
        self
    }

    #[must_use]
    pub fn with_columns<I: IntoIterator<Item = S>, S: Into<String>>(mut self, columns: I) -> Self {
        self.details.columns = columns.into_iter().map(Into::into).collect();
        self
    }

    #[must_use]
    pub fn with_constraint(mut self, constraint: impl Into<String>) -> Self {
        self.details.constraint = Some(constraint.into());
        self
    }

    #[must_use]
    pub fn with_reason(mut self, reason: UnreachableReason) -> Self {
        self.details.reason = Some(reason);
        self
    }

    /// Names the row of an INSERT that is at fault, from 1.
    #[must_use]
    pub fn in_row(mut self, number: u64) -> Self {
        if self.details.row.is_none() {
            self.details.row = Some(number);
            self.message = format!("{} (row {number})", self.message);
        }
        self
    }

    /// Notes which statement of a batch failed, unless that is noted already.
    #[must_use]
    pub fn in_statement(mut self, index: usize) -> Self {
        self.details.statement.get_or_insert(index);
        self
    }

    #[must_use]
    pub fn with_position(mut self, position: u64) -> Self {
        self.details.position = Some(position);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_an_error_whose_reason_and_side_it_does_not_know() {
        let text = r#"{"code":"UNAVAILABLE","message":"m","details":{"reason":"overloaded","side":"middle","value":"v"}}"#;
        let error: Error = serde_json::from_str(text).unwrap();
        assert_eq!((error.details.reason, error.details.side), (None, None));
        assert_eq!(error.details.value.as_deref(), Some("v"));
        let text = r#"{"code":"UNAVAILABLE","message":"m","details":{"reason":"stopping","side":"parent"}}"#;
        let error: Error = serde_json::from_str(text).unwrap();
        assert_eq!(error.details.reason, Some(UnreachableReason::Stopping));
        assert_eq!(error.details.side, Some(ForeignKeySide::Parent));
    }
}
