//! Downloads the objects under a prefix to a directory.

use std::future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use crate::error::{Error, ErrorKind, Result};
use crate::macros::impl_into_future;
use crate::models::time::from_unix_seconds;
use crate::scope::RefScope;
use crate::transfer::beneath::create_parent_dirs;
use crate::transfer::blocking;
use crate::transfer::budget::TransferBudget;
use crate::transfer::dir::compact_list::CompactList;
use crate::transfer::dir::compare::{self, LocalFiles, Similarity};
use crate::transfer::dir::concurrency::{self, Concurrency};
use crate::transfer::dir::extraneous_files::delete_extraneous_files;
use crate::transfer::dir::filter::PathFilter;
use crate::transfer::dir::held_items::{Check, hold_items, stop_at_rejection};
use crate::transfer::dir::listing::{ListedObject, list_objects};
use crate::transfer::dir::local_files::{self, local_path};
use crate::transfer::dir::name_folding::NameFolding;
use crate::transfer::dir::names::NameChecker;
use crate::transfer::dir::options::{Options, dir_options, directory_prefix, filter_error};
use crate::transfer::dir::outcomes::{Outcomes, TaskOutcome};
use crate::transfer::dir::report::{EntryCallback, SyncAction, SyncReport};
use crate::transfer::read::requests::ReaderRequest;
use crate::verify::Verify;

/// How many objects are checked before the first one is downloaded: those of a page of the list.
const CHECKED_FIRST: usize = 1000;

/// How many bytes of all large files may have arrived and not be processed yet. The same applies to all small files.
const MAX_BYTES_IN_FLIGHT: usize = 4 * 1024 * 1024;

/// How many local files are examined by one job on the blocking thread pool.
const EXAMINED_AT_ONCE: usize = 128;

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
/// The objects are listed once, and are downloaded while the list goes on. Memory use does not grow with the number of
/// objects, except where all are [checked first](Self::check_all_first), and by a few bytes an object if the file system
/// ignores case or Unicode normalization.
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
/// These objects cannot be files, and are rejected on every system:
/// * names with a segment `..`, or that start with a slash, a backslash or a drive letter;
/// * names with a NUL character, or with a segment that is empty, `.`, or longer than 255 bytes;
/// * `a/b` next to an object `a`;
/// * an object with data whose path ends with a slash.
///
/// Names that differ only by case or Unicode normalization are rejected if the file system does not distinguish them, and
/// names that Windows does not support are rejected on Windows.
///
/// The first 1000 objects are checked before anything is written. If one of them is rejected, nothing is written, and the
/// error lists all rejected objects. An object that is rejected later ends the download: no further file is started,
/// started ones are completed, and the error lists all rejected objects as well. To check all objects before anything is
/// written, set [`check_all_first`](Self::check_all_first); with [`delete_extraneous`](Self::delete_extraneous), that is
/// always done. To download the other objects nevertheless, set [`skip_invalid`](Self::skip_invalid).
///
/// # Progress
/// The totals that [`progress`](Self::progress) reports are those of the objects that have been listed. They grow while the
/// list goes on, and are final before the first byte is transferred if there are at most 1000 objects or all are checked
/// first. Unchanged files count as transferred.
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
///   of them; see [Names](#names).
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
}

/// What the files of a download share.
struct Shared {
    small: TransferBudget,
    large: TransferBudget,
    /// How many downloaded files are not verified.
    unverified: AtomicU64,
}

impl Shared {
    /// `concurrency` is the number of files that the caller has set.
    fn new(concurrency: Option<usize>) -> Self {
        let budget = |connections| TransferBudget::new(connections, MAX_BYTES_IN_FLIGHT);
        Self {
            small: budget(concurrency.unwrap_or(concurrency::MAX)),
            // More connections for large files would take more memory, and would not be faster.
            large: budget(concurrency.unwrap_or(concurrency::START)),
            unverified: AtomicU64::new(0),
        }
    }
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
        Self { reference, prefix, root: root.into(), verify, presign: None, fsync: false, options }
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

    /// Skips objects that cannot be files, and downloads the others. Default: `false`: they are an error.
    ///
    /// The [report](SyncReport::invalid_entries) lists the objects. Local files of the same name are not deleted.
    pub fn skip_invalid(mut self, yes: bool) -> Self {
        self.options.skip_invalid = yes;
        self
    }

    /// Sets the modification time of each file to that of the file from which the object was uploaded, or else to the time
    /// at which the object was created. Default: `true` with
    /// [`Compare::SizeAndTime`](crate::Compare::SizeAndTime), otherwise `false`.
    ///
    /// The time is that which `lakectl local` sets as well. It has whole seconds.
    pub fn preserve_times(mut self, yes: bool) -> Self {
        self.options.preserve_times = Some(yes);
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
        let shared = &Shared::new(self.options.concurrency);
        self.resolve_expression().await?;
        let (root, filter) = (self.root.clone(), self.options.filter.clone());
        let prepared = blocking(move || Ok((NameFolding::detect(&root), filter.compile()))).await;
        let (folding, filter) = prepared.map_err(|error| self.write_error(error))?;
        let filter = filter.map_err(|error| filter_error(error, self.action()))?;
        let mut outcomes = Outcomes::new(&self.prefix, &self.options.on_entry);
        let mut objects = self.list(folding, filter.clone());
        let check = Check {
            limit: self.options.checked_first(CHECKED_FIRST),
            keeps_rejected: self.options.skip_invalid,
        };
        let checked = hold_items(&mut objects, check, rejection, &mut outcomes).await?;
        if outcomes.has_failures() {
            return outcomes.finish(|| self.action());
        }
        if self.options.delete_extraneous
            && let Err(error) = self.delete_extraneous_files(checked.clone(), filter, &mut outcomes).await
        {
            return Err(outcomes.abort(error));
        }
        if !self.options.dry_run {
            let root = self.root.clone();
            let created = blocking(move || std::fs::create_dir_all(root)).await;
            created.map_err(|error| self.write_error(error))?;
        }
        let objects = stream::iter(checked).map(Ok).chain(objects).boxed();
        let transport = self.reference.api().transport();
        let mut concurrency = Concurrency::new(self.options.concurrency, transport.throttled());
        let downloaded = outcomes.run_all(
            self.examine_files(objects),
            &mut concurrency,
            || transport.throttled(),
            |(object, similarity)| self.process(shared, object, similarity),
        );
        if let Err(error) = downloaded.await {
            return Err(outcomes.abort(error));
        }
        let report = outcomes.finish(|| self.action())?;
        Ok(SyncReport { unverified: shared.unverified.load(Relaxed), ..report })
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

    /// Lists the objects that the filter keeps, checks their names, and counts the files and bytes to download.
    fn list(&self, folding: NameFolding, filter: PathFilter) -> BoxStream<'static, Result<ListedObject>> {
        let (mut names, progress) = (NameChecker::new(folding), self.options.progress.clone());
        let objects = list_objects(&self.reference, &self.prefix, self.options.needs_times());
        let objects = objects.try_filter(move |object| future::ready(filter.keeps(&object.name)));
        let objects = objects.map_ok(move |mut object| {
            object.rejection = names.check(&object.name, object.bytes).err();
            if object.rejection.is_none() && !object.is_directory() {
                progress.expect(1, Some(object.bytes));
            }
            object
        });
        let objects = objects.fuse();
        if self.options.skip_invalid {
            objects.boxed()
        } else {
            stop_at_rejection(objects, |object| object.rejection.is_some()).boxed()
        }
    }

    async fn delete_extraneous_files(
        &self,
        objects: CompactList<ListedObject>,
        filter: PathFilter,
        outcomes: &mut Outcomes<'_>,
    ) -> Result<()> {
        if objects.len() == 0 {
            let message = "there is no object under the prefix, so every local file would be deleted";
            return Err(Error::new(ErrorKind::NotFound, self.action(), message));
        }
        let (objects, dry_run) = (stream::iter(objects).map(Ok).boxed(), self.options.dry_run);
        let write_error = |error| self.write_error(error);
        delete_extraneous_files(&self.root, objects, filter, dry_run, outcomes, &write_error).await
    }

    /// Compares the size and the time of local files with those of the objects, if unchanged files are skipped.
    fn examine_files<'a>(
        &'a self,
        objects: BoxStream<'a, Result<ListedObject>>,
    ) -> BoxStream<'a, Result<(ListedObject, Similarity)>> {
        if !self.options.skip_unchanged {
            return objects.map_ok(|object| (object, Similarity::Different)).boxed();
        }
        let batches = objects.ready_chunks(EXAMINED_AT_ONCE).then(move |objects| {
            let mut files = LocalFiles::new(self.root.clone(), self.options.compare);
            let mut examine = move |object: ListedObject| {
                let is_file = object.rejection.is_none() && !object.is_directory();
                let similarity = if is_file { files.similarity(&object) } else { Similarity::Different };
                (object, similarity)
            };
            blocking(move || {
                Ok(objects.into_iter().map(|object| object.map(&mut examine)).collect::<Vec<_>>())
            })
        });
        let batches = batches
            .map(|batch| batch.unwrap_or_else(|error| vec![Err(self.write_error(error))]))
            .flat_map(stream::iter);
        batches.boxed()
    }

    async fn process(
        &self,
        shared: &Shared,
        object: ListedObject,
        similarity: Similarity,
    ) -> Option<TaskOutcome> {
        if let Some(why) = object.rejection {
            return Some(if self.options.skip_invalid {
                TaskOutcome::Invalid(object.name, why)
            } else {
                TaskOutcome::Entry(object.name, Err(Error::invalid("", why)))
            });
        }
        if object.is_directory() {
            if self.options.dry_run {
                return None;
            }
            let (root, file) = (self.root.clone(), local_path(&self.root, &object.name).join("file"));
            let created = blocking(move || create_parent_dirs(&root, &file)).await;
            return created.err().map(|error| TaskOutcome::Entry(object.name, Err(self.write_error(error))));
        }
        let name = object.name.clone();
        let result = self.download(shared, object, similarity).await;
        Some(TaskOutcome::Entry(name, result))
    }

    async fn download(
        &self,
        shared: &Shared,
        object: ListedObject,
        similarity: Similarity,
    ) -> Result<SyncAction> {
        let Options { dry_run, progress, .. } = &self.options;
        let modified = self.options.preserves_times().then(|| from_unix_seconds(object.modified)).flatten();
        let is_unchanged = match similarity {
            Similarity::Different => false,
            Similarity::SameSize => {
                let modified = modified.filter(|_| !dry_run);
                // A file that cannot be read is replaced.
                compare::is_equal(shared.small.jobs(), &self.root, &object, modified).await.unwrap_or(false)
            }
            Similarity::Equal => true,
        };
        if is_unchanged {
            progress.advance(object.bytes);
            progress.finish_item();
            return Ok(SyncAction::Unchanged(object.bytes));
        }
        if *dry_run {
            return Ok(SyncAction::Transferred(object.bytes));
        }
        let is_small = object.bytes <= local_files::SMALL_FILE;
        let budget = if is_small { &shared.small } else { &shared.large };
        let path = local_path(&self.root, &object.name);
        let scope = self.reference.object(format!("{}{}", self.prefix, object.name));
        let reader = ReaderRequest::new(scope).verify(self.verify).shared_progress(&progress.of_part());
        let reader = if let Some(presign) = self.presign { reader.presign(presign) } else { reader };
        let download = reader
            .download_to(path)
            .below_root(self.root.clone(), self.fsync)
            .expecting(object.bytes, object.checksum)
            .modified(modified)
            .within(budget.clone());
        let report = download.await?;
        if !report.checksum_verified {
            shared.unverified.fetch_add(1, Relaxed);
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

/// The error of an object that cannot be a file.
fn rejection(object: &ListedObject) -> Option<Error> {
    object.rejection.as_ref().map(|why| Error::invalid("", &**why))
}
