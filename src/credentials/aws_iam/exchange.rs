//! The exchange of the identity of AWS credentials for a token of lakeFS.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use futures::future::BoxFuture;
use reqwest::Url;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::api;
use crate::credentials::aws_iam::identity_token::{Signed, identity_token};
use crate::credentials::aws_iam::options::AwsIam;
use crate::credentials::login::token_credential;
use crate::error::{Error, Result};
use crate::http::credential::{Credential, CredentialError, CredentialProvider};
use crate::models;

/// The region whose service responds to the global host name.
const DEFAULT_REGION: &str = "us-east-1";

/// Gets tokens of lakeFS for AWS credentials.
#[derive(Debug)]
pub(super) struct Exchange {
    options: AwsIam,
    headers: BTreeMap<String, String>,
    api: api::Client,
    /// The configuration of the AWS SDK, which it reads from the environment.
    environment: OnceCell<SdkConfig>,
}

impl Exchange {
    /// `api` is a client without credentials.
    pub(super) fn new(mut options: AwsIam, api: api::Client) -> Result<Self> {
        let headers = match options.request_headers.take() {
            Some(headers) => headers,
            None => BTreeMap::from([("X-LakeFS-Server-ID".to_owned(), host_of(&api)?)]),
        };
        Ok(Self { options, headers, api, environment: OnceCell::new() })
    }

    async fn environment(&self) -> &SdkConfig {
        let load = || async {
            let http = aws_smithy_http_client::Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_https();
            aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await
        };
        // The SDK reads files, and its future is large.
        self.environment.get_or_init(|| Box::pin(load())).await
    }

    /// The credentials and the region to sign with.
    async fn aws(&self) -> Result<(Credentials, String), CredentialError> {
        let provider: SharedCredentialsProvider = match &self.options.credentials {
            Some(provider) => provider.clone(),
            None => self.environment().await.credentials_provider().ok_or("there are no AWS credentials")?,
        };
        let credentials = provider.provide_credentials().await;
        let credentials = credentials
            .map_err(|error| format!("the AWS credentials cannot be read: {}", with_causes(&error)))?;
        let region = if let Some(region) = &self.options.region {
            region.clone()
        } else {
            let region = self.environment().await.region();
            region.map_or(DEFAULT_REGION, |region| region.as_ref()).to_owned()
        };
        Ok((credentials, region))
    }

    async fn log_in(&self) -> Result<Credential, CredentialError> {
        let (credentials, region) = self.aws().await?;
        let AwsIam { token_ttl, presign_ttl, refresh_interval, .. } = self.options;
        let now = SystemTime::now();
        let signed = Signed { region: &region, headers: &self.headers, ttl: presign_ttl, now };
        let token = identity_token(credentials, &signed)?;
        let identity = [("identity_token".to_owned(), Value::String(token))].into_iter().collect();
        let ttl = i64::try_from(token_ttl.as_secs()).unwrap_or(i64::MAX);
        let login = models::ExternalLoginInformation::new(identity).token_expiration_duration(ttl);
        let token = self.api.external_principal_login().body(login).send().await?.into_inner();
        let credential = token_credential(token).renew_before(refresh_interval);
        // A server that does not report the expiry uses the requested one.
        let requested = now.checked_add(token_ttl).filter(|_| credential.expiry().is_none());
        Ok(match requested {
            Some(expiry) => credential.expires_at(expiry),
            None => credential,
        })
    }
}

impl CredentialProvider for Exchange {
    fn credential<'a>(
        &'a self,
        _rejected: Option<&'a Credential>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(self.log_in())
    }
}

/// The host name of the server, without its port.
fn host_of(api: &api::Client) -> Result<String> {
    let url = Url::parse(api.base()).ok();
    let host = url.as_ref().and_then(Url::host_str);
    host.map(str::to_owned).ok_or_else(|| Error::config("the endpoint has no host"))
}

/// An error and its causes. The SDK does not repeat them in its messages.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
