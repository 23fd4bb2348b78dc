//! Long statements of many kinds: each is refused, or parsed and adapted in a time that grows with its length.

use std::time::{Duration, Instant};

use phantomdb_protocol::{ErrorCode, Statement};

use crate::fixture::Fixture;
use phantomdb_testing::ok;

/// The time for a statement, in a test build on a busy computer. It is a fraction of a second otherwise.
const LONGEST: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_long_statement_of_any_kind_ends_soon() {
    let [fixture, _] = Fixture::both().await;
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (a INTEGER, b TEXT)", &[]).await;
    let list = |count: usize, item: fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>().join(", ");
    for sql in [
        format!("WITH {} SELECT 1", list(20_000, |n| format!("w{n} AS (SELECT 1)"))),
        format!(
            "WITH {} SELECT 1",
            list(5_000, |n| format!("w{n} AS (SELECT * FROM w{})", n.saturating_sub(1)))
        ),
        format!("SELECT {}", list(50_000, |n| format!("{n} AS c{n}"))),
        format!("SELECT {} FROM t", list(20_000, |_| "a".to_owned())),
        format!("SELECT 1 FROM t WHERE a IN ({})", list(100_000, |n| n.to_string())),
        format!("SELECT coalesce({})", list(50_000, |n| n.to_string())),
        format!("INSERT INTO t VALUES {}", list(50_000, |n| format!("({n}, 'x')"))),
        format!("SELECT * FROM {}", list(3_000, |n| format!("t AS t{n}"))),
        format!("SELECT 1 FROM t {}", " JOIN t AS u ON true".repeat(2_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(1_240)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(6_000)),
        format!("SELECT {}1", "1 + ".repeat(9_900)),
        format!("SELECT 1 FROM t WHERE {}true", "(a = 1 AND b = 'x') OR ".repeat(9_900)),
        format!("SELECT CASE {} END", "WHEN a = 1 THEN 2 ".repeat(2_500)),
        format!("SELECT now(){}", " AT TIME ZONE 'UTC'".repeat(2_400)),
        format!("SELECT 1{}", "::integer".repeat(6_500)),
        format!("SELECT 'a'{}", " || 'a'".repeat(9_500)),
        format!("SELECT 1 FROM t WHERE {}true", "a = ANY (VALUES (1)) OR ".repeat(1_500)),
        format!("SELECT {}", list(5_000, |_| "1 = ANY (VALUES (1))".to_owned())),
        format!("SELECT b::jsonb {} FROM t", "?| '{a}' ".repeat(4_000)),
        format!("SELECT {} FROM t", list(10_000, |_| "b::jsonb ?| ARRAY['a']".to_owned())),
        format!("SELECT 1 FROM t {}", "FOR UPDATE OF t ".repeat(4_000)),
        format!("CREATE TABLE long ({})", list(20_000, |n| format!("c{n} INTEGER"))),
        format!("SELECT 1 ORDER BY {}", list(50_000, |n| n.to_string())),
        format!("UPDATE t SET {}", list(50_000, |_| "a = 1".to_owned())),
        format!("SELECT {}1{}", "(SELECT ".repeat(140), ")".repeat(140)),
        format!("SELECT '{{{}}}'::text[]", list(100_000, |n| n.to_string())),
    ] {
        let start = Instant::now();
        let outcome = session.execute(Statement { query: sql.clone(), ..Statement::default() }).await;
        let shown = &sql[..sql.len().min(60)];
        if let Err(error) = outcome {
            assert_ne!(error.code, ErrorCode::Internal, "{shown}: {}", error.message);
        }
        println!("{:?} {shown}", start.elapsed());
        assert!(start.elapsed() < LONGEST, "{shown}: {:?}", start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_constraints_are_named_soon_and_too_many_are_refused() {
    let [fixture, _] = Fixture::both().await;
    let table = |count: usize| {
        let constraints = vec!["UNIQUE (a)"; count].join(", ");
        format!("CREATE TABLE t (a INTEGER, {constraints})")
    };
    let start = Instant::now();
    let statement = |query| Statement { query, ..Statement::default() };
    let refused = fixture.session.execute(statement(table(50_000))).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::TooLarge, "{}", refused.message);
    fixture.session.execute(statement(table(2_000))).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
