//! The addon that Node loads. Only exports are here; the modules do the work.

mod begun;
mod call_batch;
mod cli;
mod contract;
mod dialect;
mod error;
mod event_loop;
mod json;
mod operators_api;
mod pending_calls;
mod snapshot;
mod studio;
pub mod translate;
mod translate_api;

use napi_derive::{module_init, napi};

pub use contract::contract;
pub use dialect::NativeDialect;
pub use operators_api::operators;
pub use snapshot::NativeSnapshot;
use translate_api::TranslatedStatement;

/// Starts the tokio runtime, with one thread for everything that waits: a call then wakes that thread and Node's, where
/// the tasks of a call spread over several threads would wake each other. Long work runs on threads for blocking work.
#[module_init]
fn start() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("phantomdb-client")
        .enable_all()
        .build();
    if let Ok(runtime) = runtime {
        napi::bindgen_prelude::create_custom_tokio_runtime(runtime);
    }
}

/// Turns a plan (plain data) into PhantomDB SQL. With `values_json` (a JSON array) the plan's values are written into
/// the text. Without, they are bound: the translation then depends on the other arguments alone and can be kept.
/// `parameters_before` says how many parameters the plan's literals hold already: its own are numbered on from there.
/// Throws for a plan that has no translation; the `code` of the error is one of the contract.
#[napi(catch_unwind)]
pub fn translate(
    kind: String,
    plan_json: String,
    values_json: Option<String>,
    parameters_before: Option<u32>,
) -> napi::Result<TranslatedStatement, String> {
    translate_api::translate(&kind, &plan_json, values_json.as_deref(), parameters_before.unwrap_or(0))
        .map_err(error::thrown)
}

/// Writes a value, which is as the wire carries it in JSON, as a literal of PhantomDB SQL.
#[napi(catch_unwind)]
pub fn literal(value_json: String) -> napi::Result<String, String> {
    translate_api::literal(&value_json).map_err(error::thrown)
}

/// Runs the command line of the server (`phantomdb serve …`, without the name of the program) on a thread of its own.
/// Resolves to the exit code when it ends.
#[napi]
pub async fn run_cli(args: Vec<String>) -> napi::Result<i32> {
    cli::run_cli(args).await.map_err(|error| napi::Error::from_reason(error.message))
}
