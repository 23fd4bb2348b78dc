//! The addon: what Node loads. Only exports are here; the modules do the work.

pub mod client;
mod dialect;
mod error;
pub mod translate;

use napi_derive::{module_init, napi};

pub use dialect::NativeDialect;

/// One thread for everything that waits: a call then wakes that thread and Node's, where the tasks of a call spread
/// over several would wake each other. What takes long runs on threads for blocking work.
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

/// A statement as PhantomDB SQL.
#[napi(object)]
pub struct TranslatedStatement {
    pub sql: String,
    /// A JSON array: the values of `$1…$n`.
    pub parameters: String,
    /// The same statement as a find call, as JSON, when it is one.
    pub find: Option<String>,
}

/// Turns a plan (plain data) into PhantomDB SQL. `inline` writes values into the text instead of binding them.
/// `parameters_before` says how many parameters the plan's literals hold already: its own are numbered on from there.
/// Throws for a plan that has no translation; the `code` of the error is one of the contract.
#[napi(catch_unwind)]
pub fn translate(
    kind: String,
    plan_json: String,
    inline: bool,
    parameters_before: Option<u32>,
) -> napi::Result<TranslatedStatement, String> {
    dialect::translate(&kind, &plan_json, inline, parameters_before.unwrap_or(0)).map_err(error::thrown)
}

/// Runs the command line of the server (`phantomdb serve …`, without the name of the program) on a thread of its own.
/// Resolves to the exit code when it ends.
#[napi]
pub async fn run_cli(args: Vec<String>) -> napi::Result<i32> {
    dialect::run_cli(args).await.map_err(|error| napi::Error::from_reason(error.message))
}
