//! Aggregates: what they keep of the values so far, how a value is added, and how the first one leaves a window's frame.

pub mod bits;
pub mod concatenation;
pub mod exact;
pub mod floats;
pub mod frame;
pub mod integers;
pub mod percentile;
pub mod regression;

use crate::numbers::{Numeric, numeric::Decimal};

/// Which of the measures of spread is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// True for a sample, false for a whole population.
    pub sample: bool,
    /// True for the standard deviation, false for the variance.
    pub root: bool,
}

impl Spread {
    /// The names of the aggregates, and what each of them measures.
    pub const ALL: [(&'static str, Self); 6] = [
        ("variance", Self { sample: true, root: false }),
        ("var_samp", Self { sample: true, root: false }),
        ("var_pop", Self { sample: false, root: false }),
        ("stddev", Self { sample: true, root: true }),
        ("stddev_samp", Self { sample: true, root: true }),
        ("stddev_pop", Self { sample: false, root: true }),
    ];

    /// The spread of exact numbers; none when there are too few.
    fn of_exact(self, count: u64, sum: &Decimal, squares: &Decimal) -> Option<Numeric> {
        let divisor = count.checked_sub(u64::from(self.sample)).filter(|divisor| *divisor > 0)?;
        let whole = |number: u64| Decimal::from_i128(number.into());
        let variance = Decimal::variance(&whole(count), sum, squares, &whole(divisor));
        Some(Numeric::Finite(if self.root { variance.root_of_same_scale() } else { variance }))
    }
}
