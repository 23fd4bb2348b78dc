//! Rare statements, which must mean the same on every engine or be refused.

use phantomdb_protocol::ErrorCode;

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{all, ask, error};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    what_a_write_gives_back_may_name_its_table_by_an_alias,
    a_sign_stands_before_numbers_alone,
    it_knows_deviations_and_variances,
    a_function_that_is_not_there_is_refused_where_it_stands,
    an_index_may_say_how_it_finds_and_by_which_language_it_sorts
];

const TABLE: [&str; 2] = [
    "CREATE TABLE \"items\" (\"id\" INTEGER PRIMARY KEY, \"name\" TEXT, \"price\" DECIMAL(10,2), \"n\" INTEGER, \
     \"f\" DOUBLE PRECISION)",
    "INSERT INTO \"items\" VALUES (1, 'a', 0.10, 2, 0.5), (2, 'b', 12.50, 4, 1.5), (3, NULL, NULL, NULL, NULL), \
     (4, 'd', 3.00, 9, 4)",
];

async fn what_a_write_gives_back_may_name_its_table_by_an_alias(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &TABLE).await;
    for (sql, expected) in [
        (
            "UPDATE \"items\" AS \"t\" SET \"n\" = \"t\".\"n\" + 1 WHERE \"t\".\"id\" = 1 RETURNING \"t\".\"id\", \"t\".\"n\" AS \"m\"",
            "1|3",
        ),
        (
            "UPDATE \"items\" AS \"t\" SET \"n\" = 7 WHERE \"t\".\"id\" = 1 RETURNING \"t\".\"n\" * 2, upper(\"t\".\"name\")",
            "14|A",
        ),
        (
            "UPDATE \"items\" AS \"t\" SET \"n\" = 2 WHERE \"t\".\"id\" = 1 RETURNING \"t\".*",
            "1|a|0.10|2|0.5",
        ),
        ("UPDATE \"items\" SET \"n\" = 2 WHERE \"id\" = 1 RETURNING \"items\".\"id\"", "1"),
        (
            "INSERT INTO \"items\" AS \"t\" (\"id\", \"n\") VALUES (5, 1) RETURNING \"t\".\"id\", \"t\".\"n\"",
            "5|1",
        ),
        (
            "UPDATE \"items\" AS \"t\" SET \"n\" = \"s\".\"n\" FROM \"items\" AS \"s\" WHERE \"s\".\"id\" = 2 AND \"t\".\"id\" = 5 RETURNING \"t\".\"n\"",
            "4",
        ),
        (
            "UPDATE \"items\" AS \"t\" SET \"n\" = 1 WHERE \"id\" = 5 RETURNING (SELECT max(\"x\".\"id\") FROM \"items\" AS \"x\" WHERE \"x\".\"id\" < \"t\".\"id\")",
            "4",
        ),
        (
            "DELETE FROM \"items\" AS \"t\" WHERE \"t\".\"id\" = 5 RETURNING \"t\".\"id\", \"t\".\"name\"",
            "5|∅",
        ),
    ] {
        assert_eq!(ask(session, sql).await, expected, "{sql}");
    }
}

async fn a_sign_stands_before_numbers_alone(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &TABLE).await;
    let numbers =
        "SELECT -\"n\", -\"f\", -\"price\", -(\"price\" * 2), +\"price\" FROM \"items\" WHERE \"id\" = 2";
    assert_eq!(ask(session, numbers).await, "-4|-1.5|-12.50|-25.00|12.50");
    for sign in ["-", "+"] {
        let refused = error(session, &format!("SELECT {sign}\"name\" FROM \"items\""), &[]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{sign}: {}", refused.message);
    }
}

async fn it_knows_deviations_and_variances(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &TABLE).await;
    // The mean of 2, 4 and 9 is 5; the squared differences add up to 26.
    let of_n = [
        ("var_pop", 26.0 / 3.0),
        ("var_samp", 13.0),
        ("variance", 13.0),
        ("stddev_pop", (26.0_f64 / 3.0).sqrt()),
        ("stddev_samp", 13.0_f64.sqrt()),
        ("stddev", 13.0_f64.sqrt()),
    ];
    for (name, expected) in of_n {
        for column in ["n", "f", "price"] {
            let spread: f64 =
                ask(session, &format!("SELECT {name}(\"{column}\") FROM \"items\"")).await.parse().unwrap();
            if column == "n" {
                assert!((spread - expected).abs() < 1e-9, "{name}: {spread}");
            }
        }
        let none = format!("SELECT {name}(\"n\") FROM \"items\" WHERE \"id\" = 3");
        assert_eq!(ask(session, &none).await, "∅");
        let one = ask(session, &format!("SELECT {name}(\"n\") FROM \"items\" WHERE \"id\" = 1")).await;
        assert_eq!(one, if name.ends_with("_pop") { "0" } else { "∅" }, "{name}");
        let window = format!(
            "SELECT count(\"s\") FROM (SELECT {name}(\"n\") OVER () AS \"s\" FROM \"items\") AS \"q\""
        );
        assert_eq!(ask(session, &window).await, "4");
    }
    let far = "SELECT stddev_pop(\"x\") FROM (SELECT 1000000000.0 + \"n\" AS \"x\" FROM \"items\") AS \"q\"";
    let spread: f64 = ask(session, far).await.parse().unwrap();
    assert!((spread - (26.0_f64 / 3.0).sqrt()).abs() < 1e-6, "{spread}");
    assert_eq!(ask(session, "SELECT round(stddev(DISTINCT \"n\"), 3) FROM \"items\"").await, "3.606");
}

async fn a_function_that_is_not_there_is_refused_where_it_stands(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &TABLE).await;
    for sql in [
        "SELECT 'frobnicate(', @(1) FROM \"items\" -- frobnicate(",
        "SELECT \"id\" FROM \"items\" WHERE 'é' <> '' AND @(\"name\") = 1",
        "UPDATE \"items\" SET \"name\" = @(\"name\") WHERE \"id\" = 1",
    ] {
        let position = sql.chars().position(|character| character == '@').unwrap() as u64 + 1;
        let sql = sql.replace('@', "frobnicate");
        let refused = error(session, &sql, &[]).await;
        assert_eq!(refused.code, ErrorCode::UnknownFunction, "{}", refused.message);
        assert_eq!(refused.details.position, Some(position), "{sql}");
        assert!(refused.message.contains("frobnicate"), "{}", refused.message);
        let transaction = fixture.begin(None).await;
        assert_eq!(error(&*transaction, &sql, &[]).await.details.position, Some(position));
        transaction.rollback().await.unwrap();
    }
    let many = error(session, "SELECT  md5('a', 'b', 'c')", &[]).await;
    assert_eq!((many.code, many.details.position), (ErrorCode::UnknownFunction, Some(9)), "{}", many.message);
}

async fn an_index_may_say_how_it_finds_and_by_which_language_it_sorts(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &TABLE).await;
    all(
        session,
        &[
            "CREATE INDEX \"by_hash\" ON \"items\" USING hash (\"n\")",
            "CREATE INDEX \"by_prefix\" ON \"items\" USING btree (\"name\" text_pattern_ops DESC)",
            "CREATE UNIQUE INDEX \"by_language\" ON \"items\" (\"name\" COLLATE \"en-x-icu\")",
            "CREATE INDEX \"by_bytes\" ON \"items\" (\"name\" COLLATE \"C\")",
        ],
    )
    .await;
    let again = "INSERT INTO \"items\" (\"id\", \"name\") VALUES (9, 'a')";
    assert_eq!(error(session, again, &[]).await.code, ErrorCode::UniqueViolation);
    let unknown = "CREATE INDEX \"i\" ON \"items\" (\"name\" COLLATE \"Nobodys\")";
    let refused = error(session, unknown, &[]).await;
    assert_eq!(refused.code, ErrorCode::Unsupported, "{}", refused.message);
    assert!(refused.message.contains("Nobodys"), "{}", refused.message);
    let refused = error(session, "CREATE INDEX \"i\" ON \"items\" USING nobodys (\"name\")", &[]).await;
    assert_eq!(refused.code, ErrorCode::Unsupported, "{}", refused.message);
}
