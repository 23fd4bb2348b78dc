//! Imports from a real MySQL or MariaDB: `PHANTOMDB_TEST_MYSQL_URL=mysql://USER:PASSWORD@HOST:PORT/`, whose user may
//! create databases. Without it there is nothing to test with, and the test says so.

use mysql_async::{Conn, Opts, OptsBuilder, prelude::Queryable as _};

use crate::support::{Place, Server, holds, phantomdb};

const FIXTURE: &str = include_str!("mysql.sql");

/// What must be told before anything is written: the table, what of it, and part of why.
const LOSSES: [(&str, &str, &str); 19] = [
    ("authors", "index \"bio_begins\"", "the beginning of a value"),
    ("authors", "index \"words\"", "no such index"),
    ("books", "trigger \"books_named\"", "triggers are not copied"),
    ("fair", "view", "a view is not copied"),
    ("log", "numbering of \"n\"", "the whole primary key"),
    ("numbers", "bits", "no such type"),
    ("numbers", "bu ", "18446744073709551615"),
    ("odd_kinds", "place", "no such type"),
    ("texts", "e_empty", "1 of 2 values do not fit, such as ''"),
    ("texts", "st ", "no such type"),
    ("texts", "with_nul", "such as 'a\\u{0}b'"),
    ("times", "ON UPDATE of \"ts\"", "no such clause"),
    ("times", "d_zero", "2 of 2 values do not fit"),
    ("times", "dt_micro", "03:04:05.678901"),
    ("times", "dt_zero", "0000-00-00 00:00:00"),
    ("times", "t_long", "838:59:59"),
    ("times", "t_micro", "01:02:03.456789"),
    ("maria", "six", "no such type"),
    ("ticket", "sequence", "no sequences of their own"),
];

/// What is there afterwards, in stored form.
const KEPT: &[(&str, &str)] = &[
    ("SELECT typeof(flag) || flag FROM numbers WHERE id = 1", "integer1"),
    ("SELECT group_concat(coalesce(not_only_flags, 'NULL')) FROM numbers", "1,5,NULL"),
    (
        "SELECT t || ' ' || tu || ' ' || s || ' ' || su || ' ' || m || ' ' || mu FROM numbers WHERE id = 1",
        "-128 255 -32768 65535 -8388608 16777215",
    ),
    (
        "SELECT i || ' ' || iu || ' ' || b FROM numbers WHERE id = 1",
        "-2147483648 4294967295 -9223372036854775808",
    ),
    ("SELECT bu FROM numbers WHERE id = 1", "18446744073709551615"),
    ("SELECT typeof(bu_small) || bu_small FROM numbers WHERE id = 1", "integer9223372036854775807"),
    ("SELECT bits || ' ' || bit_one FROM numbers WHERE id = 1", "AAA 0"),
    ("SELECT d FROM numbers WHERE id = 1", "12345678901234567890.0123456789"),
    ("SELECT d FROM numbers WHERE id = 2", "-0.0000000001"),
    (
        "SELECT d_wide FROM numbers WHERE id = 1",
        "12345678901234567890123456789012345678901234567890123456789012345",
    ),
    ("SELECT group_concat(f, ' ') FROM numbers", "16777216.0 0.1"),
    ("SELECT dbl = 1.7976931348623157e308 FROM numbers WHERE id = 1", "1"),
    ("SELECT group_concat(y) FROM numbers", "2026,1901,0"),
    ("SELECT seq FROM sqlite_sequence WHERE name = 'numbers'", "499"),
    ("SELECT d || ' ' || d_zero FROM times WHERE id = 1", "1000-01-01 0000-00-00"),
    ("SELECT dt FROM times WHERE id = 1", "9999-12-31T23:59:59.000Z"),
    (
        "SELECT dt_milli || ' ' || dt_micro FROM times WHERE id = 1",
        "2026-01-02T03:04:05.678Z 2026-01-02T03:04:05.678Z",
    ),
    ("SELECT group_concat(dt_zero) FROM times", "0000-00-00 00:00:00,2026-01-02 03:04:05"),
    (
        "SELECT ts || ' ' || ts_milli FROM times WHERE id = 1",
        "2026-01-02T03:04:05.000Z 2026-01-02T03:04:05.678Z",
    ),
    (
        "SELECT t || ' ' || t_milli || ' ' || t_micro FROM times WHERE id = 1",
        "23:59:59 01:02:03.456 01:02:03.456",
    ),
    ("SELECT group_concat(t_long) FROM times", "838:59:59,-00:00:01"),
    ("SELECT c || v || latin || wide FROM texts WHERE c = 'ab'", "abtab\there\nlineÅngström漢字🎉"),
    ("SELECT v FROM texts WHERE c IS NULL", "it's \\ \"x\""),
    ("SELECT tt || tx || mt || lt FROM texts WHERE c = 'ab'", "q'uote🎉long"),
    ("SELECT hex(with_nul) FROM texts WHERE c = 'ab'", "610062"),
    (
        "SELECT hex(b) || ' ' || hex(vb) || ' ' || hex(bl) || ' ' || hex(mb) FROM texts WHERE c = 'ab'",
        "61620000 00FF  FFD8",
    ),
    ("SELECT group_concat(e, ' | ') FROM texts", "x,y | it's"),
    ("SELECT '<' || e_empty || '>' || st FROM texts WHERE c = 'ab'", "<>one,three"),
    ("SELECT json_extract(j, '$.a[1]') || typeof(j) FROM texts WHERE c = 'ab'", "ütext"),
    ("SELECT group_concat(doc) FROM texts", "[],\"text\""),
    (
        "SELECT total || ' ' || shout || ' ' || made_by || ' ' || place FROM odd_kinds WHERE id = 1",
        "21.00 N2 by-hand POINT(1 2)",
    ),
    ("SELECT \"c.d%\" FROM \"Group \"\"x\"\" `y`\" WHERE \"select\" = 'k'", "v"),
    ("SELECT group_concat(name || coalesce(boss, '-')) FROM authors", "Ann2,Bob-"),
    (
        "SELECT group_concat(\"from\" || ' ' || on_delete || ' ' || on_update) FROM pragma_foreign_key_list('authors')",
        "boss SET NULL CASCADE",
    ),
    ("SELECT count(*) FROM pragma_foreign_key_list('books')", "3"),
    ("SELECT sql LIKE '%DESC%' FROM sqlite_schema WHERE name = 'authors_by_name'", "1"),
    ("SELECT count(*) FROM sqlite_schema WHERE name = 'books_by_name'", "1"),
    ("SELECT group_concat(egg) FROM chicken", "1"),
    ("SELECT count(*) FROM keyless", "3"),
    ("SELECT count(*) FROM empty_one", "0"),
    (
        "SELECT count(*) || ' ' || sum(score) || ' ' || count(note) || ' ' || min(at) || ' ' || max(at) FROM many",
        "100000 624993750.0 66666 2026-01-01T00:00:00.000Z 2026-01-02T03:46:39.000Z",
    ),
    (
        "SELECT name || ' ' || note FROM many WHERE id = (SELECT max(id) FROM many WHERE note IS NOT NULL)",
        "n99998 note 99998",
    ),
    ("SELECT count(*) FROM pragma_foreign_key_check", "0"),
    ("PRAGMA integrity_check", "ok"),
];

/// A database that is dropped by [`Fixture::drop`].
struct Fixture {
    opts: Opts,
    name: String,
    url: String,
}

impl Fixture {
    async fn make(url: &str) -> Self {
        let opts = Opts::from_url(url).unwrap();
        let name = format!("phantomdb_test_{}", uuid::Uuid::new_v4().simple());
        let mut connection = Conn::new(opts.clone()).await.unwrap();
        connection.query_drop(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).await.unwrap();
        let inside = OptsBuilder::from_opts(opts.clone()).db_name(Some(&name));
        let mut connection = Conn::new(inside).await.unwrap();
        let mut result = connection.query_iter(FIXTURE).await.unwrap();
        while !result.is_empty() {
            result.for_each(drop).await.unwrap();
        }
        drop(result);
        let server = url.trim_end_matches('/');
        Self { opts, url: format!("{server}/{name}"), name }
    }

    async fn drop(self) {
        let mut connection = Conn::new(self.opts).await.unwrap();
        connection.query_drop(format!("DROP DATABASE {}", self.name)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MySQL or MariaDB server in PHANTOMDB_TEST_MYSQL_URL"]
async fn a_database_of_all_types_comes_from_mysql() {
    let url = std::env::var("PHANTOMDB_TEST_MYSQL_URL")
        .expect("PHANTOMDB_TEST_MYSQL_URL is the URL of a MySQL or MariaDB server");
    let fixture = Fixture::make(&url).await;
    let place = Place::new();
    let refused = place.import(&fixture.url, &[]).fails_with("--accept-lossy imports all the same");
    assert!(!place.data().exists(), "nothing is written, not even a directory");
    let is_mariadb = refused.stdout.contains("maria");
    for (table, what, why) in &LOSSES[..if is_mariadb { 19 } else { 17 }] {
        let told = refused.stdout.lines().any(|line| {
            line.strip_prefix(table).is_some_and(|rest| rest.trim_start().starts_with(what))
                && line.contains(why)
        });
        assert!(told, "{table} {what}: {why} in\n{}", refused.stdout);
    }
    let told = refused.stdout.lines().count() - 1;
    assert_eq!(told, if is_mariadb { 19 } else { 17 }, "{}", refused.stdout);

    let accepted = place.import(&fixture.url, &["--accept-lossy"]).succeeds();
    assert!(
        accepted
            .stdout
            .lines()
            .any(|line| line.starts_with("many") && line.contains("100000       100000       ok"))
    );
    holds(&place.imported(), KEPT);

    let served = Place::new();
    let data = served.data();
    let server = Server::start(&["--data", data.to_str().unwrap()]);
    phantomdb(&["import", &fixture.url, "--to", &server.url, "--database", "new", "--accept-lossy"])
        .succeeds();
    drop(server);
    holds(&served.imported(), KEPT);
    fixture.drop().await;
}
