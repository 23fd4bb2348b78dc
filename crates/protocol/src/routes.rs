//! The table of routes: one row for each call, which says how it travels over HTTP. Clients write requests by it, servers
//! read them by it, and the OpenAPI document is made of it.
//!
//! A row of a call has, in this order:
//! - `call` and the variant of [`Call`] with its fields,
//! - the method, the path and the query parameters,
//! - `takes`: the fields in the URL, those of the path in the order of its segments, each with the way it is written: a
//!   method that [`UrlWriter`] and [`RequestReader`](crate::RequestReader) both have; then, after a semicolon, the field that is the body and
//!   its type, or the struct that is the body and the fields in it,
//! - `answers`: the status, and the type of the body if there is one,
//! - the summary.
//!
//! The compiler refuses a variant of [`Call`] without a row, and a row that leaves out a field. A row with `server`
//! instead of `call` is a request that the server answers by itself.

use schemars::SchemaGenerator;

use crate::{
    AlterTableBody, AnswerBody, Batch, BatchAnswer, BeginTransaction, Call, CreateDatabaseBody, CreateIndex,
    CreateTable, Databases, Deleted, Endpoint, Found, HttpRequest, InsertRows, Inserted, Method, Named,
    Parameter, Queries, QueryAnswer, Result, ResultSet, Route, ServerInfo, SnapshotMade, Statement, Status,
    TableCreated, TableSchema, Tables, TransactionBegun, UpdateRows, Updated,
    request::{UrlWriter, write_body},
};

/// A request that the server answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerEndpoint {
    Health,
    Ready,
    Metrics,
    OpenApi,
    Queries,
}

macro_rules! body_schema {
    (($($in_url:ident: $way:ident),*)) => {
        None
    };
    (($($in_url:ident: $way:ident),*; $field:ident: $body:ty)) => {
        Some(SchemaGenerator::subschema_for::<$body>)
    };
    (($($in_url:ident: $way:ident),*; $body:ident { $($field:ident),+ })) => {
        Some(SchemaGenerator::subschema_for::<$body>)
    };
}

macro_rules! answer_body {
    () => {
        AnswerBody::Empty
    };
    (Text) => {
        AnswerBody::Text
    };
    (Lines<$line:ty>) => {
        AnswerBody::Lines(SchemaGenerator::subschema_for::<$line>)
    };
    ($answer:ty) => {
        AnswerBody::Json(SchemaGenerator::subschema_for::<$answer>)
    };
}

/// The URL and the body of a call, of which references to the fields are at hand.
macro_rules! write_fields {
    ($url:ident ($($in_url:ident: $way:ident),*)) => {
        ($url$(.$way($in_url))*, None)
    };
    ($url:ident ($($in_url:ident: $way:ident),*; $field:ident: $body:ty)) => {
        ($url$(.$way($in_url))*, Some(write_body::<$body>($field)?))
    };
    ($url:ident ($($in_url:ident: $way:ident),*; $body:ident { $($field:ident),+ })) => {
        ($url$(.$way($in_url))*, Some(write_body(&$body { $($field: $field.clone()),+ })?))
    };
}

/// Binds the fields of a call.
macro_rules! read_fields {
    ($request:ident ($($in_url:ident: $way:ident),*)) => {
        $(let $in_url = $request.$way()?;)*
    };
    ($request:ident ($($in_url:ident: $way:ident),*; $field:ident: $body:ty)) => {
        $(let $in_url = $request.$way()?;)*
        let $field = $request.body::<$body>()?;
    };
    ($request:ident ($($in_url:ident: $way:ident),*; $body:ident { $($field:ident),+ })) => {
        $(let $in_url = $request.$way()?;)*
        let $body { $($field),+ } = $request.body()?;
    };
}

macro_rules! routes {
    ($(
        $(call $call:ident $fields:tt)? $(server $server:ident)?
        $name:literal $method:ident $path:literal $([$($parameter:ident),+])?
        takes $takes:tt answers($status:literal $($answer:tt)*) $summary:literal;
    )+) => {
        /// The place of each row in the table.
        #[derive(Clone, Copy)]
        enum Row {
            $($($call)? $($server)?,)+
        }

        /// The table of routes, in the order of the OpenAPI document.
        pub const ROUTES: &[Route] = &[$(
            Route {
                name: $name,
                summary: $summary,
                method: Method::$method,
                path: $path,
                parameters: &[$($(Parameter::$parameter),+)?],
                body: body_schema!($takes),
                status: $status,
                answer: answer_body!($($answer)*),
                endpoint: $(Endpoint::Call(|request| {
                    read_fields!(request $takes);
                    request.finish(Call::$call $fields)
                }))? $(Endpoint::Server(ServerEndpoint::$server))?,
            },
        )+];

        impl Call {
            /// The row of this call.
            pub const fn route(&self) -> &'static Route {
                match self {
                    $($(Self::$call { .. } => &ROUTES[Row::$call as usize],)?)+
                }
            }

            /// The call as an HTTP request.
            pub fn to_request(&self) -> Result<HttpRequest> {
                let route = self.route();
                let url = UrlWriter::new(route);
                let (url, body) = match self {
                    $($(Self::$call $fields => write_fields!(url $takes),)?)+
                };
                Ok(HttpRequest { method: route.method, path: url.finish(), body })
            }
        }

        impl ServerEndpoint {
            /// The row of this endpoint.
            pub const fn route(self) -> &'static Route {
                match self {
                    $($(Self::$server => &ROUTES[Row::$server as usize],)?)+
                }
            }
        }
    };
}

routes! {
    call ServerInfo {}
        "serverInfo" Get "/"
        takes()
        answers(200 ServerInfo) "Who is there";
    server Health
        "health" Get "/health"
        takes()
        answers(200 Status) "Whether it is alive";
    server Ready
        "ready" Get "/ready"
        takes()
        answers(200 Status) "Whether it is able to serve";
    server Metrics
        "metrics" Get "/metrics"
        takes()
        answers(200 Text) "Counters for Prometheus";
    server OpenApi
        "openapi" Get "/openapi.json"
        takes()
        answers(200 serde_json::Value) "This document";
    call ListDatabases {}
        "listDatabases" Get "/databases"
        takes()
        answers(200 Databases) "List databases";
    call CreateDatabase { name, if_not_exists, template }
        "createDatabase" Post "/databases"
        takes(; CreateDatabaseBody { name, if_not_exists, template })
        answers(201 Named) "Create a database";
    call DropDatabase { name }
        "dropDatabase" Delete "/databases/{db}"
        takes(name: segment)
        answers(204) "Drop a database";
    call ListTables { database }
        "listTables" Get "/databases/{db}/tables"
        takes(database: segment)
        answers(200 Tables) "List tables";
    call CreateTable { database, table }
        "createTable" Post "/databases/{db}/tables"
        takes(database: segment; table: CreateTable)
        answers(201 TableCreated) "Create a table";
    call DropTable { database, table, if_exists }
        "dropTable" Delete "/databases/{db}/tables/{table}" [Schema, IfExists]
        takes(database: segment, table: table, if_exists: if_exists)
        answers(204) "Drop a table; never rows";
    call AlterTable { database, table, operations }
        "alterTable" Patch "/databases/{db}/tables/{table}" [Schema]
        takes(database: segment, table: table; AlterTableBody { operations })
        answers(204) "Change a table, all or nothing";
    call DescribeTable { database, table }
        "describeTable" Get "/databases/{db}/tables/{table}/schema" [Schema]
        takes(database: segment, table: table)
        answers(200 TableSchema) "Columns, keys, indexes and constraints of a table";
    call CreateIndex { database, table, index }
        "createIndex" Post "/databases/{db}/tables/{table}/indexes" [Schema]
        takes(database: segment, table: table; index: CreateIndex)
        answers(201 Named) "Create an index";
    call DropIndex { database, table, name }
        "dropIndex" Delete "/databases/{db}/tables/{table}/indexes/{name}" [Schema]
        takes(database: segment, table: table, name: segment)
        answers(204) "Drop an index";
    call Find { database, table, find }
        "find" Get "/databases/{db}/tables/{table}" [Schema, Condition, OrderBy, Limit, Offset, Columns]
        takes(database: segment, table: table, find: find)
        answers(200 Found) "Find rows: records, or with `Accept: application/vnd.phantomdb.rows+json` a result set";
    call UpdateRows { database, table, update }
        "updateRows" Put "/databases/{db}/tables/{table}" [Schema]
        takes(database: segment, table: table; update: UpdateRows)
        answers(200 Updated) "Update rows; without a condition it needs `all`";
    call InsertRows { database, table, insert }
        "insertRows" Post "/databases/{db}/tables/{table}/rows" [Schema]
        takes(database: segment, table: table; insert: InsertRows)
        answers(201 Inserted) "Insert rows";
    call DeleteRows { database, table, delete }
        "deleteRows" Delete "/databases/{db}/tables/{table}/rows" [Schema, Condition, All]
        takes(database: segment, table: table, delete: delete)
        answers(200 Deleted) "Delete rows; without a condition it needs `all=true`";
    call Query { database, statement }
        "query" Post "/databases/{db}/query"
        takes(database: segment; statement: Statement)
        answers(200 ResultSet) "Run one statement of PhantomDB SQL";
    call Batch { database, batch }
        "batch" Post "/databases/{db}/batch"
        takes(database: segment; batch: Batch)
        answers(200 BatchAnswer) "Run many statements in one round trip";
    server Queries
        "queries" Post "/databases/{db}/queries"
        takes(; queries: Queries)
        answers(200 Lines<QueryAnswer>) "Run many independent statements, each answered as soon as it is done";
    call BeginTransaction(options)
        "beginTransaction" Post "/transactions"
        takes(; options: BeginTransaction)
        answers(201 TransactionBegun) "Begin a transaction";
    call CommitTransaction { id }
        "commitTransaction" Post "/transactions/{id}/commit"
        takes(id: segment)
        answers(204) "Commit a transaction";
    call RollbackTransaction { id }
        "rollbackTransaction" Post "/transactions/{id}/rollback"
        takes(id: segment)
        answers(204) "Roll a transaction back";
    call CreateSnapshot { database }
        "createSnapshot" Post "/databases/{db}/snapshots"
        takes(database: segment)
        answers(201 SnapshotMade) "Keep the state of a database, where the server allows it";
    call RestoreSnapshot { database, id }
        "restoreSnapshot" Post "/databases/{db}/snapshots/{id}/restore"
        takes(database: segment, id: segment)
        answers(204) "Bring a database to a state that was kept; its open transactions are rolled back";
    call DropSnapshot { database, id }
        "dropSnapshot" Delete "/databases/{db}/snapshots/{id}"
        takes(database: segment, id: segment)
        answers(204) "Let go of a state that was kept";
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use serde_json::json;

    use super::*;
    use crate::{AlterOperation, DeleteRows, Find, TableName, Value};

    /// Every call, with all that it can have in its URL.
    fn calls() -> Vec<Call> {
        let database = || "my app/é".to_owned();
        let table = || TableName { name: "us/ers".into(), schema: Some("s&t".into()) };
        let id = || "a.b/c".to_owned();
        let statement =
            Statement { query: "SELECT $1".into(), parameters: vec![Value::Integer(7)], native: true };
        let find = Find {
            condition: Some("name = 'Jo&hn' AND age>18 + 1".into()),
            order_by: Some("a DESC".into()),
            limit: Some(10),
            offset: Some(0),
            columns: Some("a, b".into()),
        };
        let insert: InsertRows = serde_json::from_value(json!({ "rows": [{ "a": 1 }] })).unwrap();
        let update: UpdateRows = serde_json::from_value(json!({ "data": { "a": 1 } })).unwrap();
        let index: CreateIndex = serde_json::from_value(json!({ "name": "i", "fields": [] })).unwrap();
        let create: CreateTable = serde_json::from_value(json!({ "name": "t", "columns": [] })).unwrap();
        let delete = DeleteRows { condition: Some("a = 1".into()), all: true };
        let operations = vec![AlterOperation::DropColumn { name: "a".into() }];
        let batch = Batch { statements: vec![statement.clone()], atomic: true };
        let options = BeginTransaction { database: database(), ..BeginTransaction::default() };
        vec![
            Call::ServerInfo,
            Call::ListDatabases,
            Call::CreateDatabase { name: database(), if_not_exists: true, template: Some(id()) },
            Call::DropDatabase { name: database() },
            Call::CreateSnapshot { database: database() },
            Call::RestoreSnapshot { database: database(), id: id() },
            Call::DropSnapshot { database: database(), id: id() },
            Call::ListTables { database: database() },
            Call::CreateTable { database: database(), table: create },
            Call::DropTable { database: database(), table: table(), if_exists: true },
            Call::DescribeTable { database: database(), table: table() },
            Call::AlterTable { database: database(), table: table(), operations },
            Call::CreateIndex { database: database(), table: table(), index },
            Call::DropIndex { database: database(), table: table(), name: id() },
            Call::Find { database: database(), table: table(), find },
            Call::InsertRows { database: database(), table: table(), insert },
            Call::UpdateRows { database: database(), table: table(), update },
            Call::DeleteRows { database: database(), table: table(), delete },
            Call::Query { database: database(), statement },
            Call::Batch { database: database(), batch },
            Call::BeginTransaction(options),
            Call::CommitTransaction { id: id() },
            Call::RollbackTransaction { id: id() },
        ]
    }

    #[test]
    fn it_reads_every_call_from_the_request_that_it_wrote() {
        for call in calls() {
            let (route, request) = (call.route(), call.to_request().unwrap());
            assert_eq!(request.method, route.method, "{}", route.name);
            assert_eq!(request.body.is_some(), route.body.is_some(), "{}", route.name);
            let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
            let segments = route.segments_of(path).unwrap();
            assert_eq!(segments.len(), route.segment_names().count(), "{}", route.name);
            let decoded = segments.iter().map(|text| percent_decode_str(text).decode_utf8().unwrap().into());
            let body = request.body.unwrap_or_default();
            let mut reader = route.reader(decoded.collect(), query, &body).unwrap();
            let Endpoint::Call(read) = route.endpoint else { panic!("{} is no call", route.name) };
            assert_eq!(read(&mut reader).unwrap(), call);
        }
    }

    #[test]
    fn each_route_lists_the_parameters_that_its_call_writes() {
        for call in calls() {
            let (route, path) = (call.route(), call.to_request().unwrap().path);
            let query = path.split_once('?').map_or("", |(_, query)| query);
            let mut written: Vec<_> =
                query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name).collect();
            let mut listed: Vec<_> = route.parameters.iter().map(|parameter| parameter.name()).collect();
            written.sort_unstable();
            listed.sort_unstable();
            assert_eq!(written, listed, "{}", route.name);
        }
    }

    #[test]
    fn each_call_has_one_sample_here_and_is_named_as_in_json() {
        let rows = ROUTES.iter().filter(|route| matches!(route.endpoint, Endpoint::Call(_)));
        let mut names: Vec<_> = rows.map(|route| route.name).collect();
        for name in &names {
            let error = serde_json::from_value::<Call>(json!({ *name: 0 })).map(drop).err();
            let is_unknown = error.is_some_and(|error| error.to_string().contains("unknown variant"));
            assert!(!is_unknown, "{name}");
        }
        let mut samples: Vec<_> = calls().iter().map(|call| call.route().name).collect();
        names.sort_unstable();
        samples.sort_unstable();
        assert_eq!(samples, names);
    }

    #[test]
    fn each_name_and_each_method_of_a_path_stands_once_in_the_table() {
        for (index, route) in ROUTES.iter().enumerate() {
            let same = |other: &&Route| {
                other.name == route.name || (other.method, other.path) == (route.method, route.path)
            };
            assert!(!ROUTES[index + 1..].iter().any(|other| same(&other)), "{}", route.name);
        }
    }
}
