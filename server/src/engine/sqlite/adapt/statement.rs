//! Each kind of statement.

use phantomdb_protocol::{Result, TableName};
use sqlparser::{
    ast::{ObjectType, Query, SetExpr, Spanned, Statement},
    tokenizer::TokenWithSpan,
};

use super::{
    Adapted, Adapter, Kind, SchemaChange, parse,
    parse::{ConflictTarget, Parsed},
    scope::{Output, stored_name, table_name},
    seal,
    seal::quote_identifier,
};

impl Adapter<'_> {
    pub(super) fn statement(&mut self, tokens: Vec<TokenWithSpan>) -> Result<Adapted> {
        match parse::statement(self.sql, tokens)? {
            Parsed::SetConstraints { deferred } => {
                let value = if deferred { "ON" } else { "OFF" };
                Ok(self.done(Kind::Write, vec![format!("PRAGMA defer_foreign_keys = {value}")]))
            }
            Parsed::Statement { mut statement, conflict } => {
                self.by_kind(&mut statement, conflict.map(|conflict| *conflict))
            }
        }
    }

    fn by_kind(&mut self, statement: &mut Statement, conflict: Option<ConflictTarget>) -> Result<Adapted> {
        match statement {
            Statement::Query(query) => {
                let (outputs, kind, returns_rows) = self.top_query(query, conflict)?;
                let sql = seal::print(statement)?;
                Ok(self.rows(kind, sql, outputs, returns_rows))
            }
            Statement::Insert(insert) => {
                let outputs = self.insert(insert, conflict)?;
                let returns_rows = insert.returning.is_some();
                let sql = seal::print(statement)?;
                Ok(self.rows(Kind::Write, sql, outputs, returns_rows))
            }
            Statement::Update(update) => {
                let outputs = self.update(update)?;
                let returns_rows = update.returning.is_some();
                let sql = seal::print(statement)?;
                Ok(self.rows(Kind::Write, sql, outputs, returns_rows))
            }
            Statement::Delete(delete) => {
                let outputs = self.delete(delete)?;
                let returns_rows = delete.returning.is_some();
                let sql = seal::print(statement)?;
                Ok(self.rows(Kind::Write, sql, outputs, returns_rows))
            }
            Statement::Truncate(truncate) => {
                let statements = self.truncate(truncate)?;
                Ok(self.done(Kind::Write, statements))
            }
            Statement::Explain { statement, .. } => self.explain(statement, conflict),
            Statement::Savepoint { name } => Ok(self.done(Kind::Savepoint(name.value.clone()), Vec::new())),
            Statement::ReleaseSavepoint { name } => {
                Ok(self.done(Kind::Release(name.value.clone()), Vec::new()))
            }
            Statement::Rollback { savepoint: Some(name), .. } => {
                Ok(self.done(Kind::RollbackTo(name.value.clone()), Vec::new()))
            }
            Statement::Rollback { savepoint: None, .. } => Ok(self.done(Kind::Rollback, Vec::new())),
            Statement::Commit { .. } => Ok(self.done(Kind::Commit, Vec::new())),
            Statement::StartTransaction { .. } => Ok(self.done(Kind::Begin, Vec::new())),
            Statement::Set(_) | Statement::CreateSchema { .. } | Statement::Comment { .. } => {
                Ok(self.done(Kind::Nothing, Vec::new()))
            }
            _ => self.definition(statement),
        }
    }

    fn definition(&mut self, statement: &mut Statement) -> Result<Adapted> {
        match statement {
            Statement::CreateTable(create) => {
                self.create_table(create)?;
                let sql = seal::print(statement)?;
                Ok(self.done(Kind::Schema, vec![sql]))
            }
            Statement::CreateIndex(create) => {
                self.create_index(create)?;
                let sql = seal::print(statement)?;
                Ok(self.done(Kind::Schema, vec![sql]))
            }
            Statement::CreateView(view) => {
                self.create_view(view)?;
                let sql = seal::print(statement)?;
                Ok(self.done(Kind::Schema, vec![sql]))
            }
            Statement::AlterTable(alter) => {
                let (table, operations) = self.alter_table(alter)?;
                let mut adapted = self.done(Kind::Schema, Vec::new());
                adapted.change = Some(SchemaChange::Alter { table, operations });
                Ok(adapted)
            }
            Statement::Drop { object_type, names, if_exists, cascade, .. } => {
                let (if_exists, cascade) = (*if_exists, *cascade);
                let mut tables = Vec::with_capacity(names.len());
                for name in names.iter() {
                    match table_name(name) {
                        Some(table) => tables.push(table),
                        None => return self.unsupported("a name of more than two parts", name.span()),
                    }
                }
                self.drop_objects(*object_type, tables, if_exists, cascade, names[0].span())
            }
            other => {
                let name: String = other.to_string().split(' ').take(2).collect::<Vec<_>>().join(" ");
                let span = other.span();
                self.unsupported(&format!("the statement {name}"), span)
            }
        }
    }

    fn drop_objects(
        &mut self,
        object_type: ObjectType,
        tables: Vec<TableName>,
        if_exists: bool,
        cascade: bool,
        span: sqlparser::tokenizer::Span,
    ) -> Result<Adapted> {
        let condition = if if_exists { "IF EXISTS " } else { "" };
        let each = |what: &str, tables: &[TableName]| {
            tables
                .iter()
                .map(|table| format!("DROP {what} {condition}{}", quote_identifier(&stored_name(table))))
                .collect::<Vec<_>>()
        };
        match object_type {
            ObjectType::Table => {
                let mut adapted = self.done(Kind::Schema, Vec::new());
                adapted.change = Some(SchemaChange::DropTables { tables, if_exists, cascade });
                Ok(adapted)
            }
            ObjectType::View => Ok(self.done(Kind::Schema, each("VIEW", &tables))),
            ObjectType::Index => Ok(self.done(Kind::Schema, each("INDEX", &tables))),
            ObjectType::Schema => {
                let all = self.catalog.tables().into_iter();
                let inside: Vec<TableName> = all
                    .filter(|table| {
                        tables.iter().any(|schema| table.schema.as_deref() == Some(schema.name.as_str()))
                    })
                    .collect();
                if inside.is_empty() {
                    return Ok(self.done(Kind::Nothing, Vec::new()));
                }
                if !cascade {
                    return Err(phantomdb_protocol::Error::new(
                        phantomdb_protocol::ErrorCode::BadRequest,
                        "the schema has tables; drop them first, or use CASCADE",
                    ));
                }
                let mut adapted = self.done(Kind::Schema, Vec::new());
                adapted.change =
                    Some(SchemaChange::DropTables { tables: inside, if_exists: true, cascade: true });
                Ok(adapted)
            }
            other => self.unsupported(&format!("DROP {other}"), span),
        }
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
