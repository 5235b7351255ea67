//! Credentials that log in.

use futures::future::join_all;
use lakefs::{Client, Credentials, ErrorKind};

use crate::support::Lake;

/// A client of the same server that logs in with the same key pair.
fn login(lake: &Lake, secret: Option<&str>) -> Client {
    let [id, right] = lake.key_pair();
    let credentials = Credentials::login(id, secret.unwrap_or(&right));
    lake.stranger().credentials(credentials).build().unwrap()
}

#[tokio::test]
async fn auth_02_login() {
    let lake = Lake::new().await;
    let name = lake.repository("auth_02").await.name().to_owned();
    let client = login(&lake, None);
    assert_eq!(client.repository(&name).get().await.unwrap().id, name);
    let user = client.api().get_current_user().send().await.unwrap().into_inner().user;
    assert!(!user.id.is_empty());
}

#[tokio::test]
async fn auth_02_login_with_a_wrong_secret_says_so() {
    let lake = Lake::new().await;
    let error = login(&lake, Some("wrong")).repository("any").get().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unauthenticated, Some("login")));
    assert!(!format!("{error} {error:?}").contains("wrong"), "{error:?}");
}

#[tokio::test]
async fn auth_02_many_calls_log_in_once() {
    let lake = Lake::new().await;
    let name = lake.repository("auth_02").await.name().to_owned();
    let client = login(&lake, None);
    let answers = join_all((0..20).map(|_| async { client.repository(&name).get().await })).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().id == name));
    if let Some(server) = &lake.server {
        assert_eq!(server.requests_for("login").len(), 1);
    }
}
