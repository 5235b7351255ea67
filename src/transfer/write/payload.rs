//! The data of an upload, ready to be sent.

use std::io;
#[cfg(feature = "fs")]
use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt as _, stream};

use crate::http::request_body::{BodySource, Chunks, RequestBody};
use crate::transfer::hasher::MAX_INLINE;
use crate::transfer::md5::{Md5, Md5Digest};
use crate::transfer::part_size::MAX_REQUEST_LENGTH;
#[cfg(feature = "fs")]
use crate::transfer::write::file_source::FileSource;
use crate::transfer::write::replay::ReplayableStream;
use crate::transfer::write::tally::Tally;
use crate::transfer::{CHUNK_SIZE, blocking};

/// How many bytes a job hashes.
const HASH_JOB: u64 = 1024 * 1024;

/// The data of an upload.
#[derive(Clone)]
pub(crate) enum Payload {
    /// Data that can be sent several times.
    Replayable(Replayable),
    /// Data that can be read only once. A stream with a known length fails if it yields more or fewer bytes.
    OneShot(ReplayableStream),
}

impl Payload {
    /// Returns the number of bytes, if it is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::Replayable(data) => Some(data.length()),
            Self::OneShot(stream) => stream.length(),
        }
    }

    /// Returns the number of bytes, if it is known by now.
    pub(crate) fn total(&self) -> Option<u64> {
        match self {
            Self::Replayable(data) => Some(data.length()),
            Self::OneShot(stream) => stream.total(),
        }
    }

    /// Returns why the data cannot be sent again, if that is so.
    pub(crate) fn lost(&self) -> Option<String> {
        match self {
            Self::Replayable(_) => None,
            Self::OneShot(stream) => stream.lost(),
        }
    }

    /// Returns a request body whose bytes are added to the tally when they are sent.
    pub(crate) fn into_request_body(self, tally: &Tally) -> RequestBody {
        RequestBody::new(TalliedBody { payload: self, tally: tally.clone() })
    }
}

/// A request body whose bytes are added to a tally.
struct TalliedBody {
    payload: Payload,
    tally: Tally,
}

impl BodySource for TalliedBody {
    fn open(&self) -> (Chunks, Option<u64>) {
        // lakeFS writes a body of known length with one request to its storage, and one of unknown length in parts.
        let length = self.payload.length().filter(|length| *length <= MAX_REQUEST_LENGTH);
        match &self.payload {
            Payload::Replayable(Replayable::Bytes(bytes)) => {
                (self.tally.begin_in_jobs().wrap(chunks(bytes.clone())), length)
            }
            #[cfg(feature = "fs")]
            Payload::Replayable(Replayable::File(source, range)) => {
                (source.chunks(range.clone(), self.tally.begin()), length)
            }
            // With a length of 0, the stream would not be polled, so excess bytes would not be noticed.
            Payload::OneShot(stream) => {
                (self.tally.begin_in_jobs().wrap(stream.open()), length.filter(|length| *length > 0))
            }
        }
    }

    fn lost(&self) -> Option<String> {
        self.payload.lost()
    }
}

/// Data that can be sent several times.
#[derive(Clone, Debug)]
pub(crate) enum Replayable {
    Bytes(Bytes),
    /// A range of a file.
    #[cfg(feature = "fs")]
    File(FileSource, Range<u64>),
}

impl Replayable {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            #[cfg(feature = "fs")]
            Self::File(_, range) => range.end - range.start,
        }
    }

    /// Returns `length` bytes from `start` on, or fewer at the end.
    pub(crate) fn slice(&self, start: u64, length: u64) -> Self {
        let end = (start + length).min(self.length());
        match self {
            Self::Bytes(bytes) => {
                // Positions in memory fit into `usize`.
                let index = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
                Self::Bytes(bytes.slice(index(start)..index(end)))
            }
            #[cfg(feature = "fs")]
            Self::File(source, range) => Self::File(source.clone(), range.start + start..range.start + end),
        }
    }

    /// Computes the MD5, in jobs on the blocking thread pool.
    pub(crate) async fn md5(&self) -> io::Result<Md5Digest> {
        let (mut md5, mut position) = (Md5::new(), 0);
        match self {
            Self::Bytes(bytes) if bytes.len() <= MAX_INLINE => return Ok(Md5::digest(bytes)),
            Self::Bytes(_) => {}
            #[cfg(feature = "fs")]
            Self::File(..) => {}
        }
        while position < self.length() {
            let part = self.slice(position, HASH_JOB);
            position += part.length();
            md5 = blocking(move || {
                part.hash(&mut md5)?;
                Ok(md5)
            })
            .await?;
        }
        Ok(md5.finalize())
    }

    /// Adds the bytes to a hash.
    #[cfg_attr(not(feature = "fs"), allow(clippy::unnecessary_wraps, reason = "only files can fail"))]
    fn hash(&self, md5: &mut Md5) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => md5.update(bytes),
            #[cfg(feature = "fs")]
            Self::File(source, range) => {
                let mut position = range.start;
                while position < range.end {
                    let block = source.read(position, range.end)?;
                    md5.update(&block);
                    position += block.len() as u64;
                }
            }
        }
        Ok(())
    }

    /// Fails if the data changed after the upload began.
    #[cfg_attr(
        not(feature = "fs"),
        allow(clippy::unused_async, reason = "only files are checked asynchronously")
    )]
    pub(crate) async fn ensure_unchanged(&self) -> io::Result<()> {
        match self {
            Self::Bytes(_) => Ok(()),
            #[cfg(feature = "fs")]
            Self::File(source, _) => source.ensure_unchanged().await,
        }
    }
}

/// Splits bytes into chunks, so that progress is reported in small steps.
fn chunks(bytes: Bytes) -> Chunks {
    stream::unfold(bytes, move |mut remaining| {
        let chunk = remaining.split_to(remaining.len().min(CHUNK_SIZE));
        std::future::ready((!chunk.is_empty()).then_some((Ok(chunk), remaining)))
    })
    .boxed()
}
