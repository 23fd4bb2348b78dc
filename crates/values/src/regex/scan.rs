//! Runs parts of a program. Each character is read once, whatever the pattern.

use phantomdb_protocol::Result;

use super::{
    error::too_long,
    program::{Condition, Instruction, Part, Program},
};
use crate::text::property::WORD;

/// The most instructions that one match may run. It is some seconds' work.
const MOST_STEPS: u64 = 200_000_000;

/// A text that is searched, with what was found out about it.
pub(super) struct Scan<'a> {
    program: &'a Program,
    pub(super) text: &'a [char],
    steps: u64,
    /// For each lookaround, what is known of each position.
    looks: Vec<Vec<Option<bool>>>,
    spare: Vec<Threads>,
}

/// The instructions that are reached, in order, each with where its match began.
#[derive(Default)]
struct Threads {
    order: Vec<(usize, usize)>,
    /// For each instruction its place in `order`, when that is right.
    places: Vec<usize>,
    stack: Vec<usize>,
    /// Where the match that came to its end began.
    exited: Option<usize>,
}

impl Threads {
    fn reset(&mut self, instructions: usize) {
        self.places.resize(instructions, 0);
        self.order.clear();
        self.exited = None;
    }

    /// Returns whether the instruction was not there before.
    fn insert(&mut self, instruction: usize, start: usize) -> bool {
        let place = self.places[instruction];
        if self.order.get(place).is_some_and(|(there, _)| *there == instruction) {
            return false;
        }
        self.places[instruction] = self.order.len();
        self.order.push((instruction, start));
        true
    }
}

/// Which ends of a match are asked for.
enum Ends<'e> {
    Longest,
    /// The first one at or behind that position.
    Shortest(usize),
    All(&'e mut Vec<usize>),
}

impl<'a> Scan<'a> {
    pub(super) fn new(program: &'a Program, text: &'a [char]) -> Self {
        let looks = vec![Vec::new(); program.looks.len()];
        Self { program, text, steps: 0, looks, spare: Vec::new() }
    }

    /// Where the longest match of a part ends that begins there and ends at `limit` at the latest.
    pub(super) fn longest(&mut self, part: Part, begin: usize, limit: usize) -> Result<Option<usize>> {
        self.run(part, begin, limit, Ends::Longest)
    }

    /// Where the shortest match of a part ends that begins there, and ends between `least` and `limit`.
    pub(super) fn shortest(
        &mut self,
        part: Part,
        begin: usize,
        least: usize,
        limit: usize,
    ) -> Result<Option<usize>> {
        self.run(part, begin, limit, Ends::Shortest(least))
    }

    /// Where matches of a part end that begin there and end at `limit` at the latest, in order.
    pub(super) fn ends(&mut self, part: Part, begin: usize, limit: usize) -> Result<Vec<usize>> {
        let mut ends = Vec::new();
        self.run(part, begin, limit, Ends::All(&mut ends))?;
        Ok(ends)
    }

    fn run(&mut self, part: Part, begin: usize, limit: usize, mut ends: Ends<'_>) -> Result<Option<usize>> {
        let (mut current, mut next) = (self.threads(), self.threads());
        let mut found = None;
        let mut at = begin;
        self.follow(part, part.entry, begin, at, &mut current)?;
        loop {
            if current.exited.is_some() {
                match &mut ends {
                    Ends::Longest => found = Some(at),
                    Ends::Shortest(least) if at >= *least => {
                        found = Some(at);
                        break;
                    }
                    Ends::Shortest(_) => {}
                    Ends::All(ends) => ends.push(at),
                }
            }
            if at >= limit || current.order.is_empty() {
                break;
            }
            self.step(part, &current, at, None, &mut next)?;
            std::mem::swap(&mut current, &mut next);
            at += 1;
        }
        self.spare.extend([current, next]);
        Ok(found)
    }

    /// The first match of a part at or behind that position, and of these the longest or shortest: its beginning and end.
    pub(super) fn find(&mut self, part: Part, from: usize, shorter: bool) -> Result<Option<(usize, usize)>> {
        let (mut current, mut next) = (self.threads(), self.threads());
        let mut found: Option<(usize, usize)> = None;
        for at in from..=self.text.len() {
            if found.is_none() {
                self.follow(part, part.entry, at, at, &mut current)?;
            }
            if let Some(start) = current.exited {
                found = match found {
                    Some((best, end)) if best < start || (best == start && shorter) => Some((best, end)),
                    _ => Some((start, at)),
                };
            }
            // A match that begins later does not count any more; nor does a longer one when the shortest is asked for.
            let latest = found.map(|(start, _)| if shorter { start.checked_sub(1) } else { Some(start) });
            if latest == Some(None) || at == self.text.len() || (found.is_some() && current.order.is_empty())
            {
                break;
            }
            self.step(part, &current, at, latest.flatten(), &mut next)?;
            std::mem::swap(&mut current, &mut next);
        }
        self.spare.extend([current, next]);
        Ok(found)
    }

    /// Where the first match to end does so, of those that begin at or behind a position, and the first position at which
    /// one may begin that has not ended before.
    pub(super) fn first_end(&mut self, part: Part, from: usize) -> Result<Option<(usize, usize)>> {
        let (mut current, mut next) = (self.threads(), self.threads());
        let mut found = None;
        for at in from..=self.text.len() {
            self.follow(part, part.entry, at, at, &mut current)?;
            if current.exited.is_some() {
                found = Some((current.order.first().map_or(at, |(_, start)| *start), at));
                break;
            }
            self.step(part, &current, at, None, &mut next)?;
            std::mem::swap(&mut current, &mut next);
        }
        self.spare.extend([current, next]);
        Ok(found)
    }

    fn threads(&mut self) -> Threads {
        let mut threads = self.spare.pop().unwrap_or_default();
        threads.reset(self.program.instructions.len());
        threads
    }

    /// Reads the character at a position. Matches that began behind `latest` are dropped.
    fn step(
        &mut self,
        part: Part,
        current: &Threads,
        at: usize,
        latest: Option<usize>,
        next: &mut Threads,
    ) -> Result<()> {
        next.reset(self.program.instructions.len());
        let Some(c) = self.text.get(at).copied() else { return Ok(()) };
        self.steps += current.order.len() as u64;
        for (instruction, start) in &current.order {
            if latest.is_some_and(|latest| *start > latest) {
                break;
            }
            if let Some(Instruction::Set(set)) = self.program.instructions.get(*instruction)
                && set.contains(c)
            {
                self.follow(part, instruction + 1, *start, at + 1, next)?;
            }
        }
        Ok(())
    }

    /// Adds an instruction, and all that are reached from it without reading a character.
    fn follow(
        &mut self,
        part: Part,
        instruction: usize,
        start: usize,
        at: usize,
        threads: &mut Threads,
    ) -> Result<()> {
        let mut stack = std::mem::take(&mut threads.stack);
        stack.push(instruction);
        while let Some(instruction) = stack.pop() {
            if !threads.insert(instruction, start) {
                continue;
            }
            self.steps += 1;
            if instruction == part.exit {
                threads.exited.get_or_insert(start);
                continue;
            }
            match self.program.instructions.get(instruction) {
                Some(Instruction::Split(first, second)) => stack.extend([*second, *first]),
                Some(Instruction::Jump(target)) => stack.push(*target),
                Some(Instruction::Exit) => stack.push(instruction + 1),
                Some(Instruction::Assert(condition)) => {
                    if self.holds(*condition, at)? {
                        stack.push(instruction + 1);
                    }
                }
                Some(Instruction::Set(_)) | None => {}
            }
        }
        threads.stack = stack;
        if self.steps > MOST_STEPS { Err(too_long()) } else { Ok(()) }
    }

    fn holds(&mut self, condition: Condition, at: usize) -> Result<bool> {
        let is_newline = |index: Option<usize>| index.and_then(|index| self.text.get(index)) == Some(&'\n');
        let is_word = |index: Option<usize>| {
            index.and_then(|index| self.text.get(index)).is_some_and(|c| WORD.contains(*c))
        };
        let before = at.checked_sub(1);
        Ok(match condition {
            Condition::TextStart => at == 0,
            Condition::TextEnd => at == self.text.len(),
            Condition::LineStart => at == 0 || is_newline(before),
            Condition::LineEnd => at == self.text.len() || is_newline(Some(at)),
            Condition::WordStart => !is_word(before) && is_word(Some(at)),
            Condition::WordEnd => is_word(before) && !is_word(Some(at)),
            Condition::WordBoundary => is_word(before) != is_word(Some(at)),
            Condition::NoWordBoundary => is_word(before) == is_word(Some(at)),
            Condition::Look(index) => self.look(index, at)?,
        })
    }

    fn look(&mut self, index: usize, at: usize) -> Result<bool> {
        let Some(look) = self.program.looks.get(index).copied() else { return Ok(false) };
        let known = |looks: &[Vec<Option<bool>>]| looks.get(index)?.get(at).copied().flatten();
        if let Some(found) = known(&self.looks) {
            return Ok(found != look.negated);
        }
        if look.behind {
            let found = self.all_behind(look.part)?;
            self.looks[index] = found;
            return Ok(known(&self.looks).unwrap_or(false) != look.negated);
        }
        let found = self.shortest(look.part, at, at, self.text.len())?.is_some();
        let positions = &mut self.looks[index];
        positions.resize(self.text.len() + 1, None);
        positions[at] = Some(found);
        Ok(found != look.negated)
    }

    /// For each position, whether a match of the part ends there, wherever it began.
    fn all_behind(&mut self, part: Part) -> Result<Vec<Option<bool>>> {
        let (mut current, mut next) = (self.threads(), self.threads());
        let mut found = Vec::with_capacity(self.text.len() + 1);
        for at in 0..=self.text.len() {
            self.follow(part, part.entry, at, at, &mut current)?;
            found.push(Some(current.exited.is_some()));
            self.step(part, &current, at, None, &mut next)?;
            std::mem::swap(&mut current, &mut next);
        }
        self.spare.extend([current, next]);
        Ok(found)
    }
}
