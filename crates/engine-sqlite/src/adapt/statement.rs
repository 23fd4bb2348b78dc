//! Statements, dispatched by their kind.

use phantomdb_protocol::{ColumnType, ErrorCode, Result, TableName};
use phantomdb_sql::{
    Kind, alter_table,
    insert_rows::returns_given_row,
    names::last_ident,
    parse::{self, ConflictTarget, Parsed},
    typing::Type,
    walk::change_expressions,
};
use phantomdb_values::arrays;
use sqlparser::{
    ast::{
        AlterTable, ColumnDef, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Insert, ObjectName,
        ObjectNamePart, ObjectType, Query, SetExpr, ShowStatementOptions, Spanned, Statement, Update,
    },
    tokenizer::{Span, TokenWithSpan},
};

use super::{
    adapted::{Adapted, Change, Created, WriteKind, WriteTarget},
    adapter::Adapter,
    create_table::has_foreign_keys,
    scope::Output,
    source_columns::assigned_columns,
    template::has_clauses,
    typed::{Origin, Typed},
    words::is_word,
    writing_with::has_writes,
};
use crate::{rows::Stored, schemas, source_expressions, stored::print, system_columns};

/// Writes `ROW(a, b)` as `(a, b)`, which means the same.
fn plain_row(expr: &mut Expr) {
    let Expr::Function(function) = expr else { return };
    let is_row =
        matches!(function.name.0.as_slice(), [ObjectNamePart::Identifier(name)] if is_word(name, "row"));
    let FunctionArguments::List(list) = &mut function.args else { return };
    let is_value =
        |argument: &FunctionArg| matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Expr(_)));
    if !is_row || !list.args.iter().all(is_value) {
        return;
    }
    let values = std::mem::take(&mut list.args).into_iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => Some(value),
        _ => None,
    });
    *expr = Expr::Tuple(values.collect());
}

/// How values of the type are stored, when they travel in another form.
fn stored_form(data_type: Type) -> Option<Stored> {
    if data_type == Type::Real {
        return Some(Stored::Real);
    }
    let kind = arrays::Kind::named(&data_type.element()?.short_name());
    kind.travels_otherwise().then_some(Stored::Array(kind))
}

/// How a column of the result travels. A string in quotes and NULL are text there.
fn wire_of_output(typed: Typed) -> Option<ColumnType> {
    let is_text = typed.is_unknown() && typed.origin == Origin::Literal;
    typed.wire.or(is_text.then_some(ColumnType::String))
}

/// The result of a statement that gives rows or changes them.
pub(super) struct Rows {
    kind: Kind,
    pub(super) returns_rows: bool,
    /// The columns of the result; none when they are not known.
    pub(super) outputs: Option<Vec<Output>>,
    pub(super) target: Option<WriteTarget>,
}

impl Rows {
    fn written(outputs: Option<Vec<Output>>, returns_rows: bool, target: Option<WriteTarget>) -> Self {
        Self { kind: Kind::Write, returns_rows, outputs, target }
    }
}

impl Adapter<'_> {
    pub(super) fn statement(&mut self, tokens: Vec<TokenWithSpan>) -> Result<Adapted> {
        self.allow_expressions(tokens.len());
        match parse::statement(self.source.sql, tokens)? {
            Parsed::SetConstraints { deferred } => {
                let value = if deferred { "ON" } else { "OFF" };
                Ok(self.done(Kind::Write, vec![format!("PRAGMA defer_foreign_keys = {value}")]))
            }
            Parsed::RenameIndex { from, to, if_exists } => {
                let from = self.source.table(&from)?;
                let mut to = self.source.table(&to)?;
                to.schema.clone_from(&from.schema);
                Ok(self.change(Change::RenameIndex { from, to, if_exists }))
            }
            // There is one writer at a time, and readers do not wait for it.
            Parsed::DropIndexConcurrently(mut statement) => self.by_kind(&mut statement, None),
            Parsed::Statement { mut statement, conflict } => {
                self.returns_given_row = returns_given_row(&statement);
                self.mark_defaults(&mut statement);
                change_expressions(statement.as_mut(), &mut plain_row);
                self.by_kind(&mut statement, conflict.map(|conflict| *conflict))
            }
        }
    }

    fn by_kind(&mut self, statement: &mut Statement, conflict: Option<ConflictTarget>) -> Result<Adapted> {
        match statement {
            Statement::Query(query) if has_writes(query) => self.writing_with(statement, conflict),
            Statement::Query(query) => {
                let rows = self.top_query(query, conflict)?;
                self.printed(statement, rows)
            }
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => {
                let rows = self.write(statement, conflict)?;
                self.printed(statement, rows)
            }
            Statement::Truncate(truncate) => {
                let (statements, table) = self.truncate(truncate)?;
                let target = table.map(|table| WriteTarget::new(table, WriteKind::Delete));
                Ok(Adapted { target, ..self.done(Kind::Write, statements) })
            }
            Statement::Explain {
                // DESCRIBE and EXPLAIN QUERY PLAN are other spellings.
                describe_alias: _,
                query_plan: _,
                analyze,
                verbose,
                estimate,
                statement,
                format,
                options,
            } => {
                let refused = [
                    (*analyze, "EXPLAIN ANALYZE"),
                    (*verbose, "EXPLAIN VERBOSE"),
                    (*estimate, "EXPLAIN ESTIMATE"),
                    (format.is_some(), "FORMAT in EXPLAIN"),
                    (options.is_some(), "an option of EXPLAIN"),
                ];
                self.refuse(&refused, || statement.span())?;
                self.explain(statement, conflict)
            }
            Statement::ShowSchemas { terse, history, show_options } => {
                let ShowStatementOptions { show_in, starts_with, limit, limit_from, filter_position } =
                    show_options;
                let refused = [
                    (*terse, "SHOW TERSE SCHEMAS"),
                    (*history, "HISTORY in SHOW SCHEMAS"),
                    (show_in.is_some(), "IN in SHOW SCHEMAS"),
                    (starts_with.is_some(), "STARTS WITH in SHOW SCHEMAS"),
                    (limit.is_some() || limit_from.is_some(), "LIMIT in SHOW SCHEMAS"),
                    (filter_position.is_some(), "a filter in SHOW SCHEMAS"),
                ];
                self.refuse(&refused, Span::empty)?;
                Ok(self.show_schemas())
            }
            other => match Kind::of_control(other)? {
                Some(kind) => Ok(self.done(kind, Vec::new())),
                None => self.definition(other),
            },
        }
    }

    fn definition(&mut self, statement: &mut Statement) -> Result<Adapted> {
        match statement {
            Statement::CreateTable(create) => {
                let name = self.source.table(&create.name)?;
                for ColumnDef { name, data_type: _, options: _ } in &create.columns {
                    system_columns::refuse(&name.value).map_err(|error| self.at(error, name.span))?;
                }
                let rows = self.create_table(create)?;
                let has_foreign_keys = has_foreign_keys(create);
                let mut statements =
                    name.schema.as_deref().map(schemas::create_if_missing).unwrap_or_default();
                statements.extend(self.store_source_expressions(&create.name));
                statements.push(print(statement)?);
                statements.extend(rows);
                let created = Some(Created { name, is_table: true, has_foreign_keys });
                Ok(Adapted { created, ..self.done(Kind::Schema, statements) })
            }
            Statement::CreateIndex(create) => {
                let name = self.create_index(create)?;
                let mut statements = self.store_source_expressions(&create.table_name);
                statements.push(print(statement)?);
                let created = Some(Created { name, is_table: false, has_foreign_keys: false });
                Ok(Adapted { created, ..self.done(Kind::Schema, statements) })
            }
            Statement::CreateView(view) => {
                let name = self.source.table(&view.name)?;
                let created = Some(Created { name, is_table: false, has_foreign_keys: false });
                let sql = self.create_view(statement)?;
                Ok(Adapted { created, ..self.done(Kind::Schema, vec![sql]) })
            }
            Statement::AlterTable(alter) => self.alter_table(alter),
            Statement::Drop {
                object_type: object_type @ (ObjectType::View | ObjectType::Index),
                if_exists,
                names,
                cascade,
                // RESTRICT is the default.
                restrict: _,
                purge,
                temporary,
                table,
            } => {
                let is_view = *object_type == ObjectType::View;
                let span = names.first().map_or_else(Span::empty, Spanned::span);
                let refused = [
                    (*cascade && !is_view, "CASCADE in DROP INDEX"),
                    (*purge, "PURGE in a DROP"),
                    (*temporary, "TEMPORARY in a DROP"),
                    (table.is_some(), "ON in a DROP"),
                ];
                self.refuse(&refused, || span)?;
                let (names, if_exists, cascade) = (self.source.tables(names)?, *if_exists, *cascade);
                Ok(self.change(if is_view {
                    Change::DropViews { views: names, if_exists, cascade }
                } else {
                    Change::DropIndexes { indexes: names, if_exists }
                }))
            }
            other => match self.source.schema_change(other)? {
                Some(change) => Ok(self.change(Change::Schema(change))),
                None => Ok(self.done(Kind::Nothing, Vec::new())),
            },
        }
    }

    /// The statements that keep the user's text of a definition's expressions.
    fn store_source_expressions(&self, table: &ObjectName) -> Vec<String> {
        last_ident(table)
            .map(|table| source_expressions::insert_statements(&table.value, &self.source_expressions))
            .unwrap_or_default()
    }

    fn alter_table(&self, alter: &mut AlterTable) -> Result<Adapted> {
        let AlterTable {
            name,
            if_exists,
            // PhantomDB SQL has no inherited tables, so ONLY changes nothing.
            only: _,
            // The reader takes each operation apart.
            operations: _,
            location,
            on_cluster,
            table_type,
            end_token: _,
        } = &*alter;
        self.refuse(
            &[
                (location.is_some(), "SET LOCATION"),
                (on_cluster.is_some(), "ON CLUSTER"),
                (table_type.is_some(), "ALTER of anything but a table"),
            ],
            || name.span(),
        )?;
        if *if_exists
            && let Err(error) = self.existing(&self.source.table(name)?, name.span())
            && error.code == ErrorCode::UnknownTable
        {
            return Ok(self.done(Kind::Schema, Vec::new()));
        }
        let reader = alter_table::AlterTableReader { source: self.source, catalog: self.catalog };
        let (table, operations) = reader.alter_table(alter)?;
        Ok(self.change(Change::Alter { table, operations }))
    }

    /// A query, or a write after WITH.
    pub(super) fn top_query(&mut self, query: &mut Query, conflict: Option<ConflictTarget>) -> Result<Rows> {
        if !matches!(query.body.as_ref(), SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_)) {
            let outputs = self.query(query)?;
            let kind = if self.locking { Kind::LockingRead } else { Kind::Read };
            return Ok(Rows { kind, returns_rows: true, outputs, target: None });
        }
        let clauses = [(has_clauses(query), "a clause of a query after a statement that writes")];
        self.refuse(&clauses, || query.span())?;
        if let Some(with) = &mut query.with {
            self.with(with)?;
        }
        match query.body.as_mut() {
            SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement) => {
                self.write(statement, conflict)
            }
            other => {
                let span = other.span();
                self.unsupported("this query", span)
            }
        }
    }

    /// INSERT, UPDATE or DELETE, alone or after WITH.
    pub(super) fn write(
        &mut self,
        statement: &mut Statement,
        conflict: Option<ConflictTarget>,
    ) -> Result<Rows> {
        match statement {
            Statement::Insert(insert) => self.insert_rows(insert, conflict),
            Statement::Update(update) => self.update_rows(update),
            Statement::Delete(delete) => {
                let (outputs, table) = self.delete(delete)?;
                let target = table.map(|table| WriteTarget::new(table, WriteKind::Delete));
                Ok(Rows::written(outputs, delete.returning.is_some(), target))
            }
            other => {
                let span = other.span();
                self.unsupported("this statement after WITH", span)
            }
        }
    }

    fn insert_rows(&mut self, insert: &mut Insert, conflict: Option<ConflictTarget>) -> Result<Rows> {
        let (outputs, table) = self.insert(insert, conflict)?;
        let kind = WriteKind::Insert { reads_rows: self.reads_rows };
        Ok(Rows::written(outputs, insert.returning.is_some(), Some(WriteTarget::new(table, kind))))
    }

    fn update_rows(&mut self, update: &mut Update) -> Result<Rows> {
        let assigned = assigned_columns(&update.assignments).collect();
        let (outputs, table) = self.update(update)?;
        let target = table.map(|table| WriteTarget {
            assigned: Some(assigned),
            ..WriteTarget::new(table, WriteKind::Update)
        });
        Ok(Rows::written(outputs, update.returning.is_some(), target))
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
        let sql = if self.catalog.table(&TableName::new(schemas::TABLE.name())).is_some() {
            format!("SELECT name AS schema_name FROM \"{}\" ORDER BY name", schemas::TABLE.name())
        } else {
            "SELECT NULL AS schema_name WHERE FALSE".to_owned()
        };
        Adapted {
            returns_rows: true,
            column_types: vec![Some(ColumnType::String)],
            ..self.done(Kind::Read, vec![sql])
        }
    }

    fn change(&self, change: Change) -> Adapted {
        Adapted { change: Some(change), ..self.done(Kind::Schema, Vec::new()) }
    }

    fn done(&self, kind: Kind, statements: Vec<String>) -> Adapted {
        Adapted {
            statements,
            steps: Vec::new(),
            kind,
            returns_rows: false,
            column_types: Vec::new(),
            expression_types: Vec::new(),
            stored: Vec::new(),
            column_names: Vec::new(),
            parameter_count: self.parameter_count,
            written: Vec::new(),
            known_types: Vec::new(),
            open_parameters: Vec::new(),
            takes_rows: self.takes_rows,
            direct_insert: self.direct_insert.clone(),
            updates_on_conflict: self.updates_on_conflict,
            returns_given_row: self.returns_given_row,
            change: None,
            created: None,
            target: None,
        }
    }

    pub(super) fn printed(&self, statement: &mut Statement, rows: Rows) -> Result<Adapted> {
        let Rows { kind, returns_rows, outputs, target } = rows;
        let outputs = if returns_rows { outputs.unwrap_or_default() } else { Vec::new() };
        for output in &outputs {
            if output.typed.is(Type::Record) {
                return self
                    .unsupported("a whole row as a column of the result; name its columns", Span::empty());
            }
        }
        Ok(Adapted {
            returns_rows,
            column_names: outputs.iter().map(|output| output.name.clone()).collect(),
            expression_types: outputs
                .iter()
                .map(|output| (output.typed.data_type, output.typed.nullable))
                .collect(),
            stored: outputs.iter().map(|output| stored_form(output.typed.data_type)).collect(),
            column_types: outputs.into_iter().map(|output| wire_of_output(output.typed)).collect(),
            target,
            ..self.done(kind, vec![print(statement)?])
        })
    }
}
