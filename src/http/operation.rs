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
}

/// Writes an object to the storage at a pre-signed URL. It has the name and the parameters of the operation that
/// returns the URL.
pub(crate) static WRITE_DATA: Operation = Operation {
    id: "get_physical_address",
    method: "PUT",
    path: "/repositories/{repository}/branches/{branch}/staging/backing",
    action: "write the data of {path} on branch {branch} of repository {repository} to the storage",
};

/// Writes a part of an object to the storage at a pre-signed URL.
pub(crate) static WRITE_PART: Operation = Operation {
    id: "upload_part",
    method: "PUT",
    path: "/repositories/{repository}/branches/{branch}/staging/pmpu/{uploadId}/parts/{partNumber}",
    action: "write part {partNumber} of {path} on branch {branch} of repository {repository} to the storage",
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
    fn operations_with_secrets_exist_and_are_known() {
        let url = |query: &str| Url::parse(&format!("http://h/api/v1/x?{query}")).unwrap();
        for id in SECRET {
            let operation = crate::api::OPERATIONS.iter().find(|operation| operation.id == id);
            assert!(operation.unwrap().is_secret(&url("")), "{id}");
        }
        assert!(COMMIT.is_secret(&url("presign=true")) && !COMMIT.is_secret(&url("amount=1")));
    }
}
