//! What has been sent of a body.

use std::sync::{Arc, Mutex, PoisonError};

use md5::{Digest as _, Md5};

use crate::Progress;
use crate::models::ObjectStats;
use crate::transfer::digest::{hex, is_md5};
use crate::{Error, ErrorKind, Result};

/// Counts and hashes the bytes of a body as they are sent, and tells of them. An attempt begins anew.
#[derive(Clone)]
pub(crate) struct Sent {
    progress: Progress,
    hashing: bool,
    attempt: Arc<Mutex<Option<Attempt>>>,
}

#[derive(Default)]
struct Attempt {
    bytes: u64,
    digest: Md5,
}

impl Sent {
    pub(crate) fn new(progress: Progress) -> Self {
        Self { progress, hashing: true, attempt: Arc::default() }
    }

    /// For bytes of which the MD5 is known.
    pub(crate) fn unhashed(progress: Progress) -> Self {
        Self { hashing: false, ..Self::new(progress) }
    }

    /// An attempt begins.
    pub(crate) fn begin(&self) {
        if let Some(last) = self.with(|attempt| attempt.replace(Attempt::default())) {
            self.progress.retract(last.bytes);
        }
    }

    /// Nothing of it counts, as it has not arrived.
    pub(crate) fn take_back(&self) {
        if let Some(last) = self.with(Option::take) {
            self.progress.retract(last.bytes);
        }
    }

    /// Bytes are sent.
    pub(crate) fn take(&self, chunk: &[u8]) {
        self.with(|attempt| {
            let attempt = attempt.get_or_insert_default();
            attempt.bytes += chunk.len() as u64;
            if self.hashing {
                attempt.digest.update(chunk);
            }
        });
        self.progress.advance(chunk.len() as u64);
    }

    /// How many bytes were sent last, and their MD5.
    pub(crate) fn last(&self) -> Option<(u64, String)> {
        let last = |attempt: &Attempt| (attempt.bytes, attempt.digest.clone().finalize());
        let (bytes, digest) = self.with(|attempt| attempt.as_ref().map(last))?;
        Some((bytes, hex(&digest)))
    }

    /// Whether the object is certainly what was sent last.
    pub(crate) fn is(&self, stats: &ObjectStats) -> bool {
        self.last().is_some_and(|(bytes, md5)| {
            stats.size_bytes.and_then(|size| u64::try_from(size).ok()) == Some(bytes)
                && stats.checksum.eq_ignore_ascii_case(&md5)
        })
    }

    /// Holds what the server says that it has written against what was sent. A checksum that is no MD5 says nothing.
    pub(crate) fn verify(&self, stats: &ObjectStats, action: &str) -> Result<()> {
        let Some((bytes, md5)) = self.last() else { return Ok(()) };
        let checksum = &stats.checksum;
        let why = match stats.size_bytes {
            Some(size) if u64::try_from(size) != Ok(bytes) => {
                format!("{bytes} bytes were sent, the object has {size}")
            }
            _ if is_md5(checksum) && !checksum.eq_ignore_ascii_case(&md5) => {
                format!("the bytes that were sent have the MD5 {md5}, the object has {checksum}")
            }
            _ => return Ok(()),
        };
        let message = format!("{why}; it was written all the same");
        Err(Error::new(ErrorKind::Integrity, action, message).during("upload_object", String::new))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Option<Attempt>) -> T) -> T {
        look(&mut self.attempt.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
