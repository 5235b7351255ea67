//! Branch protection rules.

use sha2::{Digest, Sha256};

use super::error::{ErrorKind, Result};

/// What a rule prevents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProtectedAction {
    /// Changing uncommitted data.
    Write,
    Commit,
    /// Setting the branch to another commit.
    SetHead,
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

    /// Replaces the patterns. Fails if `expected` is a checksum other than that of the current ones.
    pub(crate) fn replace(&mut self, patterns: Vec<String>, expected: Option<&str>) -> Result<()> {
        if expected.is_some_and(|expected| expected != self.checksum()) {
            return Err(ErrorKind::PreconditionFailed.into());
        }
        self.patterns = patterns;
        Ok(())
    }

    /// Returns the checksum of the patterns. Empty if there are none.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_globs() {
        let mut protection = Protection::default();
        protection.replace(vec!["main".into(), "rel-*".into(), "v?".into()], None).unwrap();
        for branch in ["main", "rel-", "rel-1", "v1"] {
            assert!(protection.matches(branch), "{branch}");
        }
        for branch in ["main2", "rel", "v", "v10"] {
            assert!(!protection.matches(branch), "{branch}");
        }
    }

    #[test]
    fn patterns_are_replaced_only_if_the_checksum_matches() {
        let mut protection = Protection::default();
        assert_eq!(protection.checksum(), "");
        protection.replace(vec!["a".into()], Some("")).unwrap();
        let first = protection.checksum();
        assert_eq!(protection.replace(vec![], Some("")).unwrap_err().kind(), ErrorKind::PreconditionFailed);
        protection.replace(vec![], Some(&first)).unwrap();
        assert_ne!(protection.checksum(), first);
    }
}
