//! `phantomdb import` and `phantomdb export`: copies databases from and to other systems.

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
