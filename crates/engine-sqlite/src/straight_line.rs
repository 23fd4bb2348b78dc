//! Statements that run without a loop.

use rusqlite::{Connection, Row};

/// The instructions of SQLite's virtual machine whose time grows with the number of rows: those that go on to the next row,
/// that run another program (for a foreign key with an action), and that count or remove all rows at once.
const UNBOUNDED: [&str; 13] = [
    "Prev",
    "SorterNext",
    "SorterSort",
    "VNext",
    "VFilter",
    "VUpdate",
    "RowSetRead",
    "Program",
    "Yield",
    "InitCoroutine",
    "Count",
    "Clear",
    "Destroy",
];

struct Instruction {
    opcode: String,
    p1: i64,
    p2: i64,
}

/// True when the program of a statement has none of these instructions and no loop, but the one that gives the rows of
/// RETURNING, of which there are as many as the rest of the program has changed.
pub(super) fn is_straight(connection: &Connection, sql: &str) -> rusqlite::Result<bool> {
    let mut explain = connection.prepare(&format!("EXPLAIN {sql}"))?;
    let read = |row: &Row<'_>| {
        Ok(Instruction { opcode: row.get("opcode")?, p1: row.get("p1")?, p2: row.get("p2")? })
    };
    // The parameters have no values yet, and EXPLAIN needs none.
    let program = explain.raw_query().mapped(read).collect::<rusqlite::Result<Vec<_>>>()?;
    Ok((0..).zip(&program).all(|(address, instruction)| match instruction.opcode.as_str() {
        "Next" => gives_rows(&program, address, instruction),
        // The last instruction goes back to the one after the first.
        "Goto" => instruction.p2 > address || instruction.p2 == 1,
        opcode => !UNBOUNDED.contains(&opcode),
    }))
}

/// True when a loop goes over a table of the statement's own, and gives each of its rows to the caller.
fn gives_rows(program: &[Instruction], end: i64, next: &Instruction) -> bool {
    let is_own = program.iter().any(|other| other.opcode == "OpenEphemeral" && other.p1 == next.p1);
    let mut body = (0..).zip(program).filter(|(address, _)| (next.p2..end).contains(address));
    is_own && body.any(|(_, instruction)| instruction.opcode == "ResultRow")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_statements_on_one_row_from_statements_on_many() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "PRAGMA foreign_keys=ON;
                 CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE, note TEXT, a, b, UNIQUE (a, b));
                 CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES parent (id) ON DELETE CASCADE)",
            )
            .unwrap();
        for (sql, expected) in [
            ("UPDATE parent SET note = ?1 WHERE id = ?2", true),
            ("UPDATE parent SET note = ?1 WHERE code = ?2", true),
            ("UPDATE parent SET note = ?1 WHERE a = ?2 AND b = ?3 RETURNING id", true),
            ("UPDATE child SET parent = ?1 WHERE id = ?2", true),
            ("DELETE FROM child WHERE id = ?1", true),
            ("INSERT INTO child (parent) VALUES (?1)", true),
            ("UPDATE parent SET note = ?1 WHERE a = ?2", false),
            ("UPDATE parent SET note = ?1 WHERE id > ?2", false),
            ("UPDATE parent SET note = ?1", false),
            ("UPDATE parent SET note = (SELECT count(*) FROM child) WHERE id = ?1", false),
            ("UPDATE parent SET id = ?1 WHERE id = ?2", false),
            (
                "UPDATE parent SET a = (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
                 SELECT max(i) FROM n) WHERE id = ?2",
                false,
            ),
            ("DELETE FROM parent WHERE id = ?1", false),
            ("DELETE FROM child", false),
            ("INSERT INTO child (parent) SELECT id FROM parent", false),
        ] {
            assert_eq!(is_straight(&connection, sql).unwrap(), expected, "{sql}");
        }
    }
}
