//! The message lists the keys that a statement can have violated.

use phantomdb_protocol::ForeignKeySide;

use super::Database;
use crate::violated_key::foreign_key;

#[test]
fn a_message_lists_each_key_that_may_be_violated() {
    let database = Database::with(&[
        "CREATE TABLE p (id INTEGER PRIMARY KEY)",
        "CREATE TABLE q (id INTEGER PRIMARY KEY, up INTEGER REFERENCES q)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p, q INTEGER REFERENCES q)",
        "CREATE TABLE d (p INTEGER REFERENCES p, c INTEGER REFERENCES c ON UPDATE CASCADE)",
    ]);
    let to_p = "\"p\" of \"c\" would point to a row of \"p\" that is not there";
    let to_q = "\"q\" of \"c\" would point to a row of \"q\" that is not there";
    let both = format!("{to_p}, or {to_q}");
    let of_p = "rows of \"c\" point to the row of \"p\", or rows of \"d\" point to the row of \"p\"";
    let (child, parent) = (Some(ForeignKeySide::Child), Some(ForeignKeySide::Parent));
    for (sql, message, side) in [
        ("INSERT INTO c VALUES (1, 9, 9)", both.as_str(), child),
        ("UPDATE c SET p = 9, q = 9", &both, child),
        ("UPDATE c SET (id, q) = (SELECT 1, 9)", to_q, child),
        ("DELETE FROM p", of_p, parent),
        ("UPDATE p SET id = 2", of_p, parent),
        ("DELETE FROM c", "rows of \"d\" point to the row of \"c\"", parent),
        (
            "UPDATE q SET id = 2, up = 3",
            "\"up\" of \"q\" would point to a row of \"q\" that is not there, or rows of \"c\" point to the row of \"q\"",
            None,
        ),
    ] {
        let error = foreign_key(database.adapt(sql).target.as_ref(), &database);
        assert_eq!((error.message.as_str(), error.details.side), (message, side), "{sql}");
    }
}

#[test]
fn a_message_lists_no_more_than_somebody_reads() {
    let columns: Vec<String> = (0..8).map(|n| format!("p{n} INTEGER REFERENCES p")).collect();
    let table = format!("CREATE TABLE c ({})", columns.join(", "));
    let database = Database::with(&["CREATE TABLE p (id INTEGER PRIMARY KEY)", &table]);
    let sql = "INSERT INTO c (p0) VALUES (1)";
    let message = foreign_key(database.adapt(sql).target.as_ref(), &database).message;
    assert!(message.ends_with(", or one of 3 more keys is violated"), "{message}");
}
