//! The PhantomDB REST contract as types. Both ends use these and nothing else to speak to each other.
//!
//! [`Call`] is one request of the contract, whichever way it travels: over HTTP, or straight into an engine
//! that runs in the same process.

mod activity;
mod answer;
mod apart;
mod arguments;
mod bodies;
mod cell;
mod context;
mod contract;
pub mod data_type;
pub mod ddl;
mod error;
pub mod headers;
mod json_text;
mod new_transaction;
mod objects;
mod parameters;
mod queries;
mod records;
mod request;
mod result;
mod right;
mod route_macros;
mod routes;
mod schema;
mod stream;
mod strict;
pub mod transaction_id;
mod unreachable;
mod value;

pub use activity::{LockWaitDescription, OpenTransactionDescription, OpenTransactions, SlowCall, SlowCalls};
pub use answer::{
    BatchAnswer, Databases, Deleted, EngineInfo, Inserted, Limits, Named, Outcome, Records, ServerInfo,
    SnapshotMade, TableCreated, Tables, TransactionBegun, Updated, Views,
};
pub use apart::Apart;
pub use arguments::{
    Batch, BeginTransaction, DeleteRows, Find, InsertRows, IsolationLevel, OnConflict, Statement, UpdateRows,
};
pub use bodies::{
    AlterTableBody, CreateDatabaseBody, DescribeStatementBody, Found, GrantDescription, Status,
};
pub use cell::Cell;
pub use context::CallContext;
pub use contract::contract;
pub use error::{Error, ErrorCode, ErrorDetails, ForeignKeySide, Result};
pub use new_transaction::{BegunTransaction, CallTransaction, NewTransaction};
pub use parameters::{Parameter, ParameterType};
pub use queries::{IndependentQuery, Queries, QueryAnswer};
pub use records::{inserted, records};
pub use request::{HttpRequest, Method, RequestReader, read_body};
pub use result::{Column, ColumnType, ResultSet, StatementDescription, StatementParameter};
pub use right::Right;
pub use routes::{API_PREFIX, AnswerBody, Call, Endpoint, ROUTES, Route, SchemaOf, ServerEndpoint};
pub use schema::{
    AlterOperation, CONSOLE_TABLE, ColumnDefinition, Constraint, CreateIndex, CreateTable, IndexField,
    IndexSchema, Reference, ReferentialAction, TableName, TableSchema, TypeDescription, ViewDefinition,
};
pub use stream::StreamedRows;
pub use unreachable::UnreachableReason;
pub use value::Value;
