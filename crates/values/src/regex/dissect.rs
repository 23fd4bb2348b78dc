//! Divides a match among the parts of a pattern, so that each group gets its share.
//!
//! A part takes as much as it prefers, the earlier parts first. Source: `cdissect` in PostgreSQL's `regexec.c`.

use phantomdb_protocol::Result;

use super::{
    program::{Node, NodeKind},
    scan::Scan,
};
use crate::text::case::simple_lower;

/// Where a match or the match of a group begins and ends, in characters.
pub(super) type Span = (usize, usize);

pub(super) struct Dissection<'s, 'a> {
    pub(super) scan: &'s mut Scan<'a>,
    /// What the groups matched; the first one is the match itself.
    pub(super) spans: Vec<Option<Span>>,
    pub(super) ignores_case: bool,
}

impl Dissection<'_, '_> {
    /// Divides the match of a part. Returns false when that is not possible, which only back references cause.
    pub(super) fn divide(&mut self, node: &Node, begin: usize, end: usize) -> Result<bool> {
        let fits = match &node.kind {
            NodeKind::Whole => true,
            NodeKind::Wrapper(child) => self.divide(child, begin, end)?,
            NodeKind::Concatenation(left, right) => self.concatenation(left, right, begin, end)?,
            NodeKind::Alternatives(members) => self.alternatives(members, begin, end)?,
            NodeKind::Iteration { child, least, most } => {
                let bounds = Bounds::new(*least, *most, end - begin);
                if child.prefers_shorter {
                    self.shorter_iteration(child, bounds, begin, end)?
                } else {
                    self.longer_iteration(child, bounds, begin, end)?
                }
            }
            NodeKind::BackReference { group, least, most } => {
                self.back_reference(*group, *least, *most, begin, end)
            }
        };
        if !fits {
            // A back reference behind must not see what a failed attempt matched.
            self.forget(node);
        } else if node.group > 0 {
            self.spans[node.group] = Some((begin, end));
        }
        Ok(fits)
    }

    fn forget(&mut self, node: &Node) {
        let (first, behind_last) = node.groups;
        self.spans[first..behind_last].fill(None);
    }

    fn concatenation(&mut self, left: &Node, right: &Node, begin: usize, end: usize) -> Result<bool> {
        let mut middles = self.scan.ends(left.part, begin, end)?;
        if !left.prefers_shorter {
            middles.reverse();
        }
        for middle in middles {
            if self.scan.longest(right.part, middle, end)? == Some(end) && self.divide(left, begin, middle)? {
                if self.divide(right, middle, end)? {
                    return Ok(true);
                }
                self.forget(left);
            }
        }
        Ok(false)
    }

    fn alternatives(&mut self, members: &[Node], begin: usize, end: usize) -> Result<bool> {
        for member in members {
            if self.scan.longest(member.part, begin, end)? == Some(end) && self.divide(member, begin, end)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn back_reference(
        &self,
        group: usize,
        least: usize,
        most: Option<usize>,
        begin: usize,
        end: usize,
    ) -> bool {
        let Some((from, to)) = self.spans.get(group).copied().flatten() else { return false };
        if from == to {
            return begin == end;
        }
        if begin == end {
            return least == 0;
        }
        let (length, times) = (end - begin, (end - begin) / (to - from));
        let text = self.scan.text;
        let same = |a: char, b: char| a == b || (self.ignores_case && simple_lower(a) == simple_lower(b));
        length % (to - from) == 0
            && times >= least
            && most.is_none_or(|most| times <= most)
            && text[begin..end]
                .chunks(to - from)
                .all(|chunk| chunk.iter().zip(&text[from..to]).all(|(a, b)| same(*a, *b)))
    }

    /// Divides repetitions of which each takes as much as it can.
    fn longer_iteration(&mut self, child: &Node, bounds: Bounds, begin: usize, end: usize) -> Result<bool> {
        let mut ends = vec![begin];
        let (mut limit, mut verified) = (end, 0);
        while let Some(before) = ends.last().copied() {
            let number = ends.len();
            let found = self.scan.longest(child.part, before, limit)?;
            if let Some(at) = found {
                ends.push(at);
                verified = verified.min(number - 1);
                if at != end {
                    let is_idle = at == before && !bounds.needs_empty(number, end - at);
                    if number < bounds.most && !is_idle {
                        limit = end;
                        continue;
                    }
                    if number >= bounds.most {
                        ends.pop();
                    }
                } else if number >= bounds.least {
                    match self.verify(child, &ends, verified)? {
                        Ok(()) => return Ok(true),
                        Err(good) => {
                            verified = good;
                            ends.truncate(good + 2);
                        }
                    }
                }
            }
            // The last repetition that can take less does.
            limit = loop {
                let number = ends.len() - 1;
                let (Some(last), Some(before)) = (ends.pop(), ends.last().copied()) else {
                    // No repetition at all is the last resort.
                    return Ok(bounds.may_be_none && begin == end);
                };
                if last > before && (last - 1 > before || bounds.needs_empty(number, end - before)) {
                    break last - 1;
                }
            };
        }
        Ok(false)
    }

    /// Divides repetitions of which each takes as little as it can.
    fn shorter_iteration(&mut self, child: &Node, bounds: Bounds, begin: usize, end: usize) -> Result<bool> {
        if bounds.may_be_none && begin == end {
            return Ok(true);
        }
        let mut ends = vec![begin];
        let (mut least, mut verified) = (begin, 0);
        while let Some(before) = ends.last().copied() {
            let number = ends.len();
            if least == before && least != end && !bounds.needs_empty(number, end - least) {
                least += 1;
            }
            if number >= bounds.most {
                least = end;
            }
            let found = self.scan.shortest(child.part, before, least, end)?;
            if let Some(at) = found {
                ends.push(at);
                verified = verified.min(number - 1);
                if at != end {
                    least = at;
                    continue;
                }
                if number >= bounds.least {
                    match self.verify(child, &ends, verified)? {
                        Ok(()) => return Ok(true),
                        Err(good) => {
                            verified = good;
                            ends.truncate(good + 2);
                        }
                    }
                }
            }
            // The last repetition that can take more does.
            least = loop {
                let Some(last) = ends.pop().filter(|_| !ends.is_empty()) else { return Ok(false) };
                if last < end {
                    break last + 1;
                }
            };
        }
        Ok(false)
    }

    /// Divides each repetition. On failure it returns how many could be divided.
    fn verify(&mut self, child: &Node, ends: &[usize], verified: usize) -> Result<Result<(), usize>> {
        for number in verified + 1..ends.len() {
            self.forget(child);
            if !self.divide(child, ends[number - 1], ends[number])? {
                return Ok(Err(number - 1));
            }
        }
        Ok(Ok(()))
    }
}

/// How many repetitions there may be in a text of some length.
#[derive(Clone, Copy)]
struct Bounds {
    may_be_none: bool,
    least: usize,
    most: usize,
}

impl Bounds {
    fn new(least: usize, most: Option<usize>, length: usize) -> Self {
        let (may_be_none, least) = (least == 0, least.max(1));
        let most = most.map_or(length, |most| most.min(length)).max(least);
        Self { may_be_none, least, most }
    }

    /// Returns whether a repetition must be empty so that there are enough of them.
    const fn needs_empty(self, number: usize, remaining: usize) -> bool {
        number < self.least && self.least - number >= remaining
    }
}
