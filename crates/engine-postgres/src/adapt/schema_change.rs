//! Statements that change the schema.

use phantomdb_protocol::Result;
use sqlparser::ast::{CascadeOption, ObjectType, Statement, Truncate, TruncateIdentityOption};

use super::{
    adapted::Adapted,
    adapter::Adapter,
    catalog_change::{CatalogChange, NewTable},
    print::print,
};
use crate::schemas::{list_schemas_sql, qualified};
use phantomdb_sql::Kind;

impl Adapter<'_> {
    /// A statement that changes the schema; `UNSUPPORTED` for any other.
    pub(crate) fn schema_change(&mut self, statement: &mut Statement) -> Result<Adapted> {
        match statement {
            Statement::CreateTable(create) => {
                let change = self.create_table(create)?;
                Ok(self.catalog_change(CatalogChange::CreateTable(NewTable {
                    sql: print(statement)?,
                    ..change
                })))
            }
            Statement::CreateIndex(create) => {
                self.create_index(create)?;
                Ok(self.adapted(Kind::Schema, vec![print(statement)?]))
            }
            Statement::CreateView(view) => {
                self.create_view(view)?;
                Ok(self.adapted(Kind::Schema, vec![print(statement)?]))
            }
            Statement::AlterTable(alter) => {
                let table = self.table(&alter.name)?;
                Ok(self.catalog_change(CatalogChange::Alter { table, statement: Box::new(alter.clone()) }))
            }
            Statement::Drop { object_type: ObjectType::Index, names, if_exists, .. } => {
                let indexes = self.source.tables(names)?;
                Ok(self.catalog_change(CatalogChange::DropIndexes { indexes, if_exists: *if_exists }))
            }
            Statement::Drop { object_type: ObjectType::View, names, if_exists, cascade, .. } => {
                let names: Vec<String> = self.source.tables(names)?.iter().map(qualified).collect();
                let condition = if *if_exists { "IF EXISTS " } else { "" };
                let end = if *cascade { " CASCADE" } else { "" };
                let sql = format!("DROP VIEW {condition}{}{end}", names.join(", "));
                Ok(self.adapted(Kind::Schema, vec![sql]))
            }
            Statement::Truncate(truncate) => self.truncate(truncate),
            Statement::ShowSchemas { .. } => Ok(self.adapted(Kind::Read, vec![list_schemas_sql()])),
            other => Ok(self.catalog_change(CatalogChange::Schema(self.source.schema_change(other)?))),
        }
    }

    fn truncate(&self, truncate: &Truncate) -> Result<Adapted> {
        let tables =
            truncate.table_names.iter().map(|target| self.table(&target.name)).collect::<Result<_>>()?;
        Ok(self.catalog_change(CatalogChange::Truncate {
            tables,
            restart_identity: matches!(truncate.identity, Some(TruncateIdentityOption::Restart)),
            cascade: matches!(truncate.cascade, Some(CascadeOption::Cascade)),
        }))
    }
}
