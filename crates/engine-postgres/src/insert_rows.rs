//! Inserts rows: a statement that takes arrays of any length, one for each column, so that its text depends on neither the
//! number of rows nor their values.

use std::{borrow::Cow, sync::Arc};

use phantomdb_engine::insert_rows::{Run, merge, number, runs};
use phantomdb_protocol::{Cell, Result, ResultSet, Statement, Value};
use tokio_postgres::types::Type;

use crate::{
    bind::{BoundValue, type_to_send},
    connection::Connection,
    plan_cache::{Plan, PreparableSql},
    prepare,
    prepared::Prepared,
    run::ReadyStatement,
    run_error::RunError,
    transaction_work::TransactionWork,
};

/// The transaction that the work runs in, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    Nothing,
    Transaction,
}

/// The rows of a statement that takes rows.
pub(crate) struct InsertRows<'a> {
    plan: &'a Plan,
    form: PreparableSql<'a>,
    statement: &'a Statement,
    runs: Vec<Run<'a>>,
    within: Within,
}

/// Rows that go with one statement: the same columns are defaults, and the values of a column are of one type.
struct TypedRun<'a> {
    run: Run<'a>,
    /// A value of each column, for PostgreSQL to find the types by.
    sample: Vec<Value>,
}

impl<'a> InsertRows<'a> {
    /// Fails with `BAD_REQUEST` when a row does not fit the statement.
    pub(crate) fn new(plan: &'a Plan, statement: &'a Statement, within: Within) -> Result<Self> {
        let runs = runs(statement, plan.adapted.parameter_count)?;
        let form = plan.preparable().ok_or_else(phantomdb_engine::insert_rows::not_an_insert)?;
        Ok(Self { plan, form, statement, runs, within })
    }

    /// Inserts the rows if they go with one statement, which needs no transaction around it. None when they do not.
    pub(crate) async fn run_alone(&self, connection: &Connection) -> Result<Option<ResultSet>> {
        for is_last in [false, true] {
            let typed = self.typed_runs(connection).await?;
            let [only] = typed.as_slice() else { return Ok(None) };
            match self.insert(connection, only).await {
                Err(RunError::StalePlan(_)) if !is_last => {}
                outcome => return outcome.map(Some).map_err(RunError::into_error),
            }
        }
        Ok(None)
    }

    async fn prepare(
        &self,
        connection: &Connection,
        form: &PreparableSql<'_>,
        values: &[Value],
    ) -> Result<Arc<Prepared>> {
        match self.within {
            Within::Nothing => prepare::prepare(connection, form, values, None).await,
            Within::Transaction => prepare::prepare_in_transaction(connection, form, values).await,
        }
    }

    /// Splits the rows where the values of a column become of another type, as when a number with a fraction follows
    /// whole ones.
    async fn typed_runs(&self, connection: &Connection) -> Result<Vec<TypedRun<'a>>> {
        let mut inferred = prepare::inferred_types(connection, self.form.id);
        if inferred.is_none() {
            let first = self.statement.rows.first().map(|row| row.iter().map(value_of).collect::<Vec<_>>());
            self.prepare(connection, &self.form, &first.unwrap_or_default()).await?;
            inferred = prepare::inferred_types(connection, self.form.id);
        }
        let mut typed = Vec::new();
        for run in &self.runs {
            split(run, inferred.as_deref(), &mut typed);
        }
        Ok(typed)
    }

    async fn insert(&self, connection: &Connection, typed: &TypedRun<'_>) -> Result<ResultSet, RunError> {
        let types = self.prepare(connection, &self.form, &typed.sample).await?;
        let types = types.statement.params();
        let plan = self.plan.for_rows(types, &typed.run.defaults)?;
        let form = plan.preparable().ok_or_else(phantomdb_engine::insert_rows::not_an_insert)?;
        let prepared = self.prepare(connection, &form, &[]).await?;
        let is_one = self.statement.rows.len() == 1;
        let bound = arrays(&typed.run, types, is_one)?;
        let ready = ReadyStatement { plan: &plan, prepared, bound };
        let outcome = match self.within {
            Within::Nothing => ready.send_alone(connection).await,
            Within::Transaction => ready.send(connection).await,
        };
        if matches!(outcome, Err(RunError::StalePlan(_))) {
            // The statements for values of other types are as old, and the next attempt may need one of them.
            connection.forget_all();
        }
        outcome
    }
}

impl TransactionWork for InsertRows<'_> {
    type Output = ResultSet;

    async fn run(&self, connection: &Connection) -> Result<ResultSet, RunError> {
        let mut results = Vec::new();
        for typed in self.typed_runs(connection).await? {
            results.push(self.insert(connection, &typed).await?);
        }
        Ok(merge(results, &connection.results)?)
    }
}

fn value_of(cell: &Cell) -> Value {
    cell.value().cloned().unwrap_or(Value::Null)
}

fn split<'a>(run: &Run<'a>, inferred: Option<&[Type]>, typed: &mut Vec<TypedRun<'a>>) {
    let width = run.rows.first().map_or(0, Vec::len);
    let mut start = 0;
    let mut types: Vec<Option<Type>> = vec![None; width];
    let mut samples: Vec<Option<&Value>> = vec![None; width];
    for (index, row) in run.rows.iter().enumerate() {
        let of_row = row.iter().enumerate().map(|(place, cell)| {
            let value = cell.value()?;
            type_to_send(inferred.and_then(|types| types.get(place)), value)
        });
        let of_row: Vec<Option<Type>> = of_row.collect();
        let fits =
            |(known, new): (&Option<Type>, &Option<Type>)| known.is_none() || new.is_none() || known == new;
        if !types.iter().zip(&of_row).all(fits) {
            typed.push(part(run, start..index, &samples));
            start = index;
            types.fill(None);
            samples.fill(None);
        }
        for (place, new) in of_row.into_iter().enumerate().filter(|(_, new)| new.is_some()) {
            if types[place].is_none() {
                types[place] = new;
                samples[place] = row[place].value();
            }
        }
    }
    typed.push(part(run, start..run.rows.len(), &samples));
}

fn part<'a>(run: &Run<'a>, range: std::ops::Range<usize>, samples: &[Option<&Value>]) -> TypedRun<'a> {
    let sample = samples.iter().map(|value| value.cloned().unwrap_or(Value::Null)).collect();
    let first = run.first + number(range.start) - 1;
    let rows = run.rows.get(range).unwrap_or_default();
    TypedRun { run: Run { first, rows, defaults: run.defaults.clone() }, sample }
}

/// The values of each column as an array of texts in PostgreSQL's notation. Without a column, the number of rows.
fn arrays(run: &Run<'_>, types: &[Type], is_one: bool) -> Result<Vec<BoundValue<'static>>> {
    let given: Vec<(usize, &Type)> =
        types.iter().enumerate().filter(|(place, _)| !run.defaults.contains(place)).collect();
    if given.is_empty() {
        let count = i64::try_from(run.rows.len()).unwrap_or(i64::MAX);
        return Ok(vec![BoundValue::Integer(count)]);
    }
    let mut arrays: Vec<String> = given.iter().map(|_| String::from("{")).collect();
    for (row, row_number) in run.rows.iter().zip(run.first..) {
        for (array, (place, data_type)) in arrays.iter_mut().zip(&given) {
            if array.len() > 1 {
                array.push(',');
            }
            let value = row.get(*place).and_then(Cell::value).unwrap_or(&Value::Null);
            let text = BoundValue::text_of(value, place + 1, data_type)
                .map_err(|error| if is_one { error } else { error.in_row(row_number) })?;
            push_element(array, text);
        }
    }
    let closed = arrays.into_iter().map(|mut array| {
        array.push('}');
        BoundValue::Text(Cow::Owned(array))
    });
    Ok(closed.collect())
}

fn push_element(array: &mut String, text: Option<Cow<'_, str>>) {
    let Some(text) = text else { return array.push_str("NULL") };
    array.push('"');
    let mut rest = &*text;
    while let Some(at) = rest.find(['"', '\\']) {
        array.push_str(&rest[..at]);
        array.push('\\');
        array.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    array.push_str(rest);
    array.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(rows: &str, inferred: &[Type]) -> Vec<(u64, usize)> {
        let rows: Vec<Vec<Cell>> = serde_json::from_str(rows).unwrap();
        let mut typed = Vec::new();
        split(&Run { first: 1, rows: &rows, defaults: Vec::new() }, Some(inferred), &mut typed);
        typed.iter().map(|typed| (typed.run.first, typed.run.rows.len())).collect()
    }

    #[test]
    fn rows_of_one_kind_go_with_one_statement() {
        assert_eq!(typed("[[1,\"a\"],[null,null],[2,\"b\"]]", &[Type::INT4, Type::TEXT]), [(1, 3)]);
        assert_eq!(typed("[[1],[2.5],[3.5],[null],[4]]", &[Type::INT4]), [(1, 1), (2, 3), (5, 1)]);
    }

    #[test]
    fn an_array_keeps_every_text_apart() {
        let rows: Vec<Vec<Cell>> =
            serde_json::from_str(r#"[["a"], [null], ["NULL"], [""], ["\"\\{,}"]]"#).unwrap();
        let run = Run { first: 1, rows: &rows, defaults: Vec::new() };
        let arrays = arrays(&run, &[Type::TEXT], false).unwrap();
        let [BoundValue::Text(text)] = arrays.as_slice() else { panic!("{arrays:?}") };
        assert_eq!(text, r#"{"a",NULL,"NULL","","\"\\{,}"}"#);
    }
}
