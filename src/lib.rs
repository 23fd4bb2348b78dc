//! The addon: what Node loads.
