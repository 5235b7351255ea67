//! Uploads a directory to the objects under a prefix.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Poll;

use futures::future;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use tokio::sync::Semaphore;

use crate::error::FailedObject;
use crate::error::{Error, ErrorKind, Result};
use crate::macros::{ApplyIfSome as _, bool_setters, impl_into_future};
use crate::scope::RefScope;
use crate::transfer::beneath;
use crate::transfer::blocking;
use crate::transfer::delete::{DeleteBatch, MAX_PATH_LENGTH};
use crate::transfer::dir::compare::{Compare, Similarity, has_checksum};
use crate::transfer::dir::concurrency::Concurrency;
use crate::transfer::dir::filter::PathFilter;
use crate::transfer::dir::held_items::{Check, hold_items, stop_at_rejection};
use crate::transfer::dir::listing::{ListedObject, MODIFIED_KEY, list_objects};
use crate::transfer::dir::local_files::{self, FileContent, local_path};
use crate::transfer::dir::merge::{Pair, merge};
use crate::transfer::dir::options::{Options, SymlinkPolicy, dir_options, directory_prefix, filter_error};
use crate::transfer::dir::outcomes::{Outcomes, TaskOutcome};
use crate::transfer::dir::prefix_stack::PrefixStack;
use crate::transfer::dir::report::{EntryCallback, SyncAction, SyncReport};
use crate::transfer::dir::stored_time;
use crate::transfer::dir::upload_tasks::{UploadTask, upload_tasks};
use crate::transfer::dir::walk::{EntryKind, FileStat, LocalEntry, WalkOptions, walk};
use crate::transfer::etag::ChecksumVerifier;
use crate::transfer::jobs::Jobs;
use crate::transfer::write::body::Body;
use crate::transfer::write::upload::UploadRequest;

/// How many entries are checked before the first file is uploaded.
const CHECKED_FIRST: usize = 10_000;

/// The number of parts of large files that are uploaded at once, for all files together.
const PART_PERMITS: usize = 8;

/// The number of large files that are uploaded at once, unless the caller sets a number: more of them would take more
/// memory, and would not be faster.
const LARGE_FILE_PERMITS: usize = 16;

/// The number of threads that read small files and compare files.
const MAX_JOBS: usize = 16;

/// Uploads the files of a directory to the objects under a prefix of a branch.
///
/// [`Branch::upload_dir`](crate::Branch::upload_dir) uploads all files,
/// [`Branch::sync_from_dir`](crate::Branch::sync_from_dir) only those that differ from the objects. Awaiting the request
/// returns a [`SyncReport`].
///
/// The path of an object is the prefix followed by the path of the file below the directory. A prefix that is not empty
/// gets a slash at its end if it has none: `data` means `data/`. Existing objects are replaced. Empty directories are not
/// uploaded, because a branch has no directories. The changes are uncommitted until you commit.
///
/// The directory is walked once, the objects are listed once, and both while files are uploaded. Memory use grows with the
/// number of names in a single directory, by about 10 bytes more than the length of each, and where all entries are
/// [checked first](Self::check_all_first). Temporary files that an interrupted download has left behind are not uploaded.
///
/// ```
/// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
/// use lakefs::SymlinkPolicy;
///
/// let upload = branch.sync_from_dir("results", "data/").symlinks(SymlinkPolicy::Skip).delete_extraneous(true);
/// let report = upload.on_entry(|name, action| println!("{name}: {action:?}")).await?;
/// println!("{} uploaded, {} unchanged, {} deleted", report.transferred, report.unchanged, report.deleted);
/// branch.commit("Update the results").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Names
/// These entries of the directory are rejected:
/// * names that are not valid Unicode;
/// * directories and files that cannot be read;
/// * files whose object would have a path of more than 1024 bytes;
/// * [symbolic links](Self::symlinks), unless they are skipped or followed;
/// * [sockets, pipes and devices](Self::skip_special), unless they are skipped.
///
/// The first 10,000 entries are checked before anything is uploaded. If one of them is rejected, nothing is uploaded, and
/// the error lists all rejected entries. An entry that is rejected later ends the upload: no further file is started,
/// started ones are completed, and the error lists all rejected entries as well. To check all entries before anything is
/// uploaded, set [`check_all_first`](Self::check_all_first); with [`delete_extraneous`](Self::delete_extraneous), that is
/// always done. To upload the other entries nevertheless, set [`skip_invalid`](Self::skip_invalid).
///
/// Files are read without following symbolic links, unless these are [followed](SymlinkPolicy::Follow), also if a
/// directory is replaced by a link during the upload. A file that cannot be opened fails alone.
///
/// # Progress
/// The totals that [`progress`](Self::progress) reports are those of the entries that the walk has reached. They grow while
/// it goes on, and are final before the first byte is transferred if there are at most 10,000 entries or all are checked
/// first. Unchanged files count as transferred.
///
/// # Failures of single files
/// If single files fail, the other files are still uploaded. Stops after 1000 failed files, or after 50 consecutive
/// failures that are likely to affect every file, such as connection failures. In-flight transfers finish; the error
/// lists all failures in [`Error::failed_objects`](crate::Error::failed_objects), has the kind of the first one, and says
/// if files were not tried.
///
/// # Errors
/// * [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist, or
///   [`delete_extraneous`](Self::delete_extraneous) is set and the directory contains no file.
/// * [`Io`](crate::ErrorKind::Io): the directory, or one below it, cannot be read.
/// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): entries of the directory cannot be uploaded. The error lists
///   all of them; see [Names](#names).
/// * The kind of the first failure of a single file.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct UploadDirRequest {
    branch: RefScope,
    root: PathBuf,
    prefix: String,
    symlinks: SymlinkPolicy,
    skip_special: bool,
    content_type: ContentTypes,
    force: Option<bool>,
    part_permits: Arc<Semaphore>,
    large_file_permits: Arc<Semaphore>,
    jobs: Jobs,
    options: Options,
}

dir_options!(
    UploadDirRequest,
    skip_unchanged: "Skips files that are equal to the object. Default: `true` for `sync_from_dir`, `false` for `upload_dir`."
);

impl UploadDirRequest {
    pub(crate) fn new(branch: RefScope, root: PathBuf, prefix: String, skip_unchanged: bool) -> Self {
        let options = Options::new(skip_unchanged, branch.repository().client().defaults().dir_concurrency);
        Self {
            branch,
            root,
            prefix: directory_prefix(prefix),
            symlinks: SymlinkPolicy::default(),
            skip_special: false,
            content_type: ContentTypes(None),
            force: None,
            part_permits: Arc::new(Semaphore::new(PART_PERMITS)),
            large_file_permits: Arc::new(Semaphore::new(LARGE_FILE_PERMITS)),
            jobs: Jobs::new(MAX_JOBS),
            options,
        }
    }

    /// Sets how symbolic links below the directory are treated. Default: [`SymlinkPolicy::Refuse`].
    pub fn symlinks(mut self, policy: SymlinkPolicy) -> Self {
        self.symlinks = policy;
        self
    }

    /// Skips sockets, pipes and devices. Default: `false`: they are an error.
    pub fn skip_special(mut self, yes: bool) -> Self {
        self.skip_special = yes;
        self
    }

    /// Skips entries that cannot be uploaded or read, and uploads the others. Default: `false`: they are an error.
    ///
    /// The [report](SyncReport::invalid_entries) lists the entries. The objects of the same names, and those below, are
    /// kept.
    pub fn skip_invalid(mut self, yes: bool) -> Self {
        self.options.skip_invalid = yes;
        self
    }

    /// Stores the modification time of each file in the user metadata of its object, with the key
    /// `::lakefs::client-mtime`, as `lakectl local` does. Default: `true` with
    /// [`Compare::SizeAndTime`](crate::Compare::SizeAndTime), otherwise only where
    /// [`Compare::Checksum`](crate::Compare::Checksum) needs it.
    ///
    /// Metadata are part of an object: where equal data are uploaded with different times, the objects differ in diffs.
    pub fn preserve_times(mut self, yes: bool) -> Self {
        self.options.preserve_times = Some(yes);
        self
    }

    /// Deletes the objects under the prefix that have no local file. Default: `false`.
    ///
    /// The object of a skipped entry is kept, and so are the objects below it.
    ///
    /// # Errors
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if the directory contains no file, because every object under
    /// the prefix would be deleted.
    pub fn delete_extraneous(mut self, yes: bool) -> Self {
        self.options.delete_extraneous = yes;
        self
    }

    /// Sets a function that returns the content type of a file from its local path. Default: `None`, which means
    /// `application/octet-stream`, for every file.
    pub fn content_type(
        mut self,
        content_type: impl Fn(&Path) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.content_type = ContentTypes(Some(Arc::new(content_type)));
        self
    }

    bool_setters! {
        /// Writes even if the repository is read-only. Default: `false`.
        force => force;
    }

    async fn execute(self) -> Result<SyncReport> {
        let filter = self.options.filter.clone();
        let filter = blocking(move || Ok(filter.compile())).await.map_err(|error| self.read_error(error))?;
        let filter = filter.map_err(|error| filter_error(error, self.action()))?;
        let mut outcomes = Outcomes::new(&self.prefix, &self.options.on_entry);
        let mut entries = self.walk(filter.clone());
        let check = Check {
            limit: self.options.checked_first(CHECKED_FIRST),
            keeps_rejected: self.options.skip_invalid,
        };
        let checked = hold_items(&mut entries, check, |entry| self.rejection(entry), &mut outcomes);
        // The branch is checked first: if it does not exist, every file would fail.
        let ((), checked) = future::try_join(self.check_branch(), checked).await?;
        if outcomes.has_failures() {
            return outcomes.finish(|| self.action());
        }
        if self.options.delete_extraneous
            && checked.clone().into_iter().all(|entry| entry.kind == EntryKind::Directory)
        {
            let message =
                "there is no file in the directory, so every object under the prefix would be deleted";
            return Err(Error::new(ErrorKind::NotFound, self.action(), message));
        }
        let entries = stream::iter(checked).map(Ok).chain(entries).boxed();
        let mut skipped = PrefixStack::default();
        let pairs = self.pair_with_objects(entries, filter);
        let pairs = pairs.try_filter(|pair| future::ready(!self.skips(pair, &mut skipped)));
        let transport = self.branch.api().transport();
        let mut concurrency = Concurrency::new(self.options.concurrency, transport.throttled());
        let uploaded = outcomes.run_all(
            upload_tasks(pairs),
            &mut concurrency,
            || transport.throttled(),
            |task| self.process(task),
        );
        if let Err(error) = uploaded.await {
            return Err(outcomes.abort(error));
        }
        outcomes.finish(|| self.action())
    }

    /// Adds the objects of the same names, if they are needed.
    fn pair_with_objects<'a>(
        &'a self,
        entries: BoxStream<'a, Result<LocalEntry>>,
        filter: PathFilter,
    ) -> BoxStream<'a, Result<Pair<LocalEntry, ListedObject>>> {
        if !self.options.skip_unchanged && !self.options.delete_extraneous {
            return entries.map_ok(Pair::Left).boxed();
        }
        let objects = list_objects(&self.branch, &self.prefix, self.options.needs_times());
        let objects = objects.try_filter(move |object| future::ready(filter.keeps(&object.name)));
        // Objects after the last entry matter only if they are deleted. Otherwise the list ends there.
        let has_ended = Arc::new(AtomicBool::new(false));
        let (end, needs_all) = (has_ended.clone(), self.options.delete_extraneous);
        let entries = entries.chain(stream::poll_fn(move |_| {
            end.store(true, Relaxed);
            Poll::Ready(None)
        }));
        let objects =
            objects.take_while(move |_| future::ready(needs_all || !has_ended.load(Relaxed))).boxed();
        merge(entries, objects).map_ok(|merged| merged.pair).boxed()
    }

    async fn check_branch(&self) -> Result<()> {
        let (repository, branch) = (self.branch.repository(), self.branch.expression());
        repository.api().get_branch().repository(repository.name()).branch(branch).send().await?;
        Ok(())
    }

    /// The reason why an entry cannot be uploaded.
    fn rejection(&self, entry: &LocalEntry) -> Option<Error> {
        let invalid = |why: &str| Some(Error::invalid("", why));
        match &entry.kind {
            kind if self.skips_kind(kind) => None,
            EntryKind::Unsupported(why) => invalid(why),
            EntryKind::Unreadable(why) => Some(Error::new(ErrorKind::Io, "", &**why)),
            EntryKind::Symlink => {
                invalid("the entry is a symbolic link; set `symlinks` to skip or follow it")
            }
            EntryKind::Special => invalid("the entry is not a regular file; set `skip_special` to skip it"),
            EntryKind::Directory => None,
            EntryKind::File(_) => {
                let length = self.prefix.len() + entry.name.len();
                if length <= MAX_PATH_LENGTH {
                    return None;
                }
                invalid(&format!("the path has {length} bytes, and the limit is {MAX_PATH_LENGTH}"))
            }
        }
    }

    fn skips_kind(&self, kind: &EntryKind) -> bool {
        match kind {
            EntryKind::Symlink => self.symlinks == SymlinkPolicy::Skip,
            EntryKind::Special => self.skip_special,
            EntryKind::File(_)
            | EntryKind::Directory
            | EntryKind::Unsupported(_)
            | EntryKind::Unreadable(_) => false,
        }
    }

    /// Whether to do nothing for a pair.
    ///
    /// The object of a skipped entry is skipped too, and so are the objects below it: if the entry is a symbolic
    /// link or an unreadable directory, their files may be there.
    fn skips(&self, pair: &Pair<LocalEntry, ListedObject>, skipped: &mut PrefixStack) -> bool {
        match pair {
            Pair::Left(entry) | Pair::Both(entry, _) => {
                let skips = self.skips_kind(&entry.kind);
                if skips || self.rejection(entry).is_some() {
                    let name = entry.name.trim_end_matches('/');
                    skipped.parent_of(name);
                    skipped.push(name);
                }
                skips
            }
            Pair::Right(object) => {
                !self.options.delete_extraneous || skipped.parent_of(&object.name).is_some()
            }
        }
    }

    /// Walks the directory, and counts the files and bytes to upload.
    fn walk(&self, filter: PathFilter) -> BoxStream<'_, Result<LocalEntry>> {
        let options = WalkOptions {
            follow_symlinks: self.symlinks == SymlinkPolicy::Follow,
            stat: true,
            skip_temporary: true,
            filter,
        };
        let entries = walk(self.root.clone(), options).map_err(|error| self.read_error(error));
        let entries = entries.inspect_ok(|entry| {
            if let EntryKind::File(file) = entry.kind
                && self.rejection(entry).is_none()
            {
                self.options.progress.expect(1, Some(file.bytes));
            }
        });
        if self.options.skip_invalid {
            entries.boxed()
        } else {
            stop_at_rejection(entries, |entry| self.rejection(entry).is_some()).boxed()
        }
    }

    fn read_error(&self, error: io::Error) -> Error {
        Error::io(self.action(), "the directory cannot be read", error)
    }

    async fn process(&self, task: UploadTask) -> Option<TaskOutcome> {
        let (entry, object) = match task {
            UploadTask::Entry(entry, object) => (entry, object),
            UploadTask::Delete(names) => {
                let result = if self.options.dry_run { Ok(Vec::new()) } else { self.delete(&names).await };
                return Some(TaskOutcome::Deleted(names, result));
            }
        };
        let name = entry.name.clone();
        if let Some(error) = self.rejection(&entry) {
            return Some(self.rejected(name, error));
        }
        let EntryKind::File(file) = entry.kind else { return None };
        Some(match self.upload(&name, file, object).await {
            Ok(result) => TaskOutcome::Entry(name, result),
            Err(unreadable) => self.rejected(name, Error::io("", "the file cannot be read", unreadable)),
        })
    }

    /// Returns the outcome for an entry that cannot be uploaded or read.
    fn rejected(&self, name: String, error: Error) -> TaskOutcome {
        if self.options.skip_invalid {
            TaskOutcome::Invalid(name, error.message().to_owned())
        } else {
            TaskOutcome::Entry(name, Err(error))
        }
    }

    /// Deletes the objects of these names, and returns those that the server could not delete.
    async fn delete(&self, names: &[String]) -> Result<Vec<FailedObject>> {
        let batch = DeleteBatch { force: self.force, ..DeleteBatch::new(self.branch.clone()) };
        batch.send(names.iter().map(|name| format!("{}{name}", self.prefix)).collect()).await
    }

    /// Uploads a file, unless it is equal to the object.
    ///
    /// # Errors
    /// The outer error is that of a file that cannot be read.
    async fn upload(
        &self,
        name: &str,
        file: FileStat,
        object: Option<ListedObject>,
    ) -> io::Result<Result<SyncAction>> {
        let Options { skip_unchanged, dry_run, progress, compare, .. } = &self.options;
        let unchanged = |bytes| {
            progress.advance(bytes);
            progress.finish_item();
            Ok(Ok(SyncAction::Unchanged(bytes)))
        };
        let bytes = file.bytes;
        let object = object.filter(|_| *skip_unchanged);
        let of_same_size = match object.map(|object| (compare.similarity(file, &object), object)) {
            Some((Similarity::Equal, _)) => return unchanged(bytes),
            Some((Similarity::SameSize, object)) => Some(object),
            Some((Similarity::Different, _)) | None => None,
        };
        if *dry_run && of_same_size.is_none() {
            return Ok(Ok(SyncAction::Transferred(bytes)));
        }
        let verifier =
            of_same_size.as_ref().and_then(|object| ChecksumVerifier::new(&object.checksum, bytes));
        let path = local_path(&self.root, name);
        let content = match verifier {
            None if *dry_run => FileContent::Large,
            verifier if bytes <= local_files::SMALL_FILE => {
                let open = self.open(&path);
                self.jobs.run(move || local_files::load(open()?, bytes, verifier)).await?
            }
            Some(verifier) => {
                let (_, is_equal) = has_checksum(&self.jobs, self.open(&path), bytes, verifier).await?;
                if is_equal { FileContent::Unchanged } else { FileContent::Large }
            }
            None => FileContent::Large,
        };
        let object = self.branch.object(format!("{}{name}", self.prefix));
        if let (Some(listed), Compare::Checksum) = (&of_same_size, compare)
            && !matches!(content, FileContent::Unchanged)
            && stored_time::is_equal(&object, listed, file).await
        {
            return unchanged(bytes);
        }
        let is_limited = matches!(content, FileContent::Large) && self.options.concurrency.is_none();
        let permit = if is_limited { self.large_file_permits.acquire().await.ok() } else { None };
        let body = match content {
            FileContent::Unchanged => return unchanged(bytes),
            _ if *dry_run => return Ok(Ok(SyncAction::Transferred(bytes))),
            FileContent::Small(data) => Body::from(data),
            FileContent::Large => Body::opened_file(self.jobs.run(self.open(&path)).await?, path.clone()),
        };
        let content_type = self.content_type.0.as_ref().and_then(|content_type| content_type(&path));
        let modified = file.modified.to_string();
        let (modified, modified_if_encrypted) = match self.options.preserve_times {
            _ if self.options.preserves_times() => (Some(modified), None),
            Some(_) => (None, None),
            None => (None, Some(modified)),
        };
        let stats = UploadRequest::new(object, body)
            .shared_progress(&progress.of_part())
            .permits(self.part_permits.clone())
            .force(self.force.is_some())
            .apply_if_some(content_type, |upload, content_type| upload.content_type(content_type))
            .apply_if_some(modified, |upload, modified| upload.metadata(MODIFIED_KEY, modified))
            .apply_if_some(modified_if_encrypted, |upload, modified| {
                upload.metadata_if_encrypted(MODIFIED_KEY, modified)
            })
            .await;
        drop(permit);
        Ok(stats.map(|stats| SyncAction::Transferred(stats.size().unwrap_or(bytes))))
    }

    /// Returns a function that opens a file. It blocks.
    fn open(&self, path: &Path) -> impl FnOnce() -> io::Result<File> + Send + use<> {
        let (root, path) = (self.root.clone(), path.to_owned());
        let follows = self.symlinks == SymlinkPolicy::Follow;
        move || if follows { File::open(path) } else { beneath::open_file(&root, &path) }
    }

    fn action(&self) -> String {
        let (branch, repository) = (self.branch.expression(), self.branch.repository().name());
        let (root, prefix) = (self.root.display(), &self.prefix);
        format!("upload directory {root} to {prefix:?} on branch {branch:?} of repository {repository:?}")
    }
}

impl_into_future!(UploadDirRequest { branch } => SyncReport);

/// The function that returns the content type of a file, if there is one.
#[derive(Clone)]
#[expect(clippy::type_complexity, reason = "the type of the callback is written once")]
struct ContentTypes(Option<Arc<dyn Fn(&Path) -> Option<String> + Send + Sync>>);

impl fmt::Debug for ContentTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "ContentTypes" } else { "ContentTypes(None)" })
    }
}
