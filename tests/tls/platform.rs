//! The certificates of the platform. On some platforms, variables of the environment name them, which a process cannot
//! change: the tests run a process of its own for each case.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use crate::certificates::Authority;
use crate::server::TlsServer;
use crate::{builder, get_repository};

const ENDPOINT: &str = "LAKEFS_TEST_TLS_ENDPOINT";

/// Runs the ignored test `child` in a process whose platform has the certificates in `file`.
async fn run(child: &str, file: &Path, endpoint: &str) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = format!("platform::{child}");
    command.args(["--exact", &name, "--ignored", "--nocapture"]).env(ENDPOINT, endpoint);
    command.env("SSL_CERT_FILE", file).env("SSL_CERT_DIR", "/nonexistent");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn endpoint() -> Option<String> {
    std::env::var(ENDPOINT).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_the_platform_are_trusted() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificates.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    run("trusting_child", &file, &server.endpoint()).await;
}

#[tokio::test]
#[ignore = "another test runs it in a process of its own"]
async fn trusting_child() {
    let Some(endpoint) = endpoint() else { return };
    get_repository(builder(&endpoint)).await.unwrap();
    // Additional certificates do not replace those of the platform.
    get_repository(builder(&endpoint).root_certificate(Authority::new().pem())).await.unwrap();
}

#[cfg(any(feature = "rustls", feature = "rustls-aws-lc"))]
mod missing {
    use lakefs::{Client, ErrorKind};

    use super::*;
    use crate::support::{ScriptedResponse, ScriptedServer};

    #[tokio::test(flavor = "multi_thread")]
    async fn http_works_without_certificates_of_the_platform() {
        let repository =
            r#"{"id":"example","creation_date":1,"default_branch":"main","storage_namespace":"mem://x"}"#;
        let responses = [(); 2].map(|()| ScriptedResponse::json(200, repository));
        let script = ScriptedServer::start(responses).await;
        run("missing::child_without_certificates", Path::new("/nonexistent"), script.endpoint()).await;
    }

    #[tokio::test]
    #[ignore = "another test runs it in a process of its own"]
    async fn child_without_certificates() {
        let Some(endpoint) = endpoint() else { return };
        get_repository(builder(&endpoint)).await.unwrap();
        get_repository(builder(&endpoint).configure_http(|http| http.tcp_nodelay(true))).await.unwrap();

        let authority = Authority::new();
        let server = TlsServer::start(&authority).await;
        let error =
            get_repository(Client::builder().endpoint(server.endpoint()).anonymous()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1), "{error}");
        assert!(error.message().contains("the certificates of the platform cannot be loaded"), "{error}");
        // Certificates of the program are enough.
        get_repository(builder(&server.endpoint()).root_certificate(authority.pem())).await.unwrap();
    }
}
