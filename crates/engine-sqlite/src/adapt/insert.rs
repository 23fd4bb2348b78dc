//! INSERT: defaults, conversions, conflicts.

use std::{collections::HashSet, sync::Arc};

use phantomdb_protocol::{Constraint, Error, ErrorCode, Result, TableSchema};
use phantomdb_sql::{
    build,
    names::last_ident,
    parse,
    printer::{literal, verbatim_ident},
};
use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, DoUpdate, Expr, Ident, Insert, ObjectName, OnConflict,
    OnConflictAction, OnInsert, Query, SetExpr, Spanned, TableAliasWithoutColumns, TableObject, Value,
    Values,
};

use super::{
    adapter::Adapter,
    assign::{self},
    direct_insert::{cells, direct_insert},
    groups::expression_of,
    literal::value_of,
    right_join::row_number,
    scope::{Columns, Output, Relation, Scope},
    single_row::refuse_further_rows,
    target::Target,
    template::{converted_source, is_plain},
    typed::{Origin, Typed},
};
use crate::stored::{print, stored_name};

impl Adapter<'_> {
    /// The result is the columns of RETURNING, and the stored name of the table.
    pub(super) fn insert(
        &mut self,
        insert: &mut Insert,
        conflict: Option<parse::ConflictTarget>,
    ) -> Result<(Option<Vec<Output>>, String)> {
        self.refuse_insert_clauses(insert)?;
        insert.optimizer_hints.clear();
        let TableObject::TableName(name) = &mut insert.table else {
            return self.unsupported("this target of an INSERT", insert.insert_token.0.span);
        };
        let table = self.source.table(name)?;
        let schema = self.existing(&table, name.span())?;
        let stored = stored_name(&table);
        *name = ObjectName::from(vec![Ident::with_quote('"', stored.clone())]);
        let mut columns: Vec<String> = Vec::with_capacity(insert.columns.len());
        for column in insert.columns.iter().filter_map(last_ident) {
            if columns.contains(&column.value) {
                let message = format!("INSERT names the column \"{}\" twice", column.value);
                let error = Error::new(ErrorCode::AlreadyExists, message).with_columns([&column.value]);
                return Err(self.at(error, column.span));
            }
            columns.push(column.value.clone());
        }
        let mut targets = targets(schema.as_deref(), &columns)?;
        if let Some(source) = &mut insert.source {
            let only_defaults = self.insert_source(source, &mut columns, &mut targets, schema.as_deref())?;
            if only_defaults {
                insert.source = None;
            }
        }
        insert.columns = columns.iter().map(|c| ObjectName::from(vec![Ident::with_quote('"', c)])).collect();
        if insert.source.is_none() {
            insert.columns.clear();
        }
        if let (Some(cells), Some(schema)) = (self.direct_cells.take(), schema.as_deref())
            && self.catalog.has_row_numbers(&table)
        {
            self.direct_insert = direct_insert(insert, &cells, &stored, schema);
        }
        require_keys(schema.as_deref(), &columns, insert.source.is_some())?;
        let exposed = match &insert.table_alias {
            Some(TableAliasWithoutColumns { explicit: _, alias }) => alias.value.clone(),
            None => stored.clone(),
        };
        let bare = (exposed == stored).then(|| table.name.clone());
        let relation_columns = schema.clone().map_or(Columns::Unknown, Columns::Table);
        let relation = Relation { bare, ..Relation::new(exposed, relation_columns) };
        self.scopes.push(Scope { relations: vec![relation], ..Scope::default() });
        let outputs = self.conflict_and_returning(insert, conflict, schema, &stored);
        self.scopes.pop();
        Ok((outputs?, stored))
    }

    /// Refuses the clauses that PhantomDB SQL does not have; `insert` adapts the others.
    fn refuse_insert_clauses(&self, insert: &Insert) -> Result<()> {
        let Insert {
            insert_token,
            optimizer_hints: _,
            or,
            ignore,
            into,
            table: _,
            table_alias: _,
            columns: _,
            overwrite,
            source: _,
            assignments,
            partitioned,
            after_columns,
            has_table_keyword,
            on: _,
            returning: _,
            output,
            replace_into,
            priority,
            insert_alias,
            settings,
            format_clause,
            multi_table_insert_type,
            multi_table_into_clauses,
            multi_table_when_clauses,
            multi_table_else_clause,
        } = insert;
        let other_form = "INSERT OR IGNORE and the like (write INSERT INTO … ON CONFLICT)";
        self.refuse(
            &[
                (or.is_some(), other_form),
                (*ignore, other_form),
                (*replace_into, other_form),
                (!assignments.is_empty(), other_form),
                (!*into, "INSERT without INTO"),
                (*overwrite, "INSERT OVERWRITE"),
                (partitioned.is_some(), "PARTITION in an INSERT"),
                (!after_columns.is_empty(), "columns after PARTITION"),
                (*has_table_keyword, "TABLE after INTO"),
                (output.is_some(), "OUTPUT"),
                (priority.is_some(), "a priority of an INSERT"),
                (insert_alias.is_some(), "an alias of the new row"),
                (settings.is_some(), "SETTINGS of an INSERT"),
                (format_clause.is_some(), "FORMAT of an INSERT"),
                (multi_table_insert_type.is_some(), "an INSERT into several tables"),
                (!multi_table_into_clauses.is_empty(), "an INSERT into several tables"),
                (!multi_table_when_clauses.is_empty(), "an INSERT into several tables"),
                (multi_table_else_clause.is_some(), "an INSERT into several tables"),
            ],
            || insert_token.0.span,
        )
    }

    fn conflict_and_returning(
        &mut self,
        insert: &mut Insert,
        conflict: Option<parse::ConflictTarget>,
        schema: Option<Arc<TableSchema>>,
        stored: &str,
    ) -> Result<Option<Vec<Output>>> {
        match &mut insert.on {
            None => {}
            Some(OnInsert::OnConflict(on)) => self.on_conflict(on, conflict, schema)?,
            Some(_) => {
                let span = insert.insert_token.0.span;
                return self.unsupported("ON DUPLICATE KEY; write ON CONFLICT: it", span);
            }
        }
        match &mut insert.returning {
            Some(items) => self.returning(items, Some(stored)),
            None => Ok(Some(Vec::new())),
        }
    }

    fn on_conflict(
        &mut self,
        on: &mut OnConflict,
        conflict: Option<parse::ConflictTarget>,
        schema: Option<Arc<TableSchema>>,
    ) -> Result<()> {
        let OnConflict { conflict_target, action } = on;
        if conflict_target.is_none() && conflict.is_none() && matches!(action, OnConflictAction::DoUpdate(_))
        {
            let message =
                "ON CONFLICT DO UPDATE needs the columns of a unique key: ON CONFLICT (id) DO UPDATE";
            return Err(Error::new(ErrorCode::SyntaxError, message));
        }
        if let Some(parse::ConflictTarget { fields, condition }) = conflict {
            let bare = std::mem::replace(&mut self.bare_columns, true);
            let target = self.conflict_target(fields, condition);
            self.bare_columns = bare;
            *conflict_target = Some(ConflictTarget::Columns(vec![verbatim_ident(target?)]));
        }
        if let Some(ConflictTarget::OnConstraint(name)) = conflict_target {
            let name = last_ident(name).map(|ident| ident.value.clone()).unwrap_or_default();
            let columns = constraint_columns(schema.as_deref(), &name)?;
            let columns = columns.into_iter().map(|column| Ident::with_quote('"', column)).collect();
            *conflict_target = Some(ConflictTarget::Columns(columns));
        }
        let DoUpdate { assignments, selection } = match action {
            OnConflictAction::DoNothing => return Ok(()),
            OnConflictAction::DoUpdate(update) => update,
        };
        let columns = schema.clone().map_or(Columns::Unknown, Columns::Table);
        self.add_relation(Relation::new("excluded".into(), columns));
        self.assignments(assignments, schema.as_deref())?;
        self.optional_condition(selection)?;
        if let Some(scope) = self.scopes.last_mut() {
            scope.relations.pop();
        }
        self.refuse_second_update(selection, schema.as_deref());
        Ok(())
    }

    /// Makes it an error that the statement meets a row which it has inserted or updated itself.
    fn refuse_second_update(&mut self, selection: &mut Option<Expr>, schema: Option<&TableSchema>) {
        let Some(schema) = schema.filter(|schema| self.catalog.has_row_numbers(&schema.table)) else {
            return;
        };
        let target = self.scopes.last().and_then(|scope| scope.relations.first());
        let (Some(target), Some(number)) = (target, row_number(schema)) else { return };
        let row = vec![Ident::with_quote('"', &target.name), Ident::with_quote('"', number)];
        let arguments = vec![literal(stored_name(&schema.table)), Expr::CompoundIdentifier(row)];
        let first = build::call("phantomdb_first_write", arguments);
        *selection = Some(match selection.take() {
            // Not AND, which SQLite leaves out beside a constant that is false.
            Some(condition) => build::call("iif", vec![first, condition, build::null()]),
            None => first,
        });
        self.updates_on_conflict = true;
    }

    /// `a, lower("b")) WHERE (c`: the text between the parentheses that are printed around the target.
    fn conflict_target(&mut self, mut fields: Vec<Expr>, condition: Option<Expr>) -> Result<String> {
        let mut target = Vec::with_capacity(fields.len());
        for field in &mut fields {
            self.expr(field)?;
            target.push(print(field)?);
        }
        let mut target = target.join(", ");
        if let Some(mut condition) = condition {
            self.expr(&mut condition)?;
            target = format!("{target}) WHERE ({}", print(&mut condition)?);
        }
        Ok(target)
    }

    /// SET, in an UPDATE and after a conflict.
    pub(super) fn assignments(
        &mut self,
        assignments: &mut Vec<Assignment>,
        schema: Option<&TableSchema>,
    ) -> Result<()> {
        let mut single = Vec::with_capacity(assignments.len());
        for Assignment { target, value } in std::mem::take(assignments) {
            match (target, value) {
                (AssignmentTarget::Tuple(names), Expr::Tuple(values)) if names.len() == values.len() => {
                    single.extend(names.into_iter().zip(values).map(|(name, value)| Assignment {
                        target: AssignmentTarget::ColumnName(name),
                        value,
                    }));
                }
                (target, value) => single.push(Assignment { target, value }),
            }
        }
        let mut assigned = HashSet::new();
        let mut values = Vec::with_capacity(single.len());
        for Assignment { target, value } in &mut single {
            let name = match target {
                AssignmentTarget::ColumnName(name) => name,
                AssignmentTarget::Tuple(names) => {
                    let columns: Vec<Ident> = names.iter().map(column_of).collect();
                    for column in &columns {
                        self.refuse_second_assignment(column, &mut assigned)?;
                    }
                    *names = columns.iter().map(|column| ObjectName::from(vec![column.clone()])).collect();
                    self.assigned_row(value, &columns, schema)?;
                    continue;
                }
            };
            let column = column_of(name);
            self.refuse_second_assignment(&column, &mut assigned)?;
            let target = schema.map(|schema| assign::target(schema, &column.value)).transpose()?;
            *name = ObjectName::from(vec![column]);
            values.push((value, target));
        }
        let values = values.iter_mut().map(|(value, target)| (&mut **value, target.as_ref()));
        self.all_assigned(values.collect())?;
        *assignments = single;
        Ok(())
    }

    fn refuse_second_assignment(&self, column: &Ident, assigned: &mut HashSet<String>) -> Result<()> {
        if assigned.insert(column.value.clone()) {
            return Ok(());
        }
        let message = format!("the column \"{}\" is assigned twice", column.value);
        Err(self.at(Error::new(ErrorCode::SyntaxError, message), column.span))
    }

    /// The value of `(a, b) = (SELECT …)`, which SQLite takes as PostgreSQL does.
    fn assigned_row(
        &mut self,
        value: &mut Expr,
        columns: &[Ident],
        schema: Option<&TableSchema>,
    ) -> Result<()> {
        let span = value.span();
        let Expr::Subquery(query) = build::unnested_mut(value) else {
            return self.unsupported("a row that is neither a list of values nor a sub-query in SET", span);
        };
        let is_single = self.has_one_row(query);
        let outputs = self.subquery(query)?;
        let width = outputs.as_ref().map_or(columns.len(), Vec::len);
        if width != columns.len() {
            let message = format!("SET names {} columns and gives {width} values", columns.len());
            return Err(self.at(Error::new(ErrorCode::SyntaxError, message), span));
        }
        let names: Vec<String> = columns.iter().map(|column| column.value.clone()).collect();
        let targets = targets(schema, &names)?;
        if !is_single {
            refuse_further_rows(query, width)?;
        }
        if targets.iter().any(Option::is_some) {
            convert_source(query, &targets, &types_of(outputs.as_deref()))?;
        }
        Ok(())
    }

    /// The rows to insert. True when every column of the one row is left to its default.
    fn insert_source(
        &mut self,
        source: &mut Query,
        columns: &mut Vec<String>,
        targets: &mut Vec<Option<Target>>,
        schema: Option<&TableSchema>,
    ) -> Result<bool> {
        if is_plain(source)
            && let SetExpr::Values(values) = source.body.as_mut()
        {
            return self.insert_values(values, columns, targets, schema);
        }
        let outputs = self.query_with_columns(source, false)?;
        let types = types_of(outputs.as_deref());
        if columns.is_empty() {
            expand(columns, targets, schema, types.len())?;
        }
        if targets.iter().any(Option::is_some) {
            note_parameters(source, targets, &types)?;
            convert_source(source, targets, &types)?;
        }
        Ok(false)
    }

    fn insert_values(
        &mut self,
        values: &mut Values,
        columns: &mut Vec<String>,
        targets: &mut Vec<Option<Target>>,
        schema: Option<&TableSchema>,
    ) -> Result<bool> {
        let rows = self.rows_of(values)?;
        let width = rows.first().map_or(0, |row| row.content.len());
        if rows.iter().any(|row| row.content.len() != width) {
            return Err(Error::new(ErrorCode::SyntaxError, "the rows of VALUES must be of one length"));
        }
        expand(columns, targets, schema, width)?;
        if !columns.is_empty() && columns.len() != width {
            let message = format!("INSERT names {} columns and gives {width} values", columns.len());
            return Err(Error::new(ErrorCode::SyntaxError, message));
        }
        for index in (0..columns.len()).rev() {
            // SQLite gives its default to a column that no row gives a value.
            if rows.iter().all(|row| assign::is_default(&row.content[index])) {
                if rows.len() > 1 && columns.len() == 1 {
                    continue;
                }
                columns.remove(index);
                targets.remove(index);
                rows.iter_mut().for_each(|row| drop(row.content.remove(index)));
            }
        }
        self.direct_cells = match rows.as_slice() {
            [row] if self.takes_rows => cells(&row.content, targets),
            _ => None,
        };
        for row in rows {
            let values = row.content.iter_mut().enumerate();
            let target = |index| targets.get(index).and_then(Option::as_ref);
            self.all_assigned(values.map(|(index, value)| (value, target(index))).collect())?;
        }
        Ok(columns.is_empty() && width > 0 && schema.is_some())
    }
}

/// The column that an assignment names, without the table.
fn column_of(name: &ObjectName) -> Ident {
    last_ident(name).cloned().unwrap_or_else(|| Ident::new(""))
}

/// The columns that are assigned to; none for each column when the table is not known.
fn targets(schema: Option<&TableSchema>, columns: &[String]) -> Result<Vec<Option<Target>>> {
    columns.iter().map(|column| schema.map(|schema| assign::target(schema, column)).transpose()).collect()
}

/// INSERT without a list of columns means the first ones of the table.
fn expand(
    columns: &mut Vec<String>,
    targets: &mut Vec<Option<Target>>,
    schema: Option<&TableSchema>,
    width: usize,
) -> Result<()> {
    if let Some(schema) = schema.filter(|_| columns.is_empty() && width > 0) {
        *columns = schema.columns.iter().take(width).map(|column| column.name.clone()).collect();
        *targets = self::targets(Some(schema), columns)?;
    }
    Ok(())
}

/// The types of a query's columns, as far as they are known.
fn types_of(outputs: Option<&[Output]>) -> Vec<Typed> {
    let computed = |output: &Output| match output.typed.origin {
        Origin::Literal if output.typed.is_unknown() => output.typed,
        _ => output.typed.computed(),
    };
    outputs.unwrap_or_default().iter().map(computed).collect()
}

/// Notes the types of the parameters that are columns of the source.
fn note_parameters(source: &Query, targets: &[Option<Target>], types: &[Typed]) -> Result<()> {
    let SetExpr::Select(select) = source.body.as_ref() else { return Ok(()) };
    for ((item, target), typed) in select.projection.iter().zip(targets).zip(types) {
        let Some(expr) = expression_of(item) else { return Ok(()) };
        if let (Some(target), Some(Value::Placeholder(_)), true) =
            (target, value_of(expr), typed.is_unknown())
        {
            target.note_parameter(expr)?;
        }
    }
    Ok(())
}

/// Puts a query around the source that converts each of its columns, which have these types.
pub(super) fn convert_source(source: &mut Query, targets: &[Option<Target>], types: &[Typed]) -> Result<()> {
    let columns: Vec<Ident> =
        (1..=targets.len()).map(|index| Ident::with_quote('"', format!("column{index}"))).collect();
    let values = columns.iter().zip(targets).enumerate().map(|(index, (column, target))| {
        let value = Expr::Identifier(column.clone());
        let typed = types.get(index).copied().unwrap_or(Typed::OTHER);
        match target {
            Some(target) => target.assign(value, typed),
            None => Ok(value),
        }
    });
    let values = values.collect::<Result<_>>()?;
    converted_source(source, columns, values)
}

/// Refuses a row without a value for an integer key, unless it is an identity column: SQLite would make up a number for
/// either.
fn require_keys(schema: Option<&TableSchema>, columns: &[String], has_rows: bool) -> Result<()> {
    let Some(schema) = schema else { return Ok(()) };
    for key in &schema.primary_key {
        // A table that another program made may spell its key in another case than the column.
        let Some(column) = schema.columns.iter().find(|column| column.name.eq_ignore_ascii_case(key)) else {
            continue;
        };
        let target = Target::new(schema, column);
        let given = has_rows && columns.iter().any(|column| column.eq_ignore_ascii_case(key));
        if !given && target.is_required_key() {
            return Err(target.missing());
        }
    }
    Ok(())
}

/// The columns of a unique constraint or index.
fn constraint_columns(schema: Option<&TableSchema>, name: &str) -> Result<Vec<String>> {
    let schema = schema.ok_or_else(|| Error::unsupported("ON CONSTRAINT of a table that is not known"))?;
    let constraint = schema.constraints.iter().find(|constraint| constraint.name() == Some(name));
    match constraint {
        Some(Constraint::PrimaryKey { name: _, columns } | Constraint::Unique { name: _, columns }) => {
            Ok(columns.clone())
        }
        _ => Err(Error::new(
            ErrorCode::UnknownConstraint,
            format!("table \"{}\" has no unique constraint \"{name}\"", schema.table),
        )
        .with_table(schema.table.to_string())
        .with_constraint(name)),
    }
}
