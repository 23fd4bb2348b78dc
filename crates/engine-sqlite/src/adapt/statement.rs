//! Each kind of statement.

use phantomdb_protocol::{ColumnType, Result, TableName};
use sqlparser::{
    ast::{ObjectName, ObjectType, Query, SetExpr, Spanned, Statement},
    tokenizer::TokenWithSpan,
};

use super::{
    Adapted, Adapter, Change, Kind, alter_table, names,
    names::table_name,
    parse,
    parse::{ConflictTarget, Parsed},
    printer::quote_identifier,
    scope::{Output, stored_name},
};
use crate::{registry, written};

impl Adapter<'_> {
    pub(super) fn statement(&mut self, tokens: Vec<TokenWithSpan>) -> Result<Adapted> {
        match parse::statement(self.source.sql, tokens)? {
            Parsed::SetConstraints { deferred } => {
                let value = if deferred { "ON" } else { "OFF" };
                Ok(self.done(Kind::Write, vec![format!("PRAGMA defer_foreign_keys = {value}")]))
            }
            Parsed::Statement { mut statement, conflict } => {
                self.by_kind(&mut statement, conflict.map(|conflict| *conflict))
            }
        }
    }

    /// The statements that keep how the expressions of a definition were written.
    fn noted(&self, table: &ObjectName) -> Vec<String> {
        names::last_ident(table).map(|table| written::note(&table.value, &self.written)).unwrap_or_default()
    }

    fn by_kind(&mut self, statement: &mut Statement, conflict: Option<ConflictTarget>) -> Result<Adapted> {
        match statement {
            Statement::Query(query) => {
                let (outputs, kind, returns_rows) = self.top_query(query, conflict)?;
                let sql = super::print(statement)?;
                Ok(self.rows(kind, sql, outputs, returns_rows))
            }
            Statement::Insert(insert) => {
                let outputs = self.insert(insert, conflict)?;
                let returns_rows = insert.returning.is_some();
                let sql = super::print(statement)?;
                Ok(self.rows(Kind::Write, sql, outputs, returns_rows))
            }
            Statement::Update(update) => {
                let outputs = self.update(update)?;
                let returns_rows = update.returning.is_some();
                let sql = super::print(statement)?;
                Ok(self.rows(Kind::Write, sql, outputs, returns_rows))
            }
            Statement::Delete(delete) => {
                let outputs = self.delete(delete)?;
                let returns_rows = delete.returning.is_some();
                let sql = super::print(statement)?;
                Ok(self.rows(Kind::Write, sql, outputs, returns_rows))
            }
            Statement::Truncate(truncate) => {
                let statements = self.truncate(truncate)?;
                Ok(self.done(Kind::Write, statements))
            }
            Statement::Explain { statement, .. } => self.explain(statement, conflict),
            Statement::ShowSchemas { .. } => Ok(self.show_schemas()),
            other => match Kind::of_control(other) {
                Some(kind) => Ok(self.done(kind, Vec::new())),
                None => self.definition(other),
            },
        }
    }

    fn definition(&mut self, statement: &mut Statement) -> Result<Adapted> {
        match statement {
            Statement::CreateTable(create) => {
                let schema = table_name(&create.name).and_then(|table| table.schema);
                self.create_table(create)?;
                let mut statements = schema.map(|schema| registry::note_schema(&schema)).unwrap_or_default();
                statements.extend(self.noted(&create.name));
                statements.push(super::print(statement)?);
                Ok(self.done(Kind::Schema, statements))
            }
            Statement::CreateIndex(create) => {
                self.create_index(create)?;
                let mut statements = self.noted(&create.table_name);
                statements.push(super::print(statement)?);
                Ok(self.done(Kind::Schema, statements))
            }
            Statement::CreateView(view) => {
                self.create_view(view)?;
                let sql = super::print(statement)?;
                Ok(self.done(Kind::Schema, vec![sql]))
            }
            Statement::AlterTable(alter) => {
                let reader = alter_table::AlterTableReader { source: self.source, catalog: self.catalog };
                let (table, operations) = reader.alter_table(alter)?;
                if operations.is_empty() {
                    return Ok(self.done(Kind::Schema, Vec::new()));
                }
                Ok(self.change(Change::Alter { table, operations }))
            }
            Statement::Drop { object_type: ObjectType::View, names, if_exists, .. } => {
                self.drop_each("VIEW", names, *if_exists)
            }
            Statement::Drop { object_type: ObjectType::Index, names, if_exists, .. } => {
                self.drop_each("INDEX", names, *if_exists)
            }
            other => Ok(self.change(Change::Schema(self.source.schema_change(other)?))),
        }
    }

    fn drop_each(&self, what: &str, names: &[ObjectName], if_exists: bool) -> Result<Adapted> {
        let condition = if if_exists { "IF EXISTS " } else { "" };
        let names = self.source.tables(names)?;
        let drop = |name| format!("DROP {what} {condition}{}", quote_identifier(&stored_name(name)));
        Ok(self.done(Kind::Schema, names.iter().map(drop).collect()))
    }

    /// A query, or a change after WITH.
    fn top_query(
        &mut self,
        query: &mut Query,
        conflict: Option<ConflictTarget>,
    ) -> Result<(Option<Vec<Output>>, Kind, bool)> {
        if !matches!(query.body.as_ref(), SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_)) {
            let outputs = self.query(query)?;
            let kind = if self.locking { Kind::LockingRead } else { Kind::Read };
            return Ok((outputs, kind, true));
        }
        if let Some(with) = &mut query.with {
            self.with(with)?;
        }
        let (SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement)) =
            query.body.as_mut()
        else {
            return self.unsupported("this query", query.span());
        };
        match statement {
            Statement::Insert(insert) => {
                let outputs = self.insert(insert, conflict)?;
                Ok((outputs, Kind::Write, insert.returning.is_some()))
            }
            Statement::Update(update) => Ok((self.update(update)?, Kind::Write, update.returning.is_some())),
            Statement::Delete(delete) => Ok((self.delete(delete)?, Kind::Write, delete.returning.is_some())),
            other => {
                let span = other.span();
                self.unsupported("this statement after WITH", span)
            }
        }
    }

    fn explain(&mut self, statement: &mut Statement, conflict: Option<ConflictTarget>) -> Result<Adapted> {
        let inner = self.by_kind(statement, conflict)?;
        let Some(sql) = inner.statements.last() else {
            return self.unsupported("EXPLAIN of this statement", statement.span());
        };
        let mut adapted = self.done(Kind::Read, vec![format!("EXPLAIN QUERY PLAN {sql}")]);
        adapted.returns_rows = true;
        Ok(adapted)
    }

    fn show_schemas(&self) -> Adapted {
        let sql = if self.catalog.table(&TableName::new(registry::SCHEMAS)).is_some() {
            format!("SELECT name AS schema_name FROM \"{}\" ORDER BY name", registry::SCHEMAS)
        } else {
            "SELECT NULL AS schema_name WHERE FALSE".to_owned()
        };
        Adapted {
            returns_rows: true,
            column_types: vec![Some(ColumnType::String)],
            ..self.done(Kind::Read, vec![sql])
        }
    }

    /// A change that takes more than statements.
    fn change(&self, change: Change) -> Adapted {
        Adapted { change: Some(change), ..self.done(Kind::Schema, Vec::new()) }
    }

    fn done(&self, kind: Kind, statements: Vec<String>) -> Adapted {
        Adapted {
            statements,
            kind,
            returns_rows: false,
            column_types: Vec::new(),
            parameter_count: self.parameter_count,
            change: None,
        }
    }

    fn rows(&self, kind: Kind, sql: String, outputs: Option<Vec<Output>>, returns_rows: bool) -> Adapted {
        let column_types = if returns_rows { outputs.unwrap_or_default() } else { Vec::new() };
        Adapted {
            returns_rows,
            column_types: column_types.into_iter().map(|output| output.typed.column_type).collect(),
            ..self.done(kind, vec![sql])
        }
    }
}
