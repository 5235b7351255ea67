//! Request and list builders, grouped by resource.
//!
//! The methods of the handles, such as [`Branch::commit`](crate::Branch::commit), return them; you rarely need to name
//! a type of this module.
//!
//! * A **request** is sent when it is awaited, or by its method `send`. Its methods set options.
//! * A **list** is a [`Stream`](futures::Stream) of its items, which sends a request for each page as it is read. Use
//!   [`TryStreamExt`](crate::TryStreamExt) with it, or its method `pages`. It ends after the last item, and after an
//!   error.

pub(crate) mod actions;
pub(crate) mod admin;
pub(crate) mod branch;
pub(crate) mod branch_protection;
pub(crate) mod cherry_pick;
pub(crate) mod commit;
pub(crate) mod conflicts;
pub(crate) mod copy_object;
mod created_ref;
pub(crate) mod diff;
mod diff_view;
pub(crate) mod dump;
mod exist_ok;
pub(crate) mod garbage_collection;
pub(crate) mod import;
pub(crate) mod log;
pub(crate) mod merge;
pub(crate) mod merge_base;
mod new_commits;
pub(crate) mod pull_requests;
mod reconcile;
pub(crate) mod repository;
pub(crate) mod repository_metadata;
pub(crate) mod reset;
pub(crate) mod resolve;
pub(crate) mod revert;
pub(crate) mod tag;
pub(crate) mod temporary_branch;
pub(crate) mod update_metadata;
#[cfg(all(feature = "config", feature = "fs"))]
pub(crate) mod working_copy;

pub use crate::pager::Pages;
pub use crate::request::Request;
pub use crate::task::{TaskKind, TaskPoller};
pub use crate::transfer::delete::{DeleteObjectRequest, DeleteObjectsRequest};
#[cfg(feature = "fs")]
pub use crate::transfer::dir::{DownloadDirRequest, UploadDirRequest};
pub use crate::transfer::list::ListObjects;
#[cfg(feature = "fs")]
pub use crate::transfer::read::download::DownloadRequest;
pub use crate::transfer::read::head::HeadRequest;
pub use crate::transfer::read::requests::{ReadRequest, ReaderRequest};
pub use crate::transfer::stat::StatRequest;
pub use crate::transfer::write::link::{LinkRequest, StageRequest};
pub use crate::transfer::write::physical_address::PhysicalAddressRequest;
pub use crate::transfer::write::upload::UploadRequest;
pub use crate::transfer::write::writer::WriterRequest;
pub use actions::{ListActionRuns, ListHookRuns};
pub use admin::groups::CreateGroupRequest;
pub use admin::lists::{
    ListCredentials, ListExternalPrincipals, ListGroupMembers, ListGroupPolicies, ListGroups, ListPolicies,
    ListUserGroups, ListUserPolicies, ListUsers,
};
pub use admin::policies::CreatePolicyRequest;
pub use admin::setup::{CommunicationPreferencesRequest, SetupRequest};
pub use admin::users::CreateUserRequest;
pub use branch::{CreateBranchRequest, DeleteBranchRequest, ListBranches};
pub use branch_protection::{ProtectionRules, SetBranchProtectionRequest};
pub use cherry_pick::CherryPickRequest;
pub use commit::CommitRequest;
pub use copy_object::CopyObjectRequest;
pub use diff::{DiffEntries, ListConflicts, ListUncommitted};
pub use dump::{DumpRequest, DumpTask, RestoreRequest, RestoreTask};
pub use garbage_collection::{
    PrepareCommitsRequest, PrepareCommitsTask, PrepareUncommittedParts, SetGcRulesRequest,
};
pub use import::{ImportRequest, ImportTask};
pub use log::CommitLog;
pub use merge::MergeRequest;
pub use pull_requests::{
    CreatePullRequestRequest, ListPullRequests, MergePullRequestRequest, UpdatePullRequestRequest,
};
pub use repository::{CreateRepositoryRequest, DeleteRepositoryRequest, ListRepositories};
pub use reset::{HardResetRequest, ResetRequest};
pub use resolve::ResolveMergeRequest;
pub use revert::RevertRequest;
pub use tag::{CreateTagRequest, DeleteTagRequest, ListTags};
pub use update_metadata::UpdateMetadataRequest;
#[cfg(all(feature = "config", feature = "fs"))]
pub use working_copy::{
    checkout::WorkingCopyCheckoutRequest, clone::WorkingCopyCloneRequest, commit::WorkingCopyCommitRequest,
    pull::WorkingCopyPullRequest, status::WorkingCopyStatusRequest,
};
