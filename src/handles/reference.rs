//! References: what a branch, a tag and a commit have in common.

#[cfg(feature = "fs")]
use std::path::Path;

use crate::handles::branch::Branch;
use crate::handles::object::Object;
use crate::handles::repository::Repository;
use crate::handles::tag::Tag;
use crate::models;
use crate::requests::diff::{Conflicts, RefDiff};
use crate::requests::log::Log;
use crate::requests::merge::Merge;
use crate::scope::RefScope;
#[cfg(feature = "fs")]
use crate::transfer::dir::DownloadDirRequest;
use crate::transfer::list::ListObjects;
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

    pub(crate) fn from_scope(scope: &RefScope) -> Self {
        Self {
            repository: Repository::from_scope(scope.repository()),
            expression: scope.expression().to_owned(),
        }
    }

    pub(crate) fn scope(&self) -> RefScope {
        self.repository.scope().reference(&*self.expression)
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
        Object::from_scope(self.scope().object(path))
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
    pub fn objects(&self) -> ListObjects {
        ListObjects::new(self.scope())
    }

    /// Downloads all objects whose path begins with a prefix, `data` for `data/`, to files below a directory, which is
    /// made if it is not there. What has their names there is replaced, and each file has its name only when it is whole.
    ///
    /// All names are looked at before anything is written, and symbolic links in the directory are never written through.
    /// It takes no more memory for a million objects than for a few thousand. An object of no bytes whose path ends
    /// with a slash becomes a directory.
    ///
    /// A tag or a commit is a snapshot, and so is an expression such as `main~1` or `main@`. A branch is not: an object
    /// that is changed after it was listed is a failure ([`Conflict`](crate::ErrorKind::Conflict)), and what comes or goes
    /// in the meantime may be there or not. [`Branch::head`](crate::Branch::head) is what is committed now.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let report = repository.tag("v1").download_dir("data/", "inputs").await?;
    /// println!("{} files, {} bytes", report.transferred, report.bytes_transferred);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such reference.
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the directory cannot be written, or objects cannot be files
    /// in it, all of which are [told](crate::Error::failed_objects), and nothing was written. Those are: names that lead
    /// out of it (`..`, a leading slash or backslash, a drive letter, on every system); with a NUL, or parts that are
    /// empty, `.`, or longer than 255 bytes; `a` where there is `a/b`; names that differ only by case, or by how accented
    /// letters are composed, where the file system does not tell them apart; what Windows cannot have, there. Where single
    /// files fail later, the others are downloaded all the same, and the error has the kind of the first failure, and all
    /// of them.
    ///
    /// There is an end to that: after 1000 failures nothing more is begun, or looked at, and after 50 in a row that are not
    /// about single files, such as those of a connection. What is under way is finished, and the error tells all failures
    /// that there were, and says that the rest was not tried.
    #[cfg(feature = "fs")]
    pub fn download_dir(&self, prefix: impl Into<String>, directory: impl AsRef<Path>) -> DownloadDirRequest {
        DownloadDirRequest::new(self.scope(), prefix.into(), directory.as_ref(), false)
    }

    /// [Downloads](Self::download_dir) the objects under a prefix that differ from the files below a directory. With
    /// [`delete_extraneous`](DownloadDirRequest::delete_extraneous), the files are the objects and no others then.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let report = repository.reference("main").sync_to_dir("data/", "inputs").await?;
    /// println!("{} downloaded, {} as before", report.transferred, report.unchanged);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`download_dir`](Self::download_dir).
    #[cfg(feature = "fs")]
    pub fn sync_to_dir(&self, prefix: impl Into<String>, directory: impl AsRef<Path>) -> DownloadDirRequest {
        DownloadDirRequest::new(self.scope(), prefix.into(), directory.as_ref(), true)
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
    pub fn diff_from_parent(&self) -> Pager<models::Diff, RefDiff> {
        let parent = Self::new(self.repository.clone(), format!("{}~1", self.expression));
        parent.diff(self.expression()).two_dot(true)
    }

    /// Merges it into a branch.
    ///
    /// # Errors
    /// [`MergeConflict`](crate::ErrorKind::MergeConflict), with the [paths](crate::Error::conflicts);
    /// [`NoChanges`](crate::ErrorKind::NoChanges): there is nothing to merge; [`HookFailed`](crate::ErrorKind::HookFailed).
    pub fn merge_into(&self, branch: impl Into<String>) -> Merge {
        Merge::new(self.clone(), branch.into())
    }

    /// What would stand against merging it into `destination`: the paths that both sides changed since they parted.
    ///
    /// Nothing is merged. What is staged on the destination, which stands against every merge, is not looked at.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// use lakefs::TryStreamExt as _;
    ///
    /// let mut conflicts = repository.reference("experiment1").conflicts_with("main");
    /// while let Some(conflict) = conflicts.try_next().await? {
    ///     println!("{}", conflict.path);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn conflicts_with(&self, destination: impl Into<String>) -> Pager<models::Diff, Conflicts> {
        let destination = Self::new(self.repository.clone(), destination.into());
        Pager::new(Conflicts::new(RefDiff::new(destination, self.expression.clone())))
    }

    /// The commit where this reference and `other` parted, and the commits that they are at: this one is the source,
    /// the other one the destination.
    ///
    /// ```
    /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
    /// let base = repository.reference("experiment1").merge_base("main").await?.base_commit_id;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): one of them names no commit.
    pub async fn merge_base(&self, other: impl Into<String>) -> Result<models::FindMergeBaseResult> {
        let api = self.repository.client.api();
        let request = api
            .find_merge_base()
            .repository(self.repository.name())
            .source_ref(self.expression())
            .destination_branch(other.into());
        let mut found = request.send().await?.into_inner();
        // lakeFS 1.84 answers with the two swapped. Another version may not, so look which one is the source.
        if found.source_commit_id != found.destination_commit_id
            && self.get_commit().await?.id != found.source_commit_id
        {
            std::mem::swap(&mut found.source_commit_id, &mut found.destination_commit_id);
        }
        Ok(found)
    }
}

impl From<&Self> for Reference {
    fn from(reference: &Self) -> Self {
        reference.clone()
    }
}

impl From<&Branch> for Reference {
    fn from(branch: &Branch) -> Self {
        Self::from_scope(&branch.scope())
    }
}

impl From<&Tag> for Reference {
    fn from(tag: &Tag) -> Self {
        Self::from_scope(&tag.scope())
    }
}

/// Whether a reference is the whole id of a commit, which names nothing else.
pub(crate) fn is_commit_id(reference: &str) -> bool {
    reference.len() == 64 && reference.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_id_names_a_commit_for_good() {
        let id = "0123456789abcdef".repeat(4);
        assert!(is_commit_id(&id));
        for other in [&id[1..], &id.to_uppercase(), &format!("{}~1", &id[..62]), "main", ""] {
            assert!(!is_commit_id(other), "{other}");
        }
    }
}
