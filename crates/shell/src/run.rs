//! Runs a statement: on a cursor when it reads rows, or by a call of its own when it begins or ends a transaction.

use std::time::Instant;

use phantomdb_protocol::{
    BeginTransaction, Call, CallContext, ErrorCode, Result, ResultSet, Statement, TransactionBegun,
};
use phantomdb_sql::database_statement::DatabaseStatement;

use crate::{
    connection::{Connection, misplaced},
    control::Control,
    cursor::Rows,
};

/// The answer to a statement.
pub(crate) enum Answer {
    Rows(Rows),
    /// The number of changed rows.
    Changed(u64),
    /// A statement about transactions or databases is done, whose words these are.
    Done(&'static str),
}

impl Connection {
    /// Runs a statement, in the open transaction if there is one.
    pub(crate) fn run(&self, sql: &str) -> Result<Answer> {
        self.count_statement();
        if let Some(control) = Control::read(sql)? {
            return self.control(control).map(Answer::Done);
        }
        if let Some(statement) = DatabaseStatement::read(sql) {
            return self.database_statement(&statement);
        }
        let answer = self.statement(sql);
        if let Err(error) = &answer
            && error.code == ErrorCode::TransactionExpired
        {
            self.set_transaction(None);
        }
        answer
    }

    fn statement(&self, sql: &str) -> Result<Answer> {
        if let Some(rows) = Rows::open(self, sql)? {
            return Ok(Answer::Rows(rows));
        }
        let begun = Instant::now();
        let statement = Statement { query: sql.to_owned(), ..Statement::default() };
        let result: ResultSet =
            self.ask(Call::Query { database: self.database()?, statement }, self.within())?;
        Ok(match result.columns.as_slice() {
            [] => Answer::Changed(result.affected_rows),
            _ => Answer::Rows(Rows::whole(result, begun.elapsed())),
        })
    }

    fn control(&self, control: Control) -> Result<&'static str> {
        match (control, self.transaction()) {
            (Control::Begin { .. }, Some(_)) => {
                Err(misplaced("a transaction is open already; SAVEPOINT NAME begins one within it"))
            }
            (Control::Begin { isolation_level, read_only, immediate }, None) => {
                let timeout = self.info()?.limits.transaction_timeout_max;
                let begin = BeginTransaction {
                    database: self.database()?,
                    isolation_level,
                    read_only,
                    immediate,
                    timeout: Some(timeout),
                };
                let begun: TransactionBegun =
                    self.ask(Call::BeginTransaction(begin), CallContext::default())?;
                self.set_transaction(Some(begun.transaction_id));
                Ok("BEGIN")
            }
            (Control::Commit, Some(id)) => {
                self.set_transaction(None);
                self.call(Call::CommitTransaction { id }, CallContext::default()).map(|_| "COMMIT")
            }
            (Control::Rollback, Some(id)) => {
                self.set_transaction(None);
                self.call(Call::RollbackTransaction { id }, CallContext::default()).map(|_| "ROLLBACK")
            }
            (Control::Commit | Control::Rollback, None) => {
                Err(misplaced("there is no transaction to end; BEGIN begins one"))
            }
        }
    }

    fn database_statement(&self, statement: &DatabaseStatement) -> Result<Answer> {
        let outcome = self.call(statement.call.clone(), CallContext::default());
        statement.answer(outcome)?;
        Ok(Answer::Done(match &statement.call {
            Call::DropDatabase { name } => {
                if self.chosen().as_ref() == Some(name) {
                    self.set_database(None);
                    self.set_transaction(None);
                }
                "DROP DATABASE"
            }
            _ => "CREATE DATABASE",
        }))
    }
}
