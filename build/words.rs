//! Our words for what is generated: `openapi/docs.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Error;

/// The documentation of the generated items, in our own words.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// By name of the operation: `list_repositories`.
    #[serde(default)]
    pub operations: BTreeMap<String, OperationWords>,
    /// By name of the parameter in Rust: `repository`. One meaning everywhere, or else in the operation.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// By name of the model in Rust: `Repository`.
    #[serde(default)]
    pub models: BTreeMap<String, ModelWords>,
}

/// Words for one operation.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationWords {
    /// One sentence: what it does.
    pub doc: String,
    /// What is being done, for messages: `delete branch {branch} of repository {repository}`.
    pub action: Option<String>,
    /// Words for parameters that mean something else here than elsewhere.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// Words for one model.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelWords {
    /// One sentence: what it is.
    pub doc: String,
    /// By name of the field in Rust.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// By value on the wire, for a model that is one of several words.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

impl Words {
    /// Reads `docs.toml`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|error| Error::new(format!("openapi/docs.toml: {error}")))
    }

    /// What the operation does, for messages; its name where there are no words.
    pub fn action(&self, operation: &str) -> String {
        self.operations
            .get(operation)
            .and_then(|words| words.action.clone())
            .unwrap_or_else(|| operation.replace('_', " "))
    }

    /// Words for a parameter of an operation.
    pub fn parameter(&self, operation: &str, parameter: &str) -> Option<&str> {
        let own = self.operations.get(operation).and_then(|words| words.parameters.get(parameter));
        own.or_else(|| self.parameters.get(parameter)).map(String::as_str)
    }
}
