//! Bytes of bodies and answers, counted while they are in memory.

use std::{ops::Deref, sync::Arc};

use axum::body::Bytes;
use phantomdb_engine::{BytesInFlight, Reservation};

/// Bytes that are counted until they are dropped.
pub(super) struct Held<T> {
    bytes: T,
    _counted: Option<Reservation>,
}

impl<T> Held<T> {
    pub(super) fn new(bytes: T, counted: Option<Reservation>) -> Self {
        Self { bytes, _counted: counted }
    }
}

impl Held<Vec<u8>> {
    /// The bytes, which are not counted any more.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl<T: Deref<Target = [u8]>> Deref for Held<T> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for Held<Vec<u8>> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The bytes of an answer, which are counted until the last of them is sent.
pub(super) fn answer(bytes: Vec<u8>, all: Option<&Arc<BytesInFlight>>) -> Bytes {
    match all {
        None => bytes.into(),
        Some(all) => {
            let counted = all.hold(bytes.len());
            Bytes::from_owner(Held::new(bytes, Some(counted)))
        }
    }
}
