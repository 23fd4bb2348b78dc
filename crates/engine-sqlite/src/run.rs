//! Runs statements on a connection, on the calling thread.

use std::{borrow::Cow, sync::Arc};

use phantomdb_engine::parameters::check_count;
use phantomdb_engine::{Deadline, ResultLimits};
use phantomdb_protocol::{
    AlterOperation, Column, ColumnType, Error, ErrorCode, Result, ResultSet, Statement, TableName, Value,
};
use phantomdb_sql::unknown_function::located;
use phantomdb_sql::{Kind, typing::Type};
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;

use crate::adapt::WriteTarget;
use crate::connection;
use crate::constraint_error;
use crate::direct_rows::{DirectRows, Source};
use crate::functions::inserted_row;
use crate::plan_cache::{LONGEST_CACHED, Plan, PlanCache, SchemaView, is_about_types};
use crate::rows::RowWriter;
use crate::wide_values::{refused as refused_value, wide_values, with_wide_values};
use crate::{
    adapt::{Adapted, Open, check_value},
    alter, bind, error, native,
};

use super::executor::{Executor, count_steps_anew};

/// The outcome of an attempt to run a statement with the locks that are held.
pub(super) enum Attempt<T> {
    Done(Result<T>),
    /// The statement writes and needs the write lock. None of it has run.
    NeedsWriteLock,
}

/// A statement that is ready to run.
pub(super) enum Prepared {
    Plan(Arc<Plan>),
    Native { writes: bool },
}

impl Prepared {
    pub(super) fn writes(&self) -> bool {
        match self {
            Self::Plan(plan) => plan.writes(),
            Self::Native { writes } => *writes,
        }
    }

    /// True when the cached plans may be out of date afterwards.
    pub(super) fn changes_schema(&self) -> bool {
        match self {
            Self::Plan(plan) => matches!(plan.adapted.kind, Kind::Schema),
            Self::Native { writes } => *writes,
        }
    }
}

/// The type that a value has by itself; NULL has every type.
fn own_type(value: &Value) -> Option<Type> {
    Some(match value {
        Value::Null => return None,
        Value::Boolean(_) => Type::Boolean,
        Value::Integer(_) => Type::BigInt,
        Value::Float(_) => Type::Double,
        Value::String(_) => Type::Text,
        Value::Decimal(_) => Type::Numeric,
        Value::Date(_) => Type::Date,
        Value::Time(_) => Type::Time,
        Value::Timestamp(_) => Type::TimestampTz,
        Value::Uuid(_) => Type::Uuid,
        Value::Blob(_) => Type::Bytea,
        Value::Json(_) => Type::Json,
    })
}

/// The type that a value gives to its parameter, where it makes a difference. None for NULL, which has every type.
fn type_of_value(value: &Value, open: Open) -> Option<Type> {
    match (open, value) {
        (Open::BesideDate, Value::Timestamp(_)) => Some(Type::TimestampTz),
        (Open::BesideDate, _) => None,
        (_, Value::Boolean(_)) => Some(Type::Boolean),
        (_, Value::Decimal(_)) => Some(Type::Numeric),
        (_, Value::Date(_)) => Some(Type::Date),
        (_, Value::Time(_)) => Some(Type::Time),
        (_, Value::Timestamp(_)) => Some(Type::TimestampTz),
        (_, Value::Blob(_)) => Some(Type::Bytea),
        (Open::Any | Open::Anywhere | Open::InnerColumn, Value::Json(_)) => Some(Type::Json),
        (Open::Overloaded | Open::InnerColumn | Open::Assumed, Value::Integer(_)) => Some(Type::BigInt),
        (Open::Overloaded | Open::InnerColumn | Open::Assumed, Value::Float(_)) => Some(Type::Double),
        (Open::Overloaded | Open::InnerColumn | Open::Assumed, Value::Uuid(_)) => Some(Type::Uuid),
        (Open::Overloaded | Open::InnerColumn | Open::Assumed, Value::String(_)) => Some(Type::Text),
        (Open::Overloaded | Open::Assumed, Value::Json(_)) => Some(Type::Text),
        (Open::Overloaded | Open::InnerColumn | Open::Assumed, Value::Null)
        | (
            Open::Any | Open::Anywhere,
            Value::Integer(_) | Value::Float(_) | Value::Uuid(_) | Value::String(_) | Value::Null,
        ) => None,
    }
}

/// The types that the parameters may have, those of their values first: with integers of 32 bits where the values allow it,
/// because some functions and operators know no others, and all texts, where no other types go together.
fn types_of_values(types: Vec<(usize, Type)>, parameters: &[Value]) -> Vec<Vec<(usize, Type)>> {
    let narrowed = narrowed(&types, parameters);
    let texts = types.iter().map(|(place, _)| (*place, Type::Text)).collect();
    vec![types, narrowed, texts]
}

/// The types with integers of 32 bits where the values allow it.
fn narrowed(types: &[(usize, Type)], parameters: &[Value]) -> Vec<(usize, Type)> {
    let narrow = |&(place, data_type): &(usize, Type)| match parameters.get(place) {
        Some(Value::Integer(integer)) if i32::try_from(*integer).is_ok() => (place, Type::Integer),
        _ => (place, data_type),
    };
    types.iter().map(narrow).collect()
}

/// The types that the parameters have by themselves.
fn own_types(parameters: &[Value]) -> Vec<(usize, Type)> {
    let type_at = |(place, value)| Some((place, own_type(value)?));
    parameters.iter().enumerate().filter_map(type_at).collect()
}

impl Executor<'_> {
    /// Begins a plan cache of its own after a change of the schema in an open transaction. Only this connection sees the
    /// change, and it may be undone, so its plans must not be shared.
    pub(super) fn use_private_plans(&mut self) -> Result<()> {
        self.plans = PlanCache::for_connection(None, self.connection)?;
        Ok(())
    }

    /// Prepares a statement. Fails with `FORBIDDEN` for one that does more than the access allows.
    pub(super) fn prepare(&self, statement: &Statement) -> Result<Prepared> {
        if !statement.native {
            let plan = self.plan(statement)?;
            self.access.check(&plan.adapted.kind)?;
            return Ok(Prepared::Plan(plan));
        }
        self.access.check_native()?;
        native::check(&statement.query)?;
        let prepared = self.connection.prepare(&statement.query).map_err(error::from_sqlite)?;
        Ok(Prepared::Native { writes: !prepared.readonly() })
    }

    /// The plan of a statement. When several functions or operators take a parameter, each value has its own type, as on
    /// PostgreSQL.
    fn plan(&self, statement: &Statement) -> Result<Arc<Plan>> {
        let refusal = match self.plans.plan(self.connection, &statement.query) {
            Err(error) if matches!(error.code, ErrorCode::TypeMismatch | ErrorCode::UnknownFunction) => error,
            outcome => return outcome,
        };
        let types = own_types(&statement.parameters);
        if types.is_empty() {
            return Err(refusal);
        }
        let candidates = [types.clone(), narrowed(&types, &statement.parameters)];
        self.plans.plan_with_types(self.connection, &statement.query, &candidates, None).map_err(|_| refusal)
    }

    /// Runs a statement. The position of an unknown function in it is added to the error.
    pub(super) fn run(&self, statement: &Statement, prepared: &Prepared) -> Result<ResultSet> {
        if let Prepared::Plan(plan) = prepared {
            let wide = wide_values(&plan.adapted.written, &statement.parameters);
            if !wide.is_empty() {
                return self.run_with_wide_values(statement, plan, &wide);
            }
        }
        let for_values = match prepared {
            Prepared::Plan(plan) if !plan.adapted.open_parameters.is_empty() => {
                Some(Prepared::Plan(self.plan_for_values(plan, &statement.query, &statement.parameters)?))
            }
            _ => None,
        };
        let outcome = match self.run_prepared(statement, for_values.as_ref().unwrap_or(prepared)) {
            Err(error) if matches!(prepared, Prepared::Plan(_)) && error::is_long_pattern(&error) => {
                let plan = self.plans.plan_with_own_like(self.connection, &statement.query)?;
                self.run_prepared(statement, &Prepared::Plan(plan))
            }
            outcome => outcome,
        };
        outcome.map_err(|error| located(error, &statement.query))
    }

    /// Runs a statement with numbers that are too large for where they stand.
    fn run_with_wide_values(
        &self,
        statement: &Statement,
        plan: &Arc<Plan>,
        wide: &[(usize, Value)],
    ) -> Result<ResultSet> {
        let parameters = with_wide_values(&statement.parameters, wide);
        let is_open = |place| plan.adapted.open_parameters.iter().any(|(open, _)| *open == place);
        let is_wide = |place| wide.iter().any(|(wide, _)| *wide == place);
        let open = plan.adapted.open_parameters.iter();
        let types = open.filter(|(place, _)| !is_wide(*place));
        let mut types: Vec<(usize, Type)> = types
            .filter_map(|(place, open)| Some((*place, type_of_value(parameters.get(*place)?, *open)?)))
            .collect();
        types.extend(wide.iter().filter_map(|(place, value)| Some((*place, own_type(value)?))));
        let candidates = types_of_values(types, &parameters);
        let typed = self.plans.plan_with_types(self.connection, &statement.query, &candidates, None);
        let typed = typed.map_err(|refusal| match wide.first() {
            // PostgreSQL's refusal of a parameter that is only assumed to be a number names no value.
            Some((place, value)) if is_about_types(refusal.code) && !is_open(*place) => {
                refused_value(*place, value)
            }
            _ => refusal,
        })?;
        let statement = Statement { parameters, ..statement.clone() };
        let outcome = self.run_prepared(&statement, &Prepared::Plan(typed));
        outcome.map_err(|error| located(error, &statement.query))
    }

    /// The plan of a statement with these values. A parameter that nothing in the statement gives a type has the type of its
    /// value, as on PostgreSQL.
    pub(super) fn plan_for_values(
        &self,
        plan: &Arc<Plan>,
        query: &str,
        parameters: &[Value],
    ) -> Result<Arc<Plan>> {
        let type_at =
            |(place, open): &(usize, Open)| Some((*place, type_of_value(parameters.get(*place)?, *open)?));
        let open = &plan.adapted.open_parameters;
        let is_assumed = open.iter().any(|(_, open)| *open == Open::Assumed);
        // Where PostgreSQL assumes no numbers, every value has its own type.
        let types: Vec<(usize, Type)> =
            if is_assumed { own_types(parameters) } else { open.iter().filter_map(type_at).collect() };
        // Texts alone are what the plan takes them for.
        let is_alone =
            !open.iter().any(|(_, open)| *open == Open::Anywhere) || open.len() >= parameters.len();
        if !is_assumed && is_alone && types.iter().all(|(_, data_type)| *data_type == Type::Text) {
            return Ok(Arc::clone(plan));
        }
        let mut candidates = types_of_values(types, parameters);
        if open.iter().any(|(_, open)| *open == Open::Anywhere) {
            let own = own_types(parameters);
            let narrowed = narrowed(&own, parameters);
            candidates.splice(0..0, [own, narrowed]);
        }
        if is_assumed {
            // PostgreSQL's refusal, which names no types.
            candidates.push(Vec::new());
        }
        let untyped = Some(plan).filter(|_| !is_assumed);
        self.plans.plan_with_types(self.connection, query, &candidates, untyped)
    }

    fn run_prepared(&self, statement: &Statement, prepared: &Prepared) -> Result<ResultSet> {
        match prepared {
            Prepared::Plan(plan) if plan.adapted.updates_on_conflict => {
                inserted_row::watched(|| self.run_unwatched(statement, prepared))
            }
            _ => self.run_unwatched(statement, prepared),
        }
    }

    fn run_unwatched(&self, statement: &Statement, prepared: &Prepared) -> Result<ResultSet> {
        if !statement.rows.is_empty() {
            return self.run_rows(statement, prepared);
        }
        let Prepared::Plan(plan) = prepared else { return self.run_native(statement) };
        check_count(plan.adapted.parameter_count, &statement.parameters)?;
        for known in &plan.adapted.known_types {
            check_value(&statement.parameters, known)?;
        }
        if let Some(direct) = &plan.adapted.direct_insert {
            let source = Source::Parameters(&statement.parameters);
            if let Some(rows) = DirectRows::new(self, plan, direct, source, false)? {
                return rows.insert();
            }
        }
        if let Some(change) = &plan.adapted.change {
            return self.change(|| alter::apply(self.connection, change)).map(|()| empty());
        }
        let run_all = || {
            let mut statement = Cow::Borrowed(statement);
            for step in &plan.adapted.steps {
                let rows = self.run_step(step, &statement, &plan.adapted.written)?;
                statement.to_mut().parameters.push(rows);
            }
            let mut last = empty();
            for sql in &plan.adapted.statements {
                Deadline::check()?;
                last = self.step(sql, &statement, Some(plan))?;
            }
            Ok(last)
        };
        if let Some(created) = &plan.adapted.created {
            return self.change(|| alter::created(self.connection, created, run_all));
        }
        let is_one = plan.adapted.steps.len() + plan.adapted.statements.len() <= 1;
        if is_one && !plan.may_fail_half_done() {
            return run_all();
        }
        self.all_or_nothing(plan.writes(), run_all)
    }

    fn run_native(&self, statement: &Statement) -> Result<ResultSet> {
        let sql = &statement.query;
        let numbers = {
            let prepared = self.connection.prepare_cached(sql).map_err(error::from_sqlite)?;
            parameter_numbers(&prepared)
        };
        check_count(numbers.iter().copied().max().unwrap_or(0), &statement.parameters)?;
        let in_order = numbers.iter().filter_map(|number| statement.parameters.get(number - 1).cloned());
        let bound = Statement { parameters: in_order.collect(), ..statement.clone() };
        let returns_rows =
            self.connection.prepare_cached(sql).map_err(error::from_sqlite)?.column_count() > 0;
        if returns_rows && native::changes_rows(sql) {
            return self.all_or_nothing(true, || self.step(sql, &bound, None));
        }
        self.step(sql, &bound, None)
    }

    /// Runs one statement of SQLite and reads all of its rows.
    fn step(&self, sql: &str, statement: &Statement, plan: Option<&Arc<Plan>>) -> Result<ResultSet> {
        let explain = |e| {
            let target = match plan {
                Some(plan) => plan.adapted.target.clone(),
                None => WriteTarget::of_native(sql),
            };
            constraint_error::explain(e, target.as_ref(), &self.schema())
        };
        let (mut cached, mut uncached);
        let prepared: &mut rusqlite::Statement<'_> = if sql.len() <= LONGEST_CACHED {
            cached = self.connection.prepare_cached(sql).map_err(explain)?;
            &mut cached
        } else {
            uncached = self.connection.prepare(sql).map_err(explain)?;
            &mut uncached
        };
        let written = plan.map_or(&[][..], |plan| plan.adapted.written.as_slice());
        bind::bind(prepared, &statement.parameters, written)?;
        count_steps_anew(prepared);
        let reads = prepared.readonly();
        let changes_before = self.connection.total_changes();
        connection::note_beginning(changes_before);
        let mut columns = self.columns_of(prepared, plan).map_err(explain)?;
        let stored = plan.map_or(&[][..], |plan| plan.adapted.stored.as_slice());
        let no_limits = ResultLimits::default();
        // A row that was given is written when it comes back, and nothing undoes it.
        let is_given = plan.is_some_and(|plan| plan.adapted.returns_given_row);
        let mut writer = RowWriter::new(stored, if is_given { &no_limits } else { self.results });
        let mut rows = prepared.raw_query();
        loop {
            rows.advance().map_err(explain)?;
            let Some(row) = rows.get() else { break };
            // Another connection has changed the schema since the columns were read.
            if row.as_ref().column_count() != columns.len() {
                if writer.rows() > 0 {
                    return Err(Error::internal("the columns of the result changed while it was read"));
                }
                columns = read_columns(row.as_ref(), None);
            }
            writer.push(row, &columns)?;
        }
        drop(rows);
        let affected_rows = if reads || self.connection.total_changes() == changes_before {
            0
        } else if columns.is_empty() {
            self.connection.changes()
        } else {
            writer.rows()
        };
        Ok(ResultSet { columns, rows: writer.finish()?, affected_rows })
    }

    /// Applies the operations. Either all of them take effect or none does.
    pub(super) fn alter(&self, table: &TableName, operations: &[AlterOperation]) -> Result<()> {
        self.access.check(&Kind::Schema)?;
        self.change(|| alter::alter(self.connection, table, operations))
    }

    /// Runs a change of tables, which takes effect as a whole or not at all.
    fn change<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.all_or_nothing(true, work)
    }

    /// Runs `work` in a transaction, or in a savepoint when a transaction is open.
    pub(super) fn all_or_nothing<T>(&self, writes: bool, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let (begin, end, undo) = match (self.connection.is_autocommit(), writes) {
            (true, true) => ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"),
            (true, false) => ("BEGIN", "COMMIT", "ROLLBACK"),
            (false, _) => (
                "SAVEPOINT phantomdb_group",
                "RELEASE phantomdb_group",
                "ROLLBACK TO phantomdb_group; RELEASE phantomdb_group",
            ),
        };
        self.control(begin)?;
        let outcome = work().and_then(|result| self.control(end).map(|()| result));
        if outcome.is_err() && !self.connection.is_autocommit() {
            // The undo fails when SQLite has rolled back the whole transaction already.
            self.connection.execute_batch(undo).or_else(|_| self.connection.execute_batch("ROLLBACK")).ok();
        }
        outcome
    }

    /// Runs `BEGIN`, `COMMIT`, `SAVEPOINT` or a similar statement.
    pub(super) fn control(&self, sql: &str) -> Result<()> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                count_steps_anew(&statement);
                statement.raw_execute()
            })
            .map(drop)
            .map_err(|e| match sql {
                "COMMIT" => constraint_error::explain_commit(e, &self.schema()),
                _ => error::from_sqlite(e),
            })
    }

    /// Takes SQLite's write lock in an open read transaction, without writing. Fails when others have written since the
    /// snapshot was taken. The pragma takes the lock and then has nothing to do, because no database of this engine has
    /// auto-vacuum on.
    pub(super) fn upgrade(&self) -> Result<()> {
        self.connection.execute_batch("PRAGMA incremental_vacuum(1)").map_err(error::from_sqlite)
    }

    /// The columns of a result. They are cached in a plan that has one statement.
    pub(super) fn columns_of(
        &self,
        statement: &rusqlite::Statement<'_>,
        plan: Option<&Arc<Plan>>,
    ) -> rusqlite::Result<Vec<Column>> {
        // Whether a statement has a result follows from its text alone.
        if statement.column_count() == 0 {
            return Ok(Vec::new());
        }
        let Some(plan) = plan else { return Ok(read_columns(statement, None)) };
        let inferred = &plan.adapted;
        let [sql] = plan.adapted.statements.as_slice() else {
            return Ok(read_columns(statement, Some(inferred)));
        };
        if let Some(columns) = plan.columns.get() {
            return Ok(columns.clone());
        }
        // A statement that was prepared before the schema changed reports the old columns until SQLite prepares it again,
        // when it runs. So the columns are read from a new one.
        let columns = read_columns(&self.connection.prepare(sql)?, Some(inferred));
        Ok(plan.columns.get_or_init(|| columns).clone())
    }

    /// The columns of the result of a plan that has one statement.
    pub(super) fn columns_of_plan(&self, plan: &Arc<Plan>) -> Result<Vec<Column>> {
        if let Some(columns) = plan.columns.get() {
            return Ok(columns.clone());
        }
        let [sql] = plan.adapted.statements.as_slice() else { return Ok(Vec::new()) };
        let statement = self.connection.prepare_cached(sql).map_err(error::from_sqlite)?;
        self.columns_of(&statement, Some(plan)).map_err(error::from_sqlite)
    }

    pub(super) fn schema(&self) -> SchemaView<'_> {
        SchemaView { cache: &self.plans, connection: self.connection }
    }
}

/// The number of the value of each parameter, in the order in which SQLite binds them: to SQLite `$2` is a name, not a place.
fn parameter_numbers(statement: &rusqlite::Statement<'_>) -> Vec<usize> {
    let number_at = |place| {
        let number = statement.parameter_name(place)?.get(1..)?.parse().ok()?;
        (number > 0).then_some(number)
    };
    (1..=statement.parameter_count()).map(|place| number_at(place).unwrap_or(place)).collect()
}

/// A result without columns and rows.
pub(super) fn empty() -> ResultSet {
    ResultSet { columns: Vec::new(), rows: phantomdb_engine::json_rows::empty(), affected_rows: 0 }
}

fn read_columns(statement: &rusqlite::Statement<'_>, inferred: Option<&Adapted>) -> Vec<Column> {
    let columns = statement.columns();
    let types = inferred.map_or(&[][..], |adapted| adapted.column_types.as_slice());
    let names = inferred.map_or(&[][..], |adapted| adapted.column_names.as_slice());
    // A schema can have changed since the statement was adapted.
    let names = if names.len() == columns.len() { names } else { &[] };
    columns
        .enumerate()
        .map(|(index, column)| {
            // SQLite gives another name to the second of two columns with one name.
            let name = names.get(index).cloned().unwrap_or_else(|| column.name().to_owned());
            let inferred = types.get(index).copied().flatten();
            let declared = || column.decl_type().map(crate::types::column_type_of_declared);
            Column::new(name, inferred.or_else(declared).unwrap_or(ColumnType::Any))
        })
        .collect()
}
