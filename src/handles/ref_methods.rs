//! The methods that [`Reference`](crate::Reference), [`Branch`](crate::Branch) and [`Tag`](crate::Tag) share.

/// Writes the shared methods for a handle that wraps a [`RefScope`](crate::scope::RefScope).
///
/// `$noun` and `$example` are the noun and the expression of the handle in its documentation.
macro_rules! ref_methods {
    ($handle:ident, $noun:literal, $example:literal) => {
        impl $handle {
            pub(crate) fn from_scope(scope: &$crate::scope::RefScope) -> Self {
                Self(scope.clone())
            }

            pub(crate) fn scope(&self) -> $crate::scope::RefScope {
                self.0.clone()
            }

            #[doc = concat!("Returns the repository of the ", $noun, ".")]
            #[must_use]
            pub fn repository(&self) -> $crate::handles::repository::Repository {
                $crate::handles::repository::Repository::from_scope(self.0.repository())
            }

            #[doc = concat!("Returns the URI of the ", $noun, ", such as `lakefs://example/main`.")]
            #[must_use]
            pub fn uri(&self) -> $crate::uri::Uri {
                $crate::uri::Uri::of_reference(self.0.repository().name(), self.0.expression())
            }

            #[doc = concat!("Lists the objects of the ", $noun, ", in the byte order of their paths.")]
            ///
            /// A branch includes its uncommitted changes.
            ///
            /// ```
            /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
            /// use lakefs::{Entry, TryStreamExt as _};
            ///
            #[doc = concat!("let mut entries = ", $example, ".objects().prefix(\"data/\").delimiter(\"/\");")]
            /// while let Some(entry) = entries.try_next().await? {
            ///     match entry {
            ///         Entry::Object(stats) => println!("{} {}", stats.path, stats.size_bytes.unwrap_or_default()),
            ///         Entry::Prefix(prefix) => println!("{prefix}"),
            ///     }
            /// }
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// [`NotFound`](crate::ErrorKind::NotFound), when the list is read: the reference does not exist.
            pub fn objects(&self) -> $crate::transfer::list::ListObjects {
                $crate::transfer::list::ListObjects::new(self.scope())
            }

            /// Downloads the objects under a prefix to files below a directory.
            ///
            /// The prefix ends at a slash: `data` is the same as `data/`. The directory is created if it is missing.
            /// Files that have the name of an object are replaced, and each file gets its name when it is complete. An
            /// empty object whose path ends with a slash becomes a directory.
            ///
            /// All names are checked before the first file is written. Symbolic links in the directory are never
            /// followed. Memory use does not depend on the number of objects.
            ///
            /// A tag, a commit, or an expression such as `main~1` or `main@` is a snapshot. A branch is not: objects
            /// may appear or vanish during the download, and an object that changes after it was listed fails with
            /// [`Conflict`](crate::ErrorKind::Conflict). [`Branch::head`](crate::Branch::head) returns a snapshot of
            /// the committed objects.
            ///
            /// ```
            /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
            #[doc = concat!("let report = ", $example, ".download_dir(\"data/\", \"inputs\").await?;")]
            /// println!("{} files, {} bytes", report.transferred, report.bytes_transferred);
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// * [`NotFound`](crate::ErrorKind::NotFound): the reference does not exist.
            /// * [`Io`](crate::ErrorKind::Io): the directory cannot be written.
            /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): some objects cannot be files below the
            ///   directory. The [error](crate::Error::failed_objects) lists them. Such paths
            ///   lead out of the directory (`..`, a leading slash or backslash, a drive letter, on every system);
            ///   contain a NUL, an empty part, `.`, or a part of more than 255 bytes; are both a file and a directory
            ///   (`a` and `a/b`); differ only by case or Unicode normalization on a file system that does not
            ///   distinguish them; or are invalid on Windows, there. Nothing is written, unless there are many objects;
            ///   see [`DownloadDirRequest`](crate::requests::DownloadDirRequest).
            ///   [`skip_invalid`](crate::requests::DownloadDirRequest::skip_invalid) downloads the others.
            ///
            /// If single files fail, the others are downloaded nevertheless. The error has the kind of the first
            /// failure and lists all of them. The download stops after 1000 failed files, or after 50 consecutive
            /// failures that do not concern single files, such as those of the connection. Transfers in progress
            /// finish, and the error says that the remaining files were not tried.
            #[cfg(feature = "fs")]
            pub fn download_dir(
                &self,
                prefix: impl Into<String>,
                directory: impl AsRef<std::path::Path>,
            ) -> $crate::transfer::dir::DownloadDirRequest {
                $crate::transfer::dir::DownloadDirRequest::new(
                    self.0.clone(),
                    prefix.into(),
                    directory.as_ref(),
                    false,
                )
            }

            /// [Downloads](Self::download_dir) the objects under a prefix that differ from the files below a directory.
            ///
            /// Files without an object stay, unless
            /// [`delete_extraneous`](crate::requests::DownloadDirRequest::delete_extraneous) is set.
            ///
            /// ```
            /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
            #[doc = concat!("let report = ", $example, ".sync_to_dir(\"data/\", \"inputs\").await?;")]
            /// println!("{} downloaded, {} unchanged", report.transferred, report.unchanged);
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// Those of [`download_dir`](Self::download_dir).
            #[cfg(feature = "fs")]
            pub fn sync_to_dir(
                &self,
                prefix: impl Into<String>,
                directory: impl AsRef<std::path::Path>,
            ) -> $crate::transfer::dir::DownloadDirRequest {
                $crate::transfer::dir::DownloadDirRequest::new(
                    self.0.clone(),
                    prefix.into(),
                    directory.as_ref(),
                    true,
                )
            }

            #[doc = concat!("Reads the commit that the ", $noun, " names.")]
            ///
            /// ```
            /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
            #[doc = concat!("let commit = ", $example, ".get_commit().await?;")]
            /// println!("{} {}", commit.id, commit.message);
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// [`NotFound`](crate::ErrorKind::NotFound): the reference does not exist.
            pub fn get_commit(&self) -> $crate::request::Request<$crate::models::Commit> {
                $crate::request::Request::new(&self.0, |reference| async move {
                    $crate::requests::commit::get_commit(&reference).await
                })
            }

            #[doc = concat!("Lists the commits in the history of the ", $noun, ", the newest first.")]
            ///
            /// ```
            /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
            /// use lakefs::TryStreamExt as _;
            ///
            #[doc = concat!("let commits: Vec<_> = ", $example, ".log().limit(10).try_collect().await?;")]
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// [`NotFound`](crate::ErrorKind::NotFound), when the list is read: the reference does not exist.
            pub fn log(&self) -> $crate::requests::log::CommitLog {
                $crate::requests::log::CommitLog::new(self.scope())
            }

            /// Lists what `right` changed since its merge base with this reference, in the order of the paths.
            ///
            /// With [`two_dot`](crate::requests::DiffEntries::two_dot), lists how `right` differs from this reference.
            /// Paths that both sides changed have the type `conflict`. Only committed objects are compared.
            ///
            /// ```
            /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
            /// let main = repository.branch("main");
            #[doc = concat!("let summary = ", $example, ".diff(&main).summary().await?;")]
            /// println!("{} added, {} changed, {} removed", summary.added, summary.changed, summary.removed);
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// When the list is read:
            /// * [`NotFound`](crate::ErrorKind::NotFound): a reference does not exist.
            /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): `right` is a handle of another repository.
            pub fn diff(
                &self,
                right: impl Into<$crate::ref_expr::RefExpr>,
            ) -> $crate::requests::diff::DiffEntries {
                $crate::requests::diff::DiffEntries::new(self.scope(), right.into())
            }

            #[doc = concat!("Lists the changes of the commit that the ", $noun, " names against its first parent.")]
            ///
            /// The commit is read once, with a request of its own, so that all pages are of the same commit even if a
            /// branch moves. The first commit of a repository has no changes.
            ///
            /// ```
            /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
            /// use lakefs::TryStreamExt as _;
            ///
            #[doc = concat!("let changes: Vec<_> = ", $example, ".diff_from_parent().try_collect().await?;")]
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// [`NotFound`](crate::ErrorKind::NotFound), when the list is read: the reference does not exist.
            pub fn diff_from_parent(&self) -> $crate::requests::diff::DiffEntries {
                $crate::requests::diff::DiffEntries::from_parent(self.scope())
            }

            #[doc = concat!("Merges the ", $noun, " into a branch.")]
            ///
            /// The destination is the name of a branch or a [`Branch`](crate::Branch). Passing a tag or another
            /// reference does not compile, because only a branch can be the destination of a merge.
            ///
            /// If the response is lost, the client searches the new commits of the destination for the merge. Where its
            /// outcome cannot be determined,
            /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) returns `true`: check the
            /// [log](Self::log) of the destination before you retry.
            ///
            /// ```
            /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
            /// let main = repository.branch("main");
            #[doc = concat!("let merged = ", $example, ".merge_into(&main).message(\"Add data\").await?;")]
            /// println!("{}", merged.reference);
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// * [`NotFound`](crate::ErrorKind::NotFound): the reference or the destination does not exist.
            /// * [`MergeConflict`](crate::ErrorKind::MergeConflict): both sides changed the same
            ///   [paths](crate::Error::conflicts).
            /// * [`NoChanges`](crate::ErrorKind::NoChanges): there is nothing to merge.
            /// * [`UncommittedChanges`](crate::ErrorKind::UncommittedChanges): the destination has uncommitted changes.
            /// * [`HookFailed`](crate::ErrorKind::HookFailed): a hook prevented the merge.
            /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the destination is a branch of another
            ///   repository.
            pub fn merge_into(
                &self,
                destination: impl Into<$crate::ref_expr::BranchName>,
            ) -> $crate::requests::merge::MergeRequest {
                $crate::requests::merge::MergeRequest::new(self.scope(), destination.into())
            }

            #[doc = concat!("Lists the conflicts that a merge of the ", $noun, " into `destination` would have.")]
            ///
            /// A conflict is a path that both sides changed since their merge base. Nothing is merged. Uncommitted
            /// changes of the destination, which block every merge, are not checked.
            ///
            /// ```
            /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
            /// use lakefs::TryStreamExt as _;
            ///
            #[doc = concat!("let mut conflicts = ", $example, ".conflicts_with(\"main\");")]
            /// while let Some(conflict) = conflicts.try_next().await? {
            ///     println!("{}", conflict.path);
            /// }
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// When the list is read:
            /// * [`NotFound`](crate::ErrorKind::NotFound): a reference does not exist.
            /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): `destination` is a handle of another
            ///   repository.
            pub fn conflicts_with(
                &self,
                destination: impl Into<$crate::ref_expr::RefExpr>,
            ) -> $crate::requests::diff::ListConflicts {
                $crate::requests::diff::ListConflicts::new(self.scope(), destination.into())
            }

            #[doc = concat!("Reads the merge base of the ", $noun, " and `other`, and the commits that the two name.")]
            ///
            /// In the result, this is the source and `other` is the destination.
            ///
            /// ```
            /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
            #[doc = concat!("let base = ", $example, ".merge_base(\"main\").await?.base_commit_id;")]
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// * [`NotFound`](crate::ErrorKind::NotFound): a reference does not exist.
            /// * [`InvalidRequest`](crate::ErrorKind::InvalidRequest): `other` is a handle of another repository.
            pub fn merge_base(
                &self,
                other: impl Into<$crate::ref_expr::RefExpr>,
            ) -> $crate::request::Request<$crate::models::MergeBase> {
                let other = other.into();
                $crate::request::Request::new(&self.0, |reference| async move {
                    $crate::requests::merge_base::merge_base(&reference, &other).await
                })
            }
        }

        /// Writes the URI of the handle.
        impl std::fmt::Display for $handle {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.uri().fmt(f)
            }
        }
    };
}

pub(crate) use ref_methods;
