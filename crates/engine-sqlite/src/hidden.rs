//! Takes from a connection what shows more than its database: the paths of files, and addresses within the process.

use std::ffi::{c_char, c_int, c_void};

use rusqlite::{Connection, ffi};

/// Takes away the function `fts3_tokenizer`, which gives and takes addresses, and the table `pragma_database_list`, which has
/// the path of the database.
pub(super) fn hide(connection: &Connection) -> rusqlite::Result<()> {
    for arguments in [1, 2] {
        connection.remove_function("fts3_tokenizer", arguments)?;
    }
    // SAFETY: the handle is valid because the connection is borrowed and open. The name and the module are static. SQLite
    // makes the table of a pragma only when there is no module of its name.
    unsafe {
        ffi::sqlite3_create_module_v2(
            connection.handle(),
            c"pragma_database_list".as_ptr(),
            &raw const REFUSED,
            std::ptr::null_mut(),
            None,
        );
    }
    Ok(())
}

// SAFETY: every field is a number or an optional function, for which zero is a valid value: none.
static REFUSED: ffi::sqlite3_module =
    ffi::sqlite3_module { xConnect: Some(refuse), ..unsafe { std::mem::zeroed() } };

/// Makes no table, so that a statement that names it fails.
unsafe extern "C" fn refuse(
    _: *mut ffi::sqlite3,
    _: *mut c_void,
    _: c_int,
    _: *const *const c_char,
    _: *mut *mut ffi::sqlite3_vtab,
    _: *mut *mut c_char,
) -> c_int {
    ffi::SQLITE_ERROR
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::connection::{Location, Mode, open};

    #[test]
    fn it_shows_neither_paths_nor_addresses() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        for mode in [Mode::ReadWrite, Mode::ReadOnly] {
            let opened = open(&Location::File(path.clone()), true, Duration::from_secs(1), mode).unwrap();
            for sql in [
                "SELECT file FROM pragma_database_list",
                "SELECT * FROM PRAGMA_Database_List()",
                "SELECT hex(fts3_tokenizer(?1))",
                "SELECT fts3_tokenizer('simple', x'00')",
            ] {
                assert!(opened.connection.prepare(sql).is_err(), "{sql}");
            }
            assert!(opened.connection.prepare("SELECT * FROM pragma_table_list").is_ok());
        }
    }

    #[test]
    fn a_connection_that_only_reads_cannot_be_made_to_write() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::File(directory.path().join("a.db"));
        let open = |mode| open(&location, true, Duration::from_secs(1), mode).unwrap();
        open(Mode::ReadWrite).execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
        let reading = open(Mode::ReadOnly);
        for sql in
            ["INSERT INTO t VALUES (2)", "DELETE FROM t", "DROP TABLE t", "CREATE TEMP TABLE u (x)", "VACUUM"]
        {
            assert!(reading.execute_batch(sql).is_err(), "{sql}");
        }
        let count: i64 = reading.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 1);
    }
}
