//! Plain data to PhantomDB SQL. Pure: no engine, no HTTP, no JavaScript.
//!
//! One translator with two ways to write a value: bound (`$1`) to execute, inlined and escaped for text.

mod expression;
mod include;
mod json;
mod limited;
mod operators;
pub mod plan;
mod rows;
mod schema;
mod select;
pub mod sql;
#[cfg(test)]
mod tests;

use phantomdb_protocol::{Error, ErrorCode, Find, Result, Value};
use serde::Deserialize;

use expression::{Scope, Writer};
use sql::{Mode, Values};

/// A statement, ready to send.
#[derive(Debug)]
pub struct Translated {
    pub sql: String,
    pub parameters: Vec<Value>,
    /// The same as a find call of the REST contract, when it was asked for and can be one.
    pub find: Option<Find>,
}

/// Translates one plan. `kind` names the shape of `plan`: `select`, `insert`, `update`, `delete`, or `expression` for
/// a piece of text.
pub fn translate(kind: &str, plan: &str, mode: Mode) -> Result<Translated> {
    translate_after(kind, plan, mode, 0)
}

/// Translates a plan whose literals hold `$1…$before` already, which are the caller's.
pub fn translate_after(kind: &str, plan: &str, mode: Mode, before: usize) -> Result<Translated> {
    let mut writer = Writer::new(Values::new(mode).after(before));
    let mut find = None;
    let sql = match kind {
        "select" => {
            let plan: plan::Select = parse(plan)?;
            let sql = select::select(&mut writer, &plan)?;
            if plan.find {
                find = select::find(&plan);
            }
            sql
        }
        "insert" => rows::insert(&mut writer, &parse(plan)?)?,
        "update" => rows::update(&mut writer, &parse(plan)?)?,
        "delete" => rows::delete(&mut writer, &parse(plan)?)?,
        "expression" => {
            let fragment: plan::Fragment = parse(plan)?;
            let mut out = String::new();
            writer.expression(&mut out, &fragment.e, &Scope::parts(fragment.prefix))?;
            out
        }
        kind if schema::KINDS.contains(&kind) => return schema::translate(kind, plan),
        other => return Err(Error::internal(format!("unknown kind of plan '{other}'"))),
    };
    Ok(Translated { sql, parameters: writer.values.parameters, find })
}

fn parse<'a, T: Deserialize<'a>>(plan: &'a str) -> Result<T> {
    serde_json::from_str(plan)
        .map_err(|e| Error::new(ErrorCode::BadRequest, format!("the plan of a statement is malformed: {e}")))
}
