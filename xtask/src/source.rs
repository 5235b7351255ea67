//! `openapi/source.toml`, which records the origin of the contract.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::failure::Failure;
use crate::server::Version;

const HEADER: &str = "# Where lakefs.json comes from. Written by `cargo xtask refresh-spec`.\n\n";

/// The origin of a contract. It names no host: every server of a version serves the same contract.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Source {
    server_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_context: Option<String>,
    path: String,
    licence: String,
    attribution: String,
    sha256: String,
    refreshed: String,
}

impl Source {
    /// Creates the record of a `contract` that was read today.
    pub(crate) fn of(contract: &str, path: &str, version: Version, licence: &str) -> Self {
        Self {
            server_version: version.version,
            version_context: version.version_context,
            path: path.to_owned(),
            licence: licence.to_owned(),
            attribution: format!("lakeFS by Treeverse, {licence}"),
            sha256: digest(contract),
            refreshed: OffsetDateTime::now_utc().date().to_string(),
        }
    }

    /// Whether the text of a `source.toml` describes this contract.
    pub(crate) fn describes(text: &str, contract: &str) -> bool {
        toml::from_str::<Self>(text).is_ok_and(|source| source.sha256 == digest(contract))
    }

    /// Returns the text of the file.
    pub(crate) fn to_toml(&self) -> Result<String, Failure> {
        let body = toml::to_string(self).map_err(|error| Failure::at("source.toml", error))?;
        Ok(format!("{HEADER}{body}"))
    }
}

fn digest(contract: &str) -> String {
    hex::encode(Sha256::digest(contract))
}
