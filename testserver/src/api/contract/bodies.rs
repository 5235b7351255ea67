//! The schemas of request bodies, transcribed from the contract.

use super::params::{BYTE_RANGE, is_byte_range};
use super::schema::Schema::{
    AnyObject, Array, Boolean, Enum, Integer, IntegerRange, NonEmptyArray, NonEmptyText, Nullable, Object,
    Pattern, Text, TextMap,
};
use super::schema::{Body, Field, Schema, optional, required};
use crate::model::names;

const FORCE: Field = optional("force", &Boolean);
const METADATA: Field = optional("metadata", &TextMap);
const COMMIT: Schema = Object(&[
    required("message", &Text),
    METADATA,
    optional("date", &Integer),
    optional("allow_empty", &Boolean),
    FORCE,
]);
const OVERRIDES: Schema = Object(&[optional("message", &Text), METADATA]);
const STAGING: Schema = Object(&[
    optional("physical_address", &Text),
    optional("presigned_url", &Nullable(&Text)),
    optional("presigned_url_expiry", &Integer),
]);
const PART: Schema = Object(&[required("part_number", &Integer), required("etag", &Text)]);
const COPY_SOURCE: Schema = Object(&[
    required("repository", &Text),
    required("ref", &Text),
    required("path", &Text),
    optional("range", &Pattern(is_byte_range, BYTE_RANGE)),
]);
const GC_RULE: Schema = Object(&[required("branch_id", &Text), required("retention_days", &Integer)]);
const STATEMENT: Schema = Object(&[
    required("effect", &Enum(&["allow", "deny"])),
    required("resource", &Text),
    required("action", &NonEmptyArray(&Text)),
]);
const STATS_EVENT: Schema =
    Object(&[required("class", &Text), required("name", &Text), required("count", &Integer)]);
const IMPORT_LOCATION: Schema = Object(&[
    required("type", &Enum(&["common_prefix", "object"])),
    required("path", &Text),
    required("destination", &Text),
]);
const POLICY: Schema = Object(&[
    required("id", &Text),
    optional("creation_date", &Integer),
    required("statement", &NonEmptyArray(&STATEMENT)),
]);
const DUMP: Schema = Object(&[
    required("commits_meta_range_id", &Text),
    required("tags_meta_range_id", &Text),
    required("branches_meta_range_id", &Text),
    FORCE,
]);

fn is_repository(name: &str) -> bool {
    names::repository(name).is_ok()
}

fn is_namespace(namespace: &str) -> bool {
    const SCHEMES: [&str; 7] = ["s3", "gs", "http", "https", "mem", "local", "transient"];
    let (scheme, rest) = namespace.split_once("://").unwrap_or_default();
    SCHEMES.contains(&scheme) && !rest.contains('\n')
}

pub(crate) static COMM_PREFS: Body = Body::required(
    "CommPrefsInput",
    Object(&[
        optional("firstName", &Text),
        optional("lastName", &Text),
        optional("email", &Text),
        optional("companyName", &Text),
        required("featureUpdates", &Boolean),
        required("securityUpdates", &Boolean),
    ]),
);
pub(crate) static SETUP: Body = Body::required(
    "Setup",
    Object(&[
        required("username", &Text),
        optional(
            "key",
            &Object(&[
                required("access_key_id", &NonEmptyText),
                required("secret_access_key", &NonEmptyText),
            ]),
        ),
        optional("firstName", &Text),
        optional("lastName", &Text),
        optional("email", &Text),
        optional("companyName", &Text),
        optional("featureUpdates", &Boolean),
        optional("securityUpdates", &Boolean),
    ]),
);
pub(crate) static LOGIN: Body = Body::optional(
    "LoginInformation",
    Object(&[required("access_key_id", &Text), required("secret_access_key", &Text)]),
);
pub(crate) static EXTERNAL_LOGIN: Body = Body::optional(
    "ExternalLoginInformation",
    Object(&[optional("token_expiration_duration", &Integer), required("identityRequest", &AnyObject)]),
);
pub(crate) static STS_LOGIN: Body = Body::required(
    "StsAuthRequest",
    Object(&[
        required("code", &Text),
        required("state", &Text),
        required("redirect_uri", &Text),
        optional("ttl_seconds", &Integer),
    ]),
);
pub(crate) static USER: Body =
    Body::optional("UserCreation", Object(&[required("id", &Text), optional("invite_user", &Boolean)]));
pub(crate) static GROUP: Body =
    Body::optional("GroupCreation", Object(&[required("id", &Text), optional("description", &Text)]));
pub(crate) static POLICY_BODY: Body = Body::required("Policy", POLICY);
pub(crate) static ACL: Body = Body::required("ACL", Object(&[required("permission", &Text)]));
pub(crate) static EXTERNAL_PRINCIPAL: Body =
    Body::optional("ExternalPrincipalCreation", Object(&[optional("settings", &AnyObject)]));
pub(crate) static REPOSITORY: Body = Body::required(
    "RepositoryCreation",
    Object(&[
        required("name", &Pattern(is_repository, "^[a-z0-9][a-z0-9-]{2,62}$")),
        optional("storage_id", &Text),
        required("storage_namespace", &Pattern(is_namespace, "^(s3|gs|https?|mem|local|transient)://.*$")),
        optional("default_branch", &Text),
        optional("sample_data", &Boolean),
        optional("read_only", &Boolean),
    ]),
);
pub(crate) static REPOSITORY_METADATA: Body =
    Body::required("RepositoryMetadataSet", Object(&[required("metadata", &TextMap)]));
pub(crate) static REPOSITORY_METADATA_KEYS: Body =
    Body::required("RepositoryMetadataKeys", Object(&[required("keys", &Array(&Text))]));
pub(crate) static GC_RULES: Body = Body::required(
    "GarbageCollectionRules",
    Object(&[required("default_retention_days", &Integer), required("branches", &Array(&GC_RULE))]),
);
pub(crate) static PROTECTION_RULES: Body =
    Body::required("", Array(&Object(&[required("pattern", &NonEmptyText)])));
pub(crate) static PROTECTION_RULE: Body =
    Body::required("BranchProtectionRule", Object(&[required("pattern", &NonEmptyText)]));
pub(crate) static PROTECTION_RULE_NAME: Body = Body::required("", Object(&[required("pattern", &Text)]));
pub(crate) static REFS_RESTORE: Body = Body::required("RefsRestore", DUMP);
pub(crate) static TAG: Body =
    Body::required("TagCreation", Object(&[required("id", &Text), required("ref", &Text), FORCE]));
pub(crate) static BRANCH: Body = Body::required(
    "BranchCreation",
    Object(&[required("name", &Text), required("source", &Text), FORCE, optional("hidden", &Boolean)]),
);
pub(crate) static COMMIT_CREATION: Body = Body::required("CommitCreation", COMMIT);
pub(crate) static COMMIT_RECORD: Body = Body::required(
    "CommitRecordCreation",
    Object(&[
        required("commit_id", &Text),
        required("version", &IntegerRange(0, 1)),
        required("committer", &Text),
        required("message", &Text),
        required("metarange_id", &Text),
        required("creation_date", &Integer),
        required("parents", &Array(&Text)),
        METADATA,
        required("generation", &Integer),
        FORCE,
    ]),
);
pub(crate) static RESET: Body = Body::required(
    "ResetCreation",
    Object(&[required("type", &Enum(&["object", "common_prefix", "reset"])), optional("path", &Text), FORCE]),
);
pub(crate) static REVERT: Body = Body::required(
    "RevertCreation",
    Object(&[
        required("ref", &Text),
        optional("commit_overrides", &OVERRIDES),
        required("parent_number", &Integer),
        FORCE,
        optional("allow_empty", &Boolean),
    ]),
);
pub(crate) static CHERRY_PICK: Body = Body::required(
    "CherryPickCreation",
    Object(&[
        required("ref", &Text),
        optional("parent_number", &Integer),
        optional("commit_overrides", &OVERRIDES),
        FORCE,
    ]),
);
pub(crate) static MERGE: Body = Body::optional(
    "Merge",
    Object(&[
        optional("message", &Text),
        METADATA,
        optional("strategy", &Text),
        FORCE,
        optional("allow_empty", &Boolean),
        optional("squash_merge", &Boolean),
    ]),
);
pub(crate) static COMPLETE_UPLOAD: Body = Body::optional(
    "CompletePresignMultipartUpload",
    Object(&[
        required("physical_address", &Text),
        required("parts", &Array(&PART)),
        optional("user_metadata", &TextMap),
        optional("content_type", &Text),
    ]),
);
pub(crate) static ABORT_UPLOAD: Body =
    Body::optional("AbortPresignMultipartUpload", Object(&[required("physical_address", &Text)]));
pub(crate) static UPLOAD_PART: Body =
    Body::required("UploadPartFrom", Object(&[required("physical_address", &Text)]));
pub(crate) static COPY_PART: Body = Body::required(
    "UploadPartCopyFrom",
    Object(&[required("copy_source", &COPY_SOURCE), required("physical_address", &Text)]),
);
pub(crate) static LINK: Body = Body::required(
    "StagingMetadata",
    Object(&[
        required("staging", &STAGING),
        required("checksum", &Text),
        required("size_bytes", &Integer),
        optional("user_metadata", &TextMap),
        optional("content_type", &Text),
        optional("mtime", &Integer),
        FORCE,
    ]),
);
pub(crate) static IMPORT: Body = Body::required(
    "ImportCreation",
    Object(&[required("paths", &Array(&IMPORT_LOCATION)), required("commit", &COMMIT), FORCE]),
);
pub(crate) static STAGE: Body = Body::required(
    "ObjectStageCreation",
    Object(&[
        required("physical_address", &Text),
        required("checksum", &Text),
        required("size_bytes", &Integer),
        optional("mtime", &Integer),
        METADATA,
        optional("content_type", &Text),
        FORCE,
    ]),
);
pub(crate) static PATHS: Body = Body::required("PathList", Object(&[required("paths", &Array(&Text))]));
pub(crate) static COPY: Body = Body::required(
    "ObjectCopyCreation",
    Object(&[required("src_path", &Text), optional("src_ref", &Text), FORCE, optional("shallow", &Boolean)]),
);
pub(crate) static USER_METADATA: Body =
    Body::required("UpdateObjectUserMetadata", Object(&[required("set", &TextMap)]));
pub(crate) static GC_UNCOMMITTED: Body =
    Body::optional("PrepareGCUncommittedRequest", Object(&[optional("continuation_token", &Text)]));
pub(crate) static PULL_REQUEST: Body = Body::required(
    "PullRequestCreation",
    Object(&[
        required("title", &Text),
        optional("description", &Text),
        required("source_branch", &Text),
        required("destination_branch", &Text),
    ]),
);
pub(crate) static PULL_REQUEST_UPDATE: Body = Body::required(
    "PullRequestBasic",
    Object(&[
        optional("status", &Enum(&["open", "closed", "merged"])),
        optional("title", &Text),
        optional("description", &Text),
    ]),
);
pub(crate) static STATS: Body =
    Body::required("StatsEventsList", Object(&[required("events", &Array(&STATS_EVENT))]));
