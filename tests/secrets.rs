//! Secrets are sent to the endpoint only, and never shown.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::error::Error;
use std::fmt::{self, Write as _};

use lakefs::{Credentials, ErrorKind, TryStreamExt as _, models};

use support::{ScriptedResponse, ScriptedServer};

/// The secret of the clients, in plain text and as it is sent.
const SECRETS: [&str; 2] = ["hush", "a2V5Omh1c2g="];
/// A part of a pre-signed URL.
const SIGNATURE: &str = "X-Amz-Signature=5ec3e7";

#[track_caller]
fn assert_no_secret(text: &str) {
    for secret in SECRETS.iter().chain([&"5ec3e7"]) {
        assert!(!text.contains(secret), "{secret:?} is in {text}");
    }
}

/// Everything that an error shows.
fn shown_by(error: &lakefs::Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {}", error.message());
    let mut source = error.source();
    while let Some(cause) = source {
        _ = write!(text, " {cause} {cause:?}");
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn credentials_are_not_sent_to_the_target_of_a_redirect() {
    let storage = ScriptedServer::start([ScriptedResponse::new(200, "a/b", "data")]).await;
    let signed = format!("{}/bucket/key?{SIGNATURE}", storage.endpoint());
    let server =
        ScriptedServer::start([ScriptedResponse::new(302, "", "").header("Location", &signed)]).await;
    let client = server.client();
    let request = client.api().get_object().repository("example").ref_("main").path("a");
    let data: Vec<_> = request.presign(true).send().await.unwrap().into_inner().try_collect().await.unwrap();
    assert_eq!(data.concat(), b"data");

    let [asked] = &*server.requests() else { panic!("one request") };
    assert!(asked.contains("authorization: basic a2v5omh1c2g="), "{asked}");
    assert!(asked.starts_with("get /api/v1/repositories/example/refs/main/objects?"), "{asked}");
    let [followed] = &*storage.requests() else { panic!("one request") };
    assert!(followed.starts_with("get /bucket/key?x-amz-signature=5ec3e7 http/1.1"), "{followed}");
    assert!(!followed.contains("authorization"), "{followed}");
}

#[tokio::test]
async fn credentials_are_not_sent_to_the_storage() {
    let storage = ScriptedServer::start([ScriptedResponse::new(200, "a/b", "data")]).await;
    let signed = format!("{}/bucket/key?{SIGNATURE}", storage.endpoint());
    let server = ScriptedServer::start([ScriptedResponse::signed_object(&signed, 4)]).await;
    let object = server.client().repository("example").branch("main").object("a");
    assert_eq!(object.read().presign(true).await.unwrap(), "data");
    let [asked] = &*server.requests() else { panic!("one request") };
    assert!(asked.contains("authorization: basic a2v5omh1c2g="), "{asked}");
    assert!(asked.starts_with("get /api/v1/repositories/example/refs/main/objects/stat?"), "{asked}");
    let [sent] = &*storage.requests() else { panic!("one request") };
    assert!(sent.starts_with("get /bucket/key?x-amz-signature=5ec3e7 http/1.1"), "{sent}");
    assert!(!sent.contains("authorization"), "{sent}");
}

#[tokio::test]
async fn trace_context_is_sent_to_lakefs_only() {
    let storage = ScriptedServer::start([ScriptedResponse::new(200, "a/b", "data")]).await;
    let signed = format!("{}/bucket/key?{SIGNATURE}", storage.endpoint());
    let object = ScriptedResponse::signed_object(&signed, 4);
    let server = ScriptedServer::start([object, ScriptedResponse::json(200, "{}")]).await;
    let context = || Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let client = server.builder().traceparent(context).build().unwrap();
    let object = client.repository("example").branch("main").object("a");
    assert_eq!(object.read().presign(true).await.unwrap(), "data");
    assert!(
        server.requests()[0].contains("traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    );
    assert!(!storage.requests()[0].contains("traceparent"));

    // A value that cannot be a header is left out.
    let client = server.builder().traceparent(|| Some("a\nb".to_owned())).build().unwrap();
    client.repository("example").get().await.unwrap_err();
    assert!(!server.requests()[1].contains("traceparent"));
}

#[tokio::test]
async fn second_redirect_is_not_followed() {
    let storage = ScriptedServer::start([ScriptedResponse::new(200, "a/b", "data")]).await;
    let signed = format!("{}/bucket/key?{SIGNATURE}", storage.endpoint());
    let between =
        ScriptedServer::start([ScriptedResponse::new(307, "", "").header("Location", &signed)]).await;
    let server =
        ScriptedServer::start([ScriptedResponse::new(302, "", "").header("Location", between.endpoint())])
            .await;
    let token = Credentials::token("hush");
    let client = server.builder().credentials(token).build().unwrap();
    let request = client.api().get_object().repository("example").ref_("main").path("a");
    let error = request.presign(true).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
    assert!(error.message().contains("redirects, which is not followed"), "{error}");
    assert_no_secret(&shown_by(&error));
    assert!(server.requests()[0].contains("authorization: bearer hush"));
    let [followed] = &*between.requests() else { panic!("one request") };
    assert!(!followed.contains("authorization"), "{followed}");
    assert!(storage.requests().is_empty());
}

#[tokio::test]
async fn errors_do_not_show_signed_urls() {
    let forbidden = r#"<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>"#;
    for (response, kind) in [
        (ScriptedResponse::new(403, "application/xml", forbidden), ErrorKind::PermissionDenied),
        (ScriptedResponse::new(404, "application/xml", forbidden), ErrorKind::DataDeleted),
        (ScriptedResponse::connection_closed(), ErrorKind::Transport),
        (ScriptedResponse::new(200, "a/b", "data").without_last(2), ErrorKind::Transport),
        // A redirect that cannot be followed.
        (
            ScriptedResponse::new(302, "", "").header("Location", "nothing://?X-Amz-Signature=5ec3e7"),
            ErrorKind::UnexpectedResponse,
        ),
    ] {
        // A refused URL is replaced once.
        let storage = ScriptedServer::start([response.clone(), response.clone()]).await;
        let signed = format!("{}/bucket/key?{SIGNATURE}", storage.endpoint());
        let stats = ScriptedResponse::signed_object(&signed, 4);
        let server = ScriptedServer::start([stats.clone(), stats]).await;
        let object = server.client().repository("example").branch("main").object("a");
        let error = object.read().presign(true).await.unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Some("get_object"), kind), "{error}");
        assert_no_secret(&shown_by(&error));

        // The same by a redirect of the server.
        let storage = ScriptedServer::start([response]).await;
        let signed = format!("{}/bucket/key?{SIGNATURE}", storage.endpoint());
        let redirect = ScriptedResponse::new(302, "", "").header("Location", &signed);
        let server = ScriptedServer::start([redirect]).await;
        let client = server.client();
        let request = client.api().get_object().repository("example").ref_("main").path("a");
        let read = async {
            request.presign(true).send().await?.into_inner().try_for_each(|_| async { Ok(()) }).await
        };
        let error = read.await.unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Some("get_object"), kind), "{error}");
        assert_no_secret(&shown_by(&error));
    }

    // A storage that repeats what was signed in an HTML page.
    let page = format!("<html>{SIGNATURE}</html>");
    for status in [200, 404] {
        let response = ScriptedResponse::new(status, "text/html", &page);
        let storage = ScriptedServer::start([response]).await;
        let signed = format!("{}/bucket/key?{SIGNATURE}", storage.endpoint());
        let server =
            ScriptedServer::start([ScriptedResponse::new(302, "", "").header("Location", &signed)]).await;
        let client = server.client();
        let request = client.api().stat_object().repository("example").ref_("main").path("a");
        let error = request.presign(true).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
        assert_no_secret(&shown_by(&error));
    }

    // A page instead of a token or of a pre-signed URL.
    let page = "<html>hush</html>";
    let server = ScriptedServer::start([
        ScriptedResponse::new(200, "text/html", page),
        ScriptedResponse::new(404, "text/html", page),
    ])
    .await;
    let login = models::LoginInformation::new("key", "hush");
    let client = server.client();
    let error = client.api().login().body(login).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
    assert_no_secret(&shown_by(&error));
    let address = client.repository("example").branch("main").object("a").physical_address();
    assert_no_secret(&shown_by(&address.presign(true).await.unwrap_err()));

    // No server listens.
    let nobody = format!("http://127.0.0.1:1/bucket/key?{SIGNATURE}");
    let server = ScriptedServer::start([ScriptedResponse::signed_object(&nobody, 4)]).await;
    let object = server.client().repository("example").branch("main").object("a");
    assert_no_secret(&shown_by(&object.read().presign(true).await.unwrap_err()));
}

#[tokio::test]
async fn debug_output_shows_no_secret() {
    let server =
        ScriptedServer::start([ScriptedResponse::json(401, r#"{"message":"error authenticating request"}"#)])
            .await;
    let client = server.client();
    let repository = client.repository("example");
    let error = repository.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_no_secret(&shown_by(&error));

    let token = Credentials::token("hush");
    let pair = Credentials::access_key("key", "hush");
    let login = models::LoginInformation::new("key", "hush");
    let request = client.api().login().body(login.clone());
    let shown = [
        format!("{:?}", server.builder()),
        format!("{client:?}"),
        format!("{:?}", client.api()),
        format!("{repository:?}"),
        format!("{:?}", repository.branch("main").object("a").read()),
        format!("{:?}", repository.branches()),
        format!("{token:?} {token:#?}"),
        format!("{pair:?} {pair:#?}"),
        format!("{login:?} {request:?} {request:#?}"),
    ];
    for text in shown {
        assert_no_secret(&text);
        assert!(!text.is_empty());
    }
}

#[test]
fn models_show_no_secret() {
    fn shown<T: serde::de::DeserializeOwned + fmt::Debug>(json: &str) -> String {
        let value: T = serde_json::from_str(json).unwrap();
        format!("{value:?} {value:#?}")
    }
    for text in [
        shown::<models::AuthenticationToken>(r#"{"token":"hush","token_expiration":7}"#),
        shown::<models::LoginInformation>(r#"{"access_key_id":"key","secret_access_key":"hush"}"#),
        shown::<models::CredentialsWithSecret>(
            r#"{"access_key_id":"key","secret_access_key":"hush","creation_date":7}"#,
        ),
        shown::<models::AccessKeyCredentials>(r#"{"access_key_id":"key","secret_access_key":"hush"}"#),
        shown::<models::StsAuthRequest>(r#"{"code":"hush","state":"s","redirect_uri":"http://h"}"#),
        shown::<models::StagingLocation>(
            r#"{"physical_address":"s3://b/k","presigned_url":"https://h/k?X-Amz-Signature=5ec3e7"}"#,
        ),
        shown::<models::ObjectStats>(
            r#"{"checksum":"c","mtime":7,"path":"a","path_type":"object",
            "physical_address":"https://h/k?X-Amz-Signature=5ec3e7"}"#,
        ),
    ] {
        assert_no_secret(&text);
        assert!(text.contains("redacted"), "{text}");
    }
}

/// The operations whose request and response contain secrets, each with a client that calls it.
async fn call_with_secrets(operation: &str, client: &lakefs::Client) -> lakefs::Error {
    let api = client.api();
    let identity = [("identity_token".to_owned(), "hush".into())].into_iter().collect();
    match operation {
        "login" => api.login().body(models::LoginInformation::new("key", "hush")).send().await.unwrap_err(),
        "sts_login" => {
            let body = models::StsAuthRequest::new("hush", "hush", "http://h");
            api.sts_login().body(body).send().await.unwrap_err()
        }
        "external_principal_login" => {
            let body = models::ExternalLoginInformation::new(identity);
            api.external_principal_login().body(body).send().await.unwrap_err()
        }
        "create_credentials" => api.create_credentials().user_id("me").send().await.unwrap_err(),
        _ => {
            let key = models::AccessKeyCredentials::new("key", "hush");
            api.setup().body(models::Setup::new("me").key(key)).send().await.unwrap_err()
        }
    }
}

const WITH_SECRETS: [&str; 5] =
    ["login", "sts_login", "external_principal_login", "create_credentials", "setup"];

#[tokio::test]
async fn undecodable_response_with_a_secret_is_not_kept() {
    for operation in WITH_SECRETS {
        for body in [
            r#"{"token":"hush","token_expiration":"hush","access_key_id":7,"secret_access_key":"hush"}"#,
            r#"{"token":["hush"],"secret_access_key":["hush"]}"#,
            r#"{"token":"hush"#,
            "hush",
        ] {
            let server = ScriptedServer::start([ScriptedResponse::json(
                if operation == "create_credentials" { 201 } else { 200 },
                body,
            )])
            .await;
            let error = call_with_secrets(operation, &server.client()).await;
            assert_eq!(error.operation(), Some(operation));
            assert_no_secret(&shown_by(&error));
            assert_eq!(error.body(), b"", "{operation} {body}");
        }
    }
}

#[tokio::test]
async fn request_with_a_secret_is_not_sent_to_the_target_of_a_redirect() {
    for operation in WITH_SECRETS {
        for status in [301, 302, 303, 307, 308] {
            let other = ScriptedServer::start([ScriptedResponse::json(200, r#"{"token":"t"}"#)]).await;
            let redirect = ScriptedResponse::new(status, "", "").header("Location", other.endpoint());
            let server = ScriptedServer::start([redirect]).await;
            let error = call_with_secrets(operation, &server.client()).await;
            assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{operation} {status} {error}");
            assert!(other.requests().is_empty(), "{operation} {status}");
        }
    }
}

#[tokio::test]
async fn credentials_that_log_in_are_not_sent_to_the_target_of_a_redirect() {
    for credentials in
        [Credentials::login("key", "hush"), lakefs::WebIdentity::new("hush", "hush", "http://h").into()]
    {
        let other = ScriptedServer::start([ScriptedResponse::json(200, r#"{"token":"t"}"#)]).await;
        let redirect = ScriptedResponse::new(307, "", "").header("Location", other.endpoint());
        let server = ScriptedServer::start([redirect]).await;
        assert_no_secret(&format!("{credentials:?}"));
        let client = server.builder().credentials(credentials).build().unwrap();
        let error = client.repository("example").get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
        assert_no_secret(&shown_by(&error));
        assert!(other.requests().is_empty());
    }
}
