//! The data of an upload, ready to be sent.

use std::io;
#[cfg(feature = "fs")]
use std::ops::Range;

use crate::http::request_body::{Chunks, RequestBody};
use crate::transfer::md5::{Md5, Md5Digest};
#[cfg(feature = "fs")]
use crate::transfer::write::file_source::FileSource;
use crate::transfer::write::tally::Tally;
use crate::transfer::{CHUNK_SIZE, blocking};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};

/// The data of an upload.
pub(crate) enum Payload {
    /// Data that can be sent several times.
    Replayable(Replayable),
    /// Data that can be sent only once. A stream with a known length fails if it yields more or fewer bytes.
    OneShot(Chunks, Option<u64>),
}

impl Payload {
    /// Returns the number of bytes, if it is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::Replayable(data) => Some(data.length()),
            Self::OneShot(_, length) => *length,
        }
    }

    /// Returns a request body whose bytes are added to the tally when they are sent.
    pub(crate) fn into_request_body(self, tally: &Tally) -> RequestBody {
        match self {
            Self::Replayable(data) => data.into_request_body(tally),
            Self::OneShot(chunks, length) => {
                tally.begin();
                let tally = tally.clone();
                let chunks = chunks.inspect_ok(move |chunk| tally.add(chunk));
                // With a length of 0, the stream would not be polled, so excess bytes would not be noticed.
                RequestBody::one_shot(chunks.boxed(), length.filter(|length| *length > 0))
            }
        }
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

    /// Computes the MD5, on the blocking thread pool.
    pub(crate) async fn md5(&self) -> io::Result<Md5Digest> {
        let this = self.clone();
        blocking(move || match this {
            Self::Bytes(bytes) => Ok(Md5::digest(&bytes)),
            #[cfg(feature = "fs")]
            Self::File(source, range) => {
                let (mut md5, mut failure) = (Md5::new(), None);
                source.read(range, |chunk| match chunk {
                    Ok(chunk) => {
                        md5.update(&chunk);
                        true
                    }
                    Err(error) => {
                        failure = Some(error);
                        false
                    }
                });
                failure.map_or_else(|| Ok(md5.finalize()), Err)
            }
        })
        .await
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

    /// Returns a request body whose bytes are added to the tally when they are sent.
    pub(crate) fn into_request_body(self, tally: &Tally) -> RequestBody {
        let tally = tally.clone();
        RequestBody::Replayable(Box::new(move || {
            let length = self.length();
            tally.begin();
            let chunks = match &self {
                Self::Bytes(bytes) => chunks(bytes.clone(), tally.clone()),
                #[cfg(feature = "fs")]
                Self::File(source, range) => source.chunks(range.clone(), tally.clone()),
            };
            (chunks, length)
        }))
    }
}

/// Splits bytes into chunks, so that progress is reported in small steps.
fn chunks(bytes: Bytes, tally: Tally) -> Chunks {
    stream::unfold(bytes, move |mut remaining| {
        let chunk = remaining.split_to(remaining.len().min(CHUNK_SIZE));
        tally.add(&chunk);
        std::future::ready((!chunk.is_empty()).then_some((Ok(chunk), remaining)))
    })
    .boxed()
}
