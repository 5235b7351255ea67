//! Branches.

#[cfg(feature = "fs")]
use std::path::PathBuf;

use futures::stream::{self, Stream, TryStreamExt as _};

use crate::error::Result;
use crate::handles::branch_object::BranchObject;
use crate::handles::ref_methods::ref_methods;
use crate::handles::reference::Reference;
use crate::handles::transaction::request::TransactionRequest;
use crate::macros::impl_has_options;
use crate::models;
use crate::ref_expr::RefExpr;
use crate::request::Request;
use crate::requests::branch::{self, CreateBranchRequest, DeleteBranchRequest};
use crate::requests::cherry_pick::CherryPickRequest;
use crate::requests::commit::CommitRequest;
use crate::requests::diff::ListUncommitted;
use crate::requests::import::{ImportRequest, ImportTask};
use crate::requests::reset::{HardResetRequest, ResetRequest};
use crate::requests::revert::RevertRequest;
use crate::scope::RefScope;
use crate::task::Task;
use crate::transfer::delete::DeleteObjectsRequest;
#[cfg(feature = "fs")]
use crate::transfer::dir::UploadDirRequest;

/// A handle to a branch of a repository. The branch may not exist yet.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let main = repository.branch("main");
/// let experiment = repository.branch("experiment1");
/// experiment.create(&main).await?;
/// experiment.object("data.csv").upload("a,b\n1,2\n").await?;
/// experiment.commit("Add data").metadata("using", "rust").await?;
/// experiment.merge_into(&main).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Branch(RefScope);

impl_has_options!(Branch { 0 });

ref_methods!(Branch, "branch", "repository.branch(\"experiment1\")");

impl Branch {
    /// Returns the name of the branch.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.expression()
    }

    /// Returns a handle to the object of this path on the branch. The object may not exist yet.
    #[must_use]
    pub fn object(&self, path: impl Into<String>) -> BranchObject {
        BranchObject::from_scope(self.0.object(path))
    }

    /// Creates the branch at the commit that `source` names.
    ///
    /// Uncommitted changes of a source branch are not part of the new branch.
    ///
    /// Unless the source is a full commit id, the client reads its commit first. If the response is lost, it checks
    /// whether the branch exists at a commit that the source has named since.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// repository.branch("experiment1").create("main").await?;
    /// repository.branch("hotfix").create(&repository.tag("v1")).exist_ok(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`AlreadyExists`](crate::ErrorKind::AlreadyExists): a branch, a tag or a commit has this name. See
    ///   [`exist_ok`](CreateBranchRequest::exist_ok).
    /// * [`NotFound`](crate::ErrorKind::NotFound): the source does not exist.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the name is invalid, or the source is a handle of
    ///   another repository.
    pub fn create(&self, source: impl Into<RefExpr>) -> CreateBranchRequest {
        CreateBranchRequest::new(self.scope(), source.into())
    }

    /// Reads the branch: its name and the id of its head.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist. [`get_opt`](Self::get_opt) returns `None`
    /// instead.
    pub fn get(&self) -> Request<models::Ref> {
        Request::new(&self.0, |scope| async move { branch::get(&scope).await })
    }

    /// Reads the branch, or returns `None` if it or its repository does not exist.
    pub fn get_opt(&self) -> Request<Option<models::Ref>> {
        self.get().optional()
    }

    /// Checks whether the branch exists.
    pub fn exists(&self) -> Request<bool> {
        self.get().found()
    }

    /// Reads the current head of the branch, and returns it as a reference that does not move with the branch.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let snapshot = repository.branch("main").head().await?;
    /// // Both objects are read at the same commit, even if there is a new one in the meantime.
    /// let data = snapshot.object("data.csv").read().await?;
    /// let index = snapshot.object("index.csv").read().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist.
    pub fn head(&self) -> Request<Reference> {
        let repository = self.repository();
        self.get().map_result(move |branch| Ok(repository.reference(branch?.commit_id)))
    }

    /// Deletes the branch and its uncommitted changes.
    ///
    /// A deletion is not retried, because it could delete a branch that another writer has created since. If the response
    /// is lost, the client checks whether the branch is gone.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// branch.delete().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist.
    /// * [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch is protected, the repository is read-only, or
    ///   the branch is the default branch.
    pub fn delete(&self) -> DeleteBranchRequest {
        DeleteBranchRequest::new(self.scope())
    }

    /// Deletes the objects with these paths; missing ones are ignored. The deletions are uncommitted changes.
    ///
    /// Each request deletes 1000 objects, and paths are taken from the iterator as they are sent. Memory use does not
    /// depend on the number of paths.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// let outcome = branch.delete_objects((0..5000).map(|part| format!("parts/{part:04}"))).await;
    /// if let Err(error) = &outcome {
    ///     for object in error.failed_objects() {
    ///         println!("{}: {}", object.path.as_deref().unwrap_or_default(), object.message);
    ///     }
    /// }
    /// # outcome
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist.
    /// * If objects cannot be deleted, the kind of the first failure, such as
    ///   [`WriteProtected`](crate::ErrorKind::WriteProtected). The error [lists](crate::Error::failed_objects) the
    ///   failed objects.
    ///
    /// The first failure stops the deletion. Requests in progress finish, later paths are not sent, and the error says
    /// that they were not tried.
    pub fn delete_objects<P: Into<String>>(
        &self,
        paths: impl IntoIterator<Item = P, IntoIter: Send + 'static>,
    ) -> DeleteObjectsRequest {
        let paths = paths.into_iter().map(|path| Ok(path.into()));
        DeleteObjectsRequest::new(self.scope(), stream::iter(paths))
    }

    /// Deletes the objects with the paths that a stream yields, as [`delete_objects`](Self::delete_objects) does.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// use lakefs::TryStreamExt as _;
    ///
    /// let scratch = branch.objects().prefix("scratch/").user_metadata(false);
    /// branch.delete_objects_from(scratch.map_ok(|entry| entry.path().to_owned())).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`delete_objects`](Self::delete_objects). An error of the stream stops the deletion and is returned.
    pub fn delete_objects_from(
        &self,
        paths: impl Stream<Item = Result<String>> + Send + 'static,
    ) -> DeleteObjectsRequest {
        DeleteObjectsRequest::new(self.scope(), paths)
    }

    /// Deletes all objects whose path starts with a prefix. An empty prefix deletes all objects.
    ///
    /// The deletions are uncommitted changes.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// branch.delete_prefix("scratch/").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`delete_objects`](Self::delete_objects) and of the list of objects.
    pub fn delete_prefix(&self, prefix: impl Into<String>) -> DeleteObjectsRequest {
        let objects = self.objects().prefix(prefix).user_metadata(false);
        self.delete_objects_from(objects.map_ok(|entry| entry.path().to_owned()))
    }

    /// Uploads all files below a directory to paths under a prefix.
    ///
    /// The prefix ends at a slash: `data` is the same as `data/`. Existing objects are replaced. The uploads are
    /// uncommitted changes.
    ///
    /// All names are checked before the first object is written. Empty directories are not uploaded, because a branch
    /// has no directories. Memory use does not depend on the number of files.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// use lakefs::SymlinkPolicy;
    ///
    /// let report = branch.upload_dir("results", "data/").symlinks(SymlinkPolicy::Skip).await?;
    /// println!("{} files, {} bytes", report.transferred, report.bytes_transferred);
    /// branch.commit("Add results").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist.
    /// * [`Io`](crate::ErrorKind::Io): the directory cannot be read.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): some files cannot be uploaded: names that are not Unicode
    ///   or too long, [symbolic links](UploadDirRequest::symlinks), and
    ///   [special files](UploadDirRequest::skip_special) such as sockets. The error
    ///   [lists](crate::Error::failed_objects) them. Nothing is written, unless there are many files; see
    ///   [`UploadDirRequest`]. [`skip_invalid`](UploadDirRequest::skip_invalid) uploads the others.
    ///
    /// If single files fail, the others are uploaded nevertheless. The error has the kind of the first failure and
    /// lists all of them. The upload stops after 1000 failed files, or after 50 consecutive failures that do not concern
    /// single files, such as those of the connection. Transfers in progress finish, and the error says that the
    /// remaining files were not tried.
    #[cfg(feature = "fs")]
    pub fn upload_dir(&self, directory: impl Into<PathBuf>, prefix: impl Into<String>) -> UploadDirRequest {
        UploadDirRequest::new(self.scope(), directory.into(), prefix.into(), false)
    }

    /// [Uploads](Self::upload_dir) the files below a directory that differ from the objects under a prefix.
    ///
    /// Objects without a file stay, unless [`delete_extraneous`](UploadDirRequest::delete_extraneous) is set.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// let report = branch.sync_from_dir("results", "data/").delete_extraneous(true).await?;
    /// println!("{} uploaded, {} unchanged, {} deleted", report.transferred, report.unchanged, report.deleted);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`upload_dir`](Self::upload_dir).
    #[cfg(feature = "fs")]
    pub fn sync_from_dir(
        &self,
        directory: impl Into<PathBuf>,
        prefix: impl Into<String>,
    ) -> UploadDirRequest {
        UploadDirRequest::new(self.scope(), directory.into(), prefix.into(), true)
    }

    /// Imports objects that exist in the storage, and commits them. Their data is not copied.
    ///
    /// Awaiting the request starts the import and returns its [`Task`].
    /// [`wait_for_completion`](ImportRequest::wait_for_completion) returns the commit instead.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// let commit = branch
    ///     .import()
    ///     .prefix("s3://bucket/raw/", "raw/")
    ///     .object("s3://bucket/extra.csv", "extra.csv")
    ///     .message("Import the raw data")
    ///     .wait_for_completion()
    ///     .await?;
    /// println!("{}", commit.id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist.
    /// * [`Unsupported`](crate::ErrorKind::Unsupported): the storage does not support imports.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): there is nothing to import, or a source is in the
    ///   storage namespace of the repository.
    pub fn import(&self) -> ImportRequest {
        ImportRequest::new(self.scope())
    }

    /// Returns an import that was started before, by its id.
    #[must_use]
    pub fn import_task(&self, id: impl Into<String>) -> Task<ImportTask> {
        Task::new(ImportTask::new(self.scope()), id)
    }

    /// Lists the uncommitted changes of the branch, in the order of the paths.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// use lakefs::TryStreamExt as _;
    ///
    /// let changes: Vec<_> = branch.uncommitted().prefix("data/").try_collect().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), when the list is read: the branch does not exist.
    pub fn uncommitted(&self) -> ListUncommitted {
        ListUncommitted::new(self.scope())
    }

    /// Commits the uncommitted changes of the branch.
    ///
    /// A commit is not idempotent, so it is not retried. If the response is lost, the client searches the new commits
    /// of the branch for it. Where its outcome cannot be determined,
    /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`: check the [log](Self::log)
    /// before you retry.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// let commit = branch.commit("Add data").metadata("source", "sensor-7").await?;
    /// println!("{}", commit.id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist.
    /// * [`NoChanges`](crate::ErrorKind::NoChanges): there are no uncommitted changes, or none that differ from the
    ///   head. See [`allow_empty`](CommitRequest::allow_empty).
    /// * [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch is protected, or the repository is read-only.
    /// * [`HookFailed`](crate::ErrorKind::HookFailed): a hook prevented the commit.
    pub fn commit(&self, message: impl Into<String>) -> CommitRequest {
        CommitRequest::new(self.scope(), message.into())
    }

    /// Makes several changes atomically: on a temporary branch, with one commit and one merge.
    ///
    /// [`run`](TransactionRequest::run) takes the changes as a closure. [`begin`](TransactionRequest::begin) returns a
    /// value that is committed or rolled back later.
    ///
    /// ```
    /// # async fn example(main: lakefs::Branch) -> lakefs::Result<()> {
    /// let outcome = main
    ///     .transaction("Load the day")
    ///     .tag("2026-11-23")
    ///     .run(async |tx| {
    ///         tx.object("day/1.csv").upload("a,b\n").await?;
    ///         tx.object("day/2.csv").upload("c,d\n").await?;
    ///         Ok::<_, lakefs::Error>(())
    ///     })
    ///     .await?;
    /// println!("merged as {:?}", outcome.merge);
    /// # Ok(())
    /// # }
    /// ```
    pub fn transaction(&self, message: impl Into<String>) -> TransactionRequest {
        TransactionRequest::new(self.clone(), message.into())
    }

    /// Applies the changes of a commit to this branch, as a new commit.
    ///
    /// The new commit has the message and the metadata of the picked commit, and metadata that names the picked commit.
    /// The branch must have no uncommitted changes.
    ///
    /// Each call creates a commit, an empty one if the changes are on the branch already. A cherry-pick is therefore
    /// not retried. If the response is lost, the client searches the new commits of the branch for it, which is why it
    /// reads the head of the branch first. Where its outcome cannot be determined,
    /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let fix = repository.branch("main").get_commit().await?;
    /// let picked = repository.branch("release").cherry_pick(&fix).await?;
    /// assert_eq!(picked.message, fix.message);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the branch or the commit does not exist.
    /// * [`MergeConflict`](crate::ErrorKind::MergeConflict): the branch changed the same
    ///   [paths](crate::Error::conflicts).
    /// * [`UncommittedChanges`](crate::ErrorKind::UncommittedChanges): the branch has uncommitted changes.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): a merge commit is picked without a
    ///   [parent number](CherryPickRequest::parent_number), the commit has no parent, or `commit` is a handle of
    ///   another repository.
    pub fn cherry_pick(&self, commit: impl Into<RefExpr>) -> CherryPickRequest {
        CherryPickRequest::new(self.scope(), commit.into())
    }

    /// Undoes the changes of a commit, with a new commit. There must be no uncommitted changes.
    ///
    /// The server does not return the new commit. Read it with [`get_commit`](Self::get_commit), which returns a later
    /// commit if another client has committed in the meantime.
    ///
    /// If the response is lost, the client searches the new commits of the branch for it, which is why it reads the head
    /// of the branch first. Where its outcome cannot be determined,
    /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let main = repository.branch("main");
    /// let mistake = main.get_commit().await?;
    /// main.revert(&mistake).message("Restore the previous data").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the branch or the commit does not exist.
    /// * [`NoChanges`](crate::ErrorKind::NoChanges): there is nothing to undo. See
    ///   [`allow_empty`](RevertRequest::allow_empty).
    /// * [`MergeConflict`](crate::ErrorKind::MergeConflict): later commits changed the same
    ///   [paths](crate::Error::conflicts).
    /// * [`UncommittedChanges`](crate::ErrorKind::UncommittedChanges): the branch has uncommitted changes.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): a merge commit is reverted without a
    ///   [parent number](RevertRequest::parent_number), or `commit` is a handle of another repository.
    pub fn revert(&self, commit: impl Into<RefExpr>) -> RevertRequest {
        RevertRequest::new(self.scope(), commit.into())
    }

    /// Discards uncommitted changes: all of them, those of an [object](ResetRequest::object), or those under a
    /// [prefix](ResetRequest::prefix).
    ///
    /// A reset is not retried, because it could discard what other writers have changed since. If the response is lost,
    /// the client checks whether the changes are gone.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// branch.reset().object("data.csv").await?;
    /// branch.reset().prefix("logs/").await?;
    /// branch.reset().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the branch does not exist. A branch without uncommitted changes is not
    ///   an error.
    /// * [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch is protected, or the repository is read-only.
    pub fn reset(&self) -> ResetRequest {
        ResetRequest::new(self.scope())
    }

    /// Moves the head of the branch to the commit that `target` names, which need not be in its history. Uncommitted
    /// changes stay.
    ///
    /// The client reads the head of the branch, and resolves `target` unless it is a full commit id: `main~1` would name
    /// another commit after the move. The request is not retried, because it could drop what other writers have committed
    /// since. If the response is lost, the client checks whether the head has moved.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let main = repository.branch("main");
    /// let before = main.get_commit().await?;
    /// main.commit("Try").allow_empty(true).await?;
    /// main.hard_reset(&before).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the branch or the target does not exist.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): a commit of the branch failed halfway and its changes
    ///   block the move ([reset](Self::reset) the branch first), or `target` is a handle of another repository.
    /// * [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch is protected, or the repository is read-only.
    pub fn hard_reset(&self, target: impl Into<RefExpr>) -> HardResetRequest {
        HardResetRequest::new(self.scope(), target.into())
    }
}
