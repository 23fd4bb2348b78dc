//! The tables of the contract as one JSON document, for other languages.

use schemars::SchemaGenerator;
use serde_json::{Map, Value as Json, json};

use crate::{
    AnswerBody, CONSOLE_TABLE, ErrorCode, ROUTES, Route, SchemaOf, UnreachableReason,
    data_type::{types, wire_types},
    headers,
};

/// The contract: data types, wire types, error codes, the reasons why a server cannot be reached, headers, media types, the
/// name of the console's table, and routes.
pub fn contract() -> Json {
    let errors = ErrorCode::ALL.iter().map(|code| {
        json!({ "code": code, "status": code.http_status(), "sequelizeClass": code.sequelize_class() })
    });
    let reasons = UnreachableReason::ALL.iter().filter_map(|reason| match json!(reason) {
        Json::String(name) => Some((name, json!(reason.sequelize_class()))),
        _ => None,
    });
    json!({
        "types": types(),
        "wireTypes": wire_types(),
        "errors": errors.collect::<Vec<_>>(),
        "unreachableReasons": reasons.collect::<Map<_, _>>(),
        "headers": headers::HEADERS.iter().map(|header| header.title).collect::<Vec<_>>(),
        "mediaTypes": { "json": headers::JSON, "rows": headers::ROWS, "lines": headers::LINES },
        "consoleTable": CONSOLE_TABLE,
        "routes": ROUTES.iter().map(route).collect::<Vec<_>>(),
    })
}

fn route(route: &Route) -> Json {
    let answer = match route.answer {
        AnswerBody::Empty => Json::Null,
        AnswerBody::Text => json!("text"),
        AnswerBody::File => json!("file"),
        AnswerBody::Json(schema) | AnswerBody::Lines(schema) => json!(name_of(schema)),
    };
    json!({
        "name": route.name,
        "summary": route.summary,
        "method": route.method.as_str(),
        "path": route.path,
        "query": route.parameters.iter().map(|parameter| parameter.name()).collect::<Vec<_>>(),
        "body": route.body.map(name_of),
        "status": route.status,
        "answer": answer,
    })
}

/// The name of a type in the OpenAPI document; `any` for a type without a name there.
fn name_of(schema: SchemaOf) -> String {
    let schema = schema(&mut SchemaGenerator::default());
    let reference = schema.get("$ref").and_then(Json::as_str);
    reference.and_then(|path| path.rsplit('/').next()).unwrap_or("any").to_owned()
}
