//! The contract for JavaScript.

use napi_derive::napi;

/// The tables of the REST contract as JSON text: `types`, `wireTypes`, `errors` (code, status, Sequelize's class),
/// `unreachableReasons` (the class of each), `headers`, `mediaTypes` and `routes`.
#[napi]
pub fn contract() -> String {
    phantomdb_protocol::contract().to_string()
}
