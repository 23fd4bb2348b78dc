//! Statements that change the schema.

use phantomdb_protocol::Result;
use phantomdb_sql::{Kind, types::SqlType};
use sqlparser::{
    ast::{
        AlterColumnOperation, AlterTable, AlterTableOperation, CascadeOption, ColumnDef, DataType, Ident,
        ObjectName, ObjectType, ShowStatementOptions, Spanned, Statement, Truncate, TruncateIdentityOption,
        TruncateTableTarget,
    },
    tokenizer::Span,
};

use super::{
    adapted::Adapted,
    adapter::Adapter,
    catalog_change::{CatalogChange, NewTable},
    create_table::without_foreign_keys,
    print::print,
};
use crate::{
    citext::{CitextColumns, NewColumn},
    schemas::{list_schemas_sql, qualified},
};

impl Adapter<'_> {
    /// Adapts a statement that changes the schema, or lists the schemas; `UNSUPPORTED` for any other.
    pub(crate) fn schema_change(&mut self, statement: &mut Statement) -> Result<Adapted> {
        match statement {
            Statement::CreateTable(create) => {
                let change = self.create_table(create)?;
                let sql_without_keys = without_foreign_keys(create, &change.table)?;
                let table = NewTable { sql: print(statement)?, sql_without_keys, ..change };
                Ok(self.catalog_change(CatalogChange::CreateTable(table)))
            }
            Statement::CreateIndex(create) => {
                self.create_index(create)?;
                let outside_transaction = create.concurrently;
                let adapted = self.adapted(Kind::Schema, vec![print(statement)?]);
                Ok(Adapted { outside_transaction, ..adapted })
            }
            Statement::CreateView(view) => {
                self.create_view(view)?;
                Ok(self.adapted(Kind::Schema, vec![print(statement)?]))
            }
            Statement::AlterTable(alter) => self.alter_table(alter),
            Statement::Drop {
                object_type: object_type @ (ObjectType::Index | ObjectType::View),
                if_exists,
                names,
                cascade,
                // RESTRICT is PostgreSQL's default.
                restrict: _,
                purge,
                temporary,
                table,
            } => {
                if *purge || *temporary || table.is_some() {
                    let span = names.first().map_or_else(Span::empty, Spanned::span);
                    return self.unsupported("PURGE, TEMPORARY or ON in a DROP", span);
                }
                match object_type {
                    ObjectType::Index => self.drop_indexes(names, *if_exists, *cascade),
                    _ => self.drop_views(names, *if_exists, *cascade),
                }
            }
            Statement::Truncate(truncate) => self.truncate(truncate),
            Statement::ShowSchemas { terse, history, show_options } => {
                let ShowStatementOptions { show_in, starts_with, limit, limit_from, filter_position } =
                    show_options;
                let is_plain = !*terse
                    && !*history
                    && show_in.is_none()
                    && starts_with.is_none()
                    && limit.is_none()
                    && limit_from.is_none()
                    && filter_position.is_none();
                if is_plain {
                    return Ok(self.adapted(Kind::Read, vec![list_schemas_sql()]));
                }
                self.unsupported("an option of SHOW SCHEMAS", statement.span())
            }
            other => match self.source.schema_change(other)? {
                Some(change) => Ok(self.catalog_change(CatalogChange::Schema(change))),
                None => Ok(self.adapted(Kind::Nothing, Vec::new())),
            },
        }
    }

    fn alter_table(&mut self, alter: &AlterTable) -> Result<Adapted> {
        let AlterTable {
            name,
            if_exists,
            // PhantomDB SQL has no inheritance, so a table is all there is to alter.
            only: _,
            operations,
            location,
            on_cluster,
            table_type,
            end_token: _,
        } = alter;
        if location.is_some() || on_cluster.is_some() || table_type.is_some() {
            return self.unsupported("this form of ALTER TABLE", name.span());
        }
        for operation in operations {
            let new = self.new_column_of(operation);
            self.note_column(new);
        }
        Ok(self.catalog_change(CatalogChange::AlterTable {
            table: self.table(name)?,
            if_exists: *if_exists,
            operations: operations.clone(),
        }))
    }

    fn new_column_of(&self, operation: &AlterTableOperation) -> Option<NewColumn> {
        let of_type = |name: &Ident, data_type: &DataType| {
            CitextColumns::new_column(&name.value, &SqlType::from_ast(data_type).ok()?)
        };
        match operation {
            AlterTableOperation::AddColumn {
                column_keyword: _,
                if_not_exists: _,
                column_def: ColumnDef { name, data_type, options: _ },
                column_position: _,
            } => of_type(name, data_type),
            AlterTableOperation::AlterColumn {
                column_name,
                op: AlterColumnOperation::SetDataType { data_type, using: _, had_set: _ },
            } => of_type(column_name, data_type),
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                Some(self.citext.renamed(&old_column_name.value, &new_column_name.value))
            }
            // Any other operation makes no column.
            _ => None,
        }
    }

    fn drop_indexes(&self, names: &[ObjectName], if_exists: bool, cascade: bool) -> Result<Adapted> {
        let indexes = self.source.tables(names)?;
        Ok(self.catalog_change(CatalogChange::DropIndexes { indexes, if_exists, cascade }))
    }

    /// The statement is without the word CONCURRENTLY, which the parser does not read.
    pub(crate) fn drop_index_concurrently(&self, statement: &Statement) -> Result<Adapted> {
        let Statement::Drop {
            object_type: ObjectType::Index,
            if_exists,
            names,
            cascade: false,
            // RESTRICT is PostgreSQL's default.
            restrict: _,
            purge: false,
            temporary: false,
            table: None,
        } = statement
        else {
            return self.unsupported("this form of DROP INDEX CONCURRENTLY", statement.span());
        };
        let names: Vec<String> = self.source.tables(names)?.iter().map(qualified).collect();
        let condition = if *if_exists { "IF EXISTS " } else { "" };
        let sql = format!("DROP INDEX CONCURRENTLY {condition}{}", names.join(", "));
        Ok(Adapted { outside_transaction: true, ..self.adapted(Kind::Schema, vec![sql]) })
    }

    fn drop_views(&self, names: &[ObjectName], if_exists: bool, cascade: bool) -> Result<Adapted> {
        let names: Vec<String> = self.source.tables(names)?.iter().map(qualified).collect();
        let condition = if if_exists { "IF EXISTS " } else { "" };
        let end = if cascade { " CASCADE" } else { "" };
        let sql = format!("DROP VIEW {condition}{}{end}", names.join(", "));
        Ok(self.adapted(Kind::Schema, vec![sql]))
    }

    fn truncate(&self, truncate: &Truncate) -> Result<Adapted> {
        let Truncate { table_names, partitions, table: _, if_exists, identity, cascade, on_cluster } =
            truncate;
        // ONLY and the asterisk tell whether tables that inherit are meant. PhantomDB SQL has no inheritance.
        let names = table_names.iter().map(|TruncateTableTarget { name, only: _, has_asterisk: _ }| name);
        if partitions.is_some() || *if_exists || on_cluster.is_some() {
            let span = names.clone().next().map_or_else(Span::empty, Spanned::span);
            return self.unsupported("PARTITION, IF EXISTS or ON CLUSTER in TRUNCATE", span);
        }
        let change = CatalogChange::Truncate {
            tables: names.map(|name| self.table(name)).collect::<Result<_>>()?,
            restart_identity: matches!(identity, Some(TruncateIdentityOption::Restart)),
            cascade: matches!(cascade, Some(CascadeOption::Cascade)),
        };
        // It removes rows, and leaves the tables as they are.
        Ok(Adapted { kind: Kind::Write, ..self.catalog_change(change) })
    }
}
