//! TLS by the library of the platform.

use super::settings::{INVALID_CLIENT, INVALID_ROOT, TlsSettings};
use crate::error::{Error, Result};

/// The configuration of TLS.
pub(crate) struct Tls<'a>(&'a TlsSettings);

impl<'a> Tls<'a> {
    #[expect(clippy::unnecessary_wraps, reason = "other TLS libraries report invalid settings here")]
    pub(crate) fn new(settings: &'a TlsSettings, _http2: bool, _is_https: bool) -> Result<Self> {
        Ok(Self(settings))
    }

    /// Whether TLS settings of a `reqwest::ClientBuilder` have an effect.
    pub(crate) fn reqwest_can_configure() -> bool {
        true
    }

    /// Configures a builder that has no TLS settings yet.
    pub(crate) fn configure(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        self.add_to(Self::select(builder))
    }

    /// Selects the library only: there is no configuration that reqwest does not make.
    #[expect(clippy::unused_self, reason = "rustls has a configuration")]
    pub(crate) fn preconfigure(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        Self::select(builder)
    }

    /// Selects the library of the platform.
    pub(crate) fn select(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder.tls_backend_native()
    }

    /// Adds the settings to those of `builder`.
    pub(crate) fn add_to(&self, mut builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        for pem in &self.0.root_certificates {
            let bundle = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| Error::config(INVALID_ROOT).with_source(error))?;
            if bundle.is_empty() {
                return Err(Error::config(INVALID_ROOT));
            }
            builder = builder.tls_certs_merge(bundle);
        }
        if let Some(client) = &self.0.client_certificate {
            let identity = reqwest::Identity::from_pkcs8_pem(&client.chain, &client.key)
                .map_err(|error| Error::config(INVALID_CLIENT).with_source(error))?;
            builder = builder.identity(identity);
        }
        if self.0.accept_invalid_certificates {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        Ok(builder)
    }
}
