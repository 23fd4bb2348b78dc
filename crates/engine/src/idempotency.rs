//! A call with an idempotency key: what it writes takes effect once, however often it is sent.

use tokio_util::sync::CancellationToken;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// A call with an idempotency key, as an engine sees it.
///
/// A session for such a call ([`super::Session::keyed`]) commits the answer of each write together with the write. The
/// answer is stored under `key` and the number of the write in the call, counted from 0. A write whose answer is stored
/// already does not run again: the stored answer is returned. So a client whose server was killed between the commit and
/// the answer gets that answer when it sends the call again. Errors are not stored, because they left nothing behind.
/// An engine may forget answers after ten minutes, and earlier when there are many.
#[derive(Debug, Clone)]
pub struct IdempotentCall {
    /// Digest of the caller's token and the key that the caller chose.
    pub key: Digest,
    /// Digest of the call. A key that was used for a different call is refused with `BAD_REQUEST`.
    pub call: Digest,
    /// Cancelled when nobody waits for the answer any more. The engine then interrupts the running statement, so that it
    /// takes effect as a whole or not at all, and answers with its outcome: an error when it did not take effect.
    pub cancelled: CancellationToken,
}
