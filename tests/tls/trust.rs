//! Which servers and clients are trusted.

use lakefs::{Client, ErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::certificates::Authority;
use crate::server::TlsServer;
use crate::support::{ScriptedResponse, ScriptedServer};
use crate::{builder, get_repository};

#[tokio::test]
async fn unknown_certificate_authority_is_refused_and_not_retried() {
    let server = TlsServer::start(&Authority::new()).await;
    let endpoint = server.endpoint();
    let error = get_repository(Client::builder().endpoint(&endpoint).anonymous()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1), "{error}");
    assert!(!error.is_retryable(), "{error}");
    let expected = format!(r#"get repository "example": cannot connect to {endpoint}: the certificate"#);
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(error.message().contains("is not trusted: "), "{error}");
}

#[tokio::test]
async fn root_certificates_are_trusted() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = TlsServer::start(&authority).await;
    let client = builder(&server.endpoint());
    get_repository(client.clone().root_certificate(authority.pem())).await.unwrap();
    // Several calls, and several certificates in one call.
    get_repository(client.clone().root_certificate(other.pem()).root_certificate(authority.pem()))
        .await
        .unwrap();
    let bundle = [other.pem(), authority.pem()].concat();
    get_repository(client.clone().root_certificate(bundle)).await.unwrap();

    let error = get_repository(client.root_certificate(other.pem())).await.unwrap_err();
    assert!(error.message().contains("is not trusted: "), "{error}");
}

#[tokio::test]
async fn certificate_for_another_host_is_refused() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority).await;
    let client = builder(&format!("https://127.0.0.1:{}", server.port()));
    let error = get_repository(client.root_certificate(authority.pem())).await.unwrap_err();
    assert!(error.message().contains("is not trusted: "), "{error}");
}

#[tokio::test]
async fn invalid_certificates_are_accepted_on_request() {
    let server = TlsServer::start(&Authority::new()).await;
    let client = builder(&format!("https://127.0.0.1:{}", server.port()));
    get_repository(client.clone().danger_accept_invalid_certificates(true)).await.unwrap();
    let client = client.danger_accept_invalid_certificates(true).danger_accept_invalid_certificates(false);
    get_repository(client).await.unwrap_err();
}

#[tokio::test]
async fn client_certificate_is_presented() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = TlsServer::start_with(&authority.issue(), Some(&clients)).await;
    let client = builder(&server.endpoint()).root_certificate(authority.pem());
    let own = clients.issue();
    get_repository(client.clone().client_certificate(own.pem(), own.key_pem())).await.unwrap();

    // Neither a missing nor a foreign certificate is retried.
    let retrying = client.retries(lakefs::RetryPolicy::default());
    let foreign = authority.issue();
    for client in [retrying.clone(), retrying.client_certificate(foreign.pem(), foreign.key_pem())] {
        let error = get_repository(client).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1), "{error}");
        assert!(error.message().contains("client certificate"), "{error}");
    }
}

#[test]
fn invalid_certificates_fail_the_build_without_showing_keys() {
    let own = Authority::new().issue();
    let client = builder("https://localhost:1");
    for client in [
        client.clone().root_certificate("hush"),
        client.clone().root_certificate(own.key_pem()),
        client.clone().root_certificate("-----BEGIN CERTIFICATE-----\naHVzaA==\n-----END CERTIFICATE-----\n"),
        client.clone().client_certificate("hush", own.key_pem()),
        client.clone().client_certificate(own.pem(), "hush"),
    ] {
        let debug = format!("{client:?}");
        let error = client.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.message().contains("certificate"), "{error}");
        for text in [debug, format!("{error:?}")] {
            assert!(!text.contains("hush") && !text.contains("PRIVATE"), "{text}");
        }
    }
    let client = client.client_certificate(own.pem(), own.key_pem());
    let key = own.key_pem();
    let line = key.lines().nth(1).unwrap();
    assert!(!format!("{client:?}").contains(line), "{client:?}");
    client.build().unwrap();
}

#[tokio::test]
async fn http_to_a_port_with_tls_says_so() {
    let server = TlsServer::start(&Authority::new()).await;
    let endpoint = format!("http://localhost:{}", server.port());
    let error = get_repository(builder(&endpoint)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    assert!(error.message().contains(&endpoint), "{error}");
    assert!(error.message().contains("use https:// in the endpoint"), "{error}");
}

#[tokio::test]
async fn https_to_a_port_without_tls_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 1024];
        _ = stream.read(&mut hello).await;
        _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").await;
    });
    let error = get_repository(builder(&endpoint)).await.unwrap_err();
    serving.await.unwrap();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    assert!(error.message().contains(&endpoint), "{error}");
    assert!(error.message().contains("use http:// in the endpoint"), "{error}");
}

#[tokio::test]
async fn http_needs_no_tls() {
    let script =
        ScriptedServer::start([ScriptedResponse::json(404, r#"{"message":"repository not found"}"#)]).await;
    let error = get_repository(builder(script.endpoint())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
