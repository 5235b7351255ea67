//! Working copies.

use std::path::{Path, PathBuf};

use crate::handles::client::Client;
use crate::macros::impl_has_options;
use crate::ref_expr::RefExpr;
use crate::request::Request;
use crate::requests::working_copy::checkout::WorkingCopyCheckoutRequest;
use crate::requests::working_copy::clone::{self, WorkingCopyCloneRequest};
use crate::requests::working_copy::commit::WorkingCopyCommitRequest;
use crate::requests::working_copy::open::WorkingCopyScope;
use crate::requests::working_copy::pull::WorkingCopyPullRequest;
use crate::requests::working_copy::report::WorkingCopyInfo;
use crate::requests::working_copy::status::WorkingCopyStatusRequest;
use crate::transfer::working::base_file::user_cache_dir;
use crate::uri::Uri;

/// A handle to a local directory that is linked to a prefix of a branch. The directory may not exist yet.
///
/// The directory has a file `.lakefs_ref.yaml` with the URI of the prefix and the id of a commit, the *base*. Local
/// changes are the differences from the base. `lakectl local` uses the same file, so both can use one directory; the
/// [guide](crate::guide::working_copies) says where they differ.
///
/// All methods find the directory with this file in the given directory or in one above it, as git does. One program at a
/// time can change a working copy; another one fails with [`Conflict`](crate::ErrorKind::Conflict). Symbolic links in the
/// directory are never followed or replaced.
///
/// ```
/// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
/// let copy = client.working_copy("inputs");
/// copy.clone_from(&"lakefs://example/main/data/".parse()?).await?;
/// std::fs::write("inputs/new.csv", "a,b\n").unwrap();
/// for change in copy.status().await?.local {
///     println!("{:?} {}", change.kind, change.path);
/// }
/// copy.pull().await?;
/// let done = copy.commit("Add new.csv").await?;
/// println!("{}", done.commit.id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WorkingCopy(WorkingCopyScope);

impl_has_options!(WorkingCopy { 0 });

impl Client {
    /// Returns a handle to a local directory that is linked to a prefix, or that will be.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// let status = client.working_copy(".").status().await?;
    /// println!("{} local changes", status.local.len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn working_copy(&self, directory: impl Into<PathBuf>) -> WorkingCopy {
        let (client, directory) = (self.scope().clone(), directory.into());
        WorkingCopy(WorkingCopyScope { client, directory, cache: user_cache_dir() })
    }
}

impl WorkingCopy {
    /// Returns the directory that the handle was made for.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.0.directory
    }

    /// Sets the directory for the lists of the objects of base commits, which save the request for them. Default:
    /// `lakefs/working-copies` in the cache directory of the user. `None`: the lists are not kept.
    ///
    /// The directory has one file for each working copy, with the names, sizes, times and checksums of the objects. It can
    /// be deleted at any time.
    #[must_use]
    pub fn with_cache_dir(mut self, directory: impl Into<Option<PathBuf>>) -> Self {
        self.0.cache = directory.into();
        self
    }

    /// Reads what the directory is linked to. Sends no request.
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): neither the directory nor one above it is a working copy.
    ///   [`get_opt`](Self::get_opt) returns `None` instead.
    /// * [`Io`](crate::ErrorKind::Io): the index file cannot be read, or is invalid.
    pub fn get(&self) -> Request<WorkingCopyInfo> {
        Request::new(&self.0, |scope| async move { scope.info().await })
    }

    /// Reads what the directory is linked to, or returns `None` if it is not a working copy.
    pub fn get_opt(&self) -> Request<Option<WorkingCopyInfo>> {
        self.get().optional()
    }

    /// Checks whether the directory is part of a working copy.
    pub fn exists(&self) -> Request<bool> {
        self.get().found()
    }

    /// Links the directory to a prefix, and keeps its files. The base is the commit that the ref of the URI names.
    ///
    /// Files that differ from the objects are local changes, and objects without a file count as removed files. To get the
    /// files, use [`clone_from`](Self::clone_from), or [`discard`](Self::discard) afterwards, which deletes files that
    /// have no object.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// let results = client.working_copy("results");
    /// results.create(&"lakefs://example/main/results/".parse()?).await?;
    /// results.commit("Add the results").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`AlreadyExists`](crate::ErrorKind::AlreadyExists): the directory has an index file.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the repository or the ref does not exist.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the URI names no ref.
    pub fn create(&self, uri: &Uri) -> Request<WorkingCopyInfo> {
        let uri = uri.clone();
        Request::new(&self.0, |scope| clone::init(scope, uri))
    }

    /// Links a new or empty directory to a prefix, and downloads the objects under it.
    ///
    /// The prefix ends at a slash: `data` is the same as `data/`. The files get the modification times of the files that
    /// they were uploaded from, as far as they are known.
    ///
    /// If the download is interrupted, [`pull`](Self::pull) completes it.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// let copy = client.working_copy("inputs");
    /// let report = copy.clone_from(&"lakefs://example/main/data/".parse()?).await?;
    /// println!("{} files of commit {}", report.downloaded, report.base);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`AlreadyExists`](crate::ErrorKind::AlreadyExists): the directory is not empty.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the repository or the ref does not exist.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the URI names no ref, or objects cannot be files in the
    ///   directory; see [`skip_unsupported`](WorkingCopyCloneRequest::skip_unsupported).
    /// * [`Io`](crate::ErrorKind::Io): the directory cannot be written.
    pub fn clone_from(&self, uri: &Uri) -> WorkingCopyCloneRequest {
        WorkingCopyCloneRequest::new(self.0.clone(), uri.clone())
    }

    /// Lists the files that differ from the base, the objects that the ref has changed since the base, and the conflicts.
    ///
    /// A file whose size and modification time in seconds are those of the object is unchanged. If only the time differs,
    /// the checksum of the file decides. It is computed once, if there is a [cache](Self::with_cache_dir).
    ///
    /// Memory use grows with the number of changes, not with that of files.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// let status = client.working_copy("inputs").status().await?;
    /// for path in &status.conflicts {
    ///     println!("both sides changed {path}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotFound`](crate::ErrorKind::NotFound): the directory is not a working copy, or the ref or the base does not
    ///   exist.
    /// * [`Io`](crate::ErrorKind::Io): the directory cannot be read.
    pub fn status(&self) -> WorkingCopyStatusRequest {
        WorkingCopyStatusRequest::new(self.0.clone())
    }

    /// Updates the files to the commit that the ref names, and keeps local changes.
    ///
    /// Files that only the ref changed are downloaded or removed. Files that both sides changed in the same way stay.
    /// Conflicts are found before anything is changed. A file that is changed while the pull runs is not replaced; the
    /// pull fails, and can be repeated.
    ///
    /// Completes a clone, a pull or a checkout that was interrupted.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// match client.working_copy("inputs").pull().await {
    ///     Ok(report) => println!("{} files updated", report.downloaded),
    ///     Err(error) => {
    ///         for conflict in error.conflicts() {
    ///             println!("both sides changed {}", conflict.path);
    ///         }
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`MergeConflict`](crate::ErrorKind::MergeConflict): both sides changed the same files, or a symbolic link or a
    ///   local file is where an object belongs. Nothing is changed, and the error [lists](crate::Error::conflicts) the
    ///   paths of the objects. See [`conflicts`](WorkingCopyPullRequest::conflicts).
    /// * [`Conflict`](crate::ErrorKind::Conflict): another program changes the working copy, a file changed in the
    ///   meantime, or a checkout by lakectl was interrupted.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): objects cannot be files in the directory; see
    ///   [`skip_unsupported`](WorkingCopyPullRequest::skip_unsupported).
    /// * [`NotFound`](crate::ErrorKind::NotFound): the directory is not a working copy, or the ref does not exist.
    pub fn pull(&self) -> WorkingCopyPullRequest {
        WorkingCopyPullRequest::new(self.0.clone())
    }

    /// Commits the local changes on the branch, and makes the new commit the base.
    ///
    /// The changes are uploaded to a temporary branch at the base and committed there. The branch gets one commit, a
    /// squashed merge of this temporary branch. So the branch never has a part of the changes, and lakeFS itself
    /// compares them with those of other writers: nothing of other writers is overwritten. If the branch has other
    /// changes since the base, the directory is updated to the new commit.
    ///
    /// The hooks of a merge run on the branch, and those of a commit on the temporary branch. A protection rule of the
    /// branch does not prevent the merge.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// let copy = client.working_copy("results");
    /// let done = copy.commit("Add the results").metadata("run", "17").await?;
    /// println!("{} files uploaded, commit {}", done.uploaded, done.commit.id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// After an error the branch is unchanged, unless [`is_outcome_unknown`](crate::Error::is_outcome_unknown) returns
    /// `true`; then call `commit` again, which recognizes changes that the branch has already.
    ///
    /// * [`NoChanges`](crate::ErrorKind::NoChanges): no local file differs from the base.
    /// * [`MergeConflict`](crate::ErrorKind::MergeConflict): the branch changed the same paths since the base. The error
    ///   [lists](crate::Error::conflicts) them.
    /// * [`UncommittedChanges`](crate::ErrorKind::UncommittedChanges): the branch has uncommitted changes.
    /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the directory has symbolic links or special files; see
    ///   [`skip_unsupported`](WorkingCopyCommitRequest::skip_unsupported).
    /// * [`Conflict`](crate::ErrorKind::Conflict): a file changed while it was uploaded, another program changes the
    ///   working copy, or another operation was interrupted.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the directory is not a working copy, or the ref is not a branch.
    pub fn commit(&self, message: impl Into<String>) -> WorkingCopyCommitRequest {
        WorkingCopyCommitRequest::new(self.0.clone(), message.into())
    }

    /// Links the directory to another ref of the repository, and updates the files.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// client.working_copy("inputs").checkout("experiment1").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`UncommittedChanges`](crate::ErrorKind::UncommittedChanges): local files differ from the base; see
    ///   [`force`](WorkingCopyCheckoutRequest::force).
    /// * [`MergeConflict`](crate::ErrorKind::MergeConflict): a symbolic link or a special file is where an object belongs.
    /// * [`Conflict`](crate::ErrorKind::Conflict): another program changes the working copy, or another operation was
    ///   interrupted.
    /// * [`NotFound`](crate::ErrorKind::NotFound): the directory is not a working copy, or the ref does not exist.
    pub fn checkout(&self, reference: impl Into<RefExpr>) -> WorkingCopyCheckoutRequest {
        WorkingCopyCheckoutRequest::new(self.0.clone(), Some(reference.into()))
    }

    /// Discards the local changes: restores files that were changed or removed, and deletes files that were added.
    ///
    /// Also ends an operation that was interrupted.
    ///
    /// ```
    /// # async fn example(client: lakefs::Client) -> lakefs::Result<()> {
    /// client.working_copy("inputs").discard().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`checkout`](Self::checkout).
    pub fn discard(&self) -> WorkingCopyCheckoutRequest {
        WorkingCopyCheckoutRequest::new(self.0.clone(), None)
    }
}
