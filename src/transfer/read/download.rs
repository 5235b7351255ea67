//! From an object to a file.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::future::{self, BoxFuture};
use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::requests::support::awaits;
use crate::transfer::blocking;
use crate::transfer::parent_dirs::create_parent_dirs;
use crate::transfer::read::body::Source;
use crate::transfer::read::hasher::Hasher;
use crate::transfer::read::request::Get;
use crate::transfer::read::verify::Check;
use crate::{Error, ErrorKind, Result};
use crate::{ObjectReader, Progress};

/// How many bytes come over one connection where there are several.
const PART: u64 = 16 * 1024 * 1024;

/// How many connections there are at once.
const CONNECTIONS: usize = 4;

/// An object up to so many parts comes over one connection: others would be slower to begin than it is to end.
const FEW_PARTS: u64 = 4;

/// An object that is not larger than this is written in one step.
const SMALL: u64 = 256 * 1024;

/// How many chunks may wait to be written.
const AHEAD: usize = 4;

/// How many bytes are written before who hashes is woken for them.
const STRIDE: u64 = 1024 * 1024;

/// Reads an object into a file; see [`Open::download_to`](crate::Open::download_to).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct Download {
    get: Get,
    path: PathBuf,
    part: u64,
    connections: usize,
    tree: Option<Arc<Path>>,
    fsync: bool,
    listed: Option<(u64, String)>,
}

impl Download {
    pub(crate) fn new(get: Get, path: PathBuf) -> Self {
        Self { get, path, part: PART, connections: CONNECTIONS, tree: None, fsync: true, listed: None }
    }

    /// One of many files below this directory. Those between are made, never gone through where they are symbolic
    /// links. Whether the file is brought to the disk before it has its name, is said.
    pub(crate) fn below(mut self, directory: Arc<Path>, fsync: bool) -> Self {
        (self.tree, self.fsync) = (Some(directory), fsync);
        self
    }

    /// Only the object that a list has shown, with this size and checksum.
    pub(crate) fn only(mut self, bytes: u64, checksum: String) -> Self {
        self.listed = Some((bytes, checksum));
        self
    }

    /// Over how many connections at once a large object comes: 4 unless said otherwise.
    pub fn concurrency(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// How many bytes of a large object come over one connection before the next one is made: 16 MiB unless said
    /// otherwise. An object of no more than four such parts is not divided.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part = bytes.max(1);
        self
    }

    async fn send(self) -> Result<u64> {
        let reader = ObjectReader::open(self.get.clone()).await?;
        let action = reader.action().to_owned();
        if let Some((bytes, checksum)) = &self.listed {
            let tag = reader.etag().map(|tag| tag.trim_matches('"'));
            let same = tag.is_none_or(|tag| tag == checksum) && reader.length().is_none_or(|it| it == *bytes);
            if !same {
                let error = Error::new(ErrorKind::Conflict, action, "it was changed since it was listed");
                return Err(error.during("get_object", String::new));
            }
        }
        let to = Target { action, path: self.path.clone(), tree: self.tree.clone(), fsync: self.fsync };
        match reader.length() {
            Some(length) if length <= SMALL => to.small(reader).await,
            Some(length)
                if self.connections > 1
                    && length > FEW_PARTS.saturating_mul(self.part)
                    && reader.is_pinned() =>
            {
                self.divided(reader, length, &to).await
            }
            _ => self.whole(reader, &to).await,
        }
    }

    /// As it comes, over one connection.
    async fn whole(self, mut reader: ObjectReader, to: &Target) -> Result<u64> {
        let temporary = to.temporary().await?;
        let hasher = to.hasher(reader.detach_check(), &temporary)?;
        let bytes = to.write(&mut reader, to.reopen(&temporary)?, 0..u64::MAX, hasher.as_ref()).await?;
        to.end(temporary, hasher, bytes).await?;
        self.get.progress.finish_item();
        Ok(bytes)
    }

    /// Over several connections, each of which writes to its own place.
    async fn divided(self, mut reader: ObjectReader, length: u64, to: &Target) -> Result<u64> {
        let temporary = to.temporary().await?;
        let hasher = to.hasher(reader.detach_check(), &temporary)?;
        let (origin, progress) = (reader.origin(), &self.get.progress);
        let version = reader.beside(origin..origin);
        // The connection that there is serves the first part.
        let mut reader = Some(reader);
        let (temporary_file, hasher_there) = (&temporary, hasher.as_ref());
        let part = |number: u64| -> BoxFuture<'_, Result<()>> {
            let start = number * self.part;
            let part = start..start.saturating_add(self.part).min(length);
            let reader = reader.take();
            let source = version.beside(origin + part.start..origin + part.end);
            Box::pin(async move {
                let mut file = to.reopen(temporary_file)?;
                if let Some(mut reader) = reader {
                    let came = to.write(&mut reader, file, part.clone(), hasher_there).await?;
                    // What came behind its end comes once more, in its own part.
                    progress.retract(came.saturating_sub(part.end));
                } else {
                    file.seek(SeekFrom::Start(part.start)).map_err(|error| to.failed(error))?;
                    to.write(&mut chunks(source, progress.clone()), file, part, hasher_there).await?;
                }
                Ok(())
            })
        };
        let parts = stream::iter((0..length.div_ceil(self.part)).map(part));
        parts.buffer_unordered(self.connections).try_collect::<()>().await?;
        to.end(temporary, hasher, length).await?;
        self.get.progress.finish_item();
        Ok(length)
    }
}

awaits!(Download => u64);

/// What a source has, with those who want to know being told.
fn chunks(mut source: Source, progress: Progress) -> impl Stream<Item = Result<Bytes>> + Unpin {
    stream::poll_fn(move |cx| {
        source.poll_next(cx).map(|next| {
            next.map(|chunk| {
                let (_, chunk) = chunk?;
                progress.advance(chunk.len() as u64);
                Ok(chunk)
            })
        })
    })
}

/// The file that there will be, and what is being done.
struct Target {
    action: String,
    path: PathBuf,
    tree: Option<Arc<Path>>,
    fsync: bool,
}

impl Target {
    fn failed(&self, error: io::Error) -> Error {
        Error::invalid(&*self.action, format!("{} cannot be written", self.path.display()))
            .during("get_object", String::new)
            .with_source(error)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        blocking(work).await.map_err(|error| self.failed(error))
    }

    async fn temporary(&self) -> Result<NamedTempFile> {
        let (path, tree) = (self.path.clone(), self.tree.clone());
        self.blocking(move || temporary(&path, tree.as_deref())).await
    }

    fn reopen(&self, temporary: &NamedTempFile) -> Result<File> {
        temporary.reopen().map_err(|error| self.failed(error))
    }

    fn hasher(&self, check: Option<Check>, temporary: &NamedTempFile) -> Result<Option<Hasher>> {
        check.map(|check| Ok(Hasher::new(check, self.reopen(temporary)?))).transpose()
    }

    /// All is written: gives it its name if it is the object.
    async fn end(&self, temporary: NamedTempFile, hasher: Option<Hasher>, length: u64) -> Result<()> {
        // The disk works while the last bytes are hashed.
        let on_disk = async {
            if !self.fsync {
                return Ok(());
            }
            let file = self.reopen(&temporary)?;
            self.blocking(move || file.sync_all()).await
        };
        let same = async {
            let Some(hasher) = hasher else { return Ok(()) };
            let check = hasher.end().await.map_err(|error| self.failed(error));
            check?.end(length, &self.action)
        };
        future::try_join(on_disk, same).await?;
        let (path, alone) = (self.path.clone(), self.tree.is_none());
        self.blocking(move || persist(temporary, &path, alone)).await
    }

    /// All of it in one step: every step is a change of threads.
    async fn small(&self, mut reader: ObjectReader) -> Result<u64> {
        let mut chunks: Vec<Bytes> = Vec::new();
        while let Some(chunk) = reader.try_next().await? {
            chunks.push(chunk);
        }
        let (path, tree, fsync) = (self.path.clone(), self.tree.clone(), self.fsync);
        self.blocking(move || {
            let mut temporary = temporary(&path, tree.as_deref())?;
            for chunk in &chunks {
                temporary.write_all(chunk)?;
            }
            if fsync {
                temporary.as_file().sync_all()?;
            }
            persist(temporary, &path, tree.is_none())?;
            Ok(chunks.iter().map(|chunk| chunk.len() as u64).sum())
        })
        .await
    }

    /// Writes chunks to their place in a file as they come: one thread reads from the connection, another one writes, and who
    /// hashes is told. Answers how many bytes have come, of which none are written behind the place.
    async fn write(
        &self,
        chunks: &mut (impl Stream<Item = Result<Bytes>> + Unpin),
        mut file: File,
        place: Range<u64>,
        hasher: Option<&Hasher>,
    ) -> Result<u64> {
        let (sender, mut receiver) = mpsc::channel::<Bytes>(AHEAD);
        let written = hasher.map(|hasher| hasher.written().clone());
        let start = place.start;
        let writer = spawn_blocking(move || {
            let (mut at, mut told) = (start, start);
            let tell = |bytes| written.as_ref().map(|written| written.tell(bytes));
            while let Some(chunk) = receiver.blocking_recv() {
                file.write_all(&chunk)?;
                at += chunk.len() as u64;
                if at - told >= STRIDE {
                    tell(told..at);
                    told = at;
                }
            }
            tell(told..at);
            Ok(())
        });
        let (mut bytes, most) = (0, place.end - place.start);
        while bytes < most {
            let Some(mut chunk) = chunks.try_next().await? else { break };
            let room = usize::try_from(most - bytes).unwrap_or(usize::MAX);
            bytes += chunk.len() as u64;
            chunk.truncate(room);
            // It only fails when the writer has, which tells why.
            if sender.send(chunk).await.is_err() {
                break;
            }
        }
        drop(sender);
        let done = writer.await.map_err(io::Error::other).and_then(|done| done);
        done.map_err(|error| self.failed(error))?;
        Ok(bytes)
    }
}

/// A file with the rights that any new file has: those of a temporary one are for its owner alone. It stands beside its
/// place: a file moves in one step only within a file system.
fn temporary(path: &Path, tree: Option<&Path>) -> io::Result<NamedTempFile> {
    if let Some(root) = tree {
        create_parent_dirs(root, path)?;
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lakefs-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder(path))
}

/// Gives a file its name; one alone has it when that is on the disk.
fn persist(temporary: NamedTempFile, path: &Path, alone: bool) -> io::Result<()> {
    temporary.persist(path)?;
    // The name is an entry of the directory, which has its own place on the disk.
    if cfg!(unix) && alone {
        File::open(folder(path))?.sync_all()?;
    }
    Ok(())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
