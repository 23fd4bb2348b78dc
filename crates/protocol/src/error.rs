//! One error shape from the engine to JavaScript: a code that is the contract, a message for people, and the
//! names of what was at fault.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What went wrong. The codes are the contract; see `docs/errors.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    UniqueViolation,
    ForeignKeyViolation,
    NotNullViolation,
    CheckViolation,
    ExclusionViolation,
    SyntaxError,
    UnknownTable,
    UnknownColumn,
    UnknownDatabase,
    UnknownConstraint,
    AlreadyExists,
    TypeMismatch,
    OutOfRange,
    SerializationFailure,
    Deadlock,
    LockTimeout,
    StatementTimeout,
    TransactionExpired,
    WrongServer,
    Unsupported,
    Unauthorized,
    Forbidden,
    NotFound,
    BadRequest,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Internal,
}

impl ErrorCode {
    /// The HTTP status this code travels with.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::SyntaxError | Self::TypeMismatch | Self::OutOfRange | Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::UnknownTable
            | Self::UnknownColumn
            | Self::UnknownDatabase
            | Self::UnknownConstraint
            | Self::NotFound => 404,
            Self::UniqueViolation
            | Self::ForeignKeyViolation
            | Self::ExclusionViolation
            | Self::AlreadyExists
            | Self::SerializationFailure
            | Self::Deadlock
            | Self::LockTimeout
            | Self::TransactionExpired => 409,
            Self::TooLarge => 413,
            Self::WrongServer => 421,
            Self::NotNullViolation | Self::CheckViolation | Self::Unsupported => 422,
            Self::TooManyRequests => 429,
            Self::Unavailable | Self::StatementTimeout => 503,
            Self::Internal => 500,
        }
    }
}

/// Names of what was at fault, where there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// The table a violated foreign key points to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referenced_table: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Character offset in the statement, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The unknown function that is called, to find its position in the statement. It does not travel.
    #[serde(skip)]
    pub function: Option<String>,
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
    /// Of the caller's trace (W3C Trace Context), when the request was part of one.
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
    pub fn with_position(mut self, position: u64) -> Self {
        self.details.position = Some(position);
        self
    }
}
