//! The URLs of stores: `lakefs://repository/ref/prefix`.

use percent_encoding::percent_decode_str;

use super::version::object_store::path::Path;

const SCHEME: &str = "lakefs://";

/// A parsed URL.
#[derive(Debug, PartialEq)]
pub(super) struct StoreUrl {
    pub(super) repository: String,
    /// The ref and the path after it. May be empty.
    pub(super) location: Path,
}

impl StoreUrl {
    /// Parses a URL, and decodes what is percent-encoded in it. The error is the reason, and does not repeat the URL.
    ///
    /// The text is not parsed as a [`reqwest::Url`], which would remove the segments `.` and `..`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let rest = match text.split_at_checked(SCHEME.len()) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
            _ => return Err("the URL does not start with `lakefs://`".to_owned()),
        };
        if rest.contains(['?', '#']) {
            let reason = "the URL has a query or a fragment: write `?` as `%3F`, and `#` as `%23`";
            return Err(reason.to_owned());
        }
        let (repository, path) = rest.split_once('/').unwrap_or((rest, ""));
        if repository.contains(['@', ':']) {
            return Err("the URL has a user name or a port".to_owned());
        }
        let repository = decode(repository)?;
        if repository.is_empty() || repository.contains('/') {
            return Err("the URL names no repository".to_owned());
        }
        let path = decode(path)?;
        if path.starts_with('/') {
            return Err("the URL names no ref".to_owned());
        }
        let location =
            Path::parse(path).map_err(|error| format!("the path of the URL is invalid: {error}"))?;
        Ok(Self { repository, location })
    }
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(Into::into)
        .map_err(|_| "the URL is no UTF-8 text after its percent-encoding is removed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_split_and_decoded() {
        for (url, repository, location) in [
            ("lakefs://example", "example", ""),
            ("lakefs://example/", "example", ""),
            ("LakeFS://example/main", "example", "main"),
            ("lakefs://example/main/", "example", "main"),
            ("lakefs://example/main~1/a b/c%20d%3F.csv/", "example", "main~1/a b/c d?.csv"),
            ("lakefs://My_Repo.2/v1@/%C3%A9/é", "My_Repo.2", "v1@/é/é"),
            ("lakefs://example/main%5E2/100%25", "example", "main^2/100%"),
        ] {
            let expected =
                StoreUrl { repository: repository.to_owned(), location: Path::parse(location).unwrap() };
            assert_eq!(StoreUrl::parse(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn url_of_nothing_is_refused() {
        for url in [
            "",
            "lakefs:/",
            "lakefs://",
            "lakefs:///main",
            "s3://example/main",
            "lakefs://example//a",
            "lakefs://example/main//a",
            "lakefs://example/main/../a",
            "lakefs://example/main/%2E%2E/a",
            "lakefs://example/main/a?x=1",
            "lakefs://example/main/a#b",
            "lakefs://id:hush@example/main",
            "lakefs://example:80/main",
            "lakefs://example/%FF",
            "lakefs://exa%2Fmple/main",
        ] {
            let reason = StoreUrl::parse(url).unwrap_err();
            assert!(!reason.contains("hush"), "{reason}");
        }
    }
}
