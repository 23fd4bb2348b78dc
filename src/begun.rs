//! The answer of a call that begins a transaction.

use std::sync::{Arc, OnceLock};

use phantomdb_protocol::{BegunTransaction, Result};

/// The answer with the id of the transaction that began with the call, see [`CallOptions::transaction`].
pub(crate) fn with_begun(
    answer: Result<String>,
    begun: Option<Arc<OnceLock<BegunTransaction>>>,
) -> Result<String> {
    let Some(new) = begun else { return answer };
    let id = new.get().map(|begun| begun.id.as_str());
    match answer {
        Ok(text) => Ok(format!("{}\n{text}", id.unwrap_or_default())),
        Err(mut error) => {
            error.details.begun = id.map(str::to_owned);
            Err(error)
        }
    }
}
