//! The OpenAPI document, made from the routes themselves.

use serde_json::{Map, Value, json};
use strowger_configuration::Kind;
use strowger_configuration::form::{Field, Form};

use super::route::{Body, Route, Shape};
use super::{problem, repeat};

/// The document of these routes (OpenAPI 3.1).
pub(crate) fn document(routes: &[Route]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let path = paths.entry(route.path.to_string()).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(route.method.as_str().to_lowercase(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Strowger",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Everything that the command line can do; it is a client of this interface.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
            },
            "schemas": schemas(),
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": responses(route),
    });
    let Some(table) = operation.as_object_mut() else { return operation };
    match route.needs {
        None => _ = table.insert("security".into(), json!([])),
        Some(role) => {
            table.insert("security".into(), json!([{ "token": [] }]));
            table.insert("description".into(), json!(format!("Needs the role {}.", role.word())));
        }
    }
    if let Some(tag) = route.subject.map(Kind::plural) {
        table.insert("tags".into(), json!([tag]));
    }
    let schema = match route.body {
        Body::Nothing => return operation,
        Body::Settings(fields) => record(fields, true),
        Body::Some(fields) => record(fields, false),
        Body::File(kind) => {
            let schema = json!({ "type": "string", "format": "binary" });
            let body = json!({ "required": true, "content": { (kind): { "schema": schema } } });
            table.insert("requestBody".into(), body);
            return operation;
        }
    };
    let body = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    table.insert("requestBody".into(), body);
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let named = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = named
        .map(|name| {
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
        })
        .collect();
    if route.refusals.contains(&412) {
        parameters.extend([
            header(
                "If-Match",
                "Only if the object is still the one with this ETag, or exists at all: `*`. Refused with 412 otherwise.",
            ),
            header(
                "If-None-Match",
                "`*`: only if there is no such object yet. Refused with 412 otherwise.",
            ),
        ]);
    }
    if route.is_repeatable {
        let mut key = header(
            repeat::HEADER,
            "A word of the client's for this request: sent again with the same word, it makes its change once.",
        );
        key["schema"] = json!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$" });
        parameters.push(key);
    }
    parameters.extend(route.query.iter().map(|field| {
        json!({
            "name": field.name,
            "in": "query",
            "required": field.is_required(),
            "description": field.doc,
            "schema": described(field),
        })
    }));
    parameters
}

fn header(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": "header",
        "required": false,
        "description": description,
        "schema": { "type": "string" },
    })
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    for answer in &route.answers {
        let description = match answer.shape {
            Shape::Json(description) => description,
            Shape::Object(kind) | Shape::Page(kind) => kind.doc(),
            Shape::Text(_) => "Text.",
            Shape::Events => "Events, each a JSON object; it does not end by itself.",
        };
        let content = match answer.shape {
            Shape::Json(_) => json!({ "application/json": { "schema": { "type": "object" } } }),
            Shape::Object(kind) => json!({ "application/json": { "schema": reference(kind) } }),
            Shape::Page(kind) => {
                let objects = json!({ "type": "array", "items": reference(kind) });
                json!({ "application/json": { "schema": {
                    "type": "object",
                    "properties": { "objects": objects, "next": { "type": "string" } },
                    "required": ["objects"],
                } } })
            }
            Shape::Events if answer.status == 101 => json!({}),
            Shape::Events => {
                json!({ "text/event-stream": { "schema": { "$ref": "#/components/schemas/Event" } } })
            }
            Shape::Text(media_type) => json!({ media_type: { "schema": { "type": "string" } } }),
        };
        let mut response = json!({ "description": description, "content": content });
        if matches!(answer.shape, Shape::Object(_)) {
            response["headers"] = json!({ "ETag": {
                "description": "What the object is now: given as If-Match, a change is made only of this.",
                "schema": { "type": "string" },
            } });
        }
        if let (Shape::Object(_), 201) = (answer.shape, answer.status) {
            response["headers"]["Location"] =
                json!({ "description": "Where the object is.", "schema": { "type": "string" } });
        }
        responses.insert(answer.status.to_string(), response);
    }
    let rights: &[u16] = if route.needs.is_some() { &[401, 403] } else { &[] };
    let body: &[u16] = match route.body {
        Body::Nothing => &[],
        Body::Settings(_) | Body::Some(_) | Body::File(_) => &[413, 415],
    };
    for status in ALWAYS.iter().chain(rights).chain(body).chain(route.refusals) {
        let refused = json!({
            "description": "Refused; `detail` says why and what to do.",
            "content": { (problem::TYPE): { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        responses.insert(status.to_string(), refused);
    }
    Value::Object(responses)
}

/// How every route may refuse: a query that cannot be understood, a name that is not ours, a server that is busy.
const ALWAYS: &[u16] = &[400, 421, 503];

fn schemas() -> Value {
    let mut schemas: Map<String, Value> = Map::new();
    for kind in Kind::ALL {
        let mut schema = record(kind.fields(), false);
        if let Some(table) = schema.as_object_mut() {
            table.insert("description".into(), json!(kind.doc()));
            // An answer says more of an object than can be set on it.
            table.remove("additionalProperties");
            if let Some(Value::Object(properties)) = table.get_mut("properties") {
                properties
                    .insert("id".into(), json!({ "type": "string", "format": "uuid", "readOnly": true }));
                properties.insert(
                    "plan".into(),
                    json!({
                        "type": "object",
                        "readOnly": true,
                        "description": "Only in the answer to `dry_run`: what the change would do, and what follows.",
                    }),
                );
            }
        }
        schemas.insert(kind.word().to_owned(), schema);
    }
    let problem = json!({
        "type": "object",
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "problems": { "type": "array", "items": { "type": "object", "properties": {
                "setting": { "type": "string" },
                "reason": { "type": "string" },
                "file": { "type": "string" },
                "line": { "type": "integer" },
                "column": { "type": "integer" },
            } } },
            "conflict": { "type": "object", "description": "What others did since, and what the same would do now." },
        },
        "required": ["title", "status", "detail"],
    });
    schemas.insert("Problem".to_owned(), problem);
    schemas.insert("Event".to_owned(), event());
    Value::Object(schemas)
}

/// What `data` of an event holds, or a message of the WebSocket.
fn event() -> Value {
    let text = || json!({ "type": "string" });
    let party = || json!({ "type": "object", "properties": { "number": text(), "name": text() } });
    json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "description": "Given as Last-Event-ID or `after`, what happened since comes first." },
            "type": { "type": "string", "enum": ["registration", "call", "alarm", "change", "lagged"] },
            "at": { "type": "string", "format": "date-time" },
            "state": {
                "type": "string",
                "description": "Of a registration registered, gone or refused; of a call began, alerting, answered, held, resumed or ended.",
            },
            "call": text(),
            "calling": party(),
            "called": text(),
            "connected": party(),
            "cause": { "type": "integer" },
            "cause_words": text(),
            "released_by": { "type": "string", "enum": ["caller", "called", "system"] },
            "talk_seconds": { "type": ["integer", "null"] },
            "line": text(),
            "address": text(),
            "transport": text(),
            "user_agent": text(),
            "expires_seconds": { "type": "integer" },
            "request": text(),
            "reason": text(),
            "alarm": {
                "type": "string",
                "enum": [
                    "relay-failed", "record-not-stored", "overloaded", "overload-ended", "contained",
                    "music-stream-failed", "no-service-port", "not-recorded", "malicious-call", "quality-reported",
                    "sip-socket-missing", "sip-socket-open",
                ],
            },
            "socket": text(),
            "waiting": { "type": "integer" },
            "full": text(),
            "found": text(),
            "change": { "type": "integer" },
            "author": text(),
            "message": text(),
            "lost": {
                "type": ["integer", "null"],
                "description": "Of lagged: how many events are lost; null when nobody knows.",
            },
        },
        "required": ["type"],
    })
}

fn reference(kind: Kind) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", kind.word()) })
}

/// Settings as a schema; with `whole` those without a default are required.
fn record(fields: &[Field], whole: bool) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), described(field))).collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| whole && field.is_required()).map(|field| field.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn described(field: &Field) -> Value {
    let mut schema = schema(&field.form);
    if let Some(table) = schema.as_object_mut() {
        table.insert("description".into(), json!(field.doc));
        if let Some(default) = field.default.map(|default| default()).filter(|default| !default.is_null()) {
            table.insert("default".into(), default);
        }
    }
    schema
}

fn schema(form: &Form) -> Value {
    match form {
        Form::Boolean => json!({ "type": "boolean" }),
        Form::Whole { least, most, .. } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Form::Text { most, example: "", .. } => json!({ "type": "string", "maxLength": most }),
        Form::Text { most, example, .. } => {
            json!({ "type": "string", "maxLength": most, "examples": [example] })
        }
        Form::Choice(words) => {
            let words: Vec<&str> = words.iter().map(|word| word.word).collect();
            json!({ "type": "string", "enum": words })
        }
        Form::Reference(_) => json!({ "type": "string" }),
        Form::List { of, most } => json!({ "type": "array", "items": schema(of), "maxItems": most }),
        Form::Record(fields) => record(fields, true),
        Form::Either(one, other) => json!({ "anyOf": [schema(one), schema(other)] }),
        Form::Secret => json!({ "type": "string", "maxLength": 1024 }),
    }
}
