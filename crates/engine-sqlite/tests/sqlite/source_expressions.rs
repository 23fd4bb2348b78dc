//! A description contains expressions as they were written in PhantomDB SQL, even when SQLite was given different ones.

use phantomdb_engine::Session;
use phantomdb_protocol::{
    AlterOperation, ColumnDefinition, Constraint, CreateTable, ErrorCode, Statement, TableName, TableSchema,
    ddl::{self, Verbatim},
};

use crate::fixture::Fixture;
use phantomdb_testing::{error, ok, rows, statement};
use serde_json::json;

const TABLE: &str = "CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    title TEXT CHECK (title ILIKE 'a%' OR title ~ '^b'),
    doc JSONB,
    made TIMESTAMP DEFAULT now(),
    code TEXT DEFAULT (upper('x') || 1::text),
    CONSTRAINT has_kind CHECK (doc->>'kind' <> 'x'))";

const INDEX: &str =
    "CREATE INDEX by_kind ON notes ((doc->>'kind') DESC, lower(title)) WHERE doc->>'kind' <> 'y'";

async fn describe(session: &dyn Session, table: &str) -> TableSchema {
    session.describe(&TableName::new(table)).await.unwrap()
}

fn checks(schema: &TableSchema) -> Vec<&str> {
    let mut checks: Vec<&str> = schema
        .constraints
        .iter()
        .filter_map(|constraint| match constraint {
            Constraint::Check { expression, .. } => Some(expression.as_str()),
            _ => None,
        })
        .collect();
    checks.sort_unstable();
    checks
}

fn default_of<'a>(schema: &'a TableSchema, column: &str) -> Option<&'a str> {
    schema.columns.iter().find(|candidate| candidate.name == column)?.default.as_deref()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_has_the_expressions_that_were_written() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        ok(session, TABLE, &[]).await;
        ok(session, INDEX, &[]).await;
        let schema = describe(session, "notes").await;
        assert_eq!(
            checks(&schema),
            [r#""doc" ->> 'kind' <> 'x'"#, r#""title" ILIKE 'a%' OR "title" ~ '^b'"#]
        );
        assert_eq!(default_of(&schema, "made"), Some("now()"));
        assert_eq!(default_of(&schema, "code"), Some("upper('x') || 1::TEXT"));
        let index = schema.indexes.iter().find(|index| index.name == "by_kind").unwrap();
        assert_eq!(index.condition.as_deref(), Some(r#""doc" ->> 'kind' <> 'y'"#));
        assert_eq!(index.fields[0].expression.as_deref(), Some(r#"("doc" ->> 'kind')"#));
        assert!(index.definition.as_deref().unwrap().contains("->>"), "{index:?}");
        assert_eq!(
            session.tables().await.unwrap(),
            [TableName::new("notes")],
            "the table of expressions is not listed"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expressions_stay_as_they_were_written_when_the_table_changes() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        ok(session, TABLE, &[]).await;
        ok(session, INDEX, &[]).await;
        let added = Constraint::Check { name: Some("short".into()), expression: "doc->>'b' !~ 'z'".into() };
        let column: ColumnDefinition =
            serde_json::from_value(json!({ "name": "title", "type": "VARCHAR(20)", "allowNull": false }))
                .unwrap();
        let operations = vec![
            AlterOperation::AddConstraint { constraint: added },
            AlterOperation::ChangeColumn { column, using: None },
            AlterOperation::RenameColumn { from: "doc".into(), to: "data".into() },
            AlterOperation::RenameTable { to: TableName::new("papers") },
        ];
        session.alter(&TableName::new("notes"), operations).await.unwrap();
        let schema = describe(session, "papers").await;
        assert_eq!(
            checks(&schema),
            [
                r#""data" ->> 'b' !~ 'z'"#,
                r#""data" ->> 'kind' <> 'x'"#,
                r#""title" ILIKE 'a%' OR "title" ~ '^b'"#
            ]
        );
        let index = schema.indexes.iter().find(|index| index.name == "by_kind").unwrap();
        assert_eq!(index.fields[0].expression.as_deref(), Some(r#"("data" ->> 'kind')"#));
        ok(session, "DROP TABLE papers", &[]).await;
        let count = statement("SELECT count(*) FROM phantomdb_expressions", &[]);
        let left = session.execute(Statement { native: true, ..count }).await.unwrap();
        assert_eq!(left.rows.get(), "[[0]]");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_can_be_created_again_from_its_description() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        ok(session, TABLE, &[]).await;
        let schema = describe(session, "notes").await;
        let columns =
            schema.columns.iter().map(|column| ColumnDefinition { primary_key: false, ..column.clone() });
        let again = CreateTable {
            table: TableName::new("again"),
            columns: columns.collect(),
            constraints: schema
                .constraints
                .iter()
                .filter(|c| c.name() != Some("notes_pkey"))
                .cloned()
                .collect(),
            if_not_exists: false,
            comment: None,
        };
        let sql = ddl::create_table(&again, &Verbatim).unwrap().concat();
        ok(session, &sql, &[]).await;
        let again = describe(session, "again").await;
        assert_eq!(checks(&again), checks(&schema));
        assert_eq!(default_of(&again, "code"), default_of(&schema, "code"));
        let refused = error(session, "INSERT INTO again (id, title) VALUES (1, 'c')", &[]).await;
        assert_eq!(refused.code, ErrorCode::CheckViolation);
        ok(session, "INSERT INTO again (id, title) VALUES (1, 'Ab')", &[]).await;
        assert_eq!(rows(session, "SELECT code FROM again", &[]).await, json!([["X1"]]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_values_have_the_form_of_their_column() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        ok(
            session,
            "CREATE TABLE lines (price DECIMAL(10,2), amount SMALLINT, \
             total DECIMAL(12,2) GENERATED ALWAYS AS (price * amount) STORED, \
             double SMALLINT GENERATED ALWAYS AS (amount * 2) STORED)",
            &[],
        )
        .await;
        ok(session, "INSERT INTO lines (price, amount) VALUES (1.5, 2)", &[]).await;
        assert_eq!(rows(session, "SELECT total, double FROM lines", &[]).await, json!([["3.00", 4]]));
        let refused = error(session, "INSERT INTO lines (price, amount) VALUES (1, 20000)", &[]).await;
        assert_eq!(refused.code, ErrorCode::OutOfRange);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn like_in_an_index_is_case_sensitive_for_every_program() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        let create = "CREATE TABLE people (id SERIAL PRIMARY KEY, name TEXT, mail TEXT, \
                    known BOOLEAN GENERATED ALWAYS AS (name NOT LIKE '%?%') STORED)";
        ok(session, create, &[]).await;
        let by_case = r"CREATE UNIQUE INDEX by_case ON people (mail) WHERE name LIKE 'A\_%'";
        ok(session, by_case, &[]).await;
        ok(session, "CREATE UNIQUE INDEX without ON people (mail) WHERE name ILIKE '%Ö[*]'", &[]).await;
        ok(session, "CREATE INDEX flag ON people ((name LIKE '%x'))", &[]).await;
        let insert = |name: &str, mail: &str| {
            format!("INSERT INTO people (name, mail) VALUES ('{name}', '{mail}') RETURNING known")
        };
        for (name, mail) in [("A_b", "1"), ("a_b", "1"), ("AXb", "1"), ("xö[*]", "2"), ("xö*", "2")] {
            assert_eq!(rows(session, &insert(name, mail), &[]).await, json!([[true]]), "{name}");
        }
        assert_eq!(rows(session, &insert("who?", "3"), &[]).await, json!([[false]]));
        for (name, mail) in [("A_c", "1"), ("YÖ[*]", "2")] {
            let refused = error(session, &insert(name, mail), &[]).await;
            assert_eq!(refused.code, ErrorCode::UniqueViolation, "{name}");
        }
        let upsert = r"INSERT INTO people (name, mail) VALUES ('A_d', '1') ON CONFLICT (mail) WHERE name LIKE 'A\_%'
                       DO UPDATE SET name = excluded.name RETURNING id";
        assert_eq!(rows(session, upsert, &[]).await, json!([[1]]));

        let schema = describe(session, "people").await;
        let conditions: Vec<_> =
            schema.indexes.iter().filter_map(|index| index.condition.as_deref()).collect();
        assert_eq!(conditions, [r#""name" LIKE 'A\_%'"#, "\"name\" ILIKE '%Ö[*]'"]);
        ok(session, "CREATE INDEX other ON people (id) WHERE name LIKE mail", &[]).await;
    }
}
