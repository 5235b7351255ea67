//! Addresses that whoever has them may use: signed in their query, for one method and for some time.

use std::fmt::{self, Write as _};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Purpose;
use crate::model::Timestamp;

const SIGNATURE: &str = "&X-Amz-Signature=";

/// What signs addresses.
pub(super) struct SigningKey([u8; 16]);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Unsigned,
    Signature,
    Expired,
}

impl SigningKey {
    pub(super) fn new() -> Self {
        Self(uuid::Uuid::new_v4().into_bytes())
    }

    /// The path and the query of an address of a key.
    pub(super) fn sign(&self, key: &str, purpose: Purpose<'_>, expires: i64) -> String {
        let mut target = String::from("/");
        for byte in key.bytes() {
            match byte {
                b'/' | b'-' | b'_' | b'.' | b'~' => target.push(char::from(byte)),
                _ if byte.is_ascii_alphanumeric() => target.push(char::from(byte)),
                _ => _ = write!(target, "%{byte:02X}"),
            }
        }
        _ = write!(target, "?X-Amz-Expires={expires}");
        if let Purpose::WritePart { upload, number } = purpose {
            _ = write!(target, "&partNumber={number}&uploadId={upload}");
        }
        let method = if matches!(purpose, Purpose::Read) { "GET" } else { "PUT" };
        let signature = URL_SAFE_NO_PAD.encode(self.mac(method, &target).finalize().into_bytes());
        target + SIGNATURE + &signature
    }

    /// Looks at the path and the query of a request.
    pub(super) fn verify(&self, method: &str, target: &str) -> Result<(), Wrong> {
        let (signed, signature) = target.rsplit_once(SIGNATURE).ok_or(Wrong::Unsigned)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Wrong::Signature)?;
        self.mac(method, signed).verify_slice(&signature).map_err(|_| Wrong::Signature)?;
        let expires = signed.split_once("?X-Amz-Expires=").map(|(_, rest)| rest);
        let expires = expires.and_then(|rest| rest.split('&').next()?.parse::<i64>().ok());
        if expires.is_some_and(|expires| expires > Timestamp::now().seconds) {
            return Ok(());
        }
        Err(Wrong::Expired)
    }

    fn mac(&self, method: &str, signed: &str) -> Hmac<Sha256> {
        // An HMAC takes a key of any length; sixteen bytes need no hashing first.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..self.0.len()].copy_from_slice(&self.0);
        Hmac::<Sha256>::new(&block).chain_update(method).chain_update(signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_for_one_method_one_key_and_some_time() {
        let key = SigningKey::new();
        let soon = Timestamp::now().seconds + 60;
        let read = key.sign("bucket/a b,c", Purpose::Read, soon);
        assert!(read.starts_with("/bucket/a%20b%2Cc?"), "{read}");
        assert_eq!(key.verify("GET", &read), Ok(()));
        assert_eq!(key.verify("PUT", &read), Err(Wrong::Signature));
        assert_eq!(key.verify("GET", &read.replace("a%20b", "a")), Err(Wrong::Signature));
        assert_eq!(SigningKey::new().verify("GET", &read), Err(Wrong::Signature));
        assert_eq!(key.verify("GET", "/bucket/a"), Err(Wrong::Unsigned));
        let part = key.sign("k", Purpose::WritePart { upload: "u", number: 2 }, soon);
        assert_eq!(key.verify("PUT", &part), Ok(()));
        assert_eq!(key.verify("PUT", &part.replace("partNumber=2", "partNumber=3")), Err(Wrong::Signature));
        let late = key.sign("k", Purpose::Write, soon - 60);
        assert_eq!(key.verify("PUT", &late), Err(Wrong::Expired));
    }
}
