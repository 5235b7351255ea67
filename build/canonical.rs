//! The canonical form of a contract: only what goes over the wire.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Keys that document the contract for human readers. Without them, a changed file means a changed contract.
const PROSE: [&str; 4] = ["description", "summary", "example", "externalDocs"];

/// Returns the contract in canonical form: without prose, with sorted keys, two spaces of indentation and a final newline.
pub(crate) fn canonical(document: &Value) -> String {
    let mut text = format!("{:#}", without_prose(document, Position::Object));
    text.push('\n');
    text
}

/// The meaning of the keys of an object in the document.
#[derive(Clone, Copy, PartialEq)]
enum Position {
    /// Keywords of `OpenAPI`.
    Object,
    /// Names that the author of the contract chose: here `description` is a name like any other.
    Names,
    /// Names of responses.
    Responses,
    /// Keywords of a response, whose description `OpenAPI` requires: it stays, empty.
    Response,
}

impl Position {
    fn child(self, key: &str) -> Self {
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

fn without_prose(value: &Value, position: Position) -> Value {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> = object.iter().collect();
            let is_prose =
                |key: &str| matches!(position, Position::Object | Position::Response) && PROSE.contains(&key);
            let mut result: Map<_, _> = sorted
                .into_iter()
                .filter(|(key, _)| !is_prose(key))
                .map(|(key, child)| (key.clone(), without_prose(child, position.child(key))))
                .collect();
            if position == Position::Response && object.contains_key("description") {
                result.insert("description".into(), Value::String(String::new()));
            }
            Value::Object(result)
        }
        Value::Array(items) => items.iter().map(|item| without_prose(item, Position::Object)).collect(),
        scalar => scalar.clone(),
    }
}
