//! The options of tokens for an AWS role.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

#[cfg(feature = "aws")]
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

/// An AWS role, whose identity the client exchanges for a token of lakeFS. Needs the feature `aws`.
///
/// The client signs a request with the AWS credentials of the environment, and sends the signature to lakeFS, which uses
/// it to ask AWS for the identity: the same exchange as with `credentials.provider.type: aws_iam` of lakectl. lakeFS then
/// logs in the user that the identity is attached to; see
/// [`User::add_external_principal`](crate::admin::User::add_external_principal). The secret access key of AWS is not sent.
///
/// ```
/// # fn main() -> lakefs::Result<()> {
/// use std::time::Duration;
/// use lakefs::{AwsIam, Client};
///
/// let role = AwsIam::new().region("eu-central-1").token_ttl(Duration::from_secs(3600));
/// let client = Client::builder().endpoint("https://lakefs.example.com").credentials(role);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AwsIam {
    pub(super) region: Option<String>,
    pub(super) token_ttl: Duration,
    pub(super) presign_ttl: Duration,
    pub(super) refresh_interval: Duration,
    pub(super) request_headers: Option<BTreeMap<String, String>>,
    #[cfg(feature = "aws")]
    pub(super) credentials: Option<SharedCredentialsProvider>,
}

impl Default for AwsIam {
    fn default() -> Self {
        Self {
            region: None,
            token_ttl: Duration::from_secs(60 * 60 * 60),
            presign_ttl: Duration::from_secs(60),
            refresh_interval: Duration::from_secs(5 * 60),
            request_headers: None,
            #[cfg(feature = "aws")]
            credentials: None,
        }
    }
}

impl AwsIam {
    /// Creates the default settings, which are those of lakectl.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the AWS region. Default: the region of the environment, as the AWS SDK determines it, or `us-east-1`.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets how long the token is valid, in whole seconds. Default: 60 hours.
    #[must_use]
    pub fn token_ttl(mut self, ttl: Duration) -> Self {
        self.token_ttl = ttl;
        self
    }

    /// Sets how long the signature that is sent to lakeFS is valid, in whole seconds. Default: 1 minute.
    #[must_use]
    pub fn presign_ttl(mut self, ttl: Duration) -> Self {
        self.presign_ttl = ttl;
        self
    }

    /// Sets how long before its expiry the token is renewed. Default: 5 minutes.
    #[must_use]
    pub fn refresh_interval(mut self, interval: Duration) -> Self {
        self.refresh_interval = interval;
        self
    }

    /// Sets the headers that are signed, in addition to `Host`. The server can require headers, so that a signature for
    /// another server is of no use there. Default: `X-LakeFS-Server-ID` with the host name of the endpoint.
    #[must_use]
    pub fn request_headers<N, V>(mut self, headers: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.request_headers = Some(headers.collect());
        self
    }

    /// Sets the provider of the AWS credentials. Default: the default chain of the AWS SDK, which reads the environment,
    /// the files of AWS, and the metadata of containers and machines.
    #[cfg(feature = "aws")]
    #[must_use]
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.credentials = Some(SharedCredentialsProvider::new(provider));
        self
    }
}

impl fmt::Debug for AwsIam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names of headers are enough: a value may be a secret that the server requires.
        let headers = self.request_headers.as_ref().map(|headers| headers.keys().collect::<Vec<_>>());
        f.debug_struct("AwsIam")
            .field("region", &self.region)
            .field("token_ttl", &self.token_ttl)
            .field("presign_ttl", &self.presign_ttl)
            .field("refresh_interval", &self.refresh_interval)
            .field("request_headers", &headers)
            .finish_non_exhaustive()
    }
}
