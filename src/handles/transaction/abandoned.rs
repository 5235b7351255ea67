//! The temporary branches that crashed programs have left.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;

use crate::error::{Result, TEMPORARY_BRANCH_PREFIX};
use crate::handles::branch::Branch;
use crate::http::options::HasOptions as _;
use crate::macros::{impl_has_options, impl_list};
use crate::pager::{List, Page, Pager};
use crate::requests::branch::DeleteBranchRequest;
use crate::requests::temporary_branch::{created_at, name_at};
use crate::scope::RepositoryScope;

/// The temporary branches of transactions that were begun some time ago and still exist, the oldest first. Returned by
/// [`Repository::abandoned_transactions`](crate::Repository::abandoned_transactions).
#[derive(Debug)]
#[must_use = "a list sends no request until it is read"]
pub struct AbandonedTransactions {
    pager: Pager<AbandonedTransaction, Query>,
}

/// The temporary branch of a transaction that was neither committed nor rolled back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "the branch remains until it is deleted"]
pub struct AbandonedTransaction {
    branch: Branch,
    commit_id: String,
    begun_at: SystemTime,
}

impl AbandonedTransaction {
    /// Returns the temporary branch. It may have uncommitted changes.
    #[must_use]
    pub fn branch(&self) -> &Branch {
        &self.branch
    }

    /// Returns the id of the head of the branch when it was listed.
    #[must_use]
    pub fn commit_id(&self) -> &str {
        &self.commit_id
    }

    /// Returns when the transaction was begun, by the clock of the client that began it.
    #[must_use]
    pub fn begun_at(&self) -> SystemTime {
        self.begun_at
    }

    /// Deletes the branch and its changes.
    ///
    /// # Errors
    /// Those of [`Branch::delete`].
    pub fn delete(&self) -> DeleteBranchRequest {
        self.branch.delete()
    }
}

#[derive(Clone, Debug)]
struct Query {
    repository: RepositoryScope,
    /// Transactions that were begun after this time are not listed.
    until: SystemTime,
}

impl_has_options!(Query { repository });

impl AbandonedTransactions {
    pub(crate) fn new(repository: RepositoryScope, older_than: Duration) -> Self {
        let until = SystemTime::now().checked_sub(older_than).unwrap_or(UNIX_EPOCH);
        Self { pager: Pager::new(Query { repository, until }) }
    }
}

impl_list!(AbandonedTransactions => AbandonedTransaction);

impl List for Query {
    type Item = AbandonedTransaction;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { repository, until } = self.clone();
        Box::pin(async move {
            let request = repository.api().list_branches().repository(repository.name());
            let request =
                request.prefix(TEMPORARY_BRANCH_PREFIX).show_hidden(true).after(after).amount(amount);
            let page = request.send().await?.into_inner();
            let Page { items, next } = Page::new(page.results, page.pagination);
            let repository = repository.without_options();
            let abandoned = items.into_iter().filter_map(|found| {
                let begun_at = created_at(&found.id).filter(|begun_at| *begun_at <= until)?;
                let branch = Branch::from_scope(&repository.reference(found.id));
                Some(AbandonedTransaction { branch, commit_id: found.commit_id, begun_at })
            });
            // The names sort by time: after the time, all transactions are newer.
            let next = next.filter(|next| **next <= *name_at(until));
            Ok(Page { items: abandoned.collect(), next })
        })
    }
}
