//! A call that is known by a key: what it writes takes effect once, however often it is sent.

use tokio_util::sync::CancellationToken;

/// A SHA-256.
pub type Digest = [u8; 32];

/// A call with an idempotency key, as an engine sees it.
///
/// A session that was made with it ([`super::Session::keyed`]) commits the answer of each write together with the
/// write, under `key` and the number of the write in the call, from 0. A write whose answer is there already is not
/// run: its answer is the kept one. So a client whose server was killed after the commit and before the answer gets
/// that answer when it asks again. Errors are not kept: they left nothing behind. Answers may be forgotten after
/// ten minutes, and when there are many.
#[derive(Debug, Clone)]
pub struct IdempotentCall {
    /// Of the caller's token and the key that the caller chose.
    pub key: Digest,
    /// Of the call. A key that was used for another call is refused with `BAD_REQUEST`.
    pub call: Digest,
    /// Done when nobody waits for the answer any more. The engine stops what runs, so that it either took effect
    /// as a whole or not at all, and then answers which, with an error in the latter case.
    pub cancelled: CancellationToken,
}
