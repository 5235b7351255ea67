//! The table of all operations: request, authentication and handler, in the order of the contract.

use axum::http::Method;

use super::call::Call;
use super::contract::{Body, Param, bodies};
use super::handlers::{
    accounts, actions, branches, commits, content, garbage_collection, merges, multipart, objects,
    pull_requests, repositories, settings, staging, system, tags, transfer,
};
use super::response::ApiResult;

/// An operation of the contract.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) authentication: Authentication,
    pub(crate) body: Option<&'static Body>,
    pub(crate) handler: Handler,
    is_paginated: bool,
    params: &'static [Param],
}

/// Whether an operation authenticates the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// Valid credentials are required.
    Required,
    /// Credentials may be missing, but not be invalid.
    Optional,
    /// Credentials are ignored.
    None,
}

/// What responds to an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Handler {
    Sync(fn(&Call<'_>) -> ApiResult),
    /// The upload of an object, whose body is a stream.
    Upload,
    /// Status 501, as from a lakeFS without the service that the operation needs.
    NotImplemented,
}

const PREFIX: Param = Param::text_or_empty("prefix");
const AFTER: Param = Param::text_or_empty("after");
const AMOUNT: Param = Param::amount();
const PAGE: [Param; 3] = [PREFIX, AFTER, AMOUNT];
const PATH: Param = Param::required("path");
const FORCE: Param = Param::boolean("force");
const PRESIGN: Param = Param::boolean("presign");

impl Operation {
    const fn new(id: &'static str, method: Method, path: &'static str, handler: Handler) -> Self {
        Self {
            id,
            method,
            path,
            handler,
            authentication: Authentication::Required,
            body: None,
            is_paginated: false,
            params: &[],
        }
    }

    const fn without_authentication(mut self) -> Self {
        self.authentication = Authentication::None;
        self
    }

    const fn with_optional_authentication(mut self) -> Self {
        self.authentication = Authentication::Optional;
        self
    }

    /// Adds the parameters `prefix`, `after` and `amount`.
    const fn paginated(mut self) -> Self {
        self.is_paginated = true;
        self
    }

    const fn with_params(mut self, params: &'static [Param]) -> Self {
        self.params = params;
        self
    }

    const fn with_body(mut self, body: &'static Body) -> Self {
        self.body = Some(body);
        self
    }

    /// Returns the query and header parameters.
    pub(crate) fn params(&self) -> impl Iterator<Item = &'static Param> {
        let page: &[Param] = if self.is_paginated { &PAGE } else { &[] };
        page.iter().chain(self.params)
    }
}

/// Returns the ids of all operations.
pub(crate) fn operation_ids() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|operation| operation.id)
}

/// Every operation of the contract.
#[rustfmt::skip]
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::new("setupCommPrefs", Method::POST, "/setup_comm_prefs", Handler::Sync(system::set_comm_prefs)).without_authentication().with_body(&bodies::COMM_PREFS),
    Operation::new("getSetupState", Method::GET, "/setup_lakefs", Handler::Sync(system::setup_state)).without_authentication(),
    Operation::new("setup", Method::POST, "/setup_lakefs", Handler::Sync(system::set_up)).without_authentication().with_body(&bodies::SETUP),
    Operation::new("getCurrentUser", Method::GET, "/user", Handler::Sync(accounts::current_user)).with_optional_authentication(),
    Operation::new("login", Method::POST, "/auth/login", Handler::Sync(accounts::login)).without_authentication().with_body(&bodies::LOGIN),
    Operation::new("externalPrincipalLogin", Method::POST, "/auth/external/principal/login", Handler::NotImplemented).without_authentication().with_body(&bodies::EXTERNAL_LOGIN),
    Operation::new("stsLogin", Method::POST, "/sts/login", Handler::NotImplemented).without_authentication().with_body(&bodies::STS_LOGIN),
    Operation::new("getAuthCapabilities", Method::GET, "/auth/capabilities", Handler::Sync(system::auth_capabilities)).without_authentication(),
    Operation::new("listUsers", Method::GET, "/auth/users", Handler::Sync(accounts::list_users)).paginated(),
    Operation::new("createUser", Method::POST, "/auth/users", Handler::Sync(accounts::create_user)).with_body(&bodies::USER),
    Operation::new("getUser", Method::GET, "/auth/users/{userId}", Handler::Sync(accounts::get_user)),
    Operation::new("deleteUser", Method::DELETE, "/auth/users/{userId}", Handler::Sync(accounts::delete_user)),
    Operation::new("listGroups", Method::GET, "/auth/groups", Handler::NotImplemented).paginated(),
    Operation::new("createGroup", Method::POST, "/auth/groups", Handler::NotImplemented).with_body(&bodies::GROUP),
    Operation::new("getGroup", Method::GET, "/auth/groups/{groupId}", Handler::NotImplemented),
    Operation::new("deleteGroup", Method::DELETE, "/auth/groups/{groupId}", Handler::NotImplemented),
    Operation::new("listPolicies", Method::GET, "/auth/policies", Handler::NotImplemented).paginated(),
    Operation::new("createPolicy", Method::POST, "/auth/policies", Handler::NotImplemented).with_body(&bodies::POLICY_BODY),
    Operation::new("getPolicy", Method::GET, "/auth/policies/{policyId}", Handler::NotImplemented),
    Operation::new("updatePolicy", Method::PUT, "/auth/policies/{policyId}", Handler::NotImplemented).with_body(&bodies::POLICY_BODY),
    Operation::new("deletePolicy", Method::DELETE, "/auth/policies/{policyId}", Handler::NotImplemented),
    Operation::new("listGroupMembers", Method::GET, "/auth/groups/{groupId}/members", Handler::NotImplemented).paginated(),
    Operation::new("addGroupMembership", Method::PUT, "/auth/groups/{groupId}/members/{userId}", Handler::NotImplemented),
    Operation::new("deleteGroupMembership", Method::DELETE, "/auth/groups/{groupId}/members/{userId}", Handler::NotImplemented),
    Operation::new("listUserCredentials", Method::GET, "/auth/users/{userId}/credentials", Handler::Sync(accounts::list_credentials)).paginated(),
    Operation::new("createCredentials", Method::POST, "/auth/users/{userId}/credentials", Handler::Sync(accounts::create_credentials)),
    Operation::new("deleteCredentials", Method::DELETE, "/auth/users/{userId}/credentials/{accessKeyId}", Handler::Sync(accounts::delete_credentials)),
    Operation::new("getCredentials", Method::GET, "/auth/users/{userId}/credentials/{accessKeyId}", Handler::Sync(accounts::get_credentials)),
    Operation::new("listUserGroups", Method::GET, "/auth/users/{userId}/groups", Handler::NotImplemented).paginated(),
    Operation::new("listUserPolicies", Method::GET, "/auth/users/{userId}/policies", Handler::NotImplemented).paginated().with_params(&[Param::boolean("effective")]),
    Operation::new("attachPolicyToUser", Method::PUT, "/auth/users/{userId}/policies/{policyId}", Handler::NotImplemented),
    Operation::new("detachPolicyFromUser", Method::DELETE, "/auth/users/{userId}/policies/{policyId}", Handler::NotImplemented),
    Operation::new("createUserExternalPrincipal", Method::POST, "/auth/users/{userId}/external/principals", Handler::NotImplemented).with_optional_authentication().with_params(&[Param::required("principalId")]).with_body(&bodies::EXTERNAL_PRINCIPAL),
    Operation::new("deleteUserExternalPrincipal", Method::DELETE, "/auth/users/{userId}/external/principals", Handler::NotImplemented).with_optional_authentication().with_params(&[Param::required("principalId")]),
    Operation::new("listUserExternalPrincipals", Method::GET, "/auth/users/{userId}/external/principals/ls", Handler::NotImplemented).with_optional_authentication().paginated(),
    Operation::new("getExternalPrincipal", Method::GET, "/auth/external/principals", Handler::NotImplemented).with_optional_authentication().with_params(&[Param::required("principalId")]),
    Operation::new("listGroupPolicies", Method::GET, "/auth/groups/{groupId}/policies", Handler::NotImplemented).paginated(),
    Operation::new("attachPolicyToGroup", Method::PUT, "/auth/groups/{groupId}/policies/{policyId}", Handler::NotImplemented),
    Operation::new("detachPolicyFromGroup", Method::DELETE, "/auth/groups/{groupId}/policies/{policyId}", Handler::NotImplemented),
    Operation::new("setGroupACL", Method::POST, "/auth/groups/{groupId}/acl", Handler::NotImplemented).with_body(&bodies::ACL),
    Operation::new("getGroupACL", Method::GET, "/auth/groups/{groupId}/acl", Handler::NotImplemented),
    Operation::new("listRepositories", Method::GET, "/repositories", Handler::Sync(repositories::list)).paginated().with_params(&[Param::text_or_empty("search")]),
    Operation::new("createRepository", Method::POST, "/repositories", Handler::Sync(repositories::create)).with_params(&[Param::boolean("bare")]).with_body(&bodies::REPOSITORY),
    Operation::new("getRepository", Method::GET, "/repositories/{repository}", Handler::Sync(repositories::get)),
    Operation::new("deleteRepository", Method::DELETE, "/repositories/{repository}", Handler::Sync(repositories::delete)).with_params(&[FORCE]),
    Operation::new("getRepositoryMetadata", Method::GET, "/repositories/{repository}/metadata", Handler::Sync(repositories::get_metadata)),
    Operation::new("setRepositoryMetadata", Method::POST, "/repositories/{repository}/metadata", Handler::Sync(repositories::set_metadata)).with_body(&bodies::REPOSITORY_METADATA),
    Operation::new("deleteRepositoryMetadata", Method::DELETE, "/repositories/{repository}/metadata", Handler::Sync(repositories::delete_metadata)).with_body(&bodies::REPOSITORY_METADATA_KEYS),
    Operation::new("getGCRules", Method::GET, "/repositories/{repository}/settings/gc_rules", Handler::Sync(settings::get_gc_rules)),
    Operation::new("setGCRules", Method::PUT, "/repositories/{repository}/settings/gc_rules", Handler::Sync(settings::set_gc_rules)).with_body(&bodies::GC_RULES),
    Operation::new("deleteGCRules", Method::DELETE, "/repositories/{repository}/settings/gc_rules", Handler::Sync(settings::delete_gc_rules)),
    Operation::new("getBranchProtectionRules", Method::GET, "/repositories/{repository}/settings/branch_protection", Handler::Sync(settings::get_protection_rules)),
    Operation::new("setBranchProtectionRules", Method::PUT, "/repositories/{repository}/settings/branch_protection", Handler::Sync(settings::set_protection_rules)).with_params(&[Param::header_or_empty("If-Match")]).with_body(&bodies::PROTECTION_RULES),
    Operation::new("dumpRefs", Method::PUT, "/repositories/{repository}/refs/dump", Handler::Sync(transfer::dump_refs)),
    Operation::new("restoreRefs", Method::PUT, "/repositories/{repository}/refs/restore", Handler::Sync(transfer::restore_refs)).with_body(&bodies::REFS_RESTORE),
    Operation::new("dumpSubmit", Method::POST, "/repositories/{repository}/dump", Handler::Sync(transfer::submit_dump)),
    Operation::new("dumpStatus", Method::GET, "/repositories/{repository}/dump", Handler::Sync(transfer::dump_status)).with_params(&[Param::required("task_id")]),
    Operation::new("restoreSubmit", Method::POST, "/repositories/{repository}/restore", Handler::Sync(transfer::submit_restore)).with_body(&bodies::REFS_RESTORE),
    Operation::new("restoreStatus", Method::GET, "/repositories/{repository}/restore", Handler::Sync(transfer::restore_status)).with_params(&[Param::required("task_id")]),
    Operation::new("listTags", Method::GET, "/repositories/{repository}/tags", Handler::Sync(tags::list)).paginated(),
    Operation::new("createTag", Method::POST, "/repositories/{repository}/tags", Handler::Sync(tags::create)).with_body(&bodies::TAG),
    Operation::new("getTag", Method::GET, "/repositories/{repository}/tags/{tag}", Handler::Sync(tags::get)),
    Operation::new("deleteTag", Method::DELETE, "/repositories/{repository}/tags/{tag}", Handler::Sync(tags::delete)).with_params(&[FORCE]),
    Operation::new("listBranches", Method::GET, "/repositories/{repository}/branches", Handler::Sync(branches::list)).paginated().with_params(&[Param::boolean("show_hidden")]),
    Operation::new("createBranch", Method::POST, "/repositories/{repository}/branches", Handler::Sync(branches::create)).with_body(&bodies::BRANCH),
    Operation::new("logCommits", Method::GET, "/repositories/{repository}/refs/{ref}/commits", Handler::Sync(commits::log)).with_params(&[AFTER, AMOUNT, Param::text_list("objects"), Param::text_list("prefixes"), Param::boolean("limit"), Param::boolean("first_parent"), Param::date_time("since"), Param::text_or_empty("stop_at")]),
    Operation::new("commit", Method::POST, "/repositories/{repository}/branches/{branch}/commits", Handler::Sync(commits::create)).with_params(&[Param::text("source_metarange")]).with_body(&bodies::COMMIT_CREATION),
    Operation::new("CreateCommitRecord", Method::POST, "/repositories/{repository}/commits", Handler::Sync(transfer::create_commit_record)).with_body(&bodies::COMMIT_RECORD),
    Operation::new("getBranch", Method::GET, "/repositories/{repository}/branches/{branch}", Handler::Sync(branches::get)),
    Operation::new("deleteBranch", Method::DELETE, "/repositories/{repository}/branches/{branch}", Handler::Sync(branches::delete)).with_params(&[FORCE]),
    Operation::new("resetBranch", Method::PUT, "/repositories/{repository}/branches/{branch}", Handler::Sync(branches::reset)).with_body(&bodies::RESET),
    Operation::new("hardResetBranch", Method::PUT, "/repositories/{repository}/branches/{branch}/hard_reset", Handler::Sync(branches::hard_reset)).with_params(&[Param::required("ref"), FORCE]),
    Operation::new("revertBranch", Method::POST, "/repositories/{repository}/branches/{branch}/revert", Handler::Sync(merges::revert)).with_body(&bodies::REVERT),
    Operation::new("cherryPick", Method::POST, "/repositories/{repository}/branches/{branch}/cherry-pick", Handler::Sync(merges::cherry_pick)).with_body(&bodies::CHERRY_PICK),
    Operation::new("mergeIntoBranch", Method::POST, "/repositories/{repository}/refs/{sourceRef}/merge/{destinationBranch}", Handler::Sync(merges::merge)).with_body(&bodies::MERGE),
    Operation::new("findMergeBase", Method::GET, "/repositories/{repository}/refs/{sourceRef}/merge/{destinationBranch}", Handler::Sync(merges::find_base)),
    Operation::new("diffBranch", Method::GET, "/repositories/{repository}/branches/{branch}/diff", Handler::Sync(branches::diff)).with_params(&[AFTER, AMOUNT, PREFIX, Param::text_or_empty("delimiter")]),
    Operation::new("diffRefs", Method::GET, "/repositories/{repository}/refs/{leftRef}/diff/{rightRef}", Handler::Sync(commits::diff)).with_params(&[AFTER, AMOUNT, PREFIX, Param::text_or_empty("delimiter"), Param::one_of("type", &["two_dot", "three_dot"]), Param::boolean("include_right_stats")]),
    Operation::new("getCommit", Method::GET, "/repositories/{repository}/commits/{commitId}", Handler::Sync(commits::get)),
    Operation::new("getObject", Method::GET, "/repositories/{repository}/refs/{ref}/objects", Handler::Sync(content::get)).with_params(&[PATH, Param::byte_range(), Param::header("If-None-Match"), PRESIGN]),
    Operation::new("headObject", Method::HEAD, "/repositories/{repository}/refs/{ref}/objects", Handler::Sync(content::head)).with_params(&[PATH, Param::byte_range()]),
    Operation::new("createPresignMultipartUpload", Method::POST, "/repositories/{repository}/branches/{branch}/staging/pmpu", Handler::Sync(multipart::create)).with_params(&[PATH, Param::integer("parts")]),
    Operation::new("completePresignMultipartUpload", Method::PUT, "/repositories/{repository}/branches/{branch}/staging/pmpu/{uploadId}", Handler::Sync(multipart::complete)).with_params(&[PATH]).with_body(&bodies::COMPLETE_UPLOAD),
    Operation::new("abortPresignMultipartUpload", Method::DELETE, "/repositories/{repository}/branches/{branch}/staging/pmpu/{uploadId}", Handler::Sync(multipart::abort)).with_params(&[PATH]).with_body(&bodies::ABORT_UPLOAD),
    Operation::new("uploadPart", Method::PUT, "/repositories/{repository}/branches/{branch}/staging/pmpu/{uploadId}/parts/{partNumber}", Handler::Sync(multipart::upload_part)).with_params(&[PATH]).with_body(&bodies::UPLOAD_PART),
    Operation::new("uploadPartCopy", Method::PUT, "/repositories/{repository}/branches/{branch}/staging/pmpu/{uploadId}/parts/{partNumber}/copy", Handler::Sync(multipart::copy_part)).with_params(&[PATH]).with_body(&bodies::COPY_PART),
    Operation::new("getPhysicalAddress", Method::GET, "/repositories/{repository}/branches/{branch}/staging/backing", Handler::Sync(staging::get_physical_address)).with_params(&[PATH, PRESIGN]),
    Operation::new("linkPhysicalAddress", Method::PUT, "/repositories/{repository}/branches/{branch}/staging/backing", Handler::Sync(staging::link)).with_params(&[PATH, Param::header("If-None-Match"), Param::header("If-Match")]).with_body(&bodies::LINK),
    Operation::new("importStatus", Method::GET, "/repositories/{repository}/branches/{branch}/import", Handler::Sync(transfer::import_status)).with_params(&[Param::required("id")]),
    Operation::new("importStart", Method::POST, "/repositories/{repository}/branches/{branch}/import", Handler::Sync(transfer::start_import)).with_body(&bodies::IMPORT),
    Operation::new("importCancel", Method::DELETE, "/repositories/{repository}/branches/{branch}/import", Handler::Sync(transfer::cancel_import)).with_params(&[Param::required("id")]),
    Operation::new("uploadObjectPreflight", Method::GET, "/repositories/{repository}/branches/{branch}/objects/stage_allowed", Handler::Sync(objects::upload_preflight)).with_params(&[PATH]),
    Operation::new("stageObject", Method::PUT, "/repositories/{repository}/branches/{branch}/objects", Handler::Sync(staging::stage)).with_params(&[PATH]).with_body(&bodies::STAGE),
    Operation::new("uploadObject", Method::POST, "/repositories/{repository}/branches/{branch}/objects", Handler::Upload).with_params(&[PATH, Param::header("If-None-Match"), Param::header("If-Match"), Param::text("storageClass"), FORCE]),
    Operation::new("deleteObject", Method::DELETE, "/repositories/{repository}/branches/{branch}/objects", Handler::Sync(objects::delete)).with_params(&[PATH, FORCE, Param::boolean("no_tombstone")]),
    Operation::new("deleteObjects", Method::POST, "/repositories/{repository}/branches/{branch}/objects/delete", Handler::Sync(objects::delete_many)).with_params(&[FORCE, Param::boolean("no_tombstone")]).with_body(&bodies::PATHS),
    Operation::new("copyObject", Method::POST, "/repositories/{repository}/branches/{branch}/objects/copy", Handler::Sync(objects::copy)).with_params(&[Param::required("dest_path")]).with_body(&bodies::COPY),
    Operation::new("statObject", Method::GET, "/repositories/{repository}/refs/{ref}/objects/stat", Handler::Sync(objects::stat)).with_params(&[PATH, Param::boolean("user_metadata"), PRESIGN]),
    Operation::new("updateObjectUserMetadata", Method::PUT, "/repositories/{repository}/branches/{branch}/objects/stat/user_metadata", Handler::Sync(objects::set_user_metadata)).with_params(&[PATH]).with_body(&bodies::USER_METADATA),
    Operation::new("getUnderlyingProperties", Method::GET, "/repositories/{repository}/refs/{ref}/objects/underlyingProperties", Handler::Sync(objects::underlying_properties)).with_params(&[PATH]),
    Operation::new("listObjects", Method::GET, "/repositories/{repository}/refs/{ref}/objects/ls", Handler::Sync(objects::list)).with_params(&[Param::boolean("user_metadata"), PRESIGN, AFTER, AMOUNT, Param::text_or_empty("delimiter"), PREFIX]),
    Operation::new("createSymlinkFile", Method::POST, "/repositories/{repository}/refs/{branch}/symlink", Handler::Sync(objects::symlinks)).with_params(&[Param::text("location")]),
    Operation::new("listRepositoryRuns", Method::GET, "/repositories/{repository}/actions/runs", Handler::Sync(actions::list_runs)).with_params(&[AFTER, AMOUNT, Param::text_or_empty("branch"), Param::text_or_empty("commit")]),
    Operation::new("getRun", Method::GET, "/repositories/{repository}/actions/runs/{run_id}", Handler::Sync(actions::get_run)),
    Operation::new("listRunHooks", Method::GET, "/repositories/{repository}/actions/runs/{run_id}/hooks", Handler::Sync(actions::list_hooks)).with_params(&[AFTER, AMOUNT]),
    Operation::new("getRunHookOutput", Method::GET, "/repositories/{repository}/actions/runs/{run_id}/hooks/{hook_run_id}/output", Handler::Sync(actions::get_output)),
    Operation::new("getMetadataObject", Method::GET, "/repositories/{repository}/metadata/object/{type}/{object_id}", Handler::Sync(transfer::metadata_object)).with_params(&[PRESIGN]),
    Operation::new("getMetaRange", Method::GET, "/repositories/{repository}/metadata/meta_range/{meta_range}", Handler::Sync(transfer::meta_range)),
    Operation::new("getRange", Method::GET, "/repositories/{repository}/metadata/range/{range}", Handler::Sync(transfer::range)),
    Operation::new("setGarbageCollectionRulesPreflight", Method::GET, "/repositories/{repository}/gc/rules/set_allowed", Handler::Sync(settings::preflight)),
    Operation::new("internalGetGarbageCollectionRules", Method::GET, "/repositories/{repository}/gc/rules", Handler::Sync(settings::get_gc_rules)),
    Operation::new("internalSetGarbageCollectionRules", Method::POST, "/repositories/{repository}/gc/rules", Handler::Sync(settings::set_gc_rules)).with_body(&bodies::GC_RULES),
    Operation::new("internalDeleteGarbageCollectionRules", Method::DELETE, "/repositories/{repository}/gc/rules", Handler::Sync(settings::delete_gc_rules)),
    Operation::new("prepareGarbageCollectionCommits", Method::POST, "/repositories/{repository}/gc/prepare_commits", Handler::Sync(garbage_collection::prepare_commits)),
    Operation::new("prepareGarbageCollectionCommitsAsync", Method::POST, "/repositories/{repository}/gc/prepare_commits/async", Handler::Sync(garbage_collection::submit_prepare_commits)),
    Operation::new("prepareGarbageCollectionCommitsStatus", Method::GET, "/repositories/{repository}/gc/prepare_commits/status", Handler::Sync(garbage_collection::commits_status)).with_params(&[Param::required("id")]),
    Operation::new("prepareGarbageCollectionUncommitted", Method::POST, "/repositories/{repository}/gc/prepare_uncommited", Handler::Sync(garbage_collection::prepare_uncommitted)).with_body(&bodies::GC_UNCOMMITTED),
    Operation::new("createBranchProtectionRulePreflight", Method::GET, "/repositories/{repository}/branch_protection/set_allowed", Handler::Sync(settings::preflight)),
    Operation::new("internalGetBranchProtectionRules", Method::GET, "/repositories/{repository}/branch_protection", Handler::Sync(settings::get_protection_rules)),
    Operation::new("internalCreateBranchProtectionRule", Method::POST, "/repositories/{repository}/branch_protection", Handler::Sync(settings::create_protection_rule)).with_body(&bodies::PROTECTION_RULE),
    Operation::new("internalDeleteBranchProtectionRule", Method::DELETE, "/repositories/{repository}/branch_protection", Handler::Sync(settings::delete_protection_rule)).with_body(&bodies::PROTECTION_RULE_NAME),
    Operation::new("listPullRequests", Method::GET, "/repositories/{repository}/pulls", Handler::Sync(pull_requests::list)).paginated().with_params(&[Param::one_of("status", &["open", "closed", "all"])]),
    Operation::new("createPullRequest", Method::POST, "/repositories/{repository}/pulls", Handler::Sync(pull_requests::create)).with_body(&bodies::PULL_REQUEST),
    Operation::new("getPullRequest", Method::GET, "/repositories/{repository}/pulls/{pull_request}", Handler::Sync(pull_requests::get)),
    Operation::new("updatePullRequest", Method::PATCH, "/repositories/{repository}/pulls/{pull_request}", Handler::Sync(pull_requests::update)).with_body(&bodies::PULL_REQUEST_UPDATE),
    Operation::new("mergePullRequest", Method::PUT, "/repositories/{repository}/pulls/{pull_request}/merge", Handler::Sync(pull_requests::merge)),
    Operation::new("healthCheck", Method::GET, "/healthcheck", Handler::Sync(system::health)).without_authentication(),
    Operation::new("getConfig", Method::GET, "/config", Handler::Sync(system::config)),
    Operation::new("getLakeFSVersion", Method::GET, "/config/version", Handler::Sync(system::version)),
    Operation::new("getStorageConfig", Method::GET, "/config/storage", Handler::Sync(system::storage)),
    Operation::new("getGarbageCollectionConfig", Method::GET, "/config/garbage-collection", Handler::Sync(system::garbage_collection)),
    Operation::new("postStatsEvents", Method::POST, "/statistics", Handler::Sync(system::statistics)).with_body(&bodies::STATS),
    Operation::new("getUsageReportSummary", Method::GET, "/usage-report/summary", Handler::Sync(system::usage)),
    Operation::new("oauthCallback", Method::GET, "/oidc/callback", Handler::Sync(system::oidc_callback)).without_authentication(),
];
