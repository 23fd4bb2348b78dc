use std::{sync::Arc, time::Duration};

use phantomdb_protocol::{ErrorCode, IsolationLevel, Statement};
use phantomdb_testing::{
    ask, error,
    numbers::{ALL, INSERT, TABLE, n},
    ok, statement,
};

use crate::fixture::Fixture;

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_fails_is_undone_and_the_transaction_goes_on() {
    let fixture = Fixture::new().await;
    ok(&*fixture.session, TABLE, &[]).await;
    let transaction = fixture.begin(None).await;
    // The first round prepares the statements, the second one runs them prepared.
    for round in [0, 10] {
        ok(&*transaction, INSERT, &n(round + 1)).await;
        assert_eq!(error(&*transaction, INSERT, &n(round + 1)).await.code, ErrorCode::UniqueViolation);
        assert_eq!(error(&*transaction, "SELECT \"y\" FROM \"t\"", &[]).await.code, ErrorCode::UnknownColumn);
        let two = format!("INSERT INTO \"t\" VALUES ({}), ({})", round + 2, round + 1);
        assert_eq!(error(&*transaction, &two, &[]).await.code, ErrorCode::UniqueViolation);
        ok(&*transaction, INSERT, &n(round + 3)).await;
        assert_eq!(error(&*transaction, "SELECT 1 / $1", &n(0)).await.code, ErrorCode::OutOfRange);
    }
    transaction.commit().await.unwrap();
    assert_eq!(ask(&*fixture.session, ALL).await, "1 3 11 13");
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn savepoints_of_the_user_live_beside_those_behind_statements() {
    let fixture = Fixture::new().await;
    ok(&*fixture.session, TABLE, &[]).await;
    let transaction = fixture.begin(None).await;
    let t = &*transaction;
    ok(t, "SAVEPOINT \"a\"", &[]).await;
    ok(t, INSERT, &n(1)).await;
    ok(t, "SAVEPOINT \"b \"\"c\"\"\"", &[]).await;
    ok(t, INSERT, &n(2)).await;
    assert_eq!(error(t, INSERT, &n(2)).await.code, ErrorCode::UniqueViolation);
    ok(t, "ROLLBACK TO SAVEPOINT \"b \"\"c\"\"\"", &[]).await;
    assert_eq!(ask(t, ALL).await, "1");
    ok(t, INSERT, &n(3)).await;
    ok(t, "ROLLBACK TO SAVEPOINT \"b \"\"c\"\"\"", &[]).await;
    ok(t, INSERT, &n(4)).await;
    ok(t, "RELEASE SAVEPOINT \"b \"\"c\"\"\"", &[]).await;
    assert_eq!(error(t, "RELEASE SAVEPOINT \"b \"\"c\"\"\"", &[]).await.code, ErrorCode::BadRequest);
    assert_eq!(error(t, "ROLLBACK TO SAVEPOINT \"phantomdb_a\"", &[]).await.code, ErrorCode::BadRequest);
    assert_eq!(ask(t, ALL).await, "1 4");
    ok(t, "ROLLBACK TO SAVEPOINT \"a\"", &[]).await;
    ok(t, INSERT, &n(5)).await;
    transaction.commit().await.unwrap();
    assert_eq!(ask(&*fixture.session, ALL).await, "5");
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_in_a_transaction_is_undone_as_a_whole() {
    let fixture = Fixture::new().await;
    ok(&*fixture.session, TABLE, &[]).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, INSERT, &n(1)).await;
    let batch = |values: &[i64]| values.iter().map(|x| statement(INSERT, &n(*x))).collect::<Vec<_>>();
    let failed = transaction.execute_batch(batch(&[2, 3, 2]), true).await.unwrap_err();
    assert_eq!(failed.code, ErrorCode::UniqueViolation);
    assert_eq!(ask(&*transaction, ALL).await, "1");
    let each = transaction.execute_batch(batch(&[4, 4, 5]), false).await.unwrap();
    assert_eq!(each.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    transaction.execute_batch(batch(&[6, 7]), true).await.unwrap();
    let savepoint = vec![statement("SAVEPOINT \"s\"", &[])];
    assert_eq!(transaction.execute_batch(savepoint, true).await.unwrap_err().code, ErrorCode::BadRequest);
    transaction.commit().await.unwrap();
    assert_eq!(ask(&*fixture.session, ALL).await, "1 4 5 6 7");
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_whose_caller_goes_away_is_cancelled_and_undone() {
    let fixture = Fixture::new().await;
    ok(&*fixture.session, TABLE, &[]).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, INSERT, &n(1)).await;
    for prepared in [false, true] {
        let slow = Statement {
            query: "SELECT pg_sleep(30)".to_owned(),
            parameters: vec![],
            native: !prepared,
            ..Statement::default()
        };
        let call = transaction.execute(slow);
        assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
        let next = tokio::time::timeout(Duration::from_secs(10), ok(&*transaction, ALL, &[])).await.unwrap();
        assert_eq!(next.rows.get(), "[[1]]");
    }
    transaction.commit().await.unwrap();
    let alone = fixture.session.execute(statement("SELECT pg_sleep(30)", &[]));
    assert!(tokio::time::timeout(Duration::from_millis(300), alone).await.is_err());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active' \
                    AND datname = current_database()";
    let sleeping = Statement { query: sleeping.into(), native: true, ..Statement::default() };
    let found = fixture.session.execute(sleeping).await.unwrap();
    assert_eq!(found.rows.get(), "[[0]]");
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_conflicting_serializable_transactions_fails_with_its_code() {
    let fixture = Fixture::new().await;
    ok(&*fixture.session, TABLE, &[]).await;
    let (one, other) = (
        fixture.begin(Some(IsolationLevel::Serializable)).await,
        fixture.begin(Some(IsolationLevel::Serializable)).await,
    );
    for (transaction, x) in [(&one, 1), (&other, 2)] {
        assert_eq!(ask(&**transaction, "SELECT count(*) FROM \"t\"").await, "0");
        ok(&**transaction, INSERT, &n(x)).await;
    }
    one.commit().await.unwrap();
    assert_eq!(other.commit().await.unwrap_err().code, ErrorCode::SerializationFailure);
    assert_eq!(other.commit().await.unwrap_err().code, ErrorCode::TransactionExpired);
    assert_eq!(ask(&*fixture.session, ALL).await, "1");
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_victim_of_a_deadlock_gets_an_error_and_ends_so_that_the_other_goes_on() {
    let fixture = Fixture::new().await;
    ok(&*fixture.session, TABLE, &[]).await;
    ok(&*fixture.session, "INSERT INTO \"t\" VALUES (1), (2)", &[]).await;
    let (one, other) = (fixture.begin(None).await, fixture.begin(None).await);
    let lock = "SELECT \"x\" FROM \"t\" WHERE \"x\" = $1 FOR UPDATE";
    ok(&*one, lock, &n(1)).await;
    ok(&*other, lock, &n(2)).await;
    let waiting = Arc::clone(&one);
    let waiting = tokio::spawn(async move { waiting.execute(statement(lock, &n(2))).await.map(drop) });
    let mine = other.execute(statement(lock, &n(1))).await.map(drop);
    // Neither has rolled back, so the error itself freed the locks of the victim.
    let theirs = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    let (victim, winner, told) = match (mine, theirs) {
        (Err(told), Ok(())) => (other, one, told),
        (Ok(()), Err(told)) => (one, other, told),
        outcome => panic!("one of the two had to give way: {outcome:?}"),
    };
    assert_eq!(told.code, ErrorCode::Deadlock);
    for sql in [ALL, "SAVEPOINT \"s\"", "INSERT INTO \"t\" VALUES (3)"] {
        let over = error(&*victim, sql, &[]).await;
        assert_eq!(over.code, ErrorCode::TransactionExpired);
        assert!(over.message.contains("give way"), "{}", over.message);
    }
    assert_eq!(victim.commit().await.unwrap_err().code, ErrorCode::TransactionExpired);
    victim.rollback().await.unwrap();
    ok(&*winner, "INSERT INTO \"t\" VALUES (4)", &[]).await;
    winner.commit().await.unwrap();
    assert_eq!(ask(&*fixture.session, ALL).await, "1 2 4");
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_meets_a_serialization_failure_ends_its_transaction() {
    let fixture = Fixture::new().await;
    ok(&*fixture.session, TABLE, &[]).await;
    ok(&*fixture.session, "INSERT INTO \"t\" VALUES (1)", &[]).await;
    for atomic in [true, false] {
        let transaction = fixture.begin(Some(IsolationLevel::RepeatableRead)).await;
        ask(&*transaction, ALL).await;
        ok(&*fixture.session, "UPDATE \"t\" SET \"x\" = \"x\" + 1", &[]).await;
        let update = statement("UPDATE \"t\" SET \"x\" = \"x\" + 10", &[]);
        let batch = vec![update, statement(ALL, &[])];
        let codes = match transaction.execute_batch(batch, atomic).await {
            Err(error) => vec![error.code],
            Ok(answers) => answers.into_iter().map(|answer| answer.unwrap_err().code).collect(),
        };
        let both = [ErrorCode::SerializationFailure, ErrorCode::TransactionExpired];
        assert_eq!(codes, if atomic { &both[..1] } else { &both });
        assert_eq!(error(&*transaction, ALL, &[]).await.code, ErrorCode::TransactionExpired);
        transaction.rollback().await.unwrap();
    }
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_locks_are_those_that_were_asked_for() {
    let fixture = Fixture::new().await;
    ok(&*fixture.session, TABLE, &[]).await;
    ok(&*fixture.session, "INSERT INTO \"t\" VALUES (1), (2)", &[]).await;
    let (one, other) = (fixture.begin(None).await, fixture.begin(None).await);
    ok(&*one, "SELECT * FROM \"t\" WHERE \"x\" = 1 FOR NO KEY UPDATE OF \"t\"", &[]).await;
    // A weaker lock does not exclude one that only protects the key.
    assert_eq!(ask(&*other, "SELECT * FROM \"t\" ORDER BY \"x\" LIMIT 5 FOR KEY SHARE").await, "1 2");
    assert_eq!(ask(&*other, "SELECT * FROM \"t\" ORDER BY \"x\" FOR UPDATE SKIP LOCKED").await, "2");
    let refused = error(&*other, "SELECT * FROM \"t\" FOR UPDATE NOWAIT", &[]).await;
    assert_eq!(refused.code, ErrorCode::LockTimeout);
    one.rollback().await.unwrap();
    other.rollback().await.unwrap();
    fixture.end().await;
}
