//! TLS settings of the function that `ClientBuilder::configure_http` gets.

use lakefs::reexports::reqwest;

use crate::certificates::Authority;
use crate::server::TlsServer;
use crate::{builder, get_repository};

fn certificate(authority: &Authority) -> reqwest::Certificate {
    reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap()
}

/// With ring, reqwest has no provider of cryptography.
#[cfg(any(feature = "rustls-aws-lc", not(feature = "rustls")))]
#[tokio::test]
async fn tls_settings_of_the_function_have_an_effect() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority).await;
    let trusted = certificate(&authority);
    let client =
        builder(&server.endpoint()).configure_http(move |http| http.tls_certs_only([trusted.clone()]));
    get_repository(client).await.unwrap();
    // The certificates of the program are added to those of the function.
    let trusted = certificate(&Authority::new());
    let client =
        builder(&server.endpoint()).configure_http(move |http| http.tls_certs_only([trusted.clone()]));
    get_repository(client.clone()).await.unwrap_err();
    get_repository(client.root_certificate(authority.pem())).await.unwrap();
}

#[tokio::test]
async fn certificates_of_the_builder_work_with_a_function() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = TlsServer::start_with(&authority.issue(), Some(&clients)).await;
    let own = clients.issue();
    let client = builder(&server.endpoint())
        .configure_http(|http| http.pool_max_idle_per_host(1))
        .client_certificate(own.pem(), own.key_pem());
    get_repository(client.clone()).await.unwrap_err();
    get_repository(client.clone().root_certificate(authority.pem())).await.unwrap();
    get_repository(client.danger_accept_invalid_certificates(true)).await.unwrap();
}

#[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
mod with_rustls {
    use std::sync::Arc;

    use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    use super::*;

    #[tokio::test]
    async fn configuration_of_the_function_is_used() {
        let authority = Authority::new();
        let server = TlsServer::start(&authority).await;
        let mut roots = RootCertStore::empty();
        roots.add(authority.der()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = builder(&server.endpoint())
            .configure_http(move |http| http.tls_backend_preconfigured(config.clone()));
        get_repository(client).await.unwrap();
    }

    #[tokio::test]
    async fn no_provider_is_installed() {
        let authority = Authority::new();
        let server = TlsServer::start(&authority).await;
        let client = builder(&server.endpoint())
            .root_certificate(authority.pem())
            .configure_http(|http| http.pool_max_idle_per_host(1));
        get_repository(client).await.unwrap();
        assert!(CryptoProvider::get_default().is_none());
    }

    /// A provider is installed once a process.
    #[test]
    fn installed_provider_gives_the_tls_settings_of_the_function_an_effect() {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        let name = "function::with_rustls::child_with_a_provider";
        let output = command.args(["--exact", name, "--ignored"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    #[tokio::test]
    #[ignore = "another test runs it in a process of its own"]
    async fn child_with_a_provider() {
        ring::default_provider().install_default().unwrap();
        let authority = Authority::new();
        let server = TlsServer::start(&authority).await;
        let trusted = certificate(&authority);
        let client =
            builder(&server.endpoint()).configure_http(move |http| http.tls_certs_only([trusted.clone()]));
        get_repository(client).await.unwrap();
    }
}
