//! TLS by the library of the platform, or none.

use super::settings::TlsSettings;
use crate::error::{Error, Result};

/// The configuration of TLS.
pub(crate) struct Tls<'a> {
    #[cfg_attr(not(feature = "native-tls"), expect(dead_code, reason = "there is no TLS"))]
    settings: &'a TlsSettings,
}

impl<'a> Tls<'a> {
    /// The library of the platform, or none. `is_https` is whether the endpoint needs one.
    pub(crate) fn new(settings: &'a TlsSettings, _http2: bool, is_https: bool) -> Result<Self> {
        if cfg!(feature = "native-tls") {
            return Ok(Self { settings });
        }
        let needs_tls = if is_https {
            "the endpoint starts with https://"
        } else if settings.client_certificate.is_some() || !settings.root_certificates.is_empty() {
            "certificates are set"
        } else {
            return Ok(Self { settings });
        };
        Err(Error::config(format!(
            "{needs_tls}, but lakefs was built without TLS: enable one of its features rustls, rustls-aws-lc and \
             native-tls"
        )))
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
    #[cfg(feature = "native-tls")]
    pub(crate) fn select(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder.tls_backend_native()
    }

    /// Has no effect, because there is no TLS.
    #[cfg(not(feature = "native-tls"))]
    pub(crate) fn select(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder
    }

    /// Adds the settings to those of `builder`.
    #[cfg(feature = "native-tls")]
    pub(crate) fn add_to(&self, mut builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        use super::settings::{INVALID_CLIENT, INVALID_ROOT};

        for pem in &self.settings.root_certificates {
            let bundle = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| Error::config(INVALID_ROOT).with_source(error))?;
            if bundle.is_empty() {
                return Err(Error::config(INVALID_ROOT));
            }
            builder = builder.tls_certs_merge(bundle);
        }
        if let Some(client) = &self.settings.client_certificate {
            let identity = reqwest::Identity::from_pkcs8_pem(&client.chain, &client.key)
                .map_err(|error| Error::config(INVALID_CLIENT).with_source(error))?;
            builder = builder.identity(identity);
        }
        if self.settings.accept_invalid_certificates {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        Ok(builder)
    }

    /// Has no effect, because there is no TLS.
    #[cfg(not(feature = "native-tls"))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "TLS libraries have settings that can fail"
    )]
    pub(crate) fn add_to(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        Ok(builder)
    }
}

#[cfg(all(test, not(feature = "native-tls")))]
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
