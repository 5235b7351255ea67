//! Which operations may be retried: a row for each.

use crate::error::{Error, ErrorKind};

/// What may be done if it is unknown whether a request took effect.
///
/// A request of any class is retried if the server reported that it did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryClass {
    /// Retry, also after any status of 5xx: a second request has the same effect as the first.
    Idempotent,
    /// Do not retry. The facade [reconciles](crate::http::reconcile) the outcome: it compares the state of the server with
    /// the request.
    Reconcile,
    /// Retry, also after any status of 5xx. The request goes to a storage.
    Storage,
    /// Do not retry. The caller is informed that the outcome is unknown.
    NonIdempotent,
}

impl RetryClass {
    /// The class of an operation.
    pub(crate) fn of(operation: &str) -> Self {
        match TABLE.binary_search_by(|(id, _)| (*id).cmp(operation)) {
            Ok(at) => TABLE[at].1,
            Err(_) => Self::NonIdempotent,
        }
    }

    /// Whether a second request has the same effect as the first.
    pub(crate) fn is_idempotent(self) -> bool {
        matches!(self, Self::Idempotent | Self::Storage)
    }

    /// Whether a request that failed with `error` may be retried.
    pub(crate) fn allows(self, error: &Error) -> bool {
        let is_transient = match error.kind() {
            ErrorKind::RateLimited | ErrorKind::Transport | ErrorKind::Timeout => true,
            ErrorKind::Conflict => error.is_lost_race(),
            ErrorKind::Server => match error.status() {
                Some(502 | 503) => true,
                // A second request does no harm, and an overloaded server reports its failures in many ways.
                Some(status) => self.is_idempotent() && status >= 499,
                None => false,
            },
            _ => false,
        };
        is_transient && (error.not_applied() || self.is_idempotent())
    }
}

use RetryClass::{Idempotent, NonIdempotent, Reconcile};

/// A row for every operation of the contract, sorted by name. Comments give the reason where it is not obvious.
///
/// The comment of [`Reconcile`] says what the facade compares to find out whether a request with an unknown outcome took
/// effect. *New commits* are those of the branch since the request started, with the committer of this client.
///
/// A write that overwrites a value (an object, rules, metadata) is idempotent: if another writer overwrites the value
/// between two attempts, the result is as if it had done so before the request.
const TABLE: &[(&str, RetryClass)] = &[
    ("abort_presign_multipart_upload", NonIdempotent), // the storage does not know an aborted upload any more
    ("add_group_membership", Idempotent),              // sets a relation
    ("attach_policy_to_group", Idempotent),            // sets a relation
    ("attach_policy_to_user", Idempotent),             // sets a relation
    ("cherry_pick", Reconcile),                        // new commits: origin, message, metadata, one parent
    ("commit", Reconcile), // new commits: message, metadata, one parent, date and metarange if given; uncommitted changes
    ("complete_presign_multipart_upload", Reconcile), // the physical address of the object
    ("copy_object", Idempotent), // overwrites the object
    ("create_branch", Reconcile), // the commit of the branch with those of the source since the start
    ("create_branch_protection_rule_preflight", Idempotent),
    ("create_commit_record", NonIdempotent),
    ("create_credentials", NonIdempotent), // a second pair; the secret of the first one is lost
    ("create_group", Reconcile),           // creation date and description
    ("create_policy", Reconcile),          // creation date and statements
    ("create_presign_multipart_upload", NonIdempotent), // a second upload would stay open
    ("create_pull_request", Reconcile),    // new pull requests: title, branches, description
    ("create_repository", Reconcile), // creation date, namespace, default branch, read-only, branches, sample commit
    ("create_symlink_file", NonIdempotent),
    ("create_tag", Reconcile), // the commit of the tag with those of the source since the start
    ("create_user", Reconcile), // creation date
    ("create_user_external_principal", Reconcile), // that it is attached
    ("delete_branch", Reconcile), // its absence; a second request would delete a new branch of the same name
    ("delete_credentials", Reconcile), // that they are gone
    ("delete_gc_rules", Idempotent), // sets no rules
    ("delete_group", Reconcile), // its absence
    ("delete_group_membership", Reconcile), // its absence
    ("delete_object", Idempotent), // as an overwrite: it sets the path to nothing
    ("delete_objects", Idempotent), // as an overwrite: it sets the paths to nothing
    ("delete_policy", Reconcile), // its absence
    ("delete_repository", Reconcile), // its absence
    ("delete_repository_metadata", Idempotent), // sets keys to nothing
    ("delete_tag", Reconcile), // its absence
    ("delete_user", Reconcile), // its absence
    ("delete_user_external_principal", Reconcile), // its absence
    ("detach_policy_from_group", Reconcile), // that it is not attached
    ("detach_policy_from_user", Reconcile), // that it is not attached
    ("diff_branch", Idempotent),
    ("diff_refs", Idempotent),
    ("dump_refs", Idempotent),
    ("dump_status", Idempotent),
    ("dump_submit", NonIdempotent), // a second task; the server does not list tasks
    ("external_principal_login", Idempotent), // returns another token
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
    ("hard_reset_branch", Reconcile), // the head with the target; a second request would orphan the commits of others
    ("head_object", Idempotent),
    ("health_check", Idempotent),
    ("import_cancel", Idempotent),
    ("import_start", NonIdempotent), // a second import; the server does not list imports
    ("import_status", Idempotent),
    ("internal_create_branch_protection_rule", NonIdempotent),
    ("internal_delete_branch_protection_rule", NonIdempotent),
    ("internal_delete_garbage_collection_rules", Idempotent),
    ("internal_get_branch_protection_rules", Idempotent),
    ("internal_get_garbage_collection_rules", Idempotent),
    ("internal_set_garbage_collection_rules", Idempotent),
    ("link_physical_address", Idempotent), // overwrites the object; Reconcile with `If-None-Match`, compares the address
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
    ("merge_into_branch", Reconcile), // new commits: parents, message, metadata
    ("merge_pull_request", Reconcile), // status, merge commit and date of the pull request
    ("oauth_callback", NonIdempotent), // a code can be used once
    ("post_stats_events", NonIdempotent), // would be counted twice
    ("prepare_garbage_collection_commits", NonIdempotent), // a second run; the server does not list runs
    ("prepare_garbage_collection_commits_async", NonIdempotent), // a second run; the server does not list runs
    ("prepare_garbage_collection_commits_status", Idempotent),
    ("prepare_garbage_collection_uncommitted", NonIdempotent), // a second run; the server does not list runs
    ("reset_branch", Reconcile), // that the paths have no uncommitted changes; a second request would discard those of others
    ("restore_refs", NonIdempotent), // several writes; a restored repository is not bare any more
    ("restore_status", Idempotent),
    ("restore_submit", NonIdempotent), // a second task; the server does not list tasks
    ("revert_branch", Reconcile),      // new commits: message, metadata, one parent
    ("set_branch_protection_rules", Idempotent), // overwrites the rules; Reconcile with `If-Match`, compares the rules
    ("set_garbage_collection_rules_preflight", Idempotent),
    ("set_gc_rules", Idempotent),            // overwrites the rules
    ("set_group_acl", Idempotent),           // overwrites the permission
    ("set_repository_metadata", Idempotent), // overwrites keys
    ("setup", NonIdempotent),                // a second setup is refused; the secret of the first one is lost
    ("setup_comm_prefs", NonIdempotent),
    ("stage_object", Idempotent), // overwrites the object; Reconcile with `If-None-Match`
    ("stat_object", Idempotent),
    ("sts_login", NonIdempotent),                // a code can be used once
    ("update_object_user_metadata", Idempotent), // overwrites the metadata
    ("update_policy", Idempotent),               // overwrites the statements
    ("update_pull_request", Reconcile),          // title, description, status
    ("upload_object", Idempotent), // overwrites the object; Reconcile with `If-None-Match`, compares checksum, size and time, or a token
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
    fn operations_that_only_read_are_idempotent() {
        for operation in &crate::api::OPERATIONS {
            let reads = matches!(operation.method, "GET" | "HEAD") && operation.id != "oauth_callback";
            assert!(!reads || RetryClass::of(operation.id) == Idempotent, "{}", operation.id);
        }
    }
}
