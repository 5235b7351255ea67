//! Credentials.

use lakefs::{Credentials, ErrorKind, TryStreamExt as _};

use crate::support::{Lake, refused};

#[tokio::test]
async fn auth_01_wrong_credentials() {
    let lake = Lake::new().await;
    let repository = lake.repository("auth_01").await;
    let strangers = [
        lake.stranger(),
        lake.stranger().access_key("AKIAIOSFODNN7NOBODY0", "none"),
        lake.stranger().access_key("", ""),
        lake.stranger().credentials(Credentials::token("none").unwrap()),
        lake.stranger().credentials(Credentials::token("").unwrap()),
    ];
    for stranger in strangers {
        let name = format!("{stranger:?}");
        let repository = stranger.build().unwrap().repository(repository.name());
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
            let error = refused(refusal, operation, 401, ErrorKind::Unauthenticated, words);
            assert!(!error.is_retryable() && error.attempts() == 1, "{name}");
        }
    }
    assert!(repository.exists().await.unwrap());
}

/// A login gives a token that is as good as the key pair.
#[tokio::test]
async fn auth_02_tokens() {
    let lake = Lake::new().await;
    let repository = lake.repository("auth_02").await;
    let [id, secret] = lake.key_pair();
    let token = lake.stranger().build().unwrap().admin().login(id, secret).await.unwrap();
    assert!(token.token_expiration.is_some_and(|expiration| expiration > 1_700_000_000));
    let credentials = Credentials::token(&token.token).unwrap();
    let client = lake.stranger().credentials(credentials).build().unwrap();
    assert_eq!(client.repository(repository.name()).get().await.unwrap().id, repository.name());
}

/// The server looks at a request before it looks who sends it.
#[tokio::test]
async fn auth_03_what_is_wrong_is_wrong_for_everybody() {
    let lake = Lake::new().await;
    let stranger = lake.stranger().build().unwrap();
    let created = stranger.repository("NO").create(lake.namespace(&lake.name("auth_03"))).await;
    refused(created, "create_repository", 400, ErrorKind::InvalidRequest, "name");
}

/// Who is nobody is told so, not refused.
#[tokio::test]
async fn auth_04_nobody() {
    let lake = Lake::new().await;
    let stranger = lake.stranger().build().unwrap();
    let user = stranger.admin().current_user().await.unwrap();
    assert_eq!(user.id, "");
    let user = lake.client.admin().current_user().await.unwrap();
    assert_ne!(user.id, "");
}
