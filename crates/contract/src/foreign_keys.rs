//! Definitions of foreign keys, as applications and their migrations write them.

use phantomdb_protocol::{Constraint, ErrorCode};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::schema::describe;
use super::session::{all, ask, error, ok};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_foreign_key_may_point_to_a_table_that_comes_later,
    a_foreign_key_that_waits_goes_as_any_other,
    rows_are_judged_when_the_table_of_their_key_comes,
    a_foreign_key_is_between_columns_that_are_compared,
    no_change_leaves_a_foreign_key_between_columns_that_are_not_compared,
    a_foreign_key_that_begins_deferred_is_deferrable
];

async fn a_foreign_key_may_point_to_a_table_that_comes_later(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE, \
             CONSTRAINT to_q FOREIGN KEY (id) REFERENCES q (id))",
            "ALTER TABLE c ADD COLUMN r_id INTEGER REFERENCES r (id)",
        ],
    )
    .await;
    let schema = describe(session, "c").await;
    let mut keys: Vec<(&str, &str)> = Vec::new();
    for constraint in &schema.constraints {
        if let Constraint::ForeignKey { name, columns: _, references } = constraint {
            keys.push((name.as_deref().unwrap_or_default(), &references.table.name));
        }
    }
    keys.sort_unstable();
    assert_eq!(keys, [("c_p_id_fkey", "p"), ("c_r_id_fkey", "r"), ("to_q", "q")]);
    assert_eq!(schema.columns[1].references.as_ref().unwrap().table.name, "p");
    all(
        session,
        &[
            "CREATE TABLE p (id INTEGER PRIMARY KEY, c_id INTEGER REFERENCES c (id))",
            "CREATE TABLE q (id INTEGER PRIMARY KEY)",
            "CREATE TABLE later (id INTEGER PRIMARY KEY)",
            "ALTER TABLE later RENAME TO r",
            "INSERT INTO p VALUES (1, NULL)",
            "INSERT INTO q VALUES (1), (2)",
            "INSERT INTO r VALUES (1)",
            "INSERT INTO c VALUES (1, 1, 1)",
        ],
    )
    .await;
    for row in ["(2, 9, 1)", "(2, 1, 9)", "(9, 1, 1)"] {
        let refused = error(session, &format!("INSERT INTO c VALUES {row}"), &[]).await;
        assert_eq!(refused.code, ErrorCode::ForeignKeyViolation, "{row}: {}", refused.message);
    }
    ok(session, "DELETE FROM p", &[]).await;
    assert_eq!(ask(session, "SELECT count(*) FROM c").await, "0", "it cascades");
    assert_eq!(describe(session, "c").await.constraints.len(), 4);
}

async fn a_foreign_key_that_waits_goes_as_any_other(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE c (id INTEGER, p_id INTEGER REFERENCES p (id), q_id INTEGER REFERENCES q (id), \
             r_id INTEGER REFERENCES r (id))",
            "ALTER TABLE c DROP CONSTRAINT c_p_id_fkey",
            "ALTER TABLE c DROP COLUMN q_id",
            "ALTER TABLE c RENAME COLUMN r_id TO s_id",
            "CREATE TABLE p (id INTEGER PRIMARY KEY)",
            "CREATE TABLE q (id INTEGER PRIMARY KEY)",
            "CREATE TABLE r (id INTEGER PRIMARY KEY)",
            "INSERT INTO c VALUES (1, 5, NULL)",
        ],
    )
    .await;
    assert_eq!(describe(session, "c").await.constraints.len(), 1);
    let refused = error(session, "INSERT INTO c VALUES (1, 5, 5)", &[]).await;
    assert_eq!(refused.code, ErrorCode::ForeignKeyViolation, "{}", refused.message);
}

/// Until the table comes, SQLite refuses rows with such a key, and PostgreSQL takes them.
async fn rows_are_judged_when_the_table_of_their_key_comes(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE c (p_id INTEGER REFERENCES p (id))", &[]).await;
    let sql = "INSERT INTO c VALUES (5)";
    match session.execute(super::session::statement(sql, &[])).await {
        Ok(_) => {
            let refused = error(session, "CREATE TABLE p (id INTEGER PRIMARY KEY)", &[]).await;
            assert_eq!(refused.code, ErrorCode::ForeignKeyViolation, "{}", refused.message);
            assert!(refused.message.contains("c_p_id_fkey"), "{}", refused.message);
            ok(session, "DELETE FROM c WHERE p_id = 5", &[]).await;
        }
        Err(refused) => {
            assert_eq!(refused.code, ErrorCode::UnknownTable);
            assert!(refused.message.contains("\"p\""), "{}", refused.message);
        }
    }
    ok(session, "CREATE TABLE p (id INTEGER PRIMARY KEY)", &[]).await;
    assert_eq!(error(session, sql, &[]).await.code, ErrorCode::ForeignKeyViolation);
}

async fn a_foreign_key_is_between_columns_that_are_compared(fixture: &Fixture) {
    let session = &*fixture.session;
    for (from, to, is_made) in [
        ("INTEGER", "BIGINT", true),
        ("BIGINT", "SMALLINT", true),
        ("INTEGER", "DECIMAL(10,2)", true),
        ("VARCHAR(5)", "TEXT", true),
        ("TEXT", "CHAR(5)", true),
        ("TIMESTAMP", "DATE", true),
        ("ENUM('a','b')", "TEXT", true),
        ("TEXT", "INTEGER", false),
        ("INTEGER", "TEXT", false),
        ("DECIMAL(10,2)", "INTEGER", false),
        ("DOUBLE PRECISION", "BIGINT", false),
        ("TEXT", "UUID", false),
        ("UUID", "VARCHAR(36)", false),
        ("BOOLEAN", "INTEGER", false),
        ("BLOB", "TEXT", false),
    ] {
        let parent = format!("CREATE TABLE p (id {to} PRIMARY KEY)");
        for (first, second) in [
            (parent.clone(), format!("CREATE TABLE c (p_id {from} REFERENCES p (id))")),
            (parent.clone(), format!("CREATE TABLE c (p_id {from}, FOREIGN KEY (p_id) REFERENCES p)")),
            // The table of the key comes later.
            (format!("CREATE TABLE c (p_id {from} REFERENCES p (id))"), parent.clone()),
        ] {
            ok(session, &first, &[]).await;
            if is_made {
                ok(session, &second, &[]).await;
            } else {
                let refused = error(session, &second, &[]).await;
                let message = format!("{first}; {second}: {}", refused.message);
                assert_eq!(refused.code, ErrorCode::TypeMismatch, "{message}");
                assert!(refused.message.contains("c_p_id_fkey"), "{message}");
            }
            all(session, &["DROP TABLE IF EXISTS c", "DROP TABLE IF EXISTS p"]).await;
        }
    }
}

async fn no_change_leaves_a_foreign_key_between_columns_that_are_not_compared(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE)",
            "CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id), note TEXT)",
            "CREATE TABLE self (id INTEGER PRIMARY KEY, up INTEGER REFERENCES self (id))",
        ],
    )
    .await;
    for change in [
        "ALTER TABLE c ALTER COLUMN p_id TYPE TEXT",
        "ALTER TABLE p ALTER COLUMN id TYPE TEXT",
        "ALTER TABLE c ADD COLUMN other TEXT REFERENCES p (id)",
        "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (note) REFERENCES p (id)",
        "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES p (code)",
        "ALTER TABLE self ALTER COLUMN up TYPE TEXT",
        "CREATE TABLE more (id INTEGER PRIMARY KEY, up TEXT REFERENCES more (id))",
    ] {
        let refused = error(session, change, &[]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{change}: {}", refused.message);
    }
    ok(session, "ALTER TABLE c ALTER COLUMN p_id TYPE BIGINT", &[]).await;
    ok(session, "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (note) REFERENCES p (code)", &[]).await;
}

async fn a_foreign_key_that_begins_deferred_is_deferrable(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE p (id INTEGER PRIMARY KEY)", &[]).await;
    for (index, (words, deferrable, deferred)) in [
        ("INITIALLY DEFERRED", true, true),
        ("INITIALLY DEFERRED DEFERRABLE", true, true),
        ("DEFERRABLE INITIALLY DEFERRED", true, true),
        ("DEFERRABLE", true, false),
        ("INITIALLY IMMEDIATE", false, false),
        ("NOT DEFERRABLE INITIALLY IMMEDIATE", false, false),
        ("NOT DEFERRABLE", false, false),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("REFERENCES p (id) {words}");
        let (column, table, added) = (format!("a{index}"), format!("b{index}"), format!("c{index}"));
        ok(session, &format!("CREATE TABLE {column} (p_id INTEGER {key})"), &[]).await;
        ok(session, &format!("CREATE TABLE {table} (p_id INTEGER, FOREIGN KEY (p_id) {key})"), &[]).await;
        ok(session, &format!("CREATE TABLE {added} (p_id INTEGER)"), &[]).await;
        ok(session, &format!("ALTER TABLE {added} ADD FOREIGN KEY (p_id) {key}"), &[]).await;
        for table in [column, table, added] {
            let schema = describe(session, &table).await;
            let Some(Constraint::ForeignKey { name: _, columns: _, references }) = schema.constraints.first()
            else {
                panic!("{table} has no foreign key");
            };
            assert_eq!(
                (references.deferrable, references.initially_deferred),
                (deferrable, deferred),
                "{words}"
            );
        }
    }
    let refused =
        error(session, "CREATE TABLE x (p_id INTEGER REFERENCES p NOT DEFERRABLE INITIALLY DEFERRED)", &[]);
    assert_eq!(refused.await.code, ErrorCode::SyntaxError);
    let early = "CREATE TABLE d (p_id INTEGER REFERENCES later (id) INITIALLY DEFERRED)";
    ok(session, early, &[]).await;
    ok(
        session,
        "CREATE TABLE u (id INTEGER PRIMARY KEY NOT DEFERRABLE, n INTEGER UNIQUE INITIALLY IMMEDIATE)",
        &[],
    )
    .await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, "INSERT INTO a0 VALUES (7)", &[]).await;
    ok(&*transaction, "INSERT INTO p VALUES (7)", &[]).await;
    transaction.commit().await.unwrap();
}
