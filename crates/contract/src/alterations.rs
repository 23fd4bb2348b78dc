//! Changes of tables.

use phantomdb_engine::Session;
use phantomdb_protocol::{AlterOperation, Constraint, ErrorCode, Result, TableName};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::schema::{describe, names, tables};
use super::session::{all, ask, error, ok};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    values_are_kept_when_the_type_of_their_column_changes,
    a_table_moves_to_another_schema_whatever_is_there,
    a_change_keeps_rows_children_indexes_checks_and_numbers,
    a_change_in_a_transaction_keeps_rows_children_indexes_checks_and_numbers,
    a_check_that_casts_to_a_type_of_phantomdb_is_added_and_described_as_one_that_can_be_added,
    a_change_that_rows_contradict_is_refused_and_leaves_nothing,
    constraints_come_and_go_by_name,
    names_of_columns_may_differ_in_case_in_a_change,
    dropping_a_parent_never_takes_rows_of_its_children,
    a_declared_type_is_known_after_any_number_of_changes,
    a_default_that_came_as_a_constraint_goes_as_one,
    operations_are_applied_in_order_and_all_or_nothing
];

const FAMILY: [&str; 6] = [
    "CREATE TABLE p (id SERIAL PRIMARY KEY, name TEXT NOT NULL, kind ENUM('a','b') DEFAULT 'a', CONSTRAINT long_name CHECK (length(name) < 9))",
    "CREATE TABLE c (id SERIAL PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE INDEX p_name ON p (lower(name) DESC) WHERE kind = 'a'",
    "INSERT INTO p (name) VALUES ('x'), ('y'), ('z')",
    "INSERT INTO c (p_id) VALUES (1), (2)",
    "DELETE FROM p WHERE name = 'z'",
];

async fn values_are_kept_when_the_type_of_their_column_changes(fixture: &Fixture) {
    let session = &*fixture.session;
    for (from, value, to, expected) in [
        ("INTEGER", "7", "VARCHAR(5)", "7"),
        ("INTEGER", "7", "BIGINT", "7"),
        ("INTEGER", "7", "DOUBLE PRECISION", "7"),
        ("INTEGER", "7", "DECIMAL(10,2)", "7.00"),
        ("INTEGER", "0", "BOOLEAN", "false"),
        ("TEXT", "' 12 '", "INTEGER", "12"),
        ("TEXT", "'yes'", "BOOLEAN", "true"),
        ("TEXT", "'2026-01-02T03:04:05Z'", "TIMESTAMP", "2026-01-02T03:04:05.000Z"),
        ("TEXT", "'1.005'", "DECIMAL(10,2)", "1.01"),
        ("TEXT", "'{\"a\":1}'", "JSON", "{\"a\":1}"),
        ("TEXT", "'0193C2C5-8f0b-7e0f-8c0a-0123456789ab'", "UUID", "0193c2c5-8f0b-7e0f-8c0a-0123456789ab"),
        ("TEXT", "'b'", "ENUM('a','b')", "b"),
        ("TEXT", "'hi'", "BLOB", "aGk="),
        ("TIMESTAMP", "'2026-01-02T03:04:05.678Z'", "TEXT", "2026-01-02T03:04:05.678Z"),
        ("TIMESTAMP", "'2026-01-02T23:04:05Z'", "DATE", "2026-01-02"),
        ("DATE", "'2026-01-02'", "TIMESTAMP", "2026-01-02T00:00:00.000Z"),
        ("ENUM('a','b')", "'b'", "ENUM('b','c')", "b"),
        (
            "UUID",
            "'0193c2c5-8f0b-7e0f-8c0a-0123456789ab'",
            "VARCHAR(36)",
            "0193c2c5-8f0b-7e0f-8c0a-0123456789ab",
        ),
        ("VARCHAR(20)", "'short'", "CHAR(5)", "short"),
    ] {
        all(
            session,
            &[
                &format!("CREATE TABLE t (x {from}, y INTEGER DEFAULT 1)"),
                &format!("INSERT INTO t (x) VALUES ({value}), (NULL)"),
                &format!("ALTER TABLE t ALTER COLUMN x TYPE {to}"),
            ],
        )
        .await;
        assert_eq!(ask(session, "SELECT x FROM t WHERE x IS NOT NULL").await, expected, "{from} to {to}");
        assert_eq!(ask(session, "SELECT count(*) FROM t").await, "2");
        ok(session, "DROP TABLE t", &[]).await;
    }
    for (from, value, to, code) in [
        ("TEXT", "'x'", "INTEGER", ErrorCode::TypeMismatch),
        ("BIGINT", "3000000000", "INTEGER", ErrorCode::OutOfRange),
        ("TEXT", "'too long'", "VARCHAR(3)", ErrorCode::OutOfRange),
        ("INTEGER", "1", "UUID", ErrorCode::TypeMismatch),
        ("TEXT", "'c'", "ENUM('a','b')", ErrorCode::CheckViolation),
    ] {
        all(session, &[&format!("CREATE TABLE t (x {from})"), &format!("INSERT INTO t VALUES ({value})")])
            .await;
        let refused = error(session, &format!("ALTER TABLE t ALTER COLUMN x TYPE {to}"), &[]).await;
        assert_eq!(refused.code, code, "{from} to {to}: {}", refused.message);
        assert_eq!(describe(session, "t").await.columns[0].data_type, from);
        ok(session, "DROP TABLE t", &[]).await;
    }
}

async fn a_table_moves_to_another_schema_whatever_is_there(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE a.one (id INTEGER, x TEXT)",
            "CREATE TABLE a.two (id INTEGER)",
            "CREATE TABLE b.one (id INTEGER)",
            "INSERT INTO a.one VALUES (1, 'kept')",
            "ALTER TABLE a.one RENAME TO b.two",
        ],
    )
    .await;
    assert_eq!(tables(session).await, ["a.two", "b.one", "b.two"]);
    assert_eq!(ask(session, "SELECT * FROM b.two").await, "1|kept");
    let taken = error(session, "ALTER TABLE b.two RENAME TO a.two", &[]).await;
    assert_eq!(taken.code, ErrorCode::AlreadyExists);
    assert_eq!(tables(session).await, ["a.two", "b.one", "b.two"]);
}

async fn a_change_keeps_rows_children_indexes_checks_and_numbers(fixture: &Fixture) {
    keeps_everything(fixture, false).await;
}

/// The children would be deleted with their parents.
async fn a_change_in_a_transaction_keeps_rows_children_indexes_checks_and_numbers(fixture: &Fixture) {
    keeps_everything(fixture, true).await;
}

async fn keeps_everything(fixture: &Fixture, in_transaction: bool) {
    let session = &*fixture.session;
    all(session, &FAMILY).await;
    let transaction = fixture.begin(None).await;
    let changing: &dyn Session = if in_transaction {
        ok(&*transaction, "INSERT INTO c (p_id) VALUES (1)", &[]).await;
        &*transaction.clone().as_session()
    } else {
        session
    };
    all(changing, &[
        "ALTER TABLE p ALTER COLUMN name TYPE VARCHAR(5)",
        "ALTER TABLE p ADD COLUMN made TIMESTAMP NOT NULL DEFAULT now(), ADD CONSTRAINT one UNIQUE (name)",
        "ALTER TABLE p DROP COLUMN made",
    ])
    .await;
    transaction.commit().await.unwrap();
    let children = if in_transaction { "3" } else { "2" };
    assert_eq!(ask(session, "SELECT count(*) FROM c").await, children);
    assert_eq!(ask(session, "SELECT id, name, kind FROM p ORDER BY id").await, "1|x|a 2|y|a");
    assert_eq!(
        ask(session, "INSERT INTO p (name) VALUES ('w') RETURNING id > 3").await,
        "true",
        "numbers are not used again"
    );
    let schema = describe(session, "p").await;
    assert_eq!(schema.columns[1].data_type, "VARCHAR(5)");
    assert_eq!(schema.columns[2].data_type, "ENUM('a','b')");
    assert_eq!(schema.columns[2].default.as_deref(), Some("'a'"));
    assert_eq!(names(&schema), ["p_pkey", "long_name", "one"]);
    let indexes: Vec<_> = schema.indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(indexes, ["p_pkey", "one", "p_name"]);
    let orphan = error(session, "INSERT INTO c (p_id) VALUES (77)", &[]).await;
    assert_eq!(orphan.code, ErrorCode::ForeignKeyViolation);
    ok(session, "DELETE FROM p WHERE id = 1", &[]).await;
    assert_eq!(ask(session, "SELECT count(*) FROM c").await, "1", "and they still cascade");
}

async fn a_check_that_casts_to_a_type_of_phantomdb_is_added_and_described_as_one_that_can_be_added(
    fixture: &Fixture,
) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE t (x TEXT, y CITEXT)",
            "CREATE TABLE u (x TEXT, y CITEXT)",
            "ALTER TABLE t ADD CONSTRAINT k CHECK (CAST(x AS CITEXT) = 'a')",
        ],
    )
    .await;
    let schema = describe(session, "t").await;
    let [Constraint::Check { expression, .. }] = schema.constraints.as_slice() else {
        panic!("{:?}", schema.constraints);
    };
    ok(session, &format!("ALTER TABLE u ADD CONSTRAINT k CHECK ({expression})"), &[]).await;
    for table in ["t", "u"] {
        ok(session, &format!("INSERT INTO {table} (x) VALUES ('A')"), &[]).await;
        let refused = error(session, &format!("INSERT INTO {table} (x) VALUES ('b')"), &[]).await;
        assert_eq!(refused.code, ErrorCode::CheckViolation, "{expression}");
    }
}

async fn a_change_that_rows_contradict_is_refused_and_leaves_nothing(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &FAMILY).await;
    let before = (describe(session, "p").await, describe(session, "c").await);
    for (sql, code) in [
        ("ALTER TABLE c ALTER COLUMN p_id TYPE UUID", ErrorCode::TypeMismatch),
        ("ALTER TABLE p ADD CONSTRAINT short CHECK (length(name) > 1)", ErrorCode::CheckViolation),
        (
            "ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES p (id), ADD CONSTRAINT u UNIQUE (nothing)",
            ErrorCode::UnknownColumn,
        ),
        ("ALTER TABLE p DROP COLUMN id", ErrorCode::ForeignKeyViolation),
        ("ALTER TABLE p DROP CONSTRAINT nothing", ErrorCode::UnknownConstraint),
        ("ALTER TABLE p DROP CONSTRAINT p_pkey", ErrorCode::ForeignKeyViolation),
        ("ALTER TABLE p ADD COLUMN n INTEGER NOT NULL", ErrorCode::NotNullViolation),
        ("ALTER TABLE p ADD COLUMN name TEXT", ErrorCode::AlreadyExists),
        ("ALTER TABLE p ADD PRIMARY KEY (name)", ErrorCode::AlreadyExists),
        ("ALTER TABLE p RENAME COLUMN nothing TO something", ErrorCode::UnknownColumn),
        ("ALTER TABLE p RENAME TO c", ErrorCode::AlreadyExists),
        ("ALTER TABLE nothing RENAME TO something", ErrorCode::UnknownTable),
        ("CREATE TABLE p (id INTEGER)", ErrorCode::AlreadyExists),
        ("CREATE INDEX p_name ON p (name)", ErrorCode::AlreadyExists),
        ("CREATE INDEX other ON nothing (name)", ErrorCode::UnknownTable),
        ("CREATE INDEX other ON p (nothing)", ErrorCode::UnknownColumn),
        ("DROP INDEX nothing", ErrorCode::NotFound),
        ("DROP TABLE nothing", ErrorCode::UnknownTable),
        ("COMMENT ON COLUMN p.nothing IS 'x'", ErrorCode::UnknownColumn),
    ] {
        let refused = error(session, sql, &[]).await;
        assert_eq!(refused.code, code, "{sql}: {}", refused.message);
        assert_eq!(ask(session, "SELECT count(*) FROM c").await, "2");
        assert_eq!((describe(session, "p").await, describe(session, "c").await), before, "{sql}");
    }
    let transaction = fixture.begin(None).await;
    ok(&*transaction, "INSERT INTO p (name) VALUES ('v')", &[]).await;
    let orphans = "ALTER TABLE p ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES c (id)";
    let refused = error(&*transaction, orphans, &[]).await;
    assert_eq!(
        (refused.code, refused.details.referenced_table.as_deref()),
        (ErrorCode::ForeignKeyViolation, Some("c"))
    );
    transaction.commit().await.unwrap();
    assert_eq!(ask(session, "SELECT count(*) FROM p").await, "3", "the transaction went on");
}

async fn constraints_come_and_go_by_name(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &FAMILY).await;
    all(session, &[
        "ALTER TABLE c DROP CONSTRAINT c_p_id_fkey",
        "INSERT INTO c (p_id) VALUES (77)",
        "DELETE FROM c WHERE p_id = 77",
        "ALTER TABLE c ADD CONSTRAINT back FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED",
        "DELETE FROM p WHERE id = 1",
    ])
    .await;
    assert_eq!(ask(session, "SELECT p_id FROM c ORDER BY id").await, "∅ 2");
    all(
        session,
        &[
            "ALTER TABLE c DROP CONSTRAINT back",
            "ALTER TABLE p DROP CONSTRAINT p_pkey",
            "ALTER TABLE p ADD CONSTRAINT again PRIMARY KEY (id)",
        ],
    )
    .await;
    assert_eq!(describe(session, "p").await.primary_key, ["id"]);
    all(
        session,
        &[
            "ALTER TABLE c ADD FOREIGN KEY (p_id) REFERENCES p (id)",
            "ALTER TABLE p RENAME COLUMN kind TO sort",
            "ALTER TABLE p RENAME TO q",
        ],
    )
    .await;
    assert_eq!(describe(session, "q").await.columns[2].data_type, "ENUM('a','b')");
    let child = describe(session, "c").await;
    assert_eq!(child.columns[1].references.as_ref().unwrap().table.name, "q");
    assert_eq!(names(&child), ["c_pkey", "c_p_id_fkey"]);
}

async fn names_of_columns_may_differ_in_case_in_a_change(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE \"Users\" (\"firstName\" TEXT, UNIQUE (\"FIRSTNAME\"))",
            "ALTER TABLE \"Users\" RENAME COLUMN firstname TO \"lastName\"",
            "ALTER TABLE \"Users\" ADD COLUMN n INTEGER, DROP COLUMN LASTNAME",
        ],
    )
    .await;
    assert_eq!(describe(session, "Users").await.columns[0].name, "n");
}

async fn dropping_a_parent_never_takes_rows_of_its_children(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &FAMILY).await;
    let refused = error(session, "DROP TABLE p", &[]).await;
    assert_eq!(
        (refused.code, refused.details.table.as_deref(), refused.details.constraint.as_deref()),
        (ErrorCode::ForeignKeyViolation, Some("c"), Some("c_p_id_fkey"))
    );
    ok(session, "DROP TABLE IF EXISTS p CASCADE", &[]).await;
    assert_eq!(ask(session, "SELECT count(*) FROM c").await, "2");
    all(session, &["INSERT INTO c (p_id) VALUES (5)", "DROP TABLE IF EXISTS p, c"]).await;
    assert!(session.tables().await.unwrap().is_empty());
}

async fn a_declared_type_is_known_after_any_number_of_changes(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE t (at TIMESTAMP NOT NULL, price DECIMAL(5,2), key UUID)",
            "ALTER TABLE t ADD CONSTRAINT one UNIQUE (at)",
            "ALTER TABLE t ADD CONSTRAINT two UNIQUE (key)",
            "ALTER TABLE t DROP CONSTRAINT one",
        ],
    )
    .await;
    let types: Vec<String> =
        describe(session, "t").await.columns.into_iter().map(|column| column.data_type).collect();
    assert_eq!(types, ["TIMESTAMP", "DECIMAL(5,2)", "UUID"]);
}

async fn alter<S: Session + ?Sized>(session: &S, operation: AlterOperation) -> Result<()> {
    session.alter(&TableName::new("t"), vec![operation]).await
}

async fn a_default_that_came_as_a_constraint_goes_as_one(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (id INTEGER, role TEXT)", &[]).await;
    let constraint = Constraint::Default {
        name: Some("t_role_df".into()),
        column: "role".into(),
        value: "'guest'".into(),
    };
    alter(session, AlterOperation::AddConstraint { constraint: constraint.clone() }).await.unwrap();
    assert_eq!(describe(session, "t").await.constraints, [constraint]);
    ok(session, "INSERT INTO t (id) VALUES (1)", &[]).await;
    alter(session, AlterOperation::DropConstraint { name: "t_role_df".into(), cascade: false })
        .await
        .unwrap();
    ok(session, "INSERT INTO t (id) VALUES (2)", &[]).await;
    assert_eq!(ask(session, "SELECT role FROM t ORDER BY id").await, "guest ∅");
    assert!(describe(session, "t").await.constraints.is_empty());
}

async fn operations_are_applied_in_order_and_all_or_nothing(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &["CREATE TABLE t (id INTEGER, a TEXT)", "INSERT INTO t VALUES (1, 'x')"]).await;
    let column = |definition: serde_json::Value| serde_json::from_value(definition).unwrap();
    let added =
        column(serde_json::json!({ "name": "b", "type": "INTEGER", "default": "5", "comment": "new" }));
    let changed = column(serde_json::json!({
        "name": "c", "type": "VARCHAR(10)", "allowNull": false, "default": "'none'", "unique": true,
    }));
    let operations = vec![
        AlterOperation::AddColumn { column: added },
        AlterOperation::RenameColumn { from: "b".into(), to: "c".into() },
        AlterOperation::ChangeColumn { column: changed, using: None },
        AlterOperation::RenameTable { to: TableName::new("u") },
    ];
    let mut failing = operations.clone();
    failing.push(AlterOperation::DropColumn { name: "nothing".into(), cascade: false });
    let refused = session.alter(&TableName::new("t"), failing).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.details.columns),
        (ErrorCode::UnknownColumn, vec!["nothing".to_owned()])
    );
    assert_eq!(tables(session).await, ["t"]);
    session.alter(&TableName::new("t"), operations).await.unwrap();
    let schema = describe(session, "u").await;
    let column = &schema.columns[2];
    assert_eq!((column.name.as_str(), column.data_type.as_str()), ("c", "VARCHAR(10)"));
    assert_eq!((column.default.as_deref(), column.comment.as_deref()), (Some("'none'"), Some("new")));
    assert!(column.unique && !column.allow_null);
    assert_eq!(ask(session, "SELECT * FROM u").await, "1|x|5");
}
