//! Calls as HTTP requests, as the table of routes writes them.

use http::Method;
use phantomdb_protocol::{self as protocol, Call, HttpRequest, Result};
use phantomdb_sql::calls::find_statement;

/// A longer URL is refused by proxies; the find then travels as a query.
const URL_LENGTH_MAX: usize = 6 * 1024;

/// A request without its headers.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Below the URL of the server.
    pub(super) path: String,
    pub(super) body: Option<Vec<u8>>,
    /// The rows are to be arrays, which is asked for by the header Accept.
    pub(super) rows_as_arrays: bool,
    /// The answer is a query's result set, and the caller asked for records.
    pub(super) records_wanted: bool,
}

impl From<HttpRequest> for Request {
    fn from(request: HttpRequest) -> Self {
        let HttpRequest { method, path, body } = request;
        Self { method: http_method(method), path, body, rows_as_arrays: false, records_wanted: false }
    }
}

const fn http_method(method: protocol::Method) -> Method {
    match method {
        protocol::Method::Get => Method::GET,
        protocol::Method::Post => Method::POST,
        protocol::Method::Put => Method::PUT,
        protocol::Method::Patch => Method::PATCH,
        protocol::Method::Delete => Method::DELETE,
    }
}

/// The request of a call. `rows_as_arrays` asks for the rows of a find as arrays.
pub(super) fn request_of(call: &Call, rows_as_arrays: bool) -> Result<Request> {
    let request = Request::from(call.to_request()?);
    let Call::Find { database, table, find } = call else { return Ok(request) };
    if request.path.len() <= URL_LENGTH_MAX {
        return Ok(Request { rows_as_arrays, ..request });
    }
    let query = Call::Query { database: database.clone(), statement: find_statement(table, find)? };
    Ok(Request { records_wanted: !rows_as_arrays, ..query.to_request()?.into() })
}

#[cfg(test)]
mod tests {
    use phantomdb_protocol::{Find, TableName};
    use serde_json::json;

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
        let request = request_of(&find("firstName='Jo&hn' AND age>18".into()), true).unwrap();
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
        let request = request_of(&find(format!("name = '{long}'")), false).unwrap();
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
        assert!(request_of(&call, true).is_err());
    }
}
