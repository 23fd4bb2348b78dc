//! Runs the calls of the contract on an engine, whether they came over HTTP or from the same process.

mod calls;
mod context;
mod expiry;
mod grant;
mod idempotency;
mod milliseconds;
mod open_transactions;
mod options;
mod reply;
mod service;
mod snapshots;

pub use self::{
    grant::{DatabasePattern, Grant, Rights},
    idempotency::KEY_LENGTH_MAX as IDEMPOTENCY_KEY_LENGTH_MAX,
    options::ServiceOptions,
    reply::Reply,
    service::Service,
    snapshots::{SnapshotLimits, Snapshots},
};
