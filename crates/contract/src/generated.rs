//! Generated columns are described as generated, and changes of their table keep them.

use phantomdb_engine::Session;
use phantomdb_protocol::{AlterOperation, ColumnDefinition, ErrorCode, TableName};
use serde_json::json;

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::schema::describe;
use super::session::{all, ask, error, ok};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    they_are_described_by_what_generates_them_and_made_anew_from_that,
    they_are_added_and_changed_and_outlive_changes_of_their_table
];

const LINES: &str = "CREATE TABLE \"lines\" (\"id\" INTEGER PRIMARY KEY, \"amount\" INTEGER, \"code\" TEXT, \
    \"twice\" BIGINT GENERATED ALWAYS AS (\"amount\" * 2) STORED, \
    \"upper\" VARCHAR(10) GENERATED ALWAYS AS (upper(\"code\")) STORED)";
const ROW: &str = "INSERT INTO \"lines\" (\"id\", \"amount\", \"code\") VALUES (1, 4, 'ab')";

async fn generated(session: &dyn Session, column: &str) -> Option<String> {
    let schema = describe(session, "lines").await;
    schema.columns.into_iter().find(|known| known.name == column).unwrap().generated
}

fn by(name: &str, data_type: &str, generated: &str) -> ColumnDefinition {
    ColumnDefinition { generated: Some(generated.to_owned()), ..ColumnDefinition::new(name, data_type) }
}

async fn they_are_described_by_what_generates_them_and_made_anew_from_that(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &[LINES, ROW]).await;
    assert_eq!(generated(session, "twice").await.as_deref(), Some("\"amount\" * 2"));
    assert_eq!(generated(session, "upper").await.as_deref(), Some("upper(\"code\")"));
    assert_eq!(generated(session, "amount").await, None);
    let schema = describe(session, "lines").await;
    assert!(schema.columns.iter().all(|column| column.default.is_none()));
    let wire = serde_json::to_value(&schema.columns[3]).unwrap();
    assert_eq!(wire["generated"], json!("\"amount\" * 2"));

    let again = phantomdb_protocol::CreateTable {
        table: TableName::new("again"),
        columns: schema.columns.clone(),
        constraints: Vec::new(),
        if_not_exists: false,
        comment: None,
    };
    let statements = phantomdb_protocol::ddl::create_table(&again, &phantomdb_protocol::ddl::Verbatim);
    for sql in statements.unwrap() {
        ok(session, &sql, &[]).await;
    }
    assert_eq!(describe(session, "again").await.columns, schema.columns);
    let refused = "INSERT INTO \"again\" (\"id\", \"twice\") VALUES (1, 3)";
    error(session, refused, &[]).await;
    ok(session, "INSERT INTO \"again\" (\"id\", \"amount\") VALUES (1, 5)", &[]).await;
    assert_eq!(ask(session, "SELECT \"twice\" FROM \"again\"").await, "10");
}

async fn they_are_added_and_changed_and_outlive_changes_of_their_table(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &[LINES, ROW]).await;
    let lines = TableName::new("lines");
    let alter = async |operation: AlterOperation| session.alter(&lines, vec![operation]).await;
    alter(AlterOperation::AddColumn { column: by("half", "INTEGER", "\"amount\" / 2") }).await.unwrap();
    ok(
        session,
        "ALTER TABLE \"lines\" ADD COLUMN \"next\" INTEGER GENERATED ALWAYS AS (\"amount\" + 1) STORED",
        &[],
    )
    .await;
    assert_eq!(ask(session, "SELECT \"twice\", \"half\", \"next\" FROM \"lines\"").await, "8|2|5");

    // Changes another column, changes a type, and renames the column that the others are generated from.
    let code = ColumnDefinition { allow_null: false, ..ColumnDefinition::new("code", "VARCHAR(20)") };
    alter(AlterOperation::ChangeColumn { column: code, using: None }).await.unwrap_or_else(|refused| {
        // PostgreSQL cannot change the type of a column that another one is generated from.
        assert_eq!(refused.code, ErrorCode::Unsupported, "{refused:?}");
    });
    let wider = ColumnDefinition::new("half", "BIGINT");
    alter(AlterOperation::ChangeColumn { column: wider, using: None }).await.unwrap();
    let rename = AlterOperation::RenameColumn { from: "amount".to_owned(), to: "count".to_owned() };
    alter(rename).await.unwrap();
    assert_eq!(generated(session, "twice").await.as_deref(), Some("\"count\" * 2"));
    assert_eq!(generated(session, "half").await.as_deref(), Some("\"count\" / 2"));
    ok(session, "UPDATE \"lines\" SET \"count\" = 10", &[]).await;
    assert_eq!(
        ask(session, "SELECT \"twice\", \"half\", \"next\", \"upper\" FROM \"lines\"").await,
        "20|5|11|AB"
    );

    alter(AlterOperation::ChangeColumn { column: by("half", "BIGINT", "\"count\" / 5"), using: None })
        .await
        .unwrap();
    assert_eq!(ask(session, "SELECT \"half\" FROM \"lines\"").await, "2");
    let refused =
        alter(AlterOperation::ChangeColumn { column: by("code", "TEXT", "'x'"), using: None }).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Unsupported);
    alter(AlterOperation::DropColumn { name: "half".to_owned(), cascade: false }).await.unwrap();
    assert_eq!(ask(session, "SELECT \"twice\", \"next\" FROM \"lines\"").await, "20|11");
}
