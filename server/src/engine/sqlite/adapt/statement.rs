//! Each kind of statement.

use phantomdb_protocol::{ColumnType, Result, TableName};
use sqlparser::{
    ast::{CommentObject, ObjectName, ObjectType, Query, SchemaName, SetExpr, Spanned, Statement},
    tokenizer::TokenWithSpan,
};

use super::{
    Adapted, Adapter, Kind, SchemaChange, alter_table, names,
    names::table_name,
    parse,
    parse::{ConflictTarget, Parsed},
    scope::{Output, stored_name},
    seal::quote_identifier,
};
use crate::engine::sqlite::{registry, written};

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
            Statement::Set(_) => Ok(self.done(Kind::Nothing, Vec::new())),
            Statement::ShowSchemas { .. } => Ok(self.show_schemas()),
            _ => self.definition(statement),
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
                let reader = alter_table::Reader { source: super::source(self.sql), catalog: self.catalog };
                let (table, operations) = reader.alter_table(alter)?;
                Ok(self.change(SchemaChange::Alter { table, operations }))
            }
            Statement::CreateSchema { schema_name: SchemaName::Simple(name), if_not_exists, .. } => {
                let Some(TableName { name, schema: None }) = table_name(name) else {
                    return self.unsupported("a schema name of several parts", statement.span());
                };
                Ok(self.change(SchemaChange::CreateSchema { name, if_not_exists: *if_not_exists }))
            }
            Statement::Comment { object_type, object_name, comment, .. } => {
                let (object_type, comment) = (*object_type, comment.take());
                self.comment(object_type, object_name, comment)
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
            ObjectType::Table => Ok(self.change(SchemaChange::DropTables { tables, if_exists, cascade })),
            ObjectType::View => Ok(self.done(Kind::Schema, each("VIEW", &tables))),
            ObjectType::Index => Ok(self.done(Kind::Schema, each("INDEX", &tables))),
            ObjectType::Schema => {
                let names = tables.into_iter().map(|schema| schema.name).collect();
                Ok(self.change(SchemaChange::DropSchemas { names, if_exists, cascade }))
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

    fn comment(
        &mut self,
        object_type: CommentObject,
        object: &ObjectName,
        comment: Option<String>,
    ) -> Result<Adapted> {
        let mut parts = object.clone();
        let column = match object_type {
            CommentObject::Table => None,
            CommentObject::Column => parts.0.pop().and_then(|part| Some(part.as_ident()?.value.clone())),
            other => return self.unsupported(&format!("COMMENT ON {other}"), object.span()),
        };
        let is_complete = column.is_some() || matches!(object_type, CommentObject::Table);
        match table_name(&parts) {
            Some(table) if is_complete => Ok(self.change(SchemaChange::Comment { table, column, comment })),
            _ => self.unsupported("a comment on this name", object.span()),
        }
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
    fn change(&self, change: SchemaChange) -> Adapted {
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
