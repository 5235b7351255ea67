//! Operations on objects.

use super::entry::{Entry, Location, Metadata};
use super::error::{Context, Error, ErrorKind, Result};
use super::lake::Lake;
use super::listing::{Listed, Page, PageQuery};
use super::names;
use super::repository::check_id;
use super::tree::{EntryRef, Path};

/// How to write an object.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WriteOptions {
    /// Write to a read-only repository.
    pub(crate) force: bool,
    /// Fail if there is an object.
    pub(crate) if_absent: bool,
}

/// How to delete objects.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DeleteOptions {
    /// Delete from a read-only repository.
    pub(crate) force: bool,
}

/// The most paths that one request may delete.
pub(crate) const MAX_DELETED: usize = 1000;

impl Lake {
    pub(crate) fn entry(&self, repository: &str, reference: &str, path: &[u8]) -> Result<EntryRef> {
        check_id(repository, "repository")?;
        names::reference(reference).argument("ref")?;
        names::path(path).argument("path")?;
        let view = self.existing(repository)?.view(reference)?;
        view.get(path).cloned().ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(crate) fn list_entries(
        &self,
        repository: &str,
        reference: &str,
        query: &PageQuery,
    ) -> Result<Page<Listed>> {
        check_id(repository, "repository")?;
        names::reference(reference).argument("ref")?;
        names::path_or_nothing(&query.prefix).argument("prefix")?;
        names::path_or_nothing(&query.delimiter).argument("delimiter")?;
        Ok(self.existing(repository)?.view(reference)?.list(query))
    }

    /// Whether a branch is there, for those who do not want to read a body in vain.
    pub(crate) fn branch_exists(&self, repository: &str, branch: &str) -> Result<bool> {
        check_id(repository, "repository")?;
        names::branch(branch).argument("name")?;
        Ok(self.existing(repository)?.branches.contains_key(branch))
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
        repository.branch_mut(branch)?.stage(path, entry);
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

    /// Replaces the user metadata of an object. A repository that does not exist is no error.
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
        if self.existing(repository).is_err() {
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
        found.branch_mut(branch)?.stage(path, entry.with_metadata(metadata));
        Ok(())
    }

    /// Deletes an object; one that is not there is deleted already.
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

    /// Deletes many objects, or none.
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
