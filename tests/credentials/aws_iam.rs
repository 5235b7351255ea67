//! Tokens for an AWS role. No test uses the network: the AWS credentials and the region are given.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lakefs::reexports::aws_credential_types::Credentials as AwsCredentials;
use lakefs::{AwsIam, ErrorKind};
use serde_json::{Value, json};

use crate::support::ScriptedResponse;
use crate::{authorizations, call, refusal, repository, start};

fn role() -> AwsIam {
    let credentials =
        AwsCredentials::new("AKIDEXAMPLE", "aws-hush", Some("session".to_owned()), None, "test");
    AwsIam::new().region("eu-central-1").credentials_provider(credentials)
}

fn token(token: &str, lifetime: u64) -> ScriptedResponse {
    let expiry = SystemTime::now() + Duration::from_secs(lifetime);
    let expiry = expiry.duration_since(UNIX_EPOCH).unwrap().as_secs();
    ScriptedResponse::json(200, json!({ "token": token, "token_expiration": expiry }).to_string())
}

/// The parts of the signed request in the body of a login.
fn signed(body: &str) -> Value {
    let body: Value = serde_json::from_str(body).unwrap();
    let token = body["identityRequest"]["identity_token"].as_str().unwrap();
    serde_json::from_slice(&BASE64_STANDARD.decode(token).unwrap()).unwrap()
}

#[tokio::test]
async fn identity_is_exchanged_for_a_token() {
    let responses = [token("one", 3600), repository(), refusal(), token("two", 3600), repository()];
    let role = role().token_ttl(Duration::from_secs(1800)).presign_ttl(Duration::from_secs(90));
    let (server, client) = start(role, responses).await;
    call(&client).await.unwrap();
    call(&client).await.unwrap();
    assert_eq!(authorizations(&server), ["none", "bearer one", "bearer one", "none", "bearer two"]);
    assert!(server.requests()[0].starts_with("post /api/v1/auth/external/principal/login "));
    let body = &server.bodies()[0];
    let login: Value = serde_json::from_str(body).unwrap();
    assert_eq!(login["token_expiration_duration"], 1800);
    let parts = signed(body);
    let expected = [
        ("method", json!("POST")),
        ("host", json!("sts.eu-central-1.amazonaws.com")),
        ("region", json!("eu-central-1")),
        ("action", json!("GetCallerIdentity")),
        ("expiration_duration", json!("90")),
        ("access_key_id", json!("AKIDEXAMPLE")),
        ("signed_headers", json!(["host", "x-lakefs-server-id"])),
        ("security_token", json!("session")),
    ];
    for (name, value) in expected {
        assert_eq!(parts[name], value, "{name}");
    }
    assert!(!parts.to_string().contains("aws-hush"), "{parts}");
}

#[tokio::test]
async fn request_headers_are_signed() {
    let role = role().request_headers([("x-server", "mine"), ("x-team", "data")]);
    assert!(!format!("{role:?}").contains("mine"));
    let (server, client) = start(role, [token("one", 3600), repository()]).await;
    call(&client).await.unwrap();
    assert_eq!(signed(&server.bodies()[0])["signed_headers"], json!(["host", "x-server", "x-team"]));
}

#[tokio::test]
async fn refused_identity_is_the_error_of_the_server() {
    let (_server, client) = start(role(), [refusal()]).await;
    let error = call(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Unauthenticated, Some("external_principal_login"))
    );
    assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
}
