//! Tables as the statements that make them.

use phantomdb_protocol::{Constraint, Result, TableName, TableSchema};
use phantomdb_sql::{ddl, printer::quote_identifier};

/// The statements that make the tables, in an order in which they run. A foreign key to a later table, as two tables have
/// that point to each other, comes at the end.
pub(crate) fn sql_text(schemas: &[TableSchema]) -> Result<String> {
    let mut text = String::new();
    let mut later = Vec::new();
    let mut made: Vec<&TableName> = Vec::new();
    let mut namespaces: Vec<&String> = Vec::new();
    let mut add = |statement: &str| {
        text.push_str(statement);
        text.push_str(";\n");
    };
    for schema in schemas {
        if let Some(name) = schema.table.schema.as_ref().filter(|name| !namespaces.contains(name)) {
            add(&format!("CREATE SCHEMA {}", quote_identifier(name)));
            namespaces.push(name);
        }
        made.push(&schema.table);
        let is_made = |table: &TableName| made.contains(&table);
        let statement = ddl::create_table(schema, &ddl::generated(schema), |key| is_made(&key.table))?;
        add(&on_lines(&statement));
        for index in schema.indexes.iter().filter(|index| index.definition.is_some()) {
            add(&ddl::create_index(&schema.table, index)?);
        }
        for comment in ddl::comments(schema)? {
            add(&comment);
        }
        for constraint in &schema.constraints {
            if let Constraint::ForeignKey { references, .. } = constraint
                && !is_made(&references.table)
            {
                let key = ddl::constraint_text(constraint)?;
                later.push(format!("ALTER TABLE {} ADD {key}", ddl::table_name(&schema.table)));
            }
        }
    }
    later.iter().for_each(|statement| add(statement));
    Ok(text)
}

/// `CREATE TABLE` with a line for each column and each constraint.
fn on_lines(statement: &str) -> String {
    let mut lines = String::with_capacity(statement.len() + 64);
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    let mut characters = statement.chars().peekable();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => {
                depth += 1;
                if depth == 1 {
                    lines.push_str("(\n  ");
                    continue;
                }
            }
            (None, ')') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    lines.push('\n');
                }
            }
            (None, ',') if depth == 1 => {
                lines.push_str(",\n  ");
                while characters.next_if(|next| *next == ' ').is_some() {}
                continue;
            }
            _ => {}
        }
        lines.push(c);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::testing::shop;

    #[test]
    fn each_column_has_a_line_and_later_keys_come_at_the_end() {
        let text = sql_text(&shop()).unwrap();
        assert!(text.starts_with("CREATE TABLE \"users\" (\n  \"id\" INTEGER"), "{text}");
        assert!(text.contains("  \"x<&y\" DECIMAL(10,2),\n"), "{text}");
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("ALTER TABLE \"chicken\" ADD"), "{text}");
        assert!(last.contains("REFERENCES \"egg\""), "{text}");
    }

    #[test]
    fn what_stands_in_quotes_is_not_broken() {
        let statement = "CREATE TABLE \"a,(b\" (\"c\" TEXT DEFAULT ',''(', CHECK (\"c\" IN ('x', 'y')))";
        let lines: Vec<String> = on_lines(statement).lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            ["CREATE TABLE \"a,(b\" (", "  \"c\" TEXT DEFAULT ',''(',", "  CHECK (\"c\" IN ('x', 'y'))", ")"]
        );
    }
}
