//! Downloads an object to a file.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures::future::{self, BoxFuture};
use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, Result};
use crate::macros::impl_into_future;
use crate::transfer::progress::Progress;
use crate::transfer::read::file_hasher::FileHasher;
use crate::transfer::read::get_object::GetObject;
use crate::transfer::read::md5_verifier::Md5Verifier;
use crate::transfer::read::reader::ObjectReader;
use crate::transfer::read::resumable_body::ResumableBody;
use crate::transfer::{blocking, etag, spool};

/// The default size of the ranges of a large object, in bytes.
const RANGE_SIZE: u64 = 16 * 1024 * 1024;

/// The default number of connections.
const CONCURRENCY: usize = 4;

/// The maximum number of ranges of an object that is read over one connection. More connections would not be faster.
const MIN_RANGES: u64 = 4;

/// The maximum size of an object that is buffered and written in one step, in bytes.
const MAX_BUFFERED: u64 = 256 * 1024;

/// How many chunks may wait to be written.
const CHUNKS_AHEAD: usize = 4;

/// How many bytes are written before the hasher is notified.
const NOTIFY_INTERVAL: u64 = 1024 * 1024;

/// Downloads an object to a file; see [`ReaderRequest::download_to`](crate::requests::ReaderRequest::download_to).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DownloadRequest {
    get: GetObject,
    path: PathBuf,
    range_size: u64,
    concurrency: usize,
    root: Option<Arc<Path>>,
    fsync: bool,
    expected: Option<(u64, String)>,
    modified: Option<SystemTime>,
}

impl DownloadRequest {
    pub(crate) fn new(get: GetObject, path: PathBuf) -> Self {
        Self {
            get,
            path,
            range_size: RANGE_SIZE,
            concurrency: CONCURRENCY,
            root: None,
            fsync: true,
            expected: None,
            modified: None,
        }
    }

    /// Downloads the file as one of many below a directory: creates the directories between, and follows no symbolic
    /// links there. `fsync` sets whether the file is flushed to the disk before it is renamed.
    pub(crate) fn below_root(mut self, root: Arc<Path>, fsync: bool) -> Self {
        (self.root, self.fsync) = (Some(root), fsync);
        self
    }

    /// Fails with [`Conflict`](ErrorKind::Conflict) if the object has another size or checksum, as when it changed after
    /// it was listed.
    pub(crate) fn expecting(mut self, size: u64, checksum: String) -> Self {
        self.expected = Some((size, checksum));
        self
    }

    /// Sets the modification time of the file.
    pub(crate) fn modified(mut self, time: Option<SystemTime>) -> Self {
        self.modified = time;
        self
    }

    /// Sets the number of connections over which a large object is downloaded. 0 counts as 1. Default: 4.
    pub fn concurrency(mut self, connections: usize) -> Self {
        self.concurrency = connections.max(1);
        self
    }

    /// Sets the size of the parts in which a large object is downloaded, in bytes. An object of at most four parts is
    /// downloaded over one connection. 0 counts as 1. Default: 16 MiB.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.range_size = bytes.max(1);
        self
    }

    async fn execute(self) -> Result<u64> {
        let reader = ObjectReader::open(self.get.clone()).await?;
        let action = reader.action().to_owned();
        if let Some((size, checksum)) = &self.expected {
            let is_expected = reader.etag().is_none_or(|etag| etag::is_of_checksum(etag, checksum))
                && reader.length().is_none_or(|length| length == *size);
            if !is_expected {
                let message = "the object changed after it was listed; download it again";
                return Err(
                    Error::new(ErrorKind::Conflict, action, message).during("get_object", String::new)
                );
            }
        }
        let destination = Destination {
            action,
            path: self.path.clone(),
            root: self.root.clone(),
            fsync: self.fsync,
            modified: self.modified,
        };
        match reader.length() {
            Some(length) if length <= MAX_BUFFERED => destination.write_buffered(reader).await,
            Some(length)
                if self.concurrency > 1
                    && length > MIN_RANGES.saturating_mul(self.range_size)
                    && reader.is_resumable() =>
            {
                self.download_ranges(reader, length, &destination).await
            }
            _ => self.download_stream(reader, &destination).await,
        }
    }

    /// Downloads the object over one connection.
    async fn download_stream(&self, mut reader: ObjectReader, destination: &Destination) -> Result<u64> {
        let temporary = destination.create().await?;
        let hasher = destination.hasher(reader.detach_verifier(), &temporary)?;
        let file = destination.reopen(&temporary)?;
        let length = destination.write(&mut reader, file, 0..u64::MAX, hasher.as_ref()).await?;
        destination.finish(temporary, hasher, length).await?;
        self.get.progress.finish_item();
        Ok(length)
    }

    /// Downloads the object over several connections, each of which writes its own ranges of the file.
    async fn download_ranges(
        &self,
        mut reader: ObjectReader,
        length: u64,
        destination: &Destination,
    ) -> Result<u64> {
        let temporary = destination.create().await?;
        let hasher = destination.hasher(reader.detach_verifier(), &temporary)?;
        let (start, progress) = (reader.start(), &self.get.progress);
        let version = reader.body_for_range(start..start);
        // The first range is read from the response that is open already.
        let mut reader = Some(reader);
        let (temporary_file, hasher_of_file) = (&temporary, hasher.as_ref());
        let download = |number: u64| -> BoxFuture<'_, Result<()>> {
            let from = number * self.range_size;
            let range = from..from.saturating_add(self.range_size).min(length);
            let reader = reader.take();
            let body = version.for_range(start + range.start..start + range.end);
            Box::pin(async move {
                let mut file = destination.reopen(temporary_file)?;
                if let Some(mut reader) = reader {
                    let received =
                        destination.write(&mut reader, file, range.clone(), hasher_of_file).await?;
                    // Bytes after the range arrive again, with their own range.
                    progress.retract(received.saturating_sub(range.end));
                } else {
                    file.seek(SeekFrom::Start(range.start)).map_err(|error| destination.failed(error))?;
                    let mut chunks = chunks(body, progress.clone());
                    destination.write(&mut chunks, file, range, hasher_of_file).await?;
                }
                Ok(())
            })
        };
        let downloads = stream::iter((0..length.div_ceil(self.range_size)).map(download));
        downloads.buffer_unordered(self.concurrency).try_collect::<()>().await?;
        destination.finish(temporary, hasher, length).await?;
        self.get.progress.finish_item();
        Ok(length)
    }
}

impl_into_future!(DownloadRequest { get } => u64);

/// Returns the chunks of a body, and reports them to `progress`.
fn chunks(mut body: ResumableBody, progress: Progress) -> impl Stream<Item = Result<Bytes>> + Unpin {
    stream::poll_fn(move |cx| {
        body.poll_next(cx).map(|next| {
            next.map(|chunk| {
                let (_, chunk) = chunk?;
                progress.advance(chunk.len() as u64);
                Ok(chunk)
            })
        })
    })
}

/// Sets the modification time of a file that is written completely.
fn set_modified(file: &File, modified: Option<SystemTime>) -> io::Result<()> {
    modified.map_or(Ok(()), |modified| file.set_modified(modified))
}

/// The file to write.
struct Destination {
    /// Describes the download, for error messages.
    action: String,
    path: PathBuf,
    root: Option<Arc<Path>>,
    fsync: bool,
    modified: Option<SystemTime>,
}

impl Destination {
    fn failed(&self, error: io::Error) -> Error {
        let message = format!("file {} cannot be written", self.path.display());
        Error::io(&*self.action, message, error).during("get_object", String::new)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        blocking(work).await.map_err(|error| self.failed(error))
    }

    /// Creates the temporary file.
    async fn create(&self) -> Result<NamedTempFile> {
        let (path, root) = (self.path.clone(), self.root.clone());
        self.blocking(move || spool::create(&path, root.as_deref())).await
    }

    fn reopen(&self, temporary: &NamedTempFile) -> Result<File> {
        temporary.reopen().map_err(|error| self.failed(error))
    }

    fn hasher(&self, verifier: Option<Md5Verifier>, temporary: &NamedTempFile) -> Result<Option<FileHasher>> {
        verifier.map(|verifier| Ok(FileHasher::new(verifier, self.reopen(temporary)?))).transpose()
    }

    /// Verifies the complete temporary file, and renames it.
    async fn finish(&self, temporary: NamedTempFile, hasher: Option<FileHasher>, length: u64) -> Result<()> {
        // The file is flushed while its last bytes are hashed.
        let flush = async {
            if !self.fsync {
                return Ok(());
            }
            let file = self.reopen(&temporary)?;
            self.blocking(move || file.sync_all()).await
        };
        let verify = async {
            let Some(hasher) = hasher else { return Ok(()) };
            let verifier = hasher.finish().await.map_err(|error| self.failed(error));
            verifier?.finish(length, &self.action)
        };
        future::try_join(flush, verify).await?;
        let (path, is_single, modified) = (self.path.clone(), self.root.is_none(), self.modified);
        self.blocking(move || {
            set_modified(temporary.as_file(), modified)?;
            spool::persist(temporary, &path, is_single)
        })
        .await
    }

    /// Buffers an object, and writes the file in one step, because every step switches threads.
    async fn write_buffered(&self, mut reader: ObjectReader) -> Result<u64> {
        let mut chunks: Vec<Bytes> = Vec::new();
        while let Some(chunk) = reader.try_next().await? {
            chunks.push(chunk);
        }
        let (path, root, fsync) = (self.path.clone(), self.root.clone(), self.fsync);
        let modified = self.modified;
        self.blocking(move || {
            let mut temporary = spool::create(&path, root.as_deref())?;
            for chunk in &chunks {
                temporary.write_all(chunk)?;
            }
            set_modified(temporary.as_file(), modified)?;
            if fsync {
                temporary.as_file().sync_all()?;
            }
            spool::persist(temporary, &path, root.is_none())?;
            Ok(chunks.iter().map(|chunk| chunk.len() as u64).sum())
        })
        .await
    }

    /// Writes chunks to a range of the file as they arrive, on a thread of their own, and notifies the hasher.
    ///
    /// Returns how many bytes have arrived. Bytes after the range are not written.
    async fn write(
        &self,
        chunks: &mut (impl Stream<Item = Result<Bytes>> + Unpin),
        mut file: File,
        range: Range<u64>,
        hasher: Option<&FileHasher>,
    ) -> Result<u64> {
        let (sender, mut chunks_to_write) = mpsc::channel::<Bytes>(CHUNKS_AHEAD);
        let written = hasher.map(|hasher| hasher.written().clone());
        let start = range.start;
        let writer = spawn_blocking(move || {
            let (mut position, mut notified) = (start, start);
            let notify = |range| written.as_ref().map(|written| written.add(range));
            while let Some(chunk) = chunks_to_write.blocking_recv() {
                file.write_all(&chunk)?;
                position += chunk.len() as u64;
                if position - notified >= NOTIFY_INTERVAL {
                    notify(notified..position);
                    notified = position;
                }
            }
            notify(notified..position);
            Ok(())
        });
        let (mut received, length) = (0, range.end - range.start);
        while received < length {
            let Some(mut chunk) = chunks.try_next().await? else { break };
            let remaining = usize::try_from(length - received).unwrap_or(usize::MAX);
            received += chunk.len() as u64;
            chunk.truncate(remaining);
            // The channel closes only after the writer failed. The error of the writer is returned below.
            if sender.send(chunk).await.is_err() {
                break;
            }
        }
        drop(sender);
        let outcome = writer.await.map_err(io::Error::other).and_then(|outcome| outcome);
        outcome.map_err(|error| self.failed(error))?;
        Ok(received)
    }
}
