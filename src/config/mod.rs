//! The configuration of `lakectl`: the environment variables `LAKECTL_*`, which override the values of its file.

pub(crate) mod duration;
#[cfg(feature = "config")]
pub(crate) mod file;
mod values;

use std::env;

use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::http::retry::RetryPolicy;
use duration::parse_duration;
use values::Values;

/// The settings in the environment and the file. A setting that is in neither has the default of the builder.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) endpoint: Option<String>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) retries: RetryPolicy,
}

impl Config {
    /// Reads the environment of this process, and the file.
    pub(crate) fn load() -> Result<Self> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        #[cfg(feature = "config")]
        let values = file::load(variable)?;
        #[cfg(not(feature = "config"))]
        let values = Values::default();
        Self::merge(values, variable)
    }

    /// Takes each value from the environment, or else from the file.
    pub(crate) fn merge(values: Values, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let get = |name: &'static str, value: Option<String>| {
            variable(name).or(value).map(|value| Setting { name, value })
        };
        let id = variable("LAKECTL_CREDENTIALS_ACCESS_KEY_ID").or(values.access_key_id);
        let secret = variable("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY").or(values.secret_access_key);
        let credentials = match (variable("LAKECTL_CREDENTIALS_SESSION_TOKEN"), id, secret) {
            (Some(token), ..) => Some(Credentials::token(token)?),
            (None, Some(id), Some(secret)) => Some(Credentials::access_key(id, secret)),
            (None, Some(_), None) => {
                return Err(Error::config(
                    "there is an access key id but no secret access key: set \
                     LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY",
                ));
            }
            (None, None, Some(_)) => {
                return Err(Error::config(
                    "there is a secret access key but no access key id: set LAKECTL_CREDENTIALS_ACCESS_KEY_ID",
                ));
            }
            (None, None, None) => None,
        };

        let mut retries = RetryPolicy::default();
        if let Some(setting) = get("LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS", values.max_attempts) {
            // lakectl does not count the first attempt.
            let attempts: u32 = setting.value.parse().map_err(|_| setting.invalid("a number"))?;
            retries = retries.max_attempts(attempts.saturating_add(1));
        }
        if let Some(setting) = get("LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL", values.min_wait_interval) {
            retries = retries.initial_backoff(setting.duration()?);
        }
        if let Some(setting) = get("LAKECTL_SERVER_RETRIES_MAX_WAIT_INTERVAL", values.max_wait_interval) {
            retries = retries.max_backoff(setting.duration()?);
        }
        if let Some(setting) = get("LAKECTL_SERVER_RETRIES_ENABLED", values.retries_enabled) {
            match setting.value.to_ascii_lowercase().as_str() {
                "true" | "t" | "1" => {}
                "false" | "f" | "0" => retries = retries.max_attempts(1),
                _ => return Err(setting.invalid("true or false")),
            }
        }
        let endpoint = variable("LAKECTL_SERVER_ENDPOINT_URL").or(values.endpoint_url);
        Ok(Self { endpoint, credentials, retries })
    }
}

/// A value under the name of its variable.
struct Setting {
    name: &'static str,
    value: String,
}

impl Setting {
    fn duration(&self) -> Result<std::time::Duration> {
        parse_duration(&self.value).ok_or_else(|| self.invalid("a duration such as 200ms or 1m30s"))
    }

    fn invalid(&self, expected: &str) -> Error {
        let Self { name, value } = self;
        Error::config(format!("{name}, or its key in lakectl's file, is {value:?} instead of {expected}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::ErrorKind;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    pub(crate) fn merge(values: Values, variables: Variables<'_>) -> Result<Config> {
        Config::merge(values, |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn values() -> Values {
        Values {
            endpoint_url: Some("http://file:8000/api/v1".to_owned()),
            access_key_id: Some("from-file".to_owned()),
            secret_access_key: Some("hush".to_owned()),
            retries_enabled: Some("true".to_owned()),
            max_attempts: Some("2".to_owned()),
            min_wait_interval: Some("1s".to_owned()),
            max_wait_interval: Some("1m30s".to_owned()),
        }
    }

    #[test]
    fn values_of_the_file_are_used() {
        let config = merge(values(), &[]).unwrap();
        assert_eq!(config.endpoint.as_deref(), Some("http://file:8000/api/v1"));
        assert!(format!("{:?}", config.credentials).contains("from-file"));
        let retries = RetryPolicy::default()
            .max_attempts(3)
            .initial_backoff(Duration::from_secs(1))
            .max_backoff(Duration::from_secs(90));
        assert_eq!(config.retries, retries);
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn environment_overrides_the_file_key_by_key() {
        let variables: Variables<'_> = &[
            ("LAKECTL_SERVER_ENDPOINT_URL", "https://env"),
            ("LAKECTL_CREDENTIALS_ACCESS_KEY_ID", "from-env"),
            ("LAKECTL_SERVER_RETRIES_ENABLED", "false"),
        ];
        let config = merge(values(), variables).unwrap();
        assert_eq!(config.endpoint.as_deref(), Some("https://env"));
        assert!(format!("{:?}", config.credentials).contains("from-env"));
        assert_eq!(config.retries.get_max_attempts(), 1);
    }

    #[test]
    fn missing_values_are_accepted() {
        let config = merge(Values::default(), &[]).unwrap();
        assert!(config.endpoint.is_none() && config.credentials.is_none());
    }

    #[test]
    fn error_names_the_variable() {
        let cases: [(Variables<'_>, &str); 4] = [
            (&[("LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS", "many")], "LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS"),
            (
                &[("LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL", "3600")],
                "LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL",
            ),
            (&[("LAKECTL_CREDENTIALS_ACCESS_KEY_ID", "id")], "no secret access key"),
            (&[("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY", "hush")], "no access key id"),
        ];
        for (variables, expected) in cases {
            let error = merge(Values::default(), variables).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(expected) && !error.to_string().contains("hush"), "{error}");
        }
    }

    #[test]
    fn token_has_precedence_over_an_access_key() {
        let config = merge(values(), &[("LAKECTL_CREDENTIALS_SESSION_TOKEN", "hush")]).unwrap();
        assert_eq!(format!("{:?}", config.credentials), "Some(Token(<redacted>))");
    }
}
