//! One function for each call of the contract.

use std::sync::{Arc, LazyLock};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode};
use phantomdb_protocol::{
    AlterOperation, Batch, BeginTransaction, Call, ColumnDefinition, Constraint, CreateIndex, CreateTable,
    ErrorCode, InsertRows, Records, ResultSet, Statement, TableName, UpdateRows,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    HttpServer,
    answer::{HttpError, JSON, answered, respond},
    calls,
    extract::{Body, Caller, Names},
    openapi,
    query_string::TableQuery,
};

type Server = State<Arc<HttpServer>>;
type Answer = Result<Response, HttpError>;
type Table = Names<(String, String)>;

impl HttpServer {
    async fn ok(&self, Caller(context): Caller, call: Call) -> Answer {
        Ok(answered(StatusCode::OK, self.service.call(call, context).await))
    }

    async fn created(&self, Caller(context): Caller, call: Call) -> Answer {
        Ok(answered(StatusCode::CREATED, self.service.call(call, context).await))
    }
}

pub(super) async fn no_such_path() -> HttpError {
    HttpError::new(ErrorCode::NotFound, "there is no such path; the calls are listed in the REST contract")
}

pub(super) async fn no_such_method() -> HttpError {
    let message = "this path does not take this method; the header Allow names those it takes";
    let mut error = HttpError::new(ErrorCode::BadRequest, message);
    error.status = StatusCode::METHOD_NOT_ALLOWED;
    error
}

/// What `/health` and `/ready` answer.
#[derive(Serialize, JsonSchema)]
pub(super) struct Status {
    /// `healthy` or `ready`.
    status: &'static str,
}

/// What a find answers.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "its schema is what it is for")]
pub(super) enum Found {
    Records(Records),
    Rows(ResultSet),
}

pub(super) async fn health() -> Json<Status> {
    Json(Status { status: "healthy" })
}

pub(super) async fn openapi() -> Response {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi::document(&calls::all()));
    respond(StatusCode::OK, JSON, DOCUMENT.as_str())
}

pub(super) async fn ready(State(server): Server) -> Response {
    if server.is_draining() {
        return HttpError::stopping().into_response();
    }
    match server.service.ready().await {
        Ok(()) => Json(Status { status: "ready" }).into_response(),
        Err(error) => {
            tracing::error!(code = ?error.code, "the engine is not ready");
            HttpError::new(ErrorCode::Unavailable, "the engine cannot be reached").into_response()
        }
    }
}

pub(super) async fn metrics(State(server): Server) -> Response {
    let text = server.metrics.text(&server.service);
    respond(StatusCode::OK, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"), text)
}

pub(super) async fn info(State(server): Server, caller: Caller) -> Answer {
    server.ok(caller, Call::ServerInfo).await
}

pub(super) async fn list_databases(State(server): Server, caller: Caller) -> Answer {
    server.ok(caller, Call::ListDatabases).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateDatabaseBody {
    name: String,
    #[serde(default)]
    if_not_exists: bool,
    /// The id of a snapshot.
    template: Option<String>,
}

pub(super) async fn create_database(
    State(server): Server,
    caller: Caller,
    Body(CreateDatabaseBody { name, if_not_exists, template }): Body<CreateDatabaseBody>,
) -> Answer {
    server.created(caller, Call::CreateDatabase { name, if_not_exists, template }).await
}

pub(super) async fn drop_database(
    State(server): Server,
    Names(name): Names<String>,
    caller: Caller,
) -> Answer {
    server.ok(caller, Call::DropDatabase { name }).await
}

pub(super) async fn list_tables(
    State(server): Server,
    Names(database): Names<String>,
    caller: Caller,
) -> Answer {
    server.ok(caller, Call::ListTables { database }).await
}

/// A table to create, named by `table` or, shorter, by `name` (and `schema`).
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateTableBody {
    table: Option<TableName>,
    name: Option<String>,
    schema: Option<String>,
    columns: Vec<ColumnDefinition>,
    #[serde(default)]
    constraints: Vec<Constraint>,
    #[serde(default)]
    if_not_exists: bool,
    comment: Option<String>,
}

pub(super) async fn create_table(
    State(server): Server,
    Names(database): Names<String>,
    caller: Caller,
    Body(body): Body<CreateTableBody>,
) -> Answer {
    let table = match (body.table, body.name) {
        (Some(table), None) => table,
        (None, Some(name)) => TableName { name, schema: body.schema },
        _ => return Err(HttpError::new(ErrorCode::BadRequest, "a table needs a name")),
    };
    let table = CreateTable {
        table,
        columns: body.columns,
        constraints: body.constraints,
        if_not_exists: body.if_not_exists,
        comment: body.comment,
    };
    server.created(caller, Call::CreateTable { database, table }).await
}

pub(super) async fn find(
    State(server): Server,
    Names((database, table)): Table,
    mut query: TableQuery,
    caller: Caller,
) -> Answer {
    let table = query.table(table);
    server.ok(caller, Call::Find { database, table, find: query.find()? }).await
}

pub(super) async fn update_rows(
    State(server): Server,
    Names((database, table)): Table,
    mut query: TableQuery,
    caller: Caller,
    Body(update): Body<UpdateRows>,
) -> Answer {
    server.ok(caller, Call::UpdateRows { database, table: query.table(table), update }).await
}

pub(super) async fn drop_table(
    State(server): Server,
    Names((database, table)): Table,
    mut query: TableQuery,
    caller: Caller,
) -> Answer {
    if query.is_about_rows() {
        let message = "this call drops the table; DELETE …/rows deletes the rows of a condition";
        return Err(HttpError::new(ErrorCode::BadRequest, message));
    }
    let table = query.table(table);
    server.ok(caller, Call::DropTable { database, table, if_exists: query.if_exists()? }).await
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct AlterTableBody {
    operations: Vec<AlterOperation>,
}

pub(super) async fn alter_table(
    State(server): Server,
    Names((database, table)): Table,
    mut query: TableQuery,
    caller: Caller,
    Body(AlterTableBody { operations }): Body<AlterTableBody>,
) -> Answer {
    server.ok(caller, Call::AlterTable { database, table: query.table(table), operations }).await
}

pub(super) async fn describe_table(
    State(server): Server,
    Names((database, table)): Table,
    mut query: TableQuery,
    caller: Caller,
) -> Answer {
    server.ok(caller, Call::DescribeTable { database, table: query.table(table) }).await
}

pub(super) async fn create_index(
    State(server): Server,
    Names((database, table)): Table,
    mut query: TableQuery,
    caller: Caller,
    Body(index): Body<CreateIndex>,
) -> Answer {
    server.created(caller, Call::CreateIndex { database, table: query.table(table), index }).await
}

pub(super) async fn drop_index(
    State(server): Server,
    Names((database, table, name)): Names<(String, String, String)>,
    mut query: TableQuery,
    caller: Caller,
) -> Answer {
    server.ok(caller, Call::DropIndex { database, table: query.table(table), name }).await
}

pub(super) async fn insert_rows(
    State(server): Server,
    Names((database, table)): Table,
    mut query: TableQuery,
    caller: Caller,
    Body(insert): Body<InsertRows>,
) -> Answer {
    server.created(caller, Call::InsertRows { database, table: query.table(table), insert }).await
}

pub(super) async fn delete_rows(
    State(server): Server,
    Names((database, table)): Table,
    mut query: TableQuery,
    caller: Caller,
) -> Answer {
    let table = query.table(table);
    server.ok(caller, Call::DeleteRows { database, table, delete: query.delete()? }).await
}

pub(super) async fn query(
    State(server): Server,
    Names(database): Names<String>,
    caller: Caller,
    Body(statement): Body<Statement>,
) -> Answer {
    server.ok(caller, Call::Query { database, statement }).await
}

pub(super) async fn batch(
    State(server): Server,
    Names(database): Names<String>,
    caller: Caller,
    Body(batch): Body<Batch>,
) -> Answer {
    server.ok(caller, Call::Batch { database, batch }).await
}

pub(super) async fn create_snapshot(
    State(server): Server,
    Names(database): Names<String>,
    caller: Caller,
) -> Answer {
    server.created(caller, Call::CreateSnapshot { database }).await
}

pub(super) async fn restore_snapshot(
    State(server): Server,
    Names((database, id)): Names<(String, String)>,
    caller: Caller,
) -> Answer {
    server.ok(caller, Call::RestoreSnapshot { database, id }).await
}

pub(super) async fn drop_snapshot(
    State(server): Server,
    Names((database, id)): Names<(String, String)>,
    caller: Caller,
) -> Answer {
    server.ok(caller, Call::DropSnapshot { database, id }).await
}

pub(super) async fn begin_transaction(
    State(server): Server,
    caller: Caller,
    Body(options): Body<BeginTransaction>,
) -> Answer {
    server.created(caller, Call::BeginTransaction(options)).await
}

pub(super) async fn commit_transaction(
    State(server): Server,
    Names(id): Names<String>,
    caller: Caller,
) -> Answer {
    server.ok(caller, Call::CommitTransaction { id }).await
}

pub(super) async fn rollback_transaction(
    State(server): Server,
    Names(id): Names<String>,
    caller: Caller,
) -> Answer {
    server.ok(caller, Call::RollbackTransaction { id }).await
}
