//! Runs an INSERT of one row for each of many: it is adapted and prepared once, and each row is bound and stepped.

use std::sync::Arc;

use phantomdb_engine::Deadline;
use phantomdb_engine::insert_rows::{Run, not_an_insert, runs};
use phantomdb_protocol::{Column, Error, Result, ResultSet, Statement};
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;

use super::executor::Executor;
use crate::bind::bind_row;
use crate::constraint_error;
use crate::deferred_keys::checked_at_the_end;
use crate::direct_rows::{DirectRows, Source};
use crate::plan_cache::Plan;
use crate::rows::RowWriter;
use crate::run::Prepared;

/// What the rows so far have given.
struct Outcome {
    columns: Vec<Column>,
    writer: RowWriter,
    affected_rows: u64,
}

impl Executor<'_> {
    /// Runs the statement for each of its rows. Either all of them take effect or none does.
    pub(super) fn run_rows(&self, statement: &Statement, prepared: &Prepared) -> Result<ResultSet> {
        let plan = match prepared {
            Prepared::Plan(plan) if plan.adapted.takes_rows => plan,
            _ => return Err(not_an_insert()),
        };
        let runs = runs(statement, plan.adapted.parameter_count)?;
        if let [run] = runs.as_slice() {
            let plan = self.plans.plan_with_defaults(self.connection, &statement.query, &run.defaults)?;
            if let Some(direct) = &plan.adapted.direct_insert
                && let Some(rows) =
                    DirectRows::new(self, &plan, direct, Source::Rows(run), statement.new_values)?
            {
                return rows.insert();
            }
        }
        let is_one = statement.rows.len() == 1;
        let writer = RowWriter::new(&plan.adapted.stored, self.results);
        let mut outcome = Outcome { columns: Vec::new(), writer, affected_rows: 0 };
        self.all_or_nothing(true, || {
            checked_at_the_end(plan.adapted.target.as_ref(), &self.schema(), || {
                runs.iter().try_for_each(|run| {
                    let plan =
                        self.plans.plan_with_defaults(self.connection, &statement.query, &run.defaults)?;
                    self.insert_run(&plan, run, is_one, &mut outcome)
                })
            })
        })?;
        let Outcome { columns, writer, affected_rows } = outcome;
        Ok(ResultSet { columns, rows: writer.finish()?, affected_rows })
    }

    fn insert_run(&self, plan: &Arc<Plan>, run: &Run<'_>, is_one: bool, outcome: &mut Outcome) -> Result<()> {
        let explain = |e| constraint_error::explain(e, plan.adapted.target.as_ref(), &self.schema());
        let [sql] = plan.adapted.statements.as_slice() else { return Err(not_an_insert()) };
        let mut prepared = self.connection.prepare_cached(sql).map_err(explain)?;
        outcome.columns = self.columns_of(&prepared, Some(plan)).map_err(explain)?;
        for (row, number) in run.rows.iter().zip(run.first..) {
            Deadline::check()?;
            let in_row = |error: Error| if is_one { error } else { error.in_row(number) };
            bind_row(&mut prepared, row, &plan.adapted.written).map_err(in_row)?;
            let changes_before = self.connection.total_changes();
            let mut answers = prepared.raw_query();
            loop {
                answers.advance().map_err(|e| in_row(explain(e)))?;
                let Some(answer) = answers.get() else { break };
                outcome.writer.push(answer, &outcome.columns)?;
            }
            drop(answers);
            if self.connection.total_changes() != changes_before {
                outcome.affected_rows += self.connection.changes();
            }
        }
        Ok(())
    }
}
