//! Credentials that log in for a token.

use futures::future::join_all;
use lakefs::{Client, Credentials, ErrorKind};

use crate::support::Fixture;

/// Returns a client that logs in with the access key of the fixture, or with its id and another secret.
fn login_client(fixture: &Fixture, secret: Option<&str>) -> Client {
    let [id, right] = fixture.access_key();
    let credentials = Credentials::login(id, secret.unwrap_or(&right));
    fixture.anonymous().credentials(credentials).build().unwrap()
}

#[tokio::test]
async fn auth_02_client_can_log_in() {
    let fixture = Fixture::new().await;
    let name = fixture.repository("auth_02").await.name().to_owned();
    let client = login_client(&fixture, None);
    assert_eq!(client.repository(&name).get().await.unwrap().id, name);
    let user = client.api().get_current_user().send().await.unwrap().into_inner().user;
    assert!(!user.id.is_empty());
}

#[tokio::test]
async fn auth_02_failed_login_is_unauthenticated_and_hides_the_secret() {
    let fixture = Fixture::new().await;
    let error = login_client(&fixture, Some("wrong")).repository("any").get().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unauthenticated, Some("login")));
    assert!(!format!("{error} {error:?}").contains("wrong"), "{error:?}");
}

#[tokio::test]
async fn auth_02_concurrent_calls_share_one_login() {
    let fixture = Fixture::new().await;
    let name = fixture.repository("auth_02").await.name().to_owned();
    let client = login_client(&fixture, None);
    let results = join_all((0..20).map(|_| async { client.repository(&name).get().await })).await;
    assert!(results.into_iter().all(|result| result.unwrap().id == name));
    if let Some(server) = &fixture.server {
        assert_eq!(server.requests_for("login").len(), 1);
    }
}
