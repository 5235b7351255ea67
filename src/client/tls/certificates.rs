//! Certificates and keys in PEM.

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::settings::{ClientCertificate, INVALID_CLIENT, INVALID_ROOT};
use crate::error::{Error, Result};

/// A certificate with its chain, and its private key.
pub(super) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Parses root certificates, at least one in each text.
pub(super) fn roots(texts: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>> {
    let mut roots = Vec::new();
    for text in texts {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(text) {
            let certificate = certificate.map_err(|error| Error::config(INVALID_ROOT).with_source(error))?;
            // The verifier is created later, where it could only fail a connection.
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|error| Error::config(INVALID_ROOT).with_source(error))?;
            roots.push(certificate);
        }
        if roots.len() == before {
            return Err(Error::config(INVALID_ROOT));
        }
    }
    Ok(roots)
}

/// Parses the certificate of the client.
pub(super) fn identity(client: &ClientCertificate) -> Result<Identity> {
    let invalid = |error| Error::config(INVALID_CLIENT).with_source(error);
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&client.chain).collect::<Result<_, _>>().map_err(invalid)?;
    if chain.is_empty() {
        return Err(Error::config(INVALID_CLIENT));
    }
    Ok((chain, PrivateKeyDer::from_pem_slice(&client.key).map_err(invalid)?))
}
