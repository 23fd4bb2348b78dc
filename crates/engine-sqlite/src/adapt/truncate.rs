//! TRUNCATE.

use phantomdb_protocol::{Error, ErrorCode, ForeignKeySide, Result, TableName};
use phantomdb_sql::{
    names::references,
    printer::{quote_identifier, quote_literal},
};
use sqlparser::ast::{CascadeOption, Spanned, Truncate, TruncateIdentityOption, TruncateTableTarget};

use super::adapter::Adapter;
use crate::stored::stored_name;

impl Adapter<'_> {
    /// TRUNCATE as DELETE statements. The last one empties the table that was named first; its stored name is given, too.
    pub(super) fn truncate(&mut self, truncate: &Truncate) -> Result<(Vec<String>, Option<String>)> {
        // The word TABLE may be left out.
        let Truncate { table_names, partitions, table: _, if_exists, identity, cascade, on_cluster } =
            truncate;
        let mut tables = Vec::with_capacity(table_names.len());
        for target in table_names {
            // PhantomDB SQL has no inherited tables, so `ONLY t`, `t *` and `t` mean the same.
            let TruncateTableTarget { name, only: _, has_asterisk: _ } = target;
            self.refuse(
                &[
                    (partitions.is_some(), "PARTITION in TRUNCATE"),
                    (*if_exists, "TRUNCATE IF EXISTS"),
                    (on_cluster.is_some(), "ON CLUSTER"),
                ],
                || name.span(),
            )?;
            let table = self.source.table(name)?;
            self.existing(&table, name.span())?;
            tables.push(table);
        }
        let restart = matches!(identity, Some(TruncateIdentityOption::Restart));
        let cascade = matches!(cascade, Some(CascadeOption::Cascade));
        self.with_referencing(&mut tables, cascade)?;
        let mut statements = Vec::new();
        if tables.len() > 1 {
            // The tables may refer to each other in a circle, so keys are checked when all of them are empty.
            statements.push("PRAGMA defer_foreign_keys = ON".to_owned());
        }
        for table in tables.iter().rev() {
            let stored = stored_name(table);
            let numbered = self
                .catalog
                .table(table)
                .is_some_and(|schema| schema.columns.iter().any(|column| column.auto_increment));
            if numbered && restart {
                let name = quote_literal(&stored);
                statements.push(format!("DELETE FROM sqlite_sequence WHERE name = {name}"));
            }
            statements.push(format!("DELETE FROM {}", quote_identifier(&stored)));
        }
        Ok((statements, tables.first().map(stored_name)))
    }

    /// Adds the tables with foreign keys to these. Without CASCADE such a table is an error.
    fn with_referencing(&self, tables: &mut Vec<TableName>, cascade: bool) -> Result<()> {
        let all = self.catalog.tables();
        let mut next = 0;
        while let Some(parent) = tables.get(next).cloned() {
            next += 1;
            for name in &all {
                let Some(schema) = self.catalog.table(name).filter(|_| !tables.contains(name)) else {
                    continue;
                };
                if !schema.constraints.iter().any(|constraint| references(constraint, &parent)) {
                    continue;
                }
                if !cascade {
                    let mut error = Error::new(
                        ErrorCode::ForeignKeyViolation,
                        format!("cannot truncate \"{parent}\": \"{name}\" references it; truncate both, or use CASCADE"),
                    )
                    .with_table(parent.to_string());
                    error.details.side = Some(ForeignKeySide::Parent);
                    return Err(error);
                }
                tables.push(name.clone());
            }
        }
        Ok(())
    }
}
