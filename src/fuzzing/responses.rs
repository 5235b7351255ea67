//! The bodies of successful responses.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fuzzing::input::Input;
use crate::http::recognition::is_commit_id;
use crate::http::send::decode_json;
use crate::models;

/// The models of responses, and of the requests that the server sends back.
const MODELS: &[fn(&[u8])] = &[
    decode::<models::ActionRunList>,
    decode::<models::AuthenticationToken>,
    decode::<Vec<models::BranchProtectionRule>>,
    decode::<models::CommitList>,
    decode::<models::Config>,
    decode::<models::CredentialsList>,
    decode::<models::CredentialsWithSecret>,
    decode::<models::CurrentUser>,
    decode::<models::DiffList>,
    decode::<models::ExternalPrincipalList>,
    decode::<models::GarbageCollectionPrepareResponse>,
    decode::<models::GarbageCollectionRules>,
    decode::<models::GroupList>,
    decode::<models::HookRunList>,
    decode::<models::ImportStatus>,
    decode::<models::InstallationUsageReport>,
    decode::<models::MergeResult>,
    decode::<models::ObjectErrorList>,
    decode::<models::ObjectStatsList>,
    decode::<models::PolicyList>,
    decode::<models::PrepareGcUncommittedResponse>,
    decode::<models::PresignMultipartUpload>,
    decode::<models::PullRequestsList>,
    decode::<models::RefList>,
    decode::<models::RepositoryDumpStatus>,
    decode::<models::RepositoryList>,
    decode::<models::RepositoryMetadata>,
    decode::<models::RepositoryRestoreStatus>,
    decode::<models::SetupState>,
    decode::<models::StagingLocation>,
    decode::<models::StorageUri>,
    decode::<models::TaskInfo>,
    decode::<models::UpdateObjectUserMetadata>,
    decode::<models::UserList>,
    decode::<models::VersionConfig>,
];

/// Checks that a body is decoded or rejected, and that a decoded value survives being written and read again.
pub fn responses(data: &[u8]) {
    let mut input = Input::new(data);
    input.choose(MODELS)(input.rest());
    if let Ok(text) = std::str::from_utf8(data)
        && is_commit_id(text)
    {
        assert!(text.trim().bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text:?}");
    }
}

fn decode<T: DeserializeOwned + Serialize + PartialEq + Debug + Send + 'static>(body: &[u8]) {
    let Ok(value) = decode_json::<T>(body) else { return };
    let value = value.downcast::<T>().unwrap();
    let written = serde_json::to_vec(&value).unwrap();
    assert_eq!(*decode_json::<T>(&written).unwrap().downcast::<T>().unwrap(), *value);
    assert!(!format!("{value:?}").is_empty());
}
