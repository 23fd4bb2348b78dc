//! The translator as JavaScript calls it: a plan or a value in, text out.

use phantomdb_protocol::{Error, Result};

use crate::{
    json::{parse, to_json},
    translate::{
        self,
        sql::{Values, push_literal},
    },
};
use napi_derive::napi;

pub(crate) fn translate(
    kind: &str,
    plan: &str,
    values_json: Option<&str>,
    before: u32,
) -> Result<TranslatedStatement> {
    let values = match values_json {
        Some(json) => Values::inlined(parse("values", json)?),
        None => Values::bound(usize::try_from(before).map_err(|_| too_many())?),
    };
    let translated = translate::translate(kind, plan, values)?;
    let find = translated.find.map(|find| to_json(&find)).transpose()?;
    let order = translated.order.into_iter().map(number).collect::<Result<Vec<u32>>>()?;
    let count = number(order.len())?;
    // Most statements have their values in the order of the plan.
    let order = Some(order).filter(|order| !order.iter().copied().eq(0..count));
    Ok(TranslatedStatement { sql: translated.sql, count, order, find })
}

fn number(count: usize) -> Result<u32> {
    u32::try_from(count).map_err(|_| too_many())
}

fn too_many() -> Error {
    Error::internal("a statement has too many parameters")
}

/// Writes a value as a literal of PhantomDB SQL.
pub(crate) fn literal(value_json: &str) -> Result<String> {
    let mut out = String::new();
    push_literal(&mut out, &parse("value", value_json)?)?;
    Ok(out)
}

/// A plan as PhantomDB SQL.
#[napi(object)]
pub struct TranslatedStatement {
    pub sql: String,
    /// How many parameters it has beside those of the caller.
    pub count: u32,
    /// The index among the plan's values of each of them; left out when they are the first values in their order.
    pub order: Option<Vec<u32>>,
    /// The same statement as a find call without its values, as JSON, when it is one.
    pub find: Option<String>,
}
