//! The PhantomDB REST contract as types. Both ends use these and nothing else to speak to each other.
//!
//! [`Call`] is one request of the contract, whichever way it travels: over HTTP, or straight into an engine
//! that runs in the same process.

mod answer;
mod call;
pub mod data_type;
pub mod ddl;
mod error;
mod queries;
mod records;
mod result;
mod schema;
pub mod transaction_id;
mod value;

pub use answer::{
    BatchAnswer, Databases, Deleted, EngineInfo, Inserted, Limits, Named, Outcome, Records, ServerInfo,
    SnapshotMade, TableCreated, Tables, TransactionBegun, Updated,
};
pub use call::{
    Batch, BeginTransaction, Call, CallContext, DeleteRows, Find, InsertRows, IsolationLevel, OnConflict,
    Statement, UpdateRows,
};
pub use error::{Error, ErrorCode, ErrorDetails, Result};
pub use queries::{IndependentQuery, Queries, QueryAnswer};
pub use records::{inserted, records};
pub use result::{Column, ColumnType, ResultSet};
pub use schema::{
    AlterOperation, ColumnDefinition, Constraint, CreateIndex, CreateTable, IndexField, IndexSchema,
    Reference, ReferentialAction, TableName, TableSchema, TypeDescription,
};
pub use value::Value;
