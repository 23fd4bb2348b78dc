//! The table that a statement in SQLite's own SQL writes.

use phantomdb_sql::names::last_ident;
use sqlparser::{
    ast::{FromTable, ObjectName, SetExpr, Statement, TableFactor, TableObject},
    dialect::SQLiteDialect,
    parser::Parser,
};

use super::adapted::{WriteKind, WriteTarget};

impl WriteTarget {
    /// Reads the target of a native statement, which is not adapted. None when it writes no table, or cannot be parsed.
    pub fn of_native(sql: &str) -> Option<Self> {
        let statements = Parser::parse_sql(&SQLiteDialect {}, sql).ok()?;
        statements.first().and_then(target_of)
    }
}

fn target_of(statement: &Statement) -> Option<WriteTarget> {
    let (name, kind) = match statement {
        Statement::Insert(insert) => match &insert.table {
            TableObject::TableName(name) => (name, WriteKind::Insert { reads_rows: true }),
            _ => return None,
        },
        Statement::Update(update) => (table_of(&update.table.relation)?, WriteKind::Update),
        Statement::Delete(delete) => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            (table_of(&from.first()?.relation)?, WriteKind::Delete)
        }
        Statement::Query(query) => match query.body.as_ref() {
            SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) => {
                return target_of(inner);
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(WriteTarget::new(last_ident(name)?.value.clone(), kind))
}

fn table_of(relation: &TableFactor) -> Option<&ObjectName> {
    match relation {
        TableFactor::Table {
            name,
            alias: _,
            args: _,
            with_hints: _,
            version: _,
            with_ordinality: _,
            partitions: _,
            json_path: _,
            sample: _,
            index_hints: _,
        } => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_native_write_is_found_in_each_form() {
        let insert = WriteKind::Insert { reads_rows: true };
        for (sql, table, kind) in [
            ("INSERT INTO \"a b\" (\"x\") VALUES (?1)", "a b", insert),
            ("INSERT OR IGNORE INTO t VALUES (1)", "t", insert),
            ("REPLACE INTO t VALUES (1)", "t", insert),
            ("UPDATE \"s.t\" SET \"x\" = 1", "s.t", WriteKind::Update),
            ("UPDATE OR IGNORE \"q\"\"q\" SET x = 1", "q\"q", WriteKind::Update),
            ("DELETE FROM `t` WHERE x", "t", WriteKind::Delete),
            ("WITH a AS (SELECT 1) DELETE FROM t", "t", WriteKind::Delete),
        ] {
            let target = WriteTarget::new(table, kind);
            assert_eq!(WriteTarget::of_native(sql), Some(target), "{sql}");
        }
        assert_eq!(WriteTarget::of_native("SELECT 1"), None);
        assert_eq!(WriteTarget::of_native("VACUUM"), None);
    }
}
