//! AND, OR and XOR of the bits of integers, and of booleans.

/// How many integers have each bit, so that one can leave a frame.
#[derive(Debug)]
pub struct Bits {
    count: u64,
    set: [u64; 64],
}

impl Default for Bits {
    fn default() -> Self {
        Self { count: 0, set: [0; 64] }
    }
}

/// How the bits are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    And,
    Or,
    Xor,
}

impl Bits {
    pub fn add(&mut self, integer: i64) {
        self.count += 1;
        self.each(integer, |set| *set += 1);
    }

    pub fn remove(&mut self, integer: i64) {
        self.count = self.count.saturating_sub(1);
        self.each(integer, |set| *set = set.saturating_sub(1));
    }

    fn each(&mut self, integer: i64, change: impl Fn(&mut u64)) {
        for (bit, set) in self.set.iter_mut().enumerate() {
            if integer >> bit & 1 == 1 {
                change(set);
            }
        }
    }

    /// The joined bits; none of nothing.
    pub fn join(&self, join: Join) -> Option<i64> {
        if self.count == 0 {
            return None;
        }
        let is_set = |set: u64| match join {
            Join::And => set == self.count,
            Join::Or => set > 0,
            Join::Xor => set % 2 == 1,
        };
        let bits = self.set.iter().enumerate().filter(|(_, set)| is_set(**set));
        Some(bits.fold(0_u64, |joined, (bit, _)| joined | 1 << bit).cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_can_leave() {
        let mut bits = Bits::default();
        assert_eq!(bits.join(Join::And), None);
        for integer in [-1, 6, 12] {
            bits.add(integer);
        }
        assert_eq!(bits.join(Join::And), Some(4));
        assert_eq!(bits.join(Join::Or), Some(-1));
        bits.remove(-1);
        assert_eq!(bits.join(Join::Or), Some(14));
        assert_eq!(bits.join(Join::Xor), Some(10));
    }
}
