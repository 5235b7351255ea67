//! The log of a reference.

use std::time::SystemTime;

use futures::future::BoxFuture;

use crate::handles::reference::Reference;
use crate::models;
use crate::pager::{List, Page};
use crate::requests::support::When as _;
use crate::{Pager, Result};

/// The commits that led to a reference; see [`Reference::log`].
#[derive(Clone, Debug)]
pub struct Log {
    reference: Reference,
    objects: Vec<String>,
    prefixes: Vec<String>,
    limit: Option<bool>,
    first_parent: Option<bool>,
    since: Option<SystemTime>,
    stop_at: Option<String>,
}

impl Log {
    pub(crate) fn new(reference: Reference) -> Self {
        Self {
            reference,
            objects: Vec::new(),
            prefixes: Vec::new(),
            limit: None,
            first_parent: None,
            since: None,
            stop_at: None,
        }
    }
}

impl Pager<models::Commit, Log> {
    /// Only commits that changed this object, or another one so named. Merges are left out.
    pub fn object(self, path: impl Into<String>) -> Self {
        self.with(|list| list.objects.push(path.into()))
    }

    /// Only commits that changed something under this prefix, or another one so named. Merges are left out.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with(|list| list.prefixes.push(prefix.into()))
    }

    /// Only the first so many commits, 1000 at most: the server does not look for more.
    pub fn limit(self, commits: u16) -> Self {
        self.page_size(commits).with(|list| list.limit = Some(true))
    }

    /// Along first parents only: not into what was merged.
    pub fn first_parent(self, yes: bool) -> Self {
        self.with(|list| list.first_parent = yes.then_some(true))
    }

    /// Only commits that are not older than this.
    pub fn since(self, time: SystemTime) -> Self {
        self.with(|list| list.since = Some(time))
    }

    /// Nothing behind this commit, which is the last one listed.
    pub fn stop_at(self, reference: impl Into<String>) -> Self {
        self.with(|list| list.stop_at = Some(reference.into()))
    }
}

impl List for Log {
    type Item = models::Commit;

    fn page(&self, after: String, amount: u16) -> BoxFuture<'static, Result<Page<Self::Item>>> {
        let Self { reference, objects, prefixes, limit, first_parent, since, stop_at } = self.clone();
        Box::pin(async move {
            let repository = reference.repository();
            let request = repository.client.api().log_commits();
            let request = request
                .repository(repository.name())
                .ref_(reference.expression())
                .amount(amount)
                .when((!after.is_empty()).then_some(after), |request, after| request.after(after))
                .when((!objects.is_empty()).then_some(objects), |request, objects| request.objects(objects))
                .when((!prefixes.is_empty()).then_some(prefixes), |request, prefixes| {
                    request.prefixes(prefixes)
                })
                .when(limit, |request, limit| request.limit(limit))
                .when(first_parent, |request, yes| request.first_parent(yes))
                .when(since, |request, since| request.since(since))
                .when(stop_at, |request, stop_at| request.stop_at(stop_at));
            let page = request.send().await?.into_inner();
            Ok(Page::new(page.results, page.pagination))
        })
    }
}
