//! The options of an embedded database.

use std::time::Duration;

/// The options of an embedded database.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "embedded"), expect(dead_code, reason = "there is no embedded database to set"))]
pub(crate) struct EmbeddedOptions {
    pub(crate) lock_idle_timeout: Option<Duration>,
    pub(crate) result_rows_max: Option<u64>,
    pub(crate) result_bytes_max: Option<usize>,
}
