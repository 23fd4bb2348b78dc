//! The contract as an OpenAPI 3.1 document, made of the table of routes and of the types of its bodies.

use phantomdb_protocol::{
    AnswerBody, Error, Method, Parameter, ParameterType, Route,
    headers::{self, Header},
};
use phantomdb_service::IDEMPOTENCY_KEY_LENGTH_MAX;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value as Json, json};

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
    let is_one_call = !matches!(route.answer, AnswerBody::Lines(_));
    if is_one_call && route.path.starts_with("/databases/{db}/") {
        parameters.push(header(headers::TRANSACTION, "The transaction it is part of."));
    }
    if is_one_call && route.method != Method::Get {
        let mut key = header(headers::IDEMPOTENCY_KEY, "The same key gets the first answer again.");
        key["schema"]["minLength"] = json!(1);
        key["schema"]["maxLength"] = json!(IDEMPOTENCY_KEY_LENGTH_MAX);
        parameters.push(key);
    }
    let mut answer = json!({ "description": route.summary });
    match route.answer {
        AnswerBody::Empty => {}
        AnswerBody::Text => {
            answer["content"] = json!({ "text/plain": { "schema": { "type": "string" } } });
        }
        AnswerBody::Json(schema) => {
            answer["content"] = json!({ headers::JSON: { "schema": schema(generator) } });
        }
        // The schema describes one line.
        AnswerBody::Lines(schema) => {
            answer["content"] = json!({ headers::LINES: { "schema": schema(generator) } });
        }
    }
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "parameters": parameters,
        "responses": {
            route.status.to_string(): answer,
            "default": { "$ref": "#/components/responses/Failure" },
        },
    });
    if let Some(schema) = route.body {
        operation["requestBody"] =
            json!({ "required": true, "content": { headers::JSON: { "schema": schema(generator) } } });
    }
    operation
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
