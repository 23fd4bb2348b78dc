//! The calls of the contract, and the table of routes: one row for each call, which says how it travels over HTTP. Clients
//! write requests by it, servers read them by it, and the OpenAPI document is made of it.
//!
//! A row of a call has, in this order:
//! - `call` and the variant of [`Call`] with its fields,
//! - the method, the path and the query parameters,
//! - `takes`: the fields in the URL, those of the path in the order of its segments, each with the way it is written: a
//!   method that [`UrlWriter`] and [`RequestReader`](crate::RequestReader) both have; then, after a semicolon, the field
//!   that is the body and its type, or the struct that is the body and the fields in it,
//! - `answers`: the status, and the type of the body if there is one,
//! - the summary.
//!
//! The compiler refuses a variant of [`Call`] without a row, and a row that leaves out a field. A row with `server`
//! instead of `call` is a request that the server answers by itself.

use schemars::{Schema, SchemaGenerator};
use serde::Deserialize;

use crate::{
    AlterOperation, AlterTableBody, Batch, BatchAnswer, BeginTransaction, CreateDatabaseBody, CreateIndex,
    CreateTable, Databases, DeleteRows, Deleted, Find, Found, HttpRequest, InsertRows, Inserted, Method,
    Named, Parameter, Queries, QueryAnswer, RequestReader, Result, ResultSet, ServerInfo, SnapshotMade,
    Statement, Status, TableCreated, TableName, TableSchema, Tables, TransactionBegun, UpdateRows, Updated,
    request::{UrlWriter, write_body},
    route_macros::{answer_body, body_schema, read_fields, routes, write_fields},
};

/// Every path also answers below this one.
pub const API_PREFIX: &str = "/api/v1";

/// Makes the JSON schema of a type.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// A call of the contract, whichever way it travels. Its row in the table of routes says how it travels over HTTP.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Call {
    ServerInfo,
    ListDatabases,
    CreateDatabase {
        name: String,
        #[serde(default)]
        if_not_exists: bool,
        /// The id of the snapshot that the database begins as.
        #[serde(default)]
        template: Option<String>,
    },
    DropDatabase {
        name: String,
    },
    /// Keeps the present state of the database.
    CreateSnapshot {
        database: String,
    },
    /// Brings the database to a state that was kept, and rolls back its open transactions.
    RestoreSnapshot {
        database: String,
        id: String,
    },
    DropSnapshot {
        database: String,
        id: String,
    },
    ListTables {
        database: String,
    },
    CreateTable {
        database: String,
        table: CreateTable,
    },
    DropTable {
        database: String,
        table: TableName,
        #[serde(default)]
        if_exists: bool,
    },
    DescribeTable {
        database: String,
        table: TableName,
    },
    AlterTable {
        database: String,
        table: TableName,
        operations: Vec<AlterOperation>,
    },
    CreateIndex {
        database: String,
        table: TableName,
        index: CreateIndex,
    },
    DropIndex {
        database: String,
        table: TableName,
        name: String,
    },
    Find {
        database: String,
        table: TableName,
        find: Find,
    },
    InsertRows {
        database: String,
        table: TableName,
        insert: InsertRows,
    },
    UpdateRows {
        database: String,
        table: TableName,
        update: UpdateRows,
    },
    DeleteRows {
        database: String,
        table: TableName,
        delete: DeleteRows,
    },
    Query {
        database: String,
        statement: Statement,
    },
    Batch {
        database: String,
        batch: Batch,
    },
    BeginTransaction(BeginTransaction),
    CommitTransaction {
        id: String,
    },
    RollbackTransaction {
        id: String,
    },
}

impl Call {
    /// True when the call reads and changes nothing, whatever it holds. A `Query` or `Batch` may write.
    pub fn only_reads(&self) -> bool {
        self.route().method == Method::Get
    }

    /// The database whose content the call reads or writes. `None` for a call on a database as a whole or on none.
    pub fn database(&self) -> Option<&str> {
        match self {
            Self::ServerInfo
            | Self::ListDatabases
            | Self::CreateDatabase { .. }
            | Self::DropDatabase { .. }
            | Self::DropSnapshot { .. }
            | Self::CommitTransaction { .. }
            | Self::RollbackTransaction { .. } => None,
            Self::ListTables { database }
            | Self::CreateTable { database, .. }
            | Self::DropTable { database, .. }
            | Self::DescribeTable { database, .. }
            | Self::AlterTable { database, .. }
            | Self::CreateIndex { database, .. }
            | Self::DropIndex { database, .. }
            | Self::CreateSnapshot { database }
            | Self::RestoreSnapshot { database, .. }
            | Self::Find { database, .. }
            | Self::InsertRows { database, .. }
            | Self::UpdateRows { database, .. }
            | Self::DeleteRows { database, .. }
            | Self::Query { database, .. }
            | Self::Batch { database, .. }
            | Self::BeginTransaction(BeginTransaction { database, .. }) => Some(database),
        }
    }
}

/// A request that the server answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerEndpoint {
    Health,
    Ready,
    Metrics,
    OpenApi,
    Queries,
}

/// The part of the server that answers a request.
#[derive(Debug, Clone, Copy)]
pub enum Endpoint {
    /// The service, to which the request is a [`Call`]. The function reads it.
    Call(fn(&mut RequestReader<'_>) -> Result<Call>),
    /// The server itself.
    Server(ServerEndpoint),
}

/// The body of a successful answer.
#[derive(Debug, Clone, Copy)]
pub enum AnswerBody {
    Empty,
    Text,
    Json(SchemaOf),
    /// JSON documents of this schema, each on a line of its own. A request with such an answer holds many calls, which
    /// carry in its body what a lone call has in its headers.
    Lines(SchemaOf),
}

/// A row of the table of routes.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The name of the call, in camel case.
    pub name: &'static str,
    pub summary: &'static str,
    pub method: Method,
    /// With the names of its variable segments in braces: `/databases/{db}/tables`.
    pub path: &'static str,
    /// The query parameters that the call can have.
    pub parameters: &'static [Parameter],
    /// The schema of the body of the request, if it has one.
    pub body: Option<SchemaOf>,
    /// The status of a successful answer.
    pub status: u16,
    pub answer: AnswerBody,
    pub endpoint: Endpoint,
}

impl Route {
    /// The names of the variable segments of the path, in order.
    pub fn segment_names(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(variable)
    }

    /// The variable segments of a path of this route as they stand in it, still percent-encoded. `None` for a path of
    /// another route.
    pub fn segments_of<'a>(&self, path: &'a str) -> Option<Vec<&'a str>> {
        let mut segments = Vec::new();
        let mut rest = path.split('/');
        for expected in self.path.split('/') {
            let segment = rest.next()?;
            match variable(expected) {
                Some(_) => segments.push(segment),
                None if segment == expected => {}
                None => return None,
            }
        }
        rest.next().is_none().then_some(segments)
    }

    /// The path of the route with these variable segments.
    pub fn path_of(&self, segments: &[&str]) -> String {
        segments.iter().fold(UrlWriter::new(self.path), |url, segment| url.segment(segment)).finish()
    }

    /// Reads a request of this route: the variable segments of its path, decoded; what follows the `?` of its URL; and its
    /// body.
    pub fn reader<'a>(
        &self,
        segments: Vec<String>,
        query: &str,
        body: &'a [u8],
    ) -> Result<RequestReader<'a>> {
        // A call without parameters does not look at what follows the `?`.
        let query = if self.parameters.is_empty() { "" } else { query };
        RequestReader::new(segments, query, self.parameters, body)
    }
}

fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
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
