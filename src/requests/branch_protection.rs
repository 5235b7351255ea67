//! Branch protection rules: read, replace, and change one without losing the changes of others.

use std::collections::BTreeSet;

use crate::api::Response;
use crate::error::{ErrorKind, Result};
use crate::http::reconcile::{OnMissing, reconcile};
use crate::http::retry_table::RetryClass;
use crate::macros::impl_into_future;
use crate::models::BranchProtectionRule;
use crate::scope::RepositoryScope;

/// How often a change is attempted while other writers change the rules.
const MAX_EDITS: u32 = 10;

/// The branch protection rules of a repository, and their `ETag`.
/// [`BranchProtection::get`](crate::BranchProtection::get) reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProtectionRules {
    /// The patterns of branch names. A branch that matches one of them is protected.
    pub patterns: BTreeSet<String>,
    /// The `ETag` of this version of the rules, for
    /// [`if_match`](crate::requests::SetBranchProtectionRequest::if_match). `None` if there are no rules.
    pub etag: Option<String>,
}

pub(crate) async fn get_rules(repository: &RepositoryScope) -> Result<ProtectionRules> {
    let response =
        repository.api().get_branch_protection_rules().repository(repository.name()).send().await?;
    // Without rules the ETag is empty, and the server rejects an empty `If-Match`.
    let etag = response.header("etag").filter(|etag| !etag.is_empty()).map(str::to_owned);
    let patterns = response.into_inner().into_iter().map(|rule| rule.pattern).collect();
    Ok(ProtectionRules { patterns, etag })
}

/// Reads, edits and writes the rules, and starts again if another writer changed them in between. `edit` returns
/// whether it changed anything.
pub(crate) async fn edit_rules(
    repository: &RepositoryScope,
    edit: impl Fn(&mut BTreeSet<String>) -> bool + Send + Sync,
) -> Result<()> {
    let mut edits = 0;
    loop {
        let ProtectionRules { mut patterns, etag } = get_rules(repository).await?;
        if !edit(&mut patterns) {
            return Ok(());
        }
        edits += 1;
        match SetBranchProtectionRequest::new(repository.clone(), patterns).if_match(etag).await {
            // Each time another writer has succeeded, so there is progress and no need for a backoff. An unknown outcome
            // is no harm: the rules are read again.
            Err(error) if error.kind() == ErrorKind::PreconditionFailed && edits < MAX_EDITS => {}
            outcome => return outcome,
        }
    }
}

/// Replaces the branch protection rules of a repository.
/// [`BranchProtection::set`](crate::BranchProtection::set) returns it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct SetBranchProtectionRequest {
    repository: RepositoryScope,
    patterns: BTreeSet<String>,
    if_match: Option<String>,
}

impl SetBranchProtectionRequest {
    pub(crate) fn new(repository: RepositoryScope, patterns: BTreeSet<String>) -> Self {
        Self { repository, patterns, if_match: None }
    }

    /// Replaces the rules only if they still have this [`ETag`](ProtectionRules::etag). Default: `None`, which
    /// replaces them unconditionally.
    pub fn if_match(mut self, etag: impl Into<Option<String>>) -> Self {
        self.if_match = etag.into();
        self
    }

    async fn execute(self) -> Result<()> {
        let Self { repository, patterns, if_match } = self;
        let rules: Vec<_> =
            patterns.iter().map(|pattern| BranchProtectionRule { pattern: pattern.clone() }).collect();
        let api = repository.api();
        let Some(etag) = if_match else {
            let request = api.set_branch_protection_rules().repository(repository.name());
            return request.body(rules).send().await.map(Response::into_inner);
        };
        let set = || async {
            let request = api.set_branch_protection_rules().repository(repository.name());
            let call = request.if_match(&*etag).body(rules.clone()).call()?;
            api.transport().empty(call.retry_class(RetryClass::Reconcile)).await.map(Response::into_inner)
        };
        // If the first request took effect, the condition of the second one fails.
        let find_applied =
            || async { Ok((get_rules(&repository).await?.patterns == patterns).then_some(())) };
        let policy = api.retries();
        reconcile(set().await, policy, find_applied, OnMissing::resend_at_once(set())).await
    }
}

impl_into_future!(SetBranchProtectionRequest { repository } => ());
