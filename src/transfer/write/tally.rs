//! Counts and hashes the bytes of a request body.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};

use crate::error::{Error, ErrorKind, Result};
use crate::http::request_body::Chunks;
use crate::models::ObjectStats;
use crate::transfer::digest::hex;
use crate::transfer::etag::{Comparison, compare_with_md5};
use crate::transfer::hasher::Hasher;
use crate::transfer::md5::{Md5, Md5Digest};
use crate::transfer::progress::Progress;
use crate::verify::Verify;

/// Counts and hashes the bytes of a body while they are sent, and reports them to the progress. Each attempt starts from zero.
#[derive(Clone)]
pub(crate) struct Tally {
    progress: Progress,
    verify: Verify,
    /// Whether the bytes are hashed.
    hashes: bool,
    current: Arc<Mutex<Option<AttemptTally>>>,
}

/// The tally of one attempt. It does not count any more when the next attempt has started.
#[derive(Clone)]
pub(crate) struct AttemptTally {
    progress: Progress,
    state: Arc<Mutex<Attempt>>,
}

struct Attempt {
    bytes: u64,
    is_current: bool,
    hash: Hash,
}

enum Hash {
    /// The bytes are not hashed.
    None,
    /// The bytes are hashed by the thread that adds them.
    #[cfg_attr(not(feature = "fs"), allow(dead_code, reason = "only files are hashed so"))]
    Inline(Md5),
    Jobs(Hasher<Md5>),
    Digest(Md5Digest),
}

impl Tally {
    pub(crate) fn new(progress: Progress, verify: Verify) -> Self {
        Self { progress, verify, hashes: verify != Verify::Off, current: Arc::default() }
    }

    /// Hashes the bytes also if the created object is not verified.
    pub(crate) fn always_hashing(self) -> Self {
        Self { hashes: true, ..self }
    }

    /// Counts without hashing, for bytes whose MD5 is known.
    pub(crate) fn unhashed(progress: Progress) -> Self {
        Self { hashes: false, ..Self::new(progress, Verify::Off) }
    }

    /// Starts an attempt whose bytes are hashed by the threads that add them. The bytes of the one before no longer count.
    #[cfg(feature = "fs")]
    pub(crate) fn begin(&self) -> AttemptTally {
        self.begin_with(if self.hashes { Hash::Inline(Md5::new()) } else { Hash::None })
    }

    /// Starts an attempt whose bytes are hashed in jobs. The bytes of the one before no longer count.
    pub(crate) fn begin_in_jobs(&self) -> AttemptTally {
        self.begin_with(if self.hashes { Hash::Jobs(Hasher::new(Md5::new())) } else { Hash::None })
    }

    fn begin_with(&self, hash: Hash) -> AttemptTally {
        let state = Arc::new(Mutex::new(Attempt { bytes: 0, is_current: true, hash }));
        let attempt = AttemptTally { progress: self.progress.clone(), state };
        if let Some(previous) = self.replace(Some(attempt.clone())) {
            previous.end();
        }
        attempt
    }

    /// Returns a guard that discards the last attempt, because its bytes did not arrive.
    pub(crate) fn discard_on_drop(&self) -> DiscardOnDrop<'_> {
        DiscardOnDrop(Some(self))
    }

    /// Hashes what is left of the last attempt. Before that, its MD5 is not known.
    pub(crate) async fn finish(&self) -> io::Result<()> {
        let Some(attempt) = self.current() else { return Ok(()) };
        let hash = attempt.with(|attempt| std::mem::replace(&mut attempt.hash, Hash::None));
        let digest = match hash {
            Hash::None => return Ok(()),
            Hash::Inline(md5) => md5.finalize(),
            Hash::Jobs(hasher) => hasher.finish().await?.finalize(),
            Hash::Digest(digest) => digest,
        };
        attempt.with(|attempt| attempt.hash = Hash::Digest(digest));
        Ok(())
    }

    /// Returns how many bytes the last attempt sent, and their MD5 if they were hashed and the tally was finished.
    pub(crate) fn last_attempt(&self) -> Option<(u64, Option<Md5Digest>)> {
        Some(self.current()?.with(|attempt| match attempt.hash {
            Hash::Digest(digest) => (attempt.bytes, Some(digest)),
            _ => (attempt.bytes, None),
        }))
    }

    /// Verifies the size and the checksum of the created object against the bytes that were sent.
    pub(crate) fn verify(&self, stats: &ObjectStats, action: &str) -> Result<()> {
        let Some((bytes, md5)) = self.last_attempt() else { return Ok(()) };
        let checksum = &stats.checksum;
        let md5 = md5.filter(|_| self.verify != Verify::Off).map(|md5| hex(&md5));
        let why = match (stats.size_bytes, md5) {
            (Some(size), _) if u64::try_from(size) != Ok(bytes) => {
                format!("{bytes} bytes were sent, but the object has {size}")
            }
            (_, None) => return Ok(()),
            (_, Some(md5)) => match compare_with_md5(checksum, &md5) {
                Comparison::Different => {
                    format!("the bytes that were sent have the MD5 {md5}, but the object has {checksum}")
                }
                Comparison::Incomparable if self.verify == Verify::Strict => format!(
                    "the checksum {checksum:?} of the object is no MD5, so it cannot be compared with the bytes \
                     that were sent"
                ),
                Comparison::Incomparable | Comparison::Equal => return Ok(()),
            },
        };
        let message = format!("{why}; the object was created nevertheless");
        Err(Error::new(ErrorKind::Integrity, action, message).during("upload_object", String::new))
    }

    fn current(&self) -> Option<AttemptTally> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, attempt: Option<AttemptTally>) -> Option<AttemptTally> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, attempt)
    }
}

/// Discards the last attempt of a tally when it is dropped.
pub(crate) struct DiscardOnDrop<'a>(Option<&'a Tally>);

impl DiscardOnDrop<'_> {
    /// Keeps the attempt, because its bytes have arrived.
    pub(crate) fn keep(&mut self) {
        self.0 = None;
    }
}

impl Drop for DiscardOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(previous) = self.0.and_then(|tally| tally.replace(None)) {
            previous.end();
        }
    }
}

impl AttemptTally {
    /// Adds and hashes bytes that are sent, on a thread for blocking work.
    #[cfg(feature = "fs")]
    pub(crate) fn add(&self, chunk: &[u8]) {
        self.with(|attempt| {
            if let Hash::Inline(md5) = &mut attempt.hash {
                md5.update(chunk);
            }
            self.count(attempt, chunk.len() as u64);
        });
    }

    /// Adds the chunks of a stream when they are sent. They are hashed in jobs, and wait while too many are not hashed.
    pub(crate) fn wrap(self, mut chunks: Chunks) -> Chunks {
        stream::poll_fn(move |cx| {
            ready!(self.poll_ready(cx))?;
            let chunk = ready!(chunks.poll_next_unpin(cx));
            if let Some(Ok(chunk)) = &chunk {
                self.add_later(chunk);
            }
            Poll::Ready(chunk)
        })
        .boxed()
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|attempt| match &mut attempt.hash {
            Hash::Jobs(hasher) => hasher.poll_ready(cx),
            Hash::None | Hash::Inline(_) | Hash::Digest(_) => Poll::Ready(Ok(())),
        })
    }

    fn add_later(&self, chunk: &Bytes) {
        self.with(|attempt| {
            if let Hash::Jobs(hasher) = &mut attempt.hash {
                hasher.add(chunk.clone());
            }
            self.count(attempt, chunk.len() as u64);
        });
    }

    fn count(&self, attempt: &mut Attempt, bytes: u64) {
        if attempt.is_current {
            attempt.bytes += bytes;
            self.progress.advance(bytes);
        }
    }

    /// Ends the attempt, whose bytes no longer count.
    fn end(&self) {
        self.with(|attempt| {
            attempt.is_current = false;
            attempt.hash = Hash::None;
            self.progress.retract(attempt.bytes);
        });
    }

    fn with<T>(&self, access: impl FnOnce(&mut Attempt) -> T) -> T {
        access(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
