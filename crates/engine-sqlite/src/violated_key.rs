//! Which foreign key a statement has violated. SQLite does not say, so it is found out of the definitions: where the statement can
//! violate one key only, the error names it; where it can violate several, the message lists them.

use phantomdb_protocol::{
    Constraint, Error, ErrorCode, ForeignKeySide, Reference, ReferentialAction, TableName,
};
use phantomdb_sql::Catalog;
use phantomdb_sql::names::same_table;

use crate::adapt::{WriteKind, WriteTarget};
use crate::stored::table_name;

/// The most keys that a message lists.
const LISTED_MAX: usize = 5;

/// A key that a statement may have violated.
#[derive(Debug)]
struct Candidate {
    child: TableName,
    constraint: Constraint,
    /// `Child` when the row with the key was written, `Parent` when the row that it references was changed or deleted.
    side: ForeignKeySide,
}

/// What happens to the rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Inserted,
    Deleted,
    /// The columns that change; none when they are not known.
    Updated(Option<Vec<String>>),
}

/// The error for a violated foreign key.
pub(super) fn foreign_key(target: Option<&WriteTarget>, schema: &dyn Catalog) -> Error {
    let Some(WriteTarget { table, kind, assigned }) = target else { return foreign_key_error(None) };
    let change = match kind {
        WriteKind::Insert { reads_rows: _ } => Change::Inserted,
        WriteKind::Update => Change::Updated(assigned.clone()),
        WriteKind::Delete => Change::Deleted,
    };
    let candidates = candidates(&table_name(table), change, schema);
    let side =
        |side: ForeignKeySide| candidates.iter().all(|candidate| candidate.side == side).then_some(side);
    let mut error = match candidates.as_slice() {
        [only] => {
            let error = foreign_key_error(Some((&only.child, &only.constraint)));
            Error { message: only.message(), ..error }
        }
        [] => foreign_key_error(None).with_table(table.clone()),
        several => {
            let error = foreign_key_error(None).with_table(table.clone());
            Error { message: listed(several), ..error }
        }
    };
    error.details.side = match kind {
        WriteKind::Insert { reads_rows: _ } => Some(ForeignKeySide::Child),
        WriteKind::Delete if candidates.is_empty() => Some(ForeignKeySide::Parent),
        // When a row may have broken its own key or that of another, SQLite does not say which.
        WriteKind::Delete | WriteKind::Update => {
            side(ForeignKeySide::Child).or_else(|| side(ForeignKeySide::Parent))
        }
    };
    error
}

/// The keys that a statement can violate: those of the table itself, and those that reference rows which it deletes or updates,
/// directly or through the actions of other keys.
fn candidates(table: &TableName, change: Change, schema: &dyn Catalog) -> Vec<Candidate> {
    let keys: Vec<(TableName, Constraint)> = schema
        .tables()
        .into_iter()
        .filter_map(|child| schema.table(&child))
        .flat_map(|described| {
            let child = described.table.clone();
            described.constraints.clone().into_iter().map(move |constraint| (child.clone(), constraint))
        })
        .filter(|(_, constraint)| matches!(constraint, Constraint::ForeignKey { .. }))
        .collect();
    let mut found: Vec<Candidate> = Vec::new();
    let mut add = |child: &TableName, constraint: &Constraint, side| {
        if !found.iter().any(|known| known.child == *child && known.constraint == *constraint) {
            found.push(Candidate { child: child.clone(), constraint: constraint.clone(), side });
        }
    };
    if change != Change::Deleted {
        for (child, constraint) in keys.iter().filter(|(child, _)| same_table(child, table)) {
            if matches!(constraint, Constraint::ForeignKey { columns, .. } if change.touches(columns)) {
                add(child, constraint, ForeignKeySide::Child);
            }
        }
    }
    if change == Change::Inserted {
        return found;
    }
    let mut changes = vec![(table.clone(), change)];
    let mut next = 0;
    while let Some((changed, change)) = changes.get(next).cloned() {
        next += 1;
        for (child, constraint) in &keys {
            let Constraint::ForeignKey { columns, references, .. } = constraint else { continue };
            if !same_table(&references.table, &changed) || !change.touches(&referenced(references, schema)) {
                continue;
            }
            let is_deleted = change == Change::Deleted;
            let updated = || Change::Updated(Some(columns.clone()));
            let action = if is_deleted { references.on_delete } else { references.on_update };
            let follows = match action {
                None | Some(ReferentialAction::NoAction | ReferentialAction::Restrict) => {
                    add(child, constraint, ForeignKeySide::Parent);
                    continue;
                }
                Some(ReferentialAction::Cascade) if is_deleted => Change::Deleted,
                Some(ReferentialAction::Cascade | ReferentialAction::SetNull) => updated(),
                Some(ReferentialAction::SetDefault) => {
                    add(child, constraint, ForeignKeySide::Child);
                    updated()
                }
            };
            let follows = (child.clone(), follows);
            if !changes.contains(&follows) {
                changes.push(follows);
            }
        }
    }
    found
}

/// The columns that a key references: the primary key when it names none.
fn referenced(reference: &Reference, schema: &dyn Catalog) -> Vec<String> {
    match reference.columns.as_slice() {
        [] => schema.table(&reference.table).map_or_else(Vec::new, |table| table.primary_key.clone()),
        columns => columns.to_vec(),
    }
}

impl Change {
    /// True when it changes one of these columns.
    fn touches(&self, columns: &[String]) -> bool {
        match self {
            Self::Inserted | Self::Deleted | Self::Updated(None) => true,
            Self::Updated(Some(changed)) => {
                columns.iter().any(|column| changed.iter().any(|own| own.eq_ignore_ascii_case(column)))
            }
        }
    }
}

impl Candidate {
    /// What is wrong when this key was violated, in the words of the PostgreSQL engine.
    fn message(&self) -> String {
        let Constraint::ForeignKey { references, .. } = &self.constraint else { return String::new() };
        match self.side {
            ForeignKeySide::Child => foreign_key_error(Some((&self.child, &self.constraint))).message,
            ForeignKeySide::Parent => {
                format!("rows of \"{}\" point to the row of \"{}\"", self.child, references.table)
            }
        }
    }
}

/// What may be wrong.
fn listed(candidates: &[Candidate]) -> String {
    let mut messages: Vec<String> = Vec::new();
    for message in candidates.iter().map(Candidate::message) {
        if !messages.contains(&message) {
            messages.push(message);
        }
    }
    let more = messages.len().saturating_sub(LISTED_MAX);
    messages.truncate(LISTED_MAX);
    if more > 0 {
        messages.push(format!("one of {more} more keys is violated"));
    }
    messages.join(", or ")
}

/// The error of a row that has this key and references no row.
pub(super) fn foreign_key_error(key: Option<(&TableName, &Constraint)>) -> Error {
    let Some((table, Constraint::ForeignKey { name, columns, references })) = key else {
        return Error::new(
            ErrorCode::ForeignKeyViolation,
            "a foreign key would point to a row that is not there",
        );
    };
    let message = format!(
        "{} of \"{table}\" would point to a row of \"{}\" that is not there",
        quoted(columns),
        references.table
    );
    let mut error = Error::new(ErrorCode::ForeignKeyViolation, message)
        .with_table(table.to_string())
        .with_columns(columns.clone());
    error.details.constraint.clone_from(name);
    error.details.referenced_table = Some(references.table.to_string());
    error
}

pub(super) fn quoted(columns: &[String]) -> String {
    columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ")
}
