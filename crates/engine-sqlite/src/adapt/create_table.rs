//! CREATE TABLE and its constraints.

use std::sync::Arc;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    names::{constraint_name, mentioned_columns},
    printer::{self, Style},
    types::SqlType,
};
use sqlparser::{
    ast::{
        CheckConstraint, ColumnDef, ColumnOption, ColumnOptionDef, ConstraintCharacteristics, CreateTable,
        CreateTableOptions, Expr, ForeignKeyConstraint, HiveDistributionStyle, Ident, IndexColumn,
        KeyOrIndexDisplay, NullsDistinctOption, ObjectName, OrderByExpr, OrderByOptions,
        PrimaryKeyConstraint, Spanned, TableConstraint, UniqueConstraint, WithData,
    },
    tokenizer::Span,
};

use super::{
    adapter::Adapter,
    column::primary_key,
    scope::{Columns, Output, Relation, Scope},
    typed::{Origin, Typed},
};
use crate::{stored::stored_name, written::Written};

/// The names of the constraints of one table.
#[derive(Debug)]
pub(super) struct Naming {
    pub(super) table: String,
    /// The name of the table in SQLite.
    stored: String,
    taken: Vec<String>,
}

impl Naming {
    /// PostgreSQL's name for a constraint without one: `table_column_suffix`.
    fn name(&mut self, columns: &[String], suffix: &str) -> Ident {
        let parts: Vec<&str> = std::iter::once(self.table.as_str())
            .chain(columns.iter().map(String::as_str))
            .chain([suffix])
            .collect();
        let base = parts.join("_");
        let mut name = base.clone();
        let mut number = 1;
        while self.taken.contains(&name) {
            name = format!("{base}{number}");
            number += 1;
        }
        self.taken.push(name.clone());
        Ident::with_quote('"', name)
    }

    pub(super) fn keep_or_name(&mut self, name: Option<Ident>, columns: &[String], suffix: &str) -> Ident {
        match name {
            Some(name) => {
                self.taken.push(name.value.clone());
                name
            }
            None => self.name(columns, suffix),
        }
    }
}

impl Adapter<'_> {
    pub(super) fn create_table(&mut self, create: &mut CreateTable) -> Result<()> {
        let table = self.source.new_table(create)?;
        self.refuse_table_clauses(create)?;
        create.name = ObjectName::from(vec![Ident::with_quote('"', stored_name(&table))]);
        // SQLite has no word for WITH DATA, the default.
        create.with_data = None;
        if let Some(query) = &mut create.query {
            self.refuse_parameters = true;
            self.query(query)?;
        }
        let taken =
            create.constraints.iter().filter_map(constraint_name).map(|name| name.value.clone()).collect();
        let stored = stored_name(&table);
        let mut naming = Naming { table: table.name, stored, taken };
        let columns = create.columns.iter().map(output_of).collect::<Vec<_>>();
        let columns = Columns::Listed(Arc::new(columns));
        let relation = Relation { name: String::new(), bare: None, columns, outer: false };
        self.in_definition(relation, |adapter| adapter.columns_and_constraints(create, &mut naming))
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
        let no_data =
            with_data.as_ref().is_some_and(|WithData { data, statistics }| !data || statistics.is_some());
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
                (no_data, "WITH NO DATA"),
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
        if let TableConstraint::PrimaryKey(key) = create.constraints.remove(index) {
            self.refuse_key_options(&key)?;
            let option = ColumnOption::PrimaryKey(primary_key(key.name.clone()));
            definition.options.push(ColumnOptionDef { name: key.name, option });
        }
        Ok(())
    }

    /// The columns of a key. PostgreSQL has neither expressions nor an order there.
    fn key_columns(&self, columns: &[IndexColumn]) -> Result<Vec<String>> {
        let mut names = Vec::with_capacity(columns.len());
        for IndexColumn { column, operator_class } in columns {
            let OrderByExpr { expr, options: OrderByOptions { sort, nulls_first }, with_fill } = column;
            self.refuse(
                &[
                    (sort.is_some() || nulls_first.is_some(), "an order in a key"),
                    (with_fill.is_some(), "WITH FILL"),
                    (operator_class.is_some(), "an operator class in a key"),
                ],
                || expr.span(),
            )?;
            match expr {
                Expr::Identifier(name) => names.push(name.value.clone()),
                other => return self.unsupported("an expression in a key", other.span()),
            }
        }
        Ok(names)
    }

    pub(super) fn refuse_key_options(&self, key: &PrimaryKeyConstraint) -> Result<()> {
        let PrimaryKeyConstraint {
            name: _,
            index_name,
            index_type,
            columns: _,
            include,
            index_options,
            characteristics,
        } = key;
        self.refuse(
            &[
                (characteristics.is_some(), "a deferrable PRIMARY KEY constraint"),
                (index_name.is_some(), "an index name in PRIMARY KEY"),
                (index_type.is_some(), "USING in PRIMARY KEY"),
                (!include.is_empty(), "INCLUDE in PRIMARY KEY"),
                (!index_options.is_empty(), "an index option in PRIMARY KEY"),
            ],
            || Span::empty(),
        )
    }

    /// UNIQUE, of a column or of the table. The result is its columns.
    pub(super) fn unique_constraint(&self, unique: &mut UniqueConstraint) -> Result<Vec<String>> {
        let UniqueConstraint {
            name: _,
            index_name,
            index_type_display,
            index_type,
            columns,
            include,
            index_options,
            characteristics,
            nulls_distinct,
        } = unique;
        self.refuse(
            &[
                (characteristics.is_some(), "a deferrable UNIQUE constraint"),
                (index_name.is_some(), "an index name in UNIQUE"),
                (*index_type_display != KeyOrIndexDisplay::None, "UNIQUE KEY"),
                (index_type.is_some(), "USING in UNIQUE"),
                (!include.is_empty(), "INCLUDE in UNIQUE"),
                (!index_options.is_empty(), "an index option in UNIQUE"),
                (*nulls_distinct == NullsDistinctOption::NotDistinct, "NULLS NOT DISTINCT"),
            ],
            || Span::empty(),
        )?;
        // SQLite has no word for NULLS DISTINCT, the default.
        *nulls_distinct = NullsDistinctOption::None;
        self.key_columns(columns)
    }

    pub(super) fn check_constraint(&mut self, check: &mut CheckConstraint) -> Result<()> {
        let CheckConstraint { name: _, expr, no_inherit, enforced } = check;
        self.refuse(&[(*enforced == Some(false), "NOT ENFORCED")], || expr.span())?;
        // Tables have no descendants here, and SQLite enforces every check.
        (*no_inherit, *enforced) = (false, None);
        self.defined(expr)
    }

    pub(super) fn foreign_key(&self, key: &mut ForeignKeyConstraint, naming: &Naming) -> Result<()> {
        let span = key.foreign_table.span();
        let ForeignKeyConstraint {
            name: _,
            index_name,
            columns: _,
            foreign_table,
            // SQLite writes the columns and the actions as PostgreSQL does.
            referred_columns: _,
            on_delete: _,
            on_update: _,
            match_kind,
            characteristics,
        } = key;
        let table = self.source.table(foreign_table)?;
        self.refuse(
            &[
                (match_kind.is_some(), "MATCH in a foreign key"),
                (index_name.is_some(), "an index name in a foreign key"),
            ],
            || span,
        )?;
        // SQLite writes DEFERRABLE and INITIALLY as PostgreSQL does.
        if let Some(ConstraintCharacteristics { deferrable: _, initially: _, enforced }) = characteristics {
            self.refuse(&[(*enforced == Some(false), "NOT ENFORCED")], || span)?;
            *enforced = None;
        }
        // SQLite would take a key to a missing table, and refuse every row later.
        if self.catalog.sees_all()
            && stored_name(&table) != naming.stored
            && self.catalog.table(&table).is_none()
        {
            return Err(Error::new(
                ErrorCode::UnknownTable,
                format!("there is no table \"{table}\" for a foreign key to point to; create it first"),
            )
            .with_table(table.to_string()));
        }
        *foreign_table = ObjectName::from(vec![Ident::with_quote('"', stored_name(&table))]);
        Ok(())
    }

    fn table_constraint(&mut self, constraint: &mut TableConstraint, naming: &mut Naming) -> Result<()> {
        match constraint {
            TableConstraint::Unique(unique) => {
                let columns = self.unique_constraint(unique)?;
                unique.name = Some(naming.keep_or_name(unique.name.take(), &columns, "key"));
            }
            TableConstraint::PrimaryKey(key) => {
                self.refuse_key_options(key)?;
                key.name = Some(naming.keep_or_name(key.name.take(), &[], "pkey"));
            }
            TableConstraint::ForeignKey(key) => {
                let columns: Vec<String> = key.columns.iter().map(|column| column.value.clone()).collect();
                key.name = Some(naming.keep_or_name(key.name.take(), &columns, "fkey"));
                self.foreign_key(key, naming)?;
            }
            TableConstraint::Check(check) => {
                let mentioned = mentioned_columns(&check.expr);
                let columns = if mentioned.len() == 1 { mentioned } else { Vec::new() };
                check.name = Some(naming.keep_or_name(check.name.take(), &columns, "check"));
                self.check_constraint(check)?;
            }
            other => {
                let what = format!("the constraint '{other}'");
                return self.unsupported(&what, other.span());
            }
        }
        Ok(())
    }

    /// Adapts an expression that the catalog describes later, and keeps the user's text of it.
    pub(super) fn defined(&mut self, expr: &mut Expr) -> Result<()> {
        let written = printer::print(&mut expr.clone(), Style::Phantom)?;
        self.expr(expr)?;
        self.written.extend(Written::of(expr, written)?);
        Ok(())
    }
}

fn output_of(column: &ColumnDef) -> Output {
    let column_type = SqlType::from_ast(&column.data_type).ok().map(|data_type| data_type.column_type());
    let typed = Typed { column_type, origin: Origin::Column, ..Typed::UNKNOWN };
    Output { name: column.name.value.clone(), typed }
}
