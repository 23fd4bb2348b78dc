//! The table of data types for JavaScript.

use napi_derive::napi;
use phantomdb_protocol::data_type::contract_types;

/// The data types of PhantomDB and the wire types as JSON: `{"types": […], "wireTypes": […]}`.
#[napi(catch_unwind)]
pub fn data_types() -> String {
    contract_types().to_string()
}
