//! The credentials of the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::environment::Environment;
use crate::config::settings::Settings;
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
    AwsIam(AwsIam),
    /// The token that `lakectl login` has stored in a file.
    TokenCache {
        path: PathBuf,
        token: CachedToken,
    },
}

/// The settings of the provider `aws_iam`. `None` is its default.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct AwsIam {
    /// How long the token of lakeFS is valid.
    pub(crate) token_ttl: Option<Duration>,
    /// How long the signed request to AWS is valid.
    pub(crate) url_presign_ttl: Option<Duration>,
    /// How long before its expiry the token is renewed.
    pub(crate) refresh_interval: Option<Duration>,
    /// The headers that are signed, instead of `X-LakeFS-Server-ID` with the host of the endpoint.
    pub(crate) token_request_headers: Option<BTreeMap<String, String>>,
    /// The file in which lakectl caches the token, and its token.
    pub(crate) token_cache: Option<(PathBuf, Option<CachedToken>)>,
}

/// A token of lakectl's cache.
#[derive(Clone, PartialEq)]
pub(crate) struct CachedToken {
    pub(crate) token: String,
    /// In seconds since 1970.
    pub(crate) expiration: i64,
}

/// Takes the session token, or else the access key, the provider, or the cached token.
///
/// Appends to `searched` where credentials would be.
pub(super) fn read<E: Environment>(
    settings: &Settings<'_, E>,
    searched: &mut Vec<String>,
) -> Result<Option<ConfiguredCredentials>> {
    let aws_iam = AwsIam {
        token_ttl: settings.lifetime("credentials.provider.aws_iam.token_ttl_seconds")?,
        url_presign_ttl: settings.lifetime("credentials.provider.aws_iam.url_presign_ttl_seconds")?,
        refresh_interval: settings.lifetime("credentials.provider.aws_iam.refresh_interval")?,
        token_request_headers: settings
            .get("credentials.provider.aws_iam.token_request_headers")?
            .map(|setting| setting.headers())
            .transpose()?,
        token_cache: None,
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
    let path = token_cache_path(settings.environment);
    let cached = path.as_deref().map(|path| read_token(settings.environment, path));
    if provider.as_deref() == Some(AWS_IAM) {
        let token_cache = path.zip(cached).map(|(path, token)| (path, token.ok()));
        return Ok(Some(ConfiguredCredentials::AwsIam(AwsIam { token_cache, ..aws_iam })));
    }
    if let Some(provider) = provider {
        tracing::warn!(provider, "credentials.provider.type is unknown and ignored");
        searched.push(format!("the provider {provider:?} of credentials.provider.type, which is unknown"));
    }
    match path.zip(cached) {
        Some((path, Ok(token))) => Ok(Some(ConfiguredCredentials::TokenCache { path, token })),
        Some((path, Err(problem))) => {
            searched.push(format!("the token of lakectl login in {} ({problem})", path.display()));
            Ok(None)
        }
        None => Ok(None),
    }
}

fn incomplete<E: Environment>(settings: &Settings<'_, E>, missing: &str, what: &str) -> Error {
    let variable = missing.to_ascii_uppercase();
    let file = settings.file_name();
    Error::config(format!(
        "there is {what}: set LAKECTL_CREDENTIALS_{variable} or the key credentials.{missing} in {file}"
    ))
}

/// The file in which lakectl stores its token.
fn token_cache_path(environment: &impl Environment) -> Option<PathBuf> {
    Some(environment.home_dir()?.join(".lakectl").join("cache").join("lakectl_token_cache.json"))
}

/// Reads the cached token. The error says why there is none.
fn read_token(environment: &impl Environment, path: &Path) -> Result<CachedToken, String> {
    let content = environment.read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => "it does not exist".to_owned(),
        _ => format!("it cannot be read: {error}"),
    })?;
    CachedToken::parse(&content).ok_or_else(|| "it contains no token".to_owned())
}

impl CachedToken {
    /// Parses the cache as Go does: keys in any case, and anything after the object.
    pub(crate) fn parse(content: &[u8]) -> Option<Self> {
        let object = serde_json::Deserializer::from_slice(content)
            .into_iter::<serde_json::Map<String, serde_json::Value>>()
            .next()?
            .ok()?;
        let field = |name: &str| {
            object.get(name).or_else(|| {
                object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            })
        };
        let token = field("token")?.as_str().filter(|token| !token.is_empty())?.to_owned();
        let expiration = field("expiration_time").map_or(Some(0), serde_json::Value::as_i64)?;
        Some(Self { token, expiration })
    }
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
            Self::TokenCache { path, token } => {
                f.debug_struct("TokenCache").field("path", path).field("token", token).finish()
            }
        }
    }
}

impl fmt::Debug for AwsIam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token_ttl, url_presign_ttl, refresh_interval, token_request_headers, token_cache } = self;
        let names = token_request_headers.as_ref().map(|headers| headers.keys().collect::<Vec<_>>());
        f.debug_struct("AwsIam")
            .field("token_ttl", token_ttl)
            .field("url_presign_ttl", url_presign_ttl)
            .field("refresh_interval", refresh_interval)
            .field("token_request_headers", &names)
            .field("token_cache", token_cache)
            .finish()
    }
}

impl fmt::Debug for CachedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedToken").field("expiration", &self.expiration).finish_non_exhaustive()
    }
}
