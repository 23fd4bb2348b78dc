//! Databases that come from elsewhere, and go there: `phantomdb import` and `phantomdb export`.

mod confirm;
mod ddl;
mod dry_run;
mod endpoint;
mod export;
mod import;
mod model;
mod progress;
mod report;
mod rewrite;
mod server_database;
mod source;
mod table_order;
mod target;
mod type_inference;

pub use export::{ExportOptions, export};
pub use import::{ImportOptions, import};
