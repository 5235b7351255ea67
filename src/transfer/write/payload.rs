//! Data that can be sent as often as it takes.

use std::fs::File;
use std::io;
use std::ops::Range;
#[cfg(unix)]
use std::os::unix::fs::FileExt as _;
#[cfg(windows)]
use std::os::windows::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use md5::digest::Output;
use md5::{Digest as _, Md5};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::http::request_body::{Chunks, RequestBody};
use crate::transfer::blocking;
use crate::transfer::write::body::CHUNK;
use crate::transfer::write::tally::Sent;

/// How many chunks of a file may wait to be sent.
const AHEAD: usize = 4;

/// A file that is open, and is read from any place.
#[derive(Clone, Debug)]
pub(crate) struct Source(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    file: File,
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

impl Source {
    pub(crate) async fn open(path: &Path) -> io::Result<Self> {
        let path = path.to_owned();
        blocking(move || {
            let open = || {
                let file = File::open(&path)?;
                let metadata = file.metadata()?;
                if metadata.is_dir() {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                Ok((file, metadata.len(), metadata.modified().ok()))
            };
            let (file, length, modified) = open().map_err(|error| about(&path, &error))?;
            Ok(Self(Arc::new(Opened { file, path, length, modified })))
        })
        .await
    }

    /// How long it was when it was opened. It is sent as long as that, whether it grows or not.
    pub(crate) fn length(&self) -> u64 {
        self.0.length
    }

    /// Fails if the file was written to since it was opened: then what was read of it may be of several versions.
    pub(crate) async fn same(&self) -> io::Result<()> {
        let this = self.clone();
        blocking(move || {
            let Opened { file, path, length, modified } = &*this.0;
            let now = file.metadata().map_err(|error| about(path, &error))?;
            if (now.len(), now.modified().ok()) == (*length, *modified) {
                return Ok(());
            }
            Err(about(path, &io::Error::other("it was changed while it was sent")))
        })
        .await
    }

    /// The bytes, read and told of on a thread of their own, so that the one that sends only sends.
    pub(crate) fn chunks(&self, bytes: Range<u64>, sent: Sent) -> Chunks {
        let this = self.clone();
        let (sender, mut chunks) = mpsc::channel(AHEAD);
        spawn_blocking(move || {
            let mut failed = false;
            this.read(bytes, |chunk| {
                if let Ok(chunk) = &chunk {
                    sent.take(chunk);
                }
                failed |= chunk.is_err();
                // Nobody wants more of it when the attempt has ended.
                sender.blocking_send(chunk).is_ok() && !failed
            });
        });
        stream::poll_fn(move |cx| chunks.poll_recv(cx)).boxed()
    }

    /// Reads from one place to another, for as long as there is somebody who takes what is read.
    fn read(&self, bytes: Range<u64>, mut take: impl FnMut(io::Result<Bytes>) -> bool) {
        let Opened { file, path, .. } = &*self.0;
        let mut at = bytes.start;
        while at < bytes.end {
            let most = usize::try_from(bytes.end - at).unwrap_or(CHUNK).min(CHUNK);
            let mut chunk = vec![0; most];
            let chunk = match read_at(file, &mut chunk, at) {
                Ok(0) => {
                    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was sent"))
                }
                Ok(read) => {
                    chunk.truncate(read);
                    at += read as u64;
                    Ok(Bytes::from(chunk))
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            if !take(chunk.map_err(|error| about(path, &error))) {
                return;
            }
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, chunk: &mut [u8], at: u64) -> io::Result<usize> {
    file.read_at(chunk, at)
}

#[cfg(windows)]
fn read_at(file: &File, chunk: &mut [u8], at: u64) -> io::Result<usize> {
    file.seek_read(chunk, at)
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Bytes in memory or of a file.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Bytes(Bytes),
    File(Source, Range<u64>),
}

impl Piece {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, bytes) => bytes.end - bytes.start,
        }
    }

    /// A part of it, from here on; less than asked for at the end.
    pub(crate) fn part(&self, start: u64, length: u64) -> Self {
        let end = (start + length).min(self.length());
        match self {
            // What is in memory has a length that fits.
            Self::Bytes(bytes) => {
                let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                Self::Bytes(bytes.slice(place(start)..place(end)))
            }
            Self::File(source, bytes) => Self::File(source.clone(), bytes.start + start..bytes.start + end),
        }
    }

    /// Its MD5, computed where it holds up nobody.
    pub(crate) async fn digest(&self) -> io::Result<Output<Md5>> {
        let this = self.clone();
        blocking(move || match this {
            Self::Bytes(bytes) => Ok(Md5::digest(&bytes)),
            Self::File(source, bytes) => {
                let (mut digest, mut failure) = (Md5::new(), None);
                source.read(bytes, |chunk| match chunk {
                    Ok(chunk) => {
                        digest.update(&chunk);
                        true
                    }
                    Err(error) => {
                        failure = Some(error);
                        false
                    }
                });
                failure.map_or_else(|| Ok(digest.finalize()), Err)
            }
        })
        .await
    }

    /// The piece as the transport takes it; what is sent of it is told.
    pub(crate) fn into_outgoing(self, sent: &Sent) -> RequestBody {
        let sent = sent.clone();
        RequestBody::Replayable(Box::new(move || {
            let length = self.length();
            sent.begin();
            let chunks = match &self {
                Self::Bytes(bytes) => slices(bytes.clone(), sent.clone()),
                Self::File(source, bytes) => source.chunks(bytes.clone(), sent.clone()),
            };
            (chunks, length)
        }))
    }
}

/// Bytes in pieces, so that it is seen how they get on.
fn slices(bytes: Bytes, sent: Sent) -> Chunks {
    stream::unfold(bytes, move |mut left| {
        let chunk = left.split_to(left.len().min(CHUNK));
        sent.take(&chunk);
        std::future::ready((!chunk.is_empty()).then_some((Ok(chunk), left)))
    })
    .boxed()
}
