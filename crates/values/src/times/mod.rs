//! Dates, times of day, timestamps and intervals, as PostgreSQL reads, prints and computes them.

mod arithmetic;
mod calendar;
mod errors;
mod extract;
mod field;
mod found;
mod from_char;
mod interval;
mod interval_sum;
mod iso_interval;
mod lexer;
mod make;
mod read;
mod read_interval;
mod series;
mod template;
mod text;
mod to_char;
mod value;
mod zone;

pub use extract::Part;
pub use field::Unit;
pub use interval::Total;
pub use make::{from_epoch, make_date, make_interval, make_time};
pub use read_interval::Fields;
pub use series::series;
pub use text::{is_wire, wire_of_stored};
pub use value::{Date, Interval, TimeOfDay, Timestamp};
pub use zone::Zone;
