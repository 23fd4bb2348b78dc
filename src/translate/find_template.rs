//! A find call whose condition has gaps for its values.

use phantomdb_protocol::{Error, Find, Result, Value};
use serde::{Deserialize, Serialize};

/// A find call whose condition has gaps for its values.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FindTemplate {
    pub find: Find,
    /// The condition's text before, between and after its values. The values are the statement's parameters, in order.
    /// Empty when the condition has no values; it is then in `find`.
    #[serde(default)]
    pub parts: Vec<String>,
}

impl FindTemplate {
    /// Returns the call with the values written into its condition.
    pub fn filled(mut self, values: &[Value]) -> Result<Find> {
        if let Some((first, rest)) = self.parts.split_first() {
            if rest.len() != values.len() {
                return Err(Error::internal("a find call has another number of values than places for them"));
            }
            let mut condition = first.clone();
            for (value, part) in values.iter().zip(rest) {
                super::sql::push_literal(&mut condition, value)?;
                condition.push_str(part);
            }
            self.find.condition = Some(condition);
        }
        Ok(self.find)
    }
}
