//! Verifies the bytes of an object against its checksum while they are read, and decides what a difference means.
//!
//! A checksum can have the form of an MD5 and be none. What is known of its origin decides first: the headers of a
//! storage can say so. Otherwise, two reads are compared. If both have the right length and return the same bytes, the
//! bytes are right and the checksum is no MD5.

use std::fmt;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};
use crate::scope::RepositoryScope;
use crate::transfer::digest::hex;
use crate::transfer::etag::{self, ChecksumMatch, ChecksumVerifier};
use crate::transfer::hasher::Hasher;
use crate::transfer::md5::Md5Digest;
use crate::transfer::read::headers::ObjectHeaders;
use crate::verify::Verify;

/// How many times an object is read again because its bytes do not have its checksum. The object can change between two
/// reads, which then say nothing.
const MAX_READS_AGAIN: u32 = 3;

/// What a read does if the bytes do not have the MD5 that the object has, unless it is known what that means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnMismatch {
    /// Accepts the bytes, and logs a warning: they are handed out already.
    #[default]
    Accept,
    /// Fails with an error from which [`Suspicion::of`] returns what was read.
    Fail,
    /// Reads the object again before the last bytes are handed out.
    #[cfg_attr(
        not(any(feature = "object_store", feature = "object_store_0_13")),
        allow(dead_code, reason = "only stores read again")
    )]
    ReadAgain,
}

/// What a read has found whose bytes do not have the MD5 that the object has.
#[derive(Clone, Debug)]
pub(crate) struct Suspicion {
    checksum: String,
    received: Md5Digest,
    /// The number of bytes that were read.
    pub(crate) size: u64,
    reads: u32,
}

impl Suspicion {
    /// Returns what a failed read has found if it has to be read again, and the error otherwise.
    pub(crate) fn of(error: Error) -> Result<Self> {
        let source = std::error::Error::source(&error);
        match source.and_then(|source| source.downcast_ref::<Self>()) {
            Some(suspicion) if suspicion.reads <= MAX_READS_AGAIN => Ok(suspicion.clone()),
            _ => Err(error),
        }
    }
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bytes have the MD5 {}", hex(&self.received))
    }
}

impl std::error::Error for Suspicion {}

/// What the bytes of a read are verified against.
#[derive(Clone, Debug)]
pub(crate) struct Verification {
    repository: RepositoryScope,
    checksum: String,
    /// The number of bytes, as the response says.
    size: Option<u64>,
    verify: Verify,
    on_mismatch: OnMismatch,
    suspicion: Option<Suspicion>,
}

impl Verification {
    /// Returns how to verify the bytes of a whole object. `None` if they cannot be verified, or need not be.
    ///
    /// # Errors
    /// With [`Verify::Strict`], the checksum cannot be compared with bytes.
    pub(crate) fn new(
        repository: &RepositoryScope,
        headers: &ObjectHeaders,
        size: Option<u64>,
        verify: Verify,
        on_mismatch: OnMismatch,
        suspicion: Option<Suspicion>,
        action: &str,
    ) -> Result<Option<Self>> {
        if verify == Verify::Off {
            return Ok(None);
        }
        let is_strict = verify == Verify::Strict;
        let incomparable = |why: &str| {
            let message = format!("{why}; Verify::Strict refuses such an object, and the default reads it");
            if is_strict { Err(failed(action, message)) } else { Ok(None) }
        };
        let Some(checksum) = headers.etag.clone() else {
            return incomparable("the response has no ETag to verify the bytes against");
        };
        if headers.is_encrypted && etag::is_md5(&checksum) {
            repository.record_encryption();
            return incomparable("the storage encrypts the object with a key, so its ETag is no MD5");
        }
        let comparable = ChecksumVerifier::new(&checksum, size.unwrap_or_default());
        // The sizes of the parts are guessed. Several guesses take several times as long.
        if comparable.is_none_or(|verifier| verifier.hashes() > 1 && !is_strict) {
            return incomparable("the checksum of the object cannot be compared with its bytes");
        }
        let repository = repository.clone();
        Ok(Some(Self { repository, checksum, size, verify, on_mismatch, suspicion }))
    }

    #[cfg(test)]
    #[cfg(feature = "fs")]
    fn of_md5(md5: &str, size: u64, verify: Verify, on_mismatch: OnMismatch) -> Self {
        let client =
            crate::Client::builder().endpoint("http://localhost").access_key("key", "secret").build();
        let repository = client.unwrap().repository("example").scope();
        let checksum = format!("\"{md5}\"");
        Self { repository, checksum, size: Some(size), verify, on_mismatch, suspicion: None }
    }

    /// Returns a verifier of all bytes of the object.
    fn hash(&self) -> Option<ChecksumVerifier> {
        ChecksumVerifier::new(&self.checksum, self.size.unwrap_or_default())
    }

    /// Decides what the comparison of `size` bytes with the checksum means. Returns whether the bytes are verified.
    ///
    /// # Errors
    /// The bytes are wrong, or have to be read again; see [`Suspicion::of`].
    fn judge(&self, found: ChecksumMatch, size: u64, action: &str) -> Result<bool> {
        let received = match found {
            ChecksumMatch::Equal => return Ok(true),
            ChecksumMatch::Unknown if self.verify != Verify::Strict => return Ok(false),
            ChecksumMatch::Unknown => {
                let checksum = &self.checksum;
                return Err(failed(
                    action,
                    format!(
                        "the received bytes do not have the checksum {checksum} with any usual size of parts; \
                         Verify::Strict refuses such an object, and the default reads it"
                    ),
                ));
            }
            ChecksumMatch::OtherMd5(received) => received,
        };
        let repository = self.repository.name();
        let md5 = hex(&received);
        let mismatch = format!(
            "the received bytes have the MD5 {md5}, but the object has {}",
            etag::checksum_of(&self.checksum)
        );
        if self.verify == Verify::Strict {
            let message = format!(
                "{mismatch}; Verify::Strict refuses such an object, and the default reads it if its checksum is no \
                 MD5, as with encryption by a key management service"
            );
            return Err(failed(action, message));
        }
        if self.size != Some(size) {
            let message = format!(
                "{mismatch}, and the response does not say how many bytes there are; `.verify(false)` reads without \
                 verification"
            );
            return Err(failed(action, message));
        }
        if self.repository.has_unreliable_md5s() {
            tracing::debug!(
                repository,
                action,
                md5,
                "the checksum of the object is not the MD5 of its bytes"
            );
            return Ok(false);
        }
        let same_version =
            self.suspicion.as_ref().filter(|suspicion| etag::is_same(&suspicion.checksum, &self.checksum));
        match same_version {
            Some(suspicion) if suspicion.received == received => {
                self.repository.add_unreliable_md5s();
                tracing::warn!(
                    repository,
                    action,
                    md5,
                    "the checksum of the object is not the MD5 of its bytes: two reads returned the same bytes; from \
                     now on, bytes from this repository that do not have the checksum are accepted"
                );
                Ok(false)
            }
            Some(_) => {
                let message = format!(
                    "{mismatch}, and another read returned other bytes; `.verify(false)` reads without verification"
                );
                Err(failed(action, message))
            }
            None if self.on_mismatch == OnMismatch::Accept => {
                tracing::warn!(
                    repository,
                    action,
                    md5,
                    "the bytes that were read do not have the MD5 of the object: they are wrong, or its checksum is no \
                     MD5; read with Verify::Strict to get an error"
                );
                Ok(false)
            }
            None => {
                let reads = self.suspicion.as_ref().map_or(0, |suspicion| suspicion.reads) + 1;
                let suspicion = Suspicion { checksum: self.checksum.clone(), received, size, reads };
                Err(failed(action, mismatch).with_source(suspicion))
            }
        }
    }
}

fn failed(action: &str, message: String) -> Error {
    Error::new(ErrorKind::Integrity, action, message).during("get_object", String::new)
}

/// Verifies bytes that another thread hashes in order.
#[cfg(feature = "fs")]
pub(crate) struct Verifier {
    verification: Verification,
    hash: ChecksumVerifier,
}

#[cfg(feature = "fs")]
impl Verifier {
    pub(crate) fn new(verification: Verification) -> Option<Self> {
        let hash = verification.hash()?;
        Some(Self { verification, hash })
    }

    /// Returns a strict verifier of an object of `size` bytes with this MD5.
    #[cfg(test)]
    pub(crate) fn of_md5(md5: &str, size: u64) -> Self {
        Self::new(Verification::of_md5(md5, size, Verify::Strict, OnMismatch::Fail)).unwrap()
    }

    /// Hashes the next bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    /// Decides about an object of `size` bytes, all of which were hashed. Returns whether they are verified.
    ///
    /// # Errors
    /// The bytes are wrong, or have to be read again; see [`Suspicion::of`].
    pub(crate) fn finish(self, size: u64, action: &str) -> Result<bool> {
        self.verification.judge(self.hash.finish(), size, action)
    }
}

/// Verifies the bytes of a reader, which may skip some or read some twice.
#[derive(Debug)]
pub(crate) struct StreamVerifier {
    verification: Verification,
    hasher: Hasher<ChecksumVerifier>,
    /// The position of the next byte. `None` once bytes were skipped, because there is nothing to compare then.
    position: Option<u64>,
}

impl StreamVerifier {
    pub(crate) fn new(verification: Verification) -> Option<Self> {
        let hasher = Hasher::new(verification.hash()?);
        Some(Self { verification, hasher, position: Some(0) })
    }

    /// Returns what the bytes are verified against.
    #[cfg(feature = "fs")]
    pub(crate) fn verification(&self) -> &Verification {
        &self.verification
    }

    /// Adds bytes that are at position `start` of the object. At position 0, it starts again.
    pub(crate) fn add(&mut self, start: u64, bytes: &Bytes) {
        if start == 0 && self.position != Some(0) {
            (self.position, self.hasher) = match self.verification.hash() {
                Some(hash) => (Some(0), Hasher::new(hash)),
                None => return,
            };
        }
        self.position = self.position.filter(|position| *position == start);
        if let Some(position) = &mut self.position {
            *position += bytes.len() as u64;
            self.hasher.add(bytes.clone());
        }
    }

    /// Waits while too many bytes wait to be hashed.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>, action: &str) -> Poll<Result<()>> {
        if self.position.is_none() {
            return Poll::Ready(Ok(()));
        }
        self.hasher.poll_ready(cx).map_err(|error| hashing_failed(action, error))
    }

    /// Decides about an object of `size` bytes, if all of them have arrived in order. Returns whether they are verified,
    /// and `None` if there is nothing to decide, as in a second call.
    ///
    /// # Errors
    /// The bytes are wrong, or have to be read again; see [`Suspicion::of`].
    pub(crate) fn poll_finish(
        &mut self,
        cx: &mut Context<'_>,
        size: u64,
        action: &str,
    ) -> Poll<Result<Option<bool>>> {
        if self.position != Some(size) {
            return Poll::Ready(Ok(None));
        }
        let hash = ready!(self.hasher.poll_finish(cx)).map_err(|error| hashing_failed(action, error));
        self.position = None;
        Poll::Ready(hash.and_then(|hash| self.verification.judge(hash.finish(), size, action)).map(Some))
    }
}

fn hashing_failed(action: &str, error: io::Error) -> Error {
    Error::io(action, "the received bytes cannot be hashed", error).during("get_object", String::new)
}
