//! Joins that keep the rows of the right side, or of both sides.

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{all, ask, error, ok};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] =
    contract_tests![a_full_join_keeps_the_rows_of_both_sides, a_right_join_keeps_the_rows_of_the_right_side];

const TABLES: [&str; 7] = [
    "CREATE TABLE a (id INTEGER PRIMARY KEY, k INTEGER, x TEXT)",
    "CREATE TABLE b (id INTEGER PRIMARY KEY, k INTEGER, y TEXT)",
    "CREATE TABLE odd (rowid TEXT, oid TEXT, k INTEGER)",
    "INSERT INTO a VALUES (1, 1, 'p'), (2, 2, 'q'), (3, 2, 'r'), (4, NULL, 's'), (5, 9, 't')",
    "INSERT INTO b VALUES (6, 2, 'u'), (7, 2, 'v'), (8, NULL, 'w'), (9, 1, 'x'), (10, 7, 'y')",
    "INSERT INTO odd VALUES ('m', 'n', 1), ('o', 'l', 3)",
    "CREATE VIEW few AS SELECT k, y FROM b WHERE id < 8",
];

async fn a_full_join_keeps_the_rows_of_both_sides(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &TABLES).await;
    let full = "1|1|p|9|1|x 2|2|q|6|2|u 2|2|q|7|2|v 3|2|r|6|2|u 3|2|r|7|2|v 4|∅|s|∅|∅|∅ 5|9|t|∅|∅|∅ ∅|∅|∅|8|∅|w ∅|∅|∅|10|7|y";
    for (query, expected) in [
        ("SELECT * FROM a FULL JOIN b ON a.k = b.k ORDER BY a.id, b.id", full),
        ("SELECT * FROM a FULL JOIN b ON b.k = a.k ORDER BY a.id, b.id", full),
        ("SELECT l.*, r.* FROM a AS l FULL OUTER JOIN b AS r ON (l.k = r.k) ORDER BY l.id, r.id", full),
        (
            "SELECT a.id, b.id FROM a FULL JOIN b ON a.k = b.k AND b.y <> 'u' WHERE coalesce(a.id, 0) < 3 ORDER BY 1, 2",
            "1|9 2|7 ∅|6 ∅|8 ∅|10",
        ),
        (
            "SELECT * FROM a FULL JOIN b ON a.k = b.k WHERE a.id IS NULL ORDER BY b.id",
            "∅|∅|∅|8|∅|w ∅|∅|∅|10|7|y",
        ),
        ("SELECT count(*), count(a.id), count(b.id) FROM a FULL JOIN b ON x = y", "10|5|5"),
        (
            "SELECT l.id, r.id FROM a AS l FULL JOIN a AS r ON l.k = r.k AND l.id <> r.id ORDER BY 1, 2",
            "1|∅ 2|3 3|2 4|∅ 5|∅ ∅|1 ∅|4 ∅|5",
        ),
        (
            "SELECT * FROM odd FULL JOIN a ON odd.k = a.k AND a.id < 3 WHERE rowid <> 'x' ORDER BY 1",
            "m|n|1|1|1|p o|l|3|∅|∅|∅",
        ),
        (
            "SELECT a.id, b.id, c.id FROM a FULL JOIN b ON a.k = b.k LEFT JOIN b AS c ON c.y = a.x FULL JOIN odd ON odd.k = b.k \
             WHERE odd.k IS NOT NULL ORDER BY 1, 2",
            "1|9|∅ ∅|∅|∅",
        ),
        (
            "SELECT k, a.id, b.id FROM a FULL JOIN b USING (k) ORDER BY k, a.id, b.id",
            "1|1|9 2|2|6 2|2|7 2|3|6 2|3|7 7|∅|10 9|5|∅ ∅|4|∅ ∅|∅|8",
        ),
        ("SELECT * FROM a FULL JOIN b USING (k) WHERE k > 2 ORDER BY k", "7|∅|∅|10|y 9|5|t|∅|∅"),
        ("SELECT k, count(*) FROM a FULL JOIN b USING (k) GROUP BY k ORDER BY k DESC", "∅|2 9|1 7|1 2|4 1|1"),
        ("SELECT DISTINCT k FROM a FULL JOIN b USING (k) JOIN odd USING (k)", "1"),
        (
            "SELECT DISTINCT o.k, a.k FROM a FULL JOIN b USING (k) LEFT JOIN odd AS o ON o.k = a.k ORDER BY 2",
            "1|1 ∅|2 ∅|9 ∅|∅",
        ),
        ("SELECT k, x, y FROM a FULL JOIN few USING (k) WHERE k <> 2 ORDER BY k", "1|p|∅ 9|t|∅"),
        ("SELECT x, y FROM a FULL JOIN few ON a.k = few.k WHERE y = 'u' ORDER BY x", "q|u r|u"),
        ("SELECT a.id FROM b, a FULL JOIN odd ON a.k = odd.k WHERE b.id = 10 ORDER BY 1", "1 2 3 4 5 ∅"),
        (
            "SELECT (SELECT count(*) FROM a AS l FULL JOIN b ON l.k = b.k AND b.k <> o.k) FROM a AS o WHERE o.k < 3 ORDER BY o.id",
            "10 9 9",
        ),
    ] {
        assert_eq!(ask(session, query).await, expected, "{query}");
    }
    let ambiguous = "SELECT k FROM a FULL JOIN b USING (k) LEFT JOIN odd AS o ON o.k = a.k";
    error(session, ambiguous, &[]).await;
    let update = "UPDATE a SET x = s.y FROM (SELECT b.y, c.k FROM b FULL JOIN odd AS c ON b.k = c.k) AS s WHERE a.k = s.k";
    ok(session, update, &[]).await;
    assert_eq!(ask(session, "SELECT x FROM a WHERE id = 1").await, "x");
}

async fn a_right_join_keeps_the_rows_of_the_right_side(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &TABLES).await;
    for (query, expected) in [
        (
            "SELECT * FROM a RIGHT JOIN b ON a.k = b.k ORDER BY b.id, a.id",
            "2|2|q|6|2|u 3|2|r|6|2|u 2|2|q|7|2|v 3|2|r|7|2|v ∅|∅|∅|8|∅|w 1|1|p|9|1|x ∅|∅|∅|10|7|y",
        ),
        (
            "SELECT * FROM few RIGHT JOIN a USING (k) WHERE a.id <> 2 ORDER BY a.id, y",
            "1|∅|1|p 2|u|3|r 2|v|3|r ∅|∅|4|s 9|∅|5|t",
        ),
        (
            "SELECT s.y, a.id FROM (SELECT k, y FROM b) AS s RIGHT OUTER JOIN a ON s.k = a.id JOIN odd ON odd.k = a.id ORDER BY a.id",
            "x|1 ∅|3",
        ),
        ("SELECT f.* FROM a AS e NATURAL RIGHT JOIN odd AS f ORDER BY 3", "m|n|1 o|l|3"),
        ("SELECT * FROM a RIGHT JOIN b ON FALSE WHERE b.id = 6", "∅|∅|∅|6|2|u"),
    ] {
        assert_eq!(ask(session, query).await, expected, "{query}");
    }
}
