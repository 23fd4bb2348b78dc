//! The contract as an OpenAPI 3.1 document, made of the list of calls and the types they are read into and written from.

use http::Method;
use phantomdb_protocol::Error;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value as Json, json};

use super::calls::{Content, Entry};
use phantomdb_service::IDEMPOTENCY_KEY_LENGTH_MAX;

/// The document as JSON text.
pub(super) fn document(entries: &[Entry]) -> String {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let failure = generator.subschema_for::<Error>();
    let mut paths: Map<String, Json> = Map::new();
    for entry in entries {
        let operation = operation(entry, &mut generator);
        let path = paths.entry(entry.path).or_insert_with(|| json!({}));
        path[entry.method.as_str().to_ascii_lowercase()] = operation;
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "PhantomDB",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A SQL database over REST. Every path also answers under /api/v1.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }, { "url": "/api/v1" }],
        "security": [{}, { "token": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "responses": {
                "Failure": {
                    "description": "What went wrong. The codes are the contract, the message is for people.",
                    "content": { "application/json": { "schema": failure } },
                },
            },
        },
    })
    .to_string()
}

fn operation(entry: &Entry, generator: &mut SchemaGenerator) -> Json {
    let mut parameters: Vec<Json> = names_in(entry.path).map(path_parameter).collect();
    parameters.extend(entry.query.iter().map(|name| query_parameter(name)));
    let is_one_call = !matches!(entry.content, Content::Lines(_));
    if is_one_call && entry.path.starts_with("/databases/{db}/") {
        parameters.push(header("PhantomDB-Transaction", "The transaction it is part of."));
    }
    if is_one_call && entry.method != Method::GET {
        let mut key = header("Idempotency-Key", "The same key gets the first answer again.");
        key["schema"]["minLength"] = json!(1);
        key["schema"]["maxLength"] = json!(IDEMPOTENCY_KEY_LENGTH_MAX);
        parameters.push(key);
    }
    let mut answer = json!({ "description": entry.summary });
    match entry.content {
        Content::Nothing => {}
        Content::Text => answer["content"] = json!({ "text/plain": { "schema": { "type": "string" } } }),
        Content::Json(schema) => {
            answer["content"] = json!({ "application/json": { "schema": schema(generator) } });
        }
        // The schema is that of a line.
        Content::Lines(schema) => {
            answer["content"] = json!({ "application/x-ndjson": { "schema": schema(generator) } });
        }
    }
    let mut operation = json!({
        "operationId": entry.id,
        "summary": entry.summary,
        "parameters": parameters,
        "responses": {
            entry.status.as_str(): answer,
            "default": { "$ref": "#/components/responses/Failure" },
        },
    });
    if let Some(schema) = entry.body {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema(generator) } } });
    }
    operation
}

/// What stands between braces in a path.
fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &str) -> Json {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
}

fn query_parameter(name: &str) -> Json {
    let schema = match name {
        "limit" | "offset" => json!({ "type": "integer", "minimum": 0 }),
        "all" | "ifExists" => json!({ "type": "boolean" }),
        _ => json!({ "type": "string" }),
    };
    let description = match name {
        "schema" => "The schema of the table, if it is not in the default one",
        "condition" => "One SQL expression",
        "orderBy" => "An SQL list of expressions with directions",
        "columns" => "An SQL list of columns and expressions",
        "all" => "Must be true to change every row",
        "ifExists" => "No error when there is no such table",
        "limit" => "Rows at most",
        _ => "Rows to leave out first",
    };
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

fn header(name: &str, description: &str) -> Json {
    json!({ "name": name, "in": "header", "description": description, "schema": { "type": "string" } })
}
