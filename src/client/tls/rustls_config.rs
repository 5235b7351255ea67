//! TLS by rustls.
//!
//! rustls gets its provider of cryptography with its configuration. Without one, reqwest would use the provider that the
//! process has installed, and panic where there is none.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;

use super::certificates;
use super::settings::{INVALID_CLIENT, INVALID_ROOT, TlsSettings};
use super::verifier::{AcceptAll, LazyVerifier};
use crate::error::{Error, Result};

/// The configuration of TLS.
pub(crate) struct Tls<'a> {
    settings: &'a TlsSettings,
    config: ClientConfig,
}

impl<'a> Tls<'a> {
    /// rustls with the certificates of the platform, which are loaded with the first connection. `is_https` is whether
    /// the endpoint needs TLS.
    pub(crate) fn new(settings: &'a TlsSettings, http2: bool, _is_https: bool) -> Result<Self> {
        let invalid = |error: rustls::Error| {
            Error::config(format!("TLS cannot be configured: {error}")).with_source(error)
        };
        let provider = Arc::new(provider());
        let roots = certificates::roots(&settings.root_certificates)?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(invalid)?
            .dangerous();
        let builder = if settings.accept_invalid_certificates {
            builder.with_custom_certificate_verifier(Arc::new(AcceptAll(provider)))
        } else {
            builder.with_custom_certificate_verifier(Arc::new(LazyVerifier::new(provider, roots)))
        };
        let mut config = match &settings.client_certificate {
            Some(client) => {
                let (chain, key) = certificates::identity(client)?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    Error::config(format!("the client certificate cannot be used: {error}"))
                        .with_source(error)
                })?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols =
            if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
        Ok(Self { settings, config })
    }

    /// Whether reqwest can configure rustls itself, which needs a provider. Only then do the TLS settings of a
    /// `reqwest::ClientBuilder` have an effect.
    pub(crate) fn reqwest_can_configure() -> bool {
        cfg!(feature = "rustls-aws-lc") || CryptoProvider::get_default().is_some()
    }

    /// Configures a builder that has no TLS settings yet.
    #[expect(clippy::unnecessary_wraps, reason = "other TLS libraries report invalid settings here")]
    pub(crate) fn configure(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        Ok(self.preconfigure(builder))
    }

    /// Uses the configuration of this crate. TLS settings of `builder` then have no effect.
    pub(crate) fn preconfigure(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder.tls_backend_preconfigured(self.config.clone())
    }

    /// Selects rustls as reqwest configures it.
    pub(crate) fn select(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder.tls_backend_rustls()
    }

    /// Adds the settings to those of `builder`, for TLS that reqwest configures.
    pub(crate) fn add_to(&self, mut builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        for pem in &self.settings.root_certificates {
            let bundle = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| Error::config(INVALID_ROOT).with_source(error))?;
            builder = builder.tls_certs_merge(bundle);
        }
        if let Some(client) = &self.settings.client_certificate {
            let pem = [&*client.chain, b"\n", &*client.key].concat();
            let identity = reqwest::Identity::from_pem(&pem)
                .map_err(|error| Error::config(INVALID_CLIENT).with_source(error))?;
            builder = builder.identity(identity);
        }
        if self.settings.accept_invalid_certificates {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        Ok(builder)
    }
}

#[cfg(feature = "rustls-aws-lc")]
pub(super) fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

#[cfg(all(feature = "rustls", not(feature = "rustls-aws-lc")))]
pub(super) fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provider_is_that_of_the_most_specific_feature() {
        // Only aws-lc has a post-quantum key exchange.
        let has_post_quantum =
            provider().kx_groups.iter().any(|group| group.name() == rustls::NamedGroup::X25519MLKEM768);
        assert_eq!(has_post_quantum, cfg!(feature = "rustls-aws-lc"));
    }

    #[test]
    fn no_provider_is_installed_for_the_process() {
        Tls::new(&TlsSettings::default(), false, false).unwrap();
        assert!(CryptoProvider::get_default().is_none());
    }
}
