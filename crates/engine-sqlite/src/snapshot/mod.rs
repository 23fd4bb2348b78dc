//! Snapshots: the state of a database at one moment, stored as the pages of its file. See `DESIGN.md`.

mod header;
mod image;
mod pages;
mod raw;

pub use image::Snapshot;
pub(super) use pages::{PageStore, PageStoreState};
