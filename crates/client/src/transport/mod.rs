//! HTTP/1.1 to servers.

mod connect;
mod error;
mod origin;
mod pool;

pub(crate) use self::{
    error::TransportError,
    origin::{Origin, OutgoingRequest},
    pool::Transport,
};
