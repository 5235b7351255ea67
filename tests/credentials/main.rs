//! Credentials and their providers: what is sent, when it is renewed, and what an error says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[cfg(feature = "aws")]
mod aws_iam;
mod commands;
mod files;
mod renewal;
#[path = "../support/mod.rs"]
mod support;
mod web_identity;

use std::sync::Mutex;

use lakefs::reexports::futures::future::BoxFuture;
use lakefs::{Client, Credential, CredentialError, CredentialProvider, Credentials, Error, ErrorKind};

use support::{ScriptedResponse, ScriptedServer};

/// The response to a request for a repository.
fn repository() -> ScriptedResponse {
    let body = r#"{"id":"example","creation_date":7,"default_branch":"main","storage_namespace":"s3://x"}"#;
    ScriptedResponse::json(200, body)
}

/// The response to wrong credentials.
fn refusal() -> ScriptedResponse {
    ScriptedResponse::json(401, r#"{"message":"error authenticating request"}"#)
}

/// A server with these responses, and a client of it.
async fn start(
    credentials: impl Into<Credentials>,
    responses: impl IntoIterator<Item = ScriptedResponse>,
) -> (ScriptedServer, Client) {
    let server = ScriptedServer::start(responses).await;
    let client = server.builder().credentials(credentials).build().unwrap();
    (server, client)
}

/// Lets the time pass for which a failure is remembered.
async fn forget_failure() {
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    tokio::time::resume();
}

/// Requests a repository.
async fn call(client: &Client) -> Result<(), Error> {
    client.repository("example").get().await.map(drop)
}

/// The `Authorization` headers of the requests so far, in lower case.
fn authorizations(server: &ScriptedServer) -> Vec<String> {
    let value = |head: &String| {
        let line = head.lines().find_map(|line| line.strip_prefix("authorization: "));
        line.unwrap_or("none").to_owned()
    };
    server.requests().iter().map(value).collect()
}

#[track_caller]
fn assert_unauthenticated(error: &Error, parts: &[&str]) {
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, None), "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "{part:?} is not in {error}");
    }
}

#[test]
fn client_without_credentials_is_not_built() {
    let error = Client::builder().endpoint("http://localhost:8000").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for part in ["there are no credentials", "access_key", "credentials", "anonymous"] {
        assert!(error.to_string().contains(part), "{part:?} is not in {error}");
    }
    let token = Credentials::token("hu\nsh");
    let error = Client::builder().endpoint("http://localhost:8000").credentials(token).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!format!("{error} {error:?}").contains("hu"), "{error:?}");
}

#[tokio::test]
async fn anonymous_client_sends_no_credentials() {
    let server = ScriptedServer::start([repository()]).await;
    call(&server.builder().anonymous().build().unwrap()).await.unwrap();
    assert_eq!(authorizations(&server), ["none"]);
}

#[cfg(not(feature = "aws"))]
#[test]
fn aws_iam_without_its_feature_is_an_error_of_build() {
    let builder = Client::builder().endpoint("http://localhost:8000").credentials(Credentials::aws_iam());
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("feature `aws`"), "{error}");
}

/// Returns the tokens that it holds, and records which were rejected.
#[derive(Debug)]
struct Tokens {
    remaining: Mutex<Vec<&'static str>>,
    rejected: Mutex<Vec<Credential>>,
}

impl CredentialProvider for Tokens {
    fn credential<'a>(
        &'a self,
        rejected: Option<&'a Credential>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        self.rejected.lock().unwrap().extend(rejected.cloned());
        let token = self.remaining.lock().unwrap().pop();
        Box::pin(async move { Ok(Credential::bearer(token.ok_or("there is no other token")?)) })
    }
}

#[tokio::test]
async fn provider_of_the_user_gets_the_rejected_token() {
    let tokens =
        std::sync::Arc::new(Tokens { remaining: Mutex::new(vec!["two", "one"]), rejected: Mutex::default() });
    let provider: std::sync::Arc<dyn CredentialProvider> = tokens.clone();
    let responses = [repository(), repository(), refusal(), repository(), refusal()];
    let (server, client) = start(provider, responses).await;
    for _ in 0..3 {
        call(&client).await.unwrap();
    }
    assert_eq!(authorizations(&server), ["bearer one", "bearer one", "bearer one", "bearer two"]);
    assert_eq!(*tokens.rejected.lock().unwrap(), [Credential::bearer("one")]);
    let error = call(&client).await.unwrap_err();
    assert_unauthenticated(&error, &["get credentials: there is no other token"]);
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn token_of_a_function_is_sent() {
    let (server, client) =
        start(Credentials::from_fn(|| std::io::Result::Ok("sync".to_owned())), [repository()]).await;
    call(&client).await.unwrap();
    assert_eq!(authorizations(&server), ["bearer sync"]);

    let credentials =
        Credentials::from_async_fn(async || std::io::Result::Ok(Credential::access_key("key", "hush")));
    let (server, client) = start(credentials, [repository(), refusal()]).await;
    call(&client).await.unwrap();
    assert_eq!(authorizations(&server), ["basic a2v5omh1c2g="]);
    // The function returns the rejected one again, so the error of the server stands, without another request.
    let error = call(&client).await.unwrap_err();
    assert_eq!((error.status(), error.message()), (Some(401), "error authenticating request"));

    let credentials = Credentials::from_fn(|| Err::<String, _>(std::io::Error::other("no vault")));
    let (_server, client) = start(credentials, []).await;
    assert_unauthenticated(&call(&client).await.unwrap_err(), &["get credentials: no vault"]);
}
