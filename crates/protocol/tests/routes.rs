//! The table of routes: requests are written and read as it says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use percent_encoding::percent_decode_str;
use phantomdb_protocol::{
    AlterOperation, Batch, BeginTransaction, Call, Cell, CreateIndex, CreateTable, DeleteRows, Endpoint,
    Find, InsertRows, ROUTES, Route, Statement, TableName, UpdateRows, Value,
};
use serde_json::json;

/// Every call, with all that it can have in its URL.
fn calls() -> Vec<Call> {
    let database = || "my app/é".to_owned();
    let table = || TableName { name: "us/ers".into(), schema: Some("s&t".into()) };
    let id = || "a.b/c".to_owned();
    let statement = Statement {
        query: "SELECT $1".into(),
        parameters: vec![Value::Integer(7)],
        native: true,
        rows: vec![vec![Cell::Default, Value::Null.into()]],
        new_values: true,
        exact_types: true,
    };
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
    let operations = vec![AlterOperation::DropColumn { name: "a".into(), cascade: false }];
    let batch = Batch { statements: vec![statement.clone().into()], atomic: true };
    let options = BeginTransaction { database: database(), ..BeginTransaction::default() };
    vec![
        Call::ServerInfo,
        Call::ListDatabases,
        Call::CreateDatabase { name: database(), if_not_exists: true, template: Some(id()) },
        Call::DropDatabase { name: database() },
        Call::CompactDatabase { database: database() },
        Call::CreateSnapshot { database: database() },
        Call::RestoreSnapshot { database: database(), id: id() },
        Call::DropSnapshot { database: database(), id: id() },
        Call::ListTables { database: database() },
        Call::ListViews { database: database() },
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
        Call::DescribeStatement { database: database(), query: "SELECT $1".into() },
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

#[test]
fn it_finds_the_variable_segments_of_a_path() {
    let id = "t".to_owned();
    let route = Call::CommitTransaction { id }.route();
    assert_eq!(route.segments_of("/transactions/a%20b/commit"), Some(vec!["a%20b"]));
    for other in ["/transactions/a", "/transactions/a/rollback", "/transactions/a/commit/b", "/", ""] {
        assert_eq!(route.segments_of(other), None, "{other}");
    }
}

#[test]
fn a_call_refuses_a_parameter_that_only_other_calls_have() {
    let route = ROUTES.iter().find(|route| route.name == "updateRows").unwrap();
    let Endpoint::Call(read) = route.endpoint else { panic!("updateRows is a call") };
    let body = br#"{"data":{"a":1},"all":true}"#;
    let segments = || vec!["app".to_owned(), "t".to_owned()];
    assert!(read(&mut route.reader(segments(), "schema=s", body).unwrap()).is_ok());
    let refused = read(&mut route.reader(segments(), "condition=id%3D1", body).unwrap()).unwrap_err();
    assert!(refused.message.contains("condition"), "{}", refused.message);
}
