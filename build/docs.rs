//! Parses `openapi/docs.toml`, the documentation of the generated items.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Error;

/// The contents of `docs.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Docs {
    /// By name of the operation: `list_repositories`.
    #[serde(default)]
    pub(crate) operations: BTreeMap<String, OperationDocs>,
    /// By name of the parameter in Rust: `repository`. An operation can override them.
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, String>,
    /// By name of the model in Rust: `Repository`.
    #[serde(default)]
    pub(crate) models: BTreeMap<String, ModelDocs>,
}

/// The documentation of one operation.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperationDocs {
    /// What the operation does.
    pub(crate) doc: String,
    /// What the operation does, for messages: `delete branch {branch} of repository {repository}`.
    pub(crate) action: Option<String>,
    /// Parameters that have another meaning here than in other operations.
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, String>,
}

/// The documentation of one model.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelDocs {
    /// What the model is.
    pub(crate) doc: String,
    /// By name of the field in Rust.
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, String>,
    /// By value on the wire, for an enum.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, String>,
}

impl Docs {
    /// Parses `docs.toml`.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|error| Error::new(format!("openapi/docs.toml: {error}")))
    }

    /// What the operation does, for messages. Default: the name of the operation.
    pub(crate) fn action(&self, operation: &str) -> String {
        self.operations
            .get(operation)
            .and_then(|docs| docs.action.clone())
            .unwrap_or_else(|| operation.replace('_', " "))
    }

    /// The documentation of a parameter of an operation.
    pub(crate) fn parameter(&self, operation: &str, parameter: &str) -> Option<&str> {
        let own = self.operations.get(operation).and_then(|docs| docs.parameters.get(parameter));
        own.or_else(|| self.parameters.get(parameter)).map(String::as_str)
    }
}
