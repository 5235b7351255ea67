//! The builder of a client from lakectl's configuration.

use crate::config::{AwsIamSettings, Config, ConfiguredCredentials};
use crate::credentials::{AwsIam, Credentials};
use crate::handles::client_builder::ClientBuilder;

/// Returns a builder with the settings of a configuration.
pub(super) fn builder(config: Config) -> ClientBuilder {
    let Config { endpoint, credentials, retries, http2, parallelism, searched } = config;
    let mut builder = ClientBuilder::default().retries(retries).searched(searched);
    if let Some(endpoint) = endpoint {
        builder = builder.endpoint(endpoint);
    }
    if let Some(configured) = credentials {
        builder = builder.credentials(to_credentials(configured));
    }
    if let Some(yes) = http2 {
        builder = set_http2(builder, yes);
    }
    #[cfg(feature = "fs")]
    if let Some(files) = parallelism {
        builder = builder.dir_concurrency(files);
    }
    // There are no transfers of directories.
    #[cfg(not(feature = "fs"))]
    let _ = parallelism;
    builder
}

#[cfg(feature = "http2")]
fn set_http2(builder: ClientBuilder, yes: bool) -> ClientBuilder {
    builder.http2(yes)
}

#[cfg(not(feature = "http2"))]
fn set_http2(builder: ClientBuilder, yes: bool) -> ClientBuilder {
    if yes {
        tracing::warn!(
            "network.http2.enabled is true, but HTTP/1.1 is used, because lakefs was built without its feature http2"
        );
    }
    builder
}

fn to_credentials(configured: ConfiguredCredentials) -> Credentials {
    match configured {
        ConfiguredCredentials::SessionToken(token) => Credentials::token(token),
        ConfiguredCredentials::AccessKey { access_key_id, secret_access_key } => {
            Credentials::access_key(access_key_id, secret_access_key)
        }
        ConfiguredCredentials::TokenCache(path) => Credentials::token_cache(path),
        ConfiguredCredentials::AwsIam(settings) => aws_iam(settings).into(),
    }
}

fn aws_iam(settings: AwsIamSettings) -> AwsIam {
    let AwsIamSettings { token_ttl, url_presign_ttl, refresh_interval, token_request_headers } = settings;
    let mut role = AwsIam::new();
    if let Some(ttl) = token_ttl {
        role = role.token_ttl(ttl);
    }
    if let Some(ttl) = url_presign_ttl {
        role = role.presign_ttl(ttl);
    }
    if let Some(interval) = refresh_interval {
        role = role.refresh_interval(interval);
    }
    if let Some(headers) = token_request_headers {
        role = role.request_headers(headers);
    }
    role
}
