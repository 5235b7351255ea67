//! Which operations may be retried: a row for each.

use crate::error::{Error, ErrorKind};

/// What may be done if it is unknown whether a request took effect.
///
/// A request of any class is retried if the server reported that it did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryClass {
    /// Retry, also after any status of 5xx: a second request has the same effect as the first.
    Idempotent,
    /// Retry: the request deletes something, and `not found` then means that it is deleted.
    Delete,
    /// Do not retry. The caller [reconciles](crate::http::reconcile) the outcome.
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

    /// Whether a request that failed with `error` may be retried.
    pub(crate) fn allows(self, error: &Error) -> bool {
        let is_transient = match error.kind() {
            ErrorKind::RateLimited | ErrorKind::Transport | ErrorKind::Timeout => true,
            ErrorKind::Conflict => error.is_lost_race(),
            ErrorKind::Server => match error.status() {
                Some(502 | 503) => true,
                // A second request does no harm, and an overloaded server reports its failures in many ways.
                Some(status) => matches!(self, Self::Idempotent | Self::Storage) && status >= 500,
                None => false,
            },
            _ => false,
        };
        is_transient
            && (error.not_applied() || matches!(self, Self::Idempotent | Self::Storage | Self::Delete))
    }
}

use RetryClass::{Delete, Idempotent, NonIdempotent, Reconcile};

/// A row for every operation of the contract, sorted by name. Comments give the reason where it is not obvious.
const TABLE: &[(&str, RetryClass)] = &[
    ("abort_presign_multipart_upload", NonIdempotent), // the storage does not know an aborted upload any more
    ("add_group_membership", Idempotent),
    ("attach_policy_to_group", Idempotent),
    ("attach_policy_to_user", Idempotent),
    ("cherry_pick", NonIdempotent), // a second pick creates another, empty commit
    ("commit", Reconcile),
    ("complete_presign_multipart_upload", NonIdempotent), // the storage does not know a completed upload any more
    ("copy_object", Idempotent),
    ("create_branch", Reconcile),
    ("create_branch_protection_rule_preflight", Idempotent),
    ("create_commit_record", NonIdempotent),
    ("create_credentials", NonIdempotent), // a second pair would be lost
    ("create_group", NonIdempotent),
    ("create_policy", NonIdempotent),
    ("create_presign_multipart_upload", NonIdempotent), // a second upload would stay open
    ("create_pull_request", NonIdempotent),             // a second pull request
    ("create_repository", Reconcile),
    ("create_symlink_file", NonIdempotent),
    ("create_tag", Reconcile),
    ("create_user", NonIdempotent),
    ("create_user_external_principal", NonIdempotent),
    ("delete_branch", Delete),
    ("delete_credentials", Delete),
    ("delete_gc_rules", Idempotent),
    ("delete_group", Delete),
    ("delete_group_membership", Delete),
    ("delete_object", Idempotent),
    ("delete_objects", Idempotent),
    ("delete_policy", Delete),
    ("delete_repository", Delete),
    ("delete_repository_metadata", Idempotent),
    ("delete_tag", Delete),
    ("delete_user", Delete),
    ("delete_user_external_principal", Delete),
    ("detach_policy_from_group", Delete),
    ("detach_policy_from_user", Delete),
    ("diff_branch", Idempotent),
    ("diff_refs", Idempotent),
    ("dump_refs", Idempotent),
    ("dump_status", Idempotent),
    ("dump_submit", NonIdempotent),           // a second task
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
    ("hard_reset_branch", NonIdempotent), // `b~1` would move the branch again; with a commit id, the request is idempotent
    ("head_object", Idempotent),
    ("health_check", Idempotent),
    ("import_cancel", Idempotent),
    ("import_start", NonIdempotent), // a second import
    ("import_status", Idempotent),
    ("internal_create_branch_protection_rule", NonIdempotent),
    ("internal_delete_branch_protection_rule", NonIdempotent),
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
    ("merge_into_branch", Reconcile),
    ("merge_pull_request", NonIdempotent), // the branch may be merged while the status of the pull request is not updated
    ("oauth_callback", NonIdempotent),     // a code can be used once
    ("post_stats_events", NonIdempotent),  // would be counted twice
    ("prepare_garbage_collection_commits", NonIdempotent), // a second run
    ("prepare_garbage_collection_commits_async", NonIdempotent), // a second run
    ("prepare_garbage_collection_commits_status", Idempotent),
    ("prepare_garbage_collection_uncommitted", NonIdempotent), // a second run
    ("reset_branch", Idempotent),
    ("restore_refs", NonIdempotent),
    ("restore_status", Idempotent),
    ("restore_submit", NonIdempotent), // a second task
    ("revert_branch", Reconcile),
    ("set_branch_protection_rules", Idempotent),
    ("set_garbage_collection_rules_preflight", Idempotent),
    ("set_gc_rules", Idempotent),
    ("set_group_acl", Idempotent),
    ("set_repository_metadata", Idempotent),
    ("setup", NonIdempotent),
    ("setup_comm_prefs", NonIdempotent),
    ("stage_object", Idempotent),
    ("stat_object", Idempotent),
    ("sts_login", NonIdempotent), // a code can be used once
    ("update_object_user_metadata", Idempotent),
    ("update_policy", Idempotent),
    ("update_pull_request", NonIdempotent),
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
    fn operations_that_only_read_are_idempotent() {
        for operation in &crate::api::OPERATIONS {
            let reads = matches!(operation.method, "GET" | "HEAD") && operation.id != "oauth_callback";
            assert!(!reads || RetryClass::of(operation.id) == Idempotent, "{}", operation.id);
        }
    }
}
