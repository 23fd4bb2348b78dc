//! JSON and JSONB.

mod access;
mod build;
mod change;
mod compare;
mod document;
mod expand;
mod number;
mod scalar;
mod scan;
mod string;

pub use access::{Kind, Step, get, get_text, json_input, text_of, type_name};
pub use build::{array, key, object, object_of_members, object_of_texts, strip_nulls};
pub use change::{
    Change, change, concat, delete_index, delete_keys, set_null, strip_nulls as strip_nulls_of_jsonb,
};
pub use compare::{compare, compare_texts, contains, equal, has_key, own_keys};
pub use document::{Document, key_order};
pub use expand::{array_elements, array_length, each, keys, pretty, to_record, to_recordset};
pub use number::{compare as compare_numbers, plain as plain_number};
pub use scalar::{boolean_of, float_of, integer_of, number_of};
pub use scan::{MAX_DEPTH, is_number};
pub(crate) use scan::{beginning, elements_of};
pub use string::{quoted, write_string};
