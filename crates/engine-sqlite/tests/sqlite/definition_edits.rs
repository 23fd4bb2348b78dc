//! A change of the definition alone leaves the rows and the indexes where they are, and one that changes nothing writes
//! nothing.

use phantomdb_engine::Session;
use phantomdb_protocol::{AlterOperation, ErrorCode, Statement, TableName};
use serde_json::{Value as Json, json};

use crate::fixture::Fixture;
use phantomdb_testing::{error, ok, rows, statement};

const TABLES: [&str; 4] = [
    "CREATE TABLE p (id SERIAL PRIMARY KEY)",
    "CREATE TABLE t (id SERIAL PRIMARY KEY, name VARCHAR(9) NOT NULL DEFAULT 'x' UNIQUE, kind ENUM('a','b'), \
     p_id INTEGER REFERENCES p (id) ON DELETE SET NULL, n INTEGER DEFAULT (-5), price DECIMAL(8,2) DEFAULT 1.50, at TIMESTAMP DEFAULT now(), key UUID DEFAULT gen_random_uuid(), \
     doc JSONB, real DOUBLE PRECISION, ci CITEXT, \"on\" BOOLEAN DEFAULT true, CONSTRAINT small CHECK (n < 9))",
    "CREATE INDEX by_kind ON t (kind DESC) WHERE n > 0",
    "INSERT INTO t (kind, n) VALUES ('a', 1)",
];

async fn in_sqlite(session: &dyn Session, query: &str) -> Json {
    let native = Statement { native: true, ..statement(query, &[]) };
    serde_json::from_str(session.execute(native).await.unwrap().rows.get()).unwrap()
}

/// The pages of the table and its indexes: a rebuild moves them.
async fn pages(session: &dyn Session) -> Json {
    in_sqlite(session, "SELECT name, rootpage FROM sqlite_schema WHERE tbl_name = 't' ORDER BY name").await
}

async fn version(session: &dyn Session) -> Json {
    in_sqlite(session, "PRAGMA schema_version").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_changes_nothing_writes_nothing() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        for query in TABLES {
            ok(session, query, &[]).await;
        }
        let before = version(session).await;
        let schema = session.describe(&TableName::new("t")).await.unwrap();
        let mut operations =
            vec![AlterOperation::DropConstraint { name: "t_p_id_fkey".into(), cascade: false }];
        for column in schema.columns {
            operations.push(AlterOperation::ChangeColumn { column, using: None });
        }
        session.alter(&TableName::new("t"), operations).await.unwrap();
        assert_eq!(version(session).await, before);
    }
}

/// SQLite takes the value of a row that is older than its column from the default in the definition.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_default_leaves_the_values_of_rows_that_are_older_than_the_column() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        ok(session, "CREATE TABLE old (id INTEGER PRIMARY KEY)", &[]).await;
        ok(session, "INSERT INTO old (id) VALUES (1)", &[]).await;
        ok(session, "ALTER TABLE old ADD COLUMN v TEXT DEFAULT 'x'", &[]).await;
        ok(session, "ALTER TABLE old ALTER COLUMN v SET DEFAULT 'y'", &[]).await;
        ok(session, "INSERT INTO old (id) VALUES (2)", &[]).await;
        ok(session, "ALTER TABLE old ALTER COLUMN v DROP DEFAULT", &[]).await;
        ok(session, "INSERT INTO old (id) VALUES (3)", &[]).await;
        assert_eq!(rows(session, "SELECT v FROM old ORDER BY id", &[]).await, json!([["x"], ["y"], [null]]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_definition_alone_moves_no_row() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        for query in TABLES {
            ok(session, query, &[]).await;
        }
        let before = pages(session).await;
        for operation in [
            "ALTER COLUMN name TYPE VARCHAR(20)",
            "ALTER COLUMN name TYPE TEXT",
            "ALTER COLUMN name DROP NOT NULL",
            "ALTER COLUMN name SET NOT NULL",
            "ALTER COLUMN n TYPE BIGINT",
            "ALTER COLUMN id TYPE BIGINT",
            "ALTER COLUMN kind TYPE ENUM('a','b','c')",
            "ADD CONSTRAINT positive CHECK (n > 0)",
            "DROP CONSTRAINT small",
            "DROP CONSTRAINT t_p_id_fkey",
            "ADD CONSTRAINT again FOREIGN KEY (p_id) REFERENCES p (id)",
            "RENAME CONSTRAINT t_name_key TO one_name",
        ] {
            ok(session, &format!("ALTER TABLE t {operation}"), &[]).await;
            assert_eq!(pages(session).await, before, "{operation}");
        }
        assert_eq!(in_sqlite(session, "PRAGMA integrity_check").await, json!([["ok"]]));
        ok(
            session,
            "INSERT INTO t (id, name, kind, n) VALUES (5000000000, 'a long name', 'c', 3000000000)",
            &[],
        )
        .await;
        for (values, code) in [
            ("('a long name', 'a', 1)", ErrorCode::UniqueViolation),
            ("(NULL, 'a', 1)", ErrorCode::NotNullViolation),
            ("('y', 'd', 1)", ErrorCode::CheckViolation),
            ("('y', 'a', 0)", ErrorCode::CheckViolation),
        ] {
            let insert = format!("INSERT INTO t (name, kind, n) VALUES {values}");
            assert_eq!(error(session, &insert, &[]).await.code, code, "{values}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_is_rolled_back_is_the_old_one_for_everybody() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        for query in TABLES {
            ok(session, query, &[]).await;
        }
        let before = session.describe(&TableName::new("t")).await.unwrap();
        let transaction = fixture.begin(None).await;
        ok(&*transaction, "ALTER TABLE t ALTER COLUMN n SET DEFAULT 5, DROP CONSTRAINT small", &[]).await;
        ok(&*transaction, "INSERT INTO t (name, n) VALUES ('many', 99)", &[]).await;
        let refused = error(&*transaction, "ALTER TABLE t ADD CONSTRAINT few CHECK (n < 9)", &[]).await;
        assert_eq!(refused.code, ErrorCode::CheckViolation);
        ok(&*transaction, "INSERT INTO t (name) VALUES ('five')", &[]).await;
        assert_eq!(rows(&*transaction, "SELECT n FROM t WHERE name = 'five'", &[]).await, json!([[5]]));
        transaction.rollback().await.unwrap();
        assert_eq!(session.describe(&TableName::new("t")).await.unwrap(), before);
        ok(session, "INSERT INTO t (name) VALUES ('none')", &[]).await;
        assert_eq!(rows(session, "SELECT n FROM t WHERE name = 'none'", &[]).await, json!([[-5]]));
        assert_eq!(error(session, "UPDATE t SET n = 99", &[]).await.code, ErrorCode::CheckViolation);
        assert_eq!(in_sqlite(session, "PRAGMA integrity_check").await, json!([["ok"]]));
    }
}
