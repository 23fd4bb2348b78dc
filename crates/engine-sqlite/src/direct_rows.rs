//! Inserts rows by the direct form of their statement, see [`DirectInsert`].

use std::sync::Arc;

use phantomdb_engine::insert_rows::Run;
use phantomdb_engine::json_rows::LARGEST_EXACT;
use phantomdb_engine::{Deadline, ResultLimits};
use phantomdb_protocol::{Column, ColumnType, Error, Result, ResultSet, Value as Given};
use phantomdb_values::times::is_wire;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use super::executor::{Executor, count_steps_anew};
use crate::adapt::{DirectInsert, Returned};
use crate::bind::{Bound, assigned};
use crate::deferred_keys::checked_at_the_end;
use crate::functions::assignments::Assign;
use crate::plan_cache::Plan;
use crate::rows::{RowWriter, Stored};
use crate::{constraint_error, error};

/// The values of rows, by the places of their parameters from 0.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Rows(&'a Run<'a>),
    /// The parameters of a statement, which are one row.
    Parameters(&'a [Given]),
}

impl<'a> Source<'a> {
    fn len(self) -> usize {
        match self {
            Self::Rows(run) => run.rows.len(),
            Self::Parameters(_) => 1,
        }
    }

    /// The value of a row at this place; none for the default of its column.
    fn value(self, row: usize, place: usize) -> Option<&'a Given> {
        match self {
            Self::Rows(run) => run.rows.get(row)?.get(place)?.value(),
            Self::Parameters(values) => values.get(place),
        }
    }

    /// Names the row in the error of one of several.
    fn in_row(self, error: Error, row: usize) -> Error {
        match self {
            Self::Rows(run) if run.rows.len() > 1 => error.in_row(run.first + row as u64),
            Self::Rows(_) | Self::Parameters(_) => error,
        }
    }
}

/// Rows to insert.
pub(super) struct DirectRows<'a> {
    executor: &'a Executor<'a>,
    plan: &'a Arc<Plan>,
    direct: &'a DirectInsert,
    source: Source<'a>,
    /// The columns of the answer, with the form in which each is stored and where its values come from.
    columns: Vec<Column>,
    stored: Vec<Option<Stored>>,
    returned: Vec<Returned>,
}

impl<'a> DirectRows<'a> {
    /// The rows of a statement. With `new_values` the answer leaves out the columns whose values all are those of the rows.
    /// Returns `None` when SQLite does not number the rows by the column that is to come back.
    pub(super) fn new(
        executor: &'a Executor<'a>,
        plan: &'a Arc<Plan>,
        direct: &'a DirectInsert,
        source: Source<'a>,
        new_values: bool,
    ) -> Result<Option<Self>> {
        if let Some([table, column]) = &direct.numbered {
            let numbered = executor.connection.column_metadata(Some("main"), table, column);
            if !numbered.is_ok_and(|(_, _, _, _, is_autoincrement)| is_autoincrement) {
                return Ok(None);
            }
        }
        let mut rows = Self {
            executor,
            plan,
            direct,
            source,
            columns: Vec::new(),
            stored: Vec::new(),
            returned: Vec::new(),
        };
        let all = executor.columns_of_plan(plan)?;
        for (place, (column, returned)) in all.into_iter().zip(&direct.returned).enumerate() {
            let is_known = new_values
                && matches!(returned, Returned::Parameter(parameter) if rows.is_unchanged(*parameter, &column));
            if !is_known {
                rows.columns.push(column);
                rows.stored.push(plan.adapted.stored.get(place).copied().flatten());
                rows.returned.push(*returned);
            }
        }
        Ok(Some(rows))
    }

    /// True when the cells at this place come back as they are: when they are stored as they are, and travel so.
    fn is_unchanged(&self, parameter: usize, column: &Column) -> bool {
        let Some(Some(conversion)) = self.direct.conversions.get(parameter) else { return false };
        (0..self.source.len()).all(|row| {
            self.source.value(row, parameter).is_some_and(|value| {
                travels_as_given(value, column.column_type)
                    && self.bound(value, parameter).is_ok_and(|bound| is_stored(conversion, &bound))
            })
        })
    }

    fn bound<'v>(&self, value: &'v Given, parameter: usize) -> Result<ToSqlOutput<'v>> {
        assigned(value, self.plan.adapted.written.get(parameter).copied().flatten(), parameter + 1)
    }

    /// Inserts the rows. Either all of them take effect or none does.
    pub(super) fn insert(self) -> Result<ResultSet> {
        let executor = self.executor;
        if self.source.len() == 1 {
            // The row is written when it comes back, and nothing undoes it.
            let mut writer = RowWriter::new(&self.stored, &ResultLimits::default());
            let affected_rows = self.insert_into(&mut writer)?;
            return Ok(ResultSet { columns: self.columns, rows: writer.finish()?, affected_rows });
        }
        let mut writer = RowWriter::new(&self.stored, executor.results);
        let mut affected_rows = 0;
        executor.all_or_nothing(true, || {
            checked_at_the_end(self.plan.adapted.target.as_ref(), &executor.schema(), || {
                affected_rows = self.insert_into(&mut writer)?;
                Ok(())
            })
        })?;
        Ok(ResultSet { columns: self.columns, rows: writer.finish()?, affected_rows })
    }

    /// Inserts the rows one after the other. Returns how many are in the table: a trigger can leave one out.
    fn insert_into(&self, writer: &mut RowWriter) -> Result<u64> {
        let Executor { connection, .. } = *self.executor;
        let target = self.plan.adapted.target.as_ref();
        let explain = |e| constraint_error::explain(e, target, &self.executor.schema());
        let mut prepared = connection.prepare_cached(&self.direct.sql).map_err(explain)?;
        let mut values: Vec<ToSqlOutput<'_>> = Vec::new();
        count_steps_anew(&prepared);
        let mut inserted = 0;
        for row in 0..self.source.len() {
            Deadline::check()?;
            let in_row = |error: Error| self.source.in_row(error, row);
            values.clear();
            for (place, conversion) in self.direct.conversions.iter().enumerate() {
                let value = match (self.source.value(row, place), conversion) {
                    (Some(value), Some(conversion)) => {
                        self.converted(value, place, conversion).map_err(in_row)?
                    }
                    _ => ToSqlOutput::Owned(Value::Null),
                };
                let bound = Bound(value);
                prepared.raw_bind_parameter(place + 1, &bound).map_err(|e| in_row(error::from_sqlite(e)))?;
                values.push(bound.0);
            }
            let count = prepared.raw_execute().map_err(|e| in_row(explain(e)))?;
            inserted += count as u64;
            if count == 0 || self.direct.returned.is_empty() {
                continue;
            }
            writer.push_values(&self.columns, |place| {
                Ok(match self.returned.get(place) {
                    Some(Returned::Parameter(parameter)) => {
                        values.get(*parameter).map_or(ValueRef::Null, value_of)
                    }
                    Some(Returned::RowNumber) => ValueRef::Integer(connection.last_insert_rowid()),
                    Some(Returned::Null) | None => ValueRef::Null,
                })
            })?;
        }
        Ok(inserted)
    }

    fn converted<'v>(&self, value: &'v Given, place: usize, conversion: &Assign) -> Result<ToSqlOutput<'v>> {
        let bound = self.bound(value, place)?;
        Ok(conversion.converted(value_of(&bound))?.map_or(bound, ToSqlOutput::Owned))
    }
}

/// True when a value that is stored as it was given travels back so, too.
fn travels_as_given(value: &Given, column_type: ColumnType) -> bool {
    match (column_type, value) {
        (_, Given::Null)
        | (ColumnType::String | ColumnType::Enum, Given::String(_))
        | (ColumnType::Boolean, Given::Boolean(_))
        | (ColumnType::Date, Given::String(_) | Given::Date(_))
        | (ColumnType::Uuid, Given::String(_) | Given::Uuid(_)) => true,
        (ColumnType::Integer, Given::Integer(integer)) => integer.unsigned_abs() <= LARGEST_EXACT,
        (ColumnType::Float, Given::Float(float)) => float.is_finite(),
        (ColumnType::Timestamp, Given::String(text) | Given::Timestamp(text)) => is_wire(text),
        _ => false,
    }
}

fn is_stored(conversion: &Assign, bound: &ToSqlOutput<'_>) -> bool {
    matches!(bound, ToSqlOutput::Borrowed(_)) && conversion.is_stored(value_of(bound))
}

fn value_of<'v>(bound: &'v ToSqlOutput<'_>) -> ValueRef<'v> {
    match bound {
        ToSqlOutput::Borrowed(value) => *value,
        ToSqlOutput::Owned(value) => ValueRef::from(value),
        _ => ValueRef::Null,
    }
}
