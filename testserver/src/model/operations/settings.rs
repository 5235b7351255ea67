//! Settings of a repository: garbage collection rules and branch protection.

use crate::model::catalog::Catalog;
use crate::model::error::{ErrorKind, Result};
use crate::model::gc::GcRules;
use crate::model::protection::Protection;
use crate::model::repository::Repository;

impl Catalog {
    pub(crate) fn gc_rules(&self, repository: &str) -> Result<&GcRules> {
        self.find_repository(repository)?.gc_rules.as_ref().ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(crate) fn set_gc_rules(&mut self, repository: &str, rules: Option<GcRules>) -> Result<()> {
        self.repository_for_settings(repository)?.gc_rules = rules;
        Ok(())
    }

    pub(crate) fn protection(&self, repository: &str) -> Result<&Protection> {
        Ok(&self.find_repository(repository)?.protection)
    }

    /// Replaces the patterns. Fails if `expected` is a checksum other than that of the current ones.
    pub(crate) fn set_protection(
        &mut self,
        repository: &str,
        patterns: Vec<String>,
        expected: Option<&str>,
    ) -> Result<()> {
        self.repository_for_settings(repository)?.protection.replace(patterns, expected)
    }

    /// Edits the patterns.
    pub(crate) fn edit_protection(
        &mut self,
        repository: &str,
        edit: impl FnOnce(&mut Vec<String>) -> Result<()>,
    ) -> Result<()> {
        let protection = &mut self.repository_for_settings(repository)?.protection;
        let mut patterns = protection.patterns().to_vec();
        edit(&mut patterns)?;
        protection.replace(patterns, None)
    }

    /// Returns a repository after the checks of operations that change settings.
    fn repository_for_settings(&mut self, repository: &str) -> Result<&mut Repository> {
        let found = self.find_repository_mut(repository)?;
        found.check_writable(false)?;
        Ok(found)
    }
}
