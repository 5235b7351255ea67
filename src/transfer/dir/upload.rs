//! Uploads a directory to the objects under a prefix.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use futures::future;
use futures::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use tokio::sync::Semaphore;

use crate::error::FailedObject;
use crate::error::{Error, ErrorKind, Result};
use crate::macros::{ApplyIfSome as _, bool_setters, impl_into_future};
use crate::scope::RefScope;
use crate::transfer::blocking;
use crate::transfer::delete::{DeleteBatch, MAX_PATH_LENGTH};
use crate::transfer::dir::listing::{ListedObject, list_objects};
use crate::transfer::dir::local_files::{self, FileContent, local_path};
use crate::transfer::dir::merge::{Pair, merge};
use crate::transfer::dir::options::{Options, SymlinkPolicy, dir_options, directory_prefix};
use crate::transfer::dir::outcomes::{Outcomes, TaskOutcome};
use crate::transfer::dir::prefix_stack::PrefixStack;
use crate::transfer::dir::report::{EntryCallback, SyncAction, SyncReport};
use crate::transfer::dir::small_list::SmallList;
use crate::transfer::dir::upload_tasks::{UploadTask, upload_tasks};
use crate::transfer::dir::walk::{EntryKind, LocalEntry, walk};
use crate::transfer::etag::ChecksumVerifier;
use crate::transfer::write::body::Body;
use crate::transfer::write::upload::UploadRequest;

/// The number of parts of large files that are uploaded at once, for all files together.
const PART_PERMITS: usize = 8;

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
/// Memory use does not grow with the number of files.
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
/// All entries of the directory are checked before anything is uploaded. These entries are rejected:
/// * names that are not valid Unicode;
/// * files whose object would have a path of more than 1024 bytes;
/// * [symbolic links](Self::symlinks), unless they are skipped or followed;
/// * [sockets, pipes and devices](Self::skip_special), unless they are skipped.
///
/// # Progress
/// The totals that [`progress`](Self::progress) reports are known before the first byte is transferred. Unchanged files
/// count as transferred.
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
/// * [`Io`](crate::ErrorKind::Io): the directory cannot be read.
/// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): entries of the directory cannot be uploaded. The error lists
///   all of them, and nothing was uploaded.
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
        // The branch is checked first: if it does not exist, every file would fail.
        let ((), entries) = future::try_join(self.check_branch(), self.check_entries()).await?;
        let entries = entries.into_stream(|| self.walk());
        let pairs: BoxStream<'_, _> = if self.options.skip_unchanged || self.options.delete_extraneous {
            let objects = list_objects(&self.branch, &self.prefix).boxed();
            merge(entries, objects).map_ok(|merged| merged.pair).boxed()
        } else {
            entries.map_ok(Pair::Left).boxed()
        };
        let mut skipped = PrefixStack::default();
        let pairs = pairs.try_filter(|pair| future::ready(!self.skips(pair, &mut skipped)));
        let mut outcomes = Outcomes::new(&self.prefix, &self.options.on_entry);
        let tasks = upload_tasks(pairs);
        let uploaded = outcomes.run_all(tasks, self.options.concurrency, |task| self.process(task));
        if let Err(error) = uploaded.await {
            return Err(outcomes.abort(error));
        }
        outcomes.finish(|| self.action())
    }

    async fn check_branch(&self) -> Result<()> {
        let (repository, branch) = (self.branch.repository(), self.branch.expression());
        repository.api().get_branch().repository(repository.name()).branch(branch).send().await?;
        Ok(())
    }

    /// Checks all entries before anything is uploaded, and counts the files and bytes to upload.
    async fn check_entries(&self) -> Result<SmallList<LocalEntry>> {
        let mut outcomes = Outcomes::new(&self.prefix, &self.options.on_entry);
        let (mut list, mut walk) = (SmallList::new(), pin!(self.walk()));
        let mut is_empty = true;
        while let Some(entry) = walk.try_next().await? {
            if outcomes.stop() {
                break;
            }
            is_empty &= entry.kind == EntryKind::Directory;
            if let Some(why) = self.rejection(&entry) {
                outcomes.reject(&entry.name, why);
            } else {
                if let EntryKind::File { bytes } = entry.kind {
                    self.options.progress.expect(1, Some(bytes));
                }
                list.push(entry);
            }
        }
        outcomes.finish(|| self.action())?;
        if self.options.delete_extraneous && is_empty {
            let message =
                "there is no file in the directory, so every object under the prefix would be deleted";
            return Err(Error::new(ErrorKind::NotFound, self.action(), message));
        }
        Ok(list)
    }

    /// The reason why an entry cannot be uploaded.
    fn rejection(&self, entry: &LocalEntry) -> Option<String> {
        match &entry.kind {
            kind if self.skips_kind(kind) => None,
            EntryKind::Unsupported(why) => Some(why.clone()),
            EntryKind::Symlink => {
                Some("the entry is a symbolic link; set `symlinks` to skip or follow it".to_owned())
            }
            EntryKind::Special => {
                Some("the entry is not a regular file; set `skip_special` to skip it".to_owned())
            }
            EntryKind::Directory => None,
            EntryKind::File { .. } => {
                let length = self.prefix.len() + entry.name.len();
                (length > MAX_PATH_LENGTH)
                    .then(|| format!("the path has {length} bytes, and the limit is {MAX_PATH_LENGTH}"))
            }
        }
    }

    fn skips_kind(&self, kind: &EntryKind) -> bool {
        match kind {
            EntryKind::Symlink => self.symlinks == SymlinkPolicy::Skip,
            EntryKind::Special => self.skip_special,
            EntryKind::File { .. } | EntryKind::Directory | EntryKind::Unsupported(_) => false,
        }
    }

    /// Whether to do nothing for a pair.
    ///
    /// The object of a skipped entry is skipped too, and so are the objects below it: if the entry is a symbolic
    /// link, their files may be in its target.
    fn skips(&self, pair: &Pair<LocalEntry, ListedObject>, skipped: &mut PrefixStack) -> bool {
        match pair {
            Pair::Left(entry) | Pair::Both(entry, _) => {
                let skips = self.skips_kind(&entry.kind);
                if skips {
                    skipped.parent_of(&entry.name);
                    skipped.push(&entry.name);
                }
                skips
            }
            Pair::Right(object) => {
                !self.options.delete_extraneous || skipped.parent_of(&object.name).is_some()
            }
        }
    }

    fn walk(&self) -> impl Stream<Item = Result<LocalEntry>> + Send + use<> {
        let action = self.action();
        walk(self.root.clone(), self.symlinks == SymlinkPolicy::Follow)
            .map_err(move |error| Error::io(&*action, "the directory cannot be read", error))
    }

    async fn process(&self, task: UploadTask) -> Option<TaskOutcome> {
        let (entry, object) = match task {
            UploadTask::Entry(entry, object) => (entry, object),
            UploadTask::Delete(names) => {
                let result = if self.options.dry_run { Ok(Vec::new()) } else { self.delete(&names).await };
                return Some(TaskOutcome::Deleted(names, result));
            }
        };
        let result = match entry.kind {
            EntryKind::File { bytes } => self.upload(&entry.name, bytes, object).await,
            // The entry has appeared after the check.
            EntryKind::Unsupported(_) | EntryKind::Symlink | EntryKind::Special => {
                Err(Error::invalid("", self.rejection(&entry).unwrap_or_default()))
            }
            EntryKind::Directory => return None,
        };
        Some(TaskOutcome::Entry(entry.name, result))
    }

    /// Deletes the objects of these names, and returns those that the server could not delete.
    async fn delete(&self, names: &[String]) -> Result<Vec<FailedObject>> {
        let batch = DeleteBatch { force: self.force, ..DeleteBatch::new(self.branch.clone()) };
        batch.send(names.iter().map(|name| format!("{}{name}", self.prefix)).collect()).await
    }

    async fn upload(&self, name: &str, bytes: u64, object: Option<ListedObject>) -> Result<SyncAction> {
        let Options { skip_unchanged, dry_run, progress, .. } = &self.options;
        let same_size = object.filter(|object| *skip_unchanged && object.bytes == bytes);
        let verifier = same_size.and_then(|object| ChecksumVerifier::new(&object.checksum, bytes));
        if *dry_run && verifier.is_none() {
            return Ok(SyncAction::Transferred(bytes));
        }
        let path = local_path(&self.root, name);
        let content = if bytes <= local_files::SMALL_FILE || verifier.is_some() {
            let path = path.clone();
            let load = move || local_files::load(&path, bytes, verifier);
            let read_error = |error| Error::io("", "the file cannot be read", error);
            blocking(load).await.map_err(read_error)?
        } else {
            FileContent::Large
        };
        let body = match content {
            FileContent::Unchanged => {
                progress.advance(bytes);
                progress.finish_item();
                return Ok(SyncAction::Unchanged(bytes));
            }
            _ if *dry_run => return Ok(SyncAction::Transferred(bytes)),
            FileContent::Small(data) => Body::from(data),
            FileContent::Large => Body::file(&path),
        };
        let content_type = self.content_type.0.as_ref().and_then(|content_type| content_type(&path));
        let object = self.branch.object(format!("{}{name}", self.prefix));
        let stats = UploadRequest::new(object, body)
            .shared_progress(&progress.of_part())
            .permits(self.part_permits.clone())
            .force(self.force.is_some())
            .apply_if_some(content_type, |upload, content_type| upload.content_type(content_type))
            .await?;
        let bytes = stats.size_bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or(bytes);
        Ok(SyncAction::Transferred(bytes))
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
