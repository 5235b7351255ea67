//! Parses and checks the contract: an `OpenAPI` 3.0 document in JSON.

use serde::Deserialize as _;
use serde_json::Value;

use super::Error;

/// Parses a contract.
pub(crate) fn parse(text: &str) -> Result<Value, Error> {
    let document: Value =
        serde_json::from_str(text).map_err(|error| Error::new(format!("not a JSON document: {error}")))?;
    check(&document)?;
    Ok(document)
}

/// Checks that a JSON document is `OpenAPI` 3.0.
fn check(document: &Value) -> Result<(), Error> {
    let version = document.get("openapi").and_then(Value::as_str);
    match version {
        Some(version) if version.starts_with("3.0.") => {}
        Some(version) => return Err(Error::new(format!("an OpenAPI {version} document, not 3.0"))),
        None => return Err(Error::new("not an OpenAPI document: it has no `openapi` version")),
    }
    openapiv3::OpenAPI::deserialize(document)
        .map_err(|error| Error::new(format!("not an OpenAPI 3.0 document: {error}")))?;
    check_references(document, document)
}

/// Checks that every reference resolves. The generator overflows its stack on a reference that leads to itself.
fn check_references(document: &Value, value: &Value) -> Result<(), Error> {
    let mut targets = Vec::new();
    let mut next = value;
    while let Some(reference) = next.get("$ref").and_then(Value::as_str) {
        if targets.contains(&reference) {
            return Err(Error::new(format!("the reference {reference} leads to itself")));
        }
        targets.push(reference);
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        next = target.ok_or_else(|| Error::new(format!("the reference {reference} does not resolve")))?;
    }
    match value {
        Value::Object(object) => object.values().try_for_each(|child| check_references(document, child)),
        Value::Array(items) => items.iter().try_for_each(|item| check_references(document, item)),
        _ => Ok(()),
    }
}
