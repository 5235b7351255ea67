//! Which branches of a repository are protected.

use std::collections::BTreeSet;

use crate::handles::repository::Repository;
use crate::models::BranchProtectionRule;
use crate::requests::support::{When as _, awaits};
use crate::{ErrorKind, Result};

/// How often a change meets one of somebody else before it gives up.
const EDITS: u32 = 10;

/// The protected branches of a repository: nobody writes to them or commits on them, they are only merged into.
///
/// Rules are patterns of branch names, with `*` and `?`. A lakeFS may take some seconds to obey new ones.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let protection = repository.branch_protection();
/// protection.protect("main").await?;
/// protection.protect("release-*").await?;
/// assert!(protection.get().await?.patterns.contains("main"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct BranchProtection {
    repository: Repository,
}

/// The rules of a [`BranchProtection`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProtectionRules {
    /// The patterns of the names of protected branches.
    pub patterns: BTreeSet<String>,
    /// What names this state of the rules, for [`SetBranchProtectionRequest::if_match`]; `None` where there are none.
    pub etag: Option<String>,
}

impl BranchProtection {
    pub(crate) fn new(repository: Repository) -> Self {
        Self { repository }
    }

    /// Reads the rules.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound): there is no such repository.
    pub async fn get(&self) -> Result<ProtectionRules> {
        let api = self.repository.api();
        let reply = api.get_branch_protection_rules().repository(self.repository.name()).send().await?;
        // Rules that were never set, or are none, have a tag that is empty, and is refused when it is sent back.
        let etag = reply.header("etag").filter(|tag| !tag.is_empty()).map(str::to_owned);
        let patterns = reply.into_inner().into_iter().map(|rule| rule.pattern).collect();
        Ok(ProtectionRules { patterns, etag })
    }

    /// Replaces all rules; none at all protects nothing.
    ///
    /// # Errors
    /// [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed): the rules are not those of the
    /// [tag](SetBranchProtectionRequest::if_match). [`InvalidRequest`](crate::ErrorKind::InvalidRequest): a pattern is empty.
    pub fn set(&self, patterns: impl IntoIterator<Item = impl Into<String>>) -> SetBranchProtectionRequest {
        let patterns = patterns.into_iter().map(Into::into).collect();
        SetBranchProtectionRequest { protection: self.clone(), patterns, if_match: None }
    }

    /// Adds a rule, if it is not there, and leaves the others as they are.
    ///
    /// It is made again when somebody else changes the rules at the same time; only the first rule of a repository
    /// can be lost so, since the server has no name for the state without one.
    ///
    /// # Errors
    /// [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed): others never stop changing the rules.
    pub async fn protect(&self, pattern: &str) -> Result<()> {
        self.change(|patterns| patterns.insert(pattern.to_owned())).await
    }

    /// Takes a rule away, if it is there, and leaves the others as they are.
    ///
    /// A rule that is matched by the pattern, and is not the very same, stays.
    ///
    /// # Errors
    /// [`PreconditionFailed`](crate::ErrorKind::PreconditionFailed): others never stop changing the rules.
    pub async fn unprotect(&self, pattern: &str) -> Result<()> {
        self.change(|patterns| patterns.remove(pattern)).await
    }

    /// Reads, changes and writes the rules, and does so again where they have changed in between. `edit` says whether
    /// it has done anything.
    async fn change(&self, edit: impl Fn(&mut BTreeSet<String>) -> bool + Send + Sync) -> Result<()> {
        let mut edits = 0;
        loop {
            let ProtectionRules { mut patterns, etag } = self.get().await?;
            if !edit(&mut patterns) {
                return Ok(());
            }
            edits += 1;
            match self.set(patterns).if_match(etag).await {
                // Each time it was somebody else who succeeded, so that this ends without a pause.
                Err(error) if error.kind() == ErrorKind::PreconditionFailed && edits < EDITS => {}
                outcome => return outcome,
            }
        }
    }
}

/// Replaces the protection rules of a repository; see [`BranchProtection::set`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct SetBranchProtectionRequest {
    protection: BranchProtection,
    patterns: BTreeSet<String>,
    if_match: Option<String>,
}

impl SetBranchProtectionRequest {
    /// Only if the rules are still those of this tag. `None` replaces them whatever they are.
    pub fn if_match(mut self, etag: impl Into<Option<String>>) -> Self {
        self.if_match = etag.into();
        self
    }

    async fn send(self) -> Result<()> {
        let Self { protection, patterns, if_match } = self;
        let repository = &protection.repository;
        let rules: Vec<_> =
            patterns.iter().map(|pattern| BranchProtectionRule { pattern: pattern.clone() }).collect();
        let request = repository.api().set_branch_protection_rules().repository(repository.name());
        match request.when(if_match, |request, tag| request.if_match(tag)).body(rules).send().await {
            // A repeated request meets the rules that the first one has set, when only its reply was lost.
            Err(error) if error.kind() == ErrorKind::PreconditionFailed && error.attempts() > 1 => {
                if protection.get().await?.patterns == patterns {
                    Ok(())
                } else {
                    Err(error)
                }
            }
            outcome => outcome.map(drop),
        }
    }
}

awaits!(SetBranchProtectionRequest => ());
