//! Temporary branches: hidden branches that the client creates for its own work, and deletes afterwards.

use std::panic::resume_unwind;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::error::{Error, ErrorKind, Result, TEMPORARY_BRANCH_PREFIX};
use crate::http::options::HasOptions as _;
use crate::models;
use crate::ref_expr::RefExpr;
use crate::requests::branch::{CreateBranchRequest, DeleteBranchRequest};
use crate::scope::{RefScope, RepositoryScope};

/// A temporary branch. Dropping it deletes the branch in the background.
#[derive(Debug)]
pub(crate) struct TemporaryBranch {
    branch: RefScope,
    force: bool,
    /// The runtime of the background deletion. A value may be dropped on a thread that has none.
    runtime: Handle,
    /// The branch is neither deleted nor to be kept.
    is_pending: bool,
}

impl TemporaryBranch {
    /// Creates a branch at the commit that `source` names, and returns the id of this commit as well.
    ///
    /// If the returned future is dropped, the request to create the branch is completed in the background, and the
    /// branch is deleted then. Otherwise the server could create the branch after its deletion.
    pub(crate) async fn create(
        repository: &RepositoryScope,
        source: RefExpr,
        force: bool,
    ) -> Result<(Self, String)> {
        let branch = repository.reference(new_name(SystemTime::now()));
        let runtime = Handle::try_current().map_err(|_| {
            let action = format!("create branch {:?}", branch.expression());
            Error::invalid(action, "there is no tokio runtime")
        })?;
        // The name is random: a branch of this name is the requested one, wherever its source is in the meantime.
        let create =
            CreateBranchRequest::new(branch.clone(), source).hidden(true).force(force).exist_ok(true);
        let task = runtime.spawn(create.send().in_current_span());
        let creation = Creation { branch, force, runtime, task: Some(task) };
        creation.complete().await
    }

    pub(crate) fn scope(&self) -> &RefScope {
        &self.branch
    }

    /// Deletes the branch.
    pub(crate) async fn delete(mut self) -> Result<()> {
        let deleted = delete(&self.branch, self.force).await;
        self.is_pending = false;
        deleted
    }

    /// Keeps the branch.
    pub(crate) fn keep(mut self) {
        self.is_pending = false;
    }
}

impl Drop for TemporaryBranch {
    fn drop(&mut self) {
        if self.is_pending {
            let (branch, force) = (self.branch.clone(), self.force);
            self.runtime.spawn(async move { delete_or_warn(&branch, force).await });
        }
    }
}

/// A branch that is being created.
struct Creation {
    branch: RefScope,
    force: bool,
    runtime: Handle,
    /// `None` when the request is completed.
    task: Option<JoinHandle<Result<models::Ref>>>,
}

impl Creation {
    async fn complete(mut self) -> Result<(TemporaryBranch, String)> {
        let created = match &mut self.task {
            Some(task) => task.await,
            None => return Err(runtime_ended()),
        };
        self.task = None;
        let created = match created.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(created) => created,
            Err(Ok(panic)) => resume_unwind(panic),
            Err(Err(_)) => return Err(runtime_ended()),
        };
        let (branch, force, runtime) = (self.branch.clone(), self.force, self.runtime.clone());
        let temporary = TemporaryBranch { branch, force, runtime, is_pending: true };
        match created {
            Ok(found) => Ok((temporary, found.commit_id)),
            Err(error) if error.is_outcome_unknown() => {
                let deleted = temporary.delete().await;
                let error = error.with_known_outcome();
                Err(if deleted.is_ok() { error } else { error.leaving_behind(self.branch.expression()) })
            }
            // There is no branch to delete.
            Err(error) => {
                temporary.keep();
                Err(error)
            }
        }
    }
}

impl Drop for Creation {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        let (branch, force) = (self.branch.clone(), self.force);
        self.runtime.spawn(async move {
            let Ok(created) = task.await else { return };
            // After any other failure there is no branch.
            if created.is_ok() || created.is_err_and(|error| error.is_outcome_unknown()) {
                delete_or_warn(&branch, force).await;
            }
        });
    }
}

fn runtime_ended() -> Error {
    Error::new(ErrorKind::Cancelled, "create a temporary branch", "the tokio runtime was shut down")
}

/// Deletes a branch, also after the time limit of the call that created it. It is no error if the branch does not exist.
async fn delete(branch: &RefScope, force: bool) -> Result<()> {
    let mut branch = branch.clone();
    _ = branch.options_mut().take_timeout();
    match DeleteBranchRequest::new(branch).force(force).send().await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn delete_or_warn(branch: &RefScope, force: bool) {
    if let Err(error) = delete(branch, force).await {
        warn_of_failed_deletion(branch, &error);
    }
}

/// Logs that a temporary branch may remain, for callers that get no error.
pub(crate) fn warn_of_failed_deletion(branch: &RefScope, error: &Error) {
    tracing::warn!(
        repository = branch.repository().name(),
        branch = branch.expression(),
        %error,
        "the deletion of a temporary branch failed"
    );
}

/// The number of digits of the time in a name, so that the names sort by time. It suffices until the year 2286.
const TIME_DIGITS: usize = 13;

/// The number of hexadecimal digits of the random part of a name.
const RANDOM_DIGITS: usize = 32;

/// The name of a new branch: the prefix, the time in milliseconds since 1970, and a random number.
fn new_name(now: SystemTime) -> String {
    format!("{}-{:0RANDOM_DIGITS$x}", name_at(now), fastrand::u128(..))
}

/// The start of the names of the branches that are created at `time`. It sorts after the names of earlier branches.
pub(crate) fn name_at(time: SystemTime) -> String {
    let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    format!("{TEMPORARY_BRANCH_PREFIX}{millis:0TIME_DIGITS$}")
}

/// The time at which the branch of this name was created; `None` if it is not a temporary branch of this crate.
pub(crate) fn created_at(name: &str) -> Option<SystemTime> {
    let (millis, random) = name.strip_prefix(TEMPORARY_BRANCH_PREFIX)?.split_once('-')?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_random = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if millis.len() != TIME_DIGITS
        || !are_digits(millis)
        || random.len() != RANDOM_DIGITS
        || !is_random(random)
    {
        return None;
    }
    UNIX_EPOCH.checked_add(Duration::from_millis(millis.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_has_the_time_of_its_creation() {
        let time = UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        let name = new_name(time);
        assert!(name.starts_with("lakefs-rs-tx-1700000000123-"), "{name}");
        assert_eq!(created_at(&name), Some(time));
        assert_ne!(name, new_name(time));
        assert!(name_at(time) < name && name < name_at(time + Duration::from_millis(1)));
        assert!(new_name(UNIX_EPOCH + Duration::from_millis(5)) < name);
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    }

    #[test]
    fn name_of_another_branch_has_no_time() {
        let random = "0123456789abcdef".repeat(2);
        for name in [
            "main".to_owned(),
            format!("tx-{random}"),
            format!("lakefs-rs-tx-{random}"),
            format!("lakefs-rs-tx-170000000012-{random}"),
            format!("lakefs-rs-tx-+700000000123-{random}"),
            format!("lakefs-rs-tx-1700000000123-{}", &random[1..]),
            format!("lakefs-rs-tx-1700000000123-{}", random.to_uppercase()),
            format!("my-lakefs-rs-tx-1700000000123-{random}"),
        ] {
            assert_eq!(created_at(&name), None, "{name}");
        }
    }
}
