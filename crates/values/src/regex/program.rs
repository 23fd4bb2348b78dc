//! One automaton for a pattern and all of its parts.
//!
//! A part is a stretch of instructions with one entry and one exit, so each part can be run alone.

use std::rc::Rc;

use phantomdb_protocol::Result;

use super::{
    error::too_complex,
    plan::{Plan, PlanKind, groups},
    syntax::{Assertion, Ast, Branch, Piece},
};
use crate::text::property::CharacterSet;

/// The most instructions of a program.
const MOST_INSTRUCTIONS: usize = 30_000;
/// The most parts that are compiled, many of which may have no instruction: `((){255}){255}`.
const MOST_PARTS: usize = 100_000;

#[derive(Debug)]
pub(super) enum Instruction {
    /// Takes one character, and goes on with the next instruction.
    Set(Rc<CharacterSet>),
    /// Goes on where a condition holds.
    Assert(Condition),
    Split(usize, usize),
    Jump(usize),
    /// The exit of a part.
    Exit,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Condition {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    WordStart,
    WordEnd,
    WordBoundary,
    NoWordBoundary,
    /// Lookaround, by its index.
    Look(usize),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) part: Part,
    pub(super) behind: bool,
    pub(super) negated: bool,
}

/// The entry and the exit of a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) entry: usize,
    pub(super) exit: usize,
}

/// A part that is divided further, or not.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) part: Part,
    pub(super) group: usize,
    /// The groups within: the first one, and the one behind the last.
    pub(super) groups: (usize, usize),
    pub(super) prefers_shorter: bool,
    pub(super) kind: NodeKind,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Whole,
    Concatenation(Box<Node>, Box<Node>),
    Alternatives(Vec<Node>),
    Wrapper(Box<Node>),
    Iteration { child: Box<Node>, least: usize, most: Option<usize> },
    BackReference { group: usize, least: usize, most: Option<usize> },
}

#[derive(Debug)]
pub(super) struct Program {
    pub(super) instructions: Vec<Instruction>,
    pub(super) looks: Vec<Look>,
    pub(super) root: Node,
}

pub(super) fn compile(plan: &Plan) -> Result<Program> {
    let mut compiler =
        Compiler { instructions: Vec::new(), looks: Vec::new(), parts: 0, in_back_reference: 0 };
    let root = compiler.node(plan)?;
    Ok(Program { instructions: compiler.instructions, looks: compiler.looks, root })
}

struct Compiler {
    instructions: Vec<Instruction>,
    looks: Vec<Look>,
    parts: usize,
    /// What a back reference may match stands elsewhere in the text, so the conditions of its group do not count there.
    in_back_reference: usize,
}

impl Compiler {
    fn push(&mut self, instruction: Instruction) -> Result<usize> {
        let at = self.instructions.len();
        if at >= MOST_INSTRUCTIONS {
            return Err(too_complex());
        }
        self.instructions.push(instruction);
        Ok(at)
    }

    /// Makes an instruction that was pushed before its target was known go to the next one.
    fn land(&mut self, at: usize) {
        let here = self.instructions.len();
        match self.instructions.get_mut(at) {
            Some(Instruction::Split(_, second)) => *second = here,
            Some(Instruction::Jump(target)) => *target = here,
            _ => {}
        }
    }

    fn split(&mut self) -> Result<usize> {
        let next = self.instructions.len() + 1;
        self.push(Instruction::Split(next, next))
    }

    fn node(&mut self, plan: &Plan) -> Result<Node> {
        let entry = self.instructions.len();
        let (kind, exit) = match &plan.kind {
            PlanKind::Whole(pieces) => {
                self.pieces(pieces)?;
                (NodeKind::Whole, self.push(Instruction::Exit)?)
            }
            PlanKind::BackReference { group, pieces, least, most } => {
                self.pieces(pieces)?;
                let (least, most) = (*least as usize, most.map(|most| most as usize));
                (NodeKind::BackReference { group: *group, least, most }, self.push(Instruction::Exit)?)
            }
            PlanKind::Concatenation(left, right) => {
                let (left, right) = (self.node(left)?, self.node(right)?);
                let exit = right.part.exit;
                (NodeKind::Concatenation(Box::new(left), Box::new(right)), exit)
            }
            PlanKind::Wrapper(child) => {
                let child = self.node(child)?;
                let exit = child.part.exit;
                (NodeKind::Wrapper(Box::new(child)), exit)
            }
            PlanKind::Alternatives(members) => self.alternatives(members)?,
            PlanKind::Iteration { child, pieces, least, most } => {
                self.pieces(pieces)?;
                // The part of one repetition stands aside: it runs only when the match is divided.
                let around = self.push(Instruction::Jump(0))?;
                let child = Box::new(self.node(child)?);
                self.land(around);
                let (least, most) = (*least as usize, most.map(|most| most as usize));
                (NodeKind::Iteration { child, least, most }, self.push(Instruction::Exit)?)
            }
        };
        Ok(Node {
            part: Part { entry, exit },
            group: plan.group,
            groups: groups(plan),
            prefers_shorter: plan.flags.prefers_shorter(),
            kind,
        })
    }

    fn alternatives(&mut self, members: &[Plan]) -> Result<(NodeKind, usize)> {
        let mut nodes = Vec::with_capacity(members.len());
        let mut jumps = Vec::new();
        for (index, member) in members.iter().enumerate() {
            let is_last = index + 1 == members.len();
            let split = if is_last { None } else { Some(self.split()?) };
            nodes.push(self.node(member)?);
            if let Some(split) = split {
                jumps.push(self.push(Instruction::Jump(0))?);
                self.land(split);
            }
        }
        jumps.into_iter().for_each(|jump| self.land(jump));
        Ok((NodeKind::Alternatives(nodes), self.push(Instruction::Exit)?))
    }

    fn pieces(&mut self, pieces: &Branch) -> Result<()> {
        pieces.iter().try_for_each(|piece| self.piece(piece))
    }

    fn piece(&mut self, piece: &Piece) -> Result<()> {
        for _ in 0..piece.quantifier.least {
            self.atom(&piece.atom)?;
        }
        match piece.quantifier.most {
            None => {
                let split = self.split()?;
                self.atom(&piece.atom)?;
                self.push(Instruction::Jump(split))?;
                self.land(split);
            }
            Some(most) => {
                let mut splits = Vec::new();
                for _ in piece.quantifier.least..most {
                    splits.push(self.split()?);
                    self.atom(&piece.atom)?;
                }
                splits.into_iter().for_each(|split| self.land(split));
            }
        }
        Ok(())
    }

    fn atom(&mut self, atom: &Ast) -> Result<()> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(too_complex());
        }
        match atom {
            Ast::Set(set) => self.push(Instruction::Set(Rc::clone(set))).map(drop),
            Ast::Assert(_) if self.in_back_reference > 0 => Ok(()),
            Ast::Assert(assertion) => self.assertion(assertion),
            Ast::Group { number: _, inner } => self.atom(inner),
            Ast::BackReference { group: _, language } => {
                self.in_back_reference += 1;
                let done = self.atom(language);
                self.in_back_reference -= 1;
                done
            }
            Ast::Branches(branches) => {
                let mut jumps = Vec::new();
                for (index, pieces) in branches.iter().enumerate() {
                    if index + 1 == branches.len() {
                        self.pieces(pieces)?;
                    } else {
                        let split = self.split()?;
                        self.pieces(pieces)?;
                        jumps.push(self.push(Instruction::Jump(0))?);
                        self.land(split);
                    }
                }
                jumps.into_iter().for_each(|jump| self.land(jump));
                Ok(())
            }
        }
    }

    fn assertion(&mut self, assertion: &Assertion) -> Result<()> {
        let condition = match assertion {
            Assertion::TextStart => Condition::TextStart,
            Assertion::TextEnd => Condition::TextEnd,
            Assertion::LineStart => Condition::LineStart,
            Assertion::LineEnd => Condition::LineEnd,
            Assertion::WordStart => Condition::WordStart,
            Assertion::WordEnd => Condition::WordEnd,
            Assertion::WordBoundary => Condition::WordBoundary,
            Assertion::NoWordBoundary => Condition::NoWordBoundary,
            Assertion::Look { behind, negated, inner } => {
                let around = self.push(Instruction::Jump(0))?;
                let entry = self.instructions.len();
                self.atom(inner)?;
                let exit = self.push(Instruction::Exit)?;
                self.land(around);
                let part = Part { entry, exit };
                self.looks.push(Look { part, behind: *behind, negated: *negated });
                Condition::Look(self.looks.len() - 1)
            }
        };
        self.push(Instruction::Assert(condition)).map(drop)
    }
}
