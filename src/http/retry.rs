//! What may be sent again, and when.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::{Error, ErrorKind};

/// How often, how fast and for how long a client repeats what failed.
///
/// Repeated are answers 429 and 503, a lost race of two writers on one branch (500 `predicate failed`), and, for
/// operations that do no harm when they happen twice, broken connections, timeouts, 502 and 504. The waits grow
/// exponentially, with full jitter; a `Retry-After` of the server is obeyed.
///
/// ```
/// use std::time::Duration;
/// use lakefs::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_attempts(8).max_elapsed(Duration::from_secs(600));
/// let none = RetryPolicy::none();
/// # assert_ne!(patient, none);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    max_elapsed: Duration,
}

impl Default for RetryPolicy {
    /// Five attempts, waits from 200 ms to 30 s, all max_elapsed three minutes.
    fn default() -> Self {
        Self {
            max_attempts: 5,
            initial_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(30),
            max_elapsed: Duration::from_secs(180),
        }
    }
}

impl RetryPolicy {
    /// One attempt and no more.
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// How often a request is sent at most, the first time included. 0 counts as 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The longest that the first wait can be; each later one can be twice as long as the one before.
    #[must_use]
    pub fn initial_backoff(mut self, wait: Duration) -> Self {
        self.initial_backoff = wait;
        self
    }

    /// The longest wait.
    #[must_use]
    pub fn max_backoff(mut self, wait: Duration) -> Self {
        self.max_backoff = wait;
        self
    }

    /// No attempt starts later than this after the first one.
    #[must_use]
    pub fn max_elapsed(mut self, time: Duration) -> Self {
        self.max_elapsed = time;
        self
    }

    /// How long to wait before the next attempt, or `None` to give up.
    pub(crate) fn wait(&self, attempts: u32, elapsed: Duration, asked: Option<Duration>) -> Option<Duration> {
        if attempts >= self.max_attempts {
            return None;
        }
        let doubled = self.initial_backoff.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
        let wait = asked.unwrap_or_else(|| doubled.min(self.max_backoff).mul_f64(fastrand::f64()));
        (elapsed.saturating_add(wait) <= self.max_elapsed).then_some(wait)
    }
}

/// The wait that a server asks for, in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// What may be done when it is not known whether a request was acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Safety {
    /// Send it again: twice is as good as once.
    Idempotent,
    /// Look whether it happened.
    CheckAfter(Check),
    /// Send it again: it is a storage, which may fail in more ways than a lakeFS for a while.
    Storage,
    /// Tell the caller.
    Never,
}

/// How to look whether something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Send it again: `not found` says that it is done.
    Gone,
    /// The facade reads the thing and compares it with what it asked for.
    Compare,
}

impl Safety {
    /// The row of an operation.
    pub(crate) fn of(operation: &str) -> Self {
        match TABLE.binary_search_by(|(id, _)| (*id).cmp(operation)) {
            Ok(at) => TABLE[at].1,
            Err(_) => Self::Never,
        }
    }

    /// Whether a request that failed so is sent again.
    pub(crate) fn allows(self, error: &Error) -> bool {
        let transient = match error.kind() {
            ErrorKind::RateLimited | ErrorKind::Transport | ErrorKind::Timeout => true,
            ErrorKind::Conflict => error.is_lost_race(),
            ErrorKind::Server => match error.status() {
                Some(502 | 503) => true,
                Some(status) => self == Self::Storage && status >= 500,
                None => false,
            },
            _ => false,
        };
        transient
            && (error.was_refused()
                || matches!(self, Self::Idempotent | Self::Storage | Self::CheckAfter(Check::Gone)))
    }
}

use Safety::{CheckAfter, Idempotent, Never};

/// A row for every operation of the contract, sorted. Reasons stand where they are not plain.
const TABLE: &[(&str, Safety)] = &[
    ("abort_presign_multipart_upload", Never), // the storage forgets an aborted upload
    ("add_group_membership", Idempotent),
    ("attach_policy_to_group", Idempotent),
    ("attach_policy_to_user", Idempotent),
    ("cherry_pick", Never), // a second pick makes a second, empty commit
    ("commit", CheckAfter(Check::Compare)),
    ("complete_presign_multipart_upload", Never), // the storage forgets a completed upload
    ("copy_object", Idempotent),
    ("create_branch", CheckAfter(Check::Compare)),
    ("create_branch_protection_rule_preflight", Idempotent),
    ("create_commit_record", Never),
    ("create_credentials", Never), // a second pair would be forgotten
    ("create_group", Never),
    ("create_policy", Never),
    ("create_presign_multipart_upload", Never), // a second upload would be left open
    ("create_pull_request", Never),             // a second pull request
    ("create_repository", CheckAfter(Check::Compare)),
    ("create_symlink_file", Never),
    ("create_tag", CheckAfter(Check::Compare)),
    ("create_user", Never),
    ("create_user_external_principal", Never),
    ("delete_branch", CheckAfter(Check::Gone)),
    ("delete_credentials", CheckAfter(Check::Gone)),
    ("delete_gc_rules", Idempotent),
    ("delete_group", CheckAfter(Check::Gone)),
    ("delete_group_membership", CheckAfter(Check::Gone)),
    ("delete_object", Idempotent),
    ("delete_objects", Idempotent),
    ("delete_policy", CheckAfter(Check::Gone)),
    ("delete_repository", CheckAfter(Check::Gone)),
    ("delete_repository_metadata", Idempotent),
    ("delete_tag", CheckAfter(Check::Gone)),
    ("delete_user", CheckAfter(Check::Gone)),
    ("delete_user_external_principal", CheckAfter(Check::Gone)),
    ("detach_policy_from_group", CheckAfter(Check::Gone)),
    ("detach_policy_from_user", CheckAfter(Check::Gone)),
    ("diff_branch", Idempotent),
    ("diff_refs", Idempotent),
    ("dump_refs", Idempotent),
    ("dump_status", Idempotent),
    ("dump_submit", Never), // a second task
    ("external_principal_login", Never),
    ("find_merge_base", Idempotent),
    ("get_auth_capabilities", Idempotent),
    ("get_branch", Idempotent),
    ("get_branch_protection_rules", Idempotent),
    ("get_commit", Idempotent),
    ("get_config", Idempotent),
    ("get_credentials", Idempotent),
    ("get_current_user", Idempotent),
    ("get_external_principal", Idempotent),
    ("get_garbage_collection_config", Idempotent),
    ("get_gc_rules", Idempotent),
    ("get_group", Idempotent),
    ("get_group_acl", Idempotent),
    ("get_lake_fs_version", Idempotent),
    ("get_meta_range", Idempotent),
    ("get_metadata_object", Idempotent),
    ("get_object", Idempotent),
    ("get_physical_address", Idempotent),
    ("get_policy", Idempotent),
    ("get_pull_request", Idempotent),
    ("get_range", Idempotent),
    ("get_repository", Idempotent),
    ("get_repository_metadata", Idempotent),
    ("get_run", Idempotent),
    ("get_run_hook_output", Idempotent),
    ("get_setup_state", Idempotent),
    ("get_storage_config", Idempotent),
    ("get_tag", Idempotent),
    ("get_underlying_properties", Idempotent),
    ("get_usage_report_summary", Idempotent),
    ("get_user", Idempotent),
    ("hard_reset_branch", Never), // `b~1` moves again; a facade that knows the commit says so
    ("head_object", Idempotent),
    ("health_check", Idempotent),
    ("import_cancel", Idempotent),
    ("import_start", Never), // a second import
    ("import_status", Idempotent),
    ("internal_create_branch_protection_rule", Never),
    ("internal_delete_branch_protection_rule", Never),
    ("internal_delete_garbage_collection_rules", Idempotent),
    ("internal_get_branch_protection_rules", Idempotent),
    ("internal_get_garbage_collection_rules", Idempotent),
    ("internal_set_garbage_collection_rules", Idempotent),
    ("link_physical_address", Idempotent),
    ("list_branches", Idempotent),
    ("list_group_members", Idempotent),
    ("list_group_policies", Idempotent),
    ("list_groups", Idempotent),
    ("list_objects", Idempotent),
    ("list_policies", Idempotent),
    ("list_pull_requests", Idempotent),
    ("list_repositories", Idempotent),
    ("list_repository_runs", Idempotent),
    ("list_run_hooks", Idempotent),
    ("list_tags", Idempotent),
    ("list_user_credentials", Idempotent),
    ("list_user_external_principals", Idempotent),
    ("list_user_groups", Idempotent),
    ("list_user_policies", Idempotent),
    ("list_users", Idempotent),
    ("log_commits", Idempotent),
    ("login", Idempotent),
    ("merge_into_branch", CheckAfter(Check::Compare)),
    ("merge_pull_request", Never), // the merge may have happened while its status did not change
    ("oauth_callback", Never),     // a code is good for one use
    ("post_stats_events", Never),  // counted twice
    ("prepare_garbage_collection_commits", Never), // a second run
    ("prepare_garbage_collection_commits_async", Never), // a second run
    ("prepare_garbage_collection_commits_status", Idempotent),
    ("prepare_garbage_collection_uncommitted", Never), // a second run
    ("reset_branch", Idempotent),
    ("restore_refs", Never),
    ("restore_status", Idempotent),
    ("restore_submit", Never), // a second task
    ("revert_branch", CheckAfter(Check::Compare)),
    ("set_branch_protection_rules", Idempotent),
    ("set_garbage_collection_rules_preflight", Idempotent),
    ("set_gc_rules", Idempotent),
    ("set_group_acl", Idempotent),
    ("set_repository_metadata", Idempotent),
    ("setup", Never),
    ("setup_comm_prefs", Never),
    ("stage_object", Idempotent),
    ("stat_object", Idempotent),
    ("sts_login", Never), // a code is good for one use
    ("update_object_user_metadata", Idempotent),
    ("update_policy", Idempotent),
    ("update_pull_request", Never),
    ("upload_object", Idempotent),
    ("upload_object_preflight", Idempotent),
    ("upload_part", Idempotent),
    ("upload_part_copy", Idempotent),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_row_and_every_row_an_operation() {
        let rows: Vec<_> = TABLE.iter().map(|(id, _)| *id).collect();
        let operations: Vec<_> = crate::api::OPERATIONS.iter().map(|operation| operation.id).collect();
        assert_eq!(rows, operations);
    }

    #[test]
    fn what_only_reads_is_idempotent() {
        for operation in &crate::api::OPERATIONS {
            let reads = matches!(operation.method, "GET" | "HEAD") && operation.id != "oauth_callback";
            assert!(!reads || Safety::of(operation.id) == Idempotent, "{}", operation.id);
        }
    }

    #[test]
    fn waits_grow_are_bounded_and_end() {
        let retries = RetryPolicy::default();
        for attempts in 1..5 {
            let most = Duration::from_millis(200 << (attempts - 1));
            for _ in 0..100 {
                assert!(retries.wait(attempts, Duration::ZERO, None).unwrap() <= most);
            }
        }
        assert_eq!(retries.wait(5, Duration::ZERO, None), None);
        assert_eq!(RetryPolicy::none().wait(1, Duration::ZERO, None), None);
        let long = retries.clone().max_attempts(u32::MAX);
        assert!(long.wait(1000, Duration::ZERO, None).unwrap() <= Duration::from_secs(30));
    }

    #[test]
    fn a_wait_that_the_server_asks_for_is_obeyed_or_too_long() {
        let retries = RetryPolicy::default();
        let asked = Some(Duration::from_secs(60));
        assert_eq!(retries.wait(1, Duration::ZERO, asked), asked);
        assert_eq!(retries.wait(1, Duration::from_secs(150), asked), None);
        let header = |value: &str| HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        assert_eq!(retry_after(&header("7")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&header("Wed, 21 Oct 2015 07:28:00 GMT")), Some(Duration::ZERO));
        assert_eq!(retry_after(&header("soon")), None);
    }
}
