//! The bytes of bodies and results that are in memory at the same time.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use phantomdb_protocol::Result;

use crate::limits::{BYTES_IN_FLIGHT_MAX, RESULT_BYTES_MAX, RESULT_ROWS_MAX};

/// The bytes that requests have in memory, of a number that they may have together.
#[derive(Debug)]
pub struct BytesInFlight {
    used: AtomicUsize,
    max: usize,
}

impl BytesInFlight {
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), max })
    }

    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Counts bytes that are there already, whether they fit or not.
    pub fn hold(self: &Arc<Self>, bytes: usize) -> Reservation {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        Reservation { of: Arc::clone(self), bytes }
    }
}

/// Bytes that are counted until this is dropped.
#[derive(Debug)]
pub struct Reservation {
    of: Arc<BytesInFlight>,
    bytes: usize,
}

impl Reservation {
    /// Counts more bytes. Fails with `UNAVAILABLE`, and counts none, when they do not fit.
    pub fn grow(&mut self, bytes: usize) -> Result<()> {
        let before = self.of.used.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.of.max {
            self.of.used.fetch_sub(bytes, Ordering::Relaxed);
            return Err(BYTES_IN_FLIGHT_MAX
                .exceeded("the server has too many bytes of requests and results in memory"));
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Counts this many bytes in all, as [`Self::grow`] does.
    pub fn grow_to(&mut self, bytes: usize) -> Result<()> {
        match bytes.checked_sub(self.bytes) {
            None | Some(0) => Ok(()),
            Some(more) => self.grow(more),
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.of.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// How large one result may be. The default is no limit.
#[derive(Debug, Clone, Default)]
pub struct ResultLimits {
    pub rows: Option<u64>,
    /// As JSON.
    pub bytes: Option<usize>,
    /// The bytes of all results.
    pub in_flight: Option<Arc<BytesInFlight>>,
}

impl ResultLimits {
    /// True when a result may be of any size.
    pub fn are_none(&self) -> bool {
        self.rows.is_none() && self.bytes.is_none() && self.in_flight.is_none()
    }

    /// Fails as a result of this many rows and bytes does.
    pub fn check(&self, rows: u64, bytes: usize) -> Result<()> {
        ResultMeter::new(self).check(rows, bytes)
    }
}

/// Watches the size of a result that grows.
#[derive(Debug)]
pub(crate) struct ResultMeter {
    rows_max: u64,
    bytes_max: usize,
    /// The number of bytes at which to look again.
    next: usize,
    reservation: Option<Reservation>,
}

impl ResultMeter {
    /// The bytes that are reserved at a time.
    const STEP: usize = 256 << 10;

    pub(crate) fn new(limits: &ResultLimits) -> Self {
        let bytes_max = limits.bytes.unwrap_or(usize::MAX);
        let reservation = limits.in_flight.as_ref().map(|all| all.hold(0));
        let next = if reservation.is_some() { Self::STEP.min(bytes_max) } else { bytes_max };
        Self { rows_max: limits.rows.unwrap_or(u64::MAX), bytes_max, next, reservation }
    }

    /// Fails with `TOO_LARGE` when the result has become too large, and with `UNAVAILABLE` when all results have.
    pub(crate) fn check(&mut self, rows: u64, bytes: usize) -> Result<()> {
        if rows > self.rows_max {
            return Err(RESULT_ROWS_MAX.exceeded(&format!("the result has more than {} rows", self.rows_max)));
        }
        if bytes <= self.next {
            return Ok(());
        }
        if bytes > self.bytes_max {
            return Err(
                RESULT_BYTES_MAX.exceeded(&format!("the result has more than {} bytes", self.bytes_max))
            );
        }
        if let Some(reservation) = &mut self.reservation {
            reservation.grow_to(bytes.saturating_add(Self::STEP))?;
            self.next = (bytes + Self::STEP).min(self.bytes_max);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use phantomdb_protocol::ErrorCode;

    use super::*;

    #[test]
    fn bytes_are_counted_while_they_are_held() {
        let all = BytesInFlight::new(100);
        let mut first = all.hold(60);
        assert_eq!(first.grow(50).unwrap_err().code, ErrorCode::Unavailable);
        first.grow(40).unwrap();
        assert_eq!(all.used(), 100);
        drop(first);
        assert_eq!(all.used(), 0);
    }

    #[test]
    fn a_result_is_as_large_as_its_limits_say() {
        let limits = ResultLimits { rows: Some(2), bytes: Some(10), in_flight: None };
        let mut meter = ResultMeter::new(&limits);
        meter.check(2, 10).unwrap();
        assert!(meter.check(3, 10).unwrap_err().message.contains("--result-rows-max"));
        assert!(meter.check(2, 11).unwrap_err().message.contains("--result-bytes-max"));
        ResultMeter::new(&ResultLimits::default()).check(u64::MAX, usize::MAX).unwrap();
    }

    #[test]
    fn results_share_the_bytes_of_all() {
        let all = BytesInFlight::new(1 << 20);
        let limits = ResultLimits { in_flight: Some(Arc::clone(&all)), ..ResultLimits::default() };
        let (mut first, mut second) = (ResultMeter::new(&limits), ResultMeter::new(&limits));
        first.check(1, 600 << 10).unwrap();
        assert_eq!(second.check(1, 600 << 10).unwrap_err().code, ErrorCode::Unavailable);
        drop(first);
        second.check(1, 600 << 10).unwrap();
        drop(second);
        assert_eq!(all.used(), 0);
    }
}
