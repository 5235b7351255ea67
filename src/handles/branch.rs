//! Branches.

use std::ops::Deref;
#[cfg(feature = "fs")]
use std::path::PathBuf;

use futures::future::BoxFuture;
use futures::stream::{self, Stream, TryStreamExt as _};

use crate::handles::branch_object::BranchObject;
use crate::handles::reference::Reference;
use crate::handles::repository::Repository;
use crate::handles::transaction::Transaction;
use crate::http::reconcile::{OnMissing, reconcile};
use crate::models::{self, BranchCreation};
use crate::pager::{List, Page};
use crate::requests::cherry_pick::CherryPickRequest;
use crate::requests::commit::Commit;
use crate::requests::diff::Uncommitted;
use crate::requests::import::{Import, ImportTask};
use crate::requests::reset::{HardResetRequest, Reset};
use crate::requests::revert::Revert;
use crate::requests::support::{When as _, awaits, flags, opt};
use crate::task::Task;
use crate::transfer::delete::DeleteObjectsRequest;
#[cfg(feature = "fs")]
use crate::transfer::dir::UploadDirRequest;
use crate::{Pager, Result};

/// A branch by its name, whether it exists or not. It can do all that a [`Reference`] can.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let experiment = repository.branch("experiment1");
/// experiment.create("main").await?;
/// experiment.object("data.csv").upload("a,b\n1,2\n").await?;
/// experiment.commit("Add data").metadata("using", "rust").await?;
/// experiment.merge_into("main").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Branch(Reference);

impl Deref for Branch {
    type Target = Reference;

    fn deref(&self) -> &Reference {
        &self.0
    }
}

impl Branch {
    pub(crate) fn new(reference: Reference) -> Self {
        Self(reference)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.expression()
    }

    /// Returns the object at a path of the branch, whether it exists or not.
    #[must_use]
    pub fn object(&self, path: impl Into<String>) -> BranchObject {
        BranchObject::from_scope(self.scope().object(path))
    }

    /// Creates the branch at the commit that `source` names: a branch, a tag, a commit, or an expression.
    ///
    /// What is staged and not committed on a source branch does not come along.
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict): a branch, a tag or a commit of this name exists.
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such source.
    pub fn create(&self, source: impl Into<String>) -> CreateBranchRequest {
        let body =
            BranchCreation { name: self.name().to_owned(), source: source.into(), force: None, hidden: None };
        CreateBranchRequest { branch: self.clone(), body }
    }

    /// Reads its head.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), where [`get_opt`](Self::get_opt) answers `None`.
    pub async fn get(&self) -> Result<models::Ref> {
        let api = self.repository().client.api();
        let request = api.get_branch().repository(self.repository().name()).branch(self.name());
        Ok(request.send().await?.into_inner())
    }

    /// Reads its head, or `None` if there is no such branch, or no such repository.
    pub async fn get_opt(&self) -> Result<Option<models::Ref>> {
        opt(self.get().await)
    }

    /// Whether it exists.
    pub async fn exists(&self) -> Result<bool> {
        Ok(self.get_opt().await?.is_some())
    }

    /// The commit that is its head now, as a reference that stays there when the branch moves on.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let snapshot = repository.branch("main").head().await?;
    /// // Both from the same commit, whoever commits in between.
    /// let (data, index) = (snapshot.object("data.csv").read().await?, snapshot.object("index.csv").read().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such branch.
    pub async fn head(&self) -> Result<Reference> {
        Ok(self.repository().reference(self.get().await?.commit_id))
    }

    /// Deletes the branch, and with it what is staged and not committed.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), or [`WriteProtected`](crate::ErrorKind::WriteProtected) for the default branch.
    pub fn delete(&self) -> DeleteBranchRequest {
        DeleteBranchRequest { branch: self.clone(), force: None }
    }

    /// Deletes objects by their paths, whether they are there or not. That they are gone is staged until it is committed.
    ///
    /// They go to the server 1000 at a time, as the iterator gives them, so that a million paths need no more memory
    /// than a few thousand.
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
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such branch. For objects that could not be deleted, the
    /// kind that the first of them has, such as [`WriteProtected`](crate::ErrorKind::WriteProtected), with
    /// [all of them](crate::Error::failed_objects). The first failure ends it: requests that are under way are
    /// finished, later paths are not sent, and the error says that they were not tried.
    pub fn delete_objects<P: Into<String>>(
        &self,
        paths: impl IntoIterator<Item = P, IntoIter: Send + 'static>,
    ) -> DeleteObjectsRequest {
        let paths = paths.into_iter().map(|path| Ok(path.into()));
        DeleteObjectsRequest::new(self.scope(), stream::iter(paths))
    }

    /// Deletes objects as [`delete_objects`](Self::delete_objects) does, by the paths that a stream gives. An error of
    /// the stream ends it, and is the one that is told.
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
    pub fn delete_objects_from(
        &self,
        paths: impl Stream<Item = Result<String>> + Send + 'static,
    ) -> DeleteObjectsRequest {
        DeleteObjectsRequest::new(self.scope(), paths)
    }

    /// Deletes all objects whose path begins so; of an empty prefix, all there are.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// branch.delete_prefix("scratch/").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`delete_objects`](Self::delete_objects), and those of the list.
    pub fn delete_prefix(&self, prefix: impl Into<String>) -> DeleteObjectsRequest {
        let objects = self.objects().prefix(prefix).user_metadata(false);
        self.delete_objects_from(objects.map_ok(|entry| entry.path().to_owned()))
    }

    /// Uploads all files below a directory to paths that begin with a prefix, `data` for `data/`, in place of what was
    /// there. They are staged until they are committed.
    ///
    /// Before anything is written, all names are looked at. It takes no more memory for a million files than for a few
    /// thousand. Empty directories are not uploaded: a branch has no directories.
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
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such branch.
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the directory cannot be read, or there is something in it that
    /// cannot be uploaded: a name that is not Unicode or too long, a [link](crate::UploadDirRequest::symlinks), a
    /// [socket](crate::UploadDirRequest::skip_special). All of them are [told](crate::Error::failed_objects), and nothing was
    /// written. Where single files fail later, the others are uploaded all the same, and the error has the kind of the
    /// first failure, and all of them.
    ///
    /// There is an end to that: after 1000 failures nothing more is begun, or looked at, and after 50 in a row that are not
    /// about single files, such as those of a connection. What is under way is finished, and the error tells all failures
    /// that there were, and says that the rest was not tried.
    #[cfg(feature = "fs")]
    pub fn upload_dir(&self, directory: impl Into<PathBuf>, prefix: impl Into<String>) -> UploadDirRequest {
        UploadDirRequest::new(self.clone(), directory.into(), prefix.into(), false)
    }

    /// [Uploads](Self::upload_dir) the files below a directory that differ from the objects under a prefix. With
    /// [`delete_extraneous`](UploadDirRequest::delete_extraneous), the objects are those of the directory and no others then.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// let report = branch.sync_from_dir("results", "data/").delete_extraneous(true).await?;
    /// println!("{} uploaded, {} as before, {} deleted", report.transferred, report.unchanged, report.deleted);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`upload_dir`](Self::upload_dir).
    #[cfg(feature = "fs")]
    pub fn sync_from_dir(
        &self,
        directory: impl Into<PathBuf>,
        prefix: impl Into<String>,
    ) -> UploadDirRequest {
        UploadDirRequest::new(self.clone(), directory.into(), prefix.into(), true)
    }

    /// Brings objects that are in the storage already to the branch, in a commit of its own. Their data stay where they
    /// are. Awaiting it starts the import, and gives a task to [wait](Task::wait) for.
    ///
    /// ```
    /// # async fn example(branch: lakefs::Branch) -> lakefs::Result<()> {
    /// let import = branch
    ///     .import()
    ///     .prefix("s3://bucket/raw/", "raw/")
    ///     .object("s3://bucket/extra.csv", "extra.csv")
    ///     .message("Import the raw data")
    ///     .await?;
    /// let commit = import.wait().await?;
    /// println!("{}", commit.id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such branch.
    /// [`Unsupported`](crate::ErrorKind::Unsupported): the storage cannot be imported from.
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): there is nothing to import, or it is the repository's own.
    pub fn import(&self) -> Import {
        Import::new(self.clone())
    }

    /// An import to the branch that was started before, by its identifier.
    #[must_use]
    pub fn import_task(&self, id: impl Into<String>) -> Task<ImportTask> {
        Task::new(ImportTask { branch: self.clone() }, id)
    }

    /// What is staged and not committed, in the order of the paths.
    pub fn uncommitted(&self) -> Pager<models::Diff, Uncommitted> {
        Pager::new(Uncommitted::new(self.clone()))
    }

    /// Commits what is staged.
    ///
    /// A commit whose reply is lost is not repeated but looked for, and found where it is the head of the branch.
    ///
    /// # Errors
    /// [`NoChanges`](crate::ErrorKind::NoChanges): nothing is staged, or nothing that differs. Where a lost reply leaves
    /// open what happened, the error [says so](crate::Error::is_outcome_unknown): look at the [log](Reference::log) before
    /// you try again.
    pub fn commit(&self, message: impl Into<String>) -> Commit {
        Commit::new(self.clone(), message.into())
    }

    /// Changes that happen together: on a hidden branch, with one commit and one merge.
    ///
    /// ```
    /// # async fn example(main: lakefs::Branch) -> lakefs::Result<()> {
    /// let transacted = main
    ///     .transaction("Load the day")
    ///     .tag("2026-11-23")
    ///     .run(async |tx| {
    ///         tx.object("day/1.csv").upload("a,b\n").await?;
    ///         tx.object("day/2.csv").upload("c,d\n").await
    ///     })
    ///     .await?;
    /// println!("merged as {:?}", transacted.merge);
    /// # Ok(())
    /// # }
    /// ```
    pub fn transaction(&self, message: impl Into<String>) -> Transaction {
        Transaction::new(self.clone(), message.into())
    }

    /// Does here what the commit that `reference` names did, as a new commit, with its message and metadata and, in the
    /// metadata, where they come from. Nothing may be staged.
    ///
    /// It is done again each time it is called: a commit that is here already gives an empty one. It is therefore
    /// never repeated when its reply is lost.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let fix = repository.branch("main").get_commit().await?;
    /// let picked = repository.branch("release").cherry_pick(fix.id).await?;
    /// assert_eq!(picked.message, fix.message);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MergeConflict`](crate::ErrorKind::MergeConflict): the branch has changed the same paths; the server does not
    /// say which. [`InvalidRequest`](crate::ErrorKind::InvalidRequest): a merge commit without a
    /// [parent number](CherryPickRequest::parent_number), the first commit, or something is staged.
    pub fn cherry_pick(&self, reference: impl Into<String>) -> CherryPickRequest {
        CherryPickRequest::new(self.clone(), reference.into())
    }

    /// Undoes what the commit that `reference` names did, as a new commit. Nothing may be staged.
    ///
    /// The server does not say which commit it made. [`get_commit`](Reference::get_commit) reads it, unless another
    /// writer has been faster.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let main = repository.branch("main");
    /// let mistake = main.get_commit().await?;
    /// main.revert(mistake.id).message("Back to what we had").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NoChanges`](crate::ErrorKind::NoChanges): it is undone already.
    /// [`MergeConflict`](crate::ErrorKind::MergeConflict): later commits have changed the same paths; the server does
    /// not say which. [`InvalidRequest`](crate::ErrorKind::InvalidRequest): a merge commit without a
    /// [parent number](Revert::parent_number), or something is staged.
    pub fn revert(&self, reference: impl Into<String>) -> Revert {
        Revert::new(self.clone(), reference.into())
    }

    /// Forgets what is staged: all of it, one [object](Reset::object), or a [prefix](Reset::prefix).
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
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such branch. That nothing is staged is no error.
    pub fn reset(&self) -> Reset {
        Reset::new(self.clone())
    }

    /// Moves the branch to the commit that `reference` names, be it in its history or not. What is staged stays.
    ///
    /// A call whose reply is lost is repeated only where `reference` is the whole id of a commit: `main~1` names
    /// another one each time.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let main = repository.branch("main");
    /// let before = main.get().await?.commit_id;
    /// main.commit("Try").allow_empty(true).await?;
    /// main.hard_reset(before).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such branch, or no such commit.
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): a commit on the branch has failed half way, and what was
    /// staged for it is in the way: [reset](Self::reset) it. [`WriteProtected`](crate::ErrorKind::WriteProtected).
    pub fn hard_reset(&self, reference: impl Into<String>) -> HardResetRequest {
        HardResetRequest::new(self.clone(), reference.into())
    }
}

/// Creates a branch; see [`Branch::create`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct CreateBranchRequest {
    branch: Branch,
    body: BranchCreation,
}

impl CreateBranchRequest {
    flags! {
        /// Leaves it out of lists that do not ask for hidden branches.
        hidden => body.hidden;
        /// Creates it even if the repository is read-only.
        force => body.force;
    }

    async fn send(self) -> Result<models::Ref> {
        let Self { branch, body } = self;
        let repository = branch.repository();
        let create = || {
            let request =
                repository.client.api().create_branch().repository(repository.name()).body(body.clone());
            let id = body.name.clone();
            async move {
                let commit_id = request.send().await?.into_inner();
                Ok(models::Ref { commit_id: commit_id.trim().to_owned(), id })
            }
        };
        // A branch of this name at this very commit is what was asked for, whoever made it.
        let find_applied = || async {
            let Some(found) = branch.get_opt().await? else { return Ok(None) };
            let source = repository.reference(&body.source).get_commit().await?;
            Ok((source.id == found.commit_id).then_some(found))
        };
        reconcile(create().await, find_applied, OnMissing::resend(create())).await
    }
}

awaits!(CreateBranchRequest => models::Ref);

/// Deletes a branch; see [`Branch::delete`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DeleteBranchRequest {
    branch: Branch,
    force: Option<bool>,
}

impl DeleteBranchRequest {
    flags! {
        /// Deletes it even if the repository is read-only.
        force => force;
    }

    async fn send(self) -> Result<()> {
        let repository = self.branch.repository();
        let request =
            repository.client.api().delete_branch().repository(repository.name()).branch(self.branch.name());
        request.when(self.force, |request, force| request.force(force)).send().await?;
        Ok(())
    }
}

awaits!(DeleteBranchRequest => ());

/// The list of the branches of a repository; see [`Repository::branches`].
#[derive(Clone, Debug)]
pub struct Branches {
    repository: Repository,
    prefix: Option<String>,
    hidden: Option<bool>,
}

impl Branches {
    pub(crate) fn new(repository: Repository) -> Self {
        Self { repository, prefix: None, hidden: None }
    }
}

impl Pager<models::Ref, Branches> {
    /// Only those whose name begins so.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with(|list| list.prefix = Some(prefix.into()))
    }

    /// Hidden branches as well.
    pub fn show_hidden(self, yes: bool) -> Self {
        self.with(|list| list.hidden = yes.then_some(true))
    }
}

impl List for Branches {
    type Item = models::Ref;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { repository, prefix, hidden } = self.clone();
        Box::pin(async move {
            let request = repository.client.api().list_branches().repository(repository.name());
            let request = request
                .after(after)
                .amount(amount)
                .when(prefix, |request, prefix| request.prefix(prefix))
                .when(hidden, |request, hidden| request.show_hidden(hidden));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results, page.pagination))
        })
    }
}
