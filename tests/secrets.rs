//! Secrets are sent to the endpoint only, and never shown.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::error::Error;
use std::fmt::{self, Write as _};

use lakefs::{Credentials, ErrorKind, models};

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
    let object = server.client().repository("example").branch("main").object("a");
    assert_eq!(object.read().presign(true).await.unwrap(), "data");

    let [asked] = &*server.requests() else { panic!("one request") };
    assert!(asked.contains("authorization: basic a2v5omh1c2g="), "{asked}");
    assert!(asked.starts_with("get /api/v1/repositories/example/refs/main/objects?"), "{asked}");
    let [followed] = &*storage.requests() else { panic!("one request") };
    assert!(followed.starts_with("get /bucket/key?x-amz-signature=5ec3e7 http/1.1"), "{followed}");
    assert!(!followed.contains("authorization"), "{followed}");
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
    let object = client.repository("example").branch("main").object("a");
    let error = object.reader().presign(true).await.unwrap_err();
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
        let storage = ScriptedServer::start([response]).await;
        let signed = format!("{}/bucket/key?{SIGNATURE}", storage.endpoint());
        let server =
            ScriptedServer::start([ScriptedResponse::new(302, "", "").header("Location", &signed)]).await;
        let object = server.client().repository("example").branch("main").object("a");
        let error = object.read().presign(true).await.unwrap_err();
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
    let server =
        ScriptedServer::start([ScriptedResponse::new(302, "", "").header("Location", &nobody)]).await;
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
