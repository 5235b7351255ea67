//! Tokens for a login at an identity provider.

use std::time::Duration;

use lakefs::{ErrorKind, RetryPolicy, WebIdentity};

use crate::support::{ScriptedResponse, ScriptedServer};
use crate::{assert_unauthenticated, authorizations, call, forget_failure, refusal, repository, start};

fn identity() -> WebIdentity {
    WebIdentity::new("the-code", "the-state", "http://h/callback").token_ttl(Duration::from_secs(900))
}

#[tokio::test]
async fn code_is_exchanged_once() {
    let token = ScriptedResponse::json(200, r#"{"token":"hush"}"#);
    let (server, client) = start(identity(), [token, repository(), repository(), refusal()]).await;
    call(&client).await.unwrap();
    call(&client).await.unwrap();
    assert_eq!(authorizations(&server), ["none", "bearer hush", "bearer hush"]);
    assert!(server.requests()[0].starts_with("post /api/v1/sts/login "), "{}", server.requests()[0]);
    let body: serde_json::Value = serde_json::from_str(&server.bodies()[0]).unwrap();
    let expected = serde_json::json!({
        "code": "the-code", "state": "the-state", "redirect_uri": "http://h/callback", "ttl_seconds": 900,
    });
    assert_eq!(body, expected);

    let error = call(&client).await.unwrap_err();
    assert_unauthenticated(&error, &["rejects the token", "a code can be used once", "log in"]);
    assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
}

#[tokio::test]
async fn failed_exchange_is_not_retried() {
    let busy = || ScriptedResponse::json(503, r#"{"message":"Throughput exceeded. Slow down and retry"}"#);
    let server = ScriptedServer::start([busy(), busy()]).await;
    let retries = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    let client = server.builder().credentials(identity()).retries(retries).build().unwrap();
    let error = call(&client).await.unwrap_err();
    assert_eq!((error.operation(), error.status()), (Some("sts_login"), Some(503)), "{error}");
    // What was called had no effect, whatever happened to the code.
    assert!(!error.is_outcome_unknown());
    forget_failure().await;
    assert_unauthenticated(&call(&client).await.unwrap_err(), &["its code was not accepted", "log in"]);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn code_that_was_not_sent_is_not_used() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let builder = lakefs::Client::builder().endpoint(endpoint).credentials(identity());
    let client = builder.retries(RetryPolicy::none()).build().unwrap();
    for _ in 0..2 {
        assert_eq!(call(&client).await.unwrap_err().kind(), ErrorKind::Transport);
        forget_failure().await;
    }
}
