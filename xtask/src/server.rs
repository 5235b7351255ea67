//! Reads the contract and the version of a running lakeFS, with limits on time and size.

use std::time::Duration;
use std::{env, fmt};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use ureq::http::{Uri, header};

use crate::failure::Failure;

/// The path at which every lakeFS serves its contract.
pub(crate) const CONTRACT: &str = "/openapi.json";
const VERSION: &str = "/api/v1/config/version";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_RESPONSE: u64 = 16 * 1024 * 1024;

const KEY_ID: &str = "LAKECTL_CREDENTIALS_ACCESS_KEY_ID";
const SECRET: &str = "LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY";

/// The version of a server.
#[derive(Debug, Deserialize)]
pub(crate) struct Version {
    /// Such as `1.84.0`.
    pub(crate) version: String,
    /// The edition: `lakeFS`.
    pub(crate) version_context: Option<String>,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.version_context.as_deref().unwrap_or("lakeFS"), self.version)
    }
}

/// A client for the two requests.
pub(crate) struct Server {
    base: String,
    authorization: String,
    agent: ureq::Agent,
}

impl Server {
    /// Creates a client for the server at a URL, which is that of its user interface. Makes no request.
    pub(crate) fn new(address: &str, timeout: Duration) -> Result<Self, Failure> {
        let base = base(address)?;
        let authorization = authorization(|name| env::var(name).ok())?;
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // The contract must come from the given server, and the credentials must not go to another.
            .max_redirects(0)
            // The server may close an idle connection before the second request.
            .max_idle_connections(0)
            .build()
            .new_agent();
        Ok(Self { base, authorization, agent })
    }

    /// Returns the URL of the contract.
    pub(crate) fn contract_url(&self) -> String {
        format!("{}{CONTRACT}", self.base)
    }

    /// Reads the contract, as text.
    pub(crate) fn contract(&self) -> Result<String, Failure> {
        let address = self.contract_url();
        self.read(&address, None).map_err(|cause| Failure::at(&address, cause))
    }

    /// Reads the version.
    pub(crate) fn version(&self) -> Result<Version, Failure> {
        let address = format!("{}{VERSION}", self.base);
        let text =
            self.read(&address, Some(&self.authorization)).map_err(|cause| Failure::at(&address, cause))?;
        match serde_json::from_str::<Version>(&text) {
            Ok(version) if version.version.is_empty() => Err(Failure::at(&address, "the version is empty")),
            Ok(version) => Ok(version),
            Err(error) => {
                Err(Failure::at(&address, format!("the response is not the version of a lakeFS: {error}")))
            }
        }
    }

    fn read(&self, address: &str, authorization: Option<&str>) -> Result<String, String> {
        let mut request = self.agent.get(address).header(header::ACCEPT, "application/json");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let mut response = request.call().map_err(|error| cause(&error))?;
        let status = response.status();
        if status.is_redirection() {
            let target = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let target = target.unwrap_or("no location");
            return Err(format!(
                "the server responds {status}, a redirect to {target}, which is not followed"
            ));
        }
        if status == 401 && authorization.is_some() {
            return Err(format!(
                "the server responds {status}: it rejects the credentials in {KEY_ID} and {SECRET}"
            ));
        }
        if status != 200 {
            return Err(format!("the server responds {status}"));
        }
        let body = response.body_mut().with_config().limit(MAX_RESPONSE).read_to_vec();
        let body = body.map_err(|error| cause(&error))?;
        let text = String::from_utf8(body).map_err(|_| "the response is not UTF-8 text")?;
        if text.trim_start().starts_with('<') {
            return Err(
                "the response is an HTML page, not JSON: check that the URL is that of a lakeFS".to_owned()
            );
        }
        Ok(text)
    }
}

fn cause(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Timeout(_) => "the request timed out: raise --timeout if the server is slow".to_owned(),
        ureq::Error::BodyExceedsLimit(limit) => format!("the response is larger than {} MiB", limit >> 20),
        other => other.to_string(),
    }
}

/// Returns the base URL of a server. The URL of its API, which lakectl is configured with, is accepted too.
fn base(address: &str) -> Result<String, Failure> {
    // The text before an `@` may be a password, so it is not printed.
    if address.contains('@') {
        return Err(Failure::new(format!(
            "--server: the URL must not contain credentials: set {KEY_ID} and {SECRET}"
        )));
    }
    let uri: Uri = address.parse().map_err(|error| Failure::at(format!("--server {address}"), error))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => {
            return Err(Failure::at(
                format!("--server {address}"),
                "only http is supported: start a lakeFS on this machine, or forward a port to it",
            ));
        }
        _ => {
            return Err(Failure::at(
                format!("--server {address}"),
                "not a URL such as http://localhost:8000",
            ));
        }
    }
    if uri.query().is_some() {
        return Err(Failure::at(format!("--server {address}"), "the URL of a server has no query"));
    }
    let path = uri.path().trim_end_matches('/');
    let path = path.strip_suffix("/api/v1").unwrap_or(path);
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    Ok(format!("http://{authority}{path}"))
}

/// Reads the credentials from the environment variables of lakectl.
fn authorization(variable: impl Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let (Some(key_id), Some(secret)) = (set(KEY_ID), set(SECRET)) else {
        return Err(Failure::new(format!(
            "reading the version of a lakeFS requires credentials: set {KEY_ID} and {SECRET}"
        )));
    };
    Ok(format!("Basic {}", BASE64.encode(format!("{key_id}:{secret}"))))
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn url_of_the_api_is_accepted() {
        for address in ["http://localhost:8000", "http://localhost:8000/", "http://localhost:8000/api/v1/"] {
            assert_eq!(base(address).unwrap(), "http://localhost:8000");
        }
    }

    #[test]
    fn invalid_server_url_is_rejected() {
        for address in [
            "",
            "localhost",
            "localhost:8000",
            "ftp://localhost",
            "https://localhost",
            "http://",
            "http://a/?b",
        ] {
            assert!(base(address).is_err(), "{address}");
        }
    }

    #[test]
    fn password_in_url_is_not_printed() {
        let failure = base("http://key:hunter2@localhost:8000").unwrap_err().to_string();
        assert!(!failure.contains("hunter2"), "{failure}");
    }

    #[test]
    fn missing_credentials_name_their_variables() {
        let failure = super::authorization(|_| None).unwrap_err().to_string();
        assert!(failure.contains(super::KEY_ID) && failure.contains(super::SECRET), "{failure}");
    }
}
