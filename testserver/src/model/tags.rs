//! Operations on tags.

use std::ops::Bound;

use super::commit::CommitId;
use super::error::{Context, Error, ErrorKind, Result};
use super::lake::Lake;
use super::listing::Page;
use super::names;
use super::repository::check_id;

impl Lake {
    pub(crate) fn create_tag(
        &mut self,
        repository: &str,
        tag: &str,
        reference: &str,
        force: bool,
    ) -> Result<CommitId> {
        check_id(repository, "repository")?;
        names::tag(tag).argument("tagID")?;
        let repository = self.existing_mut(repository)?;
        if repository.branches.contains_key(tag) {
            return Err(Error::from(ErrorKind::Conflict).context(format_args!("branch name {tag}")));
        }
        repository.not_a_commit(tag)?;
        let commit = repository.commit_id(reference)?;
        repository.writable(force)?;
        if repository.tags.contains_key(tag) {
            return Err(ErrorKind::TagExists.into());
        }
        repository.tags.insert(tag.to_owned(), commit.clone());
        Ok(commit)
    }

    pub(crate) fn tag(&self, repository: &str, tag: &str) -> Result<CommitId> {
        check_id(repository, "name")?;
        names::tag(tag).argument("tagID")?;
        self.existing(repository)?.tags.get(tag).cloned().ok_or_else(|| ErrorKind::TagNotFound.into())
    }

    pub(crate) fn delete_tag(&mut self, repository: &str, tag: &str, force: bool) -> Result<()> {
        check_id(repository, "name")?;
        names::tag(tag).argument("tagID")?;
        let repository = self.existing_mut(repository)?;
        repository.writable(force)?;
        repository.tags.remove(tag).map(drop).ok_or_else(|| ErrorKind::TagNotFound.into())
    }

    pub(crate) fn list_tags(
        &self,
        repository: &str,
        prefix: &str,
        after: &str,
        amount: usize,
    ) -> Result<Page<(&str, &CommitId)>> {
        check_id(repository, "name")?;
        let found = self
            .existing(repository)?
            .tags
            .range::<str, _>((Bound::Included(after.max(prefix)), Bound::Unbounded))
            .take_while(|(tag, _)| tag.starts_with(prefix))
            .filter(|(tag, _)| *tag != after)
            .map(|(tag, commit)| (tag.as_str(), commit));
        Ok(Page::take(found, amount))
    }
}
