//! Lists, creates and drops the databases of a server. Each of them is a database of PhantomDB.

use phantomdb_engine::check_database_name;
use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::printer::quote_identifier;
use tokio_postgres::{error::SqlState, types::Type};

use crate::{
    connection::Connection,
    error::{self, unknown_database},
    types::LONGEST_IDENTIFIER,
};

/// Databases that a server, or a provider of servers, keeps for itself.
const RESERVED: [&str; 7] =
    ["postgres", "system", "system_platform", "rdsadmin", "cloudsqladmin", "azure_maintenance", "azure_sys"];

/// Options of CREATE DATABASE, the preferred ones first: strings compare by their bytes, as on SQLite, and letters have
/// upper and lower case by Unicode's rules. A server that is older, or is not PostgreSQL, knows only the later ones.
const CREATE_OPTIONS: [&str; 6] = [
    "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST' LC_COLLATE 'C' LC_CTYPE 'C'",
    "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'",
    "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'",
    "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'en_US.UTF-8'",
    "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
    "",
];

/// `BAD_REQUEST` for a name that no database can have.
pub(crate) fn check_name(name: &str) -> Result<()> {
    check_database_name(name)?;
    if name.len() <= LONGEST_IDENTIFIER {
        return Ok(());
    }
    let message = "the name of the database is longer than 63 bytes; choose another";
    Err(Error::new(ErrorCode::BadRequest, message))
}

/// The databases that the role may connect to, sorted by name.
pub(crate) async fn list(connection: &Connection) -> Result<Vec<String>> {
    const DATABASES: &str = "SELECT datname::text FROM pg_catalog.pg_database \
        WHERE datallowconn AND NOT datistemplate AND has_database_privilege(datname::text, 'CONNECT')";
    let rows =
        connection.client().query_typed(DATABASES, &[]).await.map_err(|error| error::explain(&error))?;
    let names = rows.iter().map(|row| row.get::<_, String>(0));
    let mut names: Vec<String> =
        names.filter(|name| !RESERVED.contains(&name.as_str()) && check_name(name).is_ok()).collect();
    names.sort_unstable();
    Ok(names)
}

async fn exists(connection: &Connection, name: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1";
    let row = connection
        .client()
        .query_typed_opt(sql, &[(&name, Type::TEXT)])
        .await
        .map_err(|error| error::explain(&error))?;
    Ok(row.is_some())
}

/// `ALREADY_EXISTS` when the database exists, `FORBIDDEN` when the role may not create databases.
pub(crate) async fn create(connection: &Connection, name: &str) -> Result<()> {
    check_name(name)?;
    let exists_already =
        || Error::new(ErrorCode::AlreadyExists, format!("there is a database \"{name}\" already"));
    if exists(connection, name).await? {
        return Err(exists_already());
    }
    let mut refusal = None;
    for options in CREATE_OPTIONS {
        let sql = format!("CREATE DATABASE {} {options}", quote_identifier(name));
        let Err(error) = connection.client().batch_execute(&sql).await else { return Ok(()) };
        // When two callers create it at once, one of them gets a unique violation in the catalog.
        let there = [SqlState::DUPLICATE_DATABASE, SqlState::UNIQUE_VIOLATION];
        if error.code().is_some_and(|code| there.contains(code)) {
            return Err(exists_already());
        }
        let tries_next = error.code().is_some_and(is_about_options);
        refusal = Some(error::explain(&error));
        if !tries_next {
            break;
        }
    }
    Err(refusal.unwrap_or_else(|| Error::internal("the database could not be made")))
}

/// True when the server did not understand the options, so that others are worth a try.
fn is_about_options(code: &SqlState) -> bool {
    [
        SqlState::SYNTAX_ERROR,
        SqlState::FEATURE_NOT_SUPPORTED,
        SqlState::INVALID_PARAMETER_VALUE,
        SqlState::WRONG_OBJECT_TYPE,
        SqlState::INVALID_OBJECT_DEFINITION,
        SqlState::INVALID_CATALOG_NAME,
        SqlState::UNDEFINED_OBJECT,
    ]
    .contains(code)
}

/// Drops a database and ends its connections. `UNKNOWN_DATABASE` when it does not exist.
pub(crate) async fn drop(connection: &Connection, name: &str) -> Result<()> {
    check_name(name)?;
    if !exists(connection, name).await? {
        return Err(unknown_database(name));
    }
    let sql = format!("DROP DATABASE {}", quote_identifier(name));
    let Err(error) = connection.client().batch_execute(&format!("{sql} WITH (FORCE)")).await else {
        return Ok(());
    };
    match error.code() {
        Some(code) if *code == SqlState::INVALID_CATALOG_NAME => Err(unknown_database(name)),
        // CockroachDB, and PostgreSQL before 13, do not know FORCE.
        Some(code) if [SqlState::SYNTAX_ERROR, SqlState::FEATURE_NOT_SUPPORTED].contains(code) => {
            connection.client().batch_execute(&sql).await.map_err(|error| error::explain(&error))
        }
        _ => Err(error::explain(&error)),
    }
}
