//! The types of expressions: which types there are, which converts to which, and which function or operator a call means.

mod conversion;
mod data_type;
mod resolve;
mod signature;

pub use conversion::{Strength, common_type, is_implicit, makes_key, strength};
pub use data_type::{Category, Type};
pub use resolve::{Resolved, Unresolved, is_one_element, resolve};
pub use signature::{
    Kind, Signature, all, function_names, functions, operators, unsupported, unsupported_functions,
};
