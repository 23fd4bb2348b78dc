//! Functions of floats: roots, powers, logarithms and trigonometry, with PostgreSQL's errors.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    float::{multiply, overflow, underflow},
    invalid_argument,
};

const RADIANS_PER_DEGREE: f64 = 0.017_453_292_519_943_295;

/// A function of one float.
pub type Function = fn(f64) -> Result<f64>;

/// The functions of one float that have the same name in PostgreSQL.
pub const FUNCTIONS: [(&str, Function); 35] = [
    ("sqrt", sqrt),
    ("cbrt", |x| Ok(cbrt(x))),
    ("exp", exp),
    ("ln", ln),
    ("log", |x| logarithm(x, f64::log10)),
    ("ceil", |x| Ok(x.ceil())),
    ("floor", |x| Ok(x.floor())),
    ("round", |x| Ok(x.round_ties_even())),
    ("trunc", |x| Ok(x.trunc())),
    ("abs", |x| Ok(x.abs())),
    ("negate", |x| Ok(-x)),
    ("sign", |x| {
        Ok(if x > 0.0 {
            1.0
        } else if x < 0.0 {
            -1.0
        } else {
            0.0
        })
    }),
    ("degrees", degrees),
    ("radians", |x| multiply(x, RADIANS_PER_DEGREE)),
    ("sin", |x| of_angle(x, f64::sin)),
    ("cos", |x| of_angle(x, f64::cos)),
    ("tan", |x| of_angle(x, f64::tan)),
    ("cot", |x| of_angle(x, |x| 1.0 / x.tan())),
    ("asin", |x| of_unit(x, f64::asin)),
    ("acos", |x| of_unit(x, f64::acos)),
    ("atan", |x| Ok(x.atan())),
    ("sinh", |x| Ok(x.sinh())),
    ("cosh", |x| Ok(x.cosh())),
    ("tanh", |x| Ok(x.tanh())),
    ("asinh", |x| Ok(asinh(x))),
    ("acosh", acosh),
    ("atanh", atanh),
    ("sind", sind),
    ("cosd", cosd),
    ("tand", tand),
    ("cotd", cotd),
    ("asind", asind),
    ("acosd", acosd),
    ("atand", |x| Ok(x.atan() / ATAN_1 * 45.0)),
    ("pi", |_| Ok(std::f64::consts::PI)),
];

const ATAN_1: f64 = std::f64::consts::FRAC_PI_4;

fn not_defined() -> Error {
    Error::new(ErrorCode::OutOfRange, "input is out of range")
}

fn sqrt(x: f64) -> Result<f64> {
    if x < 0.0 {
        let message = "cannot take the square root of a negative number";
        return Err(Error::new(ErrorCode::OutOfRange, message));
    }
    Ok(x.sqrt())
}

fn exp(x: f64) -> Result<f64> {
    let result = x.exp();
    if x.is_finite() && result.is_infinite() {
        return Err(overflow());
    }
    if x.is_finite() && result == 0.0 { Err(underflow()) } else { Ok(result) }
}

fn ln(x: f64) -> Result<f64> {
    logarithm(x, f64::ln)
}

fn logarithm(x: f64, function: fn(f64) -> f64) -> Result<f64> {
    if x == 0.0 {
        return Err(invalid_argument("cannot take the logarithm of zero"));
    }
    if x < 0.0 {
        return Err(invalid_argument("cannot take the logarithm of a negative number"));
    }
    Ok(function(x))
}

fn degrees(x: f64) -> Result<f64> {
    let result = x / RADIANS_PER_DEGREE;
    if result.is_infinite() && !x.is_infinite() { Err(overflow()) } else { Ok(result) }
}

fn of_angle(x: f64, function: fn(f64) -> f64) -> Result<f64> {
    if x.is_infinite() { Err(not_defined()) } else { Ok(function(x)) }
}

fn of_unit(x: f64, function: fn(f64) -> f64) -> Result<f64> {
    if x.abs() > 1.0 { Err(not_defined()) } else { Ok(function(x)) }
}

/// The cube root, rounded right: the one of the C library may be off by a digit.
fn cbrt(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    // What is very small or great is scaled, so that its cube has all its digits.
    let scale = 2_f64.powi(54);
    if x.abs() < f64::MIN_POSITIVE * scale {
        return cbrt(x * scale) / 2_f64.powi(18);
    }
    if x.abs() > f64::MAX / scale {
        return cbrt(x / scale) * 2_f64.powi(18);
    }
    let root = x.cbrt();
    let square = root * root;
    let square_rest = root.mul_add(root, -square);
    let cube = square * root;
    let cube_rest = square.mul_add(root, -cube) + square_rest * root;
    root + ((x - cube) - cube_rest) / (3.0 * square)
}

// The formulas of the C library, which PostgreSQL calls; those of Rust lose digits of great numbers.

fn asinh(x: f64) -> f64 {
    let magnitude = x.abs();
    let result = if magnitude < 2_f64.powi(-28) || !magnitude.is_finite() {
        return x;
    } else if magnitude > 2_f64.powi(28) {
        magnitude.ln() + std::f64::consts::LN_2
    } else if magnitude > 2.0 {
        (2.0 * magnitude + 1.0 / ((x * x + 1.0).sqrt() + magnitude)).ln()
    } else {
        let square = x * x;
        (magnitude + square / (1.0 + (1.0 + square).sqrt())).ln_1p()
    };
    result.copysign(x)
}

fn acosh(x: f64) -> Result<f64> {
    if x < 1.0 {
        return Err(not_defined());
    }
    Ok(if x > 2_f64.powi(28) {
        x.ln() + std::f64::consts::LN_2
    } else if x > 2.0 {
        (2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt())).ln()
    } else {
        let above = x - 1.0;
        (above + (2.0 * above + above * above).sqrt()).ln_1p()
    })
}

fn atanh(x: f64) -> Result<f64> {
    let magnitude = x.abs();
    if magnitude > 1.0 {
        return Err(not_defined());
    }
    if magnitude == 1.0 {
        return Ok(f64::INFINITY.copysign(x));
    }
    if magnitude < 2_f64.powi(-28) {
        return Ok(x);
    }
    let twice = magnitude + magnitude;
    let result = if magnitude < 0.5 {
        0.5 * (twice + twice * magnitude / (1.0 - magnitude)).ln_1p()
    } else {
        0.5 * (twice / (1.0 - magnitude)).ln_1p()
    };
    Ok(result.copysign(x))
}

/// This number to the power of `exponent`, with the special cases of POSIX.
pub fn power(base: f64, exponent: f64) -> Result<f64> {
    let refused = |message: &str| Err(Error::new(ErrorCode::OutOfRange, message));
    if base == 0.0 && exponent < 0.0 {
        return refused("zero raised to a negative power is undefined");
    }
    if base < 0.0 && exponent.is_finite() && exponent.fract() != 0.0 {
        return refused("a negative number raised to a power that is no integer yields a complex result");
    }
    let result = base.powf(exponent);
    if base.is_finite() && exponent.is_finite() {
        if result.is_infinite() {
            return Err(overflow());
        }
        if result == 0.0 && base != 0.0 {
            return Err(underflow());
        }
    }
    Ok(result)
}

pub fn atan2(y: f64, x: f64) -> f64 {
    y.atan2(x)
}

pub fn atan2d(y: f64, x: f64) -> f64 {
    y.atan2(x) / ATAN_1 * 45.0
}

/// Sine and cosine of an angle in degrees are exact at the multiples of 30 and 60, because both are scaled there.
fn sind_first_quadrant(x: f64) -> f64 {
    if x <= 30.0 { sind_to_30(x) } else { cosd_to_60(90.0 - x) }
}

fn cosd_first_quadrant(x: f64) -> f64 {
    if x <= 60.0 { cosd_to_60(x) } else { sind_to_30(90.0 - x) }
}

fn sind_to_30(x: f64) -> f64 {
    (x * RADIANS_PER_DEGREE).sin() / (30.0 * RADIANS_PER_DEGREE).sin() / 2.0
}

fn cosd_to_60(x: f64) -> f64 {
    let one_minus = |x: f64| 1.0 - (x * RADIANS_PER_DEGREE).cos();
    1.0 - (one_minus(x) / one_minus(60.0)) / 2.0
}

/// The angle within the first quadrant, and the signs of its sine and cosine.
fn reduced(x: f64) -> Result<(f64, f64, f64)> {
    if x.is_infinite() {
        return Err(not_defined());
    }
    let mut angle = x % 360.0;
    let (mut sine, mut cosine) = (1.0, 1.0);
    if angle < 0.0 {
        angle = -angle;
        sine = -sine;
    }
    if angle > 180.0 {
        angle = 360.0 - angle;
        sine = -sine;
    }
    if angle > 90.0 {
        angle = 180.0 - angle;
        cosine = -cosine;
    }
    Ok((angle, sine, cosine))
}

fn sind(x: f64) -> Result<f64> {
    let (angle, sign, _) = reduced(x)?;
    Ok(sign * sind_first_quadrant(angle))
}

fn cosd(x: f64) -> Result<f64> {
    let (angle, _, sign) = reduced(x)?;
    Ok(sign * cosd_first_quadrant(angle))
}

/// Zero has no sign, as PostgreSQL shows it.
fn unsigned_zero(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x }
}

fn tand(x: f64) -> Result<f64> {
    let (angle, sine, cosine) = reduced(x)?;
    let tan45 = sind_first_quadrant(45.0) / cosd_first_quadrant(45.0);
    let tangent = sind_first_quadrant(angle) / cosd_first_quadrant(angle);
    Ok(unsigned_zero(sine * cosine * (tangent / tan45)))
}

fn cotd(x: f64) -> Result<f64> {
    let (angle, sine, cosine) = reduced(x)?;
    let cot45 = cosd_first_quadrant(45.0) / sind_first_quadrant(45.0);
    let cotangent = cosd_first_quadrant(angle) / sind_first_quadrant(angle);
    Ok(unsigned_zero(sine * cosine * (cotangent / cot45)))
}

fn asind_first_quadrant(x: f64) -> f64 {
    if x <= 0.5 { x.asin() / 0.5_f64.asin() * 30.0 } else { 90.0 - x.acos() / 0.5_f64.acos() * 60.0 }
}

fn acosd_first_quadrant(x: f64) -> f64 {
    if x <= 0.5 { 90.0 - x.asin() / 0.5_f64.asin() * 30.0 } else { x.acos() / 0.5_f64.acos() * 60.0 }
}

fn asind(x: f64) -> Result<f64> {
    of_unit(x, |x| if x >= 0.0 { asind_first_quadrant(x) } else { -asind_first_quadrant(-x) })
}

fn acosd(x: f64) -> Result<f64> {
    of_unit(x, |x| if x >= 0.0 { acosd_first_quadrant(x) } else { 90.0 + asind_first_quadrant(-x) })
}
