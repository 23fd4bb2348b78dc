//! Translates plans (plain data) to PhantomDB SQL. The translator is pure: it knows no engine, no HTTP and no JavaScript.
//!
//! A value is written in one of two ways: bound (`$1`) in a statement to execute, or inlined as an escaped literal.

mod bad_plan;
mod clauses;
mod depth;
mod expression;
mod find;
pub(crate) mod find_template;
mod include;
mod json;
mod limited;
mod operators;
mod order_literal;
pub mod plan;
mod rows;
mod schema;
mod select;
pub mod sql;
#[cfg(test)]
mod tests;

use phantomdb_protocol::{Error, ErrorCode, Result};
use serde::Deserialize;

use expression::{Scope, Writer};
use find_template::FindTemplate;
pub use operators::OPERATORS;
use sql::Values;

/// A statement, ready to send.
#[derive(Debug)]
pub struct Translated {
    pub sql: String,
    /// The index of the value of each parameter, `$1` first.
    pub order: Vec<usize>,
    /// The equivalent find call of the REST contract, if the plan asked for it and it exists.
    pub find: Option<FindTemplate>,
}

/// Translates one plan. `kind` says which plan it is: `select`, `insert`, `update`, `delete`, `expression` for a fragment
/// of text, or one of [`schema::KINDS`]. If values are bound, the translation depends only on `kind`, `plan` and the
/// number of the caller's own parameters, so it can be cached.
pub fn translate(kind: &str, plan: &str, values: Values) -> Result<Translated> {
    depth::with_stack_for(plan, || translate_plan(kind, plan, values))?
}

fn translate_plan(kind: &str, plan: &str, values: Values) -> Result<Translated> {
    let mut writer = Writer::new(values);
    let mut find = None;
    let sql = match kind {
        "select" => {
            let plan: plan::Select = parse(plan)?;
            let sql = select::select(&mut writer, &plan)?;
            if plan.find {
                find = find::find(&plan, &writer.values.order);
            }
            sql
        }
        "insert" => rows::insert(&mut writer, &parse(plan)?)?,
        "update" => rows::update(&mut writer, &parse(plan)?)?,
        "delete" => rows::delete(&mut writer, &parse(plan)?)?,
        "expression" => {
            let fragment: plan::Fragment = parse(plan)?;
            let mut out = String::new();
            writer.expression(&mut out, &fragment.expr, &Scope::parts(fragment.prefix))?;
            out
        }
        kind if schema::KINDS.contains(&kind) => schema::translate(kind, plan)?,
        other => return Err(Error::internal(format!("unknown kind of plan '{other}'"))),
    };
    Ok(Translated { sql, order: writer.values.order, find })
}

fn parse<'a, T: Deserialize<'a>>(plan: &'a str) -> Result<T> {
    let malformed =
        |e| Error::new(ErrorCode::BadRequest, format!("the plan of a statement is malformed: {e}"));
    let mut deserializer = serde_json::Deserializer::from_str(plan);
    // `with_stack_for` has looked how deep the plan is.
    deserializer.disable_recursion_limit();
    let parsed = T::deserialize(&mut deserializer).map_err(malformed)?;
    deserializer.end().map_err(malformed)?;
    Ok(parsed)
}
