//! The settings of TLS.

use std::fmt;

/// The settings of TLS, as the caller gave them.
#[derive(Clone, Default)]
pub(crate) struct TlsSettings {
    /// Certificates in PEM, which are trusted in addition to those of the platform.
    pub(crate) root_certificates: Vec<Vec<u8>>,
    pub(crate) client_certificate: Option<ClientCertificate>,
    pub(crate) accept_invalid_certificates: bool,
}

/// The certificate of the client.
#[derive(Clone)]
#[cfg_attr(
    not(any(feature = "rustls", feature = "rustls-aws-lc", feature = "native-tls")),
    expect(dead_code, reason = "there is no TLS")
)]
pub(crate) struct ClientCertificate {
    /// The certificate and its chain, in PEM.
    pub(crate) chain: Vec<u8>,
    /// The private key, in PEM.
    pub(crate) key: Vec<u8>,
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("root_certificates", &self.root_certificates.len())
            .field("client_certificate", &self.client_certificate.is_some())
            .field("accept_invalid_certificates", &self.accept_invalid_certificates)
            .finish()
    }
}

/// What is wrong with certificates that [`root_certificate`](crate::ClientBuilder::root_certificate) got.
#[cfg(any(feature = "rustls", feature = "rustls-aws-lc", feature = "native-tls"))]
pub(super) const INVALID_ROOT: &str = "the root certificate is not a valid certificate in PEM";

/// What is wrong with what [`client_certificate`](crate::ClientBuilder::client_certificate) got.
#[cfg(any(feature = "rustls", feature = "rustls-aws-lc", feature = "native-tls"))]
pub(super) const INVALID_CLIENT: &str = "the client certificate or its private key is not valid PEM";
