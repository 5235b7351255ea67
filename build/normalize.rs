//! What the contract says in ways that progenitor cannot take, or that the server does not keep to.
//!
//! Each pass is one function that answers how many places it changed; a pass that finds nothing to change is
//! dead, and a test fails so that it is removed.

use serde_json::Value;

/// A named pass over the document.
pub struct Pass {
    /// Its name, for the test that watches over dead passes.
    pub name: &'static str,
    /// Does the work and says how many places it changed.
    pub run: fn(&mut Value) -> usize,
}

/// The passes, in the order in which they run.
pub const PASSES: [Pass; 6] = [
    Pass { name: "raw_uploads", run: raw_uploads },
    Pass { name: "errors_to_the_transport", run: errors_to_the_transport },
    Pass { name: "server_decides_validity", run: server_decides_validity },
    Pass { name: "optional_where_the_server_omits", run: optional_where_the_server_omits },
    Pass { name: "json_where_json_is_offered", run: json_where_json_is_offered },
    Pass { name: "no_conditions_on_defaults", run: no_conditions_on_defaults },
];

/// Runs every pass.
pub fn apply(document: &mut Value) {
    for pass in &PASSES {
        (pass.run)(document);
    }
}

/// Uploads are raw streams.
///
/// `uploadObject` accepts `multipart/form-data` and `application/octet-stream`; progenitor stops at a request
/// body with two media types (progenitor issue 344). The raw one streams and states its own content type.
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

/// Every reply that is not a success is read by the transport, whatever its body.
///
/// progenitor asserts that an operation has one type of error body (issues 344, 950), counts `default` as a
/// success, and drops the HTTP status of an error whose body is not what the contract says. lakeFS answers with bodies that are
/// not what its contract says (a 409 of a merge, an empty 429, plain text 400). So no error type is generated
/// at all: `lakefs::Error` is made from status, headers and raw body, in one place.
fn errors_to_the_transport(document: &mut Value) -> usize {
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

/// Patterns and bounds are the server's to check.
///
/// typify turns each of them into a type that refuses in the client what a newer server may allow.
fn server_decides_validity(document: &mut Value) -> usize {
    const CHECKS: [&str; 8] =
        ["pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems"];
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let before = schema.len();
        // A schema whose `pattern` is an object has a property of that name: that is not a check.
        schema.retain(|key, value| !CHECKS.contains(&key.as_str()) || value.is_object());
        changed += before - schema.len();
    });
    changed
}

/// Fields that the contract requires and the server leaves out.
///
/// A list of pull requests carries no descriptions.
fn optional_where_the_server_omits(document: &mut Value) -> usize {
    const OMITTED: [(&str, &str); 1] = [("PullRequest", "description")];
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

/// Where a reply is offered as JSON and as something else, the JSON is taken.
///
/// progenitor would take it too, but sends no `Accept` for what it does not know.
fn json_where_json_is_offered(document: &mut Value) -> usize {
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

/// Defaults are the server's as well.
///
/// With a default in the contract typify writes a field that is always sent; without it, a field that is sent
/// when it was set. A client that states what it was not told to state breaks when the server changes its mind.
fn no_conditions_on_defaults(document: &mut Value) -> usize {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let is_schema = schema.contains_key("type");
        if is_schema && schema.remove("default").is_some() {
            changed += 1;
        }
    });
    changed
}

/// The operations of the document.
pub fn operations_mut(document: &mut Value) -> impl Iterator<Item = &mut Value> {
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
