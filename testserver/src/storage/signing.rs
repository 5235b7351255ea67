//! Pre-signed URLs: signed in their query, for one method, one key and a limited time.

use std::fmt::{self, Write as _};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::model::Timestamp;

const SIGNATURE: &str = "&X-Amz-Signature=";

/// What a pre-signed URL permits.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PresignedAction<'a> {
    Get,
    Put,
    PutPart { upload: &'a str, number: u32 },
}

/// A URL that works without credentials until it expires.
#[derive(Debug)]
pub(crate) struct PresignedUrl {
    pub(crate) url: String,
    /// Seconds since the Unix epoch.
    pub(crate) expires_at: i64,
}

/// The secret key of the signatures.
pub(super) struct SigningKey([u8; 16]);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

/// Why a pre-signed URL is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignatureError {
    Missing,
    Mismatch,
    Expired,
}

impl SigningKey {
    pub(super) fn new() -> Self {
        Self(uuid::Uuid::new_v4().into_bytes())
    }

    /// Returns the path and query of a pre-signed URL.
    pub(super) fn sign(&self, key: &str, action: PresignedAction<'_>, expires_at: i64) -> String {
        let mut target = String::from("/");
        for byte in key.bytes() {
            match byte {
                b'/' | b'-' | b'_' | b'.' | b'~' => target.push(char::from(byte)),
                _ if byte.is_ascii_alphanumeric() => target.push(char::from(byte)),
                _ => _ = write!(target, "%{byte:02X}"),
            }
        }
        _ = write!(target, "?X-Amz-Expires={expires_at}");
        if let PresignedAction::PutPart { upload, number } = action {
            _ = write!(target, "&partNumber={number}&uploadId={upload}");
        }
        let method = if matches!(action, PresignedAction::Get) { "GET" } else { "PUT" };
        let signature = URL_SAFE_NO_PAD.encode(self.mac(method, &target).finalize().into_bytes());
        target + SIGNATURE + &signature
    }

    /// Verifies the path and query of a request.
    pub(super) fn verify(&self, method: &str, target: &str) -> Result<(), SignatureError> {
        let (signed, signature) = target.rsplit_once(SIGNATURE).ok_or(SignatureError::Missing)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| SignatureError::Mismatch)?;
        self.mac(method, signed).verify_slice(&signature).map_err(|_| SignatureError::Mismatch)?;
        let expires_at = signed.split_once("?X-Amz-Expires=").map(|(_, rest)| rest);
        let expires_at = expires_at.and_then(|rest| rest.split('&').next()?.parse::<i64>().ok());
        if expires_at.is_some_and(|expires_at| expires_at > Timestamp::now().seconds) {
            return Ok(());
        }
        Err(SignatureError::Expired)
    }

    fn mac(&self, method: &str, signed: &str) -> Hmac<Sha256> {
        // A key that is no longer than a block is padded with zeros and not hashed.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..self.0.len()].copy_from_slice(&self.0);
        Hmac::<Sha256>::new(&block).chain_update(method).chain_update(signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presigned_url_is_valid_for_one_method_and_key_until_it_expires() {
        let key = SigningKey::new();
        let soon = Timestamp::now().seconds + 60;
        let get = key.sign("bucket/a b,c", PresignedAction::Get, soon);
        assert!(get.starts_with("/bucket/a%20b%2Cc?"), "{get}");
        assert_eq!(key.verify("GET", &get), Ok(()));
        assert_eq!(key.verify("PUT", &get), Err(SignatureError::Mismatch));
        assert_eq!(key.verify("GET", &get.replace("a%20b", "a")), Err(SignatureError::Mismatch));
        assert_eq!(SigningKey::new().verify("GET", &get), Err(SignatureError::Mismatch));
        assert_eq!(key.verify("GET", "/bucket/a"), Err(SignatureError::Missing));
        let part = key.sign("k", PresignedAction::PutPart { upload: "u", number: 2 }, soon);
        assert_eq!(key.verify("PUT", &part), Ok(()));
        let other_part = part.replace("partNumber=2", "partNumber=3");
        assert_eq!(key.verify("PUT", &other_part), Err(SignatureError::Mismatch));
        let expired = key.sign("k", PresignedAction::Put, soon - 60);
        assert_eq!(key.verify("PUT", &expired), Err(SignatureError::Expired));
    }
}
