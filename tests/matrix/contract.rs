//! The successes of the operations, as the contract declares them.

use std::collections::BTreeMap;

use heck::ToSnakeCase as _;
use serde_json::Value;

/// The successes of all operations, by name.
pub(crate) struct Contract(BTreeMap<String, Success>);

/// The success of an operation.
pub(crate) struct Success {
    statuses: Vec<u16>,
    /// The media type of the body, and its schema.
    body: Option<(String, Value)>,
}

impl Contract {
    pub(crate) fn new() -> Self {
        let contract: Value = serde_json::from_str(include_str!("../../openapi/lakefs.json")).unwrap();
        let mut successes = BTreeMap::new();
        for path in contract["paths"].as_object().unwrap().values().filter_map(Value::as_object) {
            for operation in path.values().filter(|operation| operation["operationId"].is_string()) {
                let name = operation["operationId"].as_str().unwrap().to_snake_case();
                successes.insert(name, Success::new(&contract, operation));
            }
        }
        Self(successes)
    }

    pub(crate) fn operations(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn success(&self, operation: &str) -> &Success {
        &self.0[operation]
    }
}

impl Success {
    fn new(contract: &Value, operation: &Value) -> Self {
        let responses = operation["responses"].as_object().unwrap();
        let is_success =
            |status: &&String| status.starts_with('2') || operation["operationId"] == "OauthCallback";
        let mut statuses: Vec<u16> =
            responses.keys().filter(is_success).filter_map(|status| status.parse().ok()).collect();
        // lakeFS sends 204 where the contract declares 200 and 201.
        if ["updatePullRequest", "UpdatePullRequest", "UpdateObjectUserMetadata"]
            .contains(&operation["operationId"].as_str().unwrap())
        {
            statuses.push(204);
        }
        let content = &responses[&statuses[0].to_string()]["content"];
        let body = content.as_object().and_then(|content| content.iter().next()).map(|(media_type, body)| {
            let schema = &body["schema"];
            let schema = match schema["$ref"].as_str() {
                Some(reference) => contract.pointer(reference.trim_start_matches('#')).unwrap(),
                None => schema,
            };
            (media_type.clone(), schema.clone())
        });
        Self { statuses, body }
    }

    pub(crate) fn status(&self) -> u16 {
        self.statuses[0]
    }

    pub(crate) fn has_status(&self, status: u16) -> bool {
        self.statuses.contains(&status)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.body.is_none()
    }

    pub(crate) fn is_json(&self) -> bool {
        self.body.as_ref().is_some_and(|(media_type, _)| media_type == "application/json")
    }

    /// Whether the schema of the body permits a document without any property, or an array without an item.
    pub(crate) fn accepts(&self, document: &str) -> bool {
        let Some((_, schema)) = &self.body else { return false };
        let is_array = schema["type"] == "array";
        match document.as_bytes() {
            [b'{', ..] => !is_array && schema["required"].as_array().is_none_or(Vec::is_empty),
            [b'[', ..] => is_array,
            _ => false,
        }
    }
}
