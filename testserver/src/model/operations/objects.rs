//! Operations on objects.

use crate::model::catalog::Catalog;
use crate::model::entry::{Entry, Location, Metadata};
use crate::model::error::{Context, Error, ErrorKind, Result};
use crate::model::listing::{ListingEntry, Page, PageQuery};
use crate::model::names;
use crate::model::repository::check_id;
use crate::model::tree::{EntryRef, Path};

/// The options of a write.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WriteOptions {
    /// Write even if the repository is read-only.
    pub(crate) force: bool,
    /// Fail if there is an object at the path.
    pub(crate) if_absent: bool,
}

/// The options of a deletion.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DeleteOptions {
    /// Delete even if the repository is read-only.
    pub(crate) force: bool,
}

/// The maximum number of paths in one deletion.
pub(crate) const MAX_DELETED: usize = 1000;

impl Catalog {
    pub(crate) fn entry(&self, repository: &str, reference: &str, path: &[u8]) -> Result<EntryRef> {
        check_id(repository, "repository")?;
        names::reference(reference).argument("ref")?;
        names::path(path).argument("path")?;
        let view = self.find_repository(repository)?.view(reference)?;
        view.get(path).cloned().ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(crate) fn list_entries(
        &self,
        repository: &str,
        reference: &str,
        query: &PageQuery,
    ) -> Result<Page<ListingEntry>> {
        check_id(repository, "repository")?;
        names::reference(reference).argument("ref")?;
        names::optional_path(&query.prefix).argument("prefix")?;
        names::optional_path(&query.delimiter).argument("delimiter")?;
        Ok(self.find_repository(repository)?.view(reference)?.list(query))
    }

    /// Returns whether a branch exists, to check it before a body is read.
    pub(crate) fn branch_exists(&self, repository: &str, branch: &str) -> Result<bool> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("name")?;
        Ok(self.find_repository(repository)?.branches.contains_key(branch))
    }

    /// Writes an entry on a branch.
    pub(crate) fn put_entry(
        &mut self,
        repository: &str,
        branch: &str,
        path: Path,
        entry: Entry,
        options: WriteOptions,
    ) -> Result<()> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        names::path(&path).argument("path")?;
        let repository = self.writable_branch(repository, branch, options.force)?;
        if options.if_absent && repository.view(branch)?.get(&path).is_some() {
            return Err(ErrorKind::PreconditionFailed.into());
        }
        repository.branch_mut(branch)?.put(path, entry);
        Ok(())
    }

    /// Copies an object within a repository.
    pub(crate) fn copy_entry(
        &mut self,
        repository: &str,
        (source_ref, source_path): (&str, &[u8]),
        (branch, path): (&str, Path),
        location: Location,
        force: bool,
    ) -> Result<Entry> {
        let source = self.entry(repository, source_ref, source_path)?;
        if source.content.is_none() {
            return Err(ErrorKind::NoData.into());
        }
        let copy = source.copied_to(location);
        self.put_entry(repository, branch, path, copy.clone(), WriteOptions { force, if_absent: false })?;
        Ok(copy)
    }

    /// Replaces the user metadata of an object. As in lakeFS, it succeeds if the repository does not exist.
    pub(crate) fn set_entry_metadata(
        &mut self,
        repository: &str,
        branch: &str,
        path: Path,
        metadata: Metadata,
    ) -> Result<()> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        names::path(&path).argument("path")?;
        if self.find_repository(repository).is_err() {
            return Ok(());
        }
        let found = self.writable_branch(repository, branch, false)?;
        found.branch(branch)?;
        let entry = found.view(branch)?.get(&path).cloned().ok_or_else(|| {
            Error::from(ErrorKind::NotFound).context(format_args!(
                "update user metadata on {repository}/{branch}/{}",
                String::from_utf8_lossy(&path)
            ))
        })?;
        found.branch_mut(branch)?.put(path, entry.with_metadata(metadata));
        Ok(())
    }

    /// Deletes an object. Succeeds if there is none.
    pub(crate) fn delete_entry(
        &mut self,
        repository: &str,
        branch: &str,
        path: Path,
        options: DeleteOptions,
    ) -> Result<()> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        names::path(&path).argument("path")?;
        self.delete(repository, branch, [path], options)
    }

    /// Deletes objects. Deletes none if one of the paths is invalid.
    pub(crate) fn delete_entries(
        &mut self,
        repository: &str,
        branch: &str,
        paths: Vec<Path>,
        options: DeleteOptions,
    ) -> Result<()> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("branch")?;
        for (index, path) in paths.iter().enumerate() {
            names::path(path).argument(&format!("path[{index}]"))?;
        }
        self.delete(repository, branch, paths, options)
    }

    fn delete(
        &mut self,
        repository: &str,
        branch: &str,
        paths: impl IntoIterator<Item = Path>,
        options: DeleteOptions,
    ) -> Result<()> {
        let repository = self.writable_branch(repository, branch, options.force)?;
        let tree = repository.head(branch)?.tree.clone();
        let branch = repository.branch_mut(branch)?;
        for path in paths {
            branch.delete(path, &tree);
        }
        Ok(())
    }
}
