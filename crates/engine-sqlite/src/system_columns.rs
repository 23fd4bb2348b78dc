//! The columns that PostgreSQL has in every table. No other column may have such a name there, so none may have it here.

use phantomdb_protocol::{Error, ErrorCode, Result};

const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// Refuses the name of a column that PostgreSQL has itself.
pub fn refuse(name: &str) -> Result<()> {
    if !SYSTEM_COLUMNS.contains(&name) {
        return Ok(());
    }
    let message = format!("PostgreSQL has a column \"{name}\" in every table; give this one another name");
    Err(Error::new(ErrorCode::AlreadyExists, message).with_columns([name]))
}
