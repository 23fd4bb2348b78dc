//! Databases that come from elsewhere, and go there: `phantomdb import` and `phantomdb export`.

mod consent;
mod ddl;
mod export;
mod import;
mod model;
mod order;
mod place;
mod progress;
mod rehearsal;
mod remote;
mod report;
mod rewrite;
mod source;
mod survey;
mod target;

pub use export::{ExportOptions, export};
pub use import::{ImportOptions, import};
