//! Authentication.

use lakefs::{Credentials, ErrorKind, TryStreamExt as _};

use crate::support::{Fixture, expect_error};

#[tokio::test]
async fn auth_01_wrong_or_missing_credentials_are_unauthenticated() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("auth_01").await;
    let clients = [
        fixture.anonymous(),
        fixture.anonymous().access_key("AKIAIOSFODNN7NOBODY0", "none"),
        fixture.anonymous().access_key("", ""),
        fixture.anonymous().credentials(Credentials::token("none")),
        fixture.anonymous().credentials(Credentials::token("")),
    ];
    for client in clients {
        let name = format!("{client:?}");
        let repository = client.build().unwrap().repository(repository.name());
        let main = repository.branch("main");
        for (refusal, operation) in [
            (repository.get().await.map(drop), "get_repository"),
            (repository.get_opt().await.map(drop), "get_repository"),
            (repository.exists().await.map(drop), "get_repository"),
            (repository.branches().try_next().await.map(drop), "list_branches"),
            (main.get_commit().await.map(drop), "get_commit"),
            (main.object("a").upload("1").await.map(drop), "upload_object"),
            (main.object("a").read().await.map(drop), "get_object"),
            (main.commit("one").await.map(drop), "commit"),
            (repository.delete().await, "delete_repository"),
        ] {
            let words = "error authenticating request";
            let error = expect_error(refusal, operation, 401, ErrorKind::Unauthenticated, words);
            assert!(!error.is_retryable() && error.attempts() == 1, "{name}");
        }
    }
    assert!(repository.exists().await.unwrap());
}

/// The token of a login has the same rights as the access key.
#[tokio::test]
async fn auth_02_login_returns_a_token_that_authenticates() {
    let fixture = Fixture::new().await;
    let repository = fixture.repository("auth_02").await;
    let [id, secret] = fixture.access_key();
    let token = fixture.anonymous().build().unwrap().admin().login(id, secret).await.unwrap();
    assert!(token.token_expiration.is_some_and(|expiration| expiration > 1_700_000_000));
    let credentials = Credentials::token(&token.token);
    let client = fixture.anonymous().credentials(credentials).build().unwrap();
    assert_eq!(client.repository(repository.name()).get().await.unwrap().id, repository.name());
}

/// The server validates a request before it authenticates the client.
#[tokio::test]
async fn auth_03_invalid_request_is_reported_before_missing_credentials() {
    let fixture = Fixture::new().await;
    let anonymous = fixture.anonymous().build().unwrap();
    let created = anonymous.repository("NO").create(fixture.namespace(&fixture.unique_name("auth_03"))).await;
    expect_error(created, "create_repository", 400, ErrorKind::InvalidRequest, "name");
}

/// The operation needs no credentials.
#[tokio::test]
async fn auth_04_current_user_of_an_anonymous_client_is_empty() {
    let fixture = Fixture::new().await;
    let anonymous = fixture.anonymous().build().unwrap();
    let user = anonymous.admin().current_user().await.unwrap();
    assert_eq!(user.id, "");
    let user = fixture.client.admin().current_user().await.unwrap();
    assert_ne!(user.id, "");
}
