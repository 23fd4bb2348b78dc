//! The exact types of a result's columns, and the description of a statement.

use phantomdb_protocol::{Column, ColumnType, Result, Statement, StatementDescription, StatementParameter};
use phantomdb_sql::{types::SqlType, typing::Type, unknown_function::located};

use super::executor::Executor;
use crate::{adapt, error, run::Prepared, types};

impl Executor<'_> {
    /// Adds the types to the columns of a statement's result. A column of a table has the type that it was declared with,
    /// any other the type of its expression.
    pub(super) fn add_exact_types(&self, statement: &Statement, columns: &mut [Column]) -> Result<()> {
        let (sql, expressions) = match &self.prepare(statement)? {
            Prepared::Native { writes: _ } => (statement.query.clone(), Vec::new()),
            Prepared::Plan(plan) => {
                let plan = self.plan_for_values(plan, &statement.query, &statement.parameters)?;
                match plan.adapted.statements.last() {
                    Some(sql) => (sql.clone(), plan.adapted.expression_types.clone()),
                    None => return Ok(()),
                }
            }
        };
        self.add_types(&sql, &expressions, columns)
    }

    /// Adds the types that SQLite declares, and the types of the expressions, to the columns of a statement of SQLite.
    fn add_types(&self, sql: &str, expressions: &[(Type, bool)], columns: &mut [Column]) -> Result<()> {
        let prepared = self.connection.prepare(sql).map_err(error::from_sqlite)?;
        let described = prepared.columns();
        if described.len() != columns.len() {
            return Ok(());
        }
        for (index, (column, described)) in columns.iter_mut().zip(described).enumerate() {
            let expression = expressions.get(index);
            let of_expression = || expression.and_then(|(data_type, _)| types::name_of(*data_type));
            column.sql_type = described.decl_type().and_then(name_of_declared).or_else(of_expression);
            column.nullable = expression.map(|(_, nullable)| *nullable);
        }
        Ok(())
    }
}

impl Executor<'_> {
    /// The parameters and the columns of a statement, which does not run.
    pub(super) fn describe_statement(&self, query: &str) -> Result<StatementDescription> {
        let described = self.describe_plan(query);
        described.map_err(|error| located(error, query))
    }

    fn describe_plan(&self, query: &str) -> Result<StatementDescription> {
        let plan = self.plans.plan(self.connection, query)?;
        let mut columns = Vec::new();
        if let (true, Some(sql)) = (plan.adapted.returns_rows, plan.adapted.statements.last()) {
            let prepared = self.connection.prepare(sql).map_err(error::from_sqlite)?;
            columns = self.columns_of(&prepared, Some(&plan)).map_err(error::from_sqlite)?;
            self.add_types(sql, &plan.adapted.expression_types, &mut columns)?;
        }
        let types = adapt::parameter_types(query, &self.schema())?;
        let parameters = (0..plan.adapted.parameter_count).map(|place| match types.get(place) {
            Some(Some(data_type)) => data_type.parameter(),
            _ => StatementParameter { parameter_type: ColumnType::Any, sql_type: None },
        });
        Ok(StatementDescription { parameters: parameters.collect(), columns })
    }
}

/// The name in PhantomDB SQL of the type that a column was declared with. The values of an ENUM are not part of it.
fn name_of_declared(declared: &str) -> Option<String> {
    match types::from_declared(declared) {
        SqlType::Other(_) => None,
        SqlType::Enum(_) => Some("ENUM".to_owned()),
        data_type => Some(data_type.name()),
    }
}
