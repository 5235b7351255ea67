//! Rewrites what progenitor cannot process, and what the server does not keep to.
//!
//! Each pass is a function that returns the number of places it changed. A test fails for a pass that changes nothing, so that
//! it is removed. `openapi/README.md` lists the passes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names;

/// A named pass over the document.
pub(crate) type Pass = (&'static str, fn(&mut Value) -> usize);

/// The passes, in the order in which they run.
pub(crate) const PASSES: [Pass; 9] = [
    ("raw_uploads", raw_uploads),
    ("successes_only", successes_only),
    ("no_validation", no_validation),
    ("optional_if_omitted", optional_if_omitted),
    ("json_only", json_only),
    ("no_defaults", no_defaults),
    ("used_components_only", used_components_only),
    ("renamed_schemas", names::rename),
    ("named_schemas", names::name),
];

/// Runs every pass.
pub(crate) fn apply(document: &mut Value) {
    for (_, run) in &PASSES {
        run(document);
    }
}

/// Keeps `application/octet-stream` of several media types of a request body.
///
/// `uploadObject` also accepts `multipart/form-data`. progenitor fails on a request body with two media types (its issue 344).
/// A raw body can be streamed, and has a content type of its own.
fn raw_uploads(document: &mut Value) -> usize {
    const RAW: &str = "application/octet-stream";
    let mut changed = 0;
    for operation in operations_mut(document) {
        let Some(content) = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut)
        else {
            continue;
        };
        if content.len() > 1 && content.contains_key(RAW) {
            content.retain(|media_type, _| media_type == RAW);
            changed += 1;
        }
    }
    changed
}

/// Removes every response that is not a success.
///
/// progenitor asserts that an operation has one type of error body (its issues 344 and 950), counts `default` as a success, and
/// drops the HTTP status of an error whose body differs from the contract. Bodies of lakeFS do differ from its contract (409 of a
/// merge, empty 429, 400 in plain text). Therefore no error type is generated: the HTTP layer makes `lakefs::Error` of status,
/// headers and body.
fn successes_only(document: &mut Value) -> usize {
    let mut changed = 0;
    for operation in operations_mut(document) {
        if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            let before = responses.len();
            responses.retain(|status, _| status.starts_with('2'));
            changed += before - responses.len();
        }
    }
    changed
}

/// Removes patterns and bounds.
///
/// typify makes a type of each, which rejects in the client what a newer server may accept. The server validates.
fn no_validation(document: &mut Value) -> usize {
    const CHECKS: [&str; 8] =
        ["pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems"];
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let before = schema.len();
        // In a list of properties, `pattern` is the name of a property, and its value is a schema.
        schema.retain(|key, value| !CHECKS.contains(&key.as_str()) || value.is_object());
        changed += before - schema.len();
    });
    changed
}

/// Fields that the contract requires and the server omits: the schema and the property.
pub(crate) const OMITTED: [(&str, &str); 1] = [("PullRequest", "description")];

/// Makes required fields optional that the server omits.
///
/// A list of pull requests has no descriptions.
fn optional_if_omitted(document: &mut Value) -> usize {
    let mut changed = 0;
    for (model, field) in OMITTED {
        let Some(model) = document.pointer_mut(&format!("/components/schemas/{model}")) else { continue };
        for_each_schema(model, &mut |schema| {
            if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
                let before = required.len();
                required.retain(|name| name != field);
                changed += before - required.len();
            }
        });
    }
    changed
}

/// Keeps `application/json` of several media types of a response.
///
/// The generated method reads bodies of one kind.
fn json_only(document: &mut Value) -> usize {
    const JSON: &str = "application/json";
    let mut changed = 0;
    for operation in operations_mut(document) {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        for (_, response) in responses {
            let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else { continue };
            if content.len() > 1 && content.contains_key(JSON) {
                content.retain(|media_type, _| media_type == JSON);
                changed += 1;
            }
        }
    }
    changed
}

/// Removes defaults.
///
/// typify makes of a field with a default one that is always sent, so that the server could never change its default. Without the
/// default, the field is sent when it is set.
fn no_defaults(document: &mut Value) -> usize {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let is_schema = schema.contains_key("type");
        if is_schema && schema.remove("default").is_some() {
            changed += 1;
        }
    });
    changed
}

/// Removes the components that no operation uses. After `successes_only`, these are error responses and their bodies.
fn used_components_only(document: &mut Value) -> usize {
    let mut used = BTreeSet::new();
    let mut open = Vec::new();
    references(&document["paths"], &mut open);
    while let Some(pointer) = open.pop() {
        if let Some(target) = document.pointer(&pointer)
            && used.insert(pointer)
        {
            references(target, &mut open);
        }
    }
    let mut changed = 0;
    for kind in ["responses", "schemas"] {
        let components = document.pointer_mut(&format!("/components/{kind}")).and_then(Value::as_object_mut);
        let Some(components) = components else { continue };
        let before = components.len();
        components.retain(|name, _| used.contains(&format!("/components/{kind}/{name}")));
        changed += before - components.len();
    }
    changed
}

/// Collects the JSON pointers of the references in a value.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, child) in object {
                match child {
                    Value::String(target) if key == "$ref" => {
                        found.extend(target.strip_prefix('#').map(String::from));
                    }
                    child => references(child, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// The operations of the document.
pub(crate) fn operations_mut(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    document
        .get_mut("paths")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
        .filter_map(|(_, item)| item.as_object_mut())
        .flatten()
        .filter(|(_, operation)| operation.get("operationId").is_some())
        .map(|(_, operation)| operation)
}

fn for_each_schema(value: &mut Value, visit: &mut impl FnMut(&mut serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            object.values_mut().for_each(|child| for_each_schema(child, visit));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| for_each_schema(item, visit)),
        _ => {}
    }
}
