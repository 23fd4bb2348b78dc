//! The native part of the Python package `phantomdb`: the client of `crates/client`, values both ways, and rows as Python
//! objects. The Python code above it has the interfaces of DB-API 2.0 and of asyncio.

mod bind;
mod client;
mod columns;
mod error;
mod held;
mod letters;
mod mailbox;
mod operation;
mod own_runtime;
mod reads;
mod rows;
mod runtime;
mod session;
mod state;
mod statement;
mod types;

/// The module `phantomdb._native`.
#[pyo3::pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::client::Client;
    #[pymodule_export]
    use crate::mailbox::{Mailbox, Running};
    #[pymodule_export]
    use crate::session::Session;
    #[pymodule_export]
    use crate::statement::numbered_statement;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let end = wrap_pyfunction!(crate::runtime::end_callbacks, module)?;
        module.py().import("atexit")?.call_method1("register", (end,))?;
        Ok(())
    }
}
