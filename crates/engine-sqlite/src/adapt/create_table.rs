//! CREATE TABLE.

use std::{ops::ControlFlow, sync::Arc};

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    names::constraint_name,
    printer::{self, Style},
    types::SqlType,
    walk::each_expression,
};
use sqlparser::ast::{
    ColumnDef, ColumnOption, ColumnOptionDef, CreateTable, CreateTableOptions, Expr, HiveDistributionStyle,
    Ident, ObjectName, Spanned, TableConstraint, WithData,
};

use super::{
    adapter::Adapter,
    column::primary_key,
    constraint::Naming,
    scope::{Columns, Output, Relation, Scope},
    typed::{Origin, Typed},
};
use crate::{source_expressions::SourceExpression, stored::stored_name};

/// As many as SQLite takes columns. It compares each key with all others, which nothing interrupts.
const MOST_CONSTRAINTS: usize = 2_000;

impl Adapter<'_> {
    /// The result is the INSERT that fills the table, when it is made from a query.
    pub(super) fn create_table(&mut self, create: &mut CreateTable) -> Result<Option<String>> {
        let table = self.source.new_table(create)?;
        self.refuse_table_clauses(create)?;
        if create.constraints.len() > MOST_CONSTRAINTS {
            let message = format!("a table has at most {MOST_CONSTRAINTS} constraints on SQLite");
            return Err(Error::new(ErrorCode::TooLarge, message).with_table(&table.name));
        }
        create.name = ObjectName::from(vec![Ident::with_quote('"', stored_name(&table))]);
        let rows = self.columns_of_query(create, &table)?;
        refuse_generated_of_generated(create).map_err(|error| self.at(error, create.name.span()))?;
        let taken =
            create.constraints.iter().filter_map(constraint_name).map(|name| name.value.clone()).collect();
        let mut naming = Naming::new(&table, taken);
        let columns = create.columns.iter().map(output_of).collect::<Vec<_>>();
        let columns = Columns::Listed(Arc::new(columns));
        let relation = Relation::new(String::new(), columns);
        self.in_definition(relation, |adapter| adapter.columns_and_constraints(create, &mut naming))?;
        Ok(rows)
    }

    /// Refuses the clauses that PhantomDB SQL does not have; `create_table` adapts the others.
    #[expect(clippy::too_many_lines, reason = "the parser knows the options of some ten databases")]
    fn refuse_table_clauses(&self, create: &CreateTable) -> Result<()> {
        let CreateTable {
            or_replace,
            temporary,
            unlogged: _,
            external,
            dynamic,
            global,
            if_not_exists: _,
            transient,
            volatile,
            iceberg,
            snapshot,
            name: _,
            columns: _,
            constraints: _,
            hive_distribution,
            hive_formats,
            table_options,
            file_format,
            location,
            query: _,
            without_rowid,
            like,
            clone,
            version,
            comment,
            on_commit,
            on_cluster,
            primary_key,
            order_by,
            partition_by,
            cluster_by,
            clustered_by,
            inherits,
            partition_of,
            for_values,
            strict,
            copy_grants,
            enable_schema_evolution,
            change_tracking,
            data_retention_time_in_days,
            max_data_extension_time_in_days,
            default_ddl_collation,
            with_aggregation_policy,
            with_row_access_policy,
            with_storage_lifecycle_policy,
            with_tags,
            external_volume,
            with_connection,
            base_location,
            catalog,
            catalog_sync,
            storage_serialization_policy,
            target_lag,
            warehouse,
            refresh_mode,
            initialize,
            require_user,
            diststyle,
            distkey,
            sortkey,
            backup,
            multiset,
            fallback,
            with_data,
        } = create;
        let statistics =
            with_data.as_ref().is_some_and(|WithData { data: _, statistics }| statistics.is_some());
        self.refuse(
            &[
                (*or_replace, "OR REPLACE"),
                (*temporary, "TEMPORARY"),
                (*external, "EXTERNAL"),
                (*dynamic, "DYNAMIC"),
                (global.is_some(), "GLOBAL"),
                (*transient, "TRANSIENT"),
                (*volatile, "VOLATILE"),
                (*iceberg, "ICEBERG"),
                (*snapshot, "SNAPSHOT"),
                (hive_formats.is_some(), "a file format of a table"),
                (file_format.is_some(), "a file format of a table"),
                (location.is_some(), "LOCATION"),
                (*without_rowid, "WITHOUT ROWID"),
                (like.is_some(), "LIKE in CREATE TABLE"),
                (clone.is_some(), "CLONE"),
                (version.is_some(), "a version of a table"),
                (comment.is_some(), "COMMENT in CREATE TABLE"),
                (on_commit.is_some(), "ON COMMIT"),
                (on_cluster.is_some(), "ON CLUSTER"),
                (primary_key.is_some(), "PRIMARY KEY after the columns"),
                (order_by.is_some(), "ORDER BY in CREATE TABLE"),
                (partition_by.is_some(), "PARTITION BY"),
                (cluster_by.is_some(), "CLUSTER BY"),
                (clustered_by.is_some(), "CLUSTERED BY"),
                (inherits.is_some(), "INHERITS"),
                (partition_of.is_some(), "PARTITION OF"),
                (for_values.is_some(), "FOR VALUES"),
                (*strict, "STRICT"),
                (*copy_grants, "COPY GRANTS"),
                (enable_schema_evolution.is_some(), "ENABLE SCHEMA EVOLUTION"),
                (change_tracking.is_some(), "CHANGE TRACKING"),
                (data_retention_time_in_days.is_some(), "DATA RETENTION TIME IN DAYS"),
                (max_data_extension_time_in_days.is_some(), "MAX DATA EXTENSION TIME IN DAYS"),
                (default_ddl_collation.is_some(), "DEFAULT DDL COLLATION"),
                (with_aggregation_policy.is_some(), "WITH AGGREGATION POLICY"),
                (with_row_access_policy.is_some(), "WITH ROW ACCESS POLICY"),
                (with_storage_lifecycle_policy.is_some(), "WITH STORAGE LIFECYCLE POLICY"),
                (with_tags.is_some(), "WITH TAGS"),
                (external_volume.is_some(), "EXTERNAL VOLUME"),
                (with_connection.is_some(), "WITH CONNECTION"),
                (base_location.is_some(), "BASE LOCATION"),
                (catalog.is_some(), "CATALOG"),
                (catalog_sync.is_some(), "CATALOG SYNC"),
                (storage_serialization_policy.is_some(), "STORAGE SERIALIZATION POLICY"),
                (target_lag.is_some(), "TARGET LAG"),
                (warehouse.is_some(), "WAREHOUSE"),
                (refresh_mode.is_some(), "REFRESH MODE"),
                (initialize.is_some(), "INITIALIZE"),
                (*require_user, "REQUIRE USER"),
                (diststyle.is_some(), "DISTSTYLE"),
                (distkey.is_some(), "DISTKEY"),
                (sortkey.is_some(), "SORTKEY"),
                (backup.is_some(), "BACKUP"),
                (multiset.is_some(), "MULTISET"),
                (fallback.is_some(), "FALLBACK"),
                (!matches!(hive_distribution, HiveDistributionStyle::NONE), "PARTITIONED or SKEWED BY"),
                (!matches!(table_options, CreateTableOptions::None), "an option of a table"),
                (statistics, "STATISTICS of WITH DATA"),
            ],
            || create.name.span(),
        )
    }

    /// Adapts the expressions of a definition, which see the columns of one relation and no parameters.
    pub(super) fn in_definition(
        &mut self,
        relation: Relation,
        adapt: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.scopes.push(Scope { relations: vec![relation], ..Scope::default() });
        let before = (self.bare_columns, self.refuse_parameters);
        (self.bare_columns, self.refuse_parameters) = (true, true);
        let adapted = adapt(self);
        (self.bare_columns, self.refuse_parameters) = before;
        self.scopes.pop();
        adapted
    }

    fn columns_and_constraints(&mut self, create: &mut CreateTable, naming: &mut Naming) -> Result<()> {
        let mut keys = Vec::new();
        for constraint in &create.constraints {
            if let TableConstraint::PrimaryKey(key) = constraint {
                keys.extend(self.key_columns(&key.columns)?);
            }
        }
        if let [column] = keys.as_slice() {
            self.move_key(create, column)?;
            keys.clear();
        }
        for column in &mut create.columns {
            let in_key = keys.iter().any(|key| key.eq_ignore_ascii_case(&column.name.value));
            self.column_definition(column, naming, in_key)?;
        }
        for constraint in &mut create.constraints {
            self.table_constraint(constraint, naming)?;
        }
        Ok(())
    }

    /// Moves the constraint `PRIMARY KEY ("id")` to its one column: SQLite numbers rows only where the key stands there.
    fn move_key(&self, create: &mut CreateTable, column: &str) -> Result<()> {
        let is_key = |constraint: &TableConstraint| matches!(constraint, TableConstraint::PrimaryKey(_));
        let Some(index) = create.constraints.iter().position(is_key) else { return Ok(()) };
        let Some(definition) = create.columns.iter_mut().find(|c| c.name.value.eq_ignore_ascii_case(column))
        else {
            return Ok(());
        };
        if let TableConstraint::PrimaryKey(mut key) = create.constraints.remove(index) {
            self.refuse_key_options(&mut key)?;
            self.refuse_order_of_key(&key.columns)?;
            let option = ColumnOption::PrimaryKey(primary_key(key.name.clone()));
            definition.options.push(ColumnOptionDef { name: key.name, option });
        }
        Ok(())
    }

    /// Adapts an expression that the catalog describes later, and keeps the user's text of it.
    pub(super) fn defined(&mut self, expr: &mut Expr) -> Result<()> {
        self.defined_as(expr, |adapted| adapted)
    }

    /// The same, for a place where SQLite needs the adapted expression in another form.
    pub(super) fn defined_as(&mut self, expr: &mut Expr, form: impl FnOnce(Expr) -> Expr) -> Result<()> {
        let written = printer::print(&mut expr.clone(), Style::Phantom)?;
        self.expr(expr)?;
        *expr = form(build::take(expr));
        self.source_expressions.extend(SourceExpression::of(expr, written)?);
        Ok(())
    }
}

/// True for a table with foreign keys, of a column or of the table.
pub(super) fn has_foreign_keys(create: &CreateTable) -> bool {
    let options = create.columns.iter().flat_map(|column| &column.options);
    options.into_iter().any(|option| matches!(option.option, ColumnOption::ForeignKey(_)))
        || create.constraints.iter().any(|constraint| matches!(constraint, TableConstraint::ForeignKey(_)))
}

fn output_of(column: &ColumnDef) -> Output {
    let typed = SqlType::from_ast(&column.data_type).map_or(Typed::OTHER, |data_type| Typed {
        wire: Some(data_type.column_type()),
        ..Typed::of(data_type.in_expressions())
    });
    Output::new(&column.name.value, Typed { origin: Origin::Column, ..typed })
}

/// Refuses a generated column that is computed from another one, or from itself.
fn refuse_generated_of_generated(create: &CreateTable) -> Result<()> {
    let expressions = create.columns.iter().flat_map(|column| {
        column.options.iter().filter_map(|option| match &option.option {
            ColumnOption::Generated {
                generated_as: _,
                sequence_options: _,
                generation_expr: Some(expr),
                generation_expr_mode: _,
                generated_keyword: _,
            } => Some((&column.name.value, expr)),
            _ => None,
        })
    });
    let expressions: Vec<_> = expressions.collect();
    for (column, expr) in &expressions {
        let mut found = None;
        let _ = each_expression(*expr, &mut |inner| match inner {
            Expr::Identifier(ident) if expressions.iter().any(|(name, _)| **name == ident.value) => {
                found = Some(ident.value.clone());
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        });
        if let Some(other) = found {
            let message =
                format!("the generated column \"{column}\" cannot use the generated column \"{other}\"");
            return Err(Error::new(ErrorCode::SyntaxError, message));
        }
    }
    Ok(())
}
