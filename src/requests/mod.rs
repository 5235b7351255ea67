//! Request and list builders, grouped by resource.
//!
//! Methods of handles return them.

pub(crate) mod actions;
pub(crate) mod admin;
pub(crate) mod branch_protection;
pub(crate) mod cherry_pick;
pub(crate) mod commit;
pub(crate) mod copy_object;
pub(crate) mod diff;
pub(crate) mod dump;
pub(crate) mod garbage_collection;
pub(crate) mod import;
pub(crate) mod log;
pub(crate) mod merge;
pub(crate) mod new_head;
pub(crate) mod pull_requests;
pub(crate) mod repository_metadata;
pub(crate) mod reset;
pub(crate) mod revert;
pub(crate) mod support;
pub(crate) mod update_metadata;

pub use crate::task::{TaskKind, TaskPoller};
pub use actions::{ListActionRuns, ListHookRuns};
pub use admin::groups::CreateGroupRequest;
pub use admin::lists::{
    ListCredentials, ListExternalPrincipals, ListGroupMembers, ListGroupPolicies, ListGroups, ListPolicies,
    ListUserGroups, ListUserPolicies, ListUsers,
};
pub use admin::policies::CreatePolicyRequest;
pub use admin::setup::{CommunicationPreferencesRequest, SetupRequest};
pub use admin::users::CreateUserRequest;
pub use branch_protection::SetBranchProtectionRequest;
pub use dump::{DumpRequest, DumpTask, RestoreRequest, RestoreTask};
pub use garbage_collection::{
    PrepareCommitsRequest, PrepareCommitsTask, PrepareUncommittedParts, SetGcRulesRequest,
};
pub use import::{ImportRequest, ImportTask};
pub use pull_requests::{
    CreatePullRequestRequest, ListPullRequests, MergePullRequestRequest, UpdatePullRequestRequest,
};
