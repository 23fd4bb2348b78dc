//! The limits that keep one caller from taking what all need. Each has one row in the table below, which the errors, the
//! options of the server and `docs/server.md` are checked against.

use phantomdb_protocol::{Error, ErrorCode};

/// A limit that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The flag of `phantomdb serve`, without its dashes. The environment variable is made of the same words.
    pub flag: &'static str,
    /// The option of an embedded dialect. `None` for a limit that a server has only.
    pub option: Option<&'static str>,
    /// The code of the error beyond the limit. `None` when there is no error: the connection is closed.
    pub code: Option<ErrorCode>,
    /// What is limited.
    pub limits: &'static str,
    /// What the caller can do instead of raising the limit.
    pub remedy: &'static str,
}

/// Writes a constant for each row, and the list of all.
macro_rules! limits {
    ($($name:ident: $flag:literal $(/ $option:literal)?, $code:expr, $limits:literal, $remedy:literal;)+) => {
        $(
            #[doc = concat!("`--", $flag, "`: ", $limits, ".")]
            pub const $name: Limit = Limit {
                flag: $flag,
                option: limits!(@option $($option)?),
                code: $code,
                limits: $limits,
                remedy: $remedy,
            };
        )+

        /// Every limit, in the order of the table.
        pub const LIMITS: &[Limit] = &[$($name),+];
    };
    (@option) => { None };
    (@option $option:literal) => { Some($option) };
}

use ErrorCode::{BadRequest, StatementTimeout, TooLarge, TooManyRequests, TransactionExpired, Unavailable};

limits! {
    STATEMENT_TIMEOUT: "statement-timeout" / "statementTimeoutMs", Some(StatementTimeout),
        "how long the statements of one call may take, waiting for locks included",
        "let an index serve its condition, or do the work in parts";
    READS_MAX: "reads-max", Some(Unavailable),
        "the reads that run in one SQLite database at the same time; others wait",
        "try again, or make the reads that run shorter";
    READ_WAIT_TIMEOUT: "read-wait-timeout", Some(Unavailable),
        "how long a read waits until fewer than `--reads-max` run",
        "try again, or make the reads that run shorter";
    STATEMENT_TOKENS_MAX: "statement-tokens-max", Some(TooLarge),
        "the words and signs of a statement",
        "send the values as parameters, or the rows of an INSERT as `rows`, or send it in parts";
    STATEMENT_CHAIN_MAX: "statement-chain-max", Some(TooLarge),
        "the words and signs of a statement between two commas, not counting those in parentheses",
        "write a long chain of OR as IN (…), or send it in parts";
    RESULT_ROWS_MAX: "result-rows-max" / "resultRowsMax", Some(TooLarge),
        "the rows of one result",
        "ask for fewer rows at a time, with LIMIT and a condition on the key";
    RESULT_BYTES_MAX: "result-bytes-max" / "resultBytesMax", Some(TooLarge),
        "the bytes of one result as JSON",
        "ask for fewer rows or columns at a time";
    BODY_MAX: "body-max", Some(TooLarge),
        "the bytes of the body of a request",
        "send it in parts";
    BYTES_IN_FLIGHT_MAX: "bytes-in-flight-max", Some(Unavailable),
        "the bytes of all bodies and results that are in the server's memory at the same time",
        "try again, or send and ask for less at a time";
    SQLITE_HEAP_MAX: "sqlite-heap-max", Some(TooLarge),
        "the bytes of memory that SQLite uses for all databases, without the content of databases in memory",
        "try again, or make the statement sort and group fewer rows";
    OPEN_FILES: "open-files", Some(Unavailable),
        "the files and connections that the process has open",
        "end transactions and connections that are not needed";
    CONNECTIONS_MAX: "connections-max", Some(Unavailable),
        "the connections of callers at the same time",
        "close connections that are not needed, or use HTTP/2";
    HEADER_TIMEOUT: "header-timeout", None,
        "how long the headers of a request may take to arrive once it has begun",
        "send the headers at once";
    HEADER_BYTES_MAX: "header-bytes-max", Some(TooLarge),
        "the bytes of the headers of a request, its URL included",
        "send a long condition as a statement with parameters";
    BODY_TIMEOUT: "body-timeout", Some(BadRequest),
        "how long the body of a request may take to arrive",
        "send it faster, or in parts";
    WRITE_TIMEOUT: "write-timeout", None,
        "how long a caller may take no byte of an answer that is ready",
        "read the answer as it comes";
    IDLE_TIMEOUT: "idle-timeout", None,
        "how long a connection may be open without a request",
        "connect again";
    RATE_LIMIT: "rate-limit", Some(TooManyRequests),
        "the requests in a second for each token, or for each address when the server has no tokens",
        "wait as long as the header Retry-After says";
    TRANSACTIONS_MAX: "transactions-max", Some(TooManyRequests),
        "the transactions that are open at the same time",
        "end some, or try later";
    TRANSACTION_AGE_MAX: "transaction-age-max", Some(TransactionExpired),
        "how long a transaction may be open, however busy it is",
        "begin another, and do the work in parts";
    LOCK_IDLE_TIMEOUT: "lock-idle-timeout" / "lockIdleTimeoutMs", Some(TransactionExpired),
        "how long a transaction may keep a database's write lock without running a statement while others wait for it",
        "do slow work before the transaction";
    DATABASE_IDLE_TIMEOUT: "database-idle-timeout", None,
        "how long the connections to an SQLite database are kept open without a call",
        "nothing: the next call opens one";
}

impl Limit {
    /// How the limit is named in messages: `--body-max`, or `statementTimeoutMs (--statement-timeout of a server)`.
    pub fn name(&self) -> String {
        match self.option {
            None => format!("--{}", self.flag),
            Some(option) => format!("{option} (--{} of a server)", self.flag),
        }
    }

    /// The environment variable that sets the limit.
    pub fn variable(&self) -> String {
        format!("PHANTOMDB_{}", self.flag.replace('-', "_").to_ascii_uppercase())
    }

    /// The error beyond the limit: what happened, what to do, and the name of the limit.
    pub fn exceeded(&self, what: &str) -> Error {
        let message = format!("{what}; {}, or raise {}", self.remedy, self.name());
        Error::new(self.code.unwrap_or(Unavailable), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_to_do_and_names_the_limit() {
        let error = BODY_MAX.exceeded("the body is longer than 5 bytes");
        assert_eq!(error.code, TooLarge);
        assert_eq!(error.message, "the body is longer than 5 bytes; send it in parts, or raise --body-max");
        assert_eq!(STATEMENT_TIMEOUT.name(), "statementTimeoutMs (--statement-timeout of a server)");
        assert_eq!(BODY_MAX.variable(), "PHANTOMDB_BODY_MAX");
    }
}
