//! Byte strings (`bytea`).

pub mod digest;
pub mod encoding;
pub mod number;
pub mod slice;
pub mod written;
