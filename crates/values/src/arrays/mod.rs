//! Arrays. The stored form of one is a JSON array.

mod access;
mod cast;
mod change;
mod compare;
mod input;
mod item;
mod kind;
mod series;
mod shape;
mod text;

pub use access::{bounds_text, cardinality, dimension_count, get, length, slice};
pub use cast::cast;
pub use change::{
    append, bucket, concat, fill, of_string, position, positions, prepend, remove, replace, sort, to_string,
    trim,
};
pub use compare::{arrays as compare, contains, overlaps, texts as compare_texts};
pub use input::element as read_element;
pub use item::output;
pub use item::{Item, hex, json, parse, wire, write};
pub use kind::{Kind, Value};
pub use series::{decimals, integers, subscripts};
pub use shape::{MAX_ELEMENTS, check, check_length, dimensions, flat};
pub use text::{malformed, read, read_notation};
