//! Holding replies against the contract.
//!
//! The wire types of this server were written by hand, so a test may want to know that they are what the
//! contract says. Where lakeFS itself does not keep to its contract this server does not either; those places
//! are listed, with what is known of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Response, StatusCode};
use jsonschema::Validator;
use serde_json::{Value, json};

/// Where lakeFS departs from its contract: the operation, or any, the status, and how.
const DEVIATIONS: &[(&str, u16, &str)] = &[
    ("*", 400, "a parameter that cannot be bound is answered in plain text"),
    ("createBranch", 201, "the id is plain text, not HTML"),
    ("updatePullRequest", 204, "the contract says 200"),
    ("updateObjectUserMetadata", 204, "the contract says 201"),
    ("mergePullRequest", 409, "an error, not a merge result"),
    ("listPullRequests", 200, "a list leaves out descriptions, which the contract requires"),
    ("getGCRules", 200, "no branches are null, not an empty list"),
    ("internalGetGarbageCollectionRules", 200, "no branches are null, not an empty list"),
    ("restoreRefs", 200, "nothing is answered"),
    ("getConfig", 200, "parts that are not configured are empty"),
];

/// Holds replies against a contract and remembers those that do not keep to it.
#[derive(Debug)]
pub(crate) struct ReplyCheck {
    /// The contract, with `nullable` spelled as JSON schema has it.
    contract: Value,
    /// What the contract says of the replies to an operation.
    replies: HashMap<String, Value>,
    /// Compiled schemas, by operation and status.
    compiled: Mutex<HashMap<(String, u16), Option<Validator>>>,
    violations: Mutex<Vec<String>>,
}

impl ReplyCheck {
    /// Reads a contract. Nothing if it is not JSON.
    pub(crate) fn new(contract: &[u8]) -> Option<Self> {
        let mut contract: Value = serde_json::from_slice(contract).ok()?;
        spell_nullable(&mut contract);
        let operations = contract.get("paths")?.as_object()?.values().filter_map(Value::as_object);
        let replies = operations
            .flat_map(|methods| methods.values())
            .filter_map(|operation| {
                let id = operation.get("operationId")?.as_str()?;
                // A server spells the first letter of an id otherwise than the source of the contract.
                Some((id.to_ascii_lowercase(), operation.get("responses")?.clone()))
            })
            .collect();
        Some(Self { contract, replies, compiled: Mutex::default(), violations: Mutex::default() })
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at a reply and hands it back.
    pub(crate) async fn look_at(&self, operation: &str, reply: Response<Body>) -> Response<Body> {
        let (parts, body) = reply.into_parts();
        let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
            return Response::from_parts(parts, Body::empty());
        };
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json = content_type.is_some_and(|content_type| content_type.starts_with("application/json"));
        let json = is_json.then(|| serde_json::from_slice(&body).unwrap_or_default());
        if let Err(wrong) = self.check(operation, parts.status, json.as_ref()) {
            let violation = format!("{operation} {}: {wrong}", parts.status.as_u16());
            self.violations.lock().unwrap_or_else(PoisonError::into_inner).push(violation);
        }
        Response::from_parts(parts, Body::from(body))
    }

    fn check(&self, operation: &str, status: StatusCode, json: Option<&Value>) -> Result<(), String> {
        let deviates = |(id, code, _): &(&str, u16, &str)| {
            (*id == operation || *id == "*" && json.is_none()) && *code == status.as_u16()
        };
        if DEVIATIONS.iter().any(deviates) {
            return Ok(());
        }
        let replies = self
            .replies
            .get(&operation.to_ascii_lowercase())
            .ok_or("the contract does not know the operation")?;
        let code = status.as_u16().to_string();
        // A status that nobody promised says at least what an error says, if it says anything.
        let declared = replies.get(&code).or_else(|| replies.get("default"));
        if declared.is_none() && status.is_success() {
            return Err("the contract does not know the status".to_owned());
        }
        let Some(json) = json else { return Ok(()) };
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (operation.to_owned(), status.as_u16());
        let validator = compiled.entry(key).or_insert_with(|| self.compile(declared));
        let Some(validator) = validator else { return Ok(()) };
        validator.validate(json).map_err(|error| format!("{error} at {}", error.instance_path()))
    }

    /// The schema of a JSON reply; that of an error if the contract has none for it.
    fn compile(&self, declared: Option<&Value>) -> Option<Validator> {
        let resolved = declared.and_then(|reply| match reply.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.contract.pointer(reference.trim_start_matches('#')),
            None => Some(reply),
        });
        let schema = match resolved {
            Some(reply) => reply.pointer("/content/application~1json/schema")?.clone(),
            None => json!({ "$ref": "#/components/schemas/Error" }),
        };
        let root = json!({ "allOf": [schema], "components": self.contract.get("components")? });
        jsonschema::draft7::new(&root).ok()
    }
}

/// Turns `nullable: true` into a type that may be null.
fn spell_nullable(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(spell_nullable),
        Value::Object(members) => {
            members.values_mut().for_each(spell_nullable);
            if members.remove("nullable") == Some(Value::Bool(true))
                && let Some(kind) = members.get_mut("type")
            {
                *kind = json!([kind.take(), "null"]);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = r##"{
        "paths": {"/x": {"get": {"operationId": "getX", "responses": {
            "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/X"}}}},
            "default": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
        }}}},
        "components": {"schemas": {
            "X": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "nullable": true}}},
            "Error": {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
        }}
    }"##;

    #[test]
    fn finds_what_the_contract_does_not_say() {
        let check = ReplyCheck::new(CONTRACT.as_bytes()).unwrap();
        let checked = |status: u16, body: Value| {
            check.check("getX", StatusCode::from_u16(status).unwrap(), Some(&body)).is_ok()
        };
        assert!(checked(200, json!({"id": "x"})));
        assert!(checked(200, json!({"id": null})));
        assert!(!checked(200, json!({"id": 5})));
        assert!(!checked(200, json!({})));
        assert!(checked(404, json!({"message": "x"})));
        assert!(!checked(404, json!({"error": "x"})));
        assert!(check.check("getY", StatusCode::OK, None).is_err());
        assert!(check.check("createBranch", StatusCode::CREATED, None).is_ok());
    }
}
