//! No TLS: no feature enables a library.

use super::settings::TlsSettings;
use crate::error::{Error, Result};

/// The configuration of TLS, which has none.
pub(crate) struct Tls;

impl Tls {
    /// `is_https` is whether the endpoint needs TLS.
    pub(crate) fn new(settings: &TlsSettings, _http2: bool, is_https: bool) -> Result<Self> {
        let needs_tls = if is_https {
            "the endpoint starts with https://"
        } else if settings.client_certificate.is_some() || !settings.root_certificates.is_empty() {
            "certificates are set"
        } else {
            return Ok(Self);
        };
        Err(Error::config(format!(
            "{needs_tls}, but lakefs was built without TLS: enable one of its features rustls, rustls-aws-lc and \
             native-tls"
        )))
    }

    /// Whether TLS settings of a `reqwest::ClientBuilder` have an effect: it has none.
    pub(crate) fn reqwest_can_configure() -> bool {
        false
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "TLS libraries can fail")]
    pub(crate) fn configure(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        Ok(builder)
    }

    #[expect(clippy::unused_self, reason = "TLS libraries have a configuration")]
    pub(crate) fn preconfigure(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder
    }

    pub(crate) fn select(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "TLS libraries can fail")]
    pub(crate) fn add_to(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        Ok(builder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_needs_a_feature() {
        let settings = TlsSettings::default();
        assert!(Tls::new(&settings, false, false).is_ok());
        let error = Tls::new(&settings, false, true).err().unwrap();
        assert!(error.to_string().contains("rustls"), "{error}");
    }
}
