//! Decides which parts of a pattern must be told apart, and what each of them prefers.
//!
//! A part without groups and with one preference is matched as a whole. The division is that of PostgreSQL (`parsebranch` and
//! `parseqatom` of its `regcomp.c`), because it decides what the groups match.

use super::syntax::{Ast, Branch, Piece, Preference, Quantifier};

/// What is known of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags {
    longer: bool,
    shorter: bool,
    /// Parts of it prefer different things.
    mixed: bool,
    captures: bool,
    refers_back: bool,
}

/// A part that is matched as a whole, or that is divided.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) flags: Flags,
    /// The number of the group that it is; 0 for none.
    pub(super) group: usize,
    pub(super) kind: PlanKind,
}

#[derive(Debug)]
pub(super) enum PlanKind {
    Whole(Branch),
    Concatenation(Box<Plan>, Box<Plan>),
    Alternatives(Vec<Plan>),
    /// A group around a group.
    Wrapper(Box<Plan>),
    Iteration {
        child: Box<Plan>,
        pieces: Branch,
        least: u32,
        most: Option<u32>,
    },
    BackReference {
        group: usize,
        pieces: Branch,
        least: u32,
        most: Option<u32>,
    },
}

impl Flags {
    pub(super) const fn prefers_shorter(self) -> bool {
        self.shorter
    }

    /// Returns whether the parts within must be told apart.
    const fn is_messy(self) -> bool {
        self.mixed || self.captures || self.refers_back
    }

    const fn or(self, other: Self) -> Self {
        Self {
            longer: self.longer || other.longer,
            shorter: self.shorter || other.shorter,
            mixed: self.mixed || other.mixed,
            captures: self.captures || other.captures,
            refers_back: self.refers_back || other.refers_back,
        }
    }

    /// What a part hands on to the one around it.
    const fn up(self) -> Self {
        Self { longer: false, shorter: false, mixed: self.mixed || (self.longer && self.shorter), ..self }
    }

    /// The flags of two parts in a row: the first one that prefers something decides.
    const fn combine(self, other: Self) -> Self {
        let first = if self.longer || self.shorter { self } else { other };
        Self { longer: first.longer, shorter: first.shorter, ..self.or(other).up() }
    }

    const fn preferring(preference: Preference) -> Self {
        let (longer, shorter) = match preference {
            Preference::None => (false, false),
            Preference::Longer => (true, false),
            Preference::Shorter => (false, true),
        };
        Self { longer, shorter, mixed: false, captures: false, refers_back: false }
    }

    const fn preference(self) -> Self {
        Self { longer: self.longer, shorter: self.shorter, mixed: false, captures: false, refers_back: false }
    }
}

pub(super) fn plan(ast: &Ast) -> Plan {
    match ast {
        Ast::Branches(branches) => match branches.as_slice() {
            [only] => branch(only),
            _ => alternatives(ast, branches.iter().map(|pieces| branch(pieces)).collect()),
        },
        Ast::Group { number: 0, inner } => plan(inner),
        Ast::Group { number, inner } => group(*number, plan(inner)),
        Ast::Set(_) | Ast::Assert(_) | Ast::BackReference { .. } => {
            whole(vec![Piece { atom: ast.clone(), quantifier: Quantifier::ONCE }], Flags::default())
        }
    }
}

fn whole(pieces: Branch, flags: Flags) -> Plan {
    Plan { flags, group: 0, kind: PlanKind::Whole(pieces) }
}

fn alternatives(ast: &Ast, members: Vec<Plan>) -> Plan {
    let start = Flags::preferring(Preference::Longer);
    let flags = members.iter().fold(start, |flags, member| flags.or(flags.or(member.flags).up()));
    if flags.is_messy() {
        return Plan { flags, group: 0, kind: PlanKind::Alternatives(members) };
    }
    whole(vec![Piece { atom: ast.clone(), quantifier: Quantifier::ONCE }], flags)
}

fn group(number: usize, inner: Plan) -> Plan {
    let flags = Flags { captures: true, ..inner.flags };
    if inner.group == 0 {
        return Plan { flags, group: number, ..inner };
    }
    Plan { flags, group: number, kind: PlanKind::Wrapper(Box::new(inner)) }
}

fn branch(pieces: &[Piece]) -> Plan {
    let mut flags = Flags::default();
    for (index, piece) in pieces.iter().enumerate() {
        let Quantifier { least, most, preference } = piece.quantifier;
        if most == Some(0) {
            continue;
        }
        let preferred = Flags::preferring(preference);
        let atom = match &piece.atom {
            Ast::Group { .. } => Some(plan(&piece.atom)),
            _ => None,
        };
        let of_atom = atom.as_ref().map_or_else(Flags::default, |atom| atom.flags);
        let merged = flags.or(preferred).or(of_atom);
        let is_back_reference = matches!(piece.atom, Ast::BackReference { .. });
        if !is_back_reference && !merged.up().is_messy() {
            flags = merged;
            continue;
        }
        let item = match &piece.atom {
            Ast::BackReference { group, .. } => Plan {
                flags: Flags { refers_back: true, ..preferred },
                group: 0,
                kind: PlanKind::BackReference { group: *group, pieces: vec![piece.clone()], least, most },
            },
            _ => quantified(piece, atom.unwrap_or_else(|| whole(once(piece), Flags::default())), preferred),
        };
        let rest = &pieces[index + 1..];
        let item = if rest.is_empty() { item } else { concatenation(item, branch(rest)) };
        return if index == 0 { item } else { concatenation(whole(pieces[..index].to_vec(), flags), item) };
    }
    whole(pieces.to_vec(), flags)
}

fn once(piece: &Piece) -> Branch {
    vec![Piece { atom: piece.atom.clone(), quantifier: Quantifier::ONCE }]
}

fn concatenation(left: Plan, right: Plan) -> Plan {
    let flags = left.flags.combine(right.flags);
    Plan { flags, group: 0, kind: PlanKind::Concatenation(Box::new(left), Box::new(right)) }
}

/// An atom whose parts must be told apart, with its quantifier.
fn quantified(piece: &Piece, atom: Plan, preferred: Flags) -> Plan {
    let Quantifier { least, most, preference } = piece.quantifier;
    let flags = preferred.combine(atom.flags);
    let own = Flags { captures: false, refers_back: false, ..atom.flags };
    let is_once = least == 1 && most == Some(1);
    if is_once && (preference == Preference::None || own == Flags::default() || own == preferred) {
        return Plan { flags, ..atom };
    }
    if !atom.flags.captures && !atom.flags.refers_back {
        return whole(vec![piece.clone()], flags);
    }
    if least > 0 && !atom.flags.refers_back {
        // Only the last repetition captures, so the ones before it are a whole.
        let before = Quantifier { least: least - 1, most: most.map(|most| most - 1), preference };
        let before = vec![Piece { atom: piece.atom.clone(), quantifier: before }];
        let before = whole(before, flags.preference());
        let kind = PlanKind::Concatenation(Box::new(before), Box::new(atom));
        return Plan { flags, group: 0, kind };
    }
    let kind = PlanKind::Iteration { child: Box::new(atom), pieces: vec![piece.clone()], least, most };
    Plan { flags, group: 0, kind }
}

/// The groups within a part, which are numbered in a row: the first one, and the one behind the last.
pub(super) fn groups(plan: &Plan) -> (usize, usize) {
    let union = |a: (usize, usize), b: (usize, usize)| match (a, b) {
        ((0, 0), other) | (other, (0, 0)) => other,
        (a, b) => (a.0.min(b.0), a.1.max(b.1)),
    };
    let own = if plan.group == 0 { (0, 0) } else { (plan.group, plan.group + 1) };
    match &plan.kind {
        PlanKind::Whole(_) | PlanKind::BackReference { .. } => own,
        PlanKind::Concatenation(left, right) => union(own, union(groups(left), groups(right))),
        PlanKind::Alternatives(members) => members.iter().map(groups).fold(own, union),
        PlanKind::Wrapper(child) | PlanKind::Iteration { child, .. } => union(own, groups(child)),
    }
}
