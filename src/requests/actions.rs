//! Runs of actions, and the hooks that they ran.

use futures::future::BoxFuture;

use crate::error::Result;
use crate::http::response::ByteStream;
use crate::macros::{ApplyIfSome as _, impl_has_options, impl_list};
use crate::models;
use crate::pager::{List, Page, Pager};
use crate::ref_expr::BranchName;
use crate::scope::RepositoryScope;

pub(crate) async fn get_run(repository: &RepositoryScope, id: &str) -> Result<models::ActionRun> {
    let request = repository.api().get_run().repository(repository.name()).run_id(id);
    Ok(request.send().await?.into_inner())
}

pub(crate) async fn get_hook_output(
    repository: &RepositoryScope,
    run_id: &str,
    hook_run_id: String,
) -> Result<ByteStream> {
    let request = repository.api().get_run_hook_output().repository(repository.name());
    Ok(request.run_id(run_id).hook_run_id(hook_run_id).send().await?.into_inner())
}

/// Lists the action runs of a repository. [`Repository::action_runs`](crate::Repository::action_runs) returns it.
///
/// The runs come in the order of their ids: the newest first, except for runs of the same second.
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct ListActionRuns {
    pager: Pager<models::ActionRun, ActionRunPages>,
}

impl ListActionRuns {
    pub(crate) fn new(repository: RepositoryScope) -> Self {
        Self { pager: Pager::new(ActionRunPages { repository, branch: None, commit: None }) }
    }

    /// Lists only runs on this branch. Default: all branches.
    ///
    /// The server accepts either a branch or a [commit](Self::commit).
    pub fn branch(mut self, branch: impl Into<BranchName>) -> Self {
        self.pager = self.pager.with(|pages| pages.branch = Some(branch.into()));
        self
    }

    /// Lists only runs for the commit with this full id. Default: all commits.
    pub fn commit(mut self, id: impl Into<String>) -> Self {
        self.pager = self.pager.with(|pages| pages.commit = Some(id.into()));
        self
    }
}

impl_list!(ListActionRuns => models::ActionRun);

#[derive(Clone, Debug)]
struct ActionRunPages {
    repository: RepositoryScope,
    branch: Option<BranchName>,
    commit: Option<String>,
}

impl_has_options!(ActionRunPages { repository });

impl List for ActionRunPages {
    type Item = models::ActionRun;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { repository, branch, commit } = self.clone();
        Box::pin(async move {
            let branch = branch.as_ref().map(|branch| branch.within(&repository)).transpose()?;
            let request = repository.api().list_repository_runs().repository(repository.name());
            let request = request
                .after(after)
                .amount(amount)
                .apply_if_some(branch, |request, branch| request.branch(branch))
                .apply_if_some(commit, |request, commit| request.commit(commit));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results, page.pagination))
        })
    }
}

/// Lists the hooks that an action run ran. [`ActionRun::hooks`](crate::ActionRun::hooks) returns it.
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct ListHookRuns {
    pager: Pager<models::HookRun, HookRunPages>,
}

impl ListHookRuns {
    pub(crate) fn new(repository: RepositoryScope, run_id: String) -> Self {
        Self { pager: Pager::new(HookRunPages { repository, run_id }) }
    }
}

impl_list!(ListHookRuns => models::HookRun);

#[derive(Clone, Debug)]
struct HookRunPages {
    repository: RepositoryScope,
    run_id: String,
}

impl_has_options!(HookRunPages { repository });

impl List for HookRunPages {
    type Item = models::HookRun;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { repository, run_id } = self.clone();
        Box::pin(async move {
            let is_first = after.is_empty();
            let request = repository.api().list_run_hooks().repository(repository.name());
            let page = request.run_id(&*run_id).after(after).amount(amount).send().await?.into_inner();
            if is_first && page.results.is_empty() {
                // The server returns an empty list for a run that does not exist. Fail with NotFound instead.
                get_run(&repository, &run_id).await?;
            }
            Ok(Page::new(page.results, page.pagination))
        })
    }
}
