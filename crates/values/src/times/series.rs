//! Series of timestamps.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    value::{Interval, Timestamp},
    zone::Zone,
};

/// The most values of a series.
const MAX_SERIES: usize = 10_000_000;

/// The times from `start` to `stop`, both included. In a zone, days and months are those of its clocks.
pub fn series(start: Timestamp, stop: Timestamp, step: Interval, zone: &Zone) -> Result<Vec<Timestamp>> {
    let direction = step.length().signum();
    if direction == 0 {
        return Err(Error::new(ErrorCode::TypeMismatch, "the step of a series must not be zero"));
    }
    if !step.is_finite() {
        return Err(Error::new(ErrorCode::TypeMismatch, "the step of a series must not be infinite"));
    }
    if !start.is_finite() || (!stop.is_finite() && (stop == Timestamp::INFINITY) == (direction > 0)) {
        // PostgreSQL would go on for ever.
        return Err(Error::new(ErrorCode::OutOfRange, "a series must not be infinite"));
    }
    // Said before the work is done. An infinite end is one that the step leads away from.
    let distance = if stop.is_finite() { i128::from(stop.0) - i128::from(start.0) } else { 0 };
    if usize::try_from(distance / step.length()).is_ok_and(|steps| steps >= MAX_SERIES) {
        let message = format!("a series has at most {MAX_SERIES} values");
        return Err(Error::new(ErrorCode::OutOfRange, message));
    }
    let mut found = Vec::new();
    let mut at = start;
    while if direction > 0 { at <= stop } else { at >= stop } {
        found.push(at);
        let next = zone.plus(at, step)?;
        // A step of months and negative days may stand still at the end of a month.
        if if direction > 0 { next <= at } else { next >= at } {
            return Err(Error::new(ErrorCode::OutOfRange, "the step of a series must lead to its end"));
        }
        at = next;
    }
    Ok(found)
}
