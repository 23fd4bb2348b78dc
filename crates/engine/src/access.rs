//! What a session may do to its database.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::Kind;

/// What the statements of a session may do. Each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// To read. The database system itself refuses everything else, so that no way of writing has to be recognised.
    Read,
    /// To change rows as well.
    Write,
    /// To change tables as well, and to send statements in the engine's own SQL, whose kind only the engine knows.
    Schema,
}

impl Access {
    /// The access that a statement of this kind needs.
    const fn needed_by(kind: &Kind) -> Self {
        match kind {
            Kind::Read
            | Kind::Savepoint(_)
            | Kind::RollbackTo(_)
            | Kind::Release(_)
            | Kind::Begin
            | Kind::Commit
            | Kind::Rollback
            | Kind::Nothing => Self::Read,
            // Rows that are locked keep writers waiting.
            Kind::LockingRead | Kind::Write => Self::Write,
            Kind::Schema => Self::Schema,
        }
    }

    /// Fails with `FORBIDDEN` for a statement that needs more.
    pub fn check(self, kind: &Kind) -> Result<()> {
        self.check_level(Self::needed_by(kind))
    }

    /// Fails with `FORBIDDEN` for a statement in the engine's own SQL.
    pub fn check_native(self) -> Result<()> {
        self.check_level(Self::Schema)
    }

    fn check_level(self, needed: Self) -> Result<()> {
        if self >= needed { Ok(()) } else { Err(self.forbids()) }
    }

    /// True when the session cannot write.
    pub fn only_reads(self) -> bool {
        self == Self::Read
    }

    /// The error of a statement that needs more.
    pub fn forbids(self) -> Error {
        let message = match self {
            Self::Read => {
                "the token may read this database only; use one with the right to write, or to change the schema"
            }
            Self::Write | Self::Schema => {
                "the token may change rows but no tables in this database; use one with the right to change the schema"
            }
        };
        Error::new(ErrorCode::Forbidden, message)
    }
}
