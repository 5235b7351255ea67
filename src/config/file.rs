//! The configuration file of `lakectl`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Deserialize;

use crate::config::values::Values;
use crate::error::{Error, Result};

/// The keys of the file that a client uses. Other keys are ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    server: Option<Server>,
    credentials: Option<AccessKey>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Server {
    endpoint_url: Option<String>,
    retries: Option<Retries>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Retries {
    enabled: Option<bool>,
    max_attempts: Option<u32>,
    min_wait_interval: Option<String>,
    max_wait_interval: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AccessKey {
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
}

/// Reads `~/.lakectl.yaml`, which may be missing, or the file that `LAKECTL_CONFIG_FILE` names.
pub(super) fn load(variable: impl Fn(&str) -> Option<String>) -> Result<Values> {
    let named = variable("LAKECTL_CONFIG_FILE").map(PathBuf::from);
    let default = || env::home_dir().map(|home| home.join(".lakectl.yaml"));
    let is_required = named.is_some();
    let Some(path) = named.or_else(default) else { return Ok(Values::default()) };
    match fs::read_to_string(&path) {
        Ok(text) => parse(&text, &path),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_required => Ok(Values::default()),
        Err(error) => {
            let message = format!("the file {} cannot be read: {error}", path.display());
            Err(Error::config(message).with_source(error))
        }
    }
}

pub(crate) fn parse(text: &str, path: &Path) -> Result<Values> {
    // An empty document is `None`.
    let file: Option<File> = yaml_serde::from_str(text).map_err(|error| {
        // The message of the parser quotes values, and these may be secrets.
        let position = error.location().map(|position| {
            format!(": line {}, column {} cannot be parsed", position.line(), position.column())
        });
        let position = position.unwrap_or_default();
        Error::config(format!("the file {} is not a configuration of lakectl{position}", path.display()))
    })?;
    let File { server, credentials } = file.unwrap_or_default();
    let Server { endpoint_url, retries } = server.unwrap_or_default();
    let AccessKey { access_key_id, secret_access_key } = credentials.unwrap_or_default();
    let retries = retries.unwrap_or_default();
    Ok(Values {
        endpoint_url,
        access_key_id,
        secret_access_key,
        retries_enabled: retries.enabled.map(|enabled| enabled.to_string()),
        max_attempts: retries.max_attempts.map(|attempts| attempts.to_string()),
        min_wait_interval: retries.min_wait_interval,
        max_wait_interval: retries.max_wait_interval,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn file_of_lakectl_is_parsed() {
        let values = parse(FILE, Path::new("lakectl.yaml")).unwrap();
        assert_eq!(values.endpoint_url.as_deref(), Some("http://file:8000/api/v1"));
        assert_eq!(values.access_key_id.as_deref(), Some("from-file"));
        assert_eq!(values.secret_access_key.as_deref(), Some("hush"));
        assert_eq!(values.retries_enabled.as_deref(), Some("true"));
        assert_eq!(values.max_attempts.as_deref(), Some("2"));
        assert_eq!(values.min_wait_interval.as_deref(), Some("1s"));
        assert_eq!(values.max_wait_interval.as_deref(), Some("1m30s"));
    }

    #[test]
    fn empty_config_file_is_accepted() {
        for text in ["", "# nothing\n", "server:\n", "credentials:\n", "other: 1"] {
            let values = parse(text, Path::new("lakectl.yaml")).unwrap();
            assert!(values.endpoint_url.is_none() && values.access_key_id.is_none(), "{text:?}");
        }
    }

    #[test]
    fn error_shows_no_value_of_the_file() {
        for text in ["credentials: hush", "credentials: { secret_access_key: [hush] }", "credentials: *hush"]
        {
            let error = parse(text, Path::new("lakectl.yaml")).err().unwrap();
            assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
        }
    }

    #[test]
    fn invalid_file_is_named() {
        let error = parse("server: [", Path::new("lakectl.yaml")).err().unwrap();
        assert!(error.to_string().contains("lakectl.yaml"), "{error}");
        assert!(error.to_string().contains("line 1, column 9"), "{error}");
        let named = |name: &str| (name == "LAKECTL_CONFIG_FILE").then(|| "no/such/file.yaml".to_owned());
        let error = load(named).err().unwrap();
        assert!(error.to_string().contains("no/such/file.yaml"), "{error}");
    }
}
