//! Calls as HTTP requests, exactly as the REST contract writes them.

use std::fmt::Write as _;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use phantomdb_protocol::{AlterOperation, Call, Error, Find, Result, TableName};
use phantomdb_sql::calls::find_statement;
use serde::Serialize;
use serde_json::json;

/// The characters that stand for themselves in every part of a URL.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A longer URL is refused by proxies; the find then travels as a query.
const URL_LENGTH_MAX: usize = 6 * 1024;

/// One request: what it asks, where below the server's URL, and with which body.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Vec<u8>>,
    /// The rows are to be arrays, which is asked for by the header Accept.
    pub(super) rows_as_arrays: bool,
    /// The answer is a query's result set, and the caller asked for records.
    pub(super) records_wanted: bool,
}

fn encoded(text: &str) -> percent_encoding::PercentEncode<'_> {
    utf8_percent_encode(text, ENCODED)
}

fn request(method: Method, path: String) -> Request {
    Request { method, path, body: None, rows_as_arrays: false, records_wanted: false }
}

fn with_body<T: Serialize + ?Sized>(method: Method, path: String, body: &T) -> Result<Request> {
    let body =
        serde_json::to_vec(body).map_err(|_| Error::internal("the call could not be written as JSON"))?;
    Ok(Request { body: Some(body), ..request(method, path) })
}

/// `/databases/{db}` and what follows.
pub(super) fn in_database(database: &str, rest: &str) -> String {
    format!("/databases/{}{rest}", encoded(database))
}

/// `/databases/{db}/tables/{table}` and what follows, with the schema as a parameter.
fn in_table(database: &str, table: &TableName, rest: &str) -> String {
    let mut path = format!("/databases/{}/tables/{}{rest}", encoded(database), encoded(&table.name));
    if let Some(schema) = &table.schema {
        push_parameter(&mut path, "schema", schema);
    }
    path
}

fn push_parameter(path: &mut String, name: &str, value: &str) {
    let mark = if path.contains('?') { '&' } else { '?' };
    // Writing to a string cannot fail.
    let _ = write!(path, "{mark}{name}={}", encoded(value));
}

pub(super) fn of_call(call: &Call, rows_as_arrays: bool) -> Result<Request> {
    Ok(match call {
        Call::Query { database, statement } => {
            with_body(Method::POST, in_database(database, "/query"), statement)?
        }
        Call::Find { database, table, find } => of_find(database, table, find, rows_as_arrays)?,
        Call::InsertRows { database, table, insert } => {
            with_body(Method::POST, in_table(database, table, "/rows"), insert)?
        }
        Call::UpdateRows { database, table, update } => {
            with_body(Method::PUT, in_table(database, table, ""), update)?
        }
        Call::DeleteRows { database, table, delete } => {
            let mut path = in_table(database, table, "/rows");
            if let Some(condition) = &delete.condition {
                push_parameter(&mut path, "condition", condition);
            }
            if delete.all {
                push_parameter(&mut path, "all", "true");
            }
            request(Method::DELETE, path)
        }
        Call::Batch { database, batch } => with_body(Method::POST, in_database(database, "/batch"), batch)?,
        Call::BeginTransaction(options) => with_body(Method::POST, "/transactions".to_owned(), options)?,
        Call::CommitTransaction { id } => {
            request(Method::POST, format!("/transactions/{}/commit", encoded(id)))
        }
        Call::RollbackTransaction { id } => {
            request(Method::POST, format!("/transactions/{}/rollback", encoded(id)))
        }
        Call::ServerInfo => request(Method::GET, "/".to_owned()),
        Call::ListDatabases => request(Method::GET, "/databases".to_owned()),
        Call::CreateDatabase { name, if_not_exists, template } => with_body(
            Method::POST,
            "/databases".to_owned(),
            &json!({ "name": name, "ifNotExists": if_not_exists, "template": template }),
        )?,
        Call::DropDatabase { name } => request(Method::DELETE, in_database(name, "")),
        call => of_schema_call(call)?,
    })
}

fn of_schema_call(call: &Call) -> Result<Request> {
    #[derive(Serialize)]
    struct Alter<'a> {
        operations: &'a [AlterOperation],
    }
    match call {
        Call::CreateSnapshot { database } => Ok(request(Method::POST, in_database(database, "/snapshots"))),
        Call::RestoreSnapshot { database, id } => {
            Ok(request(Method::POST, in_database(database, &format!("/snapshots/{}/restore", encoded(id)))))
        }
        Call::DropSnapshot { database, id } => {
            Ok(request(Method::DELETE, in_database(database, &format!("/snapshots/{}", encoded(id)))))
        }
        Call::ListTables { database } => Ok(request(Method::GET, in_database(database, "/tables"))),
        Call::CreateTable { database, table } => {
            with_body(Method::POST, in_database(database, "/tables"), table)
        }
        Call::DropTable { database, table, if_exists } => {
            let mut path = in_table(database, table, "");
            if *if_exists {
                push_parameter(&mut path, "ifExists", "true");
            }
            Ok(request(Method::DELETE, path))
        }
        Call::DescribeTable { database, table } => {
            Ok(request(Method::GET, in_table(database, table, "/schema")))
        }
        Call::AlterTable { database, table, operations } => {
            with_body(Method::PATCH, in_table(database, table, ""), &Alter { operations })
        }
        Call::CreateIndex { database, table, index } => {
            with_body(Method::POST, in_table(database, table, "/indexes"), index)
        }
        Call::DropIndex { database, table, name } => {
            Ok(request(Method::DELETE, in_table(database, table, &format!("/indexes/{}", encoded(name)))))
        }
        _ => Err(Error::internal("the call has no place in the REST contract")),
    }
}

fn of_find(database: &str, table: &TableName, find: &Find, rows_as_arrays: bool) -> Result<Request> {
    let mut path = in_table(database, table, "");
    for (name, text) in
        [("condition", &find.condition), ("orderBy", &find.order_by), ("columns", &find.columns)]
    {
        if let Some(text) = text {
            push_parameter(&mut path, name, text);
        }
    }
    for (name, count) in [("limit", find.limit), ("offset", find.offset)] {
        if let Some(count) = count {
            push_parameter(&mut path, name, &count.to_string());
        }
    }
    if path.len() > URL_LENGTH_MAX {
        let statement = find_statement(table, find)?;
        let long = with_body(Method::POST, in_database(database, "/query"), &statement)?;
        return Ok(Request { records_wanted: !rows_as_arrays, ..long });
    }
    Ok(Request { rows_as_arrays, ..request(Method::GET, path) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(condition: String) -> Call {
        Call::Find {
            database: "my app".into(),
            table: TableName { name: "us/ers".into(), schema: Some("s&t".into()) },
            find: Find {
                condition: Some(condition),
                order_by: Some("createdAt DESC".into()),
                limit: Some(10),
                ..Find::default()
            },
        }
    }

    #[test]
    fn it_sends_a_find_as_a_url_that_can_be_read_in_a_shell() {
        let request = of_call(&find("firstName='Jo&hn' AND age>18".into()), true).unwrap();
        assert_eq!(request.method, Method::GET);
        assert_eq!(
            request.path,
            "/databases/my%20app/tables/us%2Fers?schema=s%26t\
             &condition=firstName%3D%27Jo%26hn%27%20AND%20age%3E18&orderBy=createdAt%20DESC&limit=10"
        );
        assert!(request.rows_as_arrays && request.body.is_none());
    }

    #[test]
    fn it_sends_a_find_that_is_too_long_for_a_url_as_a_query_with_its_values_bound() {
        let long = "x".repeat(URL_LENGTH_MAX);
        let request = of_call(&find(format!("name = '{long}'")), false).unwrap();
        assert_eq!((&request.method, &*request.path), (&Method::POST, "/databases/my%20app/query"));
        let body: serde_json::Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
        assert_eq!(
            body["query"],
            r#"SELECT * FROM "s&t"."us/ers" WHERE "name" = $1 ORDER BY "createdAt" DESC LIMIT $2"#
        );
        assert_eq!(body["parameters"], json!([long, 10]));
        assert!(request.records_wanted);
    }

    #[test]
    fn it_refuses_a_long_condition_that_is_more_than_one_expression() {
        let call = find(format!("a = '{}' UNION SELECT 1", "x".repeat(URL_LENGTH_MAX)));
        assert!(of_call(&call, true).is_err());
    }
}
