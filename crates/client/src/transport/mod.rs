//! HTTP/1.1 to servers.

mod connect;
mod error;
mod idle;
mod origin;
mod pool;

pub use self::idle::Connections;
pub(crate) use self::{
    error::TransportError,
    origin::{Origin, OutgoingRequest},
    pool::Transport,
};
