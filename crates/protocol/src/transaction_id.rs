//! The id of a transaction: `<uuid>.<database, base64>[.<server>]`.
//!
//! It names the database, so that a server that was restarted knows where to look for the outcome of a commit, and the
//! server that holds the transaction, where there are several.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Makes the id of a new transaction. `unique` distinguishes it from all others.
pub fn transaction_id(unique: &str, database: &str, server: Option<&str>) -> String {
    let mut id = format!("{unique}.{}", URL_SAFE_NO_PAD.encode(database));
    if let Some(server) = server {
        id.push('.');
        id.push_str(server);
    }
    id
}

/// True for a valid name of a server: 1 to 32 letters, digits, hyphens and underscores, which need no quotes anywhere.
pub fn is_server_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The name of the server that holds the transaction, if that server has a name.
pub fn server_of(id: &str) -> Option<&str> {
    id.splitn(3, '.').nth(2)
}

/// The database of the transaction. `None` when the id does not have this form.
pub fn database_of(id: &str) -> Option<String> {
    let database = id.split('.').nth(1)?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(database).ok()?).ok()
}
