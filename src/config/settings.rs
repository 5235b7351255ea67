//! The settings of the environment and the file, by their keys.

use std::time::Duration;

use crate::config::environment::Environment;
#[cfg(feature = "config")]
use crate::config::file::File;
use crate::config::setting::{Setting, Source, variable_name};
use crate::config::value::Value;
use crate::error::{Error, Result};

/// The keys that a client uses. Each has a variable, which overrides it.
#[cfg(feature = "config")]
pub(super) const KEYS: &[&str] = &[
    "credentials.access_key_id",
    "credentials.secret_access_key",
    "credentials.provider.type",
    "credentials.provider.aws_iam.token_ttl_seconds",
    "credentials.provider.aws_iam.url_presign_ttl_seconds",
    "credentials.provider.aws_iam.refresh_interval",
    "credentials.provider.aws_iam.token_request_headers",
    // Only lakectl logs the signing.
    "credentials.provider.aws_iam.client_log_pre_signing_request",
    "network.http2.enabled",
    "options.parallelism",
    "server.endpoint_url",
    "server.retries.enabled",
    "server.retries.max_attempts",
    "server.retries.min_wait_interval",
    "server.retries.max_wait_interval",
];

/// The environment, and the file that it names.
pub(super) struct Settings<'a, E> {
    pub(super) environment: &'a E,
    #[cfg(feature = "config")]
    file: File,
}

impl<'a, E: Environment> Settings<'a, E> {
    /// Reads the file, if there is one.
    #[cfg_attr(not(feature = "config"), expect(clippy::unnecessary_wraps, reason = "a file can fail"))]
    pub(super) fn load(environment: &'a E) -> Result<Self> {
        let settings = Self {
            environment,
            #[cfg(feature = "config")]
            file: File::load(environment),
        };
        #[cfg(feature = "config")]
        settings.file.check(KEYS)?;
        Ok(settings)
    }

    /// Returns the value of a variable. An empty variable counts as missing.
    pub(super) fn variable(&self, name: &str) -> Result<Option<String>> {
        match self.environment.variable(name).map(|value| value.into_string()) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value).filter(|value| !value.is_empty())),
            Some(Err(_)) => Err(Error::config(format!("{name} is not valid UTF-8"))),
        }
    }

    /// Returns the setting of a key: from its variable, or else from the file.
    pub(super) fn get(&self, key: &'static str) -> Result<Option<Setting<'_>>> {
        if let Some(value) = self.variable(&variable_name(key))? {
            return Ok(Some(Setting { key, source: Source::Variable, value: Value::Text(value) }));
        }
        #[cfg(feature = "config")]
        let setting = self.file.get(key)?.map(|(value, source)| Setting { key, source, value });
        #[cfg(not(feature = "config"))]
        let setting = None;
        Ok(setting)
    }

    /// Returns text, or `None` if it is empty.
    pub(super) fn text(&self, key: &'static str) -> Result<Option<String>> {
        let text = self.get(key)?.map(Setting::text).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    pub(super) fn lifetime(&self, key: &'static str) -> Result<Option<Duration>> {
        self.get(key)?.map_or(Ok(None), |setting| setting.lifetime())
    }

    /// Names the file for messages.
    #[cfg_attr(not(feature = "config"), expect(clippy::unused_self, reason = "the file has a name"))]
    pub(super) fn file_name(&self) -> String {
        #[cfg(feature = "config")]
        return self.file.to_string();
        #[cfg(not(feature = "config"))]
        return "lakectl's file, which needs the feature config".to_owned();
    }
}
