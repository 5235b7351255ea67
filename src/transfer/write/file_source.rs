//! A file as the source of an upload.

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::http::request_body::Chunks;
use crate::transfer::positioned::read_at;
use crate::transfer::write::special_file;
use crate::transfer::write::tally::AttemptTally;
use crate::transfer::{CHUNK_SIZE, blocking, with_path};

/// An open file that is read at any position. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct FileSource(Arc<OpenFile>);

#[derive(Debug)]
struct OpenFile {
    file: File,
    path: PathBuf,
    version: FileVersion,
}

/// An open file.
pub(crate) enum Source {
    /// A regular file, whose length is known.
    Regular(FileSource),
    /// The bytes of a file whose length is unknown.
    Stream(Chunks),
}

/// What changes when a file is written.
#[derive(Debug, PartialEq, Eq)]
struct FileVersion {
    length: u64,
    modified: Option<SystemTime>,
    /// When the content or the metadata changed, in seconds and nanoseconds. Programs can set the other time.
    changed: Option<(i64, i64)>,
}

impl FileVersion {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt as _;
            Some((metadata.ctime(), metadata.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let changed = None;
        Self { length: metadata.len(), modified: metadata.modified().ok(), changed }
    }
}

/// Opens a file. A regular file is read at any position; any other file is a stream.
pub(crate) async fn open(path: &Path) -> io::Result<Source> {
    let path = path.to_owned();
    blocking({
        let path = path.clone();
        move || open_blocking(&path).map_err(|error| with_path(&path, &error))
    })
    .await
    .and_then(|opened| match opened {
        Opened::Regular(file, version) => {
            Ok(Source::Regular(FileSource(Arc::new(OpenFile { file, path, version }))))
        }
        Opened::Special(file, first) => special_file::chunks(file, path, first).map(Source::Stream),
    })
}

enum Opened {
    Regular(File, FileVersion),
    /// A file that is read as a stream, and its first bytes if they were read already.
    Special(File, Bytes),
}

fn open_blocking(path: &Path) -> io::Result<Opened> {
    let file = special_file::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Ok(Opened::Special(file, Bytes::new()));
    }
    if metadata.len() == 0 {
        // The files of `/proc` have no length, but bytes.
        match special_file::read_block(&file, CHUNK_SIZE) {
            Ok(first) if first.is_empty() => {}
            Ok(first) => return Ok(Opened::Special(file, first)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Ok(Opened::Special(file, Bytes::new()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Opened::Regular(file, FileVersion::of(&metadata)))
}

impl FileSource {
    /// A regular file that is open already.
    pub(crate) async fn opened(file: File, path: PathBuf) -> io::Result<Self> {
        blocking(move || {
            let metadata = file.metadata().map_err(|error| with_path(&path, &error))?;
            Ok(Self(Arc::new(OpenFile { file, path, version: FileVersion::of(&metadata) })))
        })
        .await
    }

    /// Returns the length of the file when it was opened.
    pub(crate) fn length(&self) -> u64 {
        self.0.version.length
    }

    /// Fails if the file changed after it was opened, because the bytes that were sent may be a mix of both versions.
    pub(crate) async fn ensure_unchanged(&self) -> io::Result<()> {
        let this = self.clone();
        blocking(move || this.check_unchanged()).await
    }

    fn check_unchanged(&self) -> io::Result<()> {
        let OpenFile { file, path, version } = &*self.0;
        let metadata = file.metadata().map_err(|error| with_path(path, &error))?;
        if FileVersion::of(&metadata) == *version {
            return Ok(());
        }
        Err(with_path(path, &io::Error::other("the file changed during the upload; upload it again")))
    }

    /// Returns the chunks of a range, which are read, hashed and counted in jobs on the blocking thread pool. The last one
    /// is preceded by a check whether the file has changed.
    pub(crate) fn chunks(&self, range: Range<u64>, tally: AttemptTally) -> Chunks {
        let mut blocks = Blocks { source: self.clone(), tally, remaining: range, reading: None };
        stream::poll_fn(move |cx| blocks.poll_next(cx)).boxed()
    }

    /// Reads the next bytes from `position` on, and none from `end` on.
    pub(crate) fn read(&self, position: u64, end: u64) -> io::Result<Bytes> {
        let OpenFile { file, path, version } = &*self.0;
        let length = usize::try_from(end - position).unwrap_or(CHUNK_SIZE).min(CHUNK_SIZE);
        let mut chunk = vec![0; length];
        loop {
            match read_at(file, &mut chunk, position) {
                Ok(0) if length > 0 => {
                    let message = format!(
                        "the file has {position} bytes, and had a length of {} when it was opened; upload it again, or \
                         send it with `Body::reader`",
                        version.length
                    );
                    let error = io::Error::new(io::ErrorKind::UnexpectedEof, message);
                    return Err(with_path(path, &error));
                }
                Ok(read) => {
                    chunk.truncate(read);
                    return Ok(chunk.into());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(with_path(path, &error)),
            }
        }
    }
}

/// Reads a range one block ahead.
struct Blocks {
    source: FileSource,
    tally: AttemptTally,
    /// What no job was started for.
    remaining: Range<u64>,
    reading: Option<JoinHandle<io::Result<(Bytes, u64)>>>,
}

impl Blocks {
    /// Starts the job that reads the next block, if there is one.
    fn start(&mut self) {
        let Range { start, end } = self.remaining;
        if start == end {
            return;
        }
        let (source, tally) = (self.source.clone(), self.tally.clone());
        self.reading = Some(spawn_blocking(move || {
            let block = source.read(start, end)?;
            tally.add(&block);
            let next = start + block.len() as u64;
            if next == end {
                source.check_unchanged()?;
            }
            Ok((block, next))
        }));
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.reading.is_none() {
            self.start();
        }
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let read = ready!(Pin::new(reading).poll(cx)).map_err(io::Error::other).and_then(|read| read);
        self.reading = None;
        Poll::Ready(Some(match read {
            Ok((block, next)) => {
                self.remaining.start = next;
                self.start();
                Ok(block)
            }
            Err(error) => {
                self.remaining.start = self.remaining.end;
                Err(error)
            }
        }))
    }
}
