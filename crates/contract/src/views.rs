//! Views after changes of the tables that they read.

use phantomdb_protocol::ErrorCode;

use super::{
    fixture::{ContractTest, Fixture, contract_tests},
    session::{all, ask, error, ok},
};

pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_view_keeps_the_names_of_its_columns,
    the_star_of_a_view_stands_for_the_columns_that_there_were,
    a_column_that_a_view_reads_keeps_its_type,
    a_key_stays_while_a_view_groups_by_it,
];

async fn a_view_keeps_the_names_of_its_columns(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT)",
            "INSERT INTO t VALUES (1, 2, 'a')",
            "CREATE VIEW v AS SELECT id, n, upper(s) FROM t",
            "CREATE VIEW w (a) AS SELECT x.n, x.upper FROM v AS x WHERE x.n > 1",
            "ALTER TABLE t RENAME COLUMN n TO m",
            "ALTER TABLE t RENAME COLUMN s TO word",
            "ALTER TABLE t RENAME TO other",
        ],
    )
    .await;
    assert_eq!(ask(session, "SELECT n, upper FROM v").await, "2|A");
    assert_eq!(ask(session, "SELECT a, upper FROM w").await, "2|A");
}

async fn the_star_of_a_view_stands_for_the_columns_that_there_were(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)",
            "CREATE TABLE u (u_id INTEGER, s TEXT)",
            "INSERT INTO t VALUES (1, 2)",
            "INSERT INTO u VALUES (1, 'a')",
            "CREATE VIEW v AS SELECT * FROM t",
            "CREATE VIEW w AS SELECT b.*, q.n FROM u AS b JOIN (SELECT * FROM t) AS q ON q.id = b.u_id",
            "ALTER TABLE t ADD COLUMN z INTEGER DEFAULT 7",
            "ALTER TABLE u ADD COLUMN z INTEGER DEFAULT 8",
        ],
    )
    .await;
    assert_eq!(ask(session, "SELECT * FROM v").await, "1|2");
    assert_eq!(ask(session, "SELECT * FROM w").await, "1|a|2");
    let refused = error(session, "ALTER TABLE t DROP COLUMN n", &[]).await;
    assert_eq!(refused.code, ErrorCode::ForeignKeyViolation, "{}", refused.message);
    ok(session, "ALTER TABLE t DROP COLUMN z", &[]).await;
}

async fn a_column_that_a_view_reads_keeps_its_type(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT, u INTEGER)",
            "CREATE VIEW v AS SELECT id, n FROM t WHERE s = 'a'",
        ],
    )
    .await;
    for column in ["n", "s"] {
        let change = format!("ALTER TABLE t ALTER COLUMN {column} TYPE VARCHAR(9)");
        let refused = error(session, &change, &[]).await;
        assert_eq!(refused.code, ErrorCode::Unsupported, "{change}: {}", refused.message);
    }
    all(
        session,
        &[
            "ALTER TABLE t ALTER COLUMN u TYPE BIGINT",
            "ALTER TABLE t ALTER COLUMN n TYPE INTEGER",
            "ALTER TABLE t ALTER COLUMN n SET DEFAULT 5",
            "DROP VIEW v",
            "ALTER TABLE t ALTER COLUMN n TYPE BIGINT",
        ],
    )
    .await;
}

async fn a_key_stays_while_a_view_groups_by_it(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE t (id INTEGER CONSTRAINT t_key PRIMARY KEY, n INTEGER)",
            "CREATE VIEW counted AS SELECT id, count(*) AS c FROM t GROUP BY id",
            "CREATE VIEW grouped AS SELECT id, n, sum(n) AS s FROM t GROUP BY id",
        ],
    )
    .await;
    let refused = error(session, "ALTER TABLE t DROP CONSTRAINT t_key", &[]).await;
    assert_eq!(refused.code, ErrorCode::ForeignKeyViolation, "{}", refused.message);
    // The words may be apart, in a query inside of the view, and in a string.
    all(
        session,
        &[
            "DROP VIEW grouped",
            "CREATE VIEW grouped AS SELECT s FROM (SELECT id, n, sum(n) AS s FROM t GROUP\n BY id) AS g",
            "CREATE VIEW words AS SELECT 'GROUP BY' AS w, n FROM t",
        ],
    )
    .await;
    let refused = error(session, "ALTER TABLE t DROP CONSTRAINT t_key", &[]).await;
    assert_eq!(refused.code, ErrorCode::ForeignKeyViolation, "{}", refused.message);
    ok(session, "ALTER TABLE t DROP CONSTRAINT t_key CASCADE", &[]).await;
    assert_eq!(ask(session, "SELECT count(*) FROM counted").await, "0");
    assert_eq!(error(session, "SELECT 1 FROM grouped", &[]).await.code, ErrorCode::UnknownTable);
    assert_eq!(ask(session, "SELECT count(*) FROM words").await, "0");
}
