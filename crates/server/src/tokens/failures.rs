//! Slows down callers who show wrong tokens, by their address.
//!
//! A right token is never kept waiting: behind one address can be many callers. What keeps a token from being found by trying
//! is its length.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// Wrong tokens that are answered at once: people mistype.
const FREE: u32 = 3;
/// Wrong tokens that are answered, each later than the one before.
const DELAYED: u32 = 10;
const DELAY: Duration = Duration::from_millis(50);
const DELAY_MAX: Duration = Duration::from_secs(2);
/// How long no wrong token of an address is answered any more, at most.
const BLOCK_MAX: Duration = Duration::from_secs(60);
/// An address is forgotten after this long without a wrong token.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);
/// The most addresses that are remembered.
const ADDRESSES_MAX: usize = 10_000;

/// The answer to a wrong token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Refused, after this delay. It was the wrong token of this number.
    Delayed { delay: Duration, count: u32 },
    /// Too many: the caller is to come back after this long.
    Blocked(Duration),
}

#[derive(Debug)]
struct Record {
    count: u32,
    last: Instant,
    blocked_until: Instant,
}

/// The wrong tokens of each address.
#[derive(Debug, Default)]
pub struct Failures(Mutex<HashMap<IpAddr, Record>>);

impl Failures {
    /// Records a wrong token.
    pub fn record(&self, address: IpAddr, now: Instant) -> Failure {
        let mut records = self.0.lock();
        let is_old = |record: &Record| now.duration_since(record.last) >= FORGOTTEN_AFTER;
        if records.len() >= ADDRESSES_MAX {
            records.retain(|_, record| !is_old(record));
        }
        if records.len() >= ADDRESSES_MAX {
            records.clear();
        }
        let fresh = || Record { count: 0, last: now, blocked_until: now };
        let record = records.entry(network(address)).or_insert_with(fresh);
        if is_old(record) {
            *record = fresh();
        }
        if now < record.blocked_until {
            return Failure::Blocked(record.blocked_until - now);
        }
        (record.count, record.last) = (record.count.saturating_add(1), now);
        let doublings = record.count.saturating_sub(FREE + 1).min(16);
        let delay =
            if record.count <= FREE { Duration::ZERO } else { DELAY_MAX.min(DELAY * (1 << doublings)) };
        if record.count >= DELAYED {
            let doublings = (record.count - DELAYED).min(16);
            // The block begins when the caller has the answer.
            record.blocked_until = now + delay + BLOCK_MAX.min(Duration::from_secs(1 << doublings));
        }
        Failure::Delayed { delay, count: record.count }
    }
}

/// The network of one customer: who has an address of IPv6 has many.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_wrong_token_takes_longer_until_none_is_answered_for_a_while() {
        let (failures, mut now) = (Failures::default(), Instant::now());
        let one = address("192.0.2.1");
        let mut delays = Vec::new();
        for _ in 0..DELAYED {
            match failures.record(one, now) {
                Failure::Delayed { delay, .. } => delays.push(delay.as_millis()),
                blocked => panic!("{blocked:?}"),
            }
        }
        assert_eq!(delays, [0, 0, 0, 50, 100, 200, 400, 800, 1600, 2000]);
        assert_eq!(failures.record(one, now), Failure::Blocked(Duration::from_secs(3)));
        // Others are not kept waiting.
        assert_eq!(
            failures.record(address("192.0.2.2"), now),
            Failure::Delayed { delay: Duration::ZERO, count: 1 }
        );
        now += Duration::from_secs(3);
        assert!(matches!(failures.record(one, now), Failure::Delayed { count: 11, .. }));
        assert_eq!(failures.record(one, now), Failure::Blocked(Duration::from_secs(4)));
        now += FORGOTTEN_AFTER;
        assert!(matches!(failures.record(one, now), Failure::Delayed { count: 1, .. }));
    }

    #[test]
    fn the_addresses_of_one_network_of_ipv6_are_one() {
        let (failures, now) = (Failures::default(), Instant::now());
        failures.record(address("2001:db8::1"), now);
        assert!(matches!(
            failures.record(address("2001:db8::ffff:2"), now),
            Failure::Delayed { count: 2, .. }
        ));
        assert!(matches!(
            failures.record(address("2001:db8:0:1::1"), now),
            Failure::Delayed { count: 1, .. }
        ));
    }
}
