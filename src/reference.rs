//! References: what a branch, a tag and a commit have in common.

use crate::diff::RefDiff;
use crate::log::Log;
use crate::merge::Merge;
use crate::models;
use crate::object::{Entry, Object, Objects};
use crate::repository::Repository;
use crate::{Pager, Result, Uri};

/// A state of a repository: a branch, a tag, a commit or the beginning of its id, or an expression of them.
///
/// `main~2` is two commits back along first parents, `main^2` the second parent, `main@` what is committed on the
/// branch without what is staged.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let before = repository.reference("main~1").get_commit().await?;
/// let bytes = repository.reference(before.id).object("data.csv").read().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Reference {
    repository: Repository,
    expression: String,
}

impl Reference {
    pub(crate) fn new(repository: Repository, expression: String) -> Self {
        Self { repository, expression }
    }

    /// The expression that names it.
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The repository that it belongs to.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Its address.
    #[must_use]
    pub fn uri(&self) -> Uri {
        Uri::of_reference(self.repository.name(), &self.expression)
    }

    /// An object by its path, whether it exists or not.
    #[must_use]
    pub fn object(&self, path: impl Into<String>) -> Object {
        Object::new(self.clone(), path.into())
    }

    /// Its objects, in the order of the bytes of their paths. On a branch that includes what is staged.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// use lakefs::{Entry, TryStreamExt as _};
    ///
    /// let mut entries = repository.reference("main").objects().prefix("data/").delimiter("/");
    /// while let Some(entry) = entries.try_next().await? {
    ///     match entry {
    ///         Entry::Object(stats) => println!("{} {}", stats.path, stats.size_bytes.unwrap_or_default()),
    ///         Entry::Prefix(prefix) => println!("{prefix}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn objects(&self) -> Pager<Entry, Objects> {
        Pager::new(Objects::new(self.clone()))
    }

    /// Reads the commit that it names.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): it names none.
    pub async fn get_commit(&self) -> Result<models::Commit> {
        let api = self.repository.client.api();
        let request = api.get_commit().repository(self.repository.name()).commit_id(self.expression());
        Ok(request.send().await?.into_inner())
    }

    /// The commits that led to it, the newest first.
    pub fn log(&self) -> Pager<models::Commit, Log> {
        Pager::new(Log::new(self.clone()))
    }

    /// What `right` changed since it and this reference parted, in the order of the paths; with
    /// [`two_dot`](Pager::two_dot), how `right` differs from this reference.
    ///
    /// Paths that both sides changed are of type `conflict`. Compared is what is committed.
    pub fn diff(&self, right: impl Into<String>) -> Pager<models::Diff, RefDiff> {
        Pager::new(RefDiff::new(self.clone(), right.into()))
    }

    /// What the commit that it names changed, against its first parent. The first commit has none to compare with.
    pub fn changes(&self) -> Pager<models::Diff, RefDiff> {
        let parent = Self::new(self.repository.clone(), format!("{}~1", self.expression));
        parent.diff(self.expression()).two_dot()
    }

    /// Merges it into a branch.
    ///
    /// # Errors
    /// [`MergeConflict`](crate::ErrorKind::MergeConflict), with the [paths](crate::Error::conflicts);
    /// [`NoChanges`](crate::ErrorKind::NoChanges): there is nothing to merge; [`HookFailed`](crate::ErrorKind::HookFailed).
    pub fn merge_into(&self, branch: impl Into<String>) -> Merge {
        Merge::new(self.clone(), branch.into())
    }
}
