//! Every object of every request is read from a JSON object, and from no array of its values. The requests are made from the
//! schemas, so a new body, or a new part of one, is tested by itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use phantomdb_protocol::{
    Call, Endpoint, Queries, ROUTES, Result, Route, ServerEndpoint, Statement, read_body,
};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

/// A type that holds itself is written this many times.
const DEPTH_MAX: usize = 12;

/// Makes values from schemas.
struct Samples {
    definitions: Map<String, Json>,
}

impl Samples {
    /// Values of the schema, one or more for each of its forms, with all that they can have.
    fn of(&self, schema: &Json, depth: usize) -> Vec<Json> {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            return self.of(&self.definitions[name], depth + 1);
        }
        if depth > DEPTH_MAX {
            return vec![Json::Null];
        }
        let forms = [&schema["oneOf"], &schema["anyOf"]].into_iter().filter_map(Json::as_array).flatten();
        let mut samples: Vec<Json> = forms.flat_map(|form| self.of(form, depth)).collect();
        if let Some(value) = schema.get("const") {
            samples.push(value.clone());
        }
        samples.extend(schema["enum"].as_array().and_then(|values| values.first()).cloned());
        if !samples.is_empty() && schema.get("properties").is_none() {
            return samples;
        }
        let kind = &schema["type"];
        match kind.as_str().or_else(|| kind[0].as_str()).unwrap_or("integer") {
            "object" => self.objects(schema, depth),
            "array" => vec![self.of(&schema["items"], depth).into()],
            "string" => vec![json!("x")],
            "boolean" => vec![json!(true)],
            "null" => vec![Json::Null],
            _ => vec![json!(1)],
        }
    }

    fn objects(&self, schema: &Json, depth: usize) -> Vec<Json> {
        let properties = schema["properties"].as_object().into_iter().flatten();
        // A request need not have the parts of a type; whatever it has is not read.
        let properties = properties.filter(|(name, _)| *name != "dataType");
        let samples: Vec<(&String, Vec<Json>)> =
            properties.map(|(name, of)| (name, self.of(of, depth + 1))).collect();
        let most = samples.iter().map(|(_, of)| of.len()).max().unwrap_or(1);
        let object = |index: usize| -> Json {
            samples.iter().map(|(name, of)| ((*name).clone(), of[index.min(of.len() - 1)].clone())).collect()
        };
        (0..most).map(object).collect()
    }
}

/// The path to each object of a document.
fn objects_in(value: &Json, path: &str, found: &mut Vec<String>) {
    match value {
        Json::Object(members) => {
            found.push(path.to_owned());
            members.iter().for_each(|(key, member)| objects_in(member, &format!("{path}/{key}"), found));
        }
        Json::Array(elements) => {
            elements
                .iter()
                .enumerate()
                .for_each(|(at, element)| objects_in(element, &format!("{path}/{at}"), found));
        }
        _ => {}
    }
}

/// Reads a body as the server does. A statement among others that cannot be read is an error, too.
fn read(route: &Route, body: &[u8]) -> Result<()> {
    match route.endpoint {
        Endpoint::Call(read) => {
            let segments = route.segment_names().map(str::to_owned).collect();
            let call = read(&mut route.reader(segments, "", body).unwrap())?;
            match call {
                Call::Batch { database: _, batch } => {
                    batch.statements.into_iter().try_for_each(|one| one.0.map(drop))
                }
                _ => Ok(()),
            }
        }
        Endpoint::Server(ServerEndpoint::Queries) => {
            read_body::<Queries>(body)?.queries.into_iter().try_for_each(|one| one.0.map(drop))
        }
        Endpoint::Server(ServerEndpoint::Stream) => read_body::<Statement>(body).map(drop),
        Endpoint::Server(_) => panic!("{} reads no JSON", route.name),
    }
}

#[test]
fn no_array_stands_for_an_object_of_a_request() {
    let mut places = Vec::new();
    for route in ROUTES {
        let Some(schema_of) = route.body else { continue };
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let schema = schema_of(&mut generator).to_value();
        let samples = Samples { definitions: generator.take_definitions(true) };
        for sample in samples.of(&schema, 0) {
            let text = sample.to_string();
            if let Err(error) = read(route, text.as_bytes()) {
                // It has its name twice.
                assert_eq!(
                    (route.name, error.message.contains("a table needs a name")),
                    ("createTable", true),
                    "{text}: {error:?}"
                );
            }
            let mut objects = Vec::new();
            objects_in(&sample, "", &mut objects);
            for path in objects {
                let mut changed = sample.clone();
                let object = changed.pointer_mut(&path).unwrap();
                *object = object.as_object().unwrap().values().cloned().collect();
                let text = changed.to_string();
                let Err(error) = read(route, text.as_bytes()) else {
                    panic!("{} took {path} of {text}", route.name)
                };
                let message = &error.message;
                assert!(
                    message.contains(" is not what this call takes: expected "),
                    "{path} of {text}: {message}"
                );
                assert!(
                    !message.contains("struct ") && !message.contains("enum "),
                    "{path} of {text}: {message}"
                );
                places.push(format!("{}{path}", route.name));
            }
        }
    }
    for place in [
        "createTable",
        "createTable/columns/0/references/table",
        "createIndex/fields/0",
        "batch/statements/0",
    ] {
        assert!(places.iter().any(|found| found == place), "{place} in {places:?}");
    }
    let is_among = |beginning: &str, end: &str| {
        places.iter().any(|place| place.starts_with(beginning) && place.ends_with(end))
    };
    assert!(is_among("createTable/constraints/", "/references"), "{places:?}");
    assert!(is_among("alterTable/operations/", "/constraint/references/table"), "{places:?}");
}
