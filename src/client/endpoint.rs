//! The endpoint of a server.

use reqwest::Url;

use crate::error::{Error, Result};

/// The path of the API, for an endpoint without a path.
const API_PATH: &str = "/api/v1";

/// The base URL of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(String);

impl Endpoint {
    /// Parses a configured endpoint. Error messages do not repeat the text, because it may contain a password.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let invalid = |why: &str| Error::config(format!("the endpoint {why}"));
        let url = Url::parse(text.trim())
            .map_err(|error| invalid("is not a URL such as https://lakefs.example.com").with_source(error))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("does not start with http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("contains a user name or a password: use access_key or credentials"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("contains a query or a fragment: remove it"));
        }
        let text = url.as_str().trim_end_matches('/');
        let has_path = url.path().bytes().any(|byte| byte != b'/');
        Ok(Self(if has_path { text.to_owned() } else { format!("{text}{API_PATH}") }))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the server is accessed with TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn endpoint_without_a_path_gets_the_path_of_the_api() {
        for (endpoint, expected) in [
            ("http://localhost:8000", "http://localhost:8000/api/v1"),
            ("https://h/", "https://h/api/v1"),
            ("http://h//", "http://h/api/v1"),
            (" https://h:443/// ", "https://h/api/v1"),
            ("https://h/api/v1/", "https://h/api/v1"),
            ("https://h/behind/a/proxy", "https://h/behind/a/proxy"),
        ] {
            assert_eq!(Endpoint::parse(endpoint).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn invalid_endpoint_is_rejected_without_showing_it() {
        for endpoint in
            ["", "localhost:8000", "ftp://h", "http://", "https://id:hush@h", "https://h?token=hush"]
        {
            let error = Endpoint::parse(endpoint).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{endpoint}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
