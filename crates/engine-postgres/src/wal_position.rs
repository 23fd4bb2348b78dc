//! Positions in a server's write-ahead log.

use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio_postgres::SimpleQueryMessage;

use crate::{connection::Connection, error};

/// A position in the write-ahead log of a cluster. A replica that has replayed the log up to it shows all that was
/// committed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WalPosition(pub(crate) u64);

impl WalPosition {
    /// The token that travels to the client. Tokens sort as the positions do.
    pub(crate) fn token(self) -> String {
        format!("{:016X}", self.0)
    }

    /// The position of a token; none for a text that is no token of this engine.
    pub(crate) fn from_token(token: &str) -> Option<Self> {
        let well_formed = token.len() == 16 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        u64::from_str_radix(token, 16).ok().filter(|_| well_formed).map(Self)
    }

    /// The position in PostgreSQL's notation, such as `16/B374D848`.
    fn from_lsn(lsn: &str) -> Option<Self> {
        let (high, low) = lsn.split_once('/')?;
        let half = |digits| u32::from_str_radix(digits, 16).ok().map(u64::from);
        Some(Self((half(high)? << 32) | half(low)?))
    }
}

/// The position of the primary. It is behind every transaction that was committed before the question was sent.
pub(crate) async fn primary_position(connection: &Connection) -> Result<WalPosition> {
    // The written position may be behind what is committed, when commits do not wait for the log.
    ask(connection, "SELECT pg_current_wal_insert_lsn()").await
}

/// The position up to which a replica has replayed the log. `UNAVAILABLE` for a server that replays none.
pub(crate) async fn replica_position(connection: &Connection) -> Result<WalPosition> {
    ask(connection, "SELECT pg_last_wal_replay_lsn() WHERE pg_is_in_recovery()").await
}

async fn ask(connection: &Connection, sql: &str) -> Result<WalPosition> {
    let answers = connection.client().simple_query(sql).await.map_err(|error| error::explain(&error))?;
    let lsn = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    lsn.and_then(WalPosition::from_lsn)
        .ok_or_else(|| Error::new(ErrorCode::Unavailable, "the server does not say how far its log has come"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_orders_positions_as_their_tokens_are_ordered() {
        let positions = ["0/16B3748", "0/FFFFFFFF", "1/0", "16/B374D848"].map(WalPosition::from_lsn);
        let tokens = positions.map(|position| position.unwrap().token());
        assert!(positions.is_sorted() && tokens.is_sorted(), "{tokens:?}");
        assert_eq!(tokens.map(|token| WalPosition::from_token(&token)), positions);
    }

    #[test]
    fn it_refuses_texts_that_are_no_tokens() {
        for token in ["", "0", "0/16B3748", "+000000000000001", "00000000016B37480", "xyzxyzxyzxyzxyzx"] {
            assert_eq!(WalPosition::from_token(token), None, "{token}");
        }
    }
}
