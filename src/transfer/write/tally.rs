//! Counts and hashes the bytes of a request body.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::models::ObjectStats;
use crate::transfer::digest::hex;
use crate::transfer::etag::{Comparison, compare_with_md5};
use crate::transfer::md5::{Md5, Md5Digest};
use crate::transfer::progress::Progress;

/// Counts and hashes the bytes of a body while they are sent, and reports them to the progress. Each attempt starts from zero.
#[derive(Clone)]
pub(crate) struct Tally {
    progress: Progress,
    hashes: bool,
    attempt: Arc<Mutex<Option<Attempt>>>,
}

#[derive(Default)]
struct Attempt {
    bytes: u64,
    md5: Md5,
    /// The MD5 of the bytes, once it was asked for.
    digest: Option<Md5Digest>,
}

impl Tally {
    pub(crate) fn new(progress: Progress) -> Self {
        Self { progress, hashes: true, attempt: Arc::default() }
    }

    /// Counts without hashing, for bytes whose MD5 is known.
    pub(crate) fn unhashed(progress: Progress) -> Self {
        Self { hashes: false, ..Self::new(progress) }
    }

    /// Starts an attempt. The bytes of the one before no longer count.
    pub(crate) fn begin(&self) {
        if let Some(previous) = self.with(|attempt| attempt.replace(Attempt::default())) {
            self.progress.retract(previous.bytes);
        }
    }

    /// Discards the last attempt, because its bytes did not arrive.
    pub(crate) fn discard(&self) {
        if let Some(previous) = self.with(Option::take) {
            self.progress.retract(previous.bytes);
        }
    }

    /// Adds bytes that are sent.
    pub(crate) fn add(&self, chunk: &[u8]) {
        self.with(|attempt| {
            let attempt = attempt.get_or_insert_default();
            attempt.bytes += chunk.len() as u64;
            if self.hashes {
                attempt.md5.update(chunk);
            }
        });
        self.progress.advance(chunk.len() as u64);
    }

    /// Returns how many bytes the last attempt sent, and their MD5 in hexadecimal.
    pub(crate) fn last_attempt(&self) -> Option<(u64, String)> {
        let last = |attempt: &mut Attempt| {
            let Attempt { bytes, md5, digest } = attempt;
            (*bytes, *digest.get_or_insert_with(|| md5.finalize_reset()))
        };
        let (bytes, digest) = self.with(|attempt| attempt.as_mut().map(last))?;
        Some((bytes, hex(&digest)))
    }

    /// Whether an object certainly has the bytes that were sent last.
    pub(crate) fn is_object(&self, stats: &ObjectStats) -> bool {
        self.last_attempt().is_some_and(|(bytes, md5)| {
            stats.size_bytes.and_then(|size| u64::try_from(size).ok()) == Some(bytes)
                && compare_with_md5(&stats.checksum, &md5) == Comparison::Equal
        })
    }

    /// Verifies the size and the checksum of the created object against the bytes that were sent.
    pub(crate) fn verify(&self, stats: &ObjectStats, action: &str) -> Result<()> {
        let Some((bytes, md5)) = self.last_attempt() else { return Ok(()) };
        let checksum = &stats.checksum;
        let why = match stats.size_bytes {
            Some(size) if u64::try_from(size) != Ok(bytes) => {
                format!("{bytes} bytes were sent, but the object has {size}")
            }
            _ if compare_with_md5(checksum, &md5) == Comparison::Different => {
                format!("the bytes that were sent have the MD5 {md5}, but the object has {checksum}")
            }
            _ => return Ok(()),
        };
        let message = format!("{why}; the object was created nevertheless");
        Err(Error::new(ErrorKind::Integrity, action, message).during("upload_object", String::new))
    }

    fn with<T>(&self, access: impl FnOnce(&mut Option<Attempt>) -> T) -> T {
        access(&mut self.attempt.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
