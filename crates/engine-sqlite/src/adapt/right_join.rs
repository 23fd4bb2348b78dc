//! RIGHT JOIN and FULL JOIN. For the right side of such a join SQLite makes no index of its own, so it reads all of it for
//! each row of the left side, unless the table has an index. So the first join of a FROM clause is written without them.

use phantomdb_protocol::{Result, TableSchema};
use phantomdb_sql::{
    build,
    names::last_ident,
    printer::quote_identifier,
    walk::{change_expressions, each_expression},
};
use sqlparser::ast::{
    BinaryOperator, Expr, Ident, Join, JoinConstraint, JoinOperator, SetExpr, TableAlias, TableFactor,
    TableWithJoins,
};
use std::{ops::ControlFlow, sync::Arc};

use super::{
    adapter::Adapter,
    literal::string_of,
    scope::{Columns, Found, Output, Relation},
    template::parsed_query,
};

/// Stands for the condition of the join in the query of its pairs.
const CONDITION: &str = "phantomdb_condition";

/// A table of a join.
struct Side<'a> {
    /// The table with its alias, as SQL.
    sql: String,
    relation: &'a Relation,
    schema: &'a TableSchema,
    /// A name of its row numbers that is no column.
    row: &'static str,
}

impl Adapter<'_> {
    /// Writes the first join without RIGHT and FULL, where that can be done. `first` is the index of its left relation.
    pub(super) fn without_right_join(&mut self, table: &mut TableWithJoins, first: usize) -> Result<()> {
        let TableWithJoins { relation, joins } = table;
        let Some(Join { relation: right, global: _, join_operator }) = joins.first_mut() else {
            return Ok(());
        };
        let relations = self.scopes.last().map(|scope| scope.relations.as_slice()).unwrap_or_default();
        let Some([left_relation, right_relation, ..]) = relations.get(first..) else { return Ok(()) };
        if [left_relation, right_relation].iter().any(|side| matches!(side.columns, Columns::Unknown)) {
            // Then `*` could not be written as the columns that it stands for.
            return Ok(());
        }
        match join_operator {
            JoinOperator::Right(on) | JoinOperator::RightOuter(on)
                if matches!(on, JoinConstraint::On(_) | JoinConstraint::Using(_))
                    && is_one_relation(relation)
                    && is_one_relation(right) =>
            {
                *join_operator = JoinOperator::LeftOuter(std::mem::replace(on, JoinConstraint::None));
                std::mem::swap(relation, right);
            }
            JoinOperator::FullOuter(JoinConstraint::On(condition)) => {
                let sides = (self.side(relation, left_relation), self.side(right, right_relation));
                let (Some(left), Some(right)) = sides else { return Ok(()) };
                if !wants_index(condition, &left, &right) {
                    return Ok(());
                }
                let mut pairs = by_pairs(&left, &right, condition, first)?;
                pairs.joins.extend(joins.drain(1..));
                *table = pairs;
            }
            _ => return Ok(()),
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.reordered = true;
        }
        Ok(())
    }

    /// Gives the first join ON instead of USING when it is a FULL JOIN of two tables, so that it can be written without FULL.
    pub(super) fn without_full_using(&mut self, joins: &mut [Join], first: usize) {
        let is_plain = |join: &Join| match &join.join_operator {
            JoinOperator::Join(on)
            | JoinOperator::Inner(on)
            | JoinOperator::Left(on)
            | JoinOperator::LeftOuter(on)
            | JoinOperator::Right(on)
            | JoinOperator::RightOuter(on)
            | JoinOperator::FullOuter(on)
            | JoinOperator::CrossJoin(on) => matches!(on, JoinConstraint::On(_) | JoinConstraint::None),
            _ => false,
        };
        let Some((Join { relation: _, global: _, join_operator }, rest)) = joins.split_first_mut() else {
            return;
        };
        let (JoinOperator::FullOuter(JoinConstraint::Using(columns)), Some(scope)) =
            (&*join_operator, self.scopes.last_mut())
        else {
            return;
        };
        let Some([left, right]) = scope.relations.get(first..) else { return };
        // A further USING would look for the columns in the relations.
        if first > 0 || !rest.iter().all(is_plain) {
            return;
        }
        let mut shared = Vec::with_capacity(columns.len());
        let mut condition = None;
        for column in columns {
            let Some(name) = last_ident(column).map(|name| name.value.as_str()) else { return };
            let of = |relation: &Relation| match (&relation.columns, scope.column(Some(&relation.name), name))
            {
                (Columns::Table(_), Found::Column(output)) => {
                    let column = [&*relation.name, name].map(|part| Ident::with_quote('"', part));
                    Some((output.typed, Expr::CompoundIdentifier(column.to_vec())))
                }
                _ => None,
            };
            let (Some((typed, a)), Some((other, b))) = (of(left), of(right)) else { return };
            // Values of two types, and documents, are not compared by an operator alone.
            if typed.data_type != other.data_type || typed.collation_to_name().is_some() {
                return;
            }
            let either = build::call("coalesce", vec![a.clone(), b.clone()]);
            shared.push(Output { expr: Some(either), ..Output::new(name, typed.computed()) });
            let equal = build::binary(a, BinaryOperator::Eq, b);
            condition = Some(match condition {
                Some(before) => build::binary(before, BinaryOperator::And, equal),
                None => equal,
            });
        }
        let Some(condition) = condition else { return };
        *join_operator = JoinOperator::FullOuter(JoinConstraint::On(condition));
        scope.shared = shared;
    }

    /// None for what has no row numbers.
    fn side<'a>(&self, factor: &TableFactor, relation: &'a Relation) -> Option<Side<'a>> {
        let TableFactor::Table {
            name,
            alias,
            args: None,
            with_hints: _,
            version: _,
            with_ordinality: _,
            partitions: _,
            json_path: _,
            sample: _,
            index_hints: _,
        } = factor
        else {
            return None;
        };
        let Columns::Table(schema) = &relation.columns else { return None };
        let schema: &TableSchema = Arc::as_ref(schema);
        if !self.catalog.has_row_numbers(&schema.table) {
            return None;
        }
        let sql = match alias {
            Some(TableAlias { explicit: _, name: alias, columns: _, at: _ }) => {
                format!("{name} AS {}", quote_identifier(&alias.value))
            }
            None => name.to_string(),
        };
        let row = row_number(schema)?;
        Some(Side { sql, relation, schema, row })
    }
}

/// The name under which SQLite has the number of a row; none when columns have all of these names.
pub(super) fn row_number(schema: &TableSchema) -> Option<&'static str> {
    let is_column = |row: &str| schema.columns.iter().any(|column| column.name.eq_ignore_ascii_case(row));
    ["rowid", "_rowid_", "oid"].into_iter().find(|row| !is_column(row))
}

/// True for what needs no parentheses after JOIN.
fn is_one_relation(factor: &TableFactor) -> bool {
    matches!(
        factor,
        TableFactor::Table {
            name: _,
            alias: _,
            args: _,
            with_hints: _,
            version: _,
            with_ordinality: _,
            partitions: _,
            json_path: _,
            sample: _,
            index_hints: _,
        } | TableFactor::Derived { lateral: false, subquery: _, alias: Some(_), sample: _ }
    )
}

/// True when the condition compares a column of the left side with one of the right side that no index begins with, and is
/// about the two tables alone.
fn wants_index(condition: &Expr, left: &Side<'_>, right: &Side<'_>) -> bool {
    let outside = each_expression(condition, &mut |expr| match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => match (left.column(expr), right.column(expr)) {
            (None, None) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        },
        Expr::Subquery(_)
        | Expr::Exists { subquery: _, negated: _ }
        | Expr::InSubquery { expr: _, subquery: _, negated: _ } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    if outside.is_break() {
        return false;
    }
    let mut compares = false;
    let mut rest = vec![condition];
    while let Some(expr) = rest.pop() {
        match build::unnested(expr) {
            Expr::BinaryOp { left: a, op: BinaryOperator::And, right: b } => rest.extend([&**a, &**b]),
            Expr::BinaryOp { left: a, op: BinaryOperator::Eq, right: b } => {
                for (one, other) in [(a, b), (b, a)] {
                    if let (Some(_), Some(column)) = (left.column(one), right.column(other)) {
                        if right.has_index(column) {
                            return false;
                        }
                        compares = true;
                    }
                }
            }
            _ => {}
        }
    }
    compares
}

impl Side<'_> {
    /// The column of this table that the expression is.
    fn column<'e>(&self, expr: &'e Expr) -> Option<&'e str> {
        let name = match build::unnested(expr) {
            Expr::Identifier(column) => column,
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [relation, column] if self.relation.is_called(&relation.value) => column,
                _ => return None,
            },
            Expr::Collate { expr, collation: _ } => return self.column(expr),
            _ => return None,
        };
        self.schema.columns.iter().any(|column| column.name == name.value).then_some(name.value.as_str())
    }

    fn has_index(&self, column: &str) -> bool {
        let is_first = |columns: &[String]| columns.first().is_some_and(|first| first == column);
        is_first(&self.schema.primary_key)
            || self.schema.indexes.iter().any(|index| {
                index.fields.first().is_some_and(|field| field.column.as_deref() == Some(column))
            })
            || self.schema.constraints.iter().any(|constraint| match constraint {
                phantomdb_protocol::Constraint::Unique { name: _, columns } => is_first(columns),
                _ => false,
            })
    }

    fn row(&self) -> String {
        format!("{}.{}", quote_identifier(&self.relation.name), quote_identifier(self.row))
    }
}

/// The join as the numbers of the rows that belong together, and the tables joined to them by these numbers.
fn by_pairs(left: &Side<'_>, right: &Side<'_>, condition: &Expr, number: usize) -> Result<TableWithJoins> {
    let (a, b) = (&left.sql, &right.sql);
    let (a_row, b_row) = (left.row(), right.row());
    let pairs = format!("\"phantomdb_pairs_{number}\"");
    let sql = format!(
        "SELECT 1 FROM (SELECT {a_row} AS \"phantomdb_left\", {b_row} AS \"phantomdb_right\" \
         FROM {a} LEFT JOIN {b} ON '{CONDITION}' \
         UNION ALL SELECT NULL, {b_row} FROM {b} LEFT JOIN {a} ON '{CONDITION}' WHERE {a_row} IS NULL) AS {pairs} \
         LEFT JOIN {a} ON {a_row} = {pairs}.\"phantomdb_left\" \
         LEFT JOIN {b} ON {b_row} = {pairs}.\"phantomdb_right\""
    );
    let mut query = parsed_query(&sql)?;
    change_expressions(query.as_mut(), &mut |expr| {
        if string_of(expr) == Some(CONDITION) {
            *expr = condition.clone();
        }
    });
    let from = match query.body.as_mut() {
        SetExpr::Select(select) => select.from.pop(),
        _ => None,
    };
    from.ok_or_else(|| phantomdb_protocol::Error::internal("a join was expected"))
}
