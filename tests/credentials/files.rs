//! Tokens in files: those that others replace, and the token cache of lakectl.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lakefs::Credentials;

use crate::{assert_unauthenticated, authorizations, call, forget_failure, refusal, repository, start};

#[tokio::test]
async fn changed_token_file_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    fs::write(&path, " one\n").unwrap();
    let (server, client) = start(Credentials::token_file(&path), (0..5).map(|_| repository())).await;
    call(&client).await.unwrap();
    // A mounted file is replaced by another one.
    fs::write(directory.path().join("next"), "two").unwrap();
    fs::rename(directory.path().join("next"), &path).unwrap();
    call(&client).await.unwrap();
    fs::write(&path, "three").unwrap();
    call(&client).await.unwrap();
    // A file that is being written, or that is missing for a moment, does not fail the call.
    fs::write(&path, "").unwrap();
    call(&client).await.unwrap();
    fs::remove_file(&path).unwrap();
    call(&client).await.unwrap();
    let expected = ["bearer one", "bearer two", "bearer three", "bearer three", "bearer three"];
    assert_eq!(authorizations(&server), expected);
}

#[tokio::test]
async fn missing_or_empty_token_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    let (_server, client) = start(Credentials::token_file(&path), []).await;
    let error = call(&client).await.unwrap_err();
    assert_unauthenticated(&error, &["cannot be read", path.to_str().unwrap()]);
    fs::write(&path, "\n").unwrap();
    let (_server, client) = start(Credentials::token_file(&path), []).await;
    assert_unauthenticated(&call(&client).await.unwrap_err(), &["is empty", path.to_str().unwrap()]);
}

fn cache(token: &str, expiry: SystemTime) -> String {
    let seconds = expiry.duration_since(UNIX_EPOCH).unwrap().as_secs();
    format!(r#"{{"token":"{token}","expiration_time":{seconds}}}"#)
}

#[tokio::test]
async fn token_of_lakectl_is_used_until_the_next_login() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lakectl_token_cache.json");
    let later = SystemTime::now() + Duration::from_secs(3600);
    fs::write(&path, cache("hush", later)).unwrap();
    let responses = [repository(), refusal(), repository()];
    let (server, client) = start(Credentials::token_cache(&path), responses).await;
    call(&client).await.unwrap();
    let error = call(&client).await.unwrap_err();
    assert_unauthenticated(&error, &["the server rejects the token", "run `lakectl login`"]);
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    fs::write(&path, cache("hush-2", later)).unwrap();
    forget_failure().await;
    call(&client).await.unwrap();
    assert_eq!(authorizations(&server), ["bearer hush", "bearer hush", "bearer hush-2"]);
}

#[tokio::test]
async fn unusable_token_cache_says_to_log_in() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cache.json");
    let expired = cache("hush", SystemTime::now() - Duration::from_secs(1));
    let cases = [
        (None, "cannot be read"),
        (Some("junk hush".to_owned()), "contains no token"),
        (Some(r#"{"token":"hush","expiration_time":"hush"}"#.to_owned()), "contains no token"),
        (Some(r#"{"token":""}"#.to_owned()), "contains no token"),
        (Some(expired), "has expired"),
    ];
    for (text, problem) in cases {
        if let Some(text) = text {
            fs::write(&path, text).unwrap();
        }
        let (_server, client) = start(Credentials::token_cache(&path), []).await;
        let error = call(&client).await.unwrap_err();
        assert_unauthenticated(&error, &[problem, path.to_str().unwrap(), "run `lakectl login`"]);
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}
