//! The commands of the command line that look into databases: `phantomdb sql`, `databases`, `schema` and `status`. They use
//! the client, so that `memory:`, `file:` and `http:` work alike.

mod commands;
mod complete;
mod completion;
mod connection;
mod control;
mod cursor;
mod databases;
mod describe;
mod editor;
mod export;
mod failure;
mod format;
mod interrupts;
mod keywords;
mod last_result;
mod listing;
mod names;
mod open;
mod output;
mod place;
mod report;
mod run;
mod schema;
mod shell;
mod splitter;
mod sql;
mod status;
mod style;

pub use databases::{DatabasesOptions, databases};
pub use failure::{FAILED, Failure, INTERRUPTED, MISUSED, REFUSED, Result, UNREACHABLE};
pub use schema::{SchemaOptions, schema};
pub use sql::{SqlOptions, sql};
pub use status::{StatusOptions, status};
