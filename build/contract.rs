//! The contract as the server publishes it, and the part of it that goes over the wire.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::Error;

/// Keys that only speak to a human reader. Without them, a changed file means a changed contract.
const PROSE: [&str; 4] = ["description", "summary", "example", "externalDocs"];

/// Reads a contract: JSON that is an `OpenAPI` 3.0 document.
pub fn parse(text: &str) -> Result<Value, Error> {
    let document: Value =
        serde_json::from_str(text).map_err(|error| Error::new(format!("not a JSON document: {error}")))?;
    check(&document)?;
    Ok(document)
}

/// Checks that a JSON document is `OpenAPI` 3.0.
pub fn check(document: &Value) -> Result<(), Error> {
    let version = document.get("openapi").and_then(Value::as_str);
    match version {
        Some(version) if version.starts_with("3.0.") => {}
        Some(version) => return Err(Error::new(format!("an OpenAPI {version} document, not 3.0"))),
        None => return Err(Error::new("not an OpenAPI document: it has no `openapi` version")),
    }
    openapiv3::OpenAPI::deserialize(document)
        .map_err(|error| Error::new(format!("not an OpenAPI 3.0 document: {error}")))?;
    references(document, document)
}

/// Checks that every reference leads to something in the document: the generator follows one that leads to itself
/// until its stack ends.
fn references(document: &Value, value: &Value) -> Result<(), Error> {
    let mut targets = Vec::new();
    let mut next = value;
    while let Some(reference) = next.get("$ref").and_then(Value::as_str) {
        if targets.contains(&reference) {
            return Err(Error::new(format!("the reference {reference} leads to itself")));
        }
        targets.push(reference);
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        next = target.ok_or_else(|| Error::new(format!("the reference {reference} leads nowhere")))?;
    }
    match value {
        Value::Object(object) => object.values().try_for_each(|child| references(document, child)),
        Value::Array(items) => items.iter().try_for_each(|item| references(document, item)),
        _ => Ok(()),
    }
}

/// The wire contract in canonical form: no prose, sorted keys, two spaces, a final newline.
pub fn canonical(document: &Value) -> String {
    let mut text = format!("{:#}", wire_only(document, Place::Object));
    text.push('\n');
    text
}

/// What an object of the document is, as far as its prose goes.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Its keys are words of `OpenAPI`.
    Object,
    /// Its keys are names that the author of the contract chose: there, `description` is a name like any other.
    Names,
    /// Names of responses.
    Responses,
    /// A response: `OpenAPI` demands a description, so it stays there, empty.
    Response,
}

impl Place {
    fn below(self, key: &str) -> Self {
        match (self, key) {
            (Self::Names, _) => Self::Object,
            (Self::Responses, _) => Self::Response,
            (_, "responses") => Self::Responses,
            (_, "properties" | "schemas" | "parameters" | "paths" | "requestBodies" | "headers") => {
                Self::Names
            }
            _ => Self::Object,
        }
    }
}

fn wire_only(value: &Value, place: Place) -> Value {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> = object.iter().collect();
            let prose = |key: &str| matches!(place, Place::Object | Place::Response) && PROSE.contains(&key);
            let mut kept: Map<_, _> = sorted
                .into_iter()
                .filter(|(key, _)| !prose(key))
                .map(|(key, child)| (key.clone(), wire_only(child, place.below(key))))
                .collect();
            if place == Place::Response && object.contains_key("description") {
                kept.insert("description".into(), Value::String(String::new()));
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(|item| wire_only(item, Place::Object)).collect(),
        scalar => scalar.clone(),
    }
}
