//! The code that a database keeps: functions, and the expressions that run without being named in a statement, in triggers,
//! defaults, checks, views, rules and policies.
//!
//! Any of it may change the session of whoever touches a table. Most databases have none that does. The engine reads all of
//! it, again when the catalog has changed, and looks for that at most every few seconds. While a database has code that may
//! change its session, each connection is reset after use, and nothing is pipelined.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio_postgres::{Error as PostgresError, SimpleQueryMessage, error::SqlState};

use crate::{
    adapt::{SessionEffect, of_stored},
    citext,
    connection::Connection,
};

use super::database_code::DatabaseCode;

/// How long what was found holds. Code that this server's callers make is seen at once.
const MAX_AGE: Duration = Duration::from_secs(5);

/// How long reading the code waits for locks, in milliseconds.
const LOCK_TIMEOUT: u32 = 100;

/// Changes when any of the code does.
const FINGERPRINT: &str = "SELECT concat_ws(',', \
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM pg_catalog.pg_proc WHERE oid >= 16384), \
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM pg_catalog.pg_attrdef), \
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM pg_catalog.pg_rewrite WHERE oid >= 16384), \
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM pg_catalog.pg_constraint WHERE contype = 'c'), \
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM pg_catalog.pg_trigger WHERE NOT tgisinternal), \
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM pg_catalog.pg_policy), \
    (SELECT concat(count(*), '.', max(xmin::text::bigint)) FROM pg_catalog.pg_type WHERE typdefault IS NOT NULL))";

/// The schema and the name of each function that PostgreSQL does not bring, and its text: none for one that an extension
/// brings. The text of a function in another language cannot be read. Other code has no name.
const CODE: &str = "SELECT n.nspname, p.proname, e.extname, \
           CASE WHEN l.lanname IN ('sql', 'plpgsql') THEN coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) END \
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
      JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
      LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' \
      LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid \
     WHERE p.oid >= 16384 AND p.prokind <> 'a' \
    UNION ALL SELECT NULL, NULL, NULL, pg_get_expr(adbin, adrelid) FROM pg_catalog.pg_attrdef WHERE oid >= 16384 \
    UNION ALL SELECT NULL, NULL, NULL, pg_get_ruledef(oid) FROM pg_catalog.pg_rewrite WHERE oid >= 16384 \
    UNION ALL SELECT NULL, NULL, NULL, pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint \
     WHERE contype = 'c' AND oid >= 16384 \
    UNION ALL SELECT NULL, NULL, NULL, pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger WHERE NOT tgisinternal \
    UNION ALL SELECT NULL, NULL, NULL, concat_ws(' AND ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) \
      FROM pg_catalog.pg_policy \
    UNION ALL SELECT NULL, NULL, NULL, typdefault FROM pg_catalog.pg_type WHERE typdefault IS NOT NULL AND oid >= 16384";

/// Extensions whose functions open connections or keep values in the session.
const SESSION_EXTENSIONS: [&str; 4] = ["dblink", "postgres_fdw", "pg_trgm", "tablefunc"];
/// Those of their functions that do not.
const HARMLESS: [&str; 8] = [
    "similarity",
    "word_similarity",
    "strict_word_similarity",
    "show_trgm",
    "similarity_op",
    "similarity_dist",
    "crosstab",
    "connectby",
];

#[derive(Default)]
struct Known {
    fingerprint: String,
    code: Arc<DatabaseCode>,
    looked_at: Option<Instant>,
}

/// The code of one database.
#[derive(Default)]
pub(crate) struct StoredCode {
    known: Mutex<Known>,
    refreshing: AtomicBool,
}

impl StoredCode {
    /// What was found last, and whether that was in the last seconds. `None` when it has to be looked for first.
    pub(crate) fn latest(&self) -> Option<(Arc<DatabaseCode>, bool)> {
        let known = self.known.lock();
        known.looked_at.map(|then| (Arc::clone(&known.code), then.elapsed() < MAX_AGE))
    }

    /// True when statements may run code that changes the session, or when that is not known.
    pub(crate) fn may_change_session(&self) -> bool {
        self.latest().is_none_or(|(code, _)| code.changes_session)
    }

    /// Has the next caller look first: a statement may have made code.
    pub(crate) fn expire(&self) {
        self.known.lock().looked_at = None;
    }

    /// True for the one caller who is to look again, and to say when that is done.
    pub(crate) fn begin_refresh(&self) -> bool {
        !self.refreshing.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn end_refresh(&self) {
        self.refreshing.store(false, Ordering::Relaxed);
    }

    /// Looks at the catalog. Code that cannot be read counts as code that changes the session. Beside the code comes what
    /// [`citext::FIND`] finds.
    pub(crate) async fn look(&self, connection: &Connection) -> (Arc<DatabaseCode>, Option<String>) {
        let begun = Instant::now();
        let mut citext = None;
        let found = if connection.traits.is_postgresql() {
            match fingerprint(connection).await {
                Ok((fingerprint, columns)) => {
                    citext = columns;
                    self.read(connection, fingerprint).await
                }
                Err(error) => Err(error),
            }
        } else {
            // Another server has another catalog, and cannot be reset in the same way.
            Ok((String::new(), Arc::default()))
        };
        let (fingerprint, code) = match (found, self.latest()) {
            (Ok(found), _) => found,
            // A table is locked by somebody who changes it. What was known holds until it can be read again.
            (Err(error), Some((code, _))) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                (String::new(), code)
            }
            (Err(error), _) => {
                tracing::debug!(%error, "the code that the database keeps could not be read");
                (String::new(), Arc::new(DatabaseCode { changes_session: true, neutral: HashSet::new() }))
            }
        };
        *self.known.lock() = Known { fingerprint, code: Arc::clone(&code), looked_at: Some(begun) };
        (code, citext)
    }

    async fn read(
        &self,
        connection: &Connection,
        fingerprint: String,
    ) -> Result<(String, Arc<DatabaseCode>), PostgresError> {
        {
            let known = self.known.lock();
            if known.fingerprint == fingerprint {
                return Ok((fingerprint, Arc::clone(&known.code)));
            }
        }
        // An expression is printed under the lock of its table.
        let sql = format!("BEGIN READ ONLY; SET LOCAL lock_timeout = {LOCK_TIMEOUT}; {CODE}; COMMIT");
        let answers = match connection.client().simple_query(&sql).await {
            Ok(answers) => answers,
            Err(error) => {
                connection.client().simple_query("ROLLBACK").await?;
                return Err(error);
            }
        };
        let rows: Vec<[Option<&str>; 4]> = answers
            .iter()
            .filter_map(|answer| match answer {
                SimpleQueryMessage::Row(row) => Some([row.get(0), row.get(1), row.get(2), row.get(3)]),
                _ => None,
            })
            .collect();
        Ok((fingerprint, Arc::new(judge(&rows))))
    }
}

/// The fingerprint, and the names of the columns that ignore case.
async fn fingerprint(connection: &Connection) -> Result<(String, Option<String>), PostgresError> {
    let sql = format!("{FINGERPRINT}, {}", citext::FIND);
    let answers = connection.client().simple_query(&sql).await?;
    let row = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some((row.get(0).map(str::to_owned), row.get(1).map(str::to_owned))),
        _ => None,
    });
    let (fingerprint, citext) = row.unwrap_or_default();
    Ok((fingerprint.unwrap_or_default(), citext))
}

/// Reads the rows of [`CODE`].
fn judge(rows: &[[Option<&str>; 4]]) -> DatabaseCode {
    let (mut neutral, mut own) = (HashSet::new(), HashSet::new());
    let mut effects = Vec::new();
    for [schema, name, extension, text] in rows {
        let names = schema.zip(*name).map(|(schema, name)| [name.to_owned(), format!("{schema}.{name}")]);
        match (names, extension) {
            (Some(names), Some(extension)) => {
                if !SESSION_EXTENSIONS.contains(extension)
                    || name.is_some_and(|name| HARMLESS.contains(&name))
                {
                    neutral.extend(names);
                }
                continue;
            }
            (Some(names), None) => own.extend(names),
            (None, _) => {}
        }
        effects.push(text.map_or(SessionEffect::Changes, of_stored));
    }
    // A function may call the others of the database, which are read as well.
    let mut callable = neutral.clone();
    callable.extend(own.iter().cloned());
    let changes_session = !effects.iter().all(|effect| effect.is_neutral_with(&callable));
    // Overloads have one name: as long as one of them may change the session, none is called without a reset.
    if changes_session {
        neutral.retain(|name| !own.contains(name));
    } else {
        neutral = callable;
    }
    DatabaseCode { changes_session, neutral }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn own<'a>(name: &'a str, text: &'a str) -> [Option<&'a str>; 4] {
        [Some("public"), Some(name), None, Some(text)]
    }

    #[test]
    fn functions_that_call_each_other_and_extensions_are_neutral() {
        let rows = [
            own("touch", "BEGIN NEW.at = later(); NEW.id = uuid_generate_v7(); RETURN NEW; END"),
            own("later", "SELECT now() + interval '1 day'"),
            [Some("public"), Some("uuid_generate_v7"), Some("pg_uuidv7"), None],
            [None, None, None, Some("public.later()")],
        ];
        let code = judge(&rows);
        assert!(!code.changes_session);
        assert!(
            ["touch", "public.later", "uuid_generate_v7"].iter().all(|name| code.neutral.contains(*name))
        );
    }

    #[test]
    fn one_function_that_may_change_the_session_is_enough() {
        for row in [
            own("f", "BEGIN EXECUTE x; END"),
            own("f", "SELECT unheard_of()"),
            [Some("public"), Some("f"), None, None],
            [None, None, None, Some("set_config('a', 'b', false)")],
        ] {
            let code = judge(&[own("g", "SELECT 1"), row]);
            assert!(code.changes_session && !code.neutral.contains("g"), "{row:?}");
        }
        let dblink = [Some("public"), Some("dblink_exec"), Some("dblink"), None];
        assert!(!judge(&[dblink]).neutral.contains("dblink_exec"));
    }
}
