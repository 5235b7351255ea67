//! A file as the source of an upload.

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
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::http::request_body::Chunks;
use crate::transfer::write::tally::Tally;
use crate::transfer::{CHUNK_SIZE, blocking};

/// How many chunks may wait to be sent.
const CHUNKS_AHEAD: usize = 4;

/// An open file, which is read at any position. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct FileSource(Arc<OpenFile>);

#[derive(Debug)]
struct OpenFile {
    file: File,
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

impl FileSource {
    pub(crate) async fn open(path: &Path) -> io::Result<Self> {
        let path = path.to_owned();
        blocking(move || {
            let file = File::open(&path).map_err(|error| with_path(&path, &error))?;
            Self::of_file(file, path)
        })
        .await
    }

    /// A file that is open already.
    pub(crate) async fn opened(file: File, path: PathBuf) -> io::Result<Self> {
        blocking(move || Self::of_file(file, path)).await
    }

    fn of_file(file: File, path: PathBuf) -> io::Result<Self> {
        let metadata = file.metadata().map_err(|error| with_path(&path, &error))?;
        if metadata.is_dir() {
            return Err(with_path(&path, &io::ErrorKind::IsADirectory.into()));
        }
        Ok(Self(Arc::new(OpenFile {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            file,
            path,
        })))
    }

    /// Returns the length of the file when it was opened. Bytes that are appended later are not sent.
    pub(crate) fn length(&self) -> u64 {
        self.0.length
    }

    /// Fails if the file changed after it was opened, because the bytes that were sent may be a mix of both versions.
    pub(crate) async fn ensure_unchanged(&self) -> io::Result<()> {
        let this = self.clone();
        blocking(move || {
            let OpenFile { file, path, length, modified } = &*this.0;
            let metadata = file.metadata().map_err(|error| with_path(path, &error))?;
            if (metadata.len(), metadata.modified().ok()) == (*length, *modified) {
                return Ok(());
            }
            Err(with_path(path, &io::Error::other("the file changed during the upload; upload it again")))
        })
        .await
    }

    /// Returns the chunks of a range, which are read and counted on a thread of their own.
    pub(crate) fn chunks(&self, range: Range<u64>, tally: Tally) -> Chunks {
        let this = self.clone();
        let (sender, mut chunks) = mpsc::channel(CHUNKS_AHEAD);
        spawn_blocking(move || {
            let mut has_failed = false;
            this.read(range, |chunk| {
                if let Ok(chunk) = &chunk {
                    tally.add(chunk);
                }
                has_failed |= chunk.is_err();
                // The receiver is gone after the attempt has ended.
                sender.blocking_send(chunk).is_ok() && !has_failed
            });
        });
        stream::poll_fn(move |cx| chunks.poll_recv(cx)).boxed()
    }

    /// Reads a range, and passes each chunk to `consume` until it returns `false`.
    pub(crate) fn read(&self, range: Range<u64>, mut consume: impl FnMut(io::Result<Bytes>) -> bool) {
        let OpenFile { file, path, .. } = &*self.0;
        let mut position = range.start;
        while position < range.end {
            let length = usize::try_from(range.end - position).unwrap_or(CHUNK_SIZE).min(CHUNK_SIZE);
            let mut chunk = vec![0; length];
            let chunk = match read_at(file, &mut chunk, position) {
                Ok(0) => Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the file became shorter during the upload; upload it again",
                )),
                Ok(read) => {
                    chunk.truncate(read);
                    position += read as u64;
                    Ok(Bytes::from(chunk))
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            if !consume(chunk.map_err(|error| with_path(path, &error))) {
                return;
            }
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, chunk: &mut [u8], position: u64) -> io::Result<usize> {
    file.read_at(chunk, position)
}

#[cfg(windows)]
fn read_at(file: &File, chunk: &mut [u8], position: u64) -> io::Result<usize> {
    file.seek_read(chunk, position)
}

fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
