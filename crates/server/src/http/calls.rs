//! The list of calls: where each is found, what it takes and answers, and who answers it. The router and the OpenAPI
//! document are both made of it, so that neither can say what the other does not.

use std::sync::Arc;

use axum::{
    handler::Handler,
    routing::{MethodFilter, MethodRouter, on},
};
use http::{Method, StatusCode};
use phantomdb_protocol::{
    Batch, BatchAnswer, BeginTransaction, CreateIndex, Databases, Deleted, InsertRows, Inserted, Named,
    Queries, QueryAnswer, ResultSet, ServerInfo, SnapshotMade, Statement, TableCreated, TableSchema, Tables,
    TransactionBegun, UpdateRows, Updated,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{
    HttpServer, queries,
    routes::{self, AlterTableBody, CreateDatabaseBody, CreateTableBody, Found, Status},
};

/// Makes the schema of a type.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The body of an answer.
pub(super) enum Content {
    Nothing,
    Text,
    Json(SchemaOf),
    /// One of the schema on each line. Such a call is many calls: what another has in its headers, each of them has in
    /// the body.
    Lines(SchemaOf),
}

pub(super) struct Entry {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// The parameters of its URL.
    pub(super) query: &'static [&'static str],
    pub(super) body: Option<SchemaOf>,
    pub(super) status: StatusCode,
    pub(super) content: Content,
    pub(super) handler: MethodRouter<Arc<HttpServer>>,
}

impl Entry {
    /// One that answers 200 with a `T`.
    fn new<T: JsonSchema, H, P>(
        method: MethodFilter,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<P, Arc<HttpServer>>,
        P: 'static,
    {
        Self {
            method: named(method),
            path,
            id,
            summary,
            query: &[],
            body: None,
            status: StatusCode::OK,
            content: Content::Json(SchemaGenerator::subschema_for::<T>),
            handler: on(method, handler),
        }
    }

    fn created(mut self) -> Self {
        self.status = StatusCode::CREATED;
        self
    }

    /// It answers 204.
    fn empty(mut self) -> Self {
        self.status = StatusCode::NO_CONTENT;
        self.content = Content::Nothing;
        self
    }

    fn text(mut self) -> Self {
        self.content = Content::Text;
        self
    }

    fn lines<T: JsonSchema>(mut self) -> Self {
        self.content = Content::Lines(SchemaGenerator::subschema_for::<T>);
        self
    }

    fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    const fn query(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }
}

fn named(method: MethodFilter) -> Method {
    [Method::GET, Method::POST, Method::PUT, Method::PATCH]
        .into_iter()
        .find(|name| MethodFilter::try_from(name.clone()).is_ok_and(|filter| filter == method))
        .unwrap_or(Method::DELETE)
}

const SCHEMA: &[&str] = &["schema"];

/// Every call of the contract.
pub(super) fn all() -> Vec<Entry> {
    let mut entries = about_the_server();
    entries.extend(about_tables());
    entries.extend(about_rows());
    entries.extend(about_transactions());
    entries.extend(about_snapshots());
    entries
}

fn about_the_server() -> Vec<Entry> {
    use MethodFilter as M;
    vec![
        Entry::new::<ServerInfo, _, _>(M::GET, "/", "serverInfo", "Who is there", routes::info),
        Entry::new::<Status, _, _>(M::GET, "/health", "health", "Whether it is alive", routes::health),
        Entry::new::<Status, _, _>(M::GET, "/ready", "ready", "Whether it is able to serve", routes::ready),
        Entry::new::<(), _, _>(M::GET, "/metrics", "metrics", "Counters for Prometheus", routes::metrics)
            .text(),
        Entry::new::<serde_json::Value, _, _>(
            M::GET,
            "/openapi.json",
            "openapi",
            "This document",
            routes::openapi,
        ),
        Entry::new::<Databases, _, _>(
            M::GET,
            "/databases",
            "listDatabases",
            "List databases",
            routes::list_databases,
        ),
        Entry::new::<Named, _, _>(
            M::POST,
            "/databases",
            "createDatabase",
            "Create a database",
            routes::create_database,
        )
        .takes::<CreateDatabaseBody>()
        .created(),
        Entry::new::<(), _, _>(
            M::DELETE,
            "/databases/{db}",
            "dropDatabase",
            "Drop a database",
            routes::drop_database,
        )
        .empty(),
    ]
}

fn about_tables() -> Vec<Entry> {
    use MethodFilter as M;
    const TABLES: &str = "/databases/{db}/tables";
    const TABLE: &str = "/databases/{db}/tables/{table}";
    const INDEXES: &str = "/databases/{db}/tables/{table}/indexes";
    vec![
        Entry::new::<Tables, _, _>(M::GET, TABLES, "listTables", "List tables", routes::list_tables),
        Entry::new::<TableCreated, _, _>(
            M::POST,
            TABLES,
            "createTable",
            "Create a table",
            routes::create_table,
        )
        .takes::<CreateTableBody>()
        .created(),
        Entry::new::<(), _, _>(M::DELETE, TABLE, "dropTable", "Drop a table; never rows", routes::drop_table)
            .query(&["schema", "ifExists"])
            .empty(),
        Entry::new::<(), _, _>(
            M::PATCH,
            TABLE,
            "alterTable",
            "Change a table, all or nothing",
            routes::alter_table,
        )
        .takes::<AlterTableBody>()
        .query(SCHEMA)
        .empty(),
        Entry::new::<TableSchema, _, _>(
            M::GET,
            "/databases/{db}/tables/{table}/schema",
            "describeTable",
            "Columns, keys, indexes and constraints of a table",
            routes::describe_table,
        )
        .query(SCHEMA),
        Entry::new::<Named, _, _>(M::POST, INDEXES, "createIndex", "Create an index", routes::create_index)
            .takes::<CreateIndex>()
            .query(SCHEMA)
            .created(),
        Entry::new::<(), _, _>(
            M::DELETE,
            "/databases/{db}/tables/{table}/indexes/{name}",
            "dropIndex",
            "Drop an index",
            routes::drop_index,
        )
        .query(SCHEMA)
        .empty(),
    ]
}

fn about_rows() -> Vec<Entry> {
    use MethodFilter as M;
    const TABLE: &str = "/databases/{db}/tables/{table}";
    const ROWS: &str = "/databases/{db}/tables/{table}/rows";
    vec![
        Entry::new::<Found, _, _>(
            M::GET,
            TABLE,
            "find",
            "Find rows: records, or with `Accept: application/vnd.phantomdb.rows+json` a result set",
            routes::find,
        )
        .query(&["schema", "condition", "orderBy", "limit", "offset", "columns"]),
        Entry::new::<Updated, _, _>(
            M::PUT,
            TABLE,
            "updateRows",
            "Update rows; without a condition it needs `all`",
            routes::update_rows,
        )
        .takes::<UpdateRows>()
        .query(SCHEMA),
        Entry::new::<Inserted, _, _>(M::POST, ROWS, "insertRows", "Insert rows", routes::insert_rows)
            .takes::<InsertRows>()
            .query(SCHEMA)
            .created(),
        Entry::new::<Deleted, _, _>(
            M::DELETE,
            ROWS,
            "deleteRows",
            "Delete rows; without a condition it needs `all=true`",
            routes::delete_rows,
        )
        .query(&["schema", "condition", "all"]),
        Entry::new::<ResultSet, _, _>(
            M::POST,
            "/databases/{db}/query",
            "query",
            "Run one statement of PhantomDB SQL",
            routes::query,
        )
        .takes::<Statement>(),
        Entry::new::<BatchAnswer, _, _>(
            M::POST,
            "/databases/{db}/batch",
            "batch",
            "Run many statements in one round trip",
            routes::batch,
        )
        .takes::<Batch>(),
        Entry::new::<(), _, _>(
            M::POST,
            "/databases/{db}/queries",
            "queries",
            "Run many independent statements, each answered as soon as it is done",
            queries::queries,
        )
        .takes::<Queries>()
        .lines::<QueryAnswer>(),
    ]
}

fn about_transactions() -> Vec<Entry> {
    use MethodFilter as M;
    vec![
        Entry::new::<TransactionBegun, _, _>(
            M::POST,
            "/transactions",
            "beginTransaction",
            "Begin a transaction",
            routes::begin_transaction,
        )
        .takes::<BeginTransaction>()
        .created(),
        Entry::new::<(), _, _>(
            M::POST,
            "/transactions/{id}/commit",
            "commitTransaction",
            "Commit a transaction",
            routes::commit_transaction,
        )
        .empty(),
        Entry::new::<(), _, _>(
            M::POST,
            "/transactions/{id}/rollback",
            "rollbackTransaction",
            "Roll a transaction back",
            routes::rollback_transaction,
        )
        .empty(),
    ]
}

fn about_snapshots() -> Vec<Entry> {
    use MethodFilter as M;
    vec![
        Entry::new::<SnapshotMade, _, _>(
            M::POST,
            "/databases/{db}/snapshots",
            "createSnapshot",
            "Keep the state of a database, where the server allows it",
            routes::create_snapshot,
        )
        .created(),
        Entry::new::<(), _, _>(
            M::POST,
            "/databases/{db}/snapshots/{id}/restore",
            "restoreSnapshot",
            "Bring a database to a state that was kept; its open transactions are rolled back",
            routes::restore_snapshot,
        )
        .empty(),
        Entry::new::<(), _, _>(
            M::DELETE,
            "/databases/{db}/snapshots/{id}",
            "dropSnapshot",
            "Let go of a state that was kept",
            routes::drop_snapshot,
        )
        .empty(),
    ]
}
