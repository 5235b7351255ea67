//! Every operation of the contract is in the facade, or is left to `lakefs::api` for a reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use heck::ToSnakeCase as _;
use serde_json::Value;

/// The files of the facade, and the operations that each calls.
const FACADE: &[(&str, &[&str])] = &[
    (
        "admin/group.rs",
        &[
            "add_group_membership",
            "attach_policy_to_group",
            "create_group",
            "delete_group",
            "delete_group_membership",
            "detach_policy_from_group",
            "get_group",
            "get_group_acl",
            "set_group_acl",
        ],
    ),
    (
        "admin/user.rs",
        &[
            "attach_policy_to_user",
            "create_credentials",
            "create_user",
            "create_user_external_principal",
            "delete_credentials",
            "delete_user",
            "delete_user_external_principal",
            "detach_policy_from_user",
            "get_credentials",
            "get_user",
        ],
    ),
    ("cherry_pick.rs", &["cherry_pick"]),
    ("commit.rs", &["commit"]),
    ("object/copy.rs", &["copy_object"]),
    ("branch.rs", &["create_branch", "delete_branch", "get_branch", "list_branches"]),
    ("admin/policy.rs", &["create_policy", "delete_policy", "get_policy", "update_policy"]),
    (
        "pull_request.rs",
        &[
            "create_pull_request",
            "get_pull_request",
            "list_pull_requests",
            "merge_pull_request",
            "update_pull_request",
        ],
    ),
    ("repository.rs", &["create_repository", "delete_repository", "get_repository", "list_repositories"]),
    ("tag.rs", &["create_tag", "delete_tag", "get_tag", "list_tags"]),
    (
        "garbage_collection.rs",
        &[
            "delete_gc_rules",
            "get_gc_rules",
            "prepare_garbage_collection_commits",
            "prepare_garbage_collection_commits_async",
            "prepare_garbage_collection_commits_status",
            "prepare_garbage_collection_uncommitted",
            "set_gc_rules",
        ],
    ),
    ("object/delete.rs", &["delete_object", "delete_objects"]),
    (
        "repository_metadata.rs",
        &["delete_repository_metadata", "get_repository_metadata", "set_repository_metadata"],
    ),
    ("diff.rs", &["diff_branch", "diff_refs"]),
    (
        "dump.rs",
        &["dump_refs", "dump_status", "dump_submit", "restore_refs", "restore_status", "restore_submit"],
    ),
    ("reference.rs", &["find_merge_base", "get_commit"]),
    (
        "admin/mod.rs",
        &[
            "get_auth_capabilities",
            "get_current_user",
            "get_external_principal",
            "get_setup_state",
            "get_usage_report_summary",
            "login",
        ],
    ),
    ("branch_protection.rs", &["get_branch_protection_rules", "set_branch_protection_rules"]),
    ("client.rs", &["get_config"]),
    ("object/read.rs", &["get_object"]),
    (
        "object/multipart.rs",
        &[
            "abort_presign_multipart_upload",
            "complete_presign_multipart_upload",
            "create_presign_multipart_upload",
            "upload_part",
        ],
    ),
    ("object/staging.rs", &["get_physical_address", "link_physical_address", "stage_object"]),
    ("actions.rs", &["get_run", "get_run_hook_output", "list_repository_runs", "list_run_hooks"]),
    ("object/mod.rs", &["get_underlying_properties", "stat_object", "update_object_user_metadata"]),
    ("reset.rs", &["hard_reset_branch", "reset_branch"]),
    ("object/head.rs", &["head_object"]),
    ("import.rs", &["import_cancel", "import_start", "import_status"]),
    (
        "admin/lists.rs",
        &[
            "list_group_members",
            "list_group_policies",
            "list_groups",
            "list_policies",
            "list_user_credentials",
            "list_user_external_principals",
            "list_user_groups",
            "list_user_policies",
            "list_users",
        ],
    ),
    ("object/list.rs", &["list_objects"]),
    ("log.rs", &["log_commits"]),
    ("merge.rs", &["merge_into_branch"]),
    ("revert.rs", &["revert_branch"]),
    ("admin/setup.rs", &["setup", "setup_comm_prefs"]),
    ("object/upload.rs", &["upload_object"]),
];

/// The operations that only `lakefs::api` has, and why.
const API_ONLY: &[(&str, &str)] = &[
    (
        "create_branch_protection_rule_preflight",
        "internal: asks whether the web interface should offer a button",
    ),
    ("create_commit_record", "internal: restores a history, a commit at a time, without its data"),
    ("create_symlink_file", "internal: for old versions of Hive"),
    ("external_principal_login", "a login with what only a provider of identities can make"),
    ("get_garbage_collection_config", "internal: for the garbage collector itself"),
    ("get_lake_fs_version", "deprecated: a part of `get_config`"),
    (
        "get_meta_range",
        "internal: addresses of files of metadata, for programs that read them from the storage",
    ),
    (
        "get_metadata_object",
        "internal: addresses of files of metadata, for programs that read them from the storage",
    ),
    ("get_range", "internal: addresses of files of metadata, for programs that read them from the storage"),
    ("get_storage_config", "deprecated: a part of `get_config`"),
    ("health_check", "for load balancers"),
    ("internal_create_branch_protection_rule", "deprecated: an older spelling of what the facade has"),
    ("internal_delete_branch_protection_rule", "deprecated: an older spelling of what the facade has"),
    ("internal_delete_garbage_collection_rules", "deprecated: an older spelling of what the facade has"),
    ("internal_get_branch_protection_rules", "deprecated: an older spelling of what the facade has"),
    ("internal_get_garbage_collection_rules", "deprecated: an older spelling of what the facade has"),
    ("internal_set_garbage_collection_rules", "deprecated: an older spelling of what the facade has"),
    ("oauth_callback", "internal: where a browser comes back to after a login"),
    ("post_stats_events", "internal: what the web interface and lakectl tell of themselves"),
    (
        "set_garbage_collection_rules_preflight",
        "internal: asks whether the web interface should offer a button",
    ),
    ("sts_login", "a login with what only a provider of identities can make"),
    ("upload_object_preflight", "internal: asks whether the web interface should offer a button"),
    ("upload_part_copy", "makes an object of parts of others, which `copy_object` does of one"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn operations() -> BTreeSet<String> {
    let contract = fs::read_to_string(root().join("openapi/lakefs.json")).unwrap();
    let contract: Value = serde_json::from_str(&contract).unwrap();
    let items = contract["paths"].as_object().unwrap().values().filter_map(Value::as_object);
    items
        .flat_map(|item| item.values())
        .filter_map(|o| Some(o.get("operationId")?.as_str()?.to_snake_case()))
        .collect()
}

/// The sources of the facade, by their path in `src`.
fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                let name =
                    path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().replace('\\', "/");
                // The table of retries names every operation, and calls none.
                if name != "api.rs" && name != "retry.rs" {
                    found.insert(name, fs::read_to_string(&path).unwrap());
                }
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&root().join("src"), &mut found);
    found
}

/// Whether a source calls an operation: `.name()`, or `= name(…)` in a macro that makes it a call.
fn calls(source: &str, operation: &str) -> bool {
    [format!(".{operation}()"), format!("= {operation}(")].iter().any(|call| source.contains(call))
}

#[test]
fn every_operation_is_in_the_facade_or_left_out_for_a_reason() {
    let wrapped = FACADE.iter().flat_map(|(_, operations)| *operations).copied();
    let listed: Vec<_> = wrapped.chain(API_ONLY.iter().map(|(operation, _)| *operation)).collect();
    let set: BTreeSet<String> = listed.iter().map(|&operation| operation.to_owned()).collect();
    assert_eq!(set, operations());
    assert_eq!(set.len(), listed.len(), "an operation is listed twice");
    assert!(API_ONLY.iter().all(|(_, reason)| !reason.is_empty()));
}

#[test]
fn the_facade_calls_what_it_is_said_to_call() {
    let sources = sources();
    for (file, operations) in FACADE {
        for operation in *operations {
            assert!(calls(&sources[*file], operation), "src/{file} does not call {operation}");
        }
    }
    for (operation, _) in API_ONLY {
        for (file, source) in &sources {
            assert!(!calls(source, operation), "src/{file} calls {operation}");
        }
    }
}
