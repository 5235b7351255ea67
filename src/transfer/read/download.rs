//! Downloads an object to a file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use futures::future;
use futures::stream::TryStreamExt as _;

use crate::error::{Error, ErrorKind, Result};
use crate::macros::impl_into_future;
use crate::transfer::budget::TransferBudget;
use crate::transfer::jobs::Jobs;
use crate::transfer::read::destination::{self, Destination, Guard, Target};
use crate::transfer::read::early_flush::EarlyFlush;
use crate::transfer::read::file_hasher::{Batch, FileHasher};
use crate::transfer::read::get_object::GetObject;
use crate::transfer::read::range_download::{Connections, FileDownload};
use crate::transfer::read::reader::ObjectReader;
use crate::transfer::read::verifier::{OnMismatch, Verifier};
use crate::transfer::read::write_through::WriteThrough;
use crate::transfer::{blocking, etag};

/// The default size of the ranges of a large object, in bytes.
const RANGE_SIZE: u64 = 16 * 1024 * 1024;

/// The default number of connections.
const CONNECTIONS: Connections = Connections::UpTo(4);

/// How many bytes of a download may have arrived and not be processed yet.
const MAX_BYTES_IN_FLIGHT: usize = 8 * 1024 * 1024;

/// The maximum number of ranges of an object that is read over one connection. More connections would not be faster.
const MIN_RANGES: u64 = 4;

/// The maximum size of an object that is buffered and written in one step, in bytes.
const MAX_BUFFERED: u64 = 256 * 1024;

/// What a download to a file has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadReport {
    /// The number of bytes of the file.
    pub bytes: u64,
    /// Whether the bytes have the checksum of the object.
    ///
    /// `false` if only a range is read, if the verification is off, or if the checksum is not one of the bytes; see
    /// [`ReaderRequest::verify`](crate::requests::ReaderRequest::verify).
    pub checksum_verified: bool,
}

/// Downloads an object to a file; see [`ReaderRequest::download_to`](crate::requests::ReaderRequest::download_to).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DownloadRequest {
    get: GetObject,
    path: PathBuf,
    range_size: u64,
    connections: Connections,
    budget: Option<TransferBudget>,
    root: Option<Arc<Path>>,
    fsync: bool,
    expected: Option<(u64, String)>,
    modified: Option<SystemTime>,
    guard: Option<Guard>,
}

impl DownloadRequest {
    pub(crate) fn new(mut get: GetObject, path: PathBuf) -> Self {
        get.is_bulk = true;
        Self {
            get,
            path,
            range_size: RANGE_SIZE,
            connections: CONNECTIONS,
            budget: None,
            root: None,
            fsync: true,
            expected: None,
            modified: None,
            guard: None,
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
        (self.get.size_hint, self.expected) = (Some(size), Some((size, checksum)));
        self
    }

    /// Sets the modification time of the file.
    pub(crate) fn modified(mut self, time: Option<SystemTime>) -> Self {
        self.modified = time;
        self
    }

    /// Protects what is in the place of the file until the download is complete.
    ///
    /// # Errors
    /// [`Conflict`](ErrorKind::Conflict): it must not be replaced any more.
    #[cfg(feature = "config")]
    pub(crate) fn guarded(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// Shares connections, memory and threads with other downloads.
    pub(crate) fn within(mut self, budget: TransferBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Sets the number of connections over which a large object is downloaded. 0 counts as 1. Default: one connection,
    /// and three more if, after 100 ms, the first one mostly waits for bytes and brings less than 256 MiB per second.
    pub fn concurrency(mut self, connections: usize) -> Self {
        self.connections = Connections::Exactly(connections.max(1));
        self
    }

    /// Sets the size of the parts in which a large object is downloaded, in bytes. An object of at most four parts is
    /// downloaded over one connection. 0 counts as 1. Default: 16 MiB.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.range_size = bytes.max(1);
        self
    }

    async fn execute(mut self) -> Result<DownloadReport> {
        loop {
            match self.download().await {
                Err(error) => self.get.read_again_after(error)?,
                report => return report,
            }
        }
    }

    async fn download(&self) -> Result<DownloadReport> {
        let target = self.target().await?;
        let (connection, budget) = match self.budget.clone() {
            Some(budget) => (Some(budget.connection().await), budget),
            None => (None, TransferBudget::new(self.connections.max() - 1, MAX_BYTES_IN_FLIGHT)),
        };
        let mut get = self.get.clone();
        // Bytes that were written through cannot be taken back.
        let is_file = matches!(target, Target::File(_));
        get.on_mismatch = if is_file { OnMismatch::Fail } else { OnMismatch::Accept };
        let reader = ObjectReader::open(get).await?;
        let action = reader.action().to_owned();
        if let Some((size, checksum)) = &self.expected {
            let is_expected = reader.etag().is_none_or(|etag| etag::is_same(etag, checksum))
                && reader.length().is_none_or(|length| length == *size);
            if !is_expected {
                let message = "the object changed after it was listed; download it again";
                return Err(
                    Error::new(ErrorKind::Conflict, action, message).during("get_object", String::new)
                );
            }
        }
        let path = match target {
            Target::File(path) => path,
            target => return self.write_through(reader, target, &budget).await,
        };
        let (root, fsync, modified) = (self.root.clone(), self.fsync, self.modified);
        let guard = self.guard.clone();
        let destination = Destination { action, path, root, fsync, modified, guard, budget };
        let downloaded = match reader.length() {
            Some(length) if length <= MAX_BUFFERED => self.write_at_once(reader, &destination).await,
            _ => self.write(reader, &destination).await,
        };
        drop(connection);
        downloaded
    }

    /// Finds out what the path leads to. Below a root it is always a file.
    async fn target(&self) -> Result<Target> {
        let path = self.path.clone();
        if self.root.is_some() {
            return Ok(Target::File(path));
        }
        let resolved = blocking(move || destination::resolve(&path)).await;
        resolved
            .map_err(|error| destination::failed(&self.get.action().unwrap_or_default(), &self.path, error))
    }

    /// Buffers an object, and writes the file in one step.
    async fn write_at_once(
        &self,
        mut reader: ObjectReader,
        destination: &Destination,
    ) -> Result<DownloadReport> {
        let (mut chunks, mut length) = (Vec::new(), 0);
        while let Some(chunk) = reader.try_next().await? {
            length += chunk.len() as u64;
            chunks.push(chunk);
        }
        destination.write_at_once(chunks).await?;
        Ok(DownloadReport { bytes: length, checksum_verified: reader.checksum_verified() })
    }

    /// Writes the file while bytes arrive, and verifies it before it gets its name.
    async fn write(&self, mut reader: ObjectReader, destination: &Destination) -> Result<DownloadReport> {
        let budget = &destination.budget;
        let verifier = reader.detach_verifier();
        let temporary = destination.create().await?;
        let file = temporary.file();
        let hasher = verifier.is_some().then(|| FileHasher::new(Some(file.clone())));
        let hasher = hasher.as_ref();
        let failed = |error| destination.failed(error);
        let progress = &self.get.progress;
        let flush = self.fsync.then(|| EarlyFlush::new(file.clone(), budget.jobs().clone()));
        let flush = flush.as_ref();
        let download = FileDownload { file, hasher, flush, budget, progress, failed: &failed };
        let receive = async {
            let length = match reader.length() {
                Some(length) if self.is_divided(length) && reader.is_resumable() => {
                    download.over_connections(reader, length, self.range_size, self.connections).await?;
                    length
                }
                _ => download.over_one_connection(reader).await?,
            };
            if let Some(hasher) = hasher {
                hasher.complete(length);
            }
            // The file is flushed while its last bytes are hashed.
            if let Some(flush) = flush {
                flush.finish().await.map_err(failed)?;
            }
            destination.flush(&temporary).await?;
            Ok(length)
        };
        let verification = hasher.zip(verifier);
        let report =
            receive_verified(receive, verification, budget.jobs(), &destination.action, &failed).await?;
        destination.persist(temporary).await?;
        progress.finish_item();
        Ok(report)
    }

    /// Whether an object of this length is read over several connections.
    fn is_divided(&self, length: u64) -> bool {
        self.connections.max() > 1 && length > MIN_RANGES.saturating_mul(self.range_size)
    }

    /// Writes the bytes in order to something that is no file of its own, as they arrive.
    async fn write_through(
        &self,
        mut reader: ObjectReader,
        target: Target,
        budget: &TransferBudget,
    ) -> Result<DownloadReport> {
        let action = reader.action().to_owned();
        let failed = |error| destination::failed(&action, &self.path, error);
        let verifier = reader.detach_verifier();
        let hasher = verifier.is_some().then(|| FileHasher::new(None));
        let hasher = hasher.as_ref();
        let mut output = WriteThrough::open(target).await.map_err(failed)?;
        let receive = async {
            let mut length = 0;
            while let Some(chunk) = reader.try_next().await? {
                let (start, permit) = (length, budget.bytes(chunk.len()).await);
                length += chunk.len() as u64;
                let mut batch = Batch::default();
                batch.push(chunk, permit);
                let batch = Arc::new(batch);
                if let Some(hasher) = hasher {
                    hasher.offer(start, &batch).await;
                }
                output.write(batch, budget.jobs()).await.map_err(failed)?;
            }
            if let Some(hasher) = hasher {
                hasher.complete(length);
            }
            Ok(length)
        };
        let verification = hasher.zip(verifier);
        let report = receive_verified(receive, verification, budget.jobs(), &action, &failed).await?;
        self.get.progress.finish_item();
        Ok(report)
    }
}

/// Receives bytes and hashes them at the same time, and verifies them.
async fn receive_verified(
    receive: impl Future<Output = Result<u64>> + Send,
    verification: Option<(&FileHasher, Verifier)>,
    jobs: &Jobs,
    action: &str,
    failed: &(dyn Fn(io::Error) -> Error + Sync),
) -> Result<DownloadReport> {
    let Some((hasher, verifier)) = verification else {
        return Ok(DownloadReport { bytes: receive.await?, checksum_verified: false });
    };
    let hash = async { hasher.run(verifier, jobs).await.map_err(failed) };
    let (bytes, verifier) = future::try_join(Box::pin(receive), Box::pin(hash)).await?;
    Ok(DownloadReport { bytes, checksum_verified: verifier.finish(bytes, action)? })
}

impl_into_future!(DownloadRequest { get } => DownloadReport);
