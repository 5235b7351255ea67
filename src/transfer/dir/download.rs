//! Downloads the objects under a prefix to a directory.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures::stream::{Stream, StreamExt as _, TryStreamExt as _};

use crate::error::{Error, ErrorKind, Result};
use crate::macros::impl_into_future;
use crate::scope::RefScope;
use crate::transfer::beneath::create_parent_dirs;
use crate::transfer::blocking;
use crate::transfer::budget::TransferBudget;
use crate::transfer::dir::extraneous_files::delete_extraneous_files;
use crate::transfer::dir::listing::{ListedObject, list_objects};
use crate::transfer::dir::local_files::{self, local_path};
use crate::transfer::dir::name_folding::NameFolding;
use crate::transfer::dir::names::NameChecker;
use crate::transfer::dir::options::{Options, dir_options, directory_prefix};
use crate::transfer::dir::outcomes::{Outcomes, TaskOutcome};
use crate::transfer::dir::report::{EntryCallback, SyncAction, SyncReport};
use crate::transfer::dir::small_list::SmallList;
use crate::transfer::read::requests::ReaderRequest;
use crate::verify::Verify;

/// How many bytes of all files may have arrived and not be processed yet.
const MAX_BYTES_IN_FLIGHT: usize = 4 * 1024 * 1024;

/// Downloads the objects under a prefix to the files of a directory.
///
/// [`Reference::download_dir`](crate::Reference::download_dir) downloads all objects,
/// [`Reference::sync_to_dir`](crate::Reference::sync_to_dir) only those that differ from the local files. Awaiting the
/// request returns a [`SyncReport`].
///
/// The file of an object is named by the path of the object after the prefix. A prefix that is not empty gets a slash at
/// its end if it has none: `data` means `data/`. An empty object whose path ends with a slash becomes a directory.
/// Missing directories are created. Symbolic links in the directory are never written through.
///
/// Existing files are replaced. A file is written under a temporary name, verified, and then renamed, so no incomplete
/// file ever has its final name.
///
/// Memory use does not grow with the number of objects, except by a few bytes an object if the file system ignores case
/// or Unicode normalization.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let download = repository.tag("v1").sync_to_dir("data/", "inputs").delete_extraneous(true);
/// let report = download.progress(|update| println!("{} of {:?} bytes", update.bytes, update.total_bytes)).await?;
/// println!("{} downloaded, {} unchanged, {} deleted", report.transferred, report.unchanged, report.deleted);
/// # Ok(())
/// # }
/// ```
///
/// # Consistency
/// A tag or a commit is a snapshot. An expression such as `main~1` or `main@` is resolved to a commit first. A branch can
/// change during the download: an object that changes after it was listed fails with
/// [`Conflict`](crate::ErrorKind::Conflict), and objects that are created or deleted in the meantime may be missing or
/// present. To download the committed state of a branch, use [`Branch::head`](crate::Branch::head).
///
/// # Names
/// All names are checked before anything is written. These objects cannot be files, and are refused on every system:
/// * names with a segment `..`, or that start with a slash, a backslash or a drive letter;
/// * names with a NUL character, or with a segment that is empty, `.`, or longer than 255 bytes;
/// * `a/b` next to an object `a`;
/// * an object with data whose path ends with a slash.
///
/// Names that differ only by case or Unicode normalization are refused if the file system does not distinguish them, and
/// names that Windows does not support are refused on Windows.
///
/// # Progress
/// The totals that [`progress`](Self::progress) reports are known before the first byte is transferred. Unchanged files
/// count as transferred.
///
/// # Failures of single files
/// If single files fail, the other files are still downloaded. Stops after 1000 failed files, or after 50 consecutive
/// failures that are likely to affect every file, such as connection failures. In-flight transfers finish; the error
/// lists all failures in [`Error::failed_objects`](crate::Error::failed_objects), has the kind of the first one, and says
/// if files were not tried.
///
/// # Errors
/// * [`NotFound`](crate::ErrorKind::NotFound): the reference does not exist, or
///   [`delete_extraneous`](Self::delete_extraneous) is set and there is no object under the prefix.
/// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): objects cannot be files in the directory. The error lists all
///   of them, and nothing was written.
/// * [`Io`](crate::ErrorKind::Io): the directory cannot be written.
/// * The kind of the first failure of a single file.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DownloadDirRequest {
    reference: RefScope,
    prefix: String,
    root: Arc<Path>,
    verify: Verify,
    presign: Option<bool>,
    fsync: bool,
    options: Options,
    /// How many downloaded files are not verified.
    unverified: Arc<AtomicU64>,
    /// What all files share, once the download has started.
    budget: Option<TransferBudget>,
}

dir_options!(
    DownloadDirRequest,
    skip_unchanged: "Skips objects that are equal to the local file. Default: `true` for `sync_to_dir`, `false` for `download_dir`."
);

impl DownloadDirRequest {
    pub(crate) fn new(reference: RefScope, prefix: String, root: &Path, skip_unchanged: bool) -> Self {
        let defaults = reference.repository().client().defaults();
        let options = Options::new(skip_unchanged, defaults.dir_concurrency);
        let verify = defaults.verify;
        let prefix = directory_prefix(prefix);
        let (presign, unverified, budget) = (None, Arc::default(), None);
        let root = root.into();
        Self { reference, prefix, root, verify, presign, fsync: false, options, unverified, budget }
    }

    /// Deletes local files that have no object, before anything is downloaded. Default: `false`.
    ///
    /// Directories that contain nothing else are deleted too. Symbolic links are deleted, never followed. Files whose name
    /// is not valid Unicode are kept.
    ///
    /// # Errors
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no object under the prefix, because every local
    /// file would be deleted.
    pub fn delete_extraneous(mut self, yes: bool) -> Self {
        self.options.delete_extraneous = yes;
        self
    }

    /// Sets how the downloaded bytes are verified against the checksums of the objects. `true` means
    /// [`Verify::Auto`], and `false` [`Verify::Off`]. Default: the setting of
    /// [`ClientBuilder::verify`](crate::ClientBuilder::verify), which is [`Verify::Auto`].
    ///
    /// [`SyncReport::unverified`] counts the files whose bytes could not be verified. With [`Verify::Strict`], such a
    /// file is not written and fails.
    pub fn verify(mut self, verify: impl Into<Verify>) -> Self {
        self.verify = verify.into();
        self
    }

    /// Sets whether the data come from the storage itself (`true`), at pre-signed URLs, or through the server (`false`).
    /// Default: objects of 1 MiB or more come from the storage if it supports pre-signed URLs; see
    /// [`ReaderRequest::presign`].
    pub fn presign(mut self, yes: bool) -> Self {
        self.presign = Some(yes);
        self
    }

    /// Flushes each file to the disk before it gets its final name. Default: `false`, because flushing takes most of the
    /// time for small files.
    ///
    /// Without it, an interrupted download leaves no incomplete file, but a power failure may.
    /// [`sync_to_dir`](crate::Reference::sync_to_dir) detects such a file, because it compares the contents.
    pub fn fsync(mut self, yes: bool) -> Self {
        self.fsync = yes;
        self
    }

    async fn execute(mut self) -> Result<SyncReport> {
        // A clone of the request counts its own files.
        self.unverified = Arc::default();
        self.resolve_expression().await?;
        let root = self.root.clone();
        let folding = blocking(move || Ok(NameFolding::detect(&root)))
            .await
            .map_err(|error| self.write_error(error))?;
        let objects = self.check_objects(folding).await?;
        self.budget = Some(TransferBudget::new(self.options.concurrency, MAX_BYTES_IN_FLIGHT));
        let Options { concurrency, dry_run, on_entry, .. } = &self.options;
        let mut outcomes = Outcomes::new(&self.prefix, on_entry);
        if self.options.delete_extraneous {
            let listed = objects.stream(|| self.list_again(folding));
            let write_error = |error| self.write_error(error);
            let deleted =
                delete_extraneous_files(&self.root, listed, *dry_run, &mut outcomes, &write_error).await;
            if let Err(error) = deleted {
                return Err(outcomes.abort(error));
            }
        }
        if !dry_run {
            let root = self.root.clone();
            let created = blocking(move || std::fs::create_dir_all(root)).await;
            created.map_err(|error| self.write_error(error))?;
        }
        let objects = objects.into_stream(|| self.list_again(folding));
        let downloaded = outcomes.run_all(objects, *concurrency, |object| self.process(object));
        if let Err(error) = downloaded.await {
            return Err(outcomes.abort(error));
        }
        let report = outcomes.finish(|| self.action())?;
        Ok(SyncReport { unverified: self.unverified.load(Relaxed), ..report })
    }

    /// Replaces an expression by the commit that it leads to. A branch stays as it is: it can have uncommitted objects.
    async fn resolve_expression(&mut self) -> Result<()> {
        let (repository, expression) = (self.reference.repository(), self.reference.expression());
        if expression.contains(['~', '^', '@']) {
            let request = repository.api().get_commit().repository(repository.name()).commit_id(expression);
            let commit = request.send().await?.into_inner();
            self.reference = repository.reference(commit.id);
        }
        Ok(())
    }

    /// Checks all names before anything is written, and counts the files and bytes to download.
    async fn check_objects(&self, folding: NameFolding) -> Result<SmallList<ListedObject>> {
        let mut outcomes = Outcomes::new(&self.prefix, &self.options.on_entry);
        let (mut list, mut names) = (SmallList::new(), NameChecker::new(folding));
        let mut objects = pin!(list_objects(&self.reference, &self.prefix));
        let mut is_empty = true;
        while let Some(object) = objects.try_next().await? {
            if outcomes.stop() {
                break;
            }
            is_empty = false;
            if let Err(why) = names.check(&object.name, object.bytes) {
                outcomes.reject(&object.name, why);
            } else {
                if !object.is_directory() {
                    self.options.progress.expect(1, Some(object.bytes));
                }
                list.push(object);
            }
        }
        outcomes.finish(|| self.action())?;
        if self.options.delete_extraneous && is_empty {
            let message = "there is no object under the prefix, so every local file would be deleted";
            return Err(Error::new(ErrorKind::NotFound, self.action(), message));
        }
        Ok(list)
    }

    /// Lists the objects again. Checks the names again, because there may be new ones.
    fn list_again(&self, folding: NameFolding) -> impl Stream<Item = Result<ListedObject>> + Send + use<> {
        let (action, mut names) = (self.action(), NameChecker::new(folding));
        list_objects(&self.reference, &self.prefix).map(move |object| {
            let object = object?;
            match names.check(&object.name, object.bytes) {
                Ok(()) => Ok(object),
                Err(why) => Err(Error::invalid(&*action, format!("{:?}: {why}", object.name))),
            }
        })
    }

    async fn process(&self, object: ListedObject) -> Option<TaskOutcome> {
        if object.is_directory() {
            if self.options.dry_run {
                return None;
            }
            let (root, file) = (self.root.clone(), local_path(&self.root, &object.name).join("file"));
            let created = blocking(move || create_parent_dirs(&root, &file)).await;
            return created.err().map(|error| TaskOutcome::Entry(object.name, Err(self.write_error(error))));
        }
        let name = object.name.clone();
        let result = self.download(object).await;
        Some(TaskOutcome::Entry(name, result))
    }

    async fn download(&self, object: ListedObject) -> Result<SyncAction> {
        let ListedObject { name, bytes, checksum } = object;
        let Options { skip_unchanged, dry_run, progress, .. } = &self.options;
        let path = local_path(&self.root, &name);
        if *skip_unchanged {
            let (root, path, checksum) = (self.root.clone(), path.clone(), checksum.clone());
            let unchanged = move || Ok(local_files::is_unchanged(&root, &path, bytes, &checksum));
            if blocking(unchanged).await.map_err(|error| self.write_error(error))? {
                progress.advance(bytes);
                progress.finish_item();
                return Ok(SyncAction::Unchanged(bytes));
            }
        }
        if *dry_run {
            return Ok(SyncAction::Transferred(bytes));
        }
        let object = self.reference.object(format!("{}{name}", self.prefix));
        let reader = ReaderRequest::new(object).verify(self.verify).shared_progress(&progress.of_part());
        let reader = if let Some(presign) = self.presign { reader.presign(presign) } else { reader };
        let mut download =
            reader.download_to(path).below_root(self.root.clone(), self.fsync).expecting(bytes, checksum);
        if let Some(budget) = &self.budget {
            download = download.within(budget.clone());
        }
        let report = download.await?;
        if !report.checksum_verified {
            self.unverified.fetch_add(1, Relaxed);
        }
        Ok(SyncAction::Transferred(report.bytes))
    }

    fn write_error(&self, error: std::io::Error) -> Error {
        Error::io(self.action(), "the directory cannot be written", error)
    }

    fn action(&self) -> String {
        let (reference, repository) = (self.reference.expression(), self.reference.repository());
        let repository = repository.name();
        let (prefix, root) = (&self.prefix, self.root.display());
        format!("download {prefix:?} at {reference:?} of repository {repository:?} to directory {root}")
    }
}

impl_into_future!(DownloadDirRequest { reference } => SyncReport);
