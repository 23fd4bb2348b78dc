//! The table a statement changes, read from SQL that the adapter wrote.

/// `INSERT`, `UPDATE`, `DELETE` or whatever word comes first.
pub(super) fn verb(sql: &str) -> Option<&str> {
    sql.split_ascii_whitespace().next()
}

/// The table of an `INSERT INTO`, `UPDATE` or `DELETE FROM`; none for anything less plain.
pub(super) fn table(sql: &str) -> Option<String> {
    let rest = match verb(sql)? {
        "INSERT" | "REPLACE" => after(sql, "INTO ")?,
        "DELETE" => after(sql, "FROM ")?,
        "UPDATE" => {
            let rest = after(sql, "UPDATE ")?;
            match rest.strip_prefix("OR ") {
                Some(or) => or.split_once(' ')?.1,
                None => rest,
            }
        }
        _ => return None,
    };
    identifier(rest.trim_start())
}

fn after<'a>(sql: &'a str, word: &str) -> Option<&'a str> {
    sql.split_once(word).map(|(_, rest)| rest)
}

fn identifier(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '`'));
    let Some(quote) = quote else {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        return (end > 0).then(|| text[..end].to_owned());
    };
    let mut name = String::new();
    let mut characters = text.chars().skip(1).peekable();
    while let Some(c) = characters.next() {
        if c == quote && characters.next_if_eq(&quote).is_none() {
            return Some(name);
        }
        name.push(c);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_the_table_of_a_change() {
        for (sql, name) in [
            ("INSERT INTO \"a b\" (\"x\") VALUES (?1)", "a b"),
            ("INSERT OR IGNORE INTO t VALUES (1)", "t"),
            ("UPDATE \"s.t\" SET \"x\" = 1", "s.t"),
            ("UPDATE OR IGNORE \"q\"\"q\" SET x = 1", "q\"q"),
            ("DELETE FROM `t` WHERE x", "t"),
        ] {
            assert_eq!(table(sql).as_deref(), Some(name));
        }
        assert_eq!(table("WITH a AS (SELECT 1) DELETE FROM t"), None);
    }
}
