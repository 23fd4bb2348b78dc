//! CREATE TABLE.

use std::sync::Arc;

use phantomdb_protocol::{Constraint, Result, TableName};
use phantomdb_sql::{
    alter_table::{reference, settle_deferral, text},
    build::{parenthesize, unnested},
    names::{constraint_name, same_table},
    printer,
    types::{SqlType, is_serial},
};
use sqlparser::ast::{
    CheckConstraint, ColumnDef, ColumnOption, ColumnOptionDef, CreateTable, DataType, Expr,
    ForeignKeyConstraint, GeneratedAs, GeneratedExpressionMode, Ident, IndexColumn, ObjectName, OrderByExpr,
    PrimaryKeyConstraint, Query, SequenceOptions, Spanned, Statement, TableConstraint, UniqueConstraint,
    Value, ValueWithSpan,
};

use super::{
    adapter::Adapter,
    catalog_change::NewTable,
    print::{print, qualified_name},
};
use crate::{
    citext::{CitextColumns, Named},
    types::{self, check_identifier},
};

/// The fields of a CREATE TABLE that are adapted.
struct AdaptedFields<'a> {
    name: &'a mut ObjectName,
    if_not_exists: bool,
    columns: &'a mut [ColumnDef],
    constraints: &'a mut [TableConstraint],
    query: Option<&'a mut Query>,
}

/// The fields to adapt. `Source::new_table` refuses some of the others; the rest is printed as it was written, and
/// PostgreSQL, whose grammar has none of it, refuses it.
fn adapted_fields(create: &mut CreateTable) -> AdaptedFields<'_> {
    let CreateTable {
        or_replace: _,
        temporary: _,
        unlogged: _,
        external: _,
        dynamic: _,
        global: _,
        if_not_exists,
        transient: _,
        volatile: _,
        iceberg: _,
        snapshot: _,
        name,
        columns,
        constraints,
        hive_distribution: _,
        hive_formats: _,
        table_options: _,
        file_format: _,
        location: _,
        query,
        without_rowid: _,
        like: _,
        clone: _,
        version: _,
        comment: _,
        on_commit: _,
        on_cluster: _,
        primary_key: _,
        order_by: _,
        partition_by: _,
        cluster_by: _,
        clustered_by: _,
        inherits: _,
        partition_of: _,
        for_values: _,
        strict: _,
        copy_grants: _,
        enable_schema_evolution: _,
        change_tracking: _,
        data_retention_time_in_days: _,
        max_data_extension_time_in_days: _,
        default_ddl_collation: _,
        with_aggregation_policy: _,
        with_row_access_policy: _,
        with_storage_lifecycle_policy: _,
        with_tags: _,
        external_volume: _,
        with_connection: _,
        base_location: _,
        catalog: _,
        catalog_sync: _,
        storage_serialization_policy: _,
        target_lag: _,
        warehouse: _,
        refresh_mode: _,
        initialize: _,
        require_user: _,
        diststyle: _,
        distkey: _,
        sortkey: _,
        backup: _,
        multiset: _,
        fallback: _,
        with_data: _,
    } = create;
    let (if_not_exists, query) = (*if_not_exists, query.as_deref_mut());
    AdaptedFields { name, if_not_exists, columns, constraints, query }
}

impl Adapter<'_> {
    pub(crate) fn create_table(&mut self, create: &mut CreateTable) -> Result<NewTable> {
        let table = self.source.new_table(create)?;
        check_identifier(&table.name)?;
        let create = adapted_fields(create);
        *create.name = qualified_name(&table);
        self.is_definition = create.query.is_none();
        for column in &*create.columns {
            if SqlType::from_ast(&column.data_type).is_ok_and(|known| known == SqlType::CiText) {
                Arc::make_mut(&mut self.citext).add(&column.name.value, Named::Texts);
            }
        }
        if let Some(query) = create.query {
            self.note_query_columns(query, &[]);
            self.query(query)?;
        }
        let (mut keys, mut types) = (Vec::new(), Vec::new());
        for column in &mut *create.columns {
            types.push(self.column_definition(column, &mut keys)?);
        }
        let columns: Vec<String> = create.columns.iter().map(|column| column.name.value.clone()).collect();
        for constraint in create.constraints {
            self.table_constraint(constraint, &columns, &mut keys)?;
        }
        let (sql, sql_without_keys) = (String::new(), String::new());
        Ok(NewTable { table, if_not_exists: create.if_not_exists, sql, sql_without_keys, keys, types })
    }

    fn column_definition(&mut self, column: &mut ColumnDef, keys: &mut Vec<Constraint>) -> Result<SqlType> {
        let ColumnDef { name: column, data_type, options } = column;
        let sql_type = SqlType::from_ast(data_type).map_err(|error| self.source.at(error, column.span))?;
        check_identifier(&column.value)?;
        self.note_column(CitextColumns::new_column(&column.value, &sql_type));
        let mut adapted = Vec::new();
        let mut identity = is_serial(data_type).then(|| identity_option(None));
        for ColumnOptionDef { name, option } in std::mem::take(options) {
            if let Some(name) = &name {
                check_identifier(&name.value)?;
            }
            match option {
                ColumnOption::Generated {
                    generated_as: GeneratedAs::Always | GeneratedAs::ByDefault,
                    sequence_options,
                    generation_expr: None,
                    // The mode belongs to a generated column, not to numbered rows.
                    generation_expr_mode: _,
                    generated_keyword: _,
                } => identity = Some(identity_option(sequence_options)),
                other => {
                    let option = self.column_option(other, &sql_type)?;
                    if let ColumnOption::ForeignKey(key) = &option {
                        let name = text(name.as_ref()).or_else(|| text(key.name.as_ref()));
                        let columns = vec![column.value.clone()];
                        keys.push(Constraint::ForeignKey { name, columns, references: reference(key) });
                    }
                    adapted.push(ColumnOptionDef { name, option });
                }
            }
        }
        if let Some(identity) = identity {
            if !sql_type.is_integer() {
                return self.unsupported("an identity column that is not an integer", column.span);
            }
            adapted.insert(0, identity);
        }
        if let Some(check) = types::check(&column.value, &sql_type) {
            let option = ColumnOption::Check(CheckConstraint {
                name: None,
                expr: Box::new(printer::verbatim_expr(check.condition)),
                no_inherit: false,
                enforced: None,
            });
            adapted.push(ColumnOptionDef { name: Some(Ident::with_quote('"', check.name)), option });
        }
        *options = adapted;
        *data_type = declared(&sql_type)?;
        Ok(sql_type)
    }

    fn column_option(&mut self, mut option: ColumnOption, data_type: &SqlType) -> Result<ColumnOption> {
        match &mut option {
            // These are printed as they were written.
            ColumnOption::Null
            | ColumnOption::NotNull
            | ColumnOption::PrimaryKey(_)
            | ColumnOption::Unique(_)
            | ColumnOption::Collation(_) => {}
            ColumnOption::Generated {
                generated_as: _,
                sequence_options: _,
                generation_expr: Some(expr),
                generation_expr_mode,
                generated_keyword: _,
            } => {
                self.expression(expr)?;
                generation_expr_mode.get_or_insert(GeneratedExpressionMode::Stored);
            }
            ColumnOption::Default(expr) => self.default_expr(expr, data_type)?,
            ColumnOption::ForeignKey(key) => self.foreign_key(key)?,
            ColumnOption::Check(check) => self.check(check)?,
            other => {
                let span = other.span();
                return self.unsupported(&format!("'{other}' in a column"), span);
            }
        }
        Ok(option)
    }

    /// Adapts a default. A number stands for a boolean as on SQLite; PostgreSQL would refuse it, and so it would `1 IN (1)`
    /// without parentheses.
    pub(crate) fn default_expr(&mut self, expr: &mut Expr, data_type: &SqlType) -> Result<()> {
        self.expression(expr)?;
        if *data_type == SqlType::Boolean
            && let Expr::Value(ValueWithSpan { value: Value::Number(number, _is_long), span: _ }) =
                unnested(expr)
        {
            *expr = Expr::value(Value::Boolean(number.parse() != Ok(0.0)));
        }
        parenthesize(expr);
        Ok(())
    }

    fn check(&mut self, check: &mut CheckConstraint) -> Result<()> {
        // PhantomDB SQL has no inheritance, so NO INHERIT changes nothing. ENFORCED is PostgreSQL's to judge.
        let CheckConstraint { name: _, expr, no_inherit, enforced: _ } = check;
        *no_inherit = false;
        self.expression(expr)
    }

    fn foreign_key(&self, key: &mut ForeignKeyConstraint) -> Result<()> {
        // The other fields are printed as they were written.
        let ForeignKeyConstraint {
            name: _,
            index_name: _,
            columns: _,
            foreign_table,
            referred_columns: _,
            on_delete: _,
            on_update: _,
            match_kind,
            characteristics,
        } = key;
        let table = self.table(foreign_table)?;
        settle_deferral(characteristics, &self.source, foreign_table.span())?;
        if match_kind.is_some() {
            return self.unsupported("MATCH in a foreign key", foreign_table.span());
        }
        *foreign_table = qualified_name(&table);
        Ok(())
    }

    fn table_constraint(
        &mut self,
        constraint: &mut TableConstraint,
        columns: &[String],
        keys: &mut Vec<Constraint>,
    ) -> Result<()> {
        if let Some(name) = constraint_name(constraint) {
            check_identifier(&name.value)?;
        }
        // The other fields are printed as they were written.
        match constraint {
            TableConstraint::Unique(UniqueConstraint {
                name: _,
                index_name: _,
                index_type_display: _,
                index_type: _,
                columns: keys,
                include: _,
                index_options: _,
                characteristics: _,
                nulls_distinct: _,
            })
            | TableConstraint::PrimaryKey(PrimaryKeyConstraint {
                name: _,
                index_name: _,
                index_type: _,
                columns: keys,
                include: _,
                index_options: _,
                characteristics: _,
            }) => {
                for IndexColumn { column, operator_class: _ } in keys {
                    let OrderByExpr { expr, options: _, with_fill: _ } = column;
                    if let Expr::Identifier(ident) = expr {
                        use_exact_name(ident, columns);
                    }
                }
            }
            TableConstraint::ForeignKey(key) => {
                key.columns.iter_mut().for_each(|ident| use_exact_name(ident, columns));
                self.foreign_key(key)?;
                keys.push(Constraint::ForeignKey {
                    name: text(key.name.as_ref()),
                    columns: key.columns.iter().map(|column| column.value.clone()).collect(),
                    references: reference(key),
                });
            }
            TableConstraint::Check(check) => self.check(check)?,
            other => {
                let what = format!("the constraint '{other}'");
                return self.unsupported(&what, other.span());
            }
        }
        Ok(())
    }
}

/// The SQL of an adapted CREATE TABLE without the foreign keys to other tables.
pub(crate) fn without_foreign_keys(create: &CreateTable, table: &TableName) -> Result<String> {
    let mut create = create.clone();
    let is_own = |key: &ForeignKeyConstraint| same_table(&reference(key).table, table);
    for column in &mut create.columns {
        column.options.retain(|option| match &option.option {
            ColumnOption::ForeignKey(key) => is_own(key),
            _ => true,
        });
    }
    create.constraints.retain(|constraint| match constraint {
        TableConstraint::ForeignKey(key) => is_own(key),
        _ => true,
    });
    print(&mut Statement::CreateTable(create))
}

/// Gives a column of a constraint the name that it has in the table, when the two differ in case only.
fn use_exact_name(ident: &mut Ident, columns: &[String]) {
    let exact = columns.iter().find(|column| column.eq_ignore_ascii_case(&ident.value));
    if let Some(exact) = exact.filter(|_| !columns.contains(&ident.value)) {
        ident.value.clone_from(exact);
    }
}

/// Makes the database number the rows. A number that the user gives is taken, as on SQLite.
fn identity_option(sequence_options: Option<Vec<SequenceOptions>>) -> ColumnOptionDef {
    let option = ColumnOption::Generated {
        generated_as: GeneratedAs::ByDefault,
        sequence_options,
        generation_expr: None,
        generation_expr_mode: None,
        generated_keyword: true,
    };
    ColumnOptionDef { name: None, option }
}

fn declared(data_type: &SqlType) -> Result<DataType> {
    let name = printer::verbatim_ident(types::declared(data_type)?);
    Ok(DataType::Custom(ObjectName::from(vec![name]), Vec::new()))
}
