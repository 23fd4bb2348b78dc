//! The calls of the contract, and the table of routes: one row for each call, which says how it travels over HTTP. Clients
//! write requests by it, servers read them by it, and the OpenAPI document is made of it.
//!
//! A row of a call has, in this order:
//! - `call` and the variant of [`Call`] with its fields,
//! - the method, the path and the query parameters,
//! - `needs`: the right that every such call needs. A call that carries SQL needs `read` here, because a statement can be one
//!   that reads; the engine refuses the statements for which the caller has no right. `nothing` is for requests without a
//!   token,
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
    CreateTable, Databases, DeleteRows, Deleted, DescribeStatementBody, Find, Found, GrantDescription,
    HttpRequest, InsertRows, Inserted, Method, Named, OpenTransactions, Parameter, Queries, QueryAnswer,
    RequestReader, Result, ResultSet, Right, ServerInfo, SlowCalls, SnapshotMade, Statement,
    StatementDescription, Status, StreamedRows, TableCreated, TableName, TableSchema, Tables,
    TransactionBegun, UpdateRows, Updated, Views,
    parameters::Parameters,
    request::{UrlWriter, write_body},
    route_macros::{answer_body, body_schema, needed_right, read_fields, routes, write_fields},
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
    /// Gives the space of deleted rows back to the system.
    CompactDatabase {
        database: String,
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
    ListViews {
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
    /// Says which parameters and columns a statement has, and does not run it.
    DescribeStatement {
        database: String,
        query: String,
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
        self.route().method == Method::Get || matches!(self, Self::DescribeStatement { .. })
    }

    /// The database that the call names, whatever it does to it. `None` for a call on the server or on a transaction, which
    /// belongs to the caller that began it.
    pub fn named_database(&self) -> Option<&str> {
        match self {
            Self::CreateDatabase { name, if_not_exists: _, template: _ } | Self::DropDatabase { name } => {
                Some(name)
            }
            Self::DropSnapshot { database, id: _ } => Some(database),
            other => other.database(),
        }
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
            Self::CompactDatabase { database }
            | Self::ListTables { database }
            | Self::ListViews { database }
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
            | Self::DescribeStatement { database, .. }
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
    /// What the caller may do.
    Grant,
    /// The transactions that are open on this server.
    OpenTransactions,
    /// Rolls back a transaction of any caller.
    EndTransaction,
    /// The calls that took long.
    SlowCalls,
    Queries,
    Stream,
    /// Reads all of a database.
    Backup,
    /// Makes a database.
    CreateFromBackup,
    /// Makes a database, or replaces all of it.
    RestoreBackup,
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
    /// A file of SQLite.
    File,
    Json(SchemaOf),
    /// JSON documents of this schema, each on a line of its own.
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
    /// The right that the caller needs; none for a request that is answered without a token.
    pub needs: Option<Right>,
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

    /// Refuses what follows the `?` of a URL unless the route has these parameters.
    pub fn check_parameters(&self, query: &str) -> Result<()> {
        Parameters::read(query)?.refuse_others_than(self.parameters)
    }

    /// Reads a request of this route: the variable segments of its path, decoded; what follows the `?` of its URL; and its
    /// body.
    pub fn reader<'a>(
        &self,
        segments: Vec<String>,
        query: &str,
        body: &'a [u8],
    ) -> Result<RequestReader<'a>> {
        RequestReader::new(segments, query, self.parameters, body)
    }
}

fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

routes! {
    call ServerInfo {}
        "serverInfo" Get "/"
        needs read
        takes()
        answers(200 ServerInfo) "Who is there";
    server Health
        "health" Get "/health"
        needs nothing
        takes()
        answers(200 Status) "Whether it is alive";
    server Ready
        "ready" Get "/ready"
        needs nothing
        takes()
        answers(200 Status) "Whether it is able to serve";
    server Metrics
        "metrics" Get "/metrics"
        needs admin
        takes()
        answers(200 Text) "Counters for Prometheus";
    server OpenApi
        "openapi" Get "/openapi.json"
        needs nothing
        takes()
        answers(200 serde_json::Value) "This document";
    server Grant
        "grant" Get "/grant"
        needs read
        takes()
        answers(200 GrantDescription) "Return what the token of the request allows";
    call ListDatabases {}
        "listDatabases" Get "/databases"
        needs read
        takes()
        answers(200 Databases) "List databases";
    call CreateDatabase { name, if_not_exists, template }
        "createDatabase" Post "/databases"
        needs admin
        takes(; CreateDatabaseBody { name, if_not_exists, template })
        answers(201 Named) "Create a database";
    call DropDatabase { name }
        "dropDatabase" Delete "/databases/{db}"
        needs admin
        takes(name: segment)
        answers(204) "Drop a database";
    call CompactDatabase { database }
        "compactDatabase" Post "/databases/{db}/compact"
        needs admin
        takes(database: segment)
        answers(204) "Give the space of deleted rows back to the system; others wait to write meanwhile";
    server Backup
        "backup" Get "/databases/{db}/backup"
        needs admin
        takes()
        answers(200 File) "Download a database as a SQLite file, as it is at this moment; `Repr-Digest` has its SHA-256";
    server CreateFromBackup
        "createFromBackup" Post "/databases/{db}/backup"
        needs admin
        takes()
        answers(204) "Create a database from the file of a backup, which is checked first";
    server RestoreBackup
        "restoreBackup" Put "/databases/{db}/backup"
        needs admin
        takes()
        answers(204) "Replace a database with the file of a backup, at once; its open transactions are rolled back";
    call ListTables { database }
        "listTables" Get "/databases/{db}/tables"
        needs read
        takes(database: segment)
        answers(200 Tables) "List tables";
    call ListViews { database }
        "listViews" Get "/databases/{db}/views"
        needs read
        takes(database: segment)
        answers(200 Views) "List views, with their queries";
    call CreateTable { database, table }
        "createTable" Post "/databases/{db}/tables"
        needs schema
        takes(database: segment; table: CreateTable)
        answers(201 TableCreated) "Create a table";
    call DropTable { database, table, if_exists }
        "dropTable" Delete "/databases/{db}/tables/{table}" [Schema, IfExists]
        needs schema
        takes(database: segment, table: table, if_exists: if_exists)
        answers(204) "Drop a table, with its rows";
    call AlterTable { database, table, operations }
        "alterTable" Patch "/databases/{db}/tables/{table}" [Schema]
        needs schema
        takes(database: segment, table: table; AlterTableBody { operations })
        answers(204) "Change a table, all or nothing";
    call DescribeTable { database, table }
        "describeTable" Get "/databases/{db}/tables/{table}/schema" [Schema]
        needs read
        takes(database: segment, table: table)
        answers(200 TableSchema) "Describe a table: its columns, keys, indexes and constraints";
    call CreateIndex { database, table, index }
        "createIndex" Post "/databases/{db}/tables/{table}/indexes" [Schema]
        needs schema
        takes(database: segment, table: table; index: CreateIndex)
        answers(201 Named) "Create an index";
    call DropIndex { database, table, name }
        "dropIndex" Delete "/databases/{db}/tables/{table}/indexes/{name}" [Schema]
        needs schema
        takes(database: segment, table: table, name: segment)
        answers(204) "Drop an index";
    call Find { database, table, find }
        "find" Get "/databases/{db}/tables/{table}" [Schema, Condition, OrderBy, Limit, Offset, Columns]
        needs read
        takes(database: segment, table: table, find: find)
        answers(200 Found) "Find rows: records, or with `Accept: application/vnd.phantomdb.rows+json` a result set";
    call UpdateRows { database, table, update }
        "updateRows" Put "/databases/{db}/tables/{table}" [Schema]
        needs write
        takes(database: segment, table: table; update: UpdateRows)
        answers(200 Updated) "Update rows; without a condition it needs `all`";
    call InsertRows { database, table, insert }
        "insertRows" Post "/databases/{db}/tables/{table}/rows" [Schema]
        needs write
        takes(database: segment, table: table; insert: InsertRows)
        answers(201 Inserted) "Insert rows";
    call DeleteRows { database, table, delete }
        "deleteRows" Delete "/databases/{db}/tables/{table}/rows" [Schema, Condition, All]
        needs write
        takes(database: segment, table: table, delete: delete)
        answers(200 Deleted) "Delete rows; without a condition it needs `all=true`";
    call Query { database, statement }
        "query" Post "/databases/{db}/query"
        needs read
        takes(database: segment; statement: Statement)
        answers(200 ResultSet) "Run one statement of PhantomDB SQL";
    call DescribeStatement { database, query }
        "describeStatement" Post "/databases/{db}/describe"
        needs read
        takes(database: segment; DescribeStatementBody { query })
        answers(200 StatementDescription) "The parameters and the columns of a statement, which does not run";
    call Batch { database, batch }
        "batch" Post "/databases/{db}/batch"
        needs read
        takes(database: segment; batch: Batch)
        answers(200 BatchAnswer) "Run many statements in one round trip";
    server Queries
        "queries" Post "/databases/{db}/queries"
        needs read
        takes(; queries: Queries)
        answers(200 Lines<QueryAnswer>) "Run many independent statements, each answered as soon as it is done";
    server Stream
        "stream" Post "/databases/{db}/stream"
        needs read
        takes(; statement: Statement)
        answers(200 Lines<StreamedRows>) "Read the rows of one statement, a page on each line";
    call BeginTransaction(options)
        "beginTransaction" Post "/transactions"
        needs read
        takes(; options: BeginTransaction)
        answers(201 TransactionBegun) "Begin a transaction";
    server OpenTransactions
        "openTransactions" Get "/transactions"
        needs admin
        takes()
        answers(200 OpenTransactions) "List the transactions that are open on this server, the oldest first, and who waits for a lock";
    server EndTransaction
        "endTransaction" Delete "/transactions/{id}"
        needs admin
        takes()
        answers(204) "Roll back a transaction of any caller, after the statement that runs in it";
    server SlowCalls
        "slowCalls" Get "/slow-calls"
        needs admin
        takes()
        answers(200 SlowCalls) "List the last calls that took long, the newest first";
    call CommitTransaction { id }
        "commitTransaction" Post "/transactions/{id}/commit"
        needs read
        takes(id: segment)
        answers(204) "Commit a transaction";
    call RollbackTransaction { id }
        "rollbackTransaction" Post "/transactions/{id}/rollback"
        needs read
        takes(id: segment)
        answers(204) "Roll a transaction back";
    call CreateSnapshot { database }
        "createSnapshot" Post "/databases/{db}/snapshots"
        needs admin
        takes(database: segment)
        answers(201 SnapshotMade) "Take a snapshot of a database, where the server allows it";
    call RestoreSnapshot { database, id }
        "restoreSnapshot" Post "/databases/{db}/snapshots/{id}/restore"
        needs admin
        takes(database: segment, id: segment)
        answers(204) "Restore a database to a snapshot; its open transactions are rolled back";
    call DropSnapshot { database, id }
        "dropSnapshot" Delete "/databases/{db}/snapshots/{id}"
        needs admin
        takes(database: segment, id: segment)
        answers(204) "Delete a snapshot";
}
