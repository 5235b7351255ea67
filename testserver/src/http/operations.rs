//! All operations of the contract, in its order: how each is asked for and who answers it.

use axum::http::Method;

use super::call::Call;
use super::params::Param;
use super::reply::Outcome;
use super::schema::Body;
use super::{
    accounts, actions, bodies, branches, collection, commits, content, merges, multipart, objects, pulls,
    repositories, settings, staging, system, tags, transfer,
};
use crate::storage::REQUESTS;

/// An operation of the contract.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) body: Option<&'static Body>,
    pub(crate) handler: Handler,
    paged: bool,
    params: &'static [Param],
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever has valid credentials.
    User,
    /// Whoever has valid credentials or none.
    UserOrNobody,
    /// Everybody; credentials are not even looked at.
    Anyone,
}

/// Who answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Handler {
    Answer(fn(&Call<'_>) -> Outcome),
    /// The one operation whose body is a stream.
    Upload,
    /// Nobody: not implemented.
    Missing,
}

const PREFIX: Param = Param::optional("prefix");
const AFTER: Param = Param::optional("after");
const AMOUNT: Param = Param::amount();
const PAGE: [Param; 3] = [PREFIX, AFTER, AMOUNT];
const PATH: Param = Param::required("path");
const FORCE: Param = Param::boolean("force");
const PRESIGN: Param = Param::boolean("presign");

impl Operation {
    const fn new(id: &'static str, method: Method, path: &'static str, handler: Handler) -> Self {
        Self { id, method, path, handler, access: Access::User, body: None, paged: false, params: &[] }
    }

    const fn for_anyone(mut self) -> Self {
        self.access = Access::Anyone;
        self
    }

    const fn for_user_or_nobody(mut self) -> Self {
        self.access = Access::UserOrNobody;
        self
    }

    /// Takes `prefix`, `after` and `amount`.
    const fn paged(mut self) -> Self {
        self.paged = true;
        self
    }

    const fn with(mut self, params: &'static [Param]) -> Self {
        self.params = params;
        self
    }

    const fn taking(mut self, body: &'static Body) -> Self {
        self.body = Some(body);
        self
    }

    /// The parameters outside of the path.
    pub(crate) fn params(&self) -> impl Iterator<Item = &'static Param> {
        let page: &[Param] = if self.paged { &PAGE } else { &[] };
        page.iter().chain(self.params)
    }
}

/// Whether the contract has an operation of this id, or the storage such a request.
pub(crate) fn is_operation(id: &str) -> bool {
    let mut known = OPERATIONS.iter().map(|operation| operation.id).chain(REQUESTS);
    known.any(|known| is_same_operation(known, id))
}

/// Whether two ids name one operation: contracts spell it `ListRepositories` or `listRepositories`, and clients in
/// languages with other habits `list_repositories`.
pub(crate) fn is_same_operation(a: &str, b: &str) -> bool {
    let letters = |id: &str| {
        id.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    letters(a) == letters(b)
}

/// Every operation of the contract.
#[rustfmt::skip]
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::new("setupCommPrefs", Method::POST, "/setup_comm_prefs", Handler::Answer(system::set_up_preferences)).for_anyone().taking(&bodies::COMM_PREFS),
    Operation::new("getSetupState", Method::GET, "/setup_lakefs", Handler::Answer(system::setup_state)).for_anyone(),
    Operation::new("setup", Method::POST, "/setup_lakefs", Handler::Answer(system::set_up)).for_anyone().taking(&bodies::SETUP),
    Operation::new("getCurrentUser", Method::GET, "/user", Handler::Answer(accounts::current_user)).for_user_or_nobody(),
    Operation::new("login", Method::POST, "/auth/login", Handler::Answer(accounts::login)).for_anyone().taking(&bodies::LOGIN),
    Operation::new("externalPrincipalLogin", Method::POST, "/auth/external/principal/login", Handler::Missing).for_anyone().taking(&bodies::EXTERNAL_LOGIN),
    Operation::new("stsLogin", Method::POST, "/sts/login", Handler::Missing).for_anyone().taking(&bodies::STS_LOGIN),
    Operation::new("getAuthCapabilities", Method::GET, "/auth/capabilities", Handler::Answer(system::auth_capabilities)).for_anyone(),
    Operation::new("listUsers", Method::GET, "/auth/users", Handler::Answer(accounts::list_users)).paged(),
    Operation::new("createUser", Method::POST, "/auth/users", Handler::Answer(accounts::create_user)).taking(&bodies::USER),
    Operation::new("getUser", Method::GET, "/auth/users/{userId}", Handler::Answer(accounts::get_user)),
    Operation::new("deleteUser", Method::DELETE, "/auth/users/{userId}", Handler::Answer(accounts::delete_user)),
    Operation::new("listGroups", Method::GET, "/auth/groups", Handler::Missing).paged(),
    Operation::new("createGroup", Method::POST, "/auth/groups", Handler::Missing).taking(&bodies::GROUP),
    Operation::new("getGroup", Method::GET, "/auth/groups/{groupId}", Handler::Missing),
    Operation::new("deleteGroup", Method::DELETE, "/auth/groups/{groupId}", Handler::Missing),
    Operation::new("listPolicies", Method::GET, "/auth/policies", Handler::Missing).paged(),
    Operation::new("createPolicy", Method::POST, "/auth/policies", Handler::Missing).taking(&bodies::POLICY_BODY),
    Operation::new("getPolicy", Method::GET, "/auth/policies/{policyId}", Handler::Missing),
    Operation::new("updatePolicy", Method::PUT, "/auth/policies/{policyId}", Handler::Missing).taking(&bodies::POLICY_BODY),
    Operation::new("deletePolicy", Method::DELETE, "/auth/policies/{policyId}", Handler::Missing),
    Operation::new("listGroupMembers", Method::GET, "/auth/groups/{groupId}/members", Handler::Missing).paged(),
    Operation::new("addGroupMembership", Method::PUT, "/auth/groups/{groupId}/members/{userId}", Handler::Missing),
    Operation::new("deleteGroupMembership", Method::DELETE, "/auth/groups/{groupId}/members/{userId}", Handler::Missing),
    Operation::new("listUserCredentials", Method::GET, "/auth/users/{userId}/credentials", Handler::Answer(accounts::list_credentials)).paged(),
    Operation::new("createCredentials", Method::POST, "/auth/users/{userId}/credentials", Handler::Answer(accounts::create_credentials)),
    Operation::new("deleteCredentials", Method::DELETE, "/auth/users/{userId}/credentials/{accessKeyId}", Handler::Answer(accounts::delete_credentials)),
    Operation::new("getCredentials", Method::GET, "/auth/users/{userId}/credentials/{accessKeyId}", Handler::Answer(accounts::get_credentials)),
    Operation::new("listUserGroups", Method::GET, "/auth/users/{userId}/groups", Handler::Missing).paged(),
    Operation::new("listUserPolicies", Method::GET, "/auth/users/{userId}/policies", Handler::Missing).paged().with(&[Param::boolean("effective")]),
    Operation::new("attachPolicyToUser", Method::PUT, "/auth/users/{userId}/policies/{policyId}", Handler::Missing),
    Operation::new("detachPolicyFromUser", Method::DELETE, "/auth/users/{userId}/policies/{policyId}", Handler::Missing),
    Operation::new("createUserExternalPrincipal", Method::POST, "/auth/users/{userId}/external/principals", Handler::Missing).for_user_or_nobody().with(&[Param::required("principalId")]).taking(&bodies::EXTERNAL_PRINCIPAL),
    Operation::new("deleteUserExternalPrincipal", Method::DELETE, "/auth/users/{userId}/external/principals", Handler::Missing).for_user_or_nobody().with(&[Param::required("principalId")]),
    Operation::new("listUserExternalPrincipals", Method::GET, "/auth/users/{userId}/external/principals/ls", Handler::Missing).for_user_or_nobody().paged(),
    Operation::new("getExternalPrincipal", Method::GET, "/auth/external/principals", Handler::Missing).for_user_or_nobody().with(&[Param::required("principalId")]),
    Operation::new("listGroupPolicies", Method::GET, "/auth/groups/{groupId}/policies", Handler::Missing).paged(),
    Operation::new("attachPolicyToGroup", Method::PUT, "/auth/groups/{groupId}/policies/{policyId}", Handler::Missing),
    Operation::new("detachPolicyFromGroup", Method::DELETE, "/auth/groups/{groupId}/policies/{policyId}", Handler::Missing),
    Operation::new("setGroupACL", Method::POST, "/auth/groups/{groupId}/acl", Handler::Missing).taking(&bodies::ACL),
    Operation::new("getGroupACL", Method::GET, "/auth/groups/{groupId}/acl", Handler::Missing),
    Operation::new("listRepositories", Method::GET, "/repositories", Handler::Answer(repositories::list)).paged().with(&[Param::optional("search")]),
    Operation::new("createRepository", Method::POST, "/repositories", Handler::Answer(repositories::create)).with(&[Param::boolean("bare")]).taking(&bodies::REPOSITORY),
    Operation::new("getRepository", Method::GET, "/repositories/{repository}", Handler::Answer(repositories::get)),
    Operation::new("deleteRepository", Method::DELETE, "/repositories/{repository}", Handler::Answer(repositories::delete)).with(&[FORCE]),
    Operation::new("getRepositoryMetadata", Method::GET, "/repositories/{repository}/metadata", Handler::Answer(repositories::metadata)),
    Operation::new("setRepositoryMetadata", Method::POST, "/repositories/{repository}/metadata", Handler::Answer(repositories::set_metadata)).taking(&bodies::REPOSITORY_METADATA),
    Operation::new("deleteRepositoryMetadata", Method::DELETE, "/repositories/{repository}/metadata", Handler::Answer(repositories::delete_metadata)).taking(&bodies::REPOSITORY_METADATA_KEYS),
    Operation::new("getGCRules", Method::GET, "/repositories/{repository}/settings/gc_rules", Handler::Answer(settings::gc_rules)),
    Operation::new("setGCRules", Method::PUT, "/repositories/{repository}/settings/gc_rules", Handler::Answer(settings::set_gc_rules)).taking(&bodies::GC_RULES),
    Operation::new("deleteGCRules", Method::DELETE, "/repositories/{repository}/settings/gc_rules", Handler::Answer(settings::delete_gc_rules)),
    Operation::new("getBranchProtectionRules", Method::GET, "/repositories/{repository}/settings/branch_protection", Handler::Answer(settings::protection)),
    Operation::new("setBranchProtectionRules", Method::PUT, "/repositories/{repository}/settings/branch_protection", Handler::Answer(settings::set_protection)).with(&[Param::header_or_empty("If-Match")]).taking(&bodies::PROTECTION_RULES),
    Operation::new("dumpRefs", Method::PUT, "/repositories/{repository}/refs/dump", Handler::Answer(transfer::dump_now)),
    Operation::new("restoreRefs", Method::PUT, "/repositories/{repository}/refs/restore", Handler::Answer(transfer::restore_now)).taking(&bodies::REFS_RESTORE),
    Operation::new("dumpSubmit", Method::POST, "/repositories/{repository}/dump", Handler::Answer(transfer::dump)),
    Operation::new("dumpStatus", Method::GET, "/repositories/{repository}/dump", Handler::Answer(transfer::dump_status)).with(&[Param::required("task_id")]),
    Operation::new("restoreSubmit", Method::POST, "/repositories/{repository}/restore", Handler::Answer(transfer::restore)).taking(&bodies::REFS_RESTORE),
    Operation::new("restoreStatus", Method::GET, "/repositories/{repository}/restore", Handler::Answer(transfer::restore_status)).with(&[Param::required("task_id")]),
    Operation::new("listTags", Method::GET, "/repositories/{repository}/tags", Handler::Answer(tags::list)).paged(),
    Operation::new("createTag", Method::POST, "/repositories/{repository}/tags", Handler::Answer(tags::create)).taking(&bodies::TAG),
    Operation::new("getTag", Method::GET, "/repositories/{repository}/tags/{tag}", Handler::Answer(tags::get)),
    Operation::new("deleteTag", Method::DELETE, "/repositories/{repository}/tags/{tag}", Handler::Answer(tags::delete)).with(&[FORCE]),
    Operation::new("listBranches", Method::GET, "/repositories/{repository}/branches", Handler::Answer(branches::list)).paged().with(&[Param::boolean("show_hidden")]),
    Operation::new("createBranch", Method::POST, "/repositories/{repository}/branches", Handler::Answer(branches::create)).taking(&bodies::BRANCH),
    Operation::new("logCommits", Method::GET, "/repositories/{repository}/refs/{ref}/commits", Handler::Answer(commits::log)).with(&[AFTER, AMOUNT, Param::texts("objects"), Param::texts("prefixes"), Param::boolean("limit"), Param::boolean("first_parent"), Param::date_time("since"), Param::optional("stop_at")]),
    Operation::new("commit", Method::POST, "/repositories/{repository}/branches/{branch}/commits", Handler::Answer(commits::create)).with(&[Param::text("source_metarange")]).taking(&bodies::COMMIT_CREATION),
    Operation::new("CreateCommitRecord", Method::POST, "/repositories/{repository}/commits", Handler::Answer(transfer::commit_record)).taking(&bodies::COMMIT_RECORD),
    Operation::new("getBranch", Method::GET, "/repositories/{repository}/branches/{branch}", Handler::Answer(branches::get)),
    Operation::new("deleteBranch", Method::DELETE, "/repositories/{repository}/branches/{branch}", Handler::Answer(branches::delete)).with(&[FORCE]),
    Operation::new("resetBranch", Method::PUT, "/repositories/{repository}/branches/{branch}", Handler::Answer(branches::reset)).taking(&bodies::RESET),
    Operation::new("hardResetBranch", Method::PUT, "/repositories/{repository}/branches/{branch}/hard_reset", Handler::Answer(branches::hard_reset)).with(&[Param::required("ref"), FORCE]),
    Operation::new("revertBranch", Method::POST, "/repositories/{repository}/branches/{branch}/revert", Handler::Answer(merges::revert)).taking(&bodies::REVERT),
    Operation::new("cherryPick", Method::POST, "/repositories/{repository}/branches/{branch}/cherry-pick", Handler::Answer(merges::cherry_pick)).taking(&bodies::CHERRY_PICK),
    Operation::new("mergeIntoBranch", Method::POST, "/repositories/{repository}/refs/{sourceRef}/merge/{destinationBranch}", Handler::Answer(merges::merge)).taking(&bodies::MERGE),
    Operation::new("findMergeBase", Method::GET, "/repositories/{repository}/refs/{sourceRef}/merge/{destinationBranch}", Handler::Answer(merges::base)),
    Operation::new("diffBranch", Method::GET, "/repositories/{repository}/branches/{branch}/diff", Handler::Answer(branches::diff)).with(&[AFTER, AMOUNT, PREFIX, Param::optional("delimiter")]),
    Operation::new("diffRefs", Method::GET, "/repositories/{repository}/refs/{leftRef}/diff/{rightRef}", Handler::Answer(commits::diff)).with(&[AFTER, AMOUNT, PREFIX, Param::optional("delimiter"), Param::one_of("type", &["two_dot", "three_dot"]), Param::boolean("include_right_stats")]),
    Operation::new("getCommit", Method::GET, "/repositories/{repository}/commits/{commitId}", Handler::Answer(commits::get)),
    Operation::new("getObject", Method::GET, "/repositories/{repository}/refs/{ref}/objects", Handler::Answer(content::get)).with(&[PATH, Param::byte_range(), Param::header("If-None-Match"), PRESIGN]),
    Operation::new("headObject", Method::HEAD, "/repositories/{repository}/refs/{ref}/objects", Handler::Answer(content::head)).with(&[PATH, Param::byte_range()]),
    Operation::new("createPresignMultipartUpload", Method::POST, "/repositories/{repository}/branches/{branch}/staging/pmpu", Handler::Answer(multipart::create)).with(&[PATH, Param::integer("parts")]),
    Operation::new("completePresignMultipartUpload", Method::PUT, "/repositories/{repository}/branches/{branch}/staging/pmpu/{uploadId}", Handler::Answer(multipart::complete)).with(&[PATH]).taking(&bodies::COMPLETE_UPLOAD),
    Operation::new("abortPresignMultipartUpload", Method::DELETE, "/repositories/{repository}/branches/{branch}/staging/pmpu/{uploadId}", Handler::Answer(multipart::abort)).with(&[PATH]).taking(&bodies::ABORT_UPLOAD),
    Operation::new("uploadPart", Method::PUT, "/repositories/{repository}/branches/{branch}/staging/pmpu/{uploadId}/parts/{partNumber}", Handler::Answer(multipart::upload_part)).with(&[PATH]).taking(&bodies::UPLOAD_PART),
    Operation::new("uploadPartCopy", Method::PUT, "/repositories/{repository}/branches/{branch}/staging/pmpu/{uploadId}/parts/{partNumber}/copy", Handler::Answer(multipart::copy_part)).with(&[PATH]).taking(&bodies::COPY_PART),
    Operation::new("getPhysicalAddress", Method::GET, "/repositories/{repository}/branches/{branch}/staging/backing", Handler::Answer(staging::address)).with(&[PATH, PRESIGN]),
    Operation::new("linkPhysicalAddress", Method::PUT, "/repositories/{repository}/branches/{branch}/staging/backing", Handler::Answer(staging::link)).with(&[PATH, Param::header("If-None-Match"), Param::header("If-Match")]).taking(&bodies::LINK),
    Operation::new("importStatus", Method::GET, "/repositories/{repository}/branches/{branch}/import", Handler::Answer(transfer::import_status)).with(&[Param::required("id")]),
    Operation::new("importStart", Method::POST, "/repositories/{repository}/branches/{branch}/import", Handler::Answer(transfer::start_import)).taking(&bodies::IMPORT),
    Operation::new("importCancel", Method::DELETE, "/repositories/{repository}/branches/{branch}/import", Handler::Answer(transfer::cancel_import)).with(&[Param::required("id")]),
    Operation::new("uploadObjectPreflight", Method::GET, "/repositories/{repository}/branches/{branch}/objects/stage_allowed", Handler::Answer(objects::allowed)).with(&[PATH]),
    Operation::new("stageObject", Method::PUT, "/repositories/{repository}/branches/{branch}/objects", Handler::Answer(staging::stage)).with(&[PATH]).taking(&bodies::STAGE),
    Operation::new("uploadObject", Method::POST, "/repositories/{repository}/branches/{branch}/objects", Handler::Upload).with(&[PATH, Param::header("If-None-Match"), Param::header("If-Match"), Param::text("storageClass"), FORCE]),
    Operation::new("deleteObject", Method::DELETE, "/repositories/{repository}/branches/{branch}/objects", Handler::Answer(objects::delete)).with(&[PATH, FORCE, Param::boolean("no_tombstone")]),
    Operation::new("deleteObjects", Method::POST, "/repositories/{repository}/branches/{branch}/objects/delete", Handler::Answer(objects::delete_many)).with(&[FORCE, Param::boolean("no_tombstone")]).taking(&bodies::PATHS),
    Operation::new("copyObject", Method::POST, "/repositories/{repository}/branches/{branch}/objects/copy", Handler::Answer(objects::copy)).with(&[Param::required("dest_path")]).taking(&bodies::COPY),
    Operation::new("statObject", Method::GET, "/repositories/{repository}/refs/{ref}/objects/stat", Handler::Answer(objects::stat)).with(&[PATH, Param::boolean("user_metadata"), PRESIGN]),
    Operation::new("updateObjectUserMetadata", Method::PUT, "/repositories/{repository}/branches/{branch}/objects/stat/user_metadata", Handler::Answer(objects::set_user_metadata)).with(&[PATH]).taking(&bodies::USER_METADATA),
    Operation::new("getUnderlyingProperties", Method::GET, "/repositories/{repository}/refs/{ref}/objects/underlyingProperties", Handler::Answer(objects::properties)).with(&[PATH]),
    Operation::new("listObjects", Method::GET, "/repositories/{repository}/refs/{ref}/objects/ls", Handler::Answer(objects::list)).with(&[Param::boolean("user_metadata"), PRESIGN, AFTER, AMOUNT, Param::optional("delimiter"), PREFIX]),
    Operation::new("createSymlinkFile", Method::POST, "/repositories/{repository}/refs/{branch}/symlink", Handler::Answer(objects::symlinks)).with(&[Param::text("location")]),
    Operation::new("listRepositoryRuns", Method::GET, "/repositories/{repository}/actions/runs", Handler::Answer(actions::list_runs)).with(&[AFTER, AMOUNT, Param::optional("branch"), Param::optional("commit")]),
    Operation::new("getRun", Method::GET, "/repositories/{repository}/actions/runs/{run_id}", Handler::Answer(actions::run)),
    Operation::new("listRunHooks", Method::GET, "/repositories/{repository}/actions/runs/{run_id}/hooks", Handler::Answer(actions::list_hooks)).with(&[AFTER, AMOUNT]),
    Operation::new("getRunHookOutput", Method::GET, "/repositories/{repository}/actions/runs/{run_id}/hooks/{hook_run_id}/output", Handler::Answer(actions::output)),
    Operation::new("getMetadataObject", Method::GET, "/repositories/{repository}/metadata/object/{type}/{object_id}", Handler::Answer(transfer::metadata_object)).with(&[PRESIGN]),
    Operation::new("getMetaRange", Method::GET, "/repositories/{repository}/metadata/meta_range/{meta_range}", Handler::Answer(transfer::meta_range)),
    Operation::new("getRange", Method::GET, "/repositories/{repository}/metadata/range/{range}", Handler::Answer(transfer::range)),
    Operation::new("setGarbageCollectionRulesPreflight", Method::GET, "/repositories/{repository}/gc/rules/set_allowed", Handler::Answer(settings::allowed)),
    Operation::new("internalGetGarbageCollectionRules", Method::GET, "/repositories/{repository}/gc/rules", Handler::Answer(settings::gc_rules)),
    Operation::new("internalSetGarbageCollectionRules", Method::POST, "/repositories/{repository}/gc/rules", Handler::Answer(settings::set_gc_rules)).taking(&bodies::GC_RULES),
    Operation::new("internalDeleteGarbageCollectionRules", Method::DELETE, "/repositories/{repository}/gc/rules", Handler::Answer(settings::delete_gc_rules)),
    Operation::new("prepareGarbageCollectionCommits", Method::POST, "/repositories/{repository}/gc/prepare_commits", Handler::Answer(collection::prepare_commits)),
    Operation::new("prepareGarbageCollectionCommitsAsync", Method::POST, "/repositories/{repository}/gc/prepare_commits/async", Handler::Answer(collection::start_preparing_commits)),
    Operation::new("prepareGarbageCollectionCommitsStatus", Method::GET, "/repositories/{repository}/gc/prepare_commits/status", Handler::Answer(collection::commits_preparation)).with(&[Param::required("id")]),
    Operation::new("prepareGarbageCollectionUncommitted", Method::POST, "/repositories/{repository}/gc/prepare_uncommited", Handler::Answer(collection::prepare_uncommitted)).taking(&bodies::GC_UNCOMMITTED),
    Operation::new("createBranchProtectionRulePreflight", Method::GET, "/repositories/{repository}/branch_protection/set_allowed", Handler::Answer(settings::allowed)),
    Operation::new("internalGetBranchProtectionRules", Method::GET, "/repositories/{repository}/branch_protection", Handler::Answer(settings::protection)),
    Operation::new("internalCreateBranchProtectionRule", Method::POST, "/repositories/{repository}/branch_protection", Handler::Answer(settings::add_protection)).taking(&bodies::PROTECTION_RULE),
    Operation::new("internalDeleteBranchProtectionRule", Method::DELETE, "/repositories/{repository}/branch_protection", Handler::Answer(settings::remove_protection)).taking(&bodies::PROTECTION_RULE_NAME),
    Operation::new("listPullRequests", Method::GET, "/repositories/{repository}/pulls", Handler::Answer(pulls::list)).paged().with(&[Param::one_of("status", &["open", "closed", "all"])]),
    Operation::new("createPullRequest", Method::POST, "/repositories/{repository}/pulls", Handler::Answer(pulls::create)).taking(&bodies::PULL_REQUEST),
    Operation::new("getPullRequest", Method::GET, "/repositories/{repository}/pulls/{pull_request}", Handler::Answer(pulls::get)),
    Operation::new("updatePullRequest", Method::PATCH, "/repositories/{repository}/pulls/{pull_request}", Handler::Answer(pulls::update)).taking(&bodies::PULL_REQUEST_UPDATE),
    Operation::new("mergePullRequest", Method::PUT, "/repositories/{repository}/pulls/{pull_request}/merge", Handler::Answer(pulls::merge)),
    Operation::new("healthCheck", Method::GET, "/healthcheck", Handler::Answer(system::health)).for_anyone(),
    Operation::new("getConfig", Method::GET, "/config", Handler::Answer(system::config)),
    Operation::new("getLakeFSVersion", Method::GET, "/config/version", Handler::Answer(system::version)),
    Operation::new("getStorageConfig", Method::GET, "/config/storage", Handler::Answer(system::storage)),
    Operation::new("getGarbageCollectionConfig", Method::GET, "/config/garbage-collection", Handler::Answer(system::garbage_collection)),
    Operation::new("postStatsEvents", Method::POST, "/statistics", Handler::Answer(system::statistics)).taking(&bodies::STATS),
    Operation::new("getUsageReportSummary", Method::GET, "/usage-report/summary", Handler::Answer(system::usage)),
    Operation::new("oauthCallback", Method::GET, "/oidc/callback", Handler::Answer(system::oidc_callback)).for_anyone(),
];
