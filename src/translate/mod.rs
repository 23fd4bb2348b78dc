//! Plain data to PhantomDB SQL.

use phantomdb_protocol::{Error, Find, Result, Value};

/// A statement with its values, and the find call it is when it is one.
pub struct Translated {
    pub sql: String,
    pub parameters: Vec<Value>,
    pub find: Option<Find>,
}

pub fn translate(kind: &str, _plan: &serde_json::Value, _inline: bool) -> Result<Translated> {
    Err(Error::unsupported(format!("'{kind}' cannot be translated")))
}
