//! The kinds of credentials.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::api;
use crate::credentials::aws_iam::{self, AwsIam};
use crate::credentials::from_fn::{AsyncFn, BlockingFn};
use crate::credentials::login::Login;
use crate::credentials::token_cache::{TokenCache, token_cache_path};
use crate::credentials::token_command::TokenCommand;
use crate::credentials::token_file::TokenFile;
use crate::credentials::web_identity::WebIdentity;
use crate::error::{Error, Result};
use crate::http::authorize::Authorizer;
use crate::http::credential::{Credential, CredentialError, CredentialProvider};
use crate::redact::Redacted;

/// Where a client gets its credentials from.
///
/// Pass them to [`ClientBuilder::credentials`](crate::ClientBuilder::credentials), which also accepts a
/// [`CredentialProvider`] of your own. `Debug` shows the access key id and never a secret. Credentials are sent to the
/// endpoint only, never to a storage or to the target of a redirect.
///
/// | constructor | sends |
/// |---|---|
/// | [`access_key`](Self::access_key) | an access key, with every request |
/// | [`login`](Self::login) | a token that the client gets for an access key |
/// | [`token`](Self::token) | a bearer token |
/// | [`from_fn`](Self::from_fn), [`from_async_fn`](Self::from_async_fn) | what a closure returns |
/// | [`token_file`](Self::token_file) | the content of a file |
/// | [`token_command`](Self::token_command), [`TokenCommand`] | the output of a program |
/// | [`lakectl_login`](Self::lakectl_login), [`token_cache`](Self::token_cache) | the token that `lakectl login` saved |
/// | [`aws_iam`](Self::aws_iam), [`AwsIam`] | a token that the client gets for an AWS role |
/// | [`WebIdentity`] | a token that the client gets for a login at an OIDC identity provider |
///
/// Credentials that expire are renewed as [`CredentialProvider`] describes.
///
/// ```
/// # fn main() -> lakefs::Result<()> {
/// use lakefs::{Client, Credentials};
///
/// let credentials = Credentials::login("access-key-id", "secret-access-key");
/// let client = Client::builder().endpoint("http://localhost:8000").credentials(credentials).build()?;
///
/// let mounted = Credentials::token_file("/var/run/secrets/lakefs/token");
/// let client = Client::builder().endpoint("http://localhost:8000").credentials(mounted).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Credentials(Kind);

#[derive(Clone)]
enum Kind {
    Anonymous,
    AccessKey { access_key_id: String, credential: Credential },
    Token(Credential),
    Login(Login),
    AwsIam(AwsIam),
    WebIdentity(WebIdentity),
    Provider(Arc<dyn CredentialProvider>),
}

impl Credentials {
    /// No credentials, on purpose.
    pub(crate) fn anonymous() -> Self {
        Self(Kind::Anonymous)
    }

    /// An access key, which is sent with every request as HTTP basic authentication.
    #[must_use]
    pub fn access_key(access_key_id: impl Into<String>, secret_access_key: impl AsRef<str>) -> Self {
        let access_key_id = access_key_id.into();
        let credential = Credential::access_key(&access_key_id, secret_access_key);
        Self(Kind::AccessKey { access_key_id, credential })
    }

    /// A token, which is sent with every request as a bearer token and never renewed.
    #[must_use]
    pub fn token(token: impl AsRef<str>) -> Self {
        Self(Kind::Token(Credential::bearer(token)))
    }

    /// An access key, with which the client logs in to get a token. Only the token is sent with other requests.
    ///
    /// The client logs in before the first request, in the background before the token expires, and when the server
    /// rejects the token.
    #[must_use]
    pub fn login(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        Self(Kind::Login(Login::new(access_key_id.into(), secret_access_key.into())))
    }

    /// The token, or any other [`Credential`], that a function returns.
    ///
    /// The function may block: it runs on a thread for blocking work. It is called before the first request, before the
    /// credential expires, and when the server rejects it.
    ///
    /// ```
    /// # fn main() -> lakefs::Result<()> {
    /// use lakefs::{Client, Credentials};
    ///
    /// let credentials = Credentials::from_fn(|| std::env::var("MY_TOKEN"));
    /// let client = Client::builder().endpoint("http://localhost:8000").credentials(credentials).build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn from_fn<F, T, E>(function: F) -> Self
    where
        F: Fn() -> Result<T, E> + Send + Sync + 'static,
        T: Into<Credential>,
        E: Into<CredentialError>,
    {
        Self::provider(BlockingFn::new(move || function().map(Into::into).map_err(Into::into)))
    }

    /// The token, or any other [`Credential`], that an async function returns.
    ///
    /// The function is called before the first request, before the credential expires, and when the server rejects it.
    ///
    /// ```
    /// # fn main() -> lakefs::Result<()> {
    /// use std::time::{Duration, SystemTime};
    /// use lakefs::{Client, Credential, Credentials};
    ///
    /// async fn fetch() -> std::io::Result<String> {
    ///     // Calls the token service.
    /// #   Ok("token".to_owned())
    /// }
    ///
    /// let credentials = Credentials::from_async_fn(async || {
    ///     let expiry = SystemTime::now() + Duration::from_secs(600);
    ///     std::io::Result::Ok(Credential::bearer(fetch().await?).expires_at(expiry))
    /// });
    /// let client = Client::builder().endpoint("http://localhost:8000").credentials(credentials).build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn from_async_fn<F, R, T, E>(function: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Credential>,
        E: Into<CredentialError>,
    {
        Self::provider(AsyncFn::new(move || {
            let result = function();
            Box::pin(async move { result.await.map(Into::into).map_err(Into::into) })
        }))
    }

    /// The token in a file, without white space around it.
    ///
    /// The client reads the file again when it has changed, which it checks before every request, and when the server
    /// rejects the token. This suits tokens that Kubernetes mounts into a container.
    #[must_use]
    pub fn token_file(path: impl Into<PathBuf>) -> Self {
        Self::provider(TokenFile::new(path.into()))
    }

    /// The token that a program writes to its standard output, without white space around it. `command` is the program
    /// and its arguments; no shell is involved. For more options, see [`TokenCommand`].
    ///
    /// ```
    /// let credentials = lakefs::Credentials::token_command(["vault", "read", "-field=token", "lakefs/token"]);
    /// ```
    #[must_use]
    pub fn token_command<S: Into<std::ffi::OsString>>(command: impl IntoIterator<Item = S>) -> Self {
        let mut command = command.into_iter();
        let program = command.next().map(Into::into).unwrap_or_default();
        TokenCommand::new(program).args(command).into()
    }

    /// The token that `lakectl login` saved in `~/.lakectl/cache/lakectl_token_cache.json`.
    ///
    /// When the token has expired, calls fail with an error of the kind
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) until somebody runs `lakectl login` again; the client then
    /// reads the new token.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config): there is no home directory.
    pub fn lakectl_login() -> Result<Self> {
        let home = std::env::home_dir().ok_or_else(|| {
            Error::config("there is no home directory, in which lakectl saves the token of a login")
        })?;
        Ok(Self::token_cache(token_cache_path(&home)))
    }

    /// The token in a token cache of lakectl, like [`lakectl_login`](Self::lakectl_login) with another path.
    ///
    /// The file is a JSON object with the fields `token` and `expiration_time`, in seconds since 1970.
    #[must_use]
    pub fn token_cache(path: impl Into<PathBuf>) -> Self {
        Self::provider(TokenCache::new(path.into()))
    }

    /// A token that the client gets for the AWS credentials of the environment, with the default settings of
    /// [`AwsIam`]. Needs the feature `aws`.
    #[must_use]
    pub fn aws_iam() -> Self {
        AwsIam::new().into()
    }

    fn provider(provider: impl CredentialProvider + 'static) -> Self {
        Self(Kind::Provider(Arc::new(provider)))
    }

    /// Creates the authorizer of a client, or `None` for a client without credentials. `login` is a client without
    /// credentials, to log in with.
    pub(crate) fn authorizer(self, login: api::Client) -> Result<Option<Authorizer>> {
        let provider: Arc<dyn CredentialProvider> = match self.0 {
            Kind::Anonymous => return Ok(None),
            Kind::AccessKey { credential, .. } | Kind::Token(credential) => {
                return Authorizer::fixed(credential).map(Some);
            }
            Kind::Login(credentials) => Arc::new(credentials.provider(login)),
            Kind::AwsIam(options) => aws_iam::provider(options, login)?,
            Kind::WebIdentity(identity) => Arc::new(identity.provider(&login)),
            Kind::Provider(provider) => provider,
        };
        Ok(Some(Authorizer::new(provider)))
    }
}

/// A provider of your own.
impl<P: CredentialProvider + 'static> From<P> for Credentials {
    fn from(provider: P) -> Self {
        Self::provider(provider)
    }
}

/// A provider of your own, which other clients may share.
impl From<Arc<dyn CredentialProvider>> for Credentials {
    fn from(provider: Arc<dyn CredentialProvider>) -> Self {
        Self(Kind::Provider(provider))
    }
}

impl From<AwsIam> for Credentials {
    fn from(options: AwsIam) -> Self {
        Self(Kind::AwsIam(options))
    }
}

impl From<WebIdentity> for Credentials {
    fn from(identity: WebIdentity) -> Self {
        Self(Kind::WebIdentity(identity))
    }
}

impl From<TokenCommand> for Credentials {
    fn from(command: TokenCommand) -> Self {
        Self::provider(command.provider())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Anonymous => f.write_str("Anonymous"),
            Kind::AccessKey { access_key_id, .. } => f
                .debug_struct("AccessKey")
                .field("access_key_id", access_key_id)
                .field("secret_access_key", &Redacted)
                .finish(),
            Kind::Token(_) => f.debug_tuple("Token").field(&Redacted).finish(),
            Kind::Login(login) => login.fmt(f),
            Kind::AwsIam(options) => options.fmt(f),
            Kind::WebIdentity(identity) => identity.fmt(f),
            Kind::Provider(provider) => provider.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_never_printed() {
        let key = Credentials::access_key("AKIA", "hush");
        assert_eq!(
            format!("{key:?}"),
            r#"AccessKey { access_key_id: "AKIA", secret_access_key: <redacted> }"#
        );
        let login = Credentials::login("AKIA", "hush");
        assert_eq!(format!("{login:?}"), r#"Login { access_key_id: "AKIA", secret_access_key: <redacted> }"#);
        assert_eq!(format!("{:?}", Credentials::token("hush")), "Token(<redacted>)");
        let identity = Credentials::from(WebIdentity::new("hush", "hush", "http://h/callback"));
        assert!(!format!("{identity:?}").contains("hush"), "{identity:?}");
    }
}
