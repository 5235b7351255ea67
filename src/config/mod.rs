//! Where the server is and who the client is, as `lakectl` is told: `LAKECTL_*` over `~/.lakectl.yaml`.

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs, io};

use serde::Deserialize;

use crate::credentials::Credentials;
use crate::{Error, Result, RetryPolicy};

/// What the file and the environment say. What neither says is left to the builder.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) endpoint: Option<String>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) retries: RetryPolicy,
}

/// The keys of `lakectl`'s file that say something to a library. Others are `lakectl`'s own affair.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    server: Option<Server>,
    credentials: Option<Keys>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Server {
    endpoint_url: Option<String>,
    retries: Option<RetryKeys>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RetryKeys {
    enabled: Option<bool>,
    max_attempts: Option<u32>,
    min_wait_interval: Option<String>,
    max_wait_interval: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

impl Config {
    /// Reads the file and the environment of this process.
    pub(crate) fn load() -> Result<Self> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let named = variable("LAKECTL_CONFIG_FILE").map(PathBuf::from);
        let file = match &named {
            Some(path) => Some(path.clone()),
            None => env::home_dir().map(|home| home.join(".lakectl.yaml")),
        };
        let text = match &file {
            None => String::new(),
            Some(path) => match fs::read_to_string(path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => String::new(),
                Err(error) => return Err(unreadable(path, "cannot be read").with_source(error)),
            },
        };
        let path = file.unwrap_or_default();
        Self::merge(&text, &path, variable)
    }

    /// What `variable` says, over what the file says.
    fn merge(text: &str, path: &std::path::Path, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        // An empty document is a file that says nothing.
        let file: Option<File> = yaml_serde::from_str(text)
            .map_err(|error| unreadable(path, &format!("is not a configuration of lakectl: {error}")))?;
        let file = file.unwrap_or_default();
        let server = file.server.unwrap_or_default();
        let keys = file.credentials.unwrap_or_default();
        let retries = server.retries.unwrap_or_default();
        let read = |name: &str, value: Option<String>| {
            variable(name).or(value).map(|value| (name.to_owned(), value))
        };

        let mut config = Self {
            endpoint: variable("LAKECTL_SERVER_ENDPOINT_URL").or(server.endpoint_url),
            credentials: None,
            retries: RetryPolicy::default(),
        };

        let id = variable("LAKECTL_CREDENTIALS_ACCESS_KEY_ID").or(keys.access_key_id);
        let secret = variable("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY").or(keys.secret_access_key);
        config.credentials = match (variable("LAKECTL_CREDENTIALS_SESSION_TOKEN"), id, secret) {
            (Some(token), ..) => Some(Credentials::token(token)?),
            (None, Some(id), Some(secret)) => Some(Credentials::access_key(id, secret)),
            (None, Some(_), None) => {
                return Err(Error::config("there is an access key id, but no secret access key"));
            }
            (None, None, Some(_)) => {
                return Err(Error::config("there is a secret access key, but no access key id"));
            }
            (None, None, None) => None,
        };

        let attempts = retries.max_attempts.map(|attempts| attempts.to_string());
        if let Some((name, value)) = read("LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS", attempts) {
            // lakectl counts the repetitions.
            let repetitions: u32 = value.parse().map_err(|_| not_a(&name, &value, "a number"))?;
            config.retries = config.retries.max_attempts(repetitions.saturating_add(1));
        }
        if let Some((name, value)) =
            read("LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL", retries.min_wait_interval)
        {
            let wait = duration(&value).ok_or_else(|| not_a(&name, &value, "a duration, such as 200ms"))?;
            config.retries = config.retries.initial_backoff(wait);
        }
        if let Some((name, value)) =
            read("LAKECTL_SERVER_RETRIES_MAX_WAIT_INTERVAL", retries.max_wait_interval)
        {
            let wait = duration(&value).ok_or_else(|| not_a(&name, &value, "a duration, such as 30s"))?;
            config.retries = config.retries.max_backoff(wait);
        }
        let enabled = retries.enabled.map(|enabled| enabled.to_string());
        if let Some((name, value)) = read("LAKECTL_SERVER_RETRIES_ENABLED", enabled) {
            match value.to_ascii_lowercase().as_str() {
                "true" | "t" | "1" => {}
                "false" | "f" | "0" => config.retries = config.retries.max_attempts(1),
                _ => return Err(not_a(&name, &value, "true or false")),
            }
        }
        Ok(config)
    }
}

fn unreadable(path: &std::path::Path, why: &str) -> Error {
    Error::config(format!("{} {why}", path.display()))
}

fn not_a(name: &str, value: &str, what: &str) -> Error {
    Error::config(format!("{name} (or its key in the file of lakectl) is {value:?}, not {what}"))
}

/// A duration as Go writes it: numbers with units, such as `1m30s` or `1.5s`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (value, behind) = rest.split_at(number);
        let unit = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit);
        let unit = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += value.parse::<f64>().ok()? * unit;
        rest = behind;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn merge(text: &str, variables: &[(&str, &str)]) -> Result<Config> {
        Config::merge(text, Path::new("lakectl.yaml"), |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    const FILE: &str = "
server:
  endpoint_url: http://file:8000/api/v1
  retries: { enabled: true, max_attempts: 2, min_wait_interval: 1s, max_wait_interval: 1m30s }
credentials:
  access_key_id: from-file
  secret_access_key: hush
options: { parallelism: 25 }
";

    #[test]
    fn the_file_of_lakectl_is_read() {
        let config = merge(FILE, &[]).unwrap();
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
    fn the_environment_goes_over_the_file_key_by_key() {
        let config = merge(
            FILE,
            &[
                ("LAKECTL_SERVER_ENDPOINT_URL", "https://env"),
                ("LAKECTL_CREDENTIALS_ACCESS_KEY_ID", "from-env"),
                ("LAKECTL_SERVER_RETRIES_ENABLED", "false"),
            ],
        )
        .unwrap();
        assert_eq!(config.endpoint.as_deref(), Some("https://env"));
        assert!(format!("{:?}", config.credentials).contains("from-env"));
        assert_eq!(config.retries.wait(1, Duration::ZERO, None), None);
    }

    #[test]
    fn what_says_nothing_is_no_error() {
        for text in ["", "# nothing\n", "server:\n", "credentials:\n", "other: 1"] {
            let config = merge(text, &[]).unwrap();
            assert!(config.endpoint.is_none() && config.credentials.is_none(), "{text:?}");
        }
    }

    type Variables<'a> = &'a [(&'a str, &'a str)];

    #[test]
    fn what_is_wrong_names_the_place() {
        let cases: [(&str, Variables<'_>, &str); 5] = [
            ("server: [", &[], "lakectl.yaml"),
            ("", &[("LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS", "many")], "LAKECTL_SERVER_RETRIES_MAX_ATTEMPTS"),
            (
                "",
                &[("LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL", "3600")],
                "LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL",
            ),
            ("", &[("LAKECTL_CREDENTIALS_ACCESS_KEY_ID", "id")], "no secret access key"),
            ("", &[("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY", "hush")], "no access key id"),
        ];
        for (text, variables, names) in cases {
            let error = merge(text, variables).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Config);
            assert!(error.to_string().contains(names) && !error.to_string().contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_token_goes_before_a_key_pair() {
        let config = merge(FILE, &[("LAKECTL_CREDENTIALS_SESSION_TOKEN", "hush")]).unwrap();
        assert_eq!(format!("{:?}", config.credentials), "Some(Token(<redacted>))");
    }

    #[test]
    fn durations_are_those_of_go() {
        let cases = [("200ms", 200), ("1s", 1000), ("1m30s", 90_000), ("1.5h", 5_400_000), ("0s", 0)];
        for (text, milliseconds) in cases {
            assert_eq!(duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "1", "s", "1d", "-1s", "1s1", "1..2s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
