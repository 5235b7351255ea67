//! Every request and list has the options.

use std::collections::BTreeSet;
use std::time::Duration;

use lakefs::RetryPolicy;
use lakefs::requests::*;

use crate::source;

/// Uses all options of types, and names the types.
macro_rules! types_with_options {
    ($($type:ident $(<$argument:ty>)?),+ $(,)?) => {
        const WITH_OPTIONS: &[&str] = &[$(stringify!($type)),+];

        #[allow(dead_code, reason = "it is enough that this compiles")]
        mod uses {
            use super::*;

            $(
                #[allow(non_snake_case, reason = "named like the type")]
                fn $type(request: $type $(<$argument>)?) -> $type $(<$argument>)? {
                    request
                        .timeout(Duration::from_secs(1))
                        .attempt_timeout(Duration::from_secs(1))
                        .retries(RetryPolicy::none())
                        .header("x-source", "nightly")
                }
            )+
        }
    };
}

types_with_options!(
    CherryPickRequest,
    CommitLog,
    CommitRequest,
    CommunicationPreferencesRequest,
    CopyObjectRequest,
    CreateBranchRequest,
    CreateGroupRequest,
    CreatePolicyRequest,
    CreatePullRequestRequest,
    CreateRepositoryRequest,
    CreateTagRequest,
    CreateUserRequest,
    DeleteBranchRequest,
    DeleteObjectRequest,
    DeleteObjectsRequest,
    DeleteRepositoryRequest,
    DeleteTagRequest,
    DiffEntries,
    DownloadDirRequest,
    DownloadRequest,
    DumpRequest,
    HardResetRequest,
    HeadRequest,
    ImportRequest,
    LinkRequest,
    ListActionRuns,
    ListBranches,
    ListConflicts,
    ListCredentials,
    ListExternalPrincipals,
    ListGroupMembers,
    ListGroupPolicies,
    ListGroups,
    ListHookRuns,
    ListObjects,
    ListPolicies,
    ListPullRequests,
    ListRepositories,
    ListTags,
    ListUncommitted,
    ListUserGroups,
    ListUserPolicies,
    ListUsers,
    MergePullRequestRequest,
    MergeRequest,
    PhysicalAddressRequest,
    PrepareCommitsRequest,
    PrepareUncommittedParts,
    ReadRequest,
    ReaderRequest,
    Request<u8>,
    ResetRequest,
    RestoreRequest,
    ResolveMergeRequest,
    RevertRequest,
    SetBranchProtectionRequest,
    SetGcRulesRequest,
    SetupRequest,
    StageRequest,
    StatRequest,
    TaskPoller<DumpTask>,
    UpdateMetadataRequest,
    UpdatePullRequestRequest,
    UploadDirRequest,
    UploadRequest,
    WorkingCopyCheckoutRequest,
    WorkingCopyCloneRequest,
    WorkingCopyCommitRequest,
    WorkingCopyPullRequest,
    WorkingCopyStatusRequest,
    WriterRequest,
);

/// The other types of `lakefs::requests`, and why they have no options.
const OTHER: &[(&str, &str)] = &[
    ("DumpTask", "a kind of task"),
    ("ImportTask", "a kind of task"),
    ("Pages", "has the options of its list"),
    ("PrepareCommitsTask", "a kind of task"),
    ("ProtectionRules", "data"),
    ("RestoreTask", "a kind of task"),
    ("TaskKind", "a trait"),
];

/// The calls of handles and requests that are not requests themselves, and why.
const ASYNC_METHODS: &[(&str, &str)] = &[
    ("begin", "the options are those of the transaction"),
    ("commit", "the options are those of the transaction, or the call is a request"),
    ("finish", "the options are those of the writer"),
    ("pin", "the methods of a store have no options, as those of its trait have none"),
    ("rollback", "the options are those of the transaction"),
    ("run", "a transaction has its own options"),
    ("server_config", "returns a reference to the cached value, which all clones share"),
    ("start", "the options are those of the request"),
    ("summary", "the options are those of the list"),
];

/// Returns the types that `lakefs::requests` exports.
fn exported() -> BTreeSet<String> {
    let modules = source::modules();
    let tokens = &modules[&vec!["requests".to_owned()]].tokens;
    let mut names = BTreeSet::new();
    let mut is_export = false;
    for (index, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "use" => is_export = index > 0 && tokens[index - 1].text == "pub",
            ";" => is_export = false,
            name if is_export && name.starts_with(char::is_uppercase) => _ = names.insert(name.to_owned()),
            _ => {}
        }
    }
    names
}

#[test]
fn every_request_and_list_has_the_options() {
    let known: BTreeSet<_> =
        WITH_OPTIONS.iter().copied().chain(OTHER.iter().map(|(name, _)| *name)).map(str::to_owned).collect();
    assert_eq!(known.len(), WITH_OPTIONS.len() + OTHER.len(), "a type is listed twice");
    assert!(OTHER.iter().all(|(_, reason)| !reason.is_empty()));
    let exported = exported();
    assert!(exported.len() > 60, "{exported:?}");
    assert_eq!(known, exported);
}

#[test]
fn every_call_of_a_handle_is_a_request() {
    let mut found = BTreeSet::new();
    for (module, source) in source::modules() {
        // The generated client has its options from `with_options`.
        if module.first().is_some_and(|top| top == "api") {
            continue;
        }
        for window in source.tokens.windows(4) {
            let texts: Vec<_> = window.iter().map(|token| token.text.as_str()).collect();
            if let ["pub", "async", "fn", name] = texts[..] {
                found.insert(name.to_owned());
            }
        }
    }
    let expected: BTreeSet<_> = ASYNC_METHODS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(found, expected);
}
