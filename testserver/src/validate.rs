//! Validation of responses against the OpenAPI contract.
//!
//! The JSON types of this server are written by hand. Validation shows that they match the contract. Where
//! lakeFS itself deviates from its contract, this server does too; these cases are listed and not reported.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::http::Response;

/// How lakeFS deviates from its contract: the operation (`*` for all), the status, and a description.
const DEVIATIONS: &[(&str, u16, &str)] = &[
    ("*", 400, "errors of parameter binding are plain text"),
    ("createBranch", 201, "the commit id is plain text, not HTML"),
    ("updatePullRequest", 204, "the contract has status 200"),
    ("updateObjectUserMetadata", 204, "the contract has status 201"),
    ("mergePullRequest", 409, "the body is an error, not a merge result"),
    ("listPullRequests", 200, "the required member `description` is missing"),
    ("getGCRules", 200, "`branches` is null instead of an empty list"),
    ("internalGetGarbageCollectionRules", 200, "`branches` is null instead of an empty list"),
    ("restoreRefs", 200, "the body is empty"),
    ("getConfig", 200, "parts that are not configured are empty"),
];

/// Validates responses and collects the violations.
#[derive(Debug)]
pub(crate) struct ContractValidator {
    /// The contract, with `nullable` expressed as in JSON Schema.
    contract: Value,
    /// The `responses` of the contract, by operation id in lower case.
    responses: HashMap<String, Value>,
    /// Compiled schemas by operation and status. `None` where there is no schema to validate.
    compiled: Mutex<HashMap<(String, u16), Option<Validator>>>,
    violations: Mutex<Vec<String>>,
}

impl ContractValidator {
    /// Parses an OpenAPI document in JSON. Returns `None` if it is not one.
    pub(crate) fn new(contract: &[u8]) -> Option<Self> {
        let mut contract: Value = serde_json::from_slice(contract).ok()?;
        convert_nullable(&mut contract);
        let operations = contract.get("paths")?.as_object()?.values().filter_map(Value::as_object);
        let responses = operations
            .flat_map(|methods| methods.values())
            .filter_map(|operation| {
                let id = operation.get("operationId")?.as_str()?;
                // The contract that a server publishes capitalises ids, its source does not.
                Some((id.to_ascii_lowercase(), operation.get("responses")?.clone()))
            })
            .collect();
        Some(Self { contract, responses, compiled: Mutex::default(), violations: Mutex::default() })
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations_mut().clone()
    }

    /// Validates a response and returns it unchanged.
    pub(crate) async fn validate(&self, operation: &str, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
            return Response::from_parts(parts, Body::empty());
        };
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json = content_type.is_some_and(|content_type| content_type.starts_with("application/json"));
        let json = is_json.then(|| serde_json::from_slice(&body).unwrap_or_default());
        if let Err(violation) = self.check(operation, parts.status, json.as_ref()) {
            let violation = format!("{operation} {}: {violation}", parts.status.as_u16());
            self.violations_mut().push(violation);
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
        let responses = self
            .responses
            .get(&operation.to_ascii_lowercase())
            .ok_or("the operation is not in the contract")?;
        let code = status.as_u16().to_string();
        // Error statuses that the contract does not list are allowed.
        let declared = responses.get(&code).or_else(|| responses.get("default"));
        if declared.is_none() && status.is_success() {
            return Err("the status is not in the contract".to_owned());
        }
        let Some(json) = json else { return Ok(()) };
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (operation.to_owned(), status.as_u16());
        let validator = compiled.entry(key).or_insert_with(|| self.compile(declared));
        let Some(validator) = validator else { return Ok(()) };
        validator.validate(json).map_err(|error| format!("{error} at {}", error.instance_path()))
    }

    /// Compiles the schema of a JSON response. A response that the contract does not list has the schema
    /// `Error`.
    fn compile(&self, declared: Option<&Value>) -> Option<Validator> {
        let resolved = declared.and_then(|response| match response.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.contract.pointer(reference.trim_start_matches('#')),
            None => Some(response),
        });
        let schema = match resolved {
            Some(response) => response.pointer("/content/application~1json/schema")?.clone(),
            None => json!({ "$ref": "#/components/schemas/Error" }),
        };
        let root = json!({ "allOf": [schema], "components": self.contract.get("components")? });
        jsonschema::draft7::new(&root).ok()
    }

    fn violations_mut(&self) -> MutexGuard<'_, Vec<String>> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces `nullable: true` of OpenAPI 3.0 with a type that includes `null`.
fn convert_nullable(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(convert_nullable),
        Value::Object(members) => {
            members.values_mut().for_each(convert_nullable);
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
    fn response_that_violates_the_contract_is_found() {
        let validator = ContractValidator::new(CONTRACT.as_bytes()).unwrap();
        let is_valid = |status: u16, body: Value| {
            validator.check("getX", StatusCode::from_u16(status).unwrap(), Some(&body)).is_ok()
        };
        assert!(is_valid(200, json!({"id": "x"})));
        assert!(is_valid(200, json!({"id": null})));
        assert!(!is_valid(200, json!({"id": 5})));
        assert!(!is_valid(200, json!({})));
        assert!(is_valid(404, json!({"message": "x"})));
        assert!(!is_valid(404, json!({"error": "x"})));
        assert!(validator.check("getY", StatusCode::OK, None).is_err());
        assert!(validator.check("createBranch", StatusCode::CREATED, None).is_ok());
    }
}
