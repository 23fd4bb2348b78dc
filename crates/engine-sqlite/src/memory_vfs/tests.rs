use std::thread;

use rusqlite::{Connection, OpenFlags};

use super::*;

fn connect(file: &MemoryFile) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags_and_vfs(file.path(), flags, NAME).unwrap();
    connection.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF").unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    connection
}

fn count(connection: &Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

#[test]
fn it_shows_a_reader_what_is_committed_while_a_writer_is_open() {
    let file = MemoryFile::new().unwrap();
    let (writer, reader) = (connect(&file), connect(&file));
    writer.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (2)").unwrap();
    assert_eq!(count(&reader), 1);
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&reader), 1);
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&reader), 1);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&reader), 2);
}

#[test]
fn it_keeps_a_database_when_the_last_connection_closes_and_frees_it_when_it_is_dropped() {
    let file = MemoryFile::new().unwrap();
    connect(&file).execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(count(&connect(&file)), 1);
    let last = connect(&file);
    let path = file.path().to_owned();
    drop(file);
    assert_eq!(count(&last), 1);
    assert!(!FILES.lock().as_ref().unwrap().contains_key(&path));
}

#[test]
fn it_opens_no_database_that_is_not_there_unless_it_may_create_it() {
    let file = MemoryFile::new().unwrap();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    assert!(Connection::open_with_flags_and_vfs(file.path(), flags, NAME).is_err());
}

#[test]
fn it_stays_whole_under_many_threads_that_read_write_and_checkpoint() {
    let file = MemoryFile::new().unwrap();
    connect(&file).execute_batch("CREATE TABLE t (x INTEGER, y TEXT); CREATE INDEX i ON t (y)").unwrap();
    thread::scope(|scope| {
        for worker in 0..6 {
            let file = &file;
            scope.spawn(move || {
                for round in 0..6 {
                    let connection = connect(file);
                    for n in 0..25 {
                        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                        let text = format!("{worker}-{round}-{n}-{}", "x".repeat(n * 40));
                        connection
                            .execute("INSERT INTO t VALUES (?1, ?2)", (i64::try_from(n).unwrap(), text))
                            .unwrap();
                        connection.execute_batch("COMMIT").unwrap();
                    }
                    connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
                }
            });
        }
        for _ in 0..3 {
            let file = &file;
            scope.spawn(move || {
                let connection = connect(file);
                let mut last = 0;
                for _ in 0..200 {
                    let now = count(&connection);
                    assert!(now >= last, "a committed row went missing");
                    last = now;
                }
            });
        }
    });
    let connection = connect(&file);
    assert_eq!(count(&connection), 6 * 6 * 25);
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}
