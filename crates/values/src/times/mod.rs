//! Dates, times of day, timestamps and intervals, as PostgreSQL reads, prints and computes them.

mod arithmetic;
mod calendar;
mod errors;
mod extract;
mod field;
mod from_char;
mod lexer;
mod read;
mod read_interval;
mod template;
mod text;
mod to_char;
mod value;
mod zone;

pub use arithmetic::{Total, from_epoch, make_date, make_interval, make_time, series};
pub use extract::Part;
pub use field::Unit;
pub use read_interval::Fields;
pub use text::wire_of_stored;
pub use value::{Date, Interval, TimeOfDay, Timestamp};
pub use zone::Zone;
