//! Variances and standard deviations, as floats, of groups and of window frames.

use phantomdb_protocol::{Error, ErrorCode};
use rusqlite::{
    Connection,
    functions::{Aggregate, Context, FunctionFlags, WindowAggregate},
    types::ValueRef,
};

use super::{result::user_error, scalar::raw};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, sample, root) in [
        ("variance", true, false),
        ("var_samp", true, false),
        ("var_pop", false, false),
        ("stddev", true, true),
        ("stddev_samp", true, true),
        ("stddev_pop", false, true),
    ] {
        conn.create_window_function(name, 1, flags, Variance { sample, root })?;
    }
    Ok(())
}

struct Variance {
    /// True for a sample, false for a whole population.
    sample: bool,
    /// True for the standard deviation, false for the variance.
    root: bool,
}

/// Welford's running mean, and the sum of the squared distances from it. It loses no digits when the numbers are large and
/// close to each other.
#[derive(Default)]
struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    #[expect(clippy::cast_precision_loss, reason = "no table has 2^53 rows")]
    fn add(&mut self, number: f64) {
        self.count += 1;
        let distance = number - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (number - self.mean);
    }

    #[expect(clippy::cast_precision_loss, reason = "no table has 2^53 rows")]
    fn remove(&mut self, number: f64) {
        if self.count <= 1 {
            *self = Self::default();
            return;
        }
        self.count -= 1;
        let distance = number - self.mean;
        self.mean -= distance / self.count as f64;
        self.squares -= distance * (number - self.mean);
    }
}

/// The argument as a number; none for NULL.
fn number(context: &Context<'_>) -> rusqlite::Result<Option<f64>> {
    match raw(context, 0) {
        ValueRef::Null => Ok(None),
        #[expect(clippy::cast_precision_loss, reason = "as PostgreSQL casts")]
        ValueRef::Integer(number) => Ok(Some(number as f64)),
        ValueRef::Real(number) => Ok(Some(number)),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            let number = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok());
            let refused =
                || Error::new(ErrorCode::TypeMismatch, "a value that is no number has no deviation");
            number.map(Some).ok_or_else(|| user_error(&refused()))
        }
    }
}

impl Aggregate<Moments, Option<f64>> for Variance {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Moments> {
        Ok(Moments::default())
    }

    fn step(&self, context: &mut Context<'_>, moments: &mut Moments) -> rusqlite::Result<()> {
        if let Some(number) = number(context)? {
            moments.add(number);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, moments: Option<Moments>) -> rusqlite::Result<Option<f64>> {
        Ok(self.of(&moments.unwrap_or_default()))
    }
}

impl WindowAggregate<Moments, Option<f64>> for Variance {
    fn value(&self, moments: Option<&mut Moments>) -> rusqlite::Result<Option<f64>> {
        Ok(moments.and_then(|moments| self.of(moments)))
    }

    fn inverse(&self, context: &mut Context<'_>, moments: &mut Moments) -> rusqlite::Result<()> {
        if let Some(number) = number(context)? {
            moments.remove(number);
        }
        Ok(())
    }
}

impl Variance {
    /// The variance or the standard deviation; none when there are too few numbers.
    #[expect(clippy::cast_precision_loss, reason = "no table has 2^53 rows")]
    fn of(&self, moments: &Moments) -> Option<f64> {
        let divisor = moments.count.checked_sub(u64::from(self.sample)).filter(|divisor| *divisor > 0)?;
        // Rounding can leave slightly less than zero after numbers have left the window.
        let variance = (moments.squares / divisor as f64).max(0.0);
        Some(if self.root { variance.sqrt() } else { variance })
    }
}
