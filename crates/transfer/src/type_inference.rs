//! Chooses the type of each column: the best candidate that every value fits. The import reports what is lost before
//! it writes anything.

use phantomdb_protocol::{Constraint, Result};
use rusqlite::types::ValueRef;

use super::{
    model::{Loss, Table},
    progress::Progress,
    source::Source,
};
use phantomdb_engine_sqlite::{Fit, fit};
use phantomdb_sql::types::SqlType;

/// The number of characters of a value that a report shows.
const SHOWN: usize = 40;

/// How the values of one column fit one type.
#[derive(Debug, Default)]
struct Found {
    changed: u64,
    misfits: u64,
    nulls: u64,
    /// The first value that is not kept whole.
    example: Option<String>,
}

impl Found {
    fn look(&mut self, value: ValueRef<'_>, data_type: &SqlType) {
        if let ValueRef::Null = value {
            self.nulls += 1;
            return;
        }
        match fit(value, data_type) {
            Fit::Exact(_) => return,
            Fit::Changed(_) => self.changed += 1,
            Fit::Not => self.misfits += 1,
        }
        self.example.get_or_insert_with(|| shown(value));
    }
}

fn shown(value: ValueRef<'_>) -> String {
    let text = match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        // Escape control characters: a terminal would obey them.
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let visible =
                |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
            format!("'{}'", text.chars().map(visible).collect::<String>())
        }
        ValueRef::Blob(bytes) => return format!("a blob of {} bytes", bytes.len()),
    };
    if text.chars().count() > SHOWN { text.chars().take(SHOWN).chain(['…']).collect() } else { text }
}

/// Chooses the types of all columns of the table.
pub(crate) async fn choose_types(
    source: &mut Source,
    table: &mut Table,
    progress: &Progress,
) -> Result<Vec<Loss>> {
    let mut losses = Vec::new();
    let mut open: Vec<usize> =
        table.stored_columns().into_iter().filter(|&index| table.columns[index].doubtful).collect();
    let mut why: Vec<Option<String>> = vec![None; table.columns.len()];
    let mut first: Vec<SqlType> = table.columns.iter().map(super::model::Column::data_type).collect();
    while !open.is_empty() {
        progress.begin(&format!("look at {}", table.name()), table.rows);
        let types: Vec<SqlType> = open.iter().map(|&index| table.columns[index].data_type()).collect();
        let mut found: Vec<Found> = open.iter().map(|_| Found::default()).collect();
        let mut seen = 0_u64;
        source
            .each_row(table, &open, &mut |row| {
                for ((value, data_type), found) in row.iter().zip(&types).zip(&mut found) {
                    found.look(*value, data_type);
                }
                seen += 1;
                if seen.is_multiple_of(10_000) {
                    progress.at(seen)?;
                }
                Ok(())
            })
            .await?;
        let looked_at = std::mem::take(&mut open);
        for (index, found) in looked_at.into_iter().zip(found) {
            if found.misfits > 0 && table.columns[index].candidates.len() > 1 {
                why[index].get_or_insert_with(|| {
                    let example = found.example.unwrap_or_default();
                    format!("{} of {} values do not fit, such as {example}", found.misfits, table.rows)
                });
                table.columns[index].candidates.remove(0);
                open.push(index);
                continue;
            }
            if found.changed > 0 {
                let example = found.example.unwrap_or_default();
                why[index].get_or_insert_with(|| {
                    format!(
                        "{} of {} values are not kept whole, such as {example}",
                        found.changed, table.rows
                    )
                });
                first[index] = SqlType::Other(String::new());
            }
            losses.extend(without_nulls(table, index, found.nulls));
        }
    }
    for (index, why) in why.into_iter().enumerate() {
        losses.extend(settle(table, index, why, &first[index]));
        losses.extend(settle_default(table, index));
    }
    Ok(losses)
}

/// Gives the column its type, and reports a type that differs from the source's.
fn settle(table: &mut Table, index: usize, why: Option<String>, first: &SqlType) -> Option<Loss> {
    let column = &table.columns[index];
    let data_type = column.data_type();
    let definition = &mut table.schema.columns[index];
    definition.data_type = data_type.name();
    if definition.auto_increment && !data_type.is_integer() {
        definition.auto_increment = false;
    }
    let wider = data_type.is_integer() && (first.is_integer() || *first == SqlType::Boolean);
    let undeclared = column.declared.is_empty() && !matches!(first, SqlType::Other(_));
    let why = column.lossy.clone().or_else(|| why.filter(|_| !wider && !undeclared))?;
    Some(Loss {
        table: table.schema.table.to_string(),
        what: definition.name.clone(),
        from: if column.declared.is_empty() { "no type".into() } else { column.declared.clone() },
        to: definition.data_type.clone(),
        why,
    })
}

/// Writes the default as PhantomDB SQL, as a value of the chosen type.
fn settle_default(table: &mut Table, index: usize) -> Option<Loss> {
    let (words, text) = table.columns[index].default.clone()?;
    match words.default(&text, &table.columns[index].data_type()) {
        Ok(ours) => {
            table.schema.columns[index].default = Some(ours);
            None
        }
        Err(error) => {
            let what = format!("default of \"{}\"", table.schema.columns[index].name);
            Some(Loss::left_out(table.name(), what, text, error.message))
        }
    }
}

/// SQLite lets a primary key be NULL; PhantomDB does not, so that it becomes a unique constraint.
fn without_nulls(table: &mut Table, index: usize, nulls: u64) -> Option<Loss> {
    let name = table.schema.columns[index].name.clone();
    if nulls == 0 || !table.schema.primary_key.contains(&name) {
        return None;
    }
    let key = std::mem::take(&mut table.schema.primary_key);
    for constraint in &mut table.schema.constraints {
        if let Constraint::PrimaryKey { columns, .. } = constraint {
            *constraint = Constraint::Unique { name: None, columns: std::mem::take(columns) };
        }
    }
    for column in table.schema.columns.iter_mut().filter(|column| key.contains(&column.name)) {
        (column.primary_key, column.auto_increment, column.allow_null) = (false, false, true);
    }
    Some(Loss {
        table: table.name().to_string(),
        what: format!("primary key ({})", key.join(", ")),
        from: "PRIMARY KEY".into(),
        to: "UNIQUE".into(),
        why: format!("{nulls} rows have no value for it"),
    })
}
