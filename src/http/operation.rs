//! The static properties of the operations.

use std::borrow::Cow;
use std::fmt::Write as _;

use reqwest::Url;

/// An operation of the contract. The table of all operations is generated.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The name of its method on [`crate::api::Client`].
    pub(crate) id: &'static str,
    /// The HTTP method.
    pub(crate) method: &'static str,
    /// The template of its path.
    pub(crate) path: &'static str,
    /// What it does, with its parameters in braces.
    pub(crate) action: &'static str,
    /// The statuses of a success, as the contract declares them.
    pub(crate) statuses: &'static [u16],
    /// The body of a success.
    pub(crate) body: SuccessBody,
}

/// The kind of the body of a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SuccessBody {
    /// A JSON document.
    Json,
    /// The id of a commit, as text.
    Text,
    /// The bytes of an object.
    Stream,
    /// Nothing.
    Empty,
}

/// Statuses with which lakeFS reports a success although the contract does not declare them.
const UNDECLARED: [(&str, u16); 4] = [
    // Without a provider of identities, the server responds with 200.
    ("oauth_callback", 200),
    ("oauth_callback", 302),
    ("update_object_user_metadata", 204),
    ("update_pull_request", 204),
];

/// Operations that redirect a read to the storage if the request asks for it.
const REDIRECTED_TO_STORAGE: [&str; 2] = ["get_metadata_object", "get_object"];

/// Writes an object to the storage at a pre-signed URL. It has the name and the parameters of the operation that
/// returns the URL.
pub(crate) static WRITE_DATA: Operation = Operation {
    id: "get_physical_address",
    method: "PUT",
    path: "/repositories/{repository}/branches/{branch}/staging/backing",
    action: "write the data of {path} on branch {branch} of repository {repository} to the storage",
    statuses: &[200, 201],
    body: SuccessBody::Empty,
};

/// Writes a part of an object to the storage at a pre-signed URL.
pub(crate) static WRITE_PART: Operation = Operation {
    id: "upload_part",
    method: "PUT",
    path: "/repositories/{repository}/branches/{branch}/staging/pmpu/{uploadId}/parts/{partNumber}",
    action: "write part {partNumber} of {path} on branch {branch} of repository {repository} to the storage",
    statuses: &[200, 201],
    body: SuccessBody::Empty,
};

/// Reads an object from the storage at a pre-signed URL. It has the name and the parameters of the operation that reads
/// through the server.
pub(crate) static READ_DATA: Operation = Operation {
    id: "get_object",
    method: "GET",
    path: "/repositories/{repository}/refs/{ref}/objects",
    action: "read {path} at {ref} of repository {repository} from the storage",
    statuses: &[200, 206],
    body: SuccessBody::Stream,
};

/// Operations whose requests or responses contain credentials, tokens or pre-signed URLs.
const SECRET: [&str; 15] = [
    "create_credentials",
    "create_presign_multipart_upload",
    "create_user_external_principal",
    "external_principal_login",
    "get_physical_address",
    "login",
    "oauth_callback",
    "prepare_garbage_collection_commits",
    "prepare_garbage_collection_commits_async",
    "prepare_garbage_collection_commits_status",
    "prepare_garbage_collection_uncommitted",
    "setup",
    "sts_login",
    "upload_part",
    "upload_part_copy",
];

impl Operation {
    /// Whether a response with this status is a success.
    pub(crate) fn succeeds_with(&self, status: u16) -> bool {
        self.statuses.contains(&status) || UNDECLARED.contains(&(self.id, status))
    }

    /// Whether a request to `url` is redirected to the storage.
    pub(crate) fn is_redirected_to_storage(&self, url: &Url) -> bool {
        let presign = |(key, value): (Cow<'_, str>, Cow<'_, str>)| key == "presign" && value == "true";
        REDIRECTED_TO_STORAGE.contains(&self.id) && url.query_pairs().any(presign)
    }

    /// What a request to `url` does: `commit to branch "exp" of repository "example"`.
    pub(crate) fn describe(&self, url: &Url) -> String {
        let mut text = String::new();
        let mut rest = self.action;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let Some((name, after)) = after.split_once('}') else { break };
            // Names come from users and servers: quoted, with control characters escaped.
            match self.parameter(url, name) {
                Some(value) => _ = write!(text, "{value:?}"),
                None => text.push('?'),
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }

    /// The value of a parameter in `url`, from its path or its query.
    pub(crate) fn parameter<'a>(&self, url: &'a Url, name: &str) -> Option<Cow<'a, str>> {
        let template = self.path.split('/').rev();
        let segments = url.path_segments()?.rev();
        let in_path = template.zip(segments).find(|(template, _)| {
            template.strip_prefix('{').and_then(|template| template.strip_suffix('}')) == Some(name)
        });
        match in_path {
            Some((_, segment)) => Some(percent_decoded(segment)),
            None => url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value),
        }
    }

    /// Whether the request or the response may contain a secret.
    pub(crate) fn is_secret(&self, url: &Url) -> bool {
        SECRET.contains(&self.id) || url.query_pairs().any(|(key, _)| key == "presign")
    }
}

fn percent_decoded(segment: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: Operation = Operation {
        id: "commit",
        method: "POST",
        path: "/repositories/{repository}/branches/{branch}/commits",
        action: "commit to branch {branch} of repository {repository}",
        statuses: &[201],
        body: SuccessBody::Json,
    };

    #[test]
    fn parameters_come_from_path_and_query() {
        let url =
            Url::parse("http://h/api/v1/repositories/ex/branches/a%2Fb/commits?source_metarange=x").unwrap();
        assert_eq!(COMMIT.parameter(&url, "branch").as_deref(), Some("a/b"));
        assert_eq!(COMMIT.parameter(&url, "source_metarange").as_deref(), Some("x"));
        assert_eq!(COMMIT.parameter(&url, "nothing"), None);
        assert_eq!(COMMIT.describe(&url), r#"commit to branch "a/b" of repository "ex""#);
    }

    #[test]
    fn control_characters_of_names_are_escaped() {
        let url = Url::parse("http://h/api/v1/repositories/ex/branches/a%0Ab/commits").unwrap();
        assert_eq!(COMMIT.describe(&url), r#"commit to branch "a\nb" of repository "ex""#);
    }

    #[test]
    fn statuses_of_a_success_are_those_of_the_contract_and_the_undeclared_ones() {
        let find = |id: &str| crate::api::OPERATIONS.iter().find(|operation| operation.id == id).unwrap();
        assert!(find("commit").succeeds_with(201) && !find("commit").succeeds_with(200));
        assert!(!find("get_object").succeeds_with(302));
        for (id, status) in UNDECLARED {
            assert!(find(id).succeeds_with(status) && !find(id).statuses.contains(&status), "{id}");
        }
        for operation in &crate::api::OPERATIONS {
            assert!((200..400).any(|status| operation.succeeds_with(status)), "{}", operation.id);
        }
        for id in REDIRECTED_TO_STORAGE {
            let url = |query: &str| Url::parse(&format!("http://h/api/v1/x?{query}")).unwrap();
            assert!(find(id).is_redirected_to_storage(&url("presign=true")));
            assert!(!find(id).is_redirected_to_storage(&url("presign=false")));
        }
    }

    #[test]
    fn operations_with_secrets_exist_and_are_known() {
        let url = |query: &str| Url::parse(&format!("http://h/api/v1/x?{query}")).unwrap();
        for id in SECRET {
            let operation = crate::api::OPERATIONS.iter().find(|operation| operation.id == id);
            assert!(operation.unwrap().is_secret(&url("")), "{id}");
        }
        assert!(COMMIT.is_secret(&url("presign=true")) && !COMMIT.is_secret(&url("amount=1")));
    }
}
