//! The proxy of a client.

use std::fmt;

use reqwest::{Proxy, Url};

use crate::error::{Error, Result};

/// The proxy of all requests.
#[derive(Clone, Default)]
pub(crate) enum ProxySetting {
    /// The proxy of the environment or the platform, if it has one.
    #[default]
    System,
    /// No proxy.
    None,
    /// The proxy with this URL, which may contain a password.
    Url(String),
}

impl ProxySetting {
    pub(super) fn apply(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        match self {
            Self::System => Ok(builder),
            Self::None => Ok(builder.no_proxy()),
            Self::Url(url) => {
                // The cause may repeat the URL.
                let invalid =
                    || Error::config("the proxy is not a URL such as http://proxy.example.com:3128");
                let url = Url::parse(url.trim()).map_err(|_| invalid())?;
                if !url.has_host() || !matches!(url.scheme(), "http" | "https") {
                    return Err(invalid());
                }
                Ok(builder.no_proxy().proxy(Proxy::all(url).map_err(|_| invalid())?))
            }
        }
    }
}

impl fmt::Debug for ProxySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("System"),
            Self::None => f.write_str("None"),
            Self::Url(url) => match Url::parse(url.trim()) {
                Ok(url) if url.has_host() => f.debug_tuple("Url").field(&without_secrets(&url)).finish(),
                _ => f.write_str("Url(<invalid>)"),
            },
        }
    }
}

fn without_secrets(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}", url.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn password_of_a_proxy_is_not_printed() {
        let proxy = ProxySetting::Url("https://id:hush@h:1080/hush?hush".to_owned());
        assert_eq!(format!("{proxy:?}"), "Url(\"https://h:1080\")");
        assert_eq!(format!("{:?}", ProxySetting::Url("id:hush@h".to_owned())), "Url(<invalid>)");
    }

    #[test]
    fn invalid_proxy_is_rejected_without_showing_it() {
        for url in ["", "hush", "id:hush@h:1", "http://", "socks5://hush@h"] {
            let outcome = ProxySetting::Url(url.to_owned()).apply(reqwest::Client::builder());
            let error = outcome.err().unwrap_or_else(|| panic!("{url} is accepted"));
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
            assert!(!format!("{error:?}").contains("hush"), "{error:?}");
        }
    }
}
