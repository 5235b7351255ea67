//! TLS: the library that is used, and its configuration.
//!
//! One of the features `rustls-aws-lc`, `rustls` and `native-tls` is used, the first that is enabled in this order:
//! `rustls` is on by default, so enabling `rustls-aws-lc` is the more specific choice, and reqwest prefers rustls to
//! native-tls, too.
//!
//! rustls gets its provider of cryptography with its configuration. Without one, reqwest would use the provider that
//! the process has installed, and panic where there is none.

use crate::error::{Error, Result};

/// The configuration of TLS.
pub(super) struct Tls {
    #[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
    config: rustls::ClientConfig,
}

#[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
impl Tls {
    /// rustls with the certificates of the platform. `is_https` is whether the endpoint needs them.
    pub(super) fn new(http2: bool, is_https: bool) -> Result<Self> {
        use std::sync::Arc;

        let provider = Arc::new(provider());
        let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| {
                Error::config(format!("TLS cannot be configured: {error}")).with_source(error)
            })?;
        let mut config = match rustls_platform_verifier::Verifier::new(provider) {
            Ok(verifier) => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
            }
            Err(error) if is_https => {
                let message = format!(
                    "the certificates of the platform cannot be loaded, which https:// needs: {error}"
                );
                return Err(Error::config(message).with_source(error));
            }
            // A minimal container has no certificates and needs none for http://. Every certificate is then untrusted.
            Err(_) => builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth(),
        };
        config.alpn_protocols =
            if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
        Ok(Self { config })
    }

    pub(super) fn apply(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder.tls_backend_preconfigured(self.config.clone())
    }
}

#[cfg(feature = "rustls-aws-lc")]
fn provider() -> rustls::crypto::CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

#[cfg(all(feature = "rustls", not(feature = "rustls-aws-lc")))]
fn provider() -> rustls::crypto::CryptoProvider {
    rustls::crypto::ring::default_provider()
}

#[cfg(not(any(feature = "rustls", feature = "rustls-aws-lc")))]
impl Tls {
    /// The library of the platform, or none. `is_https` is whether the endpoint needs one.
    pub(super) fn new(_http2: bool, is_https: bool) -> Result<Self> {
        if is_https && !cfg!(feature = "native-tls") {
            return Err(Error::config(
                "the endpoint starts with https://, but lakefs was built without TLS: enable one of its features \
                 rustls, rustls-aws-lc and native-tls",
            ));
        }
        Ok(Self {})
    }

    #[cfg(feature = "native-tls")]
    #[allow(clippy::unused_self, reason = "rustls has a configuration")]
    pub(super) fn apply(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder.tls_backend_native()
    }

    #[cfg(not(feature = "native-tls"))]
    #[allow(clippy::unused_self, reason = "rustls has a configuration")]
    pub(super) fn apply(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
    #[test]
    fn provider_is_that_of_the_most_specific_feature() {
        // Only aws-lc has a post-quantum key exchange.
        let has_post_quantum =
            provider().kx_groups.iter().any(|group| group.name() == rustls::NamedGroup::X25519MLKEM768);
        assert_eq!(has_post_quantum, cfg!(feature = "rustls-aws-lc"));
    }

    #[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
    #[test]
    fn no_provider_is_installed_for_the_process() {
        Tls::new(false, false).unwrap();
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    }

    #[cfg(not(any(feature = "rustls", feature = "rustls-aws-lc", feature = "native-tls")))]
    #[test]
    fn https_needs_a_feature() {
        assert!(Tls::new(false, false).is_ok());
        let error = Tls::new(false, true).err().unwrap();
        assert!(error.to_string().contains("rustls"), "{error}");
    }
}
