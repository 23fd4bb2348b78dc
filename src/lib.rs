//! The addon: what Node loads.

pub mod client;
