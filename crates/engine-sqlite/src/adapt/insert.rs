//! INSERT: defaults, conversions, conflicts.

use std::sync::Arc;

use phantomdb_protocol::{Constraint, Error, ErrorCode, Result, TableSchema};
use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget as AstTarget, DoUpdate, Expr, Ident, Insert, ObjectName,
    OnConflict, OnConflictAction, OnInsert, Query, SelectItem, SetExpr, TableAlias, TableObject,
};

use super::{
    Adapter, assign,
    assign::Target,
    names::last_ident,
    parse::ConflictTarget,
    printer,
    query::parsed_query,
    scope::{Columns, Output, Relation, Scope, stored_name},
};

impl Adapter<'_> {
    /// The answer is the columns of RETURNING.
    pub(super) fn insert(
        &mut self,
        insert: &mut Insert,
        conflict: Option<ConflictTarget>,
    ) -> Result<Option<Vec<Output>>> {
        let span = insert.insert_token.0.span;
        if insert.or.is_some() || insert.ignore || insert.replace_into || !insert.assignments.is_empty() {
            return self.unsupported("this form of INSERT; write INSERT INTO … ON CONFLICT: it", span);
        }
        let TableObject::TableName(name) = &mut insert.table else {
            return self.unsupported("this target of an INSERT", span);
        };
        let table = self.source.table(name)?;
        let stored = stored_name(&table);
        *name = ObjectName::from(vec![Ident::with_quote('"', stored.clone())]);
        let schema = self.catalog.table(&table);
        let mut columns: Vec<String> = Vec::with_capacity(insert.columns.len());
        for column in &insert.columns {
            columns.extend(last_ident(column).map(|ident| ident.value.clone()));
        }
        let mut targets = targets(schema.as_deref(), &columns)?;
        if let Some(source) = &mut insert.source {
            let dropped = self.source(source, &mut columns, &mut targets, schema.as_deref())?;
            if dropped {
                insert.source = None;
            }
        }
        insert.columns = columns.iter().map(|c| ObjectName::from(vec![Ident::with_quote('"', c)])).collect();
        if insert.source.is_none() {
            insert.columns.clear();
        }
        require_keys(schema.as_deref(), &columns, insert.source.is_some())?;
        let exposed =
            insert.table_alias.as_ref().map_or_else(|| stored.clone(), |alias| alias.alias.value.clone());
        let bare = (exposed == stored).then(|| table.name.clone());
        let known = schema.clone().map_or(Columns::Unknown, Columns::Table);
        let relation = Relation { name: exposed, bare, columns: known, outer: false };
        self.scopes.push(Scope { relations: vec![relation], ..Scope::default() });
        let outputs = self.conflict_and_returning(insert, conflict, schema);
        self.scopes.pop();
        outputs
    }

    fn conflict_and_returning(
        &mut self,
        insert: &mut Insert,
        conflict: Option<ConflictTarget>,
        schema: Option<Arc<TableSchema>>,
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
            Some(items) => {
                let TableObject::TableName(name) = &insert.table else { return Ok(None) };
                let stored = last_ident(name).map(|ident| ident.value.clone());
                self.returning(items, stored.as_deref())
            }
            None => Ok(Some(Vec::new())),
        }
    }

    fn on_conflict(
        &mut self,
        on: &mut OnConflict,
        conflict: Option<ConflictTarget>,
        schema: Option<Arc<TableSchema>>,
    ) -> Result<()> {
        if let Some(ConflictTarget { fields, condition }) = conflict {
            let bare = std::mem::replace(&mut self.bare_columns, true);
            let target = self.conflict_target(fields, condition);
            self.bare_columns = bare;
            on.conflict_target = Some(AstTarget::Columns(vec![printer::verbatim_ident(target?)]));
        }
        if let Some(AstTarget::OnConstraint(name)) = &on.conflict_target {
            let name = last_ident(name).map(|ident| ident.value.clone()).unwrap_or_default();
            let columns = constraint_columns(schema.as_deref(), &name)?;
            let columns = columns.into_iter().map(|column| Ident::with_quote('"', column)).collect();
            on.conflict_target = Some(AstTarget::Columns(columns));
        }
        let OnConflictAction::DoUpdate(DoUpdate { assignments, selection }) = &mut on.action else {
            return Ok(());
        };
        let columns = schema.clone().map_or(Columns::Unknown, Columns::Table);
        self.bring(Relation { name: "excluded".into(), bare: None, columns, outer: false });
        self.assignments(assignments, schema.as_deref())?;
        if let Some(condition) = selection {
            self.expr(condition)?;
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.relations.pop();
        }
        Ok(())
    }

    /// `a, lower("b")) WHERE (c`: what stands between the parentheses that are printed around the target.
    fn conflict_target(&mut self, mut fields: Vec<Expr>, condition: Option<Expr>) -> Result<String> {
        let mut target = Vec::with_capacity(fields.len());
        for field in &mut fields {
            self.expr(field)?;
            target.push(super::print(field)?);
        }
        let mut target = target.join(", ");
        if let Some(mut condition) = condition {
            self.expr(&mut condition)?;
            target = format!("{target}) WHERE ({}", super::print(&mut condition)?);
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
        for Assignment { target, value } in assignments.drain(..) {
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
        for Assignment { target, value } in &mut single {
            let AssignmentTarget::ColumnName(name) = target else {
                self.expr(value)?;
                continue;
            };
            let column = last_ident(name).cloned().unwrap_or_else(|| Ident::new(""));
            let known = schema.map(|schema| assign::target(schema, &column.value)).transpose()?;
            *name = ObjectName::from(vec![column]);
            self.assigned(value, known.as_ref())?;
        }
        *assignments = single;
        Ok(())
    }

    /// The rows to insert. True when every column of the one row is left to its default.
    fn source(
        &mut self,
        source: &mut Query,
        columns: &mut Vec<String>,
        targets: &mut Vec<Option<Target>>,
        schema: Option<&TableSchema>,
    ) -> Result<bool> {
        let plain = source.with.is_none() && source.order_by.is_none() && source.limit_clause.is_none();
        if let (SetExpr::Values(values), true) = (source.body.as_mut(), plain) {
            let width = values.rows.first().map_or(0, |row| row.content.len());
            if values.rows.iter().any(|row| row.content.len() != width) {
                return Err(Error::new(ErrorCode::SyntaxError, "the rows of VALUES must be of one length"));
            }
            expand(columns, targets, schema, width)?;
            if !columns.is_empty() && columns.len() != width {
                let message = format!("INSERT names {} columns and gives {width} values", columns.len());
                return Err(Error::new(ErrorCode::SyntaxError, message));
            }
            for index in (0..columns.len()).rev() {
                // A column that no row gives a value gets its default from SQLite.
                if values.rows.iter().all(|row| assign::is_default(&row.content[index])) {
                    if values.rows.len() > 1 && columns.len() == 1 {
                        continue;
                    }
                    columns.remove(index);
                    targets.remove(index);
                    values.rows.iter_mut().for_each(|row| drop(row.content.remove(index)));
                }
            }
            for row in &mut values.rows {
                for (index, value) in row.content.iter_mut().enumerate() {
                    self.assigned(value, targets.get(index).and_then(Option::as_ref))?;
                }
            }
            return Ok(columns.is_empty() && width > 0 && schema.is_some());
        }
        let outputs = self.query(source)?;
        let width = outputs.map_or(0, |outputs| outputs.len());
        if columns.is_empty() {
            expand(columns, targets, schema, width)?;
        }
        if targets.iter().any(Option::is_some) {
            convert_source(source, targets)?;
        }
        Ok(false)
    }
}

/// The columns that are assigned to; none where the table is not known.
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

/// `WITH phantomdb_source (c1, …) AS (query) SELECT convert(c1), … FROM phantomdb_source WHERE TRUE`; the condition
/// tells SQLite that a following ON is not part of a join.
fn convert_source(source: &mut Query, targets: &[Option<Target>]) -> Result<()> {
    let mut outer = parsed_query(
        "WITH \"phantomdb_source\" AS (SELECT 1) SELECT 1 FROM \"phantomdb_source\" WHERE TRUE",
    )?;
    let names: Vec<Ident> =
        (1..=targets.len()).map(|index| Ident::with_quote('"', format!("column{index}"))).collect();
    if let Some(cte) = outer.with.as_mut().and_then(|with| with.cte_tables.first_mut()) {
        std::mem::swap(cte.query.as_mut(), source);
        cte.alias = TableAlias {
            explicit: false,
            name: Ident::with_quote('"', "phantomdb_source"),
            columns: names
                .iter()
                .map(|name| sqlparser::ast::TableAliasColumnDef { name: name.clone(), data_type: None })
                .collect(),
            at: None,
        };
    }
    if let SetExpr::Select(select) = outer.body.as_mut() {
        select.projection = names
            .into_iter()
            .zip(targets)
            .map(|(name, target)| {
                let value = Expr::Identifier(name);
                let value = match target {
                    Some(target) => target.assign(value, super::scope::Typed::UNKNOWN)?,
                    None => value,
                };
                Ok(SelectItem::UnnamedExpr(value))
            })
            .collect::<Result<_>>()?;
    }
    *source = *outer;
    Ok(())
}

/// SQLite makes up a number for an integer key that is left out; PhantomDB does so only for an identity column.
fn require_keys(schema: Option<&TableSchema>, columns: &[String], has_rows: bool) -> Result<()> {
    let Some(schema) = schema else { return Ok(()) };
    for key in &schema.primary_key {
        let target = assign::target(schema, key)?;
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
        Some(Constraint::PrimaryKey { columns, .. } | Constraint::Unique { columns, .. }) => {
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

impl Adapter<'_> {
    /// A condition, an assignment: anything that stands alone beside a table.
    pub(super) fn optional(&mut self, expr: &mut Option<Expr>) -> Result<()> {
        if let Some(expr) = expr {
            self.expr(expr)?;
        }
        Ok(())
    }
}
