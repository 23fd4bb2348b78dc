//! Square roots, exponentials and logarithms, in fixed-point arithmetic, rounded to a scale.

use bigdecimal::num_bigint::{BigInt, Sign};
use phantomdb_protocol::Result;

use super::{
    MAX_RESULT_SCALE,
    decimal::{DIGITS, Decimal},
    fixed, overflow,
};

/// The digits that a computation has more than its result.
const GUARD: i32 = 12;
/// The decimal logarithm of e.
pub(super) const LOG10_E: f64 = std::f64::consts::LOG10_E;

impl Decimal {
    /// The square root of a number that is not negative.
    pub(super) fn square_root(&self, scale: i32) -> Self {
        let places = scale + 2;
        let root = fixed::of_decimal(self, 2 * places).sqrt();
        fixed::to_decimal(&root, places).rounded(scale)
    }

    /// e to the power of this number. `OUT_OF_RANGE` when that has too many digits.
    pub(super) fn exponential(&self, scale: i32) -> Result<Self> {
        let estimate = self.to_f64();
        if estimate.abs() >= f64::from(MAX_RESULT_SCALE * 3) {
            return if estimate > 0.0 { Err(overflow()) } else { Ok(Self::zero(scale)) };
        }
        // The result has so many digits before the point, each of which needs a digit of the argument.
        #[expect(clippy::cast_possible_truncation, reason = "below 6000, see above")]
        let whole = ((estimate * LOG10_E) as i32).max(0) + 1;
        let halvings = 8 + bits(estimate.abs());
        let places = scale + whole + GUARD + i32::try_from(halvings).unwrap_or(0);
        let one = fixed::power_of_ten(places);
        let x = fixed::of_decimal(self, places) >> halvings;
        let mut sum = &one + &x;
        let mut term = x.clone();
        let mut index = 2_u32;
        while term.sign() != Sign::NoSign {
            term = &term * &x / &one / index;
            // A division cuts off toward zero, so that the terms end.
            sum += &term;
            index += 1;
        }
        for _ in 0..halvings {
            sum = &sum * &sum / &one;
        }
        Ok(fixed::to_decimal(&sum, places).rounded(scale))
    }

    /// The natural logarithm of a number above zero.
    pub(super) fn logarithm(&self, scale: i32) -> Self {
        let places = (scale + GUARD + 8).max(8);
        // ln(m * 10^p) = ln(m) + p * ln(10), with m between 0.1 and 10. Beside 1 only m counts, so that nothing cancels.
        let power = match self.weight() * DIGITS + i32::try_from(self.leading().ilog10()).unwrap_or(0) {
            -1 => 0,
            power => power,
        };
        let mut sum = logarithm_of_fixed(&fixed::of_decimal(self, places - power), places);
        if power != 0 {
            sum += logarithm_of_fixed(&fixed::power_of_ten(places + 1), places) * power;
        }
        fixed::to_decimal(&sum, places).rounded(scale)
    }

    fn leading(&self) -> u16 {
        self.digits().first().copied().unwrap_or(1)
    }

    /// The nearest float; infinite when the number is too large.
    pub fn to_f64(&self) -> f64 {
        self.plain().parse().unwrap_or(f64::NAN)
    }
}

/// The bits of a number's whole part.
fn bits(number: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 6000")]
    let whole = number as u32;
    u32::BITS - whole.leading_zeros()
}

/// `ln(x / 10^places) * 10^places`, for a fixed-point number between 0.1 and 10.
///
/// Square roots bring x near 1, where `ln(x) = 2 * (z + z^3/3 + z^5/5 + …)` with `z = (x - 1) / (x + 1)` converges fast.
fn logarithm_of_fixed(x: &BigInt, places: i32) -> BigInt {
    // Each square root loses a bit of the result, and about seven are taken.
    const EXTRA: i32 = 6;
    let one = fixed::power_of_ten(places + EXTRA);
    let near: BigInt = &one / 50;
    let mut root = x * fixed::power_of_ten(EXTRA);
    let mut roots = 0;
    while (&root - &one).magnitude() > near.magnitude() {
        root = (root * &one).sqrt();
        roots += 1;
    }
    let z = (&root - &one) * &one / (&root + &one);
    let square = &z * &z / &one;
    let mut power = z.clone();
    let mut sum = z;
    for divisor in (3_u32..).step_by(2) {
        power = &power * &square / &one;
        let term = &power / divisor;
        if term.sign() == Sign::NoSign {
            break;
        }
        sum += term;
    }
    (sum << (roots + 1)) / fixed::power_of_ten(EXTRA)
}
