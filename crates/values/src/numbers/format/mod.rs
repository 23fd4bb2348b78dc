//! `to_char` and `to_number` of numbers.

mod pattern;
mod read;
mod roman;
mod to_char;
mod write;

pub use read::to_number;
pub use to_char::{of_f32, of_f64, of_i32, of_i64, of_numeric};
