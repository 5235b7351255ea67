//! Settings of a repository: protected branches and the retention of garbage.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::error::{ErrorKind, Result};
use super::lake::Lake;
use super::repository::Repository;

/// What a protection rule keeps a caller from doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProtectedAction {
    /// Changing what is uncommitted.
    Write,
    Commit,
    /// Setting the branch to another commit.
    Move,
}

/// The patterns of protected branch names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Protection {
    patterns: Vec<String>,
}

impl Protection {
    pub(crate) fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Replaces the patterns, if they are still those the caller has seen.
    pub(crate) fn replace(&mut self, patterns: Vec<String>, seen: Option<&str>) -> Result<()> {
        if seen.is_some_and(|seen| seen != self.checksum()) {
            return Err(ErrorKind::PreconditionFailed.into());
        }
        self.patterns = patterns;
        Ok(())
    }

    /// Names this state of the rules; nothing while there are none.
    pub(crate) fn checksum(&self) -> String {
        if self.patterns.is_empty() {
            return String::new();
        }
        let mut hash = Sha256::new();
        for pattern in &self.patterns {
            hash.update((pattern.len() as u64).to_be_bytes());
            hash.update(pattern);
        }
        hex::encode(hash.finalize())
    }

    pub(crate) fn matches(&self, branch: &str) -> bool {
        self.patterns().iter().any(|pattern| fast_glob::glob_match(pattern, branch))
    }
}

/// How long objects that no branch needs are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GcRules {
    pub(crate) default_retention_days: i32,
    pub(crate) branches: BTreeMap<String, i32>,
}

impl Lake {
    pub(crate) fn gc_rules(&self, repository: &str) -> Result<&GcRules> {
        self.existing(repository)?.gc_rules.as_ref().ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(crate) fn set_gc_rules(&mut self, repository: &str, rules: Option<GcRules>) -> Result<()> {
        self.writable_settings(repository)?.gc_rules = rules;
        Ok(())
    }

    pub(crate) fn protection(&self, repository: &str) -> Result<&Protection> {
        Ok(&self.existing(repository)?.protection)
    }

    /// Replaces the rules, if they are still those that the caller has seen.
    pub(crate) fn set_protection(
        &mut self,
        repository: &str,
        patterns: Vec<String>,
        seen: Option<&str>,
    ) -> Result<()> {
        self.writable_settings(repository)?.protection.replace(patterns, seen)
    }

    /// A repository whose settings may be changed.
    fn writable_settings(&mut self, repository: &str) -> Result<&mut Repository> {
        let found = self.existing_mut(repository)?;
        found.writable(false)?;
        Ok(found)
    }

    /// Changes the rules in place.
    pub(crate) fn change_protection(
        &mut self,
        repository: &str,
        change: impl FnOnce(&mut Vec<String>) -> Result<()>,
    ) -> Result<()> {
        let protection = &mut self.writable_settings(repository)?.protection;
        let mut patterns = protection.patterns().to_vec();
        change(&mut patterns)?;
        protection.replace(patterns, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_globs() {
        let mut protection = Protection::default();
        protection.replace(vec!["main".into(), "rel-*".into(), "v?".into()], None).unwrap();
        for yes in ["main", "rel-", "rel-1", "v1"] {
            assert!(protection.matches(yes), "{yes}");
        }
        for no in ["main2", "rel", "v", "v10"] {
            assert!(!protection.matches(no), "{no}");
        }
    }

    #[test]
    fn rules_are_replaced_only_if_unchanged() {
        let mut protection = Protection::default();
        assert_eq!(protection.checksum(), "");
        protection.replace(vec!["a".into()], Some("")).unwrap();
        let first = protection.checksum();
        assert_eq!(protection.replace(vec![], Some("")).unwrap_err().kind(), ErrorKind::PreconditionFailed);
        protection.replace(vec![], Some(&first)).unwrap();
        assert_ne!(protection.checksum(), first);
    }
}
