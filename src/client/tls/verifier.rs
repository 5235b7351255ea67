//! Verification of the certificates of servers.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;

/// The verifier of the clients without root certificates of their own.
static SHARED: Mutex<Weak<Verifier>> = Mutex::new(Weak::new());

/// Verifies with the certificates of the platform and additional ones.
///
/// Loads them for the first connection with TLS, because that reads hundreds of files on some platforms, and a client
/// of an `http://` endpoint may never need them. Clients without additional certificates share what was loaded, as long
/// as one of them exists.
#[derive(Debug)]
pub(super) struct LazyVerifier {
    provider: Arc<CryptoProvider>,
    extra_roots: Vec<CertificateDer<'static>>,
    loaded: OnceLock<Arc<Verifier>>,
}

impl LazyVerifier {
    pub(super) fn new(provider: Arc<CryptoProvider>, extra_roots: Vec<CertificateDer<'static>>) -> Self {
        Self { provider, extra_roots, loaded: OnceLock::new() }
    }

    fn verifier(&self) -> Result<&Verifier, Error> {
        if let Some(verifier) = self.loaded.get() {
            return Ok(verifier);
        }
        let failed =
            |error| Error::General(format!("the certificates of the platform cannot be loaded: {error}"));
        let verifier = if self.extra_roots.is_empty() {
            self.shared().map_err(failed)?
        } else {
            Arc::new(self.load().map_err(failed)?)
        };
        Ok(self.loaded.get_or_init(|| verifier))
    }

    fn shared(&self) -> Result<Arc<Verifier>, Error> {
        // Concurrent connections wait, so that the certificates are loaded once.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(verifier) = shared.upgrade() {
            return Ok(verifier);
        }
        let verifier = Arc::new(self.load()?);
        *shared = Arc::downgrade(&verifier);
        Ok(verifier)
    }

    fn load(&self) -> Result<Verifier, Error> {
        let provider = Arc::clone(&self.provider);
        if self.extra_roots.is_empty() {
            return Verifier::new(provider);
        }
        #[cfg(not(target_os = "android"))]
        return Verifier::new_with_extra_roots(self.extra_roots.iter().cloned(), provider);
        #[cfg(target_os = "android")]
        return Err(Error::General("Android does not support additional root certificates".to_owned()));
    }
}

impl ServerCertVerifier for LazyVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verifier()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Accepts every certificate.
#[derive(Debug)]
pub(super) struct AcceptAll(pub(super) Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platform_certificates_are_shared_while_a_client_uses_them() {
        let verifier = || {
            let provider = Arc::new(super::super::rustls_config::provider());
            LazyVerifier::new(provider, Vec::new())
        };
        let (first, second) = (verifier(), verifier());
        assert!(first.loaded.get().is_none());
        // A machine without certificates cannot run the rest.
        let Ok(loaded) = first.verifier() else { return };
        assert!(std::ptr::eq(loaded, second.verifier().unwrap()));
    }
}
