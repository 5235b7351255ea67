//! The keys of the settings of a store.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The key of a setting of a [`LakeFsStoreBuilder`](super::LakeFsStoreBuilder).
///
/// | key | other names | value |
/// |---|---|---|
/// | `lakefs_endpoint` | `lakefs_endpoint_url`, `endpoint`, `endpoint_url`, `aws_endpoint`, `aws_endpoint_url` | the URL of the server, with or without `/api/v1` |
/// | `lakefs_access_key_id` | `access_key_id`, `aws_access_key_id` | the id of an access key |
/// | `lakefs_secret_access_key` | `secret_access_key`, `aws_secret_access_key` | the secret of the access key |
/// | `lakefs_token` | `token` | a bearer token, instead of an access key |
/// | `lakefs_allow_http` | `allow_http`, `aws_allow_http` | whether the endpoint may be an `http://` URL. Default: `true` |
/// | `lakefs_url` | `url` | the URL of the store, such as `lakefs://example/main/data` |
/// | `lakefs_prefix` | `prefix` | the prefix of all locations, relative to the URL |
/// | `lakefs_presign` | `presign` | whether data are read at pre-signed URLs; see [`with_presign`](super::LakeFsStore::with_presign) |
/// | `lakefs_verify` | `verify` | `auto`, `strict` or `off`; see [`with_verify`](super::LakeFsStore::with_verify) |
///
/// The names with `aws` are those that users of delta-rs write for lakeFS. `FromStr` accepts all names, in any case;
/// `AsRef<str>` and `Display` return the key.
///
/// Values that are `true` or `false` may also be `1`, `yes`, `y`, `on`, and `0`, `no`, `n`, `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ConfigKey {
    /// `lakefs_endpoint`
    Endpoint,
    /// `lakefs_access_key_id`
    AccessKeyId,
    /// `lakefs_secret_access_key`
    SecretAccessKey,
    /// `lakefs_token`
    Token,
    /// `lakefs_allow_http`
    AllowHttp,
    /// `lakefs_url`
    Url,
    /// `lakefs_prefix`
    Prefix,
    /// `lakefs_presign`
    Presign,
    /// `lakefs_verify`
    Verify,
}

impl ConfigKey {
    const ALL: [Self; 9] = [
        Self::Endpoint,
        Self::AccessKeyId,
        Self::SecretAccessKey,
        Self::Token,
        Self::AllowHttp,
        Self::Url,
        Self::Prefix,
        Self::Presign,
        Self::Verify,
    ];

    /// Returns the key and its other names.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Endpoint => &[
                "lakefs_endpoint",
                "lakefs_endpoint_url",
                "endpoint",
                "endpoint_url",
                "aws_endpoint",
                "aws_endpoint_url",
            ],
            Self::AccessKeyId => &["lakefs_access_key_id", "access_key_id", "aws_access_key_id"],
            Self::SecretAccessKey => {
                &["lakefs_secret_access_key", "secret_access_key", "aws_secret_access_key"]
            }
            Self::Token => &["lakefs_token", "token"],
            Self::AllowHttp => &["lakefs_allow_http", "allow_http", "aws_allow_http"],
            Self::Url => &["lakefs_url", "url"],
            Self::Prefix => &["lakefs_prefix", "prefix"],
            Self::Presign => &["lakefs_presign", "presign"],
            Self::Verify => &["lakefs_verify", "verify"],
        }
    }
}

impl AsRef<str> for ConfigKey {
    fn as_ref(&self) -> &str {
        self.names()[0]
    }
}

impl fmt::Display for ConfigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_ref())
    }
}

impl FromStr for ConfigKey {
    type Err = Error;

    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): no key has this name.
    fn from_str(name: &str) -> Result<Self> {
        let has_name = |key: &Self| key.names().iter().any(|own| own.eq_ignore_ascii_case(name));
        Self::ALL
            .into_iter()
            .find(has_name)
            .ok_or_else(|| Error::config(format!("a store has no setting with the key {name:?}")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_parsed_to_its_key() {
        let mut names = BTreeSet::new();
        for key in ConfigKey::ALL {
            assert_eq!((key.as_ref(), &*key.to_string()), (key.names()[0], key.names()[0]));
            for name in key.names() {
                assert!(names.insert(name), "{name}");
                assert_eq!(name.parse::<ConfigKey>().unwrap(), key);
                assert_eq!(name.to_uppercase().parse::<ConfigKey>().unwrap(), key);
            }
        }
        let error = "aws_region".parse::<ConfigKey>().unwrap_err();
        assert!(error.to_string().contains("aws_region"), "{error}");
    }

    #[test]
    fn tables_in_the_docs_have_all_names() {
        for docs in [include_str!("../guide/engines.md"), include_str!("config_key.rs")] {
            for key in ConfigKey::ALL {
                let others: Vec<_> = key.names()[1..].iter().map(|name| format!("`{name}`")).collect();
                let row = format!("| `{key}` | {} |", others.join(", "));
                assert!(docs.contains(&row), "{row}");
            }
        }
    }
}
