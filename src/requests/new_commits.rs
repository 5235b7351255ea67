//! Whether a commit of a branch was created by a request whose outcome is unknown.
//!
//! A commit carries nothing by which its creator could recognise it, and adding something would change the user's data.
//! The commits that were created on the branch since the request started are therefore compared with what was requested:
//! the committer, and everything that the caller of [`find_commit`] compares. All of them are checked, because other
//! writers may have committed after the request took effect. Those that other requests of this process created are left
//! out. If several remain that are equal, another writer requested the same at the same time, and the outcome stays
//! unknown.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::http::reconcile::{Created, RequestStart};
use crate::models::{Commit, User};
use crate::scope::{RefScope, is_commit_id};

/// How many commits of a branch are compared.
const MAX_COMMITS: usize = 1000;

/// How many commits are requested at a time.
const PAGE: u16 = 100;

/// The time to read the state before a request. The request is sent without it if reading takes longer or fails: the
/// server then reports what is wrong.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// The ids of the latest commits that requests of this process have created. An id identifies a commit among all servers.
static OWN_COMMITS: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// How many of them are remembered: more than a process creates in the few seconds of which dates do not tell the order.
const MAX_OWN_COMMITS: usize = 1000;

/// Remembers a commit that a request of this process has created.
pub(crate) fn remember(id: &str) {
    let mut own = OWN_COMMITS.lock().unwrap_or_else(PoisonError::into_inner);
    if own.len() == MAX_OWN_COMMITS {
        own.pop_front();
    }
    own.push_back(id.to_owned());
}

fn is_own(id: &str) -> bool {
    OWN_COMMITS.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|own| own == id)
}

/// A ref before a request.
#[derive(Clone, Debug)]
pub(crate) struct RefBefore {
    start: RequestStart,
    /// The commit that the ref named. `None` if it was not read.
    head: Option<String>,
}

impl RefBefore {
    /// Reads nothing: new commits are recognised by their date. For requests of which a second one that is equal has no
    /// effect, so that an equal commit of the second before is as good.
    pub(crate) fn unread() -> Self {
        Self { start: RequestStart::now(), head: None }
    }

    /// Reads the head of a branch, which costs a request. For requests that can follow each other and create equal
    /// commits, also within a second.
    pub(crate) async fn of_branch(branch: &RefScope) -> Self {
        let request = branch.api().get_branch().repository(branch.repository().name());
        let read = tokio::time::timeout(READ_TIMEOUT, request.branch(branch.expression()).send()).await;
        let head = read.ok().and_then(Result::ok).map(|branch| branch.into_inner().commit_id);
        Self { start: RequestStart::now(), head }
    }

    /// Reads the commit that a ref names, which costs a request unless it is a commit id.
    pub(crate) async fn of_ref(reference: &RefScope) -> Self {
        let expression = reference.expression();
        if is_commit_id(expression) {
            return Self { start: RequestStart::now(), head: Some(expression.to_owned()) };
        }
        let request = reference.api().get_commit().repository(reference.repository().name());
        let read = tokio::time::timeout(READ_TIMEOUT, request.commit_id(expression).send()).await;
        let head = read.ok().and_then(Result::ok).map(|commit| commit.into_inner().id);
        Self { start: RequestStart::now(), head }
    }

    /// The same start, without the head.
    pub(crate) fn by_date(&self) -> Self {
        Self { head: None, ..self.clone() }
    }

    /// The commit that the ref named. `None` if it could not be read.
    pub(crate) fn head(&self) -> Option<&str> {
        self.head.as_deref()
    }

    /// Whether the commit of this date was created after the request was sent, if the head was not read.
    fn created(&self, commit: &Commit, date: Option<&str>, sent: Instant) -> Created {
        self.start.compare(commit.creation_date, date, sent)
    }
}

/// The commits that a ref got after a request started.
#[derive(Debug, Default)]
pub(crate) struct NewCommits {
    /// From the newest to the oldest, following the first parents.
    commits: Vec<(Commit, Created)>,
    /// The commit that the ref named before them, if the history was followed to it.
    base: Option<String>,
}

impl NewCommits {
    /// Reads the history of a ref back to its state before the request.
    pub(crate) async fn of(reference: &RefScope, before: &RefBefore) -> Result<Self> {
        let mut new = Self::default();
        let mut after = None::<String>;
        while new.commits.len() < MAX_COMMITS {
            let sent = Instant::now();
            let mut request = reference.api().log_commits().repository(reference.repository().name());
            request = request.ref_(reference.expression()).first_parent(true).amount(PAGE);
            if let Some(after) = &after {
                request = request.after(&**after);
            }
            let response = request.send().await?;
            let date = response.header("date").map(str::to_owned);
            let page = response.into_inner();
            for commit in page.results {
                let created = match &before.head {
                    Some(head) if *head == commit.id => Created::Before,
                    // Everything on top of the head is new, whatever its date.
                    Some(_) => Created::After,
                    None => before.created(&commit, date.as_deref(), sent),
                };
                if created == Created::Before {
                    new.base = Some(commit.id);
                    return Ok(new);
                }
                after = Some(commit.id.clone());
                new.commits.push((commit, created));
            }
            if !page.pagination.has_more {
                break;
            }
        }
        // Without the head in its history, the ref was reset. Nothing is known of what is new.
        Ok(if before.head.is_some() { Self::default() } else { new })
    }

    /// The ids of all commits that the ref named since the request started.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.commits.iter().map(|(commit, _)| &*commit.id).chain(self.base.as_deref())
    }
}

/// What [`find_commit`] found.
#[derive(Debug)]
pub(crate) enum FoundCommit {
    None,
    One {
        commit: Commit,
        /// Whether the commit was created after the request started, and not up to a few seconds before.
        is_new: bool,
    },
    Several,
}

/// Searches the new commits of a branch for those with the committer of this client that `is_requested` accepts.
pub(crate) async fn find_commit(
    branch: &RefScope,
    before: &RefBefore,
    is_requested: impl Fn(&Commit) -> bool,
) -> Result<FoundCommit> {
    let mut found = NewCommits::of(branch, before).await?.commits;
    found.retain(|(commit, _)| is_requested(commit) && !is_own(&commit.id));
    if !found.is_empty() {
        let user = branch.api().get_current_user().send().await.ok();
        let user = user.map(|user| user.into_inner().user).filter(|user| !user.id.is_empty());
        // Where the user is not known, all committers are accepted.
        found.retain(|(commit, _)| user.as_ref().is_none_or(|user| is_committer(user, &commit.committer)));
    }
    Ok(match (found.pop(), found.is_empty()) {
        (None, _) => FoundCommit::None,
        (Some((commit, created)), true) => FoundCommit::One { commit, is_new: created == Created::After },
        (Some(_), false) => FoundCommit::Several,
    })
}

/// Whether lakeFS names a user in this way in a commit: by the email address, if it has one.
fn is_committer(user: &User, committer: &str) -> bool {
    let is = |name: &Option<String>| name.as_deref() == Some(committer);
    user.id == committer || is(&user.email) || is(&user.friendly_name)
}
