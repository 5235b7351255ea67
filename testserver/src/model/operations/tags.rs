//! Operations on tags.

use std::ops::Bound;

use crate::model::catalog::Catalog;
use crate::model::commit::CommitId;
use crate::model::error::{Context, Error, ErrorKind, Result};
use crate::model::listing::Page;
use crate::model::names;
use crate::model::repository::check_id;

impl Catalog {
    pub(crate) fn create_tag(
        &mut self,
        repository: &str,
        tag: &str,
        reference: &str,
        force: bool,
    ) -> Result<CommitId> {
        check_id(repository, "repository")?;
        names::tag(tag).argument("tagID")?;
        let repository = self.find_repository_mut(repository)?;
        if repository.branches.contains_key(tag) {
            return Err(Error::from(ErrorKind::Conflict).context(format_args!("branch name {tag}")));
        }
        repository.check_not_commit_id(tag)?;
        let commit = repository.commit_id(reference)?;
        repository.check_writable(force)?;
        if repository.tags.contains_key(tag) {
            return Err(ErrorKind::TagExists.into());
        }
        repository.tags.insert(tag.to_owned(), commit.clone());
        Ok(commit)
    }

    pub(crate) fn tag(&self, repository: &str, tag: &str) -> Result<CommitId> {
        check_id(repository, "name")?;
        names::tag(tag).argument("tagID")?;
        self.find_repository(repository)?.tags.get(tag).cloned().ok_or_else(|| ErrorKind::TagNotFound.into())
    }

    pub(crate) fn delete_tag(&mut self, repository: &str, tag: &str, force: bool) -> Result<()> {
        check_id(repository, "name")?;
        names::tag(tag).argument("tagID")?;
        let repository = self.find_repository_mut(repository)?;
        repository.check_writable(force)?;
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
            .find_repository(repository)?
            .tags
            .range::<str, _>((Bound::Included(after.max(prefix)), Bound::Unbounded))
            .take_while(|(tag, _)| tag.starts_with(prefix))
            .filter(|(tag, _)| *tag != after)
            .map(|(tag, commit)| (tag.as_str(), commit));
        Ok(Page::take(found, amount))
    }
}
