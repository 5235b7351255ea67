//! The credentials of the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::environment::Environment;
use crate::config::settings::Settings;
use crate::credentials::{CachedToken, token_cache_path};
use crate::error::{Error, Result};
use crate::redact::Redacted;

/// The provider that lakectl knows.
const AWS_IAM: &str = "aws_iam";

/// Credentials as they are configured, before a provider is made of them.
#[derive(Clone, PartialEq)]
pub(crate) enum ConfiguredCredentials {
    /// `LAKECTL_CREDENTIALS_SESSION_TOKEN`, which the Python client reads too.
    SessionToken(String),
    AccessKey {
        access_key_id: String,
        secret_access_key: String,
    },
    AwsIam(AwsIamSettings),
    /// The file in which `lakectl login` has saved a token.
    TokenCache(PathBuf),
}

/// The settings of the provider `aws_iam`. `None` is its default.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct AwsIamSettings {
    /// How long the token of lakeFS is valid.
    pub(crate) token_ttl: Option<Duration>,
    /// How long the signed request to AWS is valid.
    pub(crate) url_presign_ttl: Option<Duration>,
    /// How long before its expiry the token is renewed.
    pub(crate) refresh_interval: Option<Duration>,
    /// The headers that are signed, instead of `X-LakeFS-Server-ID` with the host of the endpoint.
    pub(crate) token_request_headers: Option<BTreeMap<String, String>>,
}

/// Takes the session token, or else the access key, the provider, or the cached token.
///
/// Appends to `searched` where credentials would be.
pub(super) fn read<E: Environment>(
    settings: &Settings<'_, E>,
    searched: &mut Vec<String>,
) -> Result<Option<ConfiguredCredentials>> {
    let aws_iam = AwsIamSettings {
        token_ttl: settings.lifetime("credentials.provider.aws_iam.token_ttl_seconds")?,
        url_presign_ttl: settings.lifetime("credentials.provider.aws_iam.url_presign_ttl_seconds")?,
        refresh_interval: settings.lifetime("credentials.provider.aws_iam.refresh_interval")?,
        token_request_headers: settings
            .get("credentials.provider.aws_iam.token_request_headers")?
            .map(|setting| setting.headers())
            .transpose()?,
    };
    let id = settings.text("credentials.access_key_id")?;
    let secret = settings.text("credentials.secret_access_key")?;
    let provider = settings.text("credentials.provider.type")?;
    if let Some(token) = settings.variable("LAKECTL_CREDENTIALS_SESSION_TOKEN")? {
        return Ok(Some(ConfiguredCredentials::SessionToken(token)));
    }
    match (id, secret) {
        (Some(access_key_id), Some(secret_access_key)) => {
            return Ok(Some(ConfiguredCredentials::AccessKey { access_key_id, secret_access_key }));
        }
        (Some(_), None) => {
            return Err(incomplete(
                settings,
                "secret_access_key",
                "an access key id but no secret access key",
            ));
        }
        (None, Some(_)) => {
            return Err(incomplete(settings, "access_key_id", "a secret access key but no access key id"));
        }
        (None, None) => {}
    }
    if provider.as_deref() == Some(AWS_IAM) {
        return Ok(Some(ConfiguredCredentials::AwsIam(aws_iam)));
    }
    if let Some(provider) = provider {
        tracing::warn!(provider, "credentials.provider.type is unknown and ignored");
        searched.push(format!("the provider {provider:?} of credentials.provider.type, which is unknown"));
    }
    let Some(path) = settings.environment.home_dir().map(|home| token_cache_path(&home)) else {
        return Ok(None);
    };
    match check_token_cache(settings.environment, &path) {
        Ok(()) => Ok(Some(ConfiguredCredentials::TokenCache(path))),
        Err(problem) => {
            searched.push(format!("the token of lakectl login in {} ({problem})", path.display()));
            Ok(None)
        }
    }
}

fn incomplete<E: Environment>(settings: &Settings<'_, E>, missing: &str, what: &str) -> Error {
    let variable = missing.to_ascii_uppercase();
    let file = settings.file_name();
    Error::config(format!(
        "there is {what}: set LAKECTL_CREDENTIALS_{variable} or the key credentials.{missing} in {file}"
    ))
}

/// Checks that the cache has a token. The error says why it has none.
fn check_token_cache(environment: &impl Environment, path: &Path) -> Result<(), String> {
    let content = environment.read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => "it does not exist".to_owned(),
        _ => format!("it cannot be read: {error}"),
    })?;
    CachedToken::parse(&content).map(drop).ok_or_else(|| "it contains no token".to_owned())
}

impl fmt::Debug for ConfiguredCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionToken(_) => f.debug_tuple("SessionToken").field(&Redacted).finish(),
            Self::AccessKey { access_key_id, .. } => f
                .debug_struct("AccessKey")
                .field("access_key_id", access_key_id)
                .field("secret_access_key", &Redacted)
                .finish(),
            Self::AwsIam(aws_iam) => aws_iam.fmt(f),
            Self::TokenCache(path) => f.debug_tuple("TokenCache").field(path).finish(),
        }
    }
}

impl fmt::Debug for AwsIamSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token_ttl, url_presign_ttl, refresh_interval, token_request_headers } = self;
        let names = token_request_headers.as_ref().map(|headers| headers.keys().collect::<Vec<_>>());
        f.debug_struct("AwsIamSettings")
            .field("token_ttl", token_ttl)
            .field("url_presign_ttl", url_presign_ttl)
            .field("refresh_interval", refresh_interval)
            .field("token_request_headers", &names)
            .finish()
    }
}
