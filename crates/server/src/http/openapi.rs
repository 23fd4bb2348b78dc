//! The contract as an OpenAPI 3.1 document, made of the table of routes and of the types of its bodies.

use std::collections::BTreeSet;

use http::StatusCode;
use phantomdb_protocol::{
    AnswerBody, Endpoint, Error, ErrorCode, Method, Parameter, ParameterType, Route, ServerEndpoint,
    headers::{self, Header},
};
use phantomdb_service::IDEMPOTENCY_KEY_LENGTH_MAX;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value as Json, json};

/// The statuses of refusals that are about the request as HTTP sees it.
const STATUSES_OF_HTTP: [StatusCode; 5] = [
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::URI_TOO_LONG,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
];

/// The document as JSON text.
pub(super) fn document(routes: &[Route]) -> String {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let failure = generator.subschema_for::<Error>();
    let mut paths: Map<String, Json> = Map::new();
    for route in routes {
        let operation = operation(route, &mut generator);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation;
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

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Json {
    let mut parameters: Vec<Json> = route.segment_names().map(path_parameter).collect();
    parameters.extend(route.parameters.iter().map(|&parameter| query_parameter(parameter)));
    // The queries of a request carry in its body what a lone call has in its headers.
    let is_one_call = !matches!(route.endpoint, Endpoint::Server(ServerEndpoint::Queries));
    let takes_key = is_one_call && !matches!(route.endpoint, Endpoint::Server(ServerEndpoint::Stream));
    if is_one_call && route.path.starts_with("/databases/{db}/") {
        let what = "The id of the transaction that it is part of, or `new` to begin one with it. Options follow after \
                    semicolons: `new; isolation-level=serializable; read-only; immediate; timeout=5000`.";
        parameters.push(header(headers::TRANSACTION, what));
    }
    if takes_key && route.method != Method::Get {
        let mut key = header(headers::IDEMPOTENCY_KEY, "The same key gets the first answer again.");
        key["schema"]["minLength"] = json!(1);
        key["schema"]["maxLength"] = json!(IDEMPOTENCY_KEY_LENGTH_MAX);
        parameters.push(key);
    }
    let mut answer = json!({ "description": route.summary });
    match route.answer {
        AnswerBody::Empty => {}
        AnswerBody::Text => {
            answer["content"] = json!({ "application/openmetrics-text": { "schema": { "type": "string" } } });
        }
        AnswerBody::Json(schema) => {
            answer["content"] = json!({ headers::JSON: { "schema": schema(generator) } });
        }
        AnswerBody::File => {
            answer["content"] =
                json!({ headers::SQLITE_FILE: { "schema": { "type": "string", "format": "binary" } } });
        }
        // The schema describes one line.
        AnswerBody::Lines(schema) => {
            answer["content"] = json!({ headers::LINES: { "schema": schema(generator) } });
        }
    }
    let mut responses = Map::from_iter([(route.status.to_string(), answer)]);
    responses.extend(
        failure_statuses()
            .into_iter()
            .map(|status| (status.to_string(), json!({ "$ref": "#/components/responses/Failure" }))),
    );
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "parameters": parameters,
        "responses": responses,
    });
    match route.needs {
        // The right that the token needs.
        Some(right) => operation["x-right"] = json!(right),
        None => operation["security"] = json!([{}]),
    }
    if let Endpoint::Server(ServerEndpoint::CreateFromBackup | ServerEndpoint::RestoreBackup) = route.endpoint
    {
        let schema = json!({ "type": "string", "format": "binary" });
        operation["requestBody"] =
            json!({ "required": true, "content": { headers::SQLITE_FILE: { "schema": schema } } });
    }
    if let Some(schema) = route.body {
        operation["requestBody"] =
            json!({ "required": true, "content": { headers::JSON: { "schema": schema(generator) } } });
    }
    operation
}

/// The statuses of a call that fails: those of the error codes, and those with which HTTP says more than the code does.
fn failure_statuses() -> BTreeSet<u16> {
    let codes = ErrorCode::ALL.iter().map(|code| code.http_status());
    codes.chain(STATUSES_OF_HTTP.map(|status| status.as_u16())).collect()
}

fn path_parameter(name: &str) -> Json {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
}

fn query_parameter(parameter: Parameter) -> Json {
    let schema = match parameter.value_type() {
        ParameterType::Count => json!({ "type": "integer", "minimum": 0 }),
        ParameterType::Flag => json!({ "type": "boolean" }),
        ParameterType::Text => json!({ "type": "string" }),
    };
    json!({
        "name": parameter.name(),
        "in": "query",
        "description": parameter.description(),
        "schema": schema,
    })
}

fn header(header: Header, description: &str) -> Json {
    json!({
        "name": header.title,
        "in": "header",
        "description": description,
        "schema": { "type": "string" },
    })
}
