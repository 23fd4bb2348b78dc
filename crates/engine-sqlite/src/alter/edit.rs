//! Writes a new definition without touching the rows, as SQLite documents it for checks, foreign keys, NOT NULL and
//! defaults (<https://sqlite.org/lang_altertable.html#otheralter>).

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::build;
use phantomdb_sql::printer::quote_identifier;
use rusqlite::config::DbConfig;
use sqlparser::ast::{CreateTable, Expr, Ident, ObjectName, Statement, UnaryOperator};

use super::execute::run;
use super::flush::Demands;
use super::foreign_keys::{Scope, checked};
use super::table_change::TableChange;
use crate::adapt::{WriteKind, WriteTarget};
use crate::constraint_error;
use crate::error::{self, NEW_TABLE};
use crate::stored::{self, stored_name};

impl TableChange<'_> {
    /// Writes the definition, after the rows that are there were found to fit.
    pub(super) fn edit(&self, create: &mut CreateTable, demands: &Demands) -> Result<()> {
        self.refuse_malformed(create)?;
        self.refuse_nulls(demands)?;
        self.refuse_broken_checks(demands)?;
        let definition = stored::print(&mut Statement::CreateTable(create.clone()))?;
        let write = || self.write_definition(&definition);
        if demands.foreign_key {
            return checked(self.conn, Scope::Table(&stored_name(&self.table)), write);
        }
        write()
    }

    /// Lets SQLite judge the definition, by a table that is made and dropped again.
    fn refuse_malformed(&self, create: &mut CreateTable) -> Result<()> {
        let trial = format!("{NEW_TABLE}{}", stored_name(&self.table));
        let name =
            std::mem::replace(&mut create.name, ObjectName::from(vec![Ident::with_quote('"', &trial)]));
        let sql = stored::print(&mut Statement::CreateTable(create.clone()));
        create.name = name;
        run(self.conn, &sql?)?;
        run(self.conn, &format!("DROP TABLE {}", quote_identifier(&trial)))
    }

    fn refuse_nulls(&self, demands: &Demands) -> Result<()> {
        for column in &demands.not_null {
            if self.has_row(&format!("{} IS NULL", quote_identifier(column)))? {
                let message = format!("{} of \"{}\" must not be null", quote_identifier(column), self.table);
                return Err(Error::new(ErrorCode::NotNullViolation, message)
                    .with_table(self.table.to_string())
                    .with_columns([column]));
            }
        }
        Ok(())
    }

    fn refuse_broken_checks(&self, demands: &Demands) -> Result<()> {
        for (name, check) in &demands.checks {
            let mut broken = Expr::UnaryOp {
                op: UnaryOperator::Not,
                expr: Box::new(Expr::Nested(Box::new(build::unnested(check).clone()))),
            };
            if !self.has_row(&stored::print(&mut broken)?)? {
                continue;
            }
            if let (Some(mark), Expr::InList { expr: column, list, negated: _ }) =
                (name, build::unnested(check))
                && mark.starts_with(stored::ENUM_MARK)
            {
                return Err(self.not_allowed(&stored::print(&mut (**column).clone())?, column, list));
            }
            let shown = name.clone().unwrap_or_default();
            let message = format!("a row of \"{}\" breaks the check \"{shown}\"", self.table);
            return Err(Error::new(ErrorCode::CheckViolation, message)
                .with_table(self.table.to_string())
                .with_constraint(shown));
        }
        Ok(())
    }

    /// The error for a stored value that the new values of an ENUM do not have.
    fn not_allowed(&self, quoted: &str, column: &Expr, list: &[Expr]) -> Error {
        let values: Vec<String> =
            list.iter().filter_map(|item| stored::print(&mut item.clone()).ok()).collect();
        let sql = format!(
            "SELECT {quoted} FROM {} WHERE {quoted} NOT IN ({}) LIMIT 1",
            self.quoted(),
            values.join(", ")
        );
        let value: Option<String> = self.conn.query_row(&sql, [], |row| row.get(0)).ok();
        let name = match column {
            Expr::Identifier(ident) => ident.value.as_str(),
            _ => quoted,
        };
        let data_type = format!("ENUM({})", values.join(","));
        error::not_allowed(value.as_deref(), name, &data_type).with_table(self.table.to_string())
    }

    fn has_row(&self, condition: &str) -> Result<bool> {
        let sql = format!("SELECT 1 FROM {} WHERE {condition} LIMIT 1", self.quoted());
        let exists = self.conn.prepare(&sql).and_then(|mut statement| statement.exists([]));
        let target = WriteTarget::new(stored_name(&self.table), WriteKind::Update);
        exists.map_err(|error| {
            constraint_error::explain(error, Some(&target), &super::foreign_keys::CurrentTables(self.conn))
        })
    }

    fn write_definition(&self, definition: &str) -> Result<()> {
        let switch = |defensive| {
            let switched = self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, defensive);
            switched.map(drop).map_err(error::from_sqlite)
        };
        switch(false)?;
        let written = self.replace_in_schema(definition);
        // The new text is read now, also after a failure.
        let reset = run(self.conn, "PRAGMA writable_schema = RESET");
        switch(true)?;
        written.and(reset)?;
        run(self.conn, &format!("SELECT 1 FROM {} LIMIT 0", self.quoted()))
    }

    fn replace_in_schema(&self, definition: &str) -> Result<()> {
        run(self.conn, "PRAGMA writable_schema = ON")?;
        let sql = "UPDATE sqlite_schema SET sql = ?1 WHERE type = 'table' AND name = ?2 COLLATE NOCASE";
        let changed =
            self.conn.execute(sql, [definition, &stored_name(&self.table)]).map_err(error::from_sqlite)?;
        if changed != 1 {
            return Err(Error::internal("the definition of the table was not found"));
        }
        // Every connection reads the schema again when its version has changed.
        let version: i64 =
            self.conn.query_row("PRAGMA schema_version", [], |row| row.get(0)).map_err(error::from_sqlite)?;
        run(self.conn, &format!("PRAGMA schema_version = {}", version.wrapping_add(1)))
    }
}
